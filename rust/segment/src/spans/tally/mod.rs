//! How often each value of a field occurs, counted by whatever stands for the value where it lies: most texts are not
//! looked at until all are counted.
//!
//! What is counted is of classes, such as inside and outside of a selection: a value has a slot, a slot a count for each
//! class.

mod beginnings;
mod merge;
mod sight;
mod slots;
mod small;

use std::sync::Arc;

use hashbrown::HashMap;

use self::beginnings::Beginnings;
use self::slots::Slots;
use self::small::Small;
use super::column::{ABSENT, ARRAY, BOOL, Column, DOUBLE, Entry, INT, TEXT};
use super::runs::Runs;
use crate::filter::value::Value;
use crate::numbered::{Numbered, split};
use crate::write::Interner;

/// Of a value that is there and has no slot.
pub const UNTOLD: u32 = u32::MAX;
/// What has no value.
pub const NOWHERE: u32 = u32::MAX - 1;

/// Whoever is not counted has this class.
pub const NO_CLASS: u32 = u32::MAX;

pub struct Tally {
    slots: Slots,
    /// Whether it is known which values count.
    closed: bool,
    texts: Interner,
    of_texts: Vec<u32>,
    /// Numbered texts, by number and beginning.
    numbered: HashMap<u64, u32>,
    beginnings: Beginnings,
    ints: HashMap<i64, u32>,
    /// By their bits.
    doubles: HashMap<u64, u32>,
    /// What came as columns, where it is not known which values count: numbered texts, integers, doubles.
    runs: [Runs; 3],
    /// Of these what is small, if there is one class and it is not known which values count: integers, then numbered
    /// texts by beginning.
    small: Option<Small>,
    bools: [u32; 2],
    /// Arrays and others, by their type and JSON.
    others: HashMap<(u8, Vec<u8>), u32>,
}

impl Tally {
    /// Of so many values at most: with more it gives up to tell them apart.
    pub fn new(classes: usize, max: usize) -> Tally {
        Tally {
            slots: Slots::new(classes, max),
            closed: false,
            texts: Interner::default(),
            of_texts: Vec::new(),
            numbered: HashMap::new(),
            beginnings: Beginnings::default(),
            ints: HashMap::new(),
            doubles: HashMap::new(),
            runs: std::array::from_fn(|_| Runs::new(classes)),
            small: None,
            bools: [UNTOLD; 2],
            others: HashMap::new(),
        }
    }

    /// Of one class and any number of values. Faster than others, but only one is to be filled at a time: it takes most
    /// of a processor's cache.
    pub fn alone() -> Tally {
        Tally { small: Some(Small::default()), ..Tally::new(1, usize::MAX) }
    }

    /// Of the values of a column alone, which may come several times.
    pub fn of(classes: usize, values: &Column) -> Tally {
        let mut tally = Tally::new(classes, values.len());
        for row in 0..values.len() {
            tally.slot_of((values.tags[row], values.data[row]), values);
        }
        tally.slots.max = tally.len();
        tally.closed = true;
        tally
    }

