//! OTLP/JSON: any text, never a panic; what is understood survives being written and read again.

#![no_main]

use libfuzzer_sys::fuzz_target;
use otelier_wire::{Batch, Limits, Signal, intake, json_to_otlp, otlp_to_json};

fuzz_target!(|data: &[u8]| {
    let Some((which, text)) = data.split_first() else { return };
    let signal = Signal::ALL[usize::from(*which) % 3];
    let limits = Limits::default();
    let Ok(request) = json_to_otlp(signal, text) else { return };
    let Ok(first) = intake(signal, request.into(), &limits) else { return };
    let written = otlp_to_json(signal, std::slice::from_ref(&first.segment));
    let request = json_to_otlp(signal, &written).expect("our own JSON is read");
    let second = intake(signal, request.into(), &limits).expect("and taken");
    assert_eq!((second.rejected, second.repaired), (0, 0));
    let digest = |segment| Batch::new(signal, vec![segment], None).digest();
    assert_eq!(digest(second.segment), digest(first.segment));
});
