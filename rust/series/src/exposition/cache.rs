//! What a target has exposed before: from the bytes of a series in an answer to the labels that it is stored with.
//!
//! A scrape goes `read`, `learn` (what is new was relabelled by the caller), `finish`. Whatever fails before `finish` leaves
//! the cache as it was, and the caller says `fail`: all series of the scrape before become stale, as when they vanish.

use std::borrow::Cow;
use std::hash::BuildHasher;
use std::sync::Arc;

use hashbrown::{DefaultHashBuilder, HashMap, HashTable};

use super::{Error, Family, Format, Kind, Pairs, Sample, Sink, Value, Wanted, parse};
use crate::chunk::Native;
use crate::labels::{hash, put_sorted};
use crate::samples::Roster;

/// The value that says that a series has ended.
pub const STALE: u64 = 0x7ff0_0000_0000_0002;
/// Keys that no longer come are forgotten when they are more than those that do, and more than this.
const FORGET_FROM: usize = 1024;
const DROPPED: u32 = u32::MAX;
const SUFFIXES: [&[u8]; 9] =
    [b"_bucket", b"_sum", b"_count", b"_total", b"_created", b"_info", b"_gcount", b"_gsum", b"_max"];

/// Bytes of a text that all of one kind share: what comes one behind the other in answers lies so in memory.
#[derive(Clone, Copy, Default)]
struct Span {
    start: usize,
    length: u32,
}

impl Span {
    fn of(self, text: &[u8]) -> &[u8] {
        &text[self.start..self.start + self.length as usize]
    }

    fn append(text: &mut Vec<u8>, part: &[u8]) -> Span {
        let start = text.len();
        text.extend_from_slice(part);
        Span { start, length: part.len() as u32 }
    }
}

struct Entry {
    key: Span,
    hash: u64,
    /// Index of its series, or `DROPPED`.
    series: u32,
    seen: u64,
}

/// A series as it is stored; its labels are in the roster.
pub struct Series {
    /// Of its family; empty if none was announced.
    pub family: Box<[u8]>,
    /// Number of the scrape that it was last in.
    seen: u64,
    exemplar: u64,
    /// When its counting began, as far as is known, and what it last was; only where that is asked for.
    start_ms: Option<i64>,
    last: f64,
}

/// What is said about a family.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Metadata {
    pub kind: Kind,
    pub help: String,
    pub unit: String,
}

#[derive(Clone, Copy)]
struct Raw {
    entry: u32,
    ms: Option<i64>,
    created_ms: Option<i64>,
    bits: u64,
    /// One more than the index of its native histogram.
    native: u32,
}

/// A sample of a series.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Row {
    pub series: u32,
    pub ms: i64,
    pub created_ms: Option<i64>,
    pub bits: u64,
    /// One more than the index of its native histogram; then `bits` says nothing.
    pub native: u32,
}

/// An exemplar of a series.
#[derive(Clone, Debug, PartialEq)]
pub struct Example {
    pub series: u32,
    pub ms: i64,
    pub bits: u64,
    /// Canonical.
    pub labels: Vec<u8>,
}

/// How a scrape ends.
#[derive(Clone, Debug, Default)]
pub struct Finish {
    pub now_ms: i64,
    /// Keep timestamps that samples come with.
    pub honor_timestamps: bool,
    /// Write stale markers for series that have these, too.
    pub track_timestamps: bool,
    /// 0: any number.
    pub sample_limit: usize,
    /// Most buckets of a native histogram; 0: any number. Where there are more, neighbours become one.
    pub bucket_limit: usize,
    /// The finest schema of a native histogram; finer ones become that.
    pub max_schema: Option<i64>,
}

