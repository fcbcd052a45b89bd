//! Which values a chunk has, each once.

use hashbrown::HashTable;

use super::plain::plain_size;
use super::{Strings, Values};
use crate::hash::{hash_bytes, mix};
use crate::index::{Filter, number_hash};
use crate::schema::Coding;

/// A dictionary pays where at most so many of a hundred values are distinct …
const MOST_DISTINCT: usize = 40;
/// … and if it is no larger than this, because whoever reads a few rows reads all of it.
const MAX_DICTIONARY_BYTES: usize = 512 * 1024;
/// Values that are looked at before all are.
const SAMPLE: usize = 1_024;
/// Texts of which so many of a hundred are distinct are ids or the like, that people look for by the whole …
const LEAST_UNIQUE: usize = 90;
/// … and for fewer of them looking at all is as fast.
const LEAST_VALUES: usize = 64;
/// The same of numbered texts, of a thousand: paths with a number, of which there are many columns, come again.
const LEAST_UNIQUE_NUMBERS: usize = 995;

/// Makes dictionaries one after the other with the same memory.
#[derive(Default)]
pub struct Maker {
    local: Vec<u32>,
    table: HashTable<u32>,
    /// Of the sample taken last: distinct values, and all.
    sampled: (usize, usize),
}

impl Maker {
    /// The values among `global` in the order of their first occurrence; `codes` are their places in it.
    pub fn localise(&mut self, global: &[u32], lookup: &Strings, codes: &mut Vec<u32>) -> Strings {
        const NONE: u32 = u32::MAX;
        let mut dictionary = Strings::default();
        self.local.clear();
        self.local.resize(lookup.len(), NONE);
        codes.extend(global.iter().map(|code| {
            let local = &mut self.local[*code as usize];
            if *local == NONE {
                *local = dictionary.len() as u32;
                dictionary.push(lookup.get(*code as usize));
            }
            *local
        }));
        dictionary
    }

    /// The distinct values, if they are to be a dictionary; `codes` are each value's place in it then.
    pub fn make(&mut self, coding: Coding, values: &Values, codes: &mut Vec<u32>) -> Option<Values> {
        if coding == Coding::Chosen {
            let sample = values.len().min(SAMPLE);
            let found = self.distinct(values, sample, codes)?;
            self.sampled = (found.len(), sample);
            // What is nearly always new in the beginning is not looked at further.
            if sample < values.len() && found.len() * 100 > MOST_DISTINCT * 5 / 4 * sample {
                return None;
            }
        } else if coding != Coding::Codes {
            return None;
        }
        let dictionary = self.distinct(values, values.len(), codes)?;
        let pays =
            dictionary.len() * 100 <= MOST_DISTINCT * values.len() && plain_size(&dictionary) <= MAX_DICTIONARY_BYTES;
        (coding == Coding::Codes || (pays && !codes.is_empty())).then_some(dictionary)
    }

    /// A filter over texts of attributes that `make` has just left without a dictionary, if they are nearly all
    /// different.
    pub fn filter(&mut self, coding: Coding, values: &Values, codes: &mut Vec<u32>) -> Option<Filter> {
        if values.len() < LEAST_VALUES {
            return None;
        }
        match (coding, values) {
            (Coding::Chosen, Values::Bytes(texts)) => {
                let (distinct, sample) = self.sampled;
                let ids = distinct * 100 >= LEAST_UNIQUE * sample;
                ids.then(|| Filter::of_values((0..texts.len()).map(|at| hash_bytes(texts.get(at)))))
            }
            (Coding::Delta, Values::Int64(numbers)) => {
                let ids = |distinct: usize, all: usize| distinct * 1000 >= LEAST_UNIQUE_NUMBERS * all;
                let sample = numbers.len().min(SAMPLE);
                if !ids(self.distinct(values, sample, codes)?.len(), sample)
                    || !ids(self.distinct(values, numbers.len(), codes)?.len(), numbers.len())
                {
                    return None;
                }
                Some(Filter::of_values(numbers.iter().map(|number| number_hash(*number))))
            }
            _ => None,
        }
    }

    /// The distinct ones of the first `count` values. `None` for values that have no dictionaries.
    fn distinct(&mut self, values: &Values, count: usize, codes: &mut Vec<u32>) -> Option<Values> {
        codes.clear();
        self.table.clear();
        let table = &mut self.table;
        Some(match values {
            Values::Fixed(..) | Values::Bool(_) => return None,
            Values::Int32(all) => Values::Int32(numbers(table, &all[..count], codes, |value| value as u32 as u64)),
            Values::Int64(all) => Values::Int64(numbers(table, &all[..count], codes, |value| value as u64)),
            Values::Double(all) => Values::Double(numbers(table, &all[..count], codes, |value| value)),
            Values::Bytes(all) => Values::Bytes(texts(table, all, count, codes)),
        })
    }
}

fn numbers<T: Copy + PartialEq>(
    table: &mut HashTable<u32>,
    values: &[T],
    codes: &mut Vec<u32>,
    bits: impl Fn(T) -> u64,
) -> Vec<T> {
    let mut found: Vec<T> = Vec::new();
    for value in values {
        if let (Some(last), Some(code)) = (codes.last().and_then(|last| found.get(*last as usize)), codes.last())
            && last == value
        {
            codes.push(*code);
            continue;
        }
        let hash = |value: T| mix(0, bits(value));
        let entry = table.entry(hash(*value), |at| found[*at as usize] == *value, |at| hash(found[*at as usize]));
        let code = *entry.or_insert(found.len() as u32).get();
        if code as usize == found.len() {
            found.push(*value);
        }
        codes.push(code);
    }
    found
}

fn texts(table: &mut HashTable<u32>, values: &Strings, count: usize, codes: &mut Vec<u32>) -> Strings {
    let mut found = Strings::default();
    for at in 0..count {
        let value = values.get(at);
        let same = |at: &u32| found.get(*at as usize) == value;
        let entry = table.entry(hash_bytes(value), same, |at| hash_bytes(found.get(*at as usize)));
        let code = *entry.or_insert(found.len() as u32).get();
        if code as usize == found.len() {
            found.push(value);
        }
        codes.push(code);
    }
    found
}
