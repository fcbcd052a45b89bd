//! The attribute keys that a program names, told from the others by two bytes.

use hashbrown::HashMap;

/// A key's number in its `Keys`.
pub type KeyId = u16;

#[derive(Default)]
pub struct Keys {
    names: Vec<Box<[u8]>>,
    numbers: HashMap<Box<[u8]>, KeyId>,
    filter: Filter,
}

/// By a key's length, a bit for each last byte: most keys that nobody asked for are refused by one load.
struct Filter(Box<[u64; 128]>);

impl Default for Filter {
    fn default() -> Filter {
        Filter(Box::new([0; 128]))
    }
}

impl Filter {
    #[inline(always)]
    fn place(key: &[u8]) -> (usize, u64) {
        (key.len() & 127, 1 << (key.last().copied().unwrap_or(0) & 63))
    }
}

impl Keys {
    /// The number of this key, from now on noted.
    pub fn note(&mut self, key: &str) -> KeyId {
        if let Some(id) = self.numbers.get(key.as_bytes()) {
            return *id;
        }
        let id = self.names.len() as KeyId;
        let (length, bit) = Filter::place(key.as_bytes());
        self.filter.0[length] |= bit;
        self.names.push(key.as_bytes().into());
        self.numbers.insert(key.as_bytes().into(), id);
        id
    }

    /// False for nearly all keys that were not noted.
    #[inline(always)]
    pub fn may_have(&self, key: &[u8]) -> bool {
        let (length, bit) = Filter::place(key);
        self.filter.0[length] & bit != 0
    }

    pub fn find(&self, key: &[u8]) -> Option<KeyId> {
        if self.may_have(key) { self.numbers.get(key).copied() } else { None }
    }

    pub fn name(&self, id: KeyId) -> &[u8] {
        &self.names[usize::from(id)]
    }

    pub fn len(&self) -> usize {
        self.names.len()
    }

    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }
}