/// What is to be stored.
#[derive(Debug, Default)]
pub struct Outcome {
    pub rows: Vec<Row>,
    pub natives: Vec<Vec<u8>>,
    pub exemplars: Vec<Example>,
    /// Samples in the answer, after relabelling, of series that were not in the scrape before, and left out because another
    /// of the same series came before.
    pub scraped: usize,
    pub kept: usize,
    pub added: usize,
    pub duplicates: usize,
}

#[derive(Default)]
pub struct Cache {
    hasher: DefaultHashBuilder,
    entries: Vec<Entry>,
    keys: HashTable<u32>,
    series: Vec<Series>,
    key_text: Vec<u8>,
    roster: Arc<Roster>,
    by_labels: HashTable<u32>,
    families: HashMap<Box<[u8]>, Metadata>,
    scrape: u64,
    /// The entry that came last: most answers have the same order as the one before.
    last: usize,
    /// Series that become stale when they don't come again.
    tracked: Vec<u32>,
    pending: Pending,
}

/// Entry, number among the raw samples, time in ms, bits of the value, labels.
type FoundExemplar = (u32, u32, Option<i64>, u64, Vec<u8>);

/// A family and labels.
type Unknown = (Box<[u8]>, Vec<(String, String)>);

#[derive(Default)]
struct Pending {
    raws: Vec<Raw>,
    natives: Vec<(Vec<u8>, usize)>,
    exemplars: Vec<FoundExemplar>,
    /// Families and labels of the entries from `first_new` on.
    unknown: Vec<Unknown>,
    first_new: usize,
}

/// A native histogram, coarser if it must be.
fn limited((message, buckets): (Vec<u8>, usize), how: &Finish) -> Result<Vec<u8>, String> {
    let most = if how.bucket_limit > 0 { how.bucket_limit } else { usize::MAX };
    if buckets <= most && how.max_schema.is_none() {
        return Ok(message);
    }
    let native = Native::read(&message);
    let coarse = native.coarser(most, how.max_schema.unwrap_or(i64::MAX)).ok_or_else(|| {
        format!("a native histogram has {buckets} buckets, and native_histogram_bucket_limit is {most}")
    })?;
    Ok(if coarse == native { message } else { coarse.message() })
}

impl Cache {
    pub fn new() -> Cache {
        Cache::default()
    }

    /// Walk an answer; then `unknown` are the series that must be learnt. Answers the number of samples.
    pub fn read(&mut self, body: &[u8], format: Format, wanted: Wanted) -> Result<usize, Error> {
        self.forget_unlearnt();
        self.scrape += 1;
        self.last = usize::MAX;
        self.pending = Pending { first_new: self.entries.len(), ..Pending::default() };
        self.pending.raws.reserve(self.tracked.len());
        let found = parse(body, format, wanted, self);
        if found.is_err() {
            self.forget_unlearnt();
        }
        found.map(|()| self.pending.raws.len())
    }

    /// Labels of what is new, in order, with `__name__` first.
    pub fn unknown(&self) -> impl ExactSizeIterator<Item = &[(String, String)]> {
        self.pending.unknown.iter().map(|(_, labels)| labels.as_slice())
    }

    /// For each of the unknown its labels as they are stored (canonical), or None to drop it.
    pub fn learn(&mut self, labels: Vec<Option<Vec<u8>>>) {
        let unknown = std::mem::take(&mut self.pending.unknown);
        let mut new = Vec::new();
        for (number, (labels, (family, _))) in labels.into_iter().zip(unknown).enumerate() {
            let series = labels.map_or(DROPPED, |labels| self.series_of(labels, family, &mut new));
            self.entries[self.pending.first_new + number].series = series;
        }
        if !new.is_empty() {
            self.roster = Arc::new(self.roster.with(new.iter().map(|(labels, _)| &**labels)));
        }
        self.pending.first_new = self.entries.len();
    }

