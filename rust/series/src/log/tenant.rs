//! The series of a tenant that samples came of lately, and how many there may be.

use hashbrown::hash_table::Entry as Slot;
use hashbrown::{HashMap, HashSet, HashTable};

use super::arena::{Arena, Place};
use super::taking::News;
use crate::labels::{self, NAME};
use crate::samples::Giver;

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
    /// Distinct names of labels that they have: each is a column of segments.
    pub label_names: usize,
}

#[derive(Debug, Default)]
pub struct Tenant {
    /// Another one whenever ids change.
    giver: Giver,
    places: HashTable<u32>,
    /// By id.
    series: Vec<Series>,
    arena: Arena,
    metrics: Vec<Metric>,
    metric_places: HashMap<Box<[u8]>, u32>,
    /// Of the labels of all series.
    names: HashSet<Box<[u8]>>,
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
    /// Who came after it the last time; at first, who was made after it.
    next: u32,
}

#[derive(Debug, Default)]
struct Metric {
    active: usize,
    overflow: Option<u32>,
}

/// What a series is called here.
#[derive(Clone, Copy, Debug)]
pub enum Found {
    Id(u32),
    /// It is over a limit: that of the series that takes its samples.
    Overflow(u32),
    /// Even of those there are too many.
    TooMany,
    /// It has a label with a new name, of which there are too many.
    TooManyNames,
}

impl Tenant {
    /// The series is counted as active from now on, if the limits let it. `hash`: of the labels, 0 if it is not known yet.
    ///
    /// Senders write their series in the same order again and again, so the one that came after `before` the last time is
    /// most often the one, and nothing needs to be hashed.
    #[inline]
    pub fn find(&mut self, before: Option<u32>, hash: u64, labels: &[u8], limits: &Limits) -> Found {
        if let Some(before) = before {
            let guess = self.series[before as usize].next;
            if let Some(series) = self.series.get(guess as usize)
                && series.used_s > 0
                && self.arena.get(series.labels) == labels
            {
                return Found::Id(guess);
            }
        }
        self.look_up(before, hash, labels, limits)
    }

    #[inline(never)]
    fn look_up(&mut self, before: Option<u32>, hash: u64, labels: &[u8], limits: &Limits) -> Found {
        let hash = if hash == 0 { labels::hash(labels) } else { hash };
        let found = match self.places.find(hash, |id| self.is(*id, hash, labels)) {
            Some(id) if self.series[*id as usize].used_s > 0 => Found::Id(*id),
            _ => self.count_in(hash, labels, limits),
        };
        if let (Some(before), Found::Id(id)) = (before, found) {
            self.series[before as usize].next = id;
        }
        found
    }

    /// Whose ids these are.
    pub fn giver(&self) -> Giver {
        self.giver
    }

    /// Of an id that was given before; another is none.
    #[inline]
    pub fn is_active(&self, id: u32) -> bool {
        self.series.get(id as usize).is_some_and(|series| series.used_s > 0)
    }

    /// A record of the epoch has samples of it. True if that must define it, too.
    #[inline]
    pub fn used(&mut self, id: u32, now_s: u32, epoch: u32, soft: u32) -> bool {
        let series = &mut self.series[id as usize];
        series.used_s = now_s;
        series.defined != epoch || (soft != 0 && series.soft != soft)
    }

    pub fn labels(&self, id: u32) -> &[u8] {
        self.arena.get(self.series[id as usize].labels)
    }

    /// The hash of what was said of a family in the epoch.
    pub fn said(&self, family: &[u8], epoch: u32) -> Option<u64> {
        self.families.get(family).copied().filter(|_| self.families_epoch == epoch)
    }

    /// What was to be written is durable.
    pub fn defined(&mut self, news: News, epoch: u32) {
        for (id, soft) in news.definitions {
            let series = &mut self.series[id as usize];
            (series.defined, series.soft) = (epoch, soft);
        }
        if self.families_epoch != epoch {
            (self.families_epoch, self.families) = (epoch, HashMap::new());
        }
        if self.families.len() < MAX_FAMILIES {
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

    fn is(&self, id: u32, hash: u64, labels: &[u8]) -> bool {
        let series = &self.series[id as usize];
        series.hash == hash && self.arena.get(series.labels) == labels
    }

    /// A series becomes active, or, over the limit, what is folded into another.
    fn count_in(&mut self, hash: u64, labels: &[u8], limits: &Limits) -> Found {
        let new = labels::pairs(labels).filter(|(name, _)| !self.names.contains(*name)).count();
        if new > 0 && self.names.len() + new > limits.label_names {
            return Found::TooManyNames;
        }
        let name = labels::value(labels, NAME).unwrap_or_default();
        let metric = self.metric(name);
        if self.active < limits.series && self.metrics[metric as usize].active < limits.series_per_metric {
            return Found::Id(self.activate(hash, labels, metric));
        }
        let known = self.metrics[metric as usize].overflow.filter(|id| self.series[*id as usize].used_s > 0);
        if let Some(id) = known {
            return Found::Overflow(id);
        }
        if self.active >= limits.series + MAX_OVERFLOWS {
            return Found::TooMany;
        }
        let mut overflow = Vec::new();
        // Two labels with different names.
        let _ = labels::put_sorted(&mut overflow, &mut vec![(NAME, name), (OVERFLOW, b"true")]);
        let id = self.activate(labels::hash(&overflow), &overflow, metric);
        self.metrics[metric as usize].overflow = Some(id);
        Found::Overflow(id)
    }

    /// Known or not, the series is counted from now on.
    fn activate(&mut self, hash: u64, labels: &[u8], metric: u32) -> u32 {
        let Tenant { places, series, arena, names, .. } = self;
        let same = |id: &u32| series[*id as usize].hash == hash && arena.get(series[*id as usize].labels) == labels;
        let id = match places.entry(hash, same, |id| series[*id as usize].hash) {
            Slot::Occupied(known) => *known.get(),
            Slot::Vacant(free) => {
                let id = series.len() as u32;
                free.insert(id);
                for (name, _) in labels::pairs(labels) {
                    if !names.contains(name) {
                        names.insert(name.into());
                    }
                }
                let labels = arena.put(labels);
                series.push(Series { hash, labels, metric, defined: 0, soft: 0, used_s: 0, next: id + 1 });
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
}
