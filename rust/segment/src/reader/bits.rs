//! Packed bits, and Parquet's hybrid of runs and packed groups of eight.

use otelier_wire::protobuf::Cursor;

use super::Damage;

const CUT: Damage = "packed values are cut off";

/// The value of `width` bits (at most 57) that begins at bit `at`. The caller has checked that it is there.
#[inline]
pub fn packed(bytes: &[u8], at: usize, width: u32) -> u64 {
    let (byte, shift) = (at / 8, at % 8);
    let word = match bytes.get(byte..).and_then(|rest| rest.first_chunk()) {
        Some(word) => u64::from_le_bytes(*word),
        None => bytes.iter().skip(byte).take(8).rev().fold(0, |word, byte| word << 8 | u64::from(*byte)),
    };
    word >> shift & ((1 << width) - 1)
}

/// Eight values of `width` bits (at most 8), one behind the other from the lowest bit on.
#[inline]
pub(super) fn eight(bytes: &[u8], group: usize, width: u32) -> u64 {
    let rest = bytes.get(group * width as usize..).unwrap_or_default();
    match rest.first_chunk() {
        Some(word) => u64::from_le_bytes(*word),
        None => rest.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte)),
    }
}

#[inline]
pub(super) fn mask(width: u32) -> u32 {
    (1 << width) - 1
}

/// The same for up to 64 bits.
#[inline]
pub fn packed_wide(bytes: &[u8], at: usize, width: u32) -> u64 {
    if width <= 56 {
        return packed(bytes, at, width);
    }
    packed(bytes, at, 32) | packed(bytes, at + 32, width - 32) << 32
}

/// Runs of a value, and packed values, one behind the other.
pub struct Hybrid<'a> {
    cursor: Cursor<'a>,
    pub(super) width: u32,
    pub(super) run: Run<'a>,
}

pub(super) enum Run<'a> {
    Same(u32, usize),
    /// Bytes and the values in them that have been passed and that there are.
    Packed(&'a [u8], usize, usize),
}