    /// The samples, and stale markers for what has gone. An error is a limit that is exceeded.
    pub fn finish(&mut self, how: &Finish) -> Result<Outcome, String> {
        assert_eq!(self.pending.first_new, self.entries.len(), "all is learnt");
        let pending = std::mem::take(&mut self.pending);
        let mut out = Outcome { scraped: pending.raws.len(), ..Outcome::default() };
        out.kept = pending.raws.iter().filter(|raw| self.entries[raw.entry as usize].series != DROPPED).count();
        if how.sample_limit > 0 && out.kept > how.sample_limit {
            return Err(format!("{} samples, and sample_limit is {}", out.kept, how.sample_limit));
        }
        out.natives = pending.natives.into_iter().map(|found| limited(found, how)).collect::<Result<_, _>>()?;
        out.rows.reserve(out.kept);
        let mut tracked = Vec::with_capacity(out.kept);
        for raw in &pending.raws {
            let id = self.entries[raw.entry as usize].series;
            if id == DROPPED {
                continue;
            }
            let ms = raw.ms.filter(|_| how.honor_timestamps);
            let series = &mut self.series[id as usize];
            if series.seen == self.scrape && ms.is_none() {
                out.duplicates += 1;
                continue;
            }
            out.added += usize::from(series.seen + 1 < self.scrape || series.seen == 0);
            if ms.is_none() || how.track_timestamps {
                tracked.push(id);
            }
            series.seen = self.scrape;
            let Raw { created_ms, bits, native, .. } = *raw;
            out.rows.push(Row { series: id, ms: ms.unwrap_or(how.now_ms), created_ms, bits, native });
        }
        out.exemplars = self.new_exemplars(pending.exemplars, how);
        let before = std::mem::replace(&mut self.tracked, tracked);
        self.mark_stale(&before, how.now_ms, &mut out.rows);
        self.forget_unused();
        Ok(out)
    }

    /// The scrape failed, or the target has gone: stale markers for all that was there.
    pub fn fail(&mut self, now_ms: i64) -> Vec<Row> {
        self.forget_unlearnt();
        self.scrape += 1;
        let mut rows = Vec::new();
        let before = std::mem::take(&mut self.tracked);
        self.mark_stale(&before, now_ms, &mut rows);
        rows
    }

    pub fn series(&self, id: u32) -> &Series {
        &self.series[id as usize]
    }

    /// Canonical.
    pub fn labels(&self, id: u32) -> &[u8] {
        self.roster.labels(id)
    }

    /// All series, by id.
    pub fn roster(&self) -> &Arc<Roster> {
        &self.roster
    }

    /// When the counting that a row goes on with began: what the target says, else the first time that it was seen.
    pub fn start_of(&mut self, row: &Row) -> Option<i64> {
        let series = &mut self.series[row.series as usize];
        if row.bits == STALE && row.native == 0 {
            return std::mem::take(&mut series.start_ms);
        }
        let value = f64::from_bits(row.bits);
        if series.start_ms.is_none() || (row.native == 0 && value < series.last) {
            series.start_ms = Some(row.ms);
        }
        series.last = value;
        row.created_ms.or(series.start_ms)
    }

    pub fn families(&self) -> impl Iterator<Item = (&[u8], &Metadata)> {
        self.families.iter().map(|(name, metadata)| (name.as_ref(), metadata))
    }

    pub fn metadata(&self, family: &[u8]) -> Option<&Metadata> {
        self.families.get(family)
    }

    /// The entry of a key, or the key's hash.
    #[inline]
    fn known(&self, key: &[u8]) -> Result<u32, u64> {
        let next = self.last.wrapping_add(1);
        if self.entries.get(next).is_some_and(|entry| entry.key.of(&self.key_text) == key) {
            return Ok(next as u32);
        }
        let hash = self.hasher.hash_one(key);
        let found = self.keys.find(hash, |n| {
            let entry = &self.entries[*n as usize];
            entry.hash == hash && entry.key.of(&self.key_text) == key
        });
        found.copied().ok_or(hash)
    }

