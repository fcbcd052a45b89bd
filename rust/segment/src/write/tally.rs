//! Spans counted by operation: the row-group catalogue and the roll-ups.

use hashbrown::HashMap;

use super::headers::Headers;
use super::intern::Interner;
use crate::encode::Strings;
use crate::index::{Catalogue, CatalogueEntry, Cell, Dependency, Operation, Rollups, Summary, bucket, bucket_middle};

const ERROR: i32 = 2;
const MINUTE_NS: u64 = 60_000_000_000;
/// Stands for no service.
const NONE: u32 = u32::MAX;

/// A span as it is counted.
#[derive(Clone, Copy, Debug)]
struct Entry {
    operation: u32,
    status_code: i32,
    start_ns: u64,
    duration_ns: i64,
}

/// Service, name and kind by number.
type OperationKey = (u32, u32, i32);

#[derive(Default)]
pub struct Tally {
    operations: Vec<OperationKey>,
    numbers: HashMap<OperationKey, u32>,
    entries: Vec<Entry>,
    /// Where row groups end in `entries`.
    ends: Vec<usize>,
    /// Parent's and child's service and minute: calls and errors.
    dependencies: HashMap<(u32, u32, u64), (u64, u64)>,
}

impl Tally {
    /// Counts the next row. `service` and `name` are numbers in the headers' services and in `names` at the finish.
    pub fn row(
        &mut self,
        service: Option<u32>,
        name: u32,
        kind: i32,
        status_code: i32,
        times: (u64, u64),
        parent_distance: u32,
    ) {
        let key = (service.unwrap_or(NONE), name, kind);
        let operation = *self.numbers.entry(key).or_insert_with(|| {
            self.operations.push(key);
            self.operations.len() as u32 - 1
        });
        let (start_ns, duration_ns) = (times.0, times.1.wrapping_sub(times.0) as i64);
        if let (Some(child), 1..) = (service, parent_distance)
            && let Some(parent) = self.entries.len().checked_sub(parent_distance as usize)
            && let (parent, ..) = self.operations[self.entries[parent].operation as usize]
            && parent != child
            && parent != NONE
        {
            let (calls, errors) = self.dependencies.entry((parent, child, start_ns / MINUTE_NS)).or_default();
            *calls += 1;
            *errors += u64::from(status_code == ERROR);
        }
        self.entries.push(Entry { operation, status_code, start_ns, duration_ns });
    }

    pub fn close_group(&mut self) {
        self.ends.push(self.entries.len());
    }

    /// Fills in the summary's services and operations.
    pub fn finish(self, headers: &Headers, names: &Interner, summary: &mut Summary) -> (Catalogue, Rollups) {
        let services = Sorted::new(&headers.services.strings, self.operations.iter().map(|(service, ..)| *service));
        let names = Sorted::new(&names.strings, self.operations.iter().map(|(_, name, _)| *name));
        // Operations as (service, name, kind) by place in the sorted lists.
        let placed = |(service, name, kind): &OperationKey| (services.place(*service), names.place(*name), *kind);
        let mut sorted: Vec<(u32, u32, i32)> = self.operations.iter().map(placed).collect();
        sorted.sort_unstable();
        sorted.dedup();
        let place_of = |key| sorted.partition_point(|other| *other < key) as u32;
        let places: Vec<u32> = self.operations.iter().map(|operation| place_of(placed(operation))).collect();
        let mut spans = vec![0; sorted.len()];
        self.entries.iter().for_each(|entry| spans[places[entry.operation as usize] as usize] += 1);
        let operation = |(&(service, name, kind), spans): (&(u32, u32, i32), u64)| {
            let (service, name) = (services.texts[service as usize].clone(), names.texts[name as usize].clone());
            Operation { service, name, kind, spans }
        };
        summary.operations = sorted.iter().zip(spans).map(operation).collect();
        summary.services = services.texts.clone();
        let catalogue = self.catalogue(&summary.operations, &places);
        let dependency = |(&(parent, child, minute), &(calls, errors)): (&(u32, u32, u64), &(u64, u64))| {
            let (parent, child) = (services.place(parent), services.place(child));
            Dependency { parent, child, minute, calls, errors }
        };
        let mut dependencies: Vec<Dependency> = self.dependencies.iter().map(dependency).collect();
        dependencies.sort_unstable();
        (catalogue, Rollups { cells: self.cells(&places), dependencies })
    }

