//! Floats: times by how their distances change, values by the bits that differ from the value before.

use super::bits::{Reader, Writer};
use super::varbit::{fits, signed};
use crate::record::unzigzag;

/// Widths of changes of distances, by the number of ones before.
const WIDTHS: [u32; 5] = [0, 14, 17, 20, 64];
/// Leading zeros are said in five bits.
const MOST_LEADING: u32 = 31;
/// A chunk counts its samples in two bytes.
pub(super) const MOST: usize = u16::MAX as usize;

/// A value, and where the bits lay that changed last.
#[derive(Clone, Copy, Debug, Default)]
pub struct Value {
    pub bits: u64,
    leading: u32,
    trailing: u32,
    /// Whether anything has changed yet.
    placed: bool,
}

impl Value {
    pub fn new(bits: u64) -> Value {
        Value { bits, ..Value::default() }
    }

    #[inline]
    pub fn read(&mut self, bits: &mut Reader) -> Option<()> {
        if !bits.bit()? {
            return Some(());
        }
        if bits.bit()? {
            self.leading = bits.read(5)? as u32;
            let width = bits.read(6)? as u32;
            // 64 is more than six bits can say, and nothing never changes.
            let width = if width == 0 { 64 } else { width };
            self.trailing = (64 - self.leading).checked_sub(width)?;
        }
        let changed = bits.read(64 - self.leading - self.trailing)?;
        self.bits ^= changed << self.trailing;
        Some(())
    }

    pub fn put(&mut self, bits: &mut Writer, value: u64) {
        let changed = self.bits ^ value;
        self.bits = value;
        if changed == 0 {
            bits.put(0, 1);
            return;
        }
        let (leading, trailing) = (changed.leading_zeros().min(MOST_LEADING), changed.trailing_zeros());
        if self.placed && leading >= self.leading && trailing >= self.trailing {
            bits.put(0b10, 2);
        } else {
            (self.leading, self.trailing, self.placed) = (leading, trailing, true);
            bits.put(0b11, 2);
            bits.put(leading.into(), 5);
            bits.put(u64::from(64 - leading - trailing) & 0x3f, 6);
        }
        bits.put(changed >> self.trailing, 64 - self.leading - self.trailing);
    }
}

pub fn unpack(data: &[u8], ms: &mut Vec<i64>, values: &mut Vec<u64>) -> Option<()> {
    let (count, packed) = data.split_first_chunk()?;
    let count = u16::from_be_bytes(*count);
    let mut bits = Reader::new(packed);
    let (mut time, mut distance, mut value) = (0_i64, 0_i64, Value::default());
    for number in 0..count {
        match number {
            0 => {
                time = unzigzag(bits.varint()?);
                value.bits = bits.read(64)?;
            }
            1 => {
                distance = bits.varint()? as i64;
                time = time.wrapping_add(distance);
                value.read(&mut bits)?;
            }
            _ => {
                let width = WIDTHS[bits.ones(4)? as usize];
                if width > 0 {
                    distance = distance.wrapping_add(signed(bits.read(width)?, width));
                }
                time = time.wrapping_add(distance);
                value.read(&mut bits)?;
            }
        }
        ms.push(time);
        values.push(value.bits);
    }
    Some(())
}

/// Samples of ascending times as a chunk's data: the first 65 535 of them.
pub fn pack(ms: &[i64], values: &[u64]) -> Vec<u8> {
    let count = ms.len().min(MOST);
    let mut bits = Writer::default();
    bits.put(count as u64, 16);
    let (mut time, mut distance, mut value) = (0_i64, 0_i64, Value::default());
    for (number, (ms, float)) in ms.iter().zip(values).take(count).enumerate() {
        let before = std::mem::replace(&mut distance, ms.wrapping_sub(time));
        match number {
            0 => {
                bits.varint(((ms << 1) ^ (ms >> 63)) as u64);
                bits.put(*float, 64);
                value = Value::new(*float);
            }
            1 => {
                bits.varint(distance as u64);
                value.put(&mut bits, *float);
            }
            _ => {
                let change = distance.wrapping_sub(before);
                let ones = (1..WIDTHS.len()).find(|ones| fits(change, WIDTHS[*ones])).unwrap_or(4);
                match (change, ones) {
                    (0, _) => bits.put(0, 1),
                    (_, 4) => {
                        bits.put(0b1111, 4);
                        bits.put(change as u64, 64);
                    }
                    (_, ones) => {
                        bits.put((1 << (ones + 1)) - 2, ones as u32 + 1);
                        bits.put(change as u64, WIDTHS[ones]);
                    }
                }
                value.put(&mut bits, *float);
            }
        }
        time = *ms;
    }
    bits.bytes
}