    /// `new`: labels and hash of what is not in the roster yet.
    fn series_of(&mut self, labels: Vec<u8>, family: Box<[u8]>, new: &mut Vec<(Vec<u8>, u64)>) -> u32 {
        let hash_ = hash(&labels);
        let roster = &*self.roster;
        let of = |id: u32| match (id as usize).checked_sub(roster.len()) {
            None => (roster.labels(id), roster.hash(id)),
            Some(at) => (&*new[at].0, new[at].1),
        };
        if let Some(id) = self.by_labels.find(hash_, |id| of(*id).0 == labels) {
            return *id;
        }
        let id = self.series.len() as u32;
        self.by_labels.insert_unique(hash_, id, |id| of(*id).1);
        self.series.push(Series { family, seen: 0, exemplar: 0, start_ms: None, last: 0.0 });
        new.push((labels, hash_));
        id
    }

    fn mark_stale(&self, before: &[u32], now_ms: i64, rows: &mut Vec<Row>) {
        let gone = before.iter().filter(|id| self.series[**id as usize].seen != self.scrape);
        rows.extend(gone.map(|id| Row { series: *id, ms: now_ms, created_ms: None, bits: STALE, native: 0 }));
    }

    fn new_exemplars(&mut self, found: Vec<FoundExemplar>, how: &Finish) -> Vec<Example> {
        let mut out = Vec::new();
        for (entry, raw_number, ms, bits, labels) in found {
            let id = self.entries[entry as usize].series;
            if id == DROPPED {
                continue;
            }
            let mark = self.hasher.hash_one((raw_number, ms, bits, &labels)) | 1;
            let series = &mut self.series[id as usize];
            // The same one stays in the answer until another comes.
            if series.exemplar != mark {
                series.exemplar = mark;
                out.push(Example { series: id, ms: ms.unwrap_or(how.now_ms), bits, labels });
            }
        }
        out
    }

    fn forget_unlearnt(&mut self) {
        let first = self.pending.first_new;
        if first < self.entries.len() && !self.pending.unknown.is_empty() {
            self.keys.retain(|entry| (*entry as usize) < first);
            self.key_text.truncate(self.entries[first].key.start);
            self.entries.truncate(first);
        }
        self.pending = Pending { first_new: self.entries.len(), ..Pending::default() };
    }

    fn forget_unused(&mut self) {
        if self.entries.len() < FORGET_FROM {
            return;
        }
        let used = self.entries.iter().filter(|entry| entry.seen == self.scrape).count();
        if self.entries.len() < 2 * used {
            return;
        }
        let scrape = self.scrape;
        let mut places = vec![DROPPED; self.series.len()];
        let mut kept = Vec::new();
        let mut labels = Vec::new();
        for (id, series) in std::mem::take(&mut self.series).into_iter().enumerate() {
            if series.seen == scrape {
                places[id] = kept.len() as u32;
                labels.push(self.roster.labels(id as u32));
                kept.push(series);
            }
        }
        // A series that was kept by labels alone has no entry that leads to it any more, and is found again by labels.
        let roster = Roster::default().with(labels.into_iter());
        (self.series, self.roster) = (kept, Arc::new(roster));
        self.entries.retain(|entry| entry.seen == scrape);
        let mut text = Vec::new();
        for entry in &mut self.entries {
            entry.key = Span::append(&mut text, entry.key.of(&self.key_text));
            entry.series = places.get(entry.series as usize).copied().unwrap_or(DROPPED);
        }
        self.key_text = text;
        self.tracked.iter_mut().for_each(|id| *id = places[*id as usize]);
        (self.keys, self.by_labels) = (HashTable::new(), HashTable::new());
        for (number, entry) in self.entries.iter().enumerate() {
            self.keys.insert_unique(entry.hash, number as u32, |n| self.entries[*n as usize].hash);
        }
        for id in 0..self.series.len() as u32 {
            self.by_labels.insert_unique(self.roster.hash(id), id, |id| self.roster.hash(*id));
        }
        self.pending.first_new = self.entries.len();
    }
}

