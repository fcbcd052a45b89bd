//! A look at some of the items, to choose columns for all.

use hashbrown::{HashMap, HashSet};

use super::attributes::{Keys, Plain, plain};
use super::intern::Interner;
use crate::hash::hash_bytes;
use crate::numbered::{Beginning, MAX_BEGINNINGS, Numbered, split};
use crate::schema::AttributeType;

/// Columns of attributes in a segment at most.
const MAX_COLUMNS: usize = 256;
/// A column pays from about this many values in a row group on: what it costs otherwise is said in `docs/spec`.
const LEAST_VALUES: usize = 24;
/// Of a hundred texts so many must be numbered for a column of such …
const LEAST_NUMBERED: usize = 60;
/// … and so many different: others do well with a dictionary.
const LEAST_DISTINCT: usize = 40;
/// A beginning must stand for this many of the texts that were seen.
const LEAST_SEEN: usize = 4;

/// Counts the keys of some items.
#[derive(Default)]
pub struct Census {
    names: Interner,
    /// By key.
    counts: Vec<Counts>,
    pub items: usize,
}

#[derive(Default)]
struct Counts {
    /// By type.
    types: [Count; 4],
    /// Hashes of texts.
    distinct: HashSet<u64>,
    numbered: Count,
    /// How often each beginning was seen; of some more than can be used it does not matter which are missing.
    beginnings: HashMap<Beginning, usize>,
}

#[derive(Clone, Copy, Default)]
struct Count {
    values: usize,
    bytes: usize,
}

impl Count {
    fn add(&mut self, bytes: usize) {
        self.values += 1;
        self.bytes += bytes;
    }
}

impl Census {
    /// Counts an encoded KeyValue.
    pub fn add(&mut self, attribute: &[u8]) {
        let Some((key, value)) = plain(attribute) else { return };
        let name = self.names.intern(key) as usize;
        if name == self.counts.len() {
            self.counts.push(Counts::default());
        }
        let counts = &mut self.counts[name];
        counts.types[value.kind() as usize].add(attribute.len());
        if let Plain::Text(text) = value {
            counts.distinct.insert(hash_bytes(text));
            if let Some((text, digits, _)) = split(text) {
                let beginning = Beginning { text: text.to_vec(), digits };
                if counts.beginnings.len() < 4 * MAX_BEGINNINGS || counts.beginnings.contains_key(&beginning) {
                    *counts.beginnings.entry(beginning).or_default() += 1;
                    counts.numbered.add(attribute.len());
                }
            }
        }
    }

    /// The keys that fill columns best in a row group of `rows`: the most bytes win, ties go to the first by name.
    pub fn choose(&self, rows: usize) -> Keys {
        let enough = |count: &Count| count.values * rows >= LEAST_VALUES * self.items.max(1);
        let mut chosen = Vec::new();
        for (key, counts) in self.names.strings.iter().zip(&self.counts) {
            let Ok(key) = std::str::from_utf8(key) else { continue };
            let mut types = counts.types;
            let numbered = counts.numbered();
            if numbered.is_some() {
                let text = &mut types[AttributeType::Text as usize];
                text.values -= counts.numbered.values;
                text.bytes -= counts.numbered.bytes;
                if enough(&counts.numbered) {
                    chosen.push((counts.numbered.bytes, key, AttributeType::Text, numbered));
                }
            }
            let types = AttributeType::ALL.into_iter().zip(types).filter(|(_, count)| enough(count));
            chosen.extend(types.map(|(of, count)| (count.bytes, key, of, None)));
        }
        let name = |one: &(usize, &str, AttributeType, Option<Numbered>)| (one.1.to_owned(), one.2, one.3.is_some());
        chosen.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| name(a).cmp(&name(b))));
        chosen.truncate(MAX_COLUMNS);
        chosen.sort_by_cached_key(name);
        let mut keys = Keys::default();
        chosen.into_iter().for_each(|(_, key, of, numbered)| keys.add(key, of, numbered));
        keys
    }
}

impl Counts {
    /// The beginnings of the key's texts, if they are to have a column of integers.
    fn numbered(&self) -> Option<Numbered> {
        let texts = self.types[AttributeType::Text as usize].values;
        let mut often: Vec<(&Beginning, usize)> = self.beginnings.iter().map(|(b, count)| (b, *count)).collect();
        often.retain(|(_, count)| *count >= LEAST_SEEN);
        often.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(b.0)));
        often.truncate(MAX_BEGINNINGS);
        let covered: usize = often.iter().map(|(_, count)| count).sum();
        let pays = covered * 100 >= LEAST_NUMBERED * texts && self.distinct.len() * 100 >= LEAST_DISTINCT * texts;
        let fine = often.iter().all(|(beginning, _)| std::str::from_utf8(&beginning.text).is_ok());
        let mut beginnings: Vec<Beginning> = often.into_iter().map(|(b, _)| b.clone()).collect();
        // Some hexadecimal numbers have no letters, of eight digits one in forty: those that were seen are too few to tell.
        let hex = beginnings.iter().filter(|beginning| beginning.digits > 0);
        let mut decimal: Vec<Beginning> =
            hex.map(|Beginning { text, .. }| Beginning { text: text.clone(), digits: 0 }).collect();
        decimal.sort();
        decimal.dedup();
        decimal.retain(|beginning| !beginnings.contains(beginning));
        beginnings.extend(decimal);
        beginnings.truncate(MAX_BEGINNINGS);
        (pays && fine && covered > 0).then(|| Numbered::new(beginnings))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_without_a_letter_are_numbered_too() {
        let mut census = Census::default();
        for number in 0..200u32 {
            let id = format!("id-{:08x}", number.wrapping_mul(0x9e37_79b9));
            let value = [&[10, id.len() as u8], id.as_bytes()].concat();
            census.add(&[b"\x0a\x03key\x12", &[value.len() as u8][..], &value].concat());
            census.items += 1;
        }
        let numbered = census.counts[0].numbered().unwrap();
        for id in ["id-09fa3c51", "id-12345678", "id-00345678", "id-7"] {
            let mut text = Vec::new();
            assert!(numbered.number(id.as_bytes()).is_some_and(|number| numbered.put_text(number, &mut text)), "{id}");
            assert_eq!(text, id.as_bytes());
        }
    }
}
