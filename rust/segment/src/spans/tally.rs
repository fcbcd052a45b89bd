//! How often each value of a field occurs, counted by whatever stands for the value where it lies: most texts are not
//! looked at until all are counted.
//!
//! What is counted is of classes, such as inside and outside of a selection: a value has a slot, a slot a count for each
//! class.

use std::hash::Hash;
use std::sync::Arc;

use hashbrown::HashMap;

use super::column::{ABSENT, ARRAY, BOOL, Column, DOUBLE, Entry, INT, TEXT};
use super::runs::Runs;
use crate::filter::value::Value;
use crate::numbered::{Beginning, Numbered, split};
use crate::write::Interner;

/// Numbers of numbered texts take up to 54 bits; below them stands which beginning it is.
const BEGINNING_BITS: u32 = 10;

/// Of a value that is there and has no slot.
pub const UNTOLD: u32 = u32::MAX;
/// What has no value.
pub const NOWHERE: u32 = u32::MAX - 1;

/// Whoever is not counted has this class.
pub const NO_CLASS: u32 = u32::MAX;

/// Takes a value (its tag, its number or bits, its text) and its counts by class.
pub type See<'a> = dyn FnMut(u8, u64, &[u8], &[u32]) + 'a;

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
    bools: [u32; 2],
    /// Arrays and others, by their type and JSON.
    others: HashMap<(u8, Vec<u8>), u32>,
}

struct Slots {
    classes: usize,
    max: usize,
    len: usize,
    /// Slots whose counts are in runs.
    moved: usize,
    /// By slot and class.
    counts: Vec<u32>,
    /// Of values without a slot, by class.
    untold: Vec<u64>,
    given_up: bool,
    /// Whether a value found no slot.
    overflowed: bool,
}