    fn catalogue(&self, operations: &[Operation], places: &[u32]) -> Catalogue {
        let mut names: Vec<(String, String)> = Vec::new();
        // Operations are sorted by service and name: those that differ in kind only follow each other.
        let name_of: Vec<u32> = operations
            .iter()
            .map(|operation| {
                if names.last().is_none_or(|(service, name)| (service, name) != (&operation.service, &operation.name)) {
                    names.push((operation.service.clone(), operation.name.clone()));
                }
                names.len() as u32 - 1
            })
            .collect();
        let mut row_groups = Vec::new();
        let mut start = 0;
        for end in &self.ends {
            let one = |entry: &Entry| CatalogueEntry {
                name: name_of[places[entry.operation as usize] as usize],
                status_code: entry.status_code,
                spans: 1,
                longest: bucket(entry.duration_ns),
            };
            let mut entries: Vec<CatalogueEntry> = self.entries[start..*end].iter().map(one).collect();
            entries.sort_unstable();
            entries.dedup_by(|later, first| {
                let same = (later.name, later.status_code) == (first.name, first.status_code);
                if same {
                    first.spans += later.spans;
                    first.longest = first.longest.max(later.longest);
                }
                same
            });
            row_groups.push(entries);
            start = *end;
        }
        Catalogue { names, row_groups }
    }

    fn cells(&self, places: &[u32]) -> Vec<Cell> {
        // By operation, then moment and bucket in one word.
        let key = |entry: &Entry| {
            let moment = 2 * (entry.start_ns / MINUTE_NS) + u64::from(!entry.start_ns.is_multiple_of(MINUTE_NS));
            (places[entry.operation as usize], moment << 16 | u64::from(bucket(entry.duration_ns)))
        };
        let mut sorted: Vec<((u32, u64), u32)> = self.entries.iter().map(key).zip(0..).collect();
        sorted.sort_unstable();
        let mut cells: Vec<Cell> = Vec::new();
        for ((operation, word), at) in sorted {
            let entry = &self.entries[at as usize];
            let (moment, bucket) = (word >> 16, word as u32 & 0xffff);
            let (duration, error) = (entry.duration_ns, entry.status_code == ERROR);
            let new = cells.last().is_none_or(|cell| (cell.operation, cell.moment) != (operation, moment));
            if new {
                cells.push(Cell { operation, moment, ..Cell::default() });
            }
            let Some(cell) = cells.last_mut() else { continue };
            cell.calls += 1;
            cell.errors += u64::from(error);
            cell.sum_ns = cell.sum_ns.saturating_add(duration.max(0) as u64);
            match cell.histogram.last_mut() {
                Some((last, count)) if *last == bucket => *count += 1,
                _ => cell.histogram.push((bucket, 1)),
            }
        }
        for cell in cells.iter_mut().filter(|cell| cell.calls == 1) {
            cell.sum_ns = cell.histogram.first().map_or(0, |(bucket, _)| bucket_middle(*bucket));
        }
        cells
    }
}

/// The texts with some numbers, sorted, and where each number is in them.
struct Sorted {
    texts: Vec<String>,
    /// By number; the last is the place of none.
    places: Vec<u32>,
}

impl Sorted {
    fn new(strings: &Strings, numbers: impl Iterator<Item = u32>) -> Sorted {
        let text = |number: u32| {
            if number == NONE {
                String::new()
            } else {
                String::from_utf8_lossy(strings.get(number as usize)).into_owned()
            }
        };
        let mut used = vec![false; strings.len() + 1];
        numbers.for_each(|number| used[(number as usize).min(strings.len())] = true);
        let of_place = |place: usize| if place == strings.len() { text(NONE) } else { text(place as u32) };
        let mut texts: Vec<String> = (0..used.len()).filter(|place| used[*place]).map(of_place).collect();
        texts.sort_unstable();
        texts.dedup();
        let find = |place| texts.partition_point(|text| *text < of_place(place)) as u32;
        let places = (0..used.len()).map(|place| if used[place] { find(place) } else { 0 }).collect();
        Sorted { texts, places }
    }

    fn place(&self, number: u32) -> u32 {
        self.places[(number as usize).min(self.places.len() - 1)]
    }
}
