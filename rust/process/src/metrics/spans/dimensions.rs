//! Which attributes tell the series of a metric apart, and how they are found.

use otelier_wire::{Any, Attribute};
use regex::Regex;

use super::super::attribute::{put_attribute, put_text, text_value};
use super::options::Dimension;
use crate::pattern;

/// All names that any metric wants, each with a slot, so that attributes are looked at once.
#[derive(Debug, Default)]
pub struct Names {
    names: Vec<Vec<u8>>,
    /// A bit for each fingerprint that a name has: nearly all other attributes are told by that.
    fingerprints: u64,
    /// Whether any metric wants attributes by pattern.
    patterns: bool,
}

/// What was found on one span, event or resource: encoded AnyValues.
#[derive(Debug, Default)]
pub struct Seen<'a> {
    slots: Vec<Option<&'a [u8]>>,
    /// Every attribute, only if there are patterns.
    all: Vec<(&'a [u8], &'a [u8])>,
}

/// The dimensions of one metric, in the order in which they are written.
#[derive(Debug, Default)]
pub struct Dimensions(Vec<Step>);

#[derive(Debug)]
enum Step {
    Named { slot: usize, default: Option<Vec<u8>> },
    Matching(Vec<Regex>),
}

/// One of 64 bits, from length and last byte, in which names differ most.
#[inline]
fn fingerprint(key: &[u8]) -> u64 {
    let last = key.last().map_or(0, |last| usize::from(*last));
    1 << ((key.len() * 5 + last) & 63)
}

impl Names {
    fn slot(&mut self, name: &str) -> usize {
        let known = self.names.iter().position(|known| known == name.as_bytes());
        known.unwrap_or_else(|| {
            self.names.push(name.as_bytes().to_vec());
            self.fingerprints |= fingerprint(name.as_bytes());
            self.names.len() - 1
        })
    }

    /// Compiles lists of dimensions. In each, names are written before patterns. Answers what is wrong with a pattern.
    pub fn dimensions(&mut self, lists: &[&[Dimension]]) -> Result<Dimensions, String> {
        let mut steps = Vec::new();
        for list in lists {
            let mut patterns = Vec::new();
            for dimension in *list {
                match dimension {
                    Dimension::Named { name, default } => {
                        let default = default.as_ref().map(|text| text_value(text.as_bytes()));
                        steps.push(Step::Named { slot: self.slot(name), default });
                    }
                    Dimension::Matching { pattern } => {
                        patterns.push(pattern::compile(pattern).map_err(|error| format!("{pattern:?}: {error}"))?);
                    }
                }
            }
            if !patterns.is_empty() {
                self.patterns = true;
                steps.push(Step::Matching(patterns));
            }
        }
        Ok(Dimensions(steps))
    }

    pub fn seen<'a>(&self) -> Seen<'a> {
        Seen { slots: vec![None; self.names.len()], all: Vec::new() }
    }

    /// Takes note of an attribute, given the content of its KeyValue. Of a key that comes twice the first one counts.
    #[inline]
    pub fn note<'a>(&self, key_value: &'a [u8], seen: &mut Seen<'a>) {
        let attribute = Attribute::read(key_value, key_value);
        if self.fingerprints & fingerprint(attribute.key) != 0 {
            for (name, slot) in self.names.iter().zip(&mut seen.slots) {
                if name == attribute.key {
                    slot.get_or_insert(attribute.encoded());
                    break;
                }
            }
        }
        if self.patterns {
            seen.all.push((attribute.key, attribute.encoded()));
        }
    }
}

impl<'a> Seen<'a> {
    pub fn clear(&mut self) {
        self.slots.fill(None);
        self.all.clear();
    }
}

impl Dimensions {
    /// Appends what tells series apart; sources come in the order in which they count.
    #[inline]
    pub fn put_key(&self, sources: &[&Seen], out: &mut Vec<u8>) {
        for step in &self.0 {
            match step {
                Step::Named { slot, default } => match named(*slot, default, sources) {
                    Some(value) => put_value_key(value, out),
                    None => out.push(0),
                },
                Step::Matching(patterns) => {
                    matching(patterns, sources, |key, value| {
                        out.push(1);
                        put_counted(key, out);
                        put_value_key(value, out);
                    });
                    out.push(0);
                }
            }
        }
    }

    /// Appends the dimensions as attributes.
    pub fn put_attributes(&self, names: &Names, sources: &[&Seen], out: &mut Vec<u8>) {
        for step in &self.0 {
            match step {
                Step::Named { slot, default } => {
                    if let Some(value) = named(*slot, default, sources) {
                        put_attribute(out, &names.names[*slot], value);
                    }
                }
                Step::Matching(patterns) => matching(patterns, sources, |key, value| put_attribute(out, key, value)),
            }
        }
    }
}

#[inline]
fn named<'s>(slot: usize, default: &'s Option<Vec<u8>>, sources: &[&Seen<'s>]) -> Option<&'s [u8]> {
    sources.iter().find_map(|source| source.slots[slot]).or(default.as_deref())
}

/// Source by source, in the order of keys; a key of an earlier source hides that of a later one, and of a key that comes
/// twice in one the first counts.
fn matching(patterns: &[Regex], sources: &[&Seen], mut found: impl FnMut(&[u8], &[u8])) {
    // What was checked is UTF-8.
    let wanted = |key| std::str::from_utf8(key).is_ok_and(|key| patterns.iter().any(|pattern| pattern.is_match(key)));
    let mut all: Vec<(usize, &[u8], &[u8])> = Vec::new();
    for (at, source) in sources.iter().enumerate() {
        all.extend(source.all.iter().filter(|(key, _)| wanted(key)).map(|(key, value)| (at, *key, *value)));
    }
    // Stable, so equal keys stay in the order of their sources.
    all.sort_by_key(|(_, key, _)| *key);
    all.dedup_by_key(|(_, key, _)| *key);
    all.sort_by_key(|(at, ..)| *at);
    all.into_iter().for_each(|(_, key, value)| found(key, value));
}

/// Series are told apart by the text of values, as the Collector does: 1 and "1" are one series, or a backend that
/// knows only text would see two with the same labels.
#[inline]
fn put_value_key(value: &[u8], out: &mut Vec<u8>) {
    if let [0x0a, length, text @ ..] = value
        && usize::from(*length) == text.len()
        && *length < 0x80
    {
        out.push(1);
        put_counted(text, out);
        return;
    }
    let value = Any::read(value);
    out.push(match value {
        Any::List(_) => 2,
        Any::Map(_) => 3,
        _ => 1,
    });
    let place = out.len();
    out.extend_from_slice(&[0; 4]);
    put_text(value, out);
    let size = (out.len() - place - 4) as u32;
    out[place..place + 4].copy_from_slice(&size.to_le_bytes());
}

/// A segment is smaller than 4 GiB, and so is whatever is found in it.
#[inline]
pub fn put_counted(bytes: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(&(bytes.len() as u32).to_le_bytes());
    out.extend_from_slice(bytes);
}
