//! DELTA_BINARY_PACKED: blocks of 128 deltas in four parts, each with the fewest bits it needs.

use super::codes::{put_bits, put_varint, put_zigzag};

const BLOCK: usize = 128;
const PART: usize = 32;

/// Appends the values; deltas wrap, as the format says.
pub fn put_deltas(out: &mut Vec<u8>, values: &[i64]) {
    put(out, values, |width| width);
}

/// The same in whole bytes: lengths have few different deltas, which compression finds in bytes only.
pub fn put_lengths(out: &mut Vec<u8>, values: &[i64]) {
    put(out, values, |width| width.next_multiple_of(8));
}

fn put(out: &mut Vec<u8>, values: &[i64], widen: impl Fn(u32) -> u32) {
    put_varint(out, BLOCK as u64);
    put_varint(out, (BLOCK / PART) as u64);
    put_varint(out, values.len() as u64);
    put_zigzag(out, values.first().copied().unwrap_or(0));
    let mut deltas = [0i64; BLOCK];
    let mut last = values.first().copied().unwrap_or(0);
    for block in values.get(1..).unwrap_or_default().chunks(BLOCK) {
        for (delta, value) in deltas.iter_mut().zip(block) {
            let before = std::mem::replace(&mut last, *value);
            *delta = value.wrapping_sub(before);
        }
        put_block(out, &deltas[..block.len()], &widen);
    }
}

fn put_block(out: &mut Vec<u8>, deltas: &[i64], widen: impl Fn(u32) -> u32) {
    let least = deltas.iter().copied().min().unwrap_or(0);
    put_zigzag(out, least);
    let above = |part: &[i64]| part.iter().fold(0, |bits, delta| bits | delta.wrapping_sub(least) as u64);
    let width = |part: &[i64]| widen(64 - above(part).leading_zeros());
    let parts = || deltas.chunks(PART);
    let widths = parts().map(|part| width(part) as u8).chain([0; BLOCK / PART]);
    out.extend(widths.take(BLOCK / PART));
    for part in parts() {
        put_bits(out, part.iter().map(|delta| delta.wrapping_sub(least) as u64), PART, width(part));
    }
}
