//! Any text as OTLP/JSON, and any request as JSON: never a panic, and what is understood survives being written and
//! read again. The first byte picks the signal and, by its highest bit, which of the two the rest is.

#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use otelier_wire::{Batch, Limits, Mapping, Signal, intake, json_to_otlp, otlp_to_json};

fuzz_target!(|data: &[u8]| {
    let Some((which, rest)) = data.split_first() else { return };
    let signal = Signal::ALL[usize::from(*which) % 3];
    let (limits, is_text) = (Limits::default(), *which < 0x80);
    let request = match json_to_otlp(signal, rest) {
        Ok(request) if is_text => request.into(),
        Err(_) if is_text => return,
        _ => Bytes::copy_from_slice(rest),
    };
    let first = match intake(signal, request, &limits) {
        Ok(first) => first.segment,
        Err(error) => return assert!(!is_text, "made from JSON, yet {error}"),
    };
    let written = otlp_to_json(signal, std::slice::from_ref(&first), Mapping::Otlp);
    let request = json_to_otlp(signal, &written).expect("our own JSON is read");
    let second = intake(signal, request.into(), &limits).expect("and taken");
    assert_eq!((second.segment.items(), second.rejected, second.repaired), (first.items(), 0, 0));
    assert_eq!(otlp_to_json(signal, std::slice::from_ref(&second.segment), Mapping::Otlp), written);
    if is_text {
        let digest = |segment| Batch::new(signal, vec![segment], None).digest();
        assert_eq!(digest(second.segment), digest(first), "JSON loses nothing but unknown fields");
    }
});
