//! The series of a tenant that samples came of lately, and how many there may be.

use hashbrown::hash_table::Entry as Slot;
use hashbrown::{HashMap, HashTable};

use super::arena::{Arena, Place};
use super::outcome::Appended;
use super::{Bounds, seconds};
use crate::labels::{self, NAME};
use crate::record::Encoder;
use crate::samples::{Part, Samples, Why};

/// The label of the series that takes what is over the limit.
pub const OVERFLOW: &[u8] = b"__overflow__";
/// A series without samples for so long is not active any more.
const IDLE_S: u32 = 15 * 60;
/// Overflow series that may come on top of the limit.
const MAX_OVERFLOWS: usize = 10_000;
/// Families whose metadata is not written twice in an epoch.
const MAX_FAMILIES: usize = 100_000;

/// How many series may be active.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    pub series: usize,
    pub series_per_metric: usize,
}

#[derive(Debug, Default)]
pub struct Tenant {
    places: HashTable<u32>,
    /// By id.
    series: Vec<Series>,
    arena: Arena,
    metrics: Vec<Metric>,
    metric_places: HashMap<Box<[u8]>, u32>,
    active: usize,
    /// Of what was said of each family in the epoch.
    families: HashMap<Box<[u8]>, u64>,
    families_epoch: u32,
}

#[derive(Debug)]
struct Series {
    hash: u64,
    labels: Place,
    metric: u32,
    /// The epoch in which it is durably defined, as a serial; 0: none.
    defined: u32,
    /// Of the soft set in that definition, not all of it; 0 if there was none.
    soft: u32,
    /// When samples came last; 0 if it is not counted as active.
    used_s: u32,
}

#[derive(Debug, Default)]
struct Metric {
    active: usize,
    overflow: Option<u32>,
}

/// What is to be written, and what is true once it is durable.
#[derive(Debug, Default)]
pub struct Taken {
    pub encoder: Encoder,
    pub outcome: Appended,
    pub news: News,
}

#[derive(Debug, Default)]
pub struct News {
    /// Ids, and the hash of their soft sets.
    definitions: Vec<(u32, u32)>,
    families: Vec<(Box<[u8]>, u64)>,
}

/// The id of a series that can't be taken.
const NONE: u32 = u32::MAX;

/// What is found out while samples are taken.
struct Taking<'a> {
    part: &'a Part,
    epoch: u32,
    now_s: u32,
    limits: &'a Limits,
    /// By number of the series in the part.
    ids: Vec<Found>,
}

#[derive(Clone, Copy)]
enum Found {
    Unasked,
    Id { id: u32, folded: bool },
}

impl Tenant {
    /// Finds the ids of all series, new ones included, and encodes what is within the bounds.
    pub fn take(&mut self, samples: &Samples, epoch: u32, now_ms: i64, bounds: Bounds, limits: &Limits) -> Taken {
        let mut taken = Taken::default();
        taken.outcome.refused = samples.refused();
        taken.encoder.reserve(samples.samples());
        if self.families_epoch != epoch {
            (self.families_epoch, self.families) = (epoch, HashMap::new());
        }
        for part in samples.parts() {
            let ids = vec![Found::Unasked; part.series().len()];
            let mut taking = Taking { part, epoch, now_s: seconds(now_ms), limits, ids };
            for (series, ms, bits) in part.samples() {
                if let Some((id, folded)) = self.admit(&mut taking, series, ms, bounds, &mut taken) {
                    taken.encoder.sample(id, ms, bits);
                    taken.outcome.samples += 1;
                    taken.outcome.folded += usize::from(folded);
                }
            }
            for histogram in part.histograms() {
                if let Some((id, folded)) = self.admit(&mut taking, histogram.series, histogram.ms, bounds, &mut taken)
                {
                    taken.encoder.histogram(id, histogram.ms, part.text(histogram.message));
                    taken.outcome.histograms += 1;
                    taken.outcome.folded += usize::from(folded);
                }
            }
            for exemplar in part.exemplars() {
                let in_time = (bounds.oldest_ms..=bounds.newest_ms).contains(&exemplar.ms);
                if in_time && let Some((id, false)) = self.id(&mut taking, exemplar.series, &mut taken) {
                    taken.encoder.exemplar(id, exemplar.ms, exemplar.bits, part.text(exemplar.labels));
                    taken.outcome.exemplars += 1;
                }
            }
            self.say(part, &mut taken);
        }
        taken
    }

