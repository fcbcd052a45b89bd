//! The series of several sources made one by their labels.

use hashbrown::{HashMap, HashTable};

use crate::matcher::Matcher;
use crate::pairs::{Pairs, hash_set};

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Query<'a> {
    pub matchers: &'a [Matcher],
    /// Labels that may be soft attributes, if a series has no such label.
    pub names: &'a [Vec<u8>],
    /// Of samples; both belong to it.
    pub first_ms: i64,
    pub last_ms: i64,
}

impl Query<'_> {
    /// The names that soft attributes may stand in for.
    pub fn soft_names(&self) -> impl Iterator<Item = &[u8]> {
        self.names.iter().map(Vec::as_slice).chain(self.matchers.iter().map(|matcher| &matcher.name[..]))
    }

    /// Whether some of the times, in order, are asked for.
    pub fn meets(&self, ms: &[i64]) -> bool {
        ms.partition_point(|each| *each < self.first_ms) < ms.partition_point(|each| *each <= self.last_ms)
    }
}

/// Series found so far, numbered in the order in which they were found.
#[derive(Debug, Default)]
pub struct Joined {
    pub pairs: Pairs,
    sets: Vec<u32>,
    ends: Vec<u32>,
    places: HashTable<u32>,
    /// By series: pairs that its soft attributes make, where a source said something of it. The newest counts.
    soft: HashMap<u32, Vec<u32>>,
}

impl Joined {
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// The label set of a series, in the order of names.
    pub fn set(&self, series: u32) -> &[u32] {
        set_of(&self.sets, &self.ends, series)
    }

    /// The number of the series with this label set.
    pub fn add(&mut self, set: &[u32]) -> u32 {
        let (sets, ends) = (&mut self.sets, &mut self.ends);
        let number = ends.len() as u32;
        let same = |at: &u32| set_of(sets, ends, *at) == set;
        let again = |at: &u32| hash_set(set_of(sets, ends, *at));
        let found = *self.places.entry(hash_set(set), same, again).or_insert(number).get();
        if found == number {
            sets.extend_from_slice(set);
            ends.push(sets.len() as u32);
        }
        found
    }

    pub fn set_soft(&mut self, series: u32, pairs: Vec<u32>) {
        self.soft.insert(series, pairs);
    }

    /// Its labels and those soft ones that it lacks otherwise, by name.
    pub fn labels(&self, series: u32) -> Vec<u32> {
        let mut labels = self.set(series).to_vec();
        if let Some(soft) = self.soft.get(&series) {
            let mut more: Vec<u32> = Vec::new();
            for pair in soft {
                let name = self.pairs.name_of(*pair);
                if self.pairs.find(&labels, name).is_none() && self.pairs.find(&more, name).is_none() {
                    more.push(*pair);
                }
            }
            labels.extend(more);
            labels.sort_by_key(|pair| self.pairs.get(*pair).0);
        }
        labels
    }

    /// Whether the matchers hold that had to wait: sources let pass what soft attributes may decide.
    pub fn holds(&self, series: u32, matchers: &[Matcher]) -> bool {
        let labels = self.labels(series);
        matchers.iter().all(|matcher| {
            let name = self.pairs.known_name(&matcher.name);
            let pair = name.and_then(|name| self.pairs.find(&labels, name));
            matcher.holds(pair.map_or(b"", |pair| self.pairs.value(pair)))
        })
    }
}

fn set_of<'a>(sets: &'a [u32], ends: &[u32], series: u32) -> &'a [u32] {
    let start = if series == 0 { 0 } else { ends[series as usize - 1] };
    &sets[start as usize..ends[series as usize] as usize]
}
