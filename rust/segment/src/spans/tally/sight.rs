//! What was counted, told.

use super::super::column::{BOOL, DOUBLE, INT, TEXT};
use super::beginnings::parts;
use super::{Runs, Tally, UNTOLD};
use crate::numbered::Beginning;

/// Takes a value (its tag, its number or bits, its text) and its counts by class.
pub type See<'a> = dyn FnMut(u8, u64, &[u8], &[u32]) + 'a;

/// Whether a value is asked for, by its counts and, of a text, what it begins with.
pub type Wanted<'a> = dyn Fn(&[u32], &[u8]) -> bool + 'a;

impl Tally {
    /// All that was counted, by class. Once it is settled, or given up.
    pub fn totals(&self) -> Vec<u64> {
        let mut totals = self.slots.untold.clone();
        self.each_count(&mut |counts| {
            totals.iter_mut().zip(counts).for_each(|(total, count)| *total += u64::from(*count));
        });
        totals
    }

    /// Calls `see` with the counts of each value; of some without any, too.
    pub fn each_count(&self, see: &mut dyn FnMut(&[u32])) {
        self.slots.counts.chunks_exact(self.slots.classes).for_each(&mut *see);
        self.runs.iter().flat_map(Runs::each).for_each(|(_, counts)| see(counts));
        if let Some(small) = &self.small {
            let counts = (0..small.rows()).flat_map(|row| small.each(row));
            counts.for_each(|(_, count)| see(std::slice::from_ref(count)));
        }
    }

    /// Calls `see` with the values that are `wanted`. Each comes once, when it is settled.
    pub fn each(&self, wanted: &Wanted<'_>, see: &mut See<'_>) {
        let counts_of = |slot: &u32, text: &[u8]| {
            let counts = Some(*slot).filter(|slot| *slot != UNTOLD).map(|slot| self.counts(slot));
            counts.filter(|counts| wanted(counts, text))
        };
        for (text, slot) in self.texts.strings.iter().zip(&self.of_texts) {
            counts_of(slot, text).into_iter().for_each(|counts| see(TEXT, 0, text, counts));
        }
        self.each_numbered(wanted, see);
        let small = self.small.iter().flat_map(|small| small.each(0));
        let small = small.map(|(int, count)| (int, std::slice::from_ref(count)));
        let [_, of_ints, of_doubles] = &self.runs;
        for (int, counts) in small.chain(of_ints.each()).filter(|(_, counts)| wanted(counts, b"")) {
            see(INT, int, b"", counts);
        }
        for (bits, counts) in of_doubles.each().filter(|(_, counts)| wanted(counts, b"")) {
            see(DOUBLE, bits, b"", counts);
        }
        for (bool, slot) in (0..).zip(&self.bools) {
            counts_of(slot, b"").into_iter().for_each(|counts| see(BOOL, bool, b"", counts));
        }
        for ((tag, json), slot) in &self.others {
            counts_of(slot, b"").into_iter().for_each(|counts| see(*tag, 0, json, counts));
        }
    }

    fn each_numbered(&self, wanted: &Wanted<'_>, see: &mut See<'_>) {
        let mut text = Vec::new();
        let mut see = |beginning: &Beginning, number: u64, counts: &[u32]| {
            if wanted(counts, &beginning.text) {
                text.clear();
                beginning.put(number, &mut text);
                see(TEXT, 0, &text, counts);
            }
        };
        if let Some(small) = &self.small {
            for (row, beginning) in (1..).zip(self.beginnings.iter()) {
                small.each(row).for_each(|(number, count)| see(beginning, number, std::slice::from_ref(count)));
            }
        }
        for (key, counts) in self.runs[0].each() {
            let (beginning, number) = parts(key);
            see(self.beginnings.get(beginning), number, counts);
        }
    }
}
