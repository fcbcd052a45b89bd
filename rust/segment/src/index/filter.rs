//! Filters over the attributes that have no columns: whether a row group may hold a key, or a key with a value.
//!
//! Split-block Bloom filters as Parquet has them: blocks of eight words of 32 bits, one bit in each for every entry.

use std::io;

use otelier_wire::protobuf::{Cursor, put_varint};

use super::{count, damaged};
use crate::hash::{hash_bytes, mix};
use crate::write::Plain;

pub const BLOCK: usize = 32;
/// Bits for each entry: two of a thousand others seem to be there.
const BITS: usize = 12;
/// The same of words and of columns' values, of which there are many: one of a hundred others seems to be there.
const FEWER_BITS: usize = 10;
const SALTS: [u32; 8] =
    [0x47b6_137b, 0x4497_4d91, 0x8824_ad5b, 0xa2b7_289d, 0x7054_95c7, 0x2df1_424b, 0x9efc_4947, 0x5c6b_fb31];
/// Stands in the place of a value's hash where only the key is meant.
const ANY_VALUE: u64 = 0x6578_6973_7473;

/// The entry of an attribute whose value has this text form.
pub fn pair_hash(key: &[u8], value: &[u8]) -> u64 {
    KeyHash::of(key).pair(value)
}

/// The entry of all attributes with this key.
pub fn exists_hash(key: &[u8]) -> u64 {
    KeyHash::of(key).exists()
}

/// What the entries of a key have in common.
#[derive(Clone, Copy)]
pub struct KeyHash(u64);

impl KeyHash {
    #[inline]
    pub fn of(key: &[u8]) -> KeyHash {
        KeyHash(hash_bytes(key))
    }

    #[inline]
    pub fn pair(self, value: &[u8]) -> u64 {
        mix(self.0, hash_bytes(value))
    }

    #[inline]
    pub fn exists(self) -> u64 {
        mix(self.0, ANY_VALUE)
    }
}

/// A value as text: numbers in their shortest form, `true` and `false`.
pub fn text_form<'a>(value: Plain<'a>, room: &'a mut Vec<u8>) -> &'a [u8] {
    use io::Write;
    room.clear();
    // Writing to memory does not fail.
    let _ = match value {
        Plain::Text(text) => return text,
        Plain::Int(number) => write!(room, "{number}"),
        Plain::Double(bits) => write!(room, "{}", f64::from_bits(bits)),
        Plain::Bool(value) => write!(room, "{value}"),
    };
    room
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    words: Vec<[u32; 8]>,
}

impl Filter {
    /// Of these entries, which may be listed more than once.
    pub fn new(entries: &mut Vec<u64>) -> Filter {
        entries.sort_unstable();
        entries.dedup();
        Filter::with_bits(entries.iter().copied(), BITS)
    }

    /// Of these entries, each of which is listed once.
    pub fn of_words(entries: impl ExactSizeIterator<Item = u64>) -> Filter {
        Filter::with_bits(entries, FEWER_BITS)
    }

    /// The same of a column's values, hardly any of which is listed twice.
    pub fn of_values(entries: impl ExactSizeIterator<Item = u64>) -> Filter {
        Filter::with_bits(entries, FEWER_BITS)
    }

    fn with_bits(entries: impl ExactSizeIterator<Item = u64>, bits: usize) -> Filter {
        let mut words = vec![[0; 8]; (entries.len() * bits).div_ceil(8 * BLOCK)];
        let blocks = words.len();
        for entry in entries {
            let block = &mut words[Filter::block_of(entry, blocks)];
            for (word, mask) in block.iter_mut().zip(masks(entry)) {
                *word |= mask;
            }
        }
        Filter { words }
    }

    /// False only if the entry is not there.
    pub fn may_hold(&self, entry: u64) -> bool {
        let Some(block) = self.words.get(Filter::block_of(entry, self.words.len())) else { return false };
        block.iter().zip(masks(entry)).all(|(word, mask)| word & mask != 0)
    }

    /// Which block of so many has the bits of an entry.
    pub fn block_of(entry: u64, blocks: usize) -> usize {
        (((entry >> 32) * blocks as u64) >> 32) as usize
    }

    /// The same as `may_hold`, by the encoded block alone that has the entry's bits.
    pub fn holds(block: &[u8], entry: u64) -> bool {
        let words = block.as_chunks().0.iter().map(|word| u32::from_le_bytes(*word));
        words.zip(masks(entry)).all(|(word, mask)| word & mask != 0)
    }

    pub fn blocks(&self) -> usize {
        self.words.len()
    }

    /// Appends its blocks.
    pub fn put(&self, out: &mut Vec<u8>) {
        self.words.iter().flatten().for_each(|word| out.extend_from_slice(&word.to_le_bytes()));
    }
}

fn masks(entry: u64) -> [u32; 8] {
    SALTS.map(|salt| 1 << ((entry as u32).wrapping_mul(salt) >> 27))
}

/// By row group.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filters(pub Vec<Filter>);

impl Filters {
    /// Bytes in memory.
    pub fn size(&self) -> usize {
        self.0.iter().map(|filter| BLOCK * filter.words.len()).sum()
    }

    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        put_varint(&mut out, self.0.len());
        for filter in &self.0 {
            put_varint(&mut out, filter.blocks());
            filter.put(&mut out);
        }
        out
    }

    pub fn decode(content: &[u8]) -> io::Result<Filters> {
        let mut cursor = Cursor::new(content);
        if cursor.is_empty() {
            return Ok(Filters::default());
        }
        let mut filters = Vec::new();
        for _ in 0..count(&mut cursor)? {
            let blocks = count(&mut cursor)?;
            let bytes = cursor.take(blocks.saturating_mul(BLOCK)).map_err(|_| damaged("a filter is cut off"))?;
            let word = |bytes: &[u8; 4]| u32::from_le_bytes(*bytes);
            let block = |block: &[u8; BLOCK]| {
                let mut words = [0; 8];
                words.iter_mut().zip(block.as_chunks().0).for_each(|(out, bytes)| *out = word(bytes));
                words
            };
            filters.push(Filter { words: bytes.as_chunks().0.iter().map(block).collect() });
        }
        Ok(Filters(filters))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_put_in_is_found_and_little_else() {
        let entry = |i: u64| pair_hash(b"key", &i.to_le_bytes());
        let filter = Filter::new(&mut (0..10_000).map(entry).collect());
        assert!((0..10_000).all(|i| filter.may_hold(entry(i))));
        let wrong = (10_000..110_000).filter(|i| filter.may_hold(entry(*i))).count();
        assert!(wrong < 1_000, "{wrong} of 100000");
        assert!(!Filter::default().may_hold(entry(1)));
        let filters = Filters(vec![filter, Filter::default()]);
        assert_eq!(Filters::decode(&filters.encode()).unwrap(), filters);
    }
}