impl<'a> Hybrid<'a> {
    pub fn new(bytes: &'a [u8], width: u32) -> Result<Hybrid<'a>, Damage> {
        if width > 32 {
            return Err("codes of more than 32 bits");
        }
        Ok(Hybrid { cursor: Cursor::new(bytes), width, run: Run::Same(0, 0) })
    }

    pub(super) fn next_run(&mut self) -> Result<(), Damage> {
        let header = self.cursor.varint().map_err(|_| CUT)?;
        let count = usize::try_from(header >> 1).map_err(|_| CUT)?;
        self.run = if header & 1 == 0 {
            let bytes = self.cursor.take(self.width.div_ceil(8) as usize).map_err(|_| CUT)?;
            Run::Same(bytes.iter().rev().fold(0, |value, byte| value << 8 | u32::from(*byte)), count)
        } else {
            // The last run may lack the bytes that only fill up its group.
            let bytes = count.checked_mul(self.width as usize).ok_or(CUT)?.min(self.cursor.rest.len());
            let packed = self.cursor.take(bytes).map_err(|_| CUT)?;
            let there = if self.width == 0 { count.saturating_mul(8) } else { 8 * bytes / self.width as usize };
            Run::Packed(packed, 0, there)
        };
        match self.run {
            Run::Same(_, 0) | Run::Packed(_, _, 0) => Err(CUT),
            _ => Ok(()),
        }
    }

    pub fn skip(&mut self, mut count: usize) -> Result<(), Damage> {
        while count > 0 {
            let passed = match &mut self.run {
                Run::Same(_, left) => {
                    let passed = count.min(*left);
                    *left -= passed;
                    passed
                }
                Run::Packed(_, at, there) => {
                    let passed = count.min(*there - *at);
                    *at += passed;
                    passed
                }
            };
            count -= passed;
            if count > 0 {
                self.next_run()?;
            }
        }
        Ok(())
    }

    /// Appends the next `count` values.
    pub fn read(&mut self, mut count: usize, out: &mut Vec<u32>) -> Result<(), Damage> {
        while count > 0 {
            let read = match &mut self.run {
                Run::Same(value, left) => {
                    let read = count.min(*left);
                    out.resize(out.len() + read, *value);
                    *left -= read;
                    read
                }
                Run::Packed(bytes, at, there) => {
                    let read = count.min(*there - *at);
                    let (width, end) = (self.width as usize, *at + read);
                    if self.width <= 8 && at.is_multiple_of(8) {
                        for group in *at / 8..end / 8 {
                            let word = eight(bytes, group, self.width);
                            out.extend((0..8).map(|place| (word >> (place * self.width)) as u32 & mask(self.width)));
                        }
                        *at = end / 8 * 8;
                    }
                    out.extend((*at..end).map(|place| packed(bytes, place * width, self.width) as u32));
                    *at = end;
                    read
                }
            };
            count -= read;
            if count > 0 {
                self.next_run()?;
            }
        }
        Ok(())
    }

    /// Calls `see` with each run of equal values among the next `count`: from which on, to which, and the value.
    #[inline]
    pub fn each_run(&mut self, count: usize, mut see: impl FnMut(usize, usize, u32)) -> Result<(), Damage> {
        let mut done = 0;
        while done < count {
            let read = match &mut self.run {
                Run::Same(value, left) => {
                    let read = (count - done).min(*left);
                    if read > 0 {
                        see(done, done + read, *value);
                    }
                    *left -= read;
                    read
                }
                Run::Packed(bytes, at, there) => {
                    let read = (count - done).min(*there - *at);
                    for place in 0..read {
                        let value = packed(bytes, (*at + place) * self.width as usize, self.width) as u32;
                        see(done + place, done + place + 1, value);
                    }
                    *at += read;
                    read
                }
            };
            done += read;
            if done < count {
                self.next_run()?;
            }
        }
        Ok(())
    }

    /// The next `count` values of one bit, as a set of bits.
    pub fn read_bits(&mut self, count: usize) -> Result<Vec<u64>, Damage> {
        let mut set = vec![0u64; count.div_ceil(64)];
        let mut done = 0;
        while done < count {
            let read = match &mut self.run {
                Run::Same(value, left) => {
                    let read = (count - done).min(*left);
                    if *value != 0 {
                        fill(&mut set, done, read);
                    }
                    *left -= read;
                    read
                }
                Run::Packed(bytes, at, there) => {
                    let read = (count - done).min(*there - *at);
                    put_bits(&mut set, done, bytes, *at, read);
                    *at += read;
                    read
                }
            };
            done += read;
            if done < count {
                self.next_run()?;
            }
        }
        Ok(set)
    }
}

/// Sets bits from `to` on that are not set yet to the `count` bits of `bytes` from `at` on.
fn put_bits(set: &mut [u64], to: usize, bytes: &[u8], at: usize, count: usize) {
    let mut place = 0;
    while place < count {
        let (word, bit) = ((to + place) / 64, (to + place) % 64);
        let some = (count - place).min(64 - bit);
        set[word] |= packed_wide(bytes, at + place, some as u32) << bit;
        place += some;
    }
}

fn fill(set: &mut [u64], from: usize, count: usize) {
    let mut at = from;
    while at < from + count {
        let some = (from + count - at).min(64 - at % 64);
        set[at / 64] |= (u64::MAX >> (64 - some)) << (at % 64);
        at += some;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encode::{put_codes, put_levels};

    #[test]
    fn codes_read_back_as_they_were_written_from_any_place() {
        let codes: Vec<u32> = (0..3000u32).map(|at| if at / 100 % 3 == 0 { 5 } else { at * 7 % 19 }).collect();
        for width in [5u32, 6, 7, 8, 9, 17, 32] {
            let mut bytes = Vec::new();
            put_codes(&mut bytes, &codes, width);
            for from in [0, 1, 7, 99, 100, 1234, 2999] {
                let mut hybrid = Hybrid::new(&bytes[1..], width).unwrap();
                let mut out = Vec::new();
                hybrid.skip(from).unwrap();
                hybrid.read(codes.len() - from, &mut out).unwrap();
                assert_eq!(out, codes[from..]);
                let mut hybrid = Hybrid::new(&bytes[1..], width).unwrap();
                let mut out = Vec::new();
                hybrid.each_run(from, |start, end, code| out.extend((start..end).map(|_| code))).unwrap();
                assert_eq!(out, codes[..from]);
            }
        }
    }

    #[test]
    fn levels_read_back_as_bits() {
        for step in [1, 2, 3, 100, 700] {
            let rows: Vec<u32> = (0..2000).filter(|row| row / step % 2 == 0).collect();
            let mut bytes = Vec::new();
            put_levels(&mut bytes, &rows, 0, 2000, &mut Vec::new());
            let words = Hybrid::new(&bytes[4..], 1).unwrap().read_bits(2000).unwrap();
            let there: Vec<u32> = (0..2000).filter(|row| words[*row as usize / 64] >> (row % 64) & 1 == 1).collect();
            assert_eq!(there, rows);
        }
    }

    #[test]
    fn what_is_cut_off_is_damage() {
        let mut bytes = Vec::new();
        put_codes(&mut bytes, &(0..100).collect::<Vec<u32>>(), 7);
        // The last three bytes only fill up the last group of eight.
        for end in 1..bytes.len() - 3 {
            let mut hybrid = Hybrid::new(&bytes[1..end], 7).unwrap();
            assert!(hybrid.read(100, &mut Vec::new()).is_err(), "{end}");
        }
    }
}
