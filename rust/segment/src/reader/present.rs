//! Which rows of a page have a value: its definition levels.

use super::Damage;
use super::bits::Hybrid;

#[derive(Debug)]
pub enum Present {
    All,
    None,
    /// Bits, and how many are set before each word.
    Some(Vec<u64>, Vec<u32>),
}

impl Present {
    /// From a page's beginning; and where the values begin.
    pub fn read(bytes: &[u8], rows: usize) -> Result<(Present, usize), Damage> {
        let (length, behind) = bytes.split_first_chunk().ok_or("levels are cut off")?;
        let length = u32::from_le_bytes(*length) as usize;
        let encoded = behind.get(..length).ok_or("levels are cut off")?;
        let words = Hybrid::new(encoded, 1)?.read_bits(rows)?;
        let mut count = 0;
        let before = words.iter().map(|word| {
            let before = count;
            count += word.count_ones();
            before
        });
        let before: Vec<u32> = before.collect();
        let present = match count as usize {
            0 => Present::None,
            all if all == rows => Present::All,
            _ => Present::Some(words, before),
        };
        Ok((present, 4 + length))
    }

    /// How many of the rows before this one have a value.
    #[inline]
    pub fn rank(&self, row: usize) -> usize {
        match self {
            Present::All => row,
            Present::None => 0,
            Present::Some(words, before) => match (words.get(row / 64), before.get(row / 64)) {
                (Some(word), Some(before)) => *before as usize + (word & ((1 << (row % 64)) - 1)).count_ones() as usize,
                _ => {
                    before.last().map_or(0, |before| *before as usize)
                        + words.last().map_or(0, |word| word.count_ones() as usize)
                }
            },
        }
    }

    #[inline]
    pub fn has(&self, row: usize) -> bool {
        match self {
            Present::All => true,
            Present::None => false,
            Present::Some(words, _) => words.get(row / 64).is_some_and(|word| word >> (row % 64) & 1 == 1),
        }
    }

    /// Calls `see` with each of so many rows that has a value, and how many had one before it.
    #[inline]
    pub fn each(&self, rows: usize, mut see: impl FnMut(usize, usize)) {
        match self {
            Present::All => (0..rows).for_each(|row| see(row, row)),
            Present::None => {}
            Present::Some(words, _) => {
                let mut rank = 0;
                for (at, word) in words.iter().enumerate() {
                    let mut word = *word;
                    while word != 0 {
                        see(64 * at + word.trailing_zeros() as usize, rank);
                        rank += 1;
                        word &= word - 1;
                    }
                }
            }
        }
    }
}
