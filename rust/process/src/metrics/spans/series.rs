//! The series of one metric of one resource.

use std::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashTable};
use otelier_wire::Live;

use super::super::encode::Exemplar;
use super::super::histogram::{Histogram, Shape};

#[derive(Debug)]
pub struct Series {
    hash: u64,
    /// What tells it apart; empty for the one that stands for all beyond the limit.
    pub key: Box<[u8]>,
    /// KeyValues as field 1.
    pub attributes: Box<[u8]>,
    pub start_ns: u64,
    pub last_seen_ns: u64,
    /// Cumulative: whether its first point, which is 0, was written.
    pub begun: bool,
    pub value: Value,
    /// Delta: what was written and may have to be taken back, since `start_ns` of then.
    pub written: Option<Box<(u64, Value)>>,
    _own: Live,
}

/// What was counted.
#[derive(Debug, Default)]
pub struct Value {
    pub count: u64,
    pub histogram: Option<Histogram>,
    pub exemplars: Vec<Exemplar>,
}

#[derive(Debug, Default)]
pub struct Table {
    index: HashTable<u32>,
    series: Vec<Series>,
    /// Whether one of them stands for all beyond the limit.
    overflows: bool,
}

impl Value {
    #[inline]
    pub fn record(&mut self, shape: Option<&Shape>, duration_ns: u64, times: u64) {
        self.count = self.count.saturating_add(times);
        if let Some(shape) = shape {
            self.histogram.get_or_insert_with(|| Histogram::new(shape)).record(shape, duration_ns, times);
        }
    }

    /// Puts what was taken out before in front of what came since.
    pub fn put_back(&mut self, taken: Value, max_exemplars: usize) {
        self.count = self.count.saturating_add(taken.count);
        match (&mut self.histogram, taken.histogram) {
            (Some(histogram), Some(taken)) => histogram.merge(&taken),
            (none, taken) => *none = taken.or(none.take()),
        }
        self.exemplars.splice(0..0, taken.exemplars);
        self.exemplars.truncate(max_exemplars);
    }
}

impl Table {
    pub fn len(&self) -> usize {
        self.series.len()
    }

    pub fn series(&self) -> &[Series] {
        &self.series
    }

    pub fn series_mut(&mut self) -> &mut [Series] {
        &mut self.series
    }

    /// Series without the one that stands for all beyond the limit.
    pub fn own_len(&self) -> usize {
        self.series.len() - usize::from(self.overflows)
    }

    /// The place of the series with this key.
    #[inline]
    pub fn find(&self, hasher: &DefaultHashBuilder, key: &[u8]) -> Option<usize> {
        let hash = hasher.hash_one(key);
        let same = |at: &u32| {
            let series = &self.series[*at as usize];
            series.hash == hash && *series.key == *key
        };
        self.index.find(hash, same).map(|at| *at as usize)
    }

    /// Adds a series that is not there; answers its place.
    pub fn add(&mut self, hasher: &DefaultHashBuilder, key: &[u8], attributes: Vec<u8>, now_ns: u64) -> usize {
        let hash = hasher.hash_one(key);
        let at = self.series.len();
        let mut own = Live::default();
        own.add(size_of::<Series>() + key.len() + attributes.len());
        self.series.push(Series {
            hash,
            key: key.into(),
            attributes: attributes.into(),
            start_ns: now_ns,
            last_seen_ns: now_ns,
            begun: false,
            value: Value::default(),
            written: None,
            _own: own,
        });
        self.overflows |= key.is_empty();
        self.index.insert_unique(hash, at as u32, |at| self.series[*at as usize].hash);
        at
    }

    /// Forgets the series that `keep` doesn't like; answers how many.
    pub fn retain(&mut self, keep: impl FnMut(&Series) -> bool) -> usize {
        let before = self.series.len();
        self.series.retain(keep);
        if self.series.len() < before {
            self.series.shrink_to(self.series.len() * 2);
            self.overflows = self.series.iter().any(|series| series.key.is_empty());
            self.index.clear();
            for (at, series) in self.series.iter().enumerate() {
                self.index.insert_unique(series.hash, at as u32, |at| self.series[*at as usize].hash);
            }
        }
        before - self.series.len()
    }
}
