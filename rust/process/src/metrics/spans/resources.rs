//! The resources that spans came from, each with its series.

use std::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashTable};
use otelier_wire::any::attributes;

use super::super::attribute::put_exact;
use super::dimensions::put_counted;
use super::series::Table;

/// Encoded resources whose place is remembered; a few are sent again and again. Larger ones are looked for each time, or
/// senders could fill memory that nobody counts.
const MAX_ALIASES: usize = 4096;
const MAX_ALIAS_BYTES: usize = 4096;

/// Which metric a table is of. `Spans` has counts and durations, unless their dimensions differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    Spans = 0,
    Durations = 1,
    Events = 2,
}

#[derive(Debug)]
pub struct Resource {
    key: Box<[u8]>,
    /// The first one's encoded Resource.
    pub encoded: Box<[u8]>,
    pub last_seen_ns: u64,
    /// By `Family`.
    pub tables: [Table; 3],
}

#[derive(Debug, Default)]
pub struct Resources {
    /// Attributes that count; empty: all.
    keys: Vec<String>,
    hasher: DefaultHashBuilder,
    all: Vec<Resource>,
    by_key: HashTable<u32>,
    aliases: HashTable<(u64, Box<[u8]>, u32)>,
}

impl Resources {
    pub fn new(keys: Vec<String>) -> Resources {
        Resources { keys, ..Resources::default() }
    }

    pub fn all(&self) -> &[Resource] {
        &self.all
    }

    pub fn all_mut(&mut self) -> &mut [Resource] {
        &mut self.all
    }

    pub fn hasher(&self) -> &DefaultHashBuilder {
        &self.hasher
    }

    /// The resource that `encoded` belongs to, made if it is new.
    pub fn at(&mut self, encoded: &[u8], now_ns: u64) -> &mut Resource {
        let hash = self.hasher.hash_one(encoded);
        let known = self.aliases.find(hash, |(alias_hash, alias, _)| *alias_hash == hash && **alias == *encoded);
        let at = match known {
            Some((_, _, at)) => *at,
            None => {
                let key = self.key(encoded);
                let at = self.place(&key).unwrap_or_else(|| self.add(key, encoded, now_ns));
                if encoded.len() <= MAX_ALIAS_BYTES {
                    if self.aliases.len() >= MAX_ALIASES {
                        self.aliases.clear();
                    }
                    self.aliases.insert_unique(hash, (hash, encoded.into(), at), |(hash, ..)| *hash);
                }
                at
            }
        };
        let resource = &mut self.all[at as usize];
        resource.last_seen_ns = resource.last_seen_ns.max(now_ns);
        resource
    }

    fn place(&self, key: &[u8]) -> Option<u32> {
        let hash = self.hasher.hash_one(key);
        self.by_key.find(hash, |at| *self.all[*at as usize].key == *key).copied()
    }

    fn add(&mut self, key: Vec<u8>, encoded: &[u8], now_ns: u64) -> u32 {
        let hash = self.hasher.hash_one(key.as_slice());
        let at = self.all.len() as u32;
        let tables = Default::default();
        self.all.push(Resource { key: key.into(), encoded: encoded.into(), last_seen_ns: now_ns, tables });
        self.by_key.insert_unique(hash, at, |at| self.hasher.hash_one(&*self.all[*at as usize].key));
        at
    }

    /// The attributes that count, in an order of their own.
    fn key(&self, encoded: &[u8]) -> Vec<u8> {
        let counts = |key: &[u8]| self.keys.is_empty() || self.keys.iter().any(|wanted| wanted.as_bytes() == key);
        let all = attributes(encoded, 1).filter(|attribute| counts(attribute.key));
        let mut pairs: Vec<(&[u8], Vec<u8>)> = Vec::new();
        for attribute in all {
            let mut value = Vec::new();
            put_exact(attribute.value(), &mut value);
            pairs.push((attribute.key, value));
        }
        pairs.sort_unstable();
        let mut key = Vec::new();
        for (name, value) in pairs {
            put_counted(name, &mut key);
            key.extend_from_slice(&value);
        }
        key
    }

    /// Forgets the resources that `keep` doesn't like; answers how many.
    pub fn retain(&mut self, keep: impl FnMut(&Resource) -> bool) -> usize {
        let before = self.all.len();
        self.all.retain(keep);
        if self.all.len() < before {
            self.aliases.clear();
            self.by_key.clear();
            for (at, resource) in self.all.iter().enumerate() {
                let hash = self.hasher.hash_one(&*resource.key);
                self.by_key.insert_unique(hash, at as u32, |at| self.hasher.hash_one(&*self.all[*at as usize].key));
            }
        }
        before - self.all.len()
    }
}
