//! Strings that occur again and again, each kept once and known by its number.

use hashbrown::HashTable;

use crate::encode::Strings;
use crate::hash::{hash_bytes, mix};

#[derive(Clone, Debug, Default)]
pub struct Interner {
    pub strings: Strings,
    table: HashTable<u32>,
}

impl PartialEq for Interner {
    fn eq(&self, other: &Interner) -> bool {
        self.strings == other.strings
    }
}

impl Eq for Interner {}

impl Interner {
    /// The string's number: numbers count up from 0 in the order of first occurrences.
    #[inline]
    pub fn intern(&mut self, value: &[u8]) -> u32 {
        let strings = &self.strings;
        let same = |at: &u32| strings.get(*at as usize) == value;
        let entry = self.table.entry(quick_hash(value), same, |at| quick_hash(strings.get(*at as usize)));
        let number = *entry.or_insert(strings.len() as u32).get();
        if number as usize == self.strings.len() {
            self.strings.push(value);
        }
        number
    }

    #[inline]
    pub fn find(&self, value: &[u8]) -> Option<u32> {
        let same = |at: &u32| self.strings.get(*at as usize) == value;
        self.table.find(quick_hash(value), same).copied()
    }
}

/// For tables in memory only. Looks at each byte of strings up to 24 bytes once, in three words that may overlap.
#[inline]
fn quick_hash(value: &[u8]) -> u64 {
    let length = value.len();
    if let (8..=24, Some(first), Some(last)) = (length, value.first_chunk::<8>(), value.last_chunk::<8>()) {
        let middle = value[(length - 8) / 2..].first_chunk::<8>().map_or(0, |middle| u64::from_le_bytes(*middle));
        let ends = u64::from_le_bytes(*first) ^ u64::from_le_bytes(*last).rotate_left(23);
        return mix(length as u64 ^ middle, ends);
    }
    hash_bytes(value)
}
