//! Which rows have a code that is meant: of eight codes and more at once, because a search for what is seldom looks at all
//! of them and finds few.

use super::Damage;
use super::bits::{Hybrid, Run, eight, mask, packed};
use crate::rows::Rows;

/// What a test says of each code of a dictionary.
#[derive(Debug)]
pub struct Meant {
    codes: Vec<bool>,
    /// If it is one.
    only: Option<u32>,
}

impl Meant {
    pub fn new(codes: Vec<bool>) -> Meant {
        let mut meant = (0..).zip(&codes).filter(|(_, meant)| **meant).map(|(code, _)| code);
        let only = meant.next().filter(|_| meant.next().is_none());
        Meant { codes, only }
    }

    pub fn is_none(&self) -> bool {
        self.only.is_none() && !self.codes.contains(&true)
    }

    pub fn has(&self, code: u32) -> bool {
        self.codes.get(code as usize) == Some(&true)
    }

    /// Inserts those of the next `count` codes that are meant, as rows from `first` on.
    pub fn insert(&self, codes: &mut Hybrid, count: usize, first: usize, rows: &mut Rows) -> Result<(), Damage> {
        match self.only {
            Some(code) if codes.lanes() > 1 => codes.insert_equal(count, code, first, rows),
            _ if codes.width <= 6 => {
                let bits = self.codes.iter().take(64).zip(0..).map(|(meant, code)| u64::from(*meant) << code);
                codes.insert_some(count, bits.fold(0, |bits, bit| bits | bit), first, rows)
            }
            _ => codes.each_run(count, |start, end, code| {
                if self.has(code) {
                    rows.insert_range(first + start..first + end);
                }
            }),
        }
    }
}

impl Hybrid<'_> {
    /// How many codes are compared at once: as many as `packed` reads; 0 if they have no bits.
    fn lanes(&self) -> usize {
        56usize.checked_div(self.width as usize).unwrap_or_default()
    }

    /// Inserts those of the next `count` values that are this one, as rows from `first` on. In the difference of several
    /// values and as many copies of it lanes are looked for that are zero (H. Warren, Hacker's Delight, 6-1).
    fn insert_equal(&mut self, count: usize, value: u32, first: usize, rows: &mut Rows) -> Result<(), Damage> {
        let (width, lanes, mut done) = (self.width as usize, self.lanes(), 0);
        let each = |bits: u64| (0..lanes).fold(0, |all, lane| all | bits << (lane * width));
        let (copies, highest) = (each(u64::from(value & mask(self.width))), each(1 << (width - 1)));
        let others = each(mask(self.width).into()) & !highest;
        // Instead of a division by the width, for numbers below 64.
        let inverse = 4096 / width + 1;
        while done < count {
            let read = match &mut self.run {
                Run::Same(same, left) => {
                    let read = (count - done).min(*left);
                    if *same == value {
                        rows.insert_range(first + done..first + done + read);
                    }
                    *left -= read;
                    read
                }
                Run::Packed(bytes, at, there) => {
                    let read = (count - done).min(*there - *at);
                    for place in (0..read).step_by(lanes) {
                        let difference = packed(bytes, (*at + place) * width, (lanes * width) as u32) ^ copies;
                        let mut zero = !(((difference & others) + others) | difference) & highest;
                        while zero != 0 {
                            let lane = zero.trailing_zeros() as usize * inverse / 4096;
                            if place + lane < read {
                                rows.insert(first + done + place + lane);
                            }
                            zero &= zero - 1;
                        }
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

    /// Inserts those of the next `count` values that are among `meant`, a bit for each, as rows from `first` on; for
    /// values of up to six bits.
    fn insert_some(&mut self, count: usize, meant: u64, first: usize, rows: &mut Rows) -> Result<(), Damage> {
        let mut done = 0;
        let is_meant = |value: u64| meant >> (value & 63) & 1;
        while done < count {
            let read = match &mut self.run {
                Run::Same(value, left) => {
                    let read = (count - done).min(*left);
                    if is_meant((*value).into()) == 1 {
                        rows.insert_range(first + done..first + done + read);
                    }
                    *left -= read;
                    read
                }
                Run::Packed(bytes, at, there) => {
                    let read = (count - done).min(*there - *at);
                    let mut place = 0;
                    while place < read {
                        let (group, value) = ((*at + place) / 8, (*at + place) % 8);
                        let some = (8 - value).min(read - place);
                        let word = eight(bytes, group, self.width) >> (value as u32 * self.width);
                        let bit = |at: u32| is_meant(word >> (at * self.width) & u64::from(mask(self.width))) << at;
                        let bits = (0..8).map(bit).fold(0, |bits, bit| bits | bit);
                        rows.insert_bits(first + done + place, bits & ((1 << some) - 1));
                        place += some;
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
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encode::put_codes;

    #[test]
    fn codes_that_are_meant_are_those_that_are_there() {
        for width in [0u32, 1, 2, 3, 4, 5, 6, 7, 8, 9, 13, 17, 28, 29, 32] {
            let distinct = 1u32 << width.min(9);
            // Runs of the same code, and codes that stand alone.
            let code =
                |at: u32| if (at / 100).is_multiple_of(3) { distinct - 1 } else { at.wrapping_mul(0x9e37_79b9) >> 11 };
            let codes: Vec<u32> = (0..3000).map(|at| code(at) % distinct).collect();
            let mut bytes = Vec::new();
            put_codes(&mut bytes, &codes, width);
            let first = distinct / 2;
            for wanted in [vec![], vec![0], vec![distinct - 1], vec![first], vec![0, first], vec![0, 1, distinct - 1]] {
                let meant = Meant::new((0..distinct).map(|code| wanted.contains(&code)).collect());
                assert_eq!(meant.is_none(), wanted.is_empty());
                for (skipped, count, at) in [(0, 3000, 0), (17, 2983, 3), (17, 90, 64), (250, 1, 5), (1234, 777, 40)] {
                    let (mut hybrid, mut rows) = (Hybrid::new(&bytes[1..], width).unwrap(), Rows::none(3100));
                    hybrid.skip(skipped).unwrap();
                    meant.insert(&mut hybrid, count, at, &mut rows).unwrap();
                    let expected = codes[skipped..skipped + count].iter().enumerate();
                    let expected = expected.filter(|(_, code)| wanted.contains(code)).map(|(place, _)| place + at);
                    assert!(rows.iter().eq(expected), "{width} {wanted:?} {skipped} {count}");
                }
            }
        }
    }
}