    /// What was to be written is durable.
    pub fn defined(&mut self, news: News, epoch: u32) {
        for (id, soft) in news.definitions {
            let series = &mut self.series[id as usize];
            (series.defined, series.soft) = (epoch, soft);
        }
        if self.families_epoch == epoch && self.families.len() < MAX_FAMILIES {
            self.families.extend(news.families);
        }
    }

    /// Stops counting series without samples for long, and gives them up when they are many. Only between epochs: ids change.
    pub fn forget_idle(&mut self, now_s: u32) {
        let mut idle = 0;
        for series in &mut self.series {
            if series.used_s > 0 && series.used_s.saturating_add(IDLE_S) < now_s {
                series.used_s = 0;
                self.metrics[series.metric as usize].active -= 1;
                self.active -= 1;
            }
            idle += usize::from(series.used_s == 0);
        }
        if idle * 8 > self.series.len() {
            self.rebuild();
        }
    }

    /// Metrics with the most active series first.
    pub fn active(&self, limit: usize) -> Vec<(String, usize)> {
        let named = self.metric_places.iter().map(|(name, place)| (name, self.metrics[*place as usize].active));
        let mut all: Vec<(&[u8], usize)> = named.filter(|(_, active)| *active > 0).map(|(n, a)| (&**n, a)).collect();
        all.sort_unstable_by(|(name, active), (other, more)| more.cmp(active).then(name.cmp(other)));
        all.truncate(limit);
        all.into_iter().map(|(name, active)| (String::from_utf8_lossy(name).into_owned(), active)).collect()
    }

    pub fn active_series(&self) -> usize {
        self.active
    }

    /// The id for a sample of this time, and whether that is the overflow's; counts what is not taken.
    #[inline]
    fn admit(
        &mut self,
        taking: &mut Taking<'_>,
        series: u32,
        ms: i64,
        bounds: Bounds,
        taken: &mut Taken,
    ) -> Option<(u32, bool)> {
        let refused = if ms < bounds.oldest_ms {
            Why::Old
        } else if ms > bounds.newest_ms {
            Why::Future
        } else {
            match self.id(taking, series, taken) {
                None => Why::Limit,
                found => return found,
            }
        };
        let labels = taking.part.series()[series as usize].labels;
        taken.outcome.refused.add(refused, 1, || labels::text(taking.part.text(labels)));
        None
    }

    #[inline]
    fn id(&mut self, taking: &mut Taking<'_>, number: u32, taken: &mut Taken) -> Option<(u32, bool)> {
        let found = match taking.ids[number as usize] {
            Found::Unasked => {
                let found = self.look_up(taking, number, taken);
                taking.ids[number as usize] = found;
                found
            }
            found => found,
        };
        match found {
            Found::Id { id, folded } if id != NONE => Some((id, folded)),
            _ => None,
        }
    }

    fn look_up(&mut self, taking: &Taking<'_>, number: u32, taken: &mut Taken) -> Found {
        let asked = taking.part.series()[number as usize];
        let labels = taking.part.text(asked.labels);
        let known = self.places.find(asked.hash, |id| self.is(*id, asked.hash, labels)).copied();
        let found = match known {
            Some(id) if self.series[id as usize].used_s > 0 => Found::Id { id, folded: false },
            _ => self.count_in(asked.hash, labels, taking.limits),
        };
        if let Found::Id { id, folded } = found
            && id != NONE
        {
            let soft = if folded { &[][..] } else { taking.part.text(asked.soft) };
            self.use_in(taking, id, soft, taken);
        }
        found
    }

    fn is(&self, id: u32, hash: u64, labels: &[u8]) -> bool {
        let series = &self.series[id as usize];
        series.hash == hash && self.arena.get(series.labels) == labels
    }

