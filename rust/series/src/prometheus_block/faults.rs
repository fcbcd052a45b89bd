//! What is damaged, and where.

use std::collections::HashSet;
use std::fmt;
use std::io;

use otelier_segment::hash::{hash_bytes, mix};

/// So many are kept; the others are counted.
const KEPT: usize = 20;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    pub file: String,
    pub offset: u64,
    pub what: String,
}

impl Fault {
    pub fn new(file: &str, offset: u64, what: impl Into<String>) -> Fault {
        Fault { file: file.into(), offset, what: what.into() }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        write!(out, "{} at byte {}: {}", self.file, self.offset, self.what)
    }
}

#[derive(Debug, Default)]
pub struct Faults {
    /// The first ones.
    pub kept: Vec<Fault>,
    /// Hashes of all places: each counts once, however often it is met.
    places: HashSet<u64>,
}

impl Faults {
    pub fn add(&mut self, fault: Fault) {
        if self.places.insert(mix(hash_bytes(fault.file.as_bytes()), fault.offset)) && self.kept.len() < KEPT {
            self.kept.push(fault);
        }
    }

    pub fn count(&self) -> usize {
        self.places.len()
    }
}

/// Why nothing of a block can be read.
#[derive(Debug)]
pub enum OpenError {
    /// The file, and the disk's error.
    Disk(String, io::Error),
    Damaged(Fault),
}

impl From<Fault> for OpenError {
    fn from(fault: Fault) -> OpenError {
        OpenError::Damaged(fault)
    }
}
