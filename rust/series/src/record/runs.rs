//! Numbers as runs: how far from what was expected, and how many go on as expected.
//!
//! Series come in the order in which they were first seen, and at one time; so a thousand take a few bytes.

use otelier_wire::protobuf::{Cursor, put_varint};

/// Numbers that grow by `STEP` within a run.
#[derive(Debug, Default)]
pub struct Runs<const STEP: i64> {
    out: Vec<u8>,
    /// What would continue the run.
    expected: i64,
    length: usize,
    /// Of the run's first number to what was expected.
    jump: i64,
}

impl<const STEP: i64> Runs<STEP> {
    #[inline]
    pub fn push(&mut self, number: i64) {
        if number != self.expected || self.length == 0 {
            self.end_run();
            self.jump = number.wrapping_sub(self.expected);
        }
        self.expected = number.wrapping_add(STEP);
        self.length += 1;
    }

    /// The encoded numbers.
    pub fn finish(mut self) -> Vec<u8> {
        self.end_run();
        self.out
    }

    fn end_run(&mut self) {
        if self.length > 0 {
            put_varint(&mut self.out, zigzag(self.jump) as usize);
            put_varint(&mut self.out, self.length);
            self.length = 0;
        }
    }
}

/// Reads back `count` numbers; `put` gets the first of each run and its length. None if there are not so many.
pub fn read<const STEP: i64>(encoded: &[u8], count: usize, mut put: impl FnMut(i64, usize)) -> Option<()> {
    let mut cursor = Cursor::new(encoded);
    let (mut expected, mut left) = (0_i64, count);
    while left > 0 {
        let first = expected.wrapping_add(unzigzag(cursor.varint().ok()?));
        let length = usize::try_from(cursor.varint().ok()?).ok()?;
        left = left.checked_sub(length)?;
        expected = first.wrapping_add(STEP.wrapping_mul(length as i64));
        put(first, length);
    }
    cursor.is_empty().then_some(())
}

pub fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)) as u64
}

pub fn unzigzag(encoded: u64) -> i64 {
    (encoded >> 1) as i64 ^ -((encoded & 1) as i64)
}