    /// Defines a series in this record, unless it is defined durably.
    #[inline]
    fn use_in(&mut self, taking: &Taking<'_>, id: u32, soft: &[u8], taken: &mut Taken) {
        let series = &mut self.series[id as usize];
        series.used_s = taking.now_s;
        let soft_hash = if soft.is_empty() { 0 } else { labels::hash(soft) as u32 | 1 };
        if series.defined != taking.epoch || (soft_hash != 0 && series.soft != soft_hash) {
            taken.encoder.define(id, self.arena.get(series.labels), soft);
            taken.news.definitions.push((id, soft_hash));
        }
    }

    /// A series becomes active, or, over the limit, what is folded into another.
    fn count_in(&mut self, hash: u64, labels: &[u8], limits: &Limits) -> Found {
        let name = labels::value(labels, NAME).unwrap_or_default();
        let metric = self.metric(name);
        if self.active < limits.series && self.metrics[metric as usize].active < limits.series_per_metric {
            return Found::Id { id: self.activate(hash, labels, metric), folded: false };
        }
        let known = self.metrics[metric as usize].overflow.filter(|id| self.series[*id as usize].used_s > 0);
        if let Some(id) = known {
            return Found::Id { id, folded: true };
        }
        if self.active >= limits.series + MAX_OVERFLOWS {
            return Found::Id { id: NONE, folded: true };
        }
        let mut overflow = Vec::new();
        // Two labels with different names.
        let _ = labels::put_sorted(&mut overflow, &mut vec![(NAME, name), (OVERFLOW, b"true")]);
        let id = self.activate(labels::hash(&overflow), &overflow, metric);
        self.metrics[metric as usize].overflow = Some(id);
        Found::Id { id, folded: true }
    }

    /// Known or not, the series is counted from now on.
    fn activate(&mut self, hash: u64, labels: &[u8], metric: u32) -> u32 {
        let Tenant { places, series, arena, .. } = self;
        let same = |id: &u32| series[*id as usize].hash == hash && arena.get(series[*id as usize].labels) == labels;
        let id = match places.entry(hash, same, |id| series[*id as usize].hash) {
            Slot::Occupied(known) => *known.get(),
            Slot::Vacant(free) => {
                let id = series.len() as u32;
                free.insert(id);
                let labels = arena.put(labels);
                series.push(Series { hash, labels, metric, defined: 0, soft: 0, used_s: 0 });
                id
            }
        };
        if self.series[id as usize].used_s == 0 {
            // Until its samples say when.
            self.series[id as usize].used_s = 1;
            self.active += 1;
            self.metrics[metric as usize].active += 1;
        }
        id
    }

    fn metric(&mut self, name: &[u8]) -> u32 {
        if let Some(place) = self.metric_places.get(name) {
            return *place;
        }
        let place = self.metrics.len() as u32;
        self.metrics.push(Metric::default());
        self.metric_places.insert(name.into(), place);
        place
    }

    /// Keeps only what is active.
    fn rebuild(&mut self) {
        let old = std::mem::take(self);
        for series in old.series.iter().filter(|series| series.used_s > 0) {
            let labels = old.arena.get(series.labels);
            let metric = self.metric(labels::value(labels, NAME).unwrap_or_default());
            let id = self.activate(series.hash, labels, metric);
            self.series[id as usize].used_s = series.used_s;
            if labels::value(labels, OVERFLOW).is_some() {
                self.metrics[metric as usize].overflow = Some(id);
            }
        }
    }

    /// Metadata that was not yet said in this epoch.
    fn say(&mut self, part: &Part, taken: &mut Taken) {
        for about in part.metadata() {
            let [family, help, unit] = [about.family, about.help, about.unit].map(|text| part.text(text));
            let said = labels::hash(&[&[about.kind], help, b"\0", unit].concat());
            if self.families.get(family) != Some(&said) {
                taken.encoder.metadata(family, about.kind, help, unit);
                taken.news.families.push((family.into(), said));
            }
        }
    }
}
