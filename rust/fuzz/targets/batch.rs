//! Laws of batches over whatever the check lets in: parts and selections hold what the whole holds, in order.
//! The first byte picks the signal, the second the size of parts, the third which items are kept.

#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use otelier_wire::{Batch, Limits, Signal, intake};

fuzz_target!(|data: &[u8]| {
    let [pick, size, kept, request @ ..] = data else { return };
    let signal = Signal::ALL[usize::from(*pick) % 3];
    let Ok(found) = intake(signal, Bytes::copy_from_slice(request), &Limits::default()) else { return };
    let one = Batch::new(signal, vec![found.segment], None);
    let batch = Batch::join(signal, [&one, &one].into_iter());
    let digest = batch.digest();
    assert_eq!(digest, one.digest().wrapping_mul(2));
    assert_eq!(read(signal, &batch.to_bytes()).digest(), digest);

    let max_items = usize::from(*size % 32) + 1;
    let parts = batch.split(max_items);
    let (last, full) = parts.split_last().expect("at least one part");
    assert!(full.iter().all(|part| part.items() == max_items) && last.items() <= max_items);
    check_parts(&batch, &parts);
    check_parts(&batch, &batch.split_bytes(usize::from(*size) * 4 + 1));

    let mask: Vec<u8> = (0..batch.items()).map(|item| *kept >> (item % 8) & 1).collect();
    let other: Vec<u8> = mask.iter().map(|keep| 1 - keep).collect();
    let (chosen, rest) = (select(&batch, &mask), select(&batch, &other));
    assert_eq!(chosen.digest().wrapping_add(rest.digest()), digest);
    if let (Some(all), Some(some)) = (batch.trace_ids(), chosen.trace_ids()) {
        assert_eq!(all.len(), 16 * batch.items());
        let ids = all.chunks(16).zip(&mask).filter(|(_, keep)| **keep != 0);
        assert_eq!(some, ids.flat_map(|(id, _)| id.to_vec()).collect::<Vec<u8>>());
    }
});

/// The batch of these bytes, which must be good.
fn read(signal: Signal, bytes: &Bytes) -> Batch {
    let found = intake(signal, bytes.clone(), &Limits::default()).expect("a good request");
    assert_eq!((found.rejected, found.repaired), (0, 0));
    Batch::new(signal, vec![found.segment], None)
}

fn check_parts(batch: &Batch, parts: &[Batch]) {
    let signal = batch.signal();
    for part in parts {
        assert_eq!(read(signal, &part.to_bytes()).items(), part.items());
    }
    let joined = Batch::join(signal, parts.iter());
    assert_eq!((joined.items(), joined.digest()), (batch.items(), batch.digest()));
    assert_eq!(joined.trace_ids(), batch.trace_ids());
}

fn select(batch: &Batch, mask: &[u8]) -> Batch {
    let chosen = batch.select(mask).expect("one byte per item");
    let count = mask.iter().filter(|keep| **keep != 0).count();
    assert_eq!(chosen.items(), count);
    assert_eq!(read(batch.signal(), &chosen.to_bytes()).items(), count);
    chosen
}
