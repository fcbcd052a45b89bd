//! Labels as numbers: each distinct pair of name and value once.

use hashbrown::{HashMap, HashTable};
use otelier_segment::hash::{hash_bytes, mix};

/// Stands for no pair.
pub const NONE: u32 = u32::MAX;

#[derive(Debug, Default)]
pub struct Pairs {
    names: Vec<Box<[u8]>>,
    name_places: HashMap<Box<[u8]>, u32>,
    /// By pair: the number of its name.
    entries: Vec<u32>,
    values: Vec<Box<[u8]>>,
    places: HashTable<u32>,
}

impl Pairs {
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The number of a name.
    pub fn name_number(&mut self, name: &[u8]) -> u32 {
        if let Some(known) = self.name_places.get(name) {
            return *known;
        }
        let number = self.names.len() as u32;
        self.names.push(name.into());
        self.name_places.insert(name.into(), number);
        number
    }

    /// The number of a name that some pair has.
    pub fn known_name(&self, name: &[u8]) -> Option<u32> {
        self.name_places.get(name).copied()
    }

    pub fn names(&self) -> impl Iterator<Item = &[u8]> {
        self.names.iter().map(|name| &**name)
    }

    /// The number of a pair, by its name's number.
    pub fn intern(&mut self, name: u32, value: &[u8]) -> u32 {
        let hash = |name: u32, value: &[u8]| mix(name.into(), hash_bytes(value));
        let (entries, values) = (&self.entries, &self.values);
        let same = |at: &u32| entries[*at as usize] == name && *values[*at as usize] == *value;
        let again = |at: &u32| hash(entries[*at as usize], &values[*at as usize]);
        let number = entries.len() as u32;
        let found = *self.places.entry(hash(name, value), same, again).or_insert(number).get();
        if found == number {
            self.entries.push(name);
            self.values.push(value.into());
        }
        found
    }

    /// The number of the name of a pair.
    #[inline]
    pub fn name_of(&self, pair: u32) -> u32 {
        self.entries[pair as usize]
    }

    pub fn get(&self, pair: u32) -> (&[u8], &[u8]) {
        (&self.names[self.name_of(pair) as usize], self.value(pair))
    }

    #[inline]
    pub fn value(&self, pair: u32) -> &[u8] {
        &self.values[pair as usize]
    }

    /// Of a label set, the pair with this name.
    pub fn find(&self, set: &[u32], name: u32) -> Option<u32> {
        set.iter().copied().find(|pair| self.name_of(*pair) == name)
    }

    /// About how many bytes of memory it takes.
    pub fn size(&self) -> usize {
        self.values.iter().map(|value| value.len() + 48).sum()
    }
}

/// What a set of numbers is found by.
pub fn hash_set(set: &[u32]) -> u64 {
    set.iter().fold(set.len() as u64, |hash, pair| mix(hash, (*pair).into()))
}
