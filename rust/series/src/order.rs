//! The order of series in segments: by the metric's name, then by the other labels, so that a metric's series are neighbours.

use std::cmp::Ordering;

use crate::labels::{NAME, pairs, value};

/// Appends what a label set is sorted by: equal sets have equal keys, and only sets with zero bytes in them can have
/// equal keys and be different.
pub fn put_key(labels: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(value(labels, NAME).unwrap_or_default());
    out.push(0);
    for (name, value) in pairs(labels).filter(|(name, _)| *name != NAME) {
        for text in [name, value] {
            out.extend_from_slice(text);
            out.push(0);
        }
    }
}

/// Of a series among others that are sorted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Key {
    key: Vec<u8>,
    labels: Vec<u8>,
}

impl Key {
    pub fn of(labels: &[u8]) -> Key {
        let mut key = Vec::new();
        put_key(labels, &mut key);
        Key { key, labels: labels.to_vec() }
    }
}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Key) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Key {
    fn cmp(&self, other: &Key) -> Ordering {
        (&self.key, &self.labels).cmp(&(&other.key, &other.labels))
    }
}
