//! The series of several sources made one by their labels.

use hashbrown::HashMap;

use crate::matcher::Matcher;
use crate::pairs::Pairs;
use crate::sets::{Distinct, Sets};

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Query<'a> {
    pub matchers: &'a [Matcher],
    /// Labels that may be soft attributes, if a series has no such label.
    pub names: &'a [Vec<u8>],
    /// Of samples; both belong to it.
    pub first_ms: i64,
    pub last_ms: i64,
    /// Of each series and source only the last sample in the time is wanted, if it is a float.
    pub only_last: bool,
}

impl Query<'_> {
    /// The names that soft attributes may stand in for.
    pub fn soft_names(&self) -> impl Iterator<Item = &[u8]> {
        self.names.iter().map(Vec::as_slice).chain(self.matchers.iter().map(|matcher| &matcher.name[..]))
    }

    /// Which of the times, in order, are asked for.
    pub fn between(&self, ms: &[i64]) -> (usize, usize) {
        let (from, to) =
            (ms.partition_point(|each| *each < self.first_ms), ms.partition_point(|each| *each <= self.last_ms));
        (if self.only_last { from.max(to.saturating_sub(1)) } else { from }, to)
    }

    /// Whether some of the times, in order, are asked for.
    pub fn meets(&self, ms: &[i64]) -> bool {
        let (from, to) = self.between(ms);
        from < to
    }
}

/// Series found so far, numbered in the order in which they were found.
#[derive(Debug, Default)]
pub struct Joined {
    pub pairs: Pairs,
    found: Distinct,
    /// By series: pairs that its soft attributes make, where a source said something of it. The newest counts.
    soft: HashMap<u32, Vec<u32>>,
}

impl Joined {
    pub fn len(&self) -> usize {
        self.found.sets.len()
    }

    /// The label set of a series, in the order of names.
    pub fn set(&self, series: u32) -> &[u32] {
        self.found.sets.get(series as usize)
    }

    /// Makes room for so many more series.
    pub fn reserve(&mut self, count: usize) {
        self.found.reserve(count);
    }

    /// The number of the series with this label set.
    pub fn add(&mut self, set: &[u32]) -> u32 {
        self.found.add(set)
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

    /// Appends its labels, as above.
    pub fn put_labels(&self, series: u32, out: &mut Sets) {
        if self.soft.contains_key(&series) {
            out.push(self.labels(series));
        } else {
            out.push(self.set(series).iter().copied());
        }
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
