//! What records of the log say of a tenant's series.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::BuildHasher;

use bytes::Bytes;
use hashbrown::{DefaultHashBuilder, HashMap, HashTable};
use otelier_segment::hash::mix;

use crate::labels;
use crate::pairs::{Pairs, hash_set};
use crate::record::{Record, Samples};
use crate::segment::{Exemplar, Histogram};

/// A float: its time by number, its bits in two halves so that it takes no more room than it must.
#[derive(Clone, Copy, Debug)]
pub struct Sample {
    pub stamp: u32,
    low: u32,
    high: u32,
}

impl Sample {
    #[inline]
    fn new(stamp: u32, bits: u64) -> Sample {
        Sample { stamp, low: bits as u32, high: (bits >> 32) as u32 }
    }

    #[inline]
    pub fn bits(self) -> u64 {
        u64::from(self.high) << 32 | u64::from(self.low)
    }
}

#[derive(Debug, Default)]
pub struct Series {
    /// Its label set, in the order of names.
    pub set: Box<[u32]>,
    /// Its soft set by number; 0: nothing was said of it.
    pub soft: u32,
    /// In the order in which they came.
    pub samples: Vec<Sample>,
    /// A hash of their stamps: series with equal ones came together.
    pub track: u64,
    pub rest: Option<Box<Rest>>,
    is_defined: bool,
}

/// What few series have.
#[derive(Debug, Default)]
pub struct Rest {
    pub histograms: Vec<Histogram>,
    pub exemplars: Vec<Exemplar>,
}

/// What a family of metrics is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Family {
    /// As in remote write.
    pub kind: u8,
    pub help: Vec<u8>,
    pub unit: Vec<u8>,
}

#[derive(Debug)]
pub struct Store {
    pub pairs: Pairs,
    series: Vec<Series>,
    /// By label set.
    places: HashTable<u32>,
    /// By epoch and id.
    ids: HashMap<u64, Vec<Option<u32>>>,
    /// Distinct times.
    pub stamps: Vec<i64>,
    stamp_places: HashMap<i64, u32>,
    soft_sets: Vec<Box<[u8]>>,
    /// Distinct names of soft attributes.
    soft_keys: BTreeSet<Box<[u8]>>,
    soft_places: HashMap<Box<[u8]>, u32>,
    /// By the pair of the metric's name.
    pub by_metric: HashMap<u32, Vec<u32>>,
    pub families: BTreeMap<Vec<u8>, Family>,
    scratch: Samples,
    /// What tracks begin with: nobody outside can guess which ones are equal.
    seed: u64,
}

/// Samples grow by so many at once, and by a quarter when they are many: a scrape adds one, and doubling would leave half of
/// the memory empty.
const GROWTH: usize = 8;

impl Default for Store {
    fn default() -> Store {
        Store {
            pairs: Pairs::default(),
            series: Vec::new(),
            places: HashTable::new(),
            ids: HashMap::new(),
            stamps: Vec::new(),
            stamp_places: HashMap::new(),
            soft_sets: vec![Box::default()],
            soft_keys: BTreeSet::new(),
            soft_places: HashMap::new(),
            by_metric: HashMap::new(),
            families: BTreeMap::new(),
            scratch: Samples::default(),
            seed: DefaultHashBuilder::default().hash_one(0),
        }
    }
}

impl Store {
    /// Of series whose labels are known; others belong to records that nobody acknowledged.
    pub fn series(&self) -> impl Iterator<Item = &Series> {
        self.series.iter().filter(|series| series.is_defined)
    }

    pub fn get(&self, number: u32) -> &Series {
        &self.series[number as usize]
    }

    /// In canonical form.
    pub fn soft(&self, series: &Series) -> &[u8] {
        &self.soft_sets[series.soft as usize]
    }

    /// All distinct soft sets.
    pub fn soft_sets(&self) -> impl Iterator<Item = &[u8]> {
        self.soft_sets.iter().map(|set| &**set)
    }

    /// Names of all soft attributes, in order.
    pub fn soft_keys(&self) -> impl Iterator<Item = &[u8]> {
        self.soft_keys.iter().map(|key| &**key)
    }

    /// Appends the canonical form of a series' labels.
    pub fn put_labels(&self, series: &Series, out: &mut Vec<u8>) {
        for pair in &series.set {
            let (name, value) = self.pairs.get(*pair);
            labels::put(out, name, value);
        }
    }

    /// Ids of another generation mean something else: the next record begins anew.
    pub fn forget_ids(&mut self) {
        self.ids.clear();
    }

