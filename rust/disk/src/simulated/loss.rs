//! What has not reached the disk yet, and what of it survives.

use std::collections::{BTreeMap, BTreeSet};

const SECTOR: usize = 512;

#[derive(Clone, Debug)]
pub(super) enum NameChange {
    Add(String, u64),
    Remove(String),
    Rename(String, String, u64),
    Directory(String),
}

#[derive(Debug, Default)]
pub(super) struct Content {
    pub now: Vec<u8>,
    pub durable: Vec<u8>,
    pub pending: Vec<Change>,
}

#[derive(Clone, Debug)]
pub(super) enum Change {
    Write(usize, Vec<u8>),
    Truncate(usize),
}

impl NameChange {
    pub fn path(&self) -> &str {
        match self {
            NameChange::Add(path, _) | NameChange::Remove(path) | NameChange::Directory(path) => path,
            NameChange::Rename(_, to, _) => to,
        }
    }

    pub fn apply(self, names: &mut BTreeMap<String, u64>, directories: &mut BTreeSet<String>) {
        match self {
            NameChange::Add(path, id) => {
                names.insert(path, id);
            }
            NameChange::Remove(path) => {
                names.remove(&path);
            }
            NameChange::Rename(from, to, id) => {
                names.remove(&from);
                names.insert(to, id);
            }
            NameChange::Directory(path) => {
                directories.insert(path);
            }
        }
    }
}

impl Content {
    pub fn sync(&mut self) {
        for change in std::mem::take(&mut self.pending) {
            change.apply(&mut self.durable);
        }
    }

    /// Some of what was not synced reaches the disk, the rest never will.
    pub fn lose_some(&mut self, dice: &mut Dice, chance: usize) {
        for change in std::mem::take(&mut self.pending) {
            match change {
                Change::Truncate(_) if dice.below(100) < chance => change.apply(&mut self.durable),
                Change::Truncate(_) => {}
                Change::Write(offset, data) => {
                    let mut done = 0;
                    while done < data.len() {
                        let end = data.len().min(done + SECTOR - (offset + done) % SECTOR);
                        if dice.below(100) < chance {
                            Change::Write(offset + done, data[done..end].to_vec()).apply(&mut self.durable);
                        }
                        done = end;
                    }
                }
            }
        }
    }
}

impl Change {
    pub fn apply(self, bytes: &mut Vec<u8>) {
        match self {
            Change::Truncate(len) => bytes.resize(len, 0),
            Change::Write(offset, data) => {
                let end = offset + data.len();
                if bytes.len() < end {
                    bytes.resize(end, 0);
                }
                bytes[offset..end].copy_from_slice(&data);
            }
        }
    }
}

/// Repeatable random numbers (splitmix64).
pub(super) struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Dice {
        Dice(seed)
    }

    pub fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % end as u64) as usize
    }
}
