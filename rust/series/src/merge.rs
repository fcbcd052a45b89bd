//! Segments of the same time become one: later samples win, deleted ones go.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use hashbrown::HashMap;
use otelier_disk::Disk;
use otelier_segment::error::ReadError;
use otelier_segment::hash::{hash_bytes, mix};
use otelier_segment::write::WriteError;
use serde::Deserialize;

use crate::flush::by_time_exemplars;
use crate::labels;
use crate::matcher::Matcher;
use crate::order::compare;
use crate::read::{Natives, Row, Rows, Segment};
use crate::segment::{Exemplar, Histogram, Input, Names, Writer, Written};
use crate::view::{TYPES, has_series, read_exemplars, read_metadata};

/// Samples to leave out, both ends included.
#[derive(Debug)]
pub struct Tombstone {
    matchers: Vec<Matcher>,
    start_ms: i64,
    end_ms: i64,
}

#[derive(Deserialize)]
struct Said {
    matchers: Vec<(String, String, String)>,
    start_ms: i64,
    end_ms: i64,
}

impl Tombstone {
    /// From a JSON list of `{matchers: [[name, operator, value], …], start_ms, end_ms}`; nothing at all: none.
    pub fn parse(json: &[u8]) -> Result<Vec<Tombstone>, String> {
        if json.is_empty() {
            return Ok(Vec::new());
        }
        let all: Vec<Said> = serde_json::from_slice(json).map_err(|error| error.to_string())?;
        let tombstone = |said: Said| {
            let matcher = |(name, operator, value): (String, String, String)| Matcher::new(&name, &operator, &value);
            let matchers = said.matchers.into_iter().map(matcher).collect::<Result<_, _>>()?;
            Ok(Tombstone { matchers, start_ms: said.start_ms, end_ms: said.end_ms })
        };
        all.into_iter().map(tombstone).collect()
    }

    fn means(&self, labels: &[u8]) -> bool {
        let value = |matcher: &Matcher| labels::value(labels, &matcher.name).unwrap_or_default();
        self.matchers.iter().all(|matcher| matcher.holds(value(matcher)))
    }
}

/// Of a file that can't be read: damage stays damage.
pub(crate) fn unreadable(error: ReadError) -> WriteError {
    match error {
        ReadError::Io { error, .. } => WriteError::Disk(error),
        ReadError::Damaged { path, what } => WriteError::Damaged { path, what },
        ReadError::Stale(path) => WriteError::Disk(std::io::Error::new(std::io::ErrorKind::NotFound, path)),
    }
}

