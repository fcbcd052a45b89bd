//! Any bytes as a file of frames: never a panic, every byte is accounted for, and what was written whole is read again
//! whatever follows it. The first byte says how many of the rest are written as frames before the others follow bare.

#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use otelier_disk::frame::{self, Frames};

fuzz_target!(|data: &[u8]| {
    let Some((share, rest)) = data.split_first() else { return };
    let (framed, bare) = rest.split_at(rest.len() * usize::from(*share) / 255);
    let bodies: Vec<&[u8]> = framed.chunks(1 + usize::from(*share) % 61).collect();
    let mut file = Vec::new();
    bodies.iter().for_each(|body| frame::put(&mut file, body).expect("short"));
    let whole = file.len() as u64;
    file.extend_from_slice(bare);
    let len = file.len() as u64;

    let mut frames = Frames::of(file.into()).expect("in memory");
    let mut found: Vec<Bytes> = Vec::new();
    let (mut good, mut behind) = (0, 0);
    while let Some(frame) = frames.next_frame().expect("in memory") {
        assert!(frame.offset >= behind, "backwards");
        behind = frames.offset();
        good += behind - frame.offset;
        found.push(frame.body);
    }
    assert!(frames.offset() >= whole && found.len() >= bodies.len());
    assert!(bodies.iter().zip(&found).all(|(written, read)| written == read));
    assert_eq!(good + frames.damaged_bytes() + frames.torn(), len, "every byte is a frame's, damaged or torn");
});
