//! How often each value of an attribute occurs, counted by whatever stands for the value where it lies: most texts are
//! not looked at until all are counted.

use std::sync::Arc;

use hashbrown::HashMap;

use crate::filter::value::Value;
use crate::numbered::{Beginning, Numbered};
use crate::write::Interner;

/// Numbers of numbered texts take up to 54 bits; below them stands which beginning it is.
const BEGINNING_BITS: u32 = 10;

#[derive(Default)]
pub struct Tally {
    texts: Interner,
    of_texts: Vec<u64>,
    /// Numbered texts, by number and beginning.
    numbered: HashMap<u64, u32>,
    beginnings: Beginnings,
    ints: HashMap<i64, u32>,
    /// By their bits.
    doubles: HashMap<u64, u32>,
    bools: [u64; 2],
}

/// Those of all columns, each once.
#[derive(Default)]
struct Beginnings {
    all: Vec<Beginning>,
    numbers: HashMap<Beginning, u64>,
    /// Of columns that were met: their beginnings here.
    of: Vec<(Arc<Numbered>, Vec<u64>)>,
}

impl Beginnings {
    fn of(&mut self, numbered: &Arc<Numbered>) -> &[u64] {
        let known = self.of.iter().position(|(known, _)| Arc::ptr_eq(known, numbered));
        let place = known.unwrap_or_else(|| {
            let number = |beginning: &Beginning| {
                *self.numbers.entry(beginning.clone()).or_insert_with(|| {
                    self.all.push(beginning.clone());
                    self.all.len() as u64 - 1
                })
            };
            let numbers = numbered.beginnings().iter().map(number).collect();
            self.of.push((numbered.clone(), numbers));
            self.of.len() - 1
        });
        &self.of[place].1
    }
}

impl Tally {
    /// How many values there are.
    pub fn len(&self) -> usize {
        let bools = self.bools.iter().filter(|count| **count > 0).count();
        self.of_texts.len() + self.numbered.len() + self.ints.len() + self.doubles.len() + bools
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub fn add(&mut self, value: Value, count: u32) {
        match value {
            Value::Text(text) => {
                let number = self.texts.intern(text) as usize;
                self.of_texts.resize(self.of_texts.len().max(number + 1), 0);
                self.of_texts[number] += u64::from(count);
            }
            Value::Bool(bool) => self.bools[usize::from(bool)] += u64::from(count),
            Value::Int(int) => self.add_int(int as i64, count),
            Value::Double(double) => self.add_double(double, count),
            // No column of attributes holds others.
            Value::Other(_) => {}
        }
    }

    #[inline]
    pub fn add_int(&mut self, int: i64, count: u32) {
        *self.ints.entry(int).or_default() += count;
    }

    #[inline]
    pub fn add_double(&mut self, double: f64, count: u32) {
        *self.doubles.entry(double.to_bits()).or_default() += count;
    }

    /// Integers of a column of numbered texts; false if it holds what is no text.
    pub fn add_numbered(&mut self, numbered: &Arc<Numbered>, integers: Vec<i64>) -> bool {
        let mut sound = true;
        let mut others = Vec::new();
        let beginnings = self.beginnings.of(numbered);
        for integer in integers {
            let (place, number) = numbered.parts(integer);
            match beginnings.get(place) {
                Some(beginning) if beginning >> BEGINNING_BITS == 0 && number >> (64 - BEGINNING_BITS) == 0 => {
                    *self.numbered.entry(number << BEGINNING_BITS | beginning).or_default() += 1;
                }
                Some(_) => others.push(integer),
                None => sound = false,
            }
        }
        let mut text = Vec::new();
        for integer in others {
            text.clear();
            sound &= numbered.put_text(integer, &mut text);
            self.add(Value::Text(&text), 1);
        }
        sound
    }

    /// Calls `see` with values and their counts; a text may come twice.
    pub fn each(&self, see: &mut dyn FnMut(Value, u64)) {
        for (text, count) in self.texts.strings.iter().zip(&self.of_texts) {
            see(Value::Text(text), *count);
        }
        let mut text = Vec::new();
        for (key, count) in &self.numbered {
            text.clear();
            self.beginnings.all[(key & ((1 << BEGINNING_BITS) - 1)) as usize].put(key >> BEGINNING_BITS, &mut text);
            see(Value::Text(&text), (*count).into());
        }
        self.ints.iter().for_each(|(int, count)| see(Value::Int((*int).into()), (*count).into()));
        self.doubles.iter().for_each(|(bits, count)| see(Value::Double(f64::from_bits(*bits)), (*count).into()));
        for (bool, count) in [false, true].into_iter().zip(self.bools).filter(|(_, count)| *count > 0) {
            see(Value::Bool(bool), count);
        }
    }
}
