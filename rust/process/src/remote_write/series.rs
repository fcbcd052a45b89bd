//! Series with what is new of them, and the families that they belong to.

use std::hash::BuildHasher;
use std::sync::LazyLock;

use hashbrown::hash_table::Entry;
use hashbrown::{DefaultHashBuilder, HashMap, HashTable};

use super::exemplar::Exemplar;
use super::native::Histogram;
use super::text;

/// The same for all tables: a series keeps its lane while the process lives.
static HASHER: LazyLock<DefaultHashBuilder> = LazyLock::new(DefaultHashBuilder::default);

/// Everything that a batch has become.
#[derive(Default)]
pub struct Table {
    places: HashTable<usize>,
    series: Vec<Series>,
    /// Labels that are looked for.
    wanted: Vec<u8>,
    families: Vec<Family>,
    family_places: HashMap<String, usize>,
    /// Encoded, where somebody wants to know.
    resources: Vec<Vec<u8>>,
    /// What holds for the series that are asked for now.
    pub(super) now: Origin,
}

/// Where the points of a series come from.
#[derive(Clone, Copy, Default)]
pub struct Origin {
    resource: Option<usize>,
    /// Values are what has been added since the point before.
    pub delta: bool,
}

/// What is new of one series.
pub struct Series {
    /// Encoded as remote write 1.0 has them, in the order of names.
    pub labels: Vec<u8>,
    /// Of its labels.
    hash: u64,
    /// Of its family.
    pub family: usize,
    /// (value, ms).
    pub samples: Vec<(f64, i64)>,
    pub exemplars: Vec<Exemplar>,
    /// By ms.
    pub histograms: Vec<(i64, Histogram)>,
    /// Data points that are counted here: of those that make several series, each is by one of them.
    pub points: usize,
    /// Of the last of its points.
    pub origin: Origin,
}

impl Series {
    pub fn add(&mut self, value: f64, at_ms: i64) {
        self.samples.push((value, at_ms));
    }
}

/// What is said of a metric as a whole.
pub struct Family {
    pub name: String,
    /// As in remote write: 0 unknown, 1 counter, 2 gauge, 3 histogram, 4 gauge histogram, 5 summary, 6 info.
    pub kind: u8,
    pub help: String,
    pub unit: String,
}

impl Family {
    pub fn new(name: &str, kind: u8, help: &[u8], unit: &[u8]) -> Family {
        let (help, unit) = (text::lossy(help).into_owned(), text::lossy(unit).into_owned());
        Family { name: name.to_owned(), kind, help, unit }
    }

    pub fn about_targets(name: &str) -> Family {
        Family { name: name.to_owned(), kind: 6, help: "Target metadata".to_owned(), unit: String::new() }
    }
}

impl Table {
    /// Its place; what was said last of a family counts.
    pub(super) fn family(&mut self, family: Family) -> usize {
        let next = self.families.len();
        let place = *self.family_places.entry_ref(&family.name).or_insert(next);
        match self.families.get_mut(place) {
            Some(known) => *known = family,
            None => self.families.push(family),
        }
        place
    }

    /// The series with the labels that `write` puts in place of what its argument holds.
    pub(super) fn series(&mut self, family: usize, write: impl FnOnce(&mut Vec<u8>)) -> &mut Series {
        let Table { places, series, wanted, now, .. } = self;
        write(wanted);
        let hash = HASHER.hash_one(&wanted[..]);
        let same = |place: &usize| series[*place].hash == hash && series[*place].labels == *wanted;
        let place = match places.entry(hash, same, |place| series[*place].hash) {
            Entry::Occupied(found) => *found.get(),
            Entry::Vacant(free) => {
                let place = series.len();
                free.insert(place);
                let (samples, exemplars, histograms) = Default::default();
                let origin = *now;
                series.push(Series {
                    labels: wanted.clone(),
                    hash,
                    family,
                    samples,
                    exemplars,
                    histograms,
                    points: 0,
                    origin,
                });
                place
            }
        };
        series[place].origin = *now;
        &mut series[place]
    }

    /// The series that are asked for from now on come from this resource, or from none.
    pub(super) fn come_from(&mut self, resource: Option<&[u8]>) {
        self.now.resource = resource.map(|resource| {
            self.resources.push(resource.to_vec());
            self.resources.len() - 1
        });
    }

    pub fn all(&self) -> &[Series] {
        &self.series
    }

    pub fn families(&self) -> &[Family] {
        &self.families
    }

    /// The encoded resource that a series comes from, if that was to be remembered.
    pub fn resource_of(&self, series: &Series) -> Option<&[u8]> {
        series.origin.resource.map(|place| &self.resources[place][..])
    }

    pub(super) fn in_order(&mut self) {
        for series in &mut self.series {
            series.samples.sort_by_key(|(_, at_ms)| *at_ms);
            series.histograms.sort_by_key(|(at_ms, _)| *at_ms);
        }
    }

    pub fn len(&self) -> usize {
        self.series.len()
    }

    pub fn is_empty(&self) -> bool {
        self.series.is_empty()
    }

    /// Spread over so many lanes, a series always to the same one while the process lives.
    pub(super) fn lanes(&self, count: usize) -> Vec<Vec<&Series>> {
        let mut lanes: Vec<Vec<&Series>> = vec![Vec::new(); count.max(1)];
        for series in &self.series {
            lanes[(series.hash >> 32) as usize % count.max(1)].push(series);
        }
        lanes
    }

    pub(super) fn family_of(&self, series: &Series) -> &Family {
        &self.families[series.family]
    }
}