impl Slots {
    /// That of a value, a new one if it is not `known` yet.
    fn of<K: Eq + Hash>(&mut self, known: &mut HashMap<K, u32>, value: K) -> u32 {
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
    fn next(&mut self) -> u32 {
        if self.len >= self.max {
            self.overflowed = true;
            return UNTOLD;
        }
        self.len += 1;
        self.counts.resize(self.len * self.classes, 0);
        self.len as u32 - 1
    }
}

/// Those of all columns, each once.
#[derive(Default)]
struct Beginnings {
    all: Vec<Beginning>,
    numbers: HashMap<Beginning, u32>,
    /// Of columns that were met: their beginnings here.
    of: Vec<(Arc<Numbered>, Arc<[u32]>)>,
}

impl Beginnings {
    /// `None` if there are too many.
    fn number(&mut self, text: &[u8], digits: u8) -> Option<u32> {
        let beginning = Beginning { text: text.to_vec(), digits };
        if let Some(known) = self.numbers.get(&beginning) {
            return Some(*known);
        }
        let number = self.all.len() as u32;
        if number >> BEGINNING_BITS > 0 {
            return None;
        }
        self.all.push(beginning.clone());
        self.numbers.insert(beginning, number);
        Some(number)
    }
}

impl Tally {
    /// Of so many values at most: with more it gives up to tell them apart.
    pub fn new(classes: usize, max: usize) -> Tally {
        Tally {
            slots: Slots {
                classes,
                max,
                len: 0,
                moved: 0,
                counts: Vec::new(),
                untold: vec![0; classes],
                given_up: false,
                overflowed: false,
            },
            closed: false,
            texts: Interner::default(),
            of_texts: Vec::new(),
            numbered: HashMap::new(),
            beginnings: Beginnings::default(),
            ints: HashMap::new(),
            doubles: HashMap::new(),
            runs: std::array::from_fn(|_| Runs::new(classes)),
            bools: [UNTOLD; 2],
            others: HashMap::new(),
        }
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
        self.slots.len - self.slots.moved + self.runs.iter().map(Runs::len).sum::<usize>()
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

    /// Brings together what was counted in several ways. Gives up if that are too many values.
    pub fn settle(&mut self) {
        if self.closed || self.slots.given_up {
            return;
        }
        let numbered: Vec<(u64, u32)> = self.numbered.drain().collect();
        let ints: Vec<(u64, u32)> = self.ints.drain().map(|(int, slot)| (int as u64, slot)).collect();
        let doubles: Vec<(u64, u32)> = self.doubles.drain().collect();
        for (runs, mut slots) in self.runs.iter_mut().zip([numbered, ints, doubles]) {
            runs.settle();
            slots.sort_unstable();
            self.slots.moved += slots.len();
            let Slots { classes, counts, .. } = &mut self.slots;
            let own = slots.iter().map(|(key, slot)| (*key, *slot as usize * *classes));
            runs.merge_sorted(own, |out, first| {
                for (out, count) in out.iter_mut().zip(&mut counts[first..]) {
                    *out += std::mem::take(count);
                }
            });
        }
        if self.len() > self.slots.max || self.slots.overflowed {
            self.give_up();
        }
    }

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
            self.runs[1].add(int as u64, class);
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
            && number >> (64 - BEGINNING_BITS) == 0
            && let Some(beginning) = self.beginnings.number(before, digits)
        {
            return self.numbered(number << BEGINNING_BITS | u64::from(beginning));
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
        let Beginnings { of, .. } = &self.beginnings;
        if let Some((_, known)) = of.iter().find(|(known, _)| Arc::ptr_eq(known, numbered)) {
            return known.clone();
        }
        let own = numbered.beginnings().iter();
        let own: Arc<[u32]> = own.map(|own| self.beginnings.number(&own.text, own.digits).unwrap_or(UNTOLD)).collect();
        self.beginnings.of.push((numbered.clone(), own.clone()));
        own
    }

    /// One more of what an integer stands for in a column of numbered texts; false if it stands for no text.
    #[inline]
    pub fn add_numbered(&mut self, numbered: &Numbered, beginnings: &[u32], integer: i64, class: u32) -> bool {
        let (place, number) = numbered.parts(integer);
        let Some(beginning) = beginnings.get(place).copied() else { return false };
        let key = number << BEGINNING_BITS | u64::from(beginning);
        let slot = if beginning == UNTOLD || number >> (64 - BEGINNING_BITS) > 0 {
            let mut text = Vec::new();
            if !numbered.put_text(integer, &mut text) {
                return false;
            }
            self.text(&text)
        } else if self.closed {
            self.numbered(key)
        } else {
            self.runs[0].add(key, class);
            return true;
        };
        self.add(slot, class);
        true
    }

    /// Calls `see` with the values that are `wanted` by their counts. Each comes once, when it is settled.
    pub fn each(&self, wanted: &dyn Fn(&[u32]) -> bool, see: &mut See<'_>) {
        let counts_of = |slot: &u32| {
            let counts = Some(*slot).filter(|slot| *slot != UNTOLD).map(|slot| self.counts(slot));
            counts.filter(|counts| wanted(counts))
        };
        for (text, slot) in self.texts.strings.iter().zip(&self.of_texts) {
            counts_of(slot).into_iter().for_each(|counts| see(TEXT, 0, text, counts));
        }
        let mut text = Vec::new();
        let [of_numbered, of_ints, of_doubles] = &self.runs;
        for (key, counts) in of_numbered.each().filter(|(_, counts)| wanted(counts)) {
            let beginning = (key & ((1 << BEGINNING_BITS) - 1)) as usize;
            text.clear();
            self.beginnings.all[beginning].put(key >> BEGINNING_BITS, &mut text);
            see(TEXT, 0, &text, counts);
        }
        of_ints.each().filter(|(_, counts)| wanted(counts)).for_each(|(key, counts)| see(INT, key, b"", counts));
        of_doubles.each().filter(|(_, counts)| wanted(counts)).for_each(|(key, counts)| see(DOUBLE, key, b"", counts));
        for (bool, slot) in (0..).zip(&self.bools) {
            counts_of(slot).into_iter().for_each(|counts| see(BOOL, bool, b"", counts));
        }
        for ((tag, json), slot) in &self.others {
            counts_of(slot).into_iter().for_each(|counts| see(*tag, 0, json, counts));
        }
    }

    pub fn has_others(&self) -> bool {
        !self.others.is_empty()
    }
}

/// An array as answers show it: without what is neither text nor number nor boolean.
fn shown(json: &[u8]) -> Vec<u8> {
    let elements: Vec<serde_json::Value> = serde_json::from_slice(json).unwrap_or_default();
    let shown = elements.into_iter().filter(|each| each.is_string() || each.is_number() || each.is_boolean());
    serde_json::Value::from_iter(shown).to_string().into_bytes()
}