    /// False if the samples of the record can't be read; then nothing but its definitions is taken.
    pub fn add(&mut self, record: &Record) -> bool {
        let mut ids = self.ids.remove(&record.epoch).unwrap_or_default();
        for definition in record.definitions() {
            self.define(&mut ids, definition.id, definition.labels, definition.soft);
        }
        let mut samples = std::mem::take(&mut self.scratch);
        samples.ids.clear();
        samples.ms.clear();
        samples.bits.clear();
        let fine = record.samples(&mut samples).is_some();
        let mut last: Option<(i64, u32)> = None;
        for ((id, ms), bits) in samples.ids.iter().zip(&samples.ms).zip(&samples.bits) {
            let stamp = match last {
                Some((known, stamp)) if known == *ms => stamp,
                _ => self.stamp(*ms),
            };
            last = Some((*ms, stamp));
            let number = self.number(&mut ids, *id);
            let series = &mut self.series[number as usize];
            let list = &mut series.samples;
            if list.len() == list.capacity() {
                list.reserve_exact(GROWTH.max(list.len() / 4));
            }
            list.push(Sample::new(stamp, *bits));
            series.track = mix(series.track, stamp.into());
        }
        self.scratch = samples;
        if fine {
            for each in record.histograms() {
                let number = self.number(&mut ids, each.id);
                let rest = self.series[number as usize].rest.get_or_insert_default();
                rest.histograms.push(Histogram { ms: each.ms, message: Bytes::copy_from_slice(each.message) });
            }
            for each in record.exemplars() {
                let number = self.number(&mut ids, each.id);
                let rest = self.series[number as usize].rest.get_or_insert_default();
                let labels = Bytes::copy_from_slice(each.labels);
                rest.exemplars.push(Exemplar { ms: each.ms, bits: each.bits, labels });
            }
            for each in record.metadata() {
                let family = Family { kind: each.kind, help: each.help.to_vec(), unit: each.unit.to_vec() };
                self.families.insert(each.family.to_vec(), family);
            }
        }
        self.ids.insert(record.epoch, ids);
        fine
    }

    fn stamp(&mut self, ms: i64) -> u32 {
        let next = self.stamps.len() as u32;
        let stamp = *self.stamp_places.entry(ms).or_insert(next);
        if stamp == next {
            self.stamps.push(ms);
        }
        stamp
    }

    /// The series that an id means; one whose labels are not known yet, if need be.
    #[inline]
    fn number(&mut self, ids: &mut Vec<Option<u32>>, id: u32) -> u32 {
        let place = place_of(ids, id);
        *place.get_or_insert_with(|| {
            self.series.push(Series { track: self.seed, ..Series::default() });
            self.series.len() as u32 - 1
        })
    }

    fn define(&mut self, ids: &mut Vec<Option<u32>>, id: u32, labels: &[u8], soft: &[u8]) {
        let soft = self.soft_number(soft);
        let place = place_of(ids, id);
        if let Some(known) = *place
            && self.series[known as usize].is_defined
        {
            self.series[known as usize].soft = soft;
            return;
        }
        let pairs = &mut self.pairs;
        let set: Vec<u32> = labels::pairs(labels)
            .map(|(name, value)| {
                let name = pairs.name_number(name);
                pairs.intern(name, value)
            })
            .collect();
        let series = &mut self.series;
        let (hash, same) = (hash_set(&set), |at: &u32| *series[*at as usize].set == *set);
        let found = self.places.find(hash, same).copied();
        match (found, *place) {
            (Some(found), None) => *place = Some(found),
            (Some(found), Some(unnamed)) => {
                let unnamed = std::mem::take(&mut series[unnamed as usize]);
                series[found as usize].take(unnamed);
                *place = Some(found);
            }
            (None, unnamed) => {
                let number = unnamed.unwrap_or(series.len() as u32);
                if unnamed.is_none() {
                    series.push(Series { track: self.seed, ..Series::default() });
                }
                let entry = &mut series[number as usize];
                entry.set = set.into();
                entry.is_defined = true;
                *place = Some(number);
                let metric = self.pairs.known_name(labels::NAME).and_then(|name| self.pairs.find(&entry.set, name));
                self.by_metric.entry(metric.unwrap_or(crate::pairs::NONE)).or_default().push(number);
                let series = &self.series;
                self.places.insert_unique(hash, number, |at| hash_set(&series[*at as usize].set));
            }
        }
        if let Some(number) = *place
            && soft != 0
        {
            self.series[number as usize].soft = soft;
        }
    }

    fn soft_number(&mut self, soft: &[u8]) -> u32 {
        if soft.is_empty() {
            return 0;
        }
        if let Some(known) = self.soft_places.get(soft) {
            return *known;
        }
        let number = self.soft_sets.len() as u32;
        for (key, _) in labels::pairs(soft) {
            if !self.soft_keys.contains(key) {
                self.soft_keys.insert(key.into());
            }
        }
        self.soft_sets.push(soft.into());
        self.soft_places.insert(soft.into(), number);
        number
    }

    /// Samples, histograms included.
    pub fn samples(&self) -> usize {
        let natives = |series: &Series| series.rest.as_ref().map_or(0, |rest| rest.histograms.len());
        self.series().map(|series| series.samples.len() + natives(series)).sum()
    }
}

impl Series {
    fn take(&mut self, other: Series) {
        self.track = other.samples.iter().fold(self.track, |track, sample| mix(track, sample.stamp.into()));
        self.samples.extend(other.samples);
        if let Some(rest) = other.rest {
            let own = self.rest.get_or_insert_default();
            own.histograms.extend(rest.histograms);
            own.exemplars.extend(rest.exemplars);
        }
    }
}

fn place_of(ids: &mut Vec<Option<u32>>, id: u32) -> &mut Option<u32> {
    let at = id as usize;
    if at >= ids.len() {
        ids.resize(at + 1, None);
    }
    &mut ids[at]
}
