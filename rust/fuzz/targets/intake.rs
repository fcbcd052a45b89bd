//! Any bytes as a request: the check never fails but by its error, and what it lets in is clean, so that checking it
//! again changes nothing. The first byte picks the signal.

#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use otelier_wire::{Limits, Signal, intake};

fuzz_target!(|data: &[u8]| {
    let Some((which, request)) = data.split_first() else { return };
    let signal = Signal::ALL[usize::from(*which) % 3];
    match intake(signal, Bytes::copy_from_slice(request), &Limits::default()) {
        Err(error) => assert!(!error.to_string().is_empty()),
        Ok(first) => {
            let again =
                intake(signal, first.segment.bytes().clone(), &Limits::default()).expect("clean bytes are taken");
            assert_eq!((again.rejected, again.repaired), (0, 0), "clean bytes need no repair");
            assert_eq!(again.segment.items(), first.segment.items());
            assert_eq!(again.segment.bytes().as_ptr(), first.segment.bytes().as_ptr(), "clean bytes are not copied");
            assert_eq!(first.reason.is_empty(), first.rejected == 0);
        }
    }
});
