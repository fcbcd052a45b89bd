//! Gives every round through the corpus trace ids and times of its own, in place: both have a fixed size.

use bytes::{Bytes, BytesMut};

/// Nanoseconds from one round to the next.
const ROUND_NS: u64 = 60_000_000_000;

/// Byte offsets in one request.
#[derive(Default)]
pub struct Places {
    trace_ids: Vec<usize>,
    times: Vec<usize>,
}

impl Places {
    /// `prefix`: bytes before the encoded request.
    pub fn find(body: &[u8], prefix: usize) -> Places {
        let mut places = Places::default();
        each(body, prefix..body.len(), |request| {
            let (1, resource) = request else { return };
            each(body, resource, |resource| {
                let (2, scope) = resource else { return };
                each(body, scope, |scope| {
                    let (2, span) = scope else { return };
                    each(body, span, |(number, value)| match number {
                        1 => places.trace_ids.push(value.start),
                        7 | 8 => places.times.push(value.start),
                        _ => {}
                    });
                });
            });
        });
        places
    }

    /// The request as it is in this round; round 0 is the corpus itself.
    pub fn rewrite(&self, body: &Bytes, round: u64) -> Bytes {
        if round == 0 {
            return body.clone();
        }
        let mut copy = BytesMut::from(body.as_ref());
        let mut change = |at: usize, f: &dyn Fn(u64) -> u64| {
            let bytes: [u8; 8] = copy[at..at + 8].try_into().expect("eight bytes");
            copy[at..at + 8].copy_from_slice(&f(u64::from_le_bytes(bytes)).to_le_bytes());
        };
        let mask = round.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.trace_ids.iter().for_each(|&at| change(at, &|id| id ^ mask));
        self.times.iter().for_each(|&at| change(at, &|time| time + round * ROUND_NS));
        copy.freeze()
    }
}

/// Calls `found` with number and place of every length-delimited or fixed field in the range.
fn each(bytes: &[u8], range: std::ops::Range<usize>, mut found: impl FnMut((u32, std::ops::Range<usize>))) {
    let mut at = range.start;
    while at < range.end {
        let tag = varint(bytes, &mut at);
        let size = match tag & 7 {
            0 => {
                varint(bytes, &mut at);
                continue;
            }
            1 => 8,
            2 => varint(bytes, &mut at) as usize,
            5 => 4,
            other => panic!("the corpus has wire type {other}"),
        };
        found(((tag >> 3) as u32, at..at + size));
        at += size;
    }
}

fn varint(bytes: &[u8], at: &mut usize) -> u64 {
    let (mut value, mut shift) = (0, 0);
    loop {
        let byte = bytes[*at];
        *at += 1;
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return value;
        }
        shift += 7;
    }
}
