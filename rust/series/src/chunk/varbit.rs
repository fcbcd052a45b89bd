//! Integers that are mostly small: so many ones, a zero, and as many bits as these ones say.

use super::bits::{Reader, Writer};

/// By the number of ones before.
const WIDTHS: [u32; 9] = [0, 3, 6, 9, 12, 18, 25, 56, 64];
const MOST: u32 = 8;

/// A number of so many bits as a signed one: from -(2^(width-1) - 1) to 2^(width-1).
pub fn signed(value: u64, width: u32) -> i64 {
    if width < 64 && value > 1 << (width - 1) { value as i64 - (1 << width) } else { value as i64 }
}

/// Whether so many bits hold it.
pub fn fits(value: i64, width: u32) -> bool {
    width == 64 || (-((1 << (width - 1)) - 1)..=1 << (width - 1)).contains(&value)
}

#[inline]
pub fn read(bits: &mut Reader) -> Option<i64> {
    let width = WIDTHS[bits.ones(MOST)? as usize];
    if width == 0 { Some(0) } else { bits.read(width).map(|value| signed(value, width)) }
}

pub fn read_unsigned(bits: &mut Reader) -> Option<u64> {
    let width = WIDTHS[bits.ones(MOST)? as usize];
    bits.read(width)
}

pub fn put(bits: &mut Writer, value: i64) {
    let ones = (1..WIDTHS.len()).find(|ones| fits(value, WIDTHS[*ones])).unwrap_or(MOST as usize);
    put_width(bits, if value == 0 { 0 } else { ones }, value as u64);
}

pub fn put_unsigned(bits: &mut Writer, value: u64) {
    let needed = 64 - value.leading_zeros();
    let ones = WIDTHS.iter().position(|width| *width >= needed).unwrap_or(MOST as usize);
    put_width(bits, ones, value);
}

fn put_width(bits: &mut Writer, ones: usize, value: u64) {
    let ones = ones as u32;
    // All ones, and a zero unless there can't be more of them.
    let (prefix, length) = if ones < MOST { ((1 << (ones + 1)) - 2, ones + 1) } else { (0xff, MOST) };
    bits.put(prefix, length);
    bits.put(value, WIDTHS[ones as usize]);
}