impl Sink for Cache {
    #[inline]
    fn expected(&self, line: &[u8]) -> Option<usize> {
        let key = self.entries.get(self.last.wrapping_add(1))?.key.of(&self.key_text);
        let rest = line.strip_prefix(key)?;
        // A name may be the beginning of another, or have its labels behind blanks.
        let ends =
            key.ends_with(b"}") || (rest.first() == Some(&b' ') && !matches!(rest.get(1), Some(b' ' | b'\t' | b'{')));
        ends.then_some(key.len())
    }

    fn kind(&mut self, family: &[u8], kind: Kind) {
        match self.families.get_mut(family) {
            Some(known) => known.kind = kind,
            None => drop(self.families.insert(family.into(), Metadata { kind, ..Metadata::default() })),
        }
    }

    fn help(&mut self, family: &[u8], text: Cow<'_, str>) {
        match self.families.get_mut(family) {
            Some(known) if known.help == text => {}
            Some(known) => known.help = text.into_owned(),
            None => {
                self.families.insert(family.into(), Metadata { help: text.into_owned(), ..Metadata::default() });
            }
        }
    }

    fn unit(&mut self, family: &[u8], unit: &[u8]) {
        let unit = String::from_utf8_lossy(unit);
        match self.families.get_mut(family) {
            Some(known) if known.unit == unit => {}
            Some(known) => known.unit = unit.into_owned(),
            None => {
                self.families.insert(family.into(), Metadata { unit: unit.into_owned(), ..Metadata::default() });
            }
        }
    }

    fn sample<'a>(
        &mut self,
        sample: Sample<'a, '_>,
        labels: &mut dyn FnMut() -> Result<Pairs<'a>, String>,
    ) -> Result<(), String> {
        let number = match self.known(sample.key) {
            Ok(number) => number,
            Err(hash) => {
                let labels = labels()?;
                let family = family_of(&labels, sample.family);
                let owned = labels.into_iter().map(|(name, value)| (name.into_owned(), value.into_owned())).collect();
                self.pending.unknown.push((family.into(), owned));
                let number = self.entries.len() as u32;
                let key = Span::append(&mut self.key_text, sample.key);
                self.entries.push(Entry { key, hash, series: DROPPED, seen: 0 });
                let entries = &self.entries;
                self.keys.insert_unique(hash, number, |n| entries[*n as usize].hash);
                number
            }
        };
        self.last = number as usize;
        self.entries[number as usize].seen = self.scrape;
        let (bits, native) = match sample.value {
            Value::Float(value) => (value.to_bits(), 0),
            Value::Native(message, buckets) => {
                self.pending.natives.push((message, buckets));
                (0, self.pending.natives.len() as u32)
            }
        };
        for (count, exemplar) in sample.exemplars.into_iter().enumerate() {
            let mut labels = Vec::new();
            let mut pairs: Vec<_> =
                exemplar.labels.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes())).collect();
            put_sorted(&mut labels, &mut pairs).map_err(|_| "exemplar: a label is given twice")?;
            let bits = exemplar.value.to_bits();
            self.pending.exemplars.push((number, count as u32, exemplar.ms.or(sample.ms), bits, labels));
        }
        self.pending.raws.push(Raw { entry: number, ms: sample.ms, created_ms: sample.created_ms, bits, native });
        Ok(())
    }
}

/// The family's name if the sample is one of it; empty if not.
fn family_of<'f>(labels: &Pairs<'_>, family: Family<'f>) -> &'f [u8] {
    let name = labels.first().map_or(&b""[..], |(_, name)| name.as_bytes());
    let belongs = name.strip_prefix(family.name).is_some_and(|rest| rest.is_empty() || SUFFIXES.contains(&rest));
    if belongs { family.name } else { b"" }
}