    /// How many values there are, about as many until `settle`.
    pub fn len(&self) -> usize {
        let small = self.small.as_ref().map_or(0, Small::len);
        self.slots.len - self.slots.moved + self.runs.iter().map(Runs::len).sum::<usize>() + small
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether there were too many values to tell them apart.
    pub fn has_given_up(&self) -> bool {
        self.slots.given_up
    }

    /// Whether there was a value too many.
    pub fn has_overflowed(&self) -> bool {
        let many = self.slots.overflowed || self.runs.iter().any(|runs| runs.len() > self.slots.max);
        many && !self.closed && !self.slots.given_up
    }

    /// Tells values apart no more; what was counted is not lost.
    pub fn give_up(&mut self) {
        self.runs.iter_mut().for_each(Runs::settle);
        let mut left = Tally::new(self.slots.classes, 0);
        left.slots.untold = self.totals();
        left.slots.given_up = true;
        *self = left;
    }

    /// By class.
    pub fn counts(&self, slot: u32) -> &[u32] {
        &self.slots.counts[slot as usize * self.slots.classes..][..self.slots.classes]
    }

    /// One more of a slot. The class is one of these, or none.
    #[inline]
    pub fn add(&mut self, slot: u32, class: u32) {
        self.add_many(slot, class, 1);
    }

    #[inline]
    pub fn add_many(&mut self, slot: u32, class: u32, count: u32) {
        let Slots { classes, counts, untold, .. } = &mut self.slots;
        if class == NO_CLASS {
            return;
        }
        if let Some(known) = counts.get_mut(slot as usize * *classes + class as usize) {
            *known += count;
        } else if slot != NOWHERE {
            untold[class as usize] += u64::from(count);
        }
    }

    /// One more of an integer in a column of its own.
    #[inline]
    pub fn add_int(&mut self, int: i64, class: u32) {
        if self.closed {
            let slot = self.int(int);
            self.add(slot, class);
        } else {
            self.add_number(1, int as u64, class);
        }
    }

    /// One more of what runs are of, if it is not known which values count.
    #[inline]
    fn add_number(&mut self, of: usize, key: u64, class: u32) {
        let is_small = self.small.as_mut().is_some_and(|small| {
            let place = small_place(of, key);
            place.is_some_and(|(row, number)| small.add(row, number, 1))
        });
        if !is_small {
            self.runs[of].add(key, class);
        }
    }

    #[inline]
    pub fn add_double(&mut self, bits: u64, class: u32) {
        if self.closed {
            let slot = self.double(bits);
            self.add(slot, class);
        } else {
            self.runs[2].add(bits, class);
        }
    }

    /// The slot of an entry of a column.
    pub fn slot_of(&mut self, (tag, data): Entry, column: &Column) -> u32 {
        match tag {
            ABSENT => NOWHERE,
            TEXT => self.text(column.text(data)),
            BOOL => self.bool(data != 0),
            INT => self.int(data as i64),
            DOUBLE => self.double(data),
            tag => self.other(tag, column.text(data)),
        }
    }

    /// The slot of a value, which is no array and nothing else that has no type.
    pub fn slot(&mut self, value: Value) -> u32 {
        match value {
            Value::Text(text) => self.text(text),
            Value::Bool(bool) => self.bool(bool),
            Value::Int(int) => self.int(int as i64),
            Value::Double(double) => self.double(double.to_bits()),
            Value::Other(_) => NOWHERE,
        }
    }

    fn text(&mut self, text: &[u8]) -> u32 {
        // The same text may be numbered elsewhere.
        if let Some((before, digits, number)) = split(text)
            && let Some(beginning) = self.beginnings.number(before, digits)
            && let Some(key) = beginnings::key(beginning, number)
        {
            return self.numbered(key);
        }
        if let Some(known) = self.texts.find(text) {
            return self.of_texts[known as usize];
        }
        let slot = self.slots.next();
        if slot != UNTOLD {
            self.texts.intern(text);
            self.of_texts.push(slot);
        }
        slot
    }

    fn numbered(&mut self, key: u64) -> u32 {
        self.slots.of(&mut self.numbered, key)
    }

    fn int(&mut self, int: i64) -> u32 {
        self.slots.of(&mut self.ints, int)
    }

    /// By its bits.
    fn double(&mut self, bits: u64) -> u32 {
        self.slots.of(&mut self.doubles, bits)
    }

    fn bool(&mut self, bool: bool) -> u32 {
        let at = usize::from(bool);
        if self.bools[at] == UNTOLD {
            self.bools[at] = self.slots.next();
        }
        self.bools[at]
    }

    fn other(&mut self, tag: u8, json: &[u8]) -> u32 {
        let json = if tag == ARRAY { shown(json) } else { json.to_vec() };
        self.slots.of(&mut self.others, (tag, json))
    }

    /// What a column's beginnings are here, for `add_numbered`. Of some that are too many: `UNTOLD`.
    pub fn beginnings(&mut self, numbered: &Arc<Numbered>) -> Arc<[u32]> {
        self.beginnings.of_column(numbered)
    }

    /// One more of what an integer stands for in a column of numbered texts; false if it stands for no text.
    #[inline]
    pub fn add_numbered(&mut self, numbered: &Numbered, beginnings: &[u32], integer: i64, class: u32) -> bool {
        let (place, number) = numbered.parts(integer);
        let Some(beginning) = beginnings.get(place).copied() else { return false };
        let key = Some(beginning).filter(|beginning| *beginning != UNTOLD);
        let slot = match key.and_then(|beginning| beginnings::key(beginning, number)) {
            Some(key) if !self.closed => {
                self.add_number(0, key, class);
                return true;
            }
            Some(key) => self.numbered(key),
            None => {
                let mut text = Vec::new();
                if !numbered.put_text(integer, &mut text) {
                    return false;
                }
                self.text(&text)
            }
        };
        self.add(slot, class);
        true
    }

    pub fn has_others(&self) -> bool {
        !self.others.is_empty()
    }
}

/// Where a number of the runs stands among small ones, if it can.
#[inline]
fn small_place(of: usize, key: u64) -> Option<(usize, u64)> {
    match of {
        0 => {
            let (beginning, number) = beginnings::parts(key);
            Some((1 + beginning as usize, number))
        }
        1 => Some((0, key)),
        _ => None,
    }
}

/// An array as answers show it: without what is neither text nor number nor boolean.
fn shown(json: &[u8]) -> Vec<u8> {
    let elements: Vec<serde_json::Value> = serde_json::from_slice(json).unwrap_or_default();
    let shown = elements.into_iter().filter(|each| each.is_string() || each.is_number() || each.is_boolean());
    serde_json::Value::from_iter(shown).to_string().into_bytes()
}
