//! The check at the door: any bytes, never a panic; what it lets in is clean, so checking it again changes nothing.

#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use otelier_wire::{Limits, Signal, intake};

fuzz_target!(|data: &[u8]| {
    let Some((which, request)) = data.split_first() else { return };
    let signal = Signal::ALL[usize::from(*which) % 3];
    let Ok(first) = intake(signal, Bytes::copy_from_slice(request), &Limits::default()) else { return };
    let again = intake(signal, first.segment.bytes().clone(), &Limits::default()).expect("clean bytes are taken");
    assert_eq!((again.rejected, again.repaired), (0, 0), "clean bytes need no repair");
    assert_eq!(again.segment.items(), first.segment.items());
    assert_eq!(again.segment.bytes(), first.segment.bytes());
});
