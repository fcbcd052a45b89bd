//! Laws of batches over whatever the check lets in: parts hold what the whole holds.

#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use otelier_wire::{Batch, Limits, Signal, intake};

fuzz_target!(|data: &[u8]| {
    let [which, size, mask, request @ ..] = data else { return };
    let signal = Signal::ALL[usize::from(*which) % 3];
    let Ok(taken) = intake(signal, Bytes::copy_from_slice(request), &Limits::default()) else { return };
    let batch = Batch::new(signal, vec![taken.segment.clone(), taken.segment], None);
    let digest = batch.digest();

    for parts in [batch.split(usize::from(*size)), batch.split_bytes(8 * usize::from(*size))] {
        assert_eq!(parts.iter().map(Batch::items).sum::<usize>(), batch.items());
        assert_eq!(parts.iter().fold(0u64, |sum, part| sum.wrapping_add(part.digest())), digest);
        for part in &parts {
            let again = intake(signal, part.to_bytes(), &Limits::default()).expect("a part is a request");
            assert_eq!((again.segment.items(), again.rejected, again.repaired), (part.items(), 0, 0));
        }
    }

    let keep: Vec<u8> = (0..batch.items()).map(|item| mask >> (item % 8) & 1).collect();
    let drop: Vec<u8> = keep.iter().map(|keep| 1 - keep).collect();
    let (kept, dropped) = (batch.select(&keep).expect("a mask"), batch.select(&drop).expect("a mask"));
    assert_eq!(kept.items(), keep.iter().filter(|keep| **keep == 1).count());
    assert_eq!(kept.digest().wrapping_add(dropped.digest()), digest);
    if let Some(ids) = batch.trace_ids() {
        assert_eq!(ids.len(), 16 * batch.items());
    }
});