/// Whether a segment has a series that one of the tombstones is about, at whatever times.
pub fn concerned(disk: &Arc<dyn Disk>, path: &str, deleted: &[Tombstone]) -> Result<bool, WriteError> {
    let segment = Segment::open(disk, path).map_err(unreadable)?;
    for tombstone in deleted {
        if has_series(&segment, &tombstone.matchers).map_err(unreadable)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// One of the segments that are merged, row by row.
struct Source {
    rows: Rows,
    natives: Option<Natives>,
    exemplars: HashMap<u32, Vec<Exemplar>>,
    /// The row that is next.
    head: Option<Row>,
}

/// A sample of whatever kind.
enum Cell {
    Float(u64),
    Native(Bytes),
}

/// Merges segments of a tenant, oldest first. `None` if nothing is left. Durable on return; the manifest is left to the
/// caller, and so are the old segments.
pub fn merge(
    disk: &Arc<dyn Disk>,
    paths: &[String],
    segments: &str,
    deleted: &[Tombstone],
    now_ns: u64,
) -> Result<Option<Written>, WriteError> {
    let (mut names, mut families, mut sources) = (Names::default(), BTreeMap::new(), Vec::new());
    let (mut tenant, mut first_ms) = (String::new(), i64::MAX);
    for path in paths {
        let segment = Segment::open(disk, path).map_err(unreadable)?;
        let bytes = |texts: &[String]| texts.iter().map(|text| text.clone().into_bytes()).collect::<Vec<_>>();
        names.labels.extend(bytes(&segment.summary.labels));
        names.soft.extend(bytes(&segment.summary.soft));
        tenant.clone_from(&segment.summary.tenant);
        first_ms = first_ms.min(segment.summary.min_ms);
        read_metadata(&segment, &mut families).map_err(unreadable)?;
        sources.push(Source::open(segment).map_err(unreadable)?);
    }
    let seed = paths.iter().fold(0, |seed, path| mix(seed, hash_bytes(path.as_bytes())));
    let mut writer = Writer::new(&**disk, segments, &tenant, &names, now_ns, seed)?;
    let mut merged = Merged::default();
    while merged.next(&mut sources, deleted).map_err(unreadable)? {
        if !merged.is_empty() {
            writer.put(&merged.input())?;
        }
    }
    if writer.is_empty() && families.is_empty() {
        writer.abandon()?;
        return Ok(None);
    }
    for (name, family) in &families {
        let of = TYPES.get(usize::from(family.kind)).copied().unwrap_or(TYPES[0]);
        writer.put_metadata([name, of.as_bytes(), &family.help, &family.unit])?;
    }
    writer.finish(first_ms).map(Some)
}

impl Source {
    fn open(segment: Segment) -> Result<Source, ReadError> {
        let mut exemplars: HashMap<u32, Vec<Exemplar>> = HashMap::new();
        read_exemplars(&segment, |row, exemplar| exemplars.entry(row).or_default().push(exemplar))?;
        let natives = Natives::open(&segment)?;
        let mut rows = Rows::new(segment);
        let head = rows.next_row()?;
        Ok(Source { rows, natives, exemplars, head })
    }
}

/// The series that is written next.
#[derive(Default)]
struct Merged {
    labels: Vec<u8>,
    soft: Vec<u8>,
    ms: Vec<i64>,
    bits: Vec<u64>,
    histograms: Vec<Histogram>,
    exemplars: Vec<Exemplar>,
}

impl Merged {
    /// Takes the next series out of all sources; false if there is none.
    fn next(&mut self, sources: &mut [Source], deleted: &[Tombstone]) -> Result<bool, ReadError> {
        let heads = sources.iter().filter_map(|source| source.head.as_ref()).map(|head| &head.labels);
        let Some(first) = heads.min_by(|a, b| compare(a, b)) else { return Ok(false) };
        self.labels.clone_from(first);
        self.soft.clear();
        self.exemplars.clear();
        let mut cells: Vec<(i64, Cell)> = Vec::new();
        for source in sources {
            let is_it = |head: &Row| compare(&head.labels, &self.labels) == Ordering::Equal;
            if !source.head.as_ref().is_some_and(is_it) {
                continue;
            }
            let next = source.rows.next_row()?;
            let Some(row) = std::mem::replace(&mut source.head, next) else { continue };
            if !row.soft.is_empty() {
                self.soft.clone_from(&row.soft);
            }
            cells.extend(row.ms.iter().zip(&row.bits).map(|(ms, bits)| (*ms, Cell::Float(*bits))));
            if let Some(natives) = &source.natives {
                let times = natives.times(row.number);
                let messages = natives.messages(row.number, 0..times.len())?;
                cells.extend(times.iter().zip(messages).map(|(ms, message)| (*ms, Cell::Native(message))));
            }
            self.exemplars.extend(source.exemplars.remove(&row.number).unwrap_or_default());
        }
        if !cells.is_sorted_by(|a, b| a.0 < b.0) {
            cells.reverse();
            cells.sort_by_key(|(ms, _)| *ms);
            cells.dedup_by_key(|(ms, _)| *ms);
        }
        let gone: Vec<&Tombstone> = deleted.iter().filter(|tombstone| tombstone.means(&self.labels)).collect();
        let is_gone = |ms: i64| gone.iter().any(|tombstone| (tombstone.start_ms..=tombstone.end_ms).contains(&ms));
        self.exemplars.retain(|exemplar| !is_gone(exemplar.ms));
        by_time_exemplars(&mut self.exemplars);
        self.ms.clear();
        self.bits.clear();
        self.histograms.clear();
        for (ms, cell) in cells.into_iter().filter(|(ms, _)| !is_gone(*ms)) {
            match cell {
                Cell::Float(bits) => {
                    self.ms.push(ms);
                    self.bits.push(bits);
                }
                Cell::Native(message) => self.histograms.push(Histogram { ms, message }),
            }
        }
        Ok(true)
    }

    fn is_empty(&self) -> bool {
        self.ms.is_empty() && self.histograms.is_empty() && self.exemplars.is_empty()
    }

    fn input(&self) -> Input<'_> {
        Input {
            labels: &self.labels,
            soft: &self.soft,
            ms: &self.ms,
            bits: &self.bits,
            histograms: &self.histograms,
            exemplars: &self.exemplars,
        }
    }
}
