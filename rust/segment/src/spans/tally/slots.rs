//! Places of values whose counts stand one behind the other.

use std::hash::Hash;

use hashbrown::HashMap;

use super::UNTOLD;

pub struct Slots {
    pub classes: usize,
    pub max: usize,
    pub len: usize,
    /// Slots whose counts are in runs.
    pub moved: usize,
    /// By slot and class.
    pub counts: Vec<u32>,
    /// Of values without a slot, by class.
    pub untold: Vec<u64>,
    pub given_up: bool,
    /// Whether a value found no slot.
    pub overflowed: bool,
}

impl Slots {
    pub fn new(classes: usize, max: usize) -> Slots {
        let (counts, untold) = (Vec::new(), vec![0; classes]);
        Slots { classes, max, len: 0, moved: 0, counts, untold, given_up: false, overflowed: false }
    }

    /// That of a value, a new one if it is not `known` yet.
    pub fn of<K: Eq + Hash>(&mut self, known: &mut HashMap<K, u32>, value: K) -> u32 {
        if let Some(slot) = known.get(&value) {
            return *slot;
        }
        let slot = self.next();
        if slot != UNTOLD {
            known.insert(value, slot);
        }
        slot
    }

    /// A new one; `UNTOLD` if there are too many.
    pub fn next(&mut self) -> u32 {
        if self.len >= self.max {
            self.overflowed = true;
            return UNTOLD;
        }
        self.len += 1;
        self.counts.resize(self.len * self.classes, 0);
        self.len as u32 - 1
    }

    pub fn place(&self, slot: u32) -> usize {
        slot as usize * self.classes
    }

    /// Adds counts by class; to a slot that is none those of values without one.
    pub fn add_all(&mut self, slot: u32, counts: &[u32]) {
        let place = self.place(slot);
        match self.counts.get_mut(place..place + self.classes) {
            Some(own) => add(own, counts),
            None => self.untold.iter_mut().zip(counts).for_each(|(own, count)| *own += u64::from(*count)),
        }
    }
}

/// Adds counts by class.
pub fn add(own: &mut [u32], counts: &[u32]) {
    own.iter_mut().zip(counts).for_each(|(own, count)| *own += count);
}
