//! Sealed generations of the log become segments, one for each tenant and two hours.

use std::collections::{BTreeMap, BTreeSet};

use otelier_disk::generation::{self, Reader};
use otelier_disk::{Disk, Kind};
use otelier_segment::write::WriteError;

use crate::hot::{Rest, Series, Store};
use crate::labels;
use crate::pairs::NONE;
use crate::record::Record;
use crate::segment::{Exemplar, Histogram, Input, Names, Writer, Written};
use crate::view::{TYPES, by_time};

/// Of a flush of what comes in.
pub const WINDOW_MS: i64 = 7_200_000;

#[derive(Debug, Default)]
pub struct Flushed {
    pub segments: Vec<Written>,
    /// Written, histograms included.
    pub samples: u64,
    /// Bytes of the log that could not be used.
    pub damaged_bytes: u64,
    /// Bytes behind the last good record of a generation. A process that was killed leaves such; so does bit rot.
    pub torn_bytes: u64,
}

/// Where segments go.
#[derive(Clone, Copy, Debug)]
pub struct Target<'a> {
    pub disk: &'a dyn Disk,
    /// The directory.
    pub segments: &'a str,
    pub now_ns: u64,
    /// No segment reaches over a multiple of this.
    pub window_ms: i64,
}

/// Writes all that these generations hold, which are sealed, in order; durable on return. The manifest is left to the
/// caller, and so are the generations.
pub fn flush(target: Target<'_>, log_directory: &str, generations: &[u64]) -> Result<Flushed, WriteError> {
    let mut flushed = Flushed::default();
    let mut stores: BTreeMap<String, Store> = BTreeMap::new();
    for number in generations {
        let mut reader = Reader::open(target.disk, &generation::path(log_directory, *number))?;
        while let Some(record) = reader.next_record()? {
            let read = Some(&record.otlp).filter(|_| record.heading.kind == Kind::Series).and_then(Record::decode);
            let store = stores.entry(record.heading.tenant.to_string()).or_default();
            if !read.is_some_and(|read| store.add(&read)) {
                flushed.damaged_bytes += record.otlp.len() as u64;
            }
        }
        stores.values_mut().for_each(Store::forget_ids);
        flushed.damaged_bytes += reader.damaged_bytes();
        flushed.torn_bytes += reader.torn_bytes();
    }
    let seed = generations.last().copied().unwrap_or_default();
    for (tenant, store) in &stores {
        let of = Tenant { target, tenant, store, seed };
        of.flush(&mut flushed)?;
    }
    Ok(flushed)
}

struct Tenant<'a> {
    target: Target<'a>,
    tenant: &'a str,
    store: &'a Store,
    seed: u64,
}

impl Tenant<'_> {
    fn flush(&self, flushed: &mut Flushed) -> Result<(), WriteError> {
        let ordered = ordered(self.store);
        let mut windows = BTreeSet::new();
        let mut seen = vec![false; self.store.stamps.len()];
        for series in &ordered {
            for sample in &series.samples {
                seen[sample.stamp as usize] = true;
            }
            if let Some(rest) = &series.rest {
                windows.extend(rest.histograms.iter().map(|each| self.window(each.ms)));
                windows.extend(rest.exemplars.iter().map(|each| self.window(each.ms)));
            }
        }
        let stamps = self.store.stamps.iter().zip(seen).filter(|(_, seen)| *seen);
        windows.extend(stamps.map(|(ms, _)| self.window(*ms)));
        if windows.is_empty() && !self.store.families.is_empty() {
            windows.insert(self.window((self.target.now_ns / 1_000_000) as i64));
        }
        let newest = windows.last().copied();
        for each in windows {
            let written = self.write(&ordered, each, Some(each) == newest)?;
            flushed.samples += written.summary.samples + written.summary.histograms;
            flushed.segments.push(written);
        }
        Ok(())
    }

    /// The samples of two hours.
    fn write(&self, ordered: &[&Series], window: i64, is_newest: bool) -> Result<Written, WriteError> {
        let mut names = Names::default();
        let mut pieces = Pieces::default();
        let inside = |ms| self.window(ms) == window;
        let (mut labels, mut pairs) = (Vec::new(), vec![false; self.store.pairs.len()]);
        let own: Vec<bool> = self.store.stamps.iter().map(|ms| inside(*ms)).collect();
        let ordered: Vec<&Series> = ordered.iter().copied().filter(|series| is_in(series, &own, inside)).collect();
        for series in &ordered {
            names.add(b"", self.store.soft(series));
            for pair in &series.set {
                if !std::mem::replace(&mut pairs[*pair as usize], true) {
                    names.labels.insert(self.store.pairs.get(*pair).0.to_vec());
                }
            }
        }
        let seed = otelier_segment::hash::mix(self.seed, window as u64);
        let mut writer =
            Writer::new(self.target.disk, self.target.segments, self.tenant, &names, self.target.now_ns, seed)?;
        for series in ordered {
            pieces.fill(self.store, series, &own, inside);
            labels.clear();
            self.store.put_labels(series, &mut labels);
            writer.put(&Input {
                labels: &labels,
                soft: self.store.soft(series),
                ms: &pieces.ms,
                bits: &pieces.bits,
                histograms: &pieces.histograms,
                exemplars: &pieces.exemplars,
            })?;
        }
        if is_newest {
            for (name, family) in &self.store.families {
                let of = TYPES.get(usize::from(family.kind)).copied().unwrap_or(TYPES[0]);
                writer.put_metadata([name, of.as_bytes(), &family.help, &family.unit])?;
            }
        }
        writer.finish(window * self.target.window_ms)
    }

    fn window(&self, ms: i64) -> i64 {
        ms.div_euclid(self.target.window_ms)
    }
}

/// Whether anything of a series is inside of a window; `own`: which stamps are.
fn is_in(series: &Series, own: &[bool], inside: impl Fn(i64) -> bool) -> bool {
    let rest = |rest: &Rest| {
        rest.histograms.iter().any(|each| inside(each.ms)) || rest.exemplars.iter().any(|each| inside(each.ms))
    };
    series.samples.iter().any(|sample| own[sample.stamp as usize]) || series.rest.as_deref().is_some_and(rest)
}

/// In the order of segments ([`crate::order`]): by numbers, because texts would be compared again and again.
fn ordered(store: &Store) -> Vec<&Series> {
    let mut pairs: Vec<u32> = (0..store.pairs.len() as u32).collect();
    pairs.sort_by_key(|pair| store.pairs.get(*pair));
    let mut rank = vec![0; pairs.len()];
    pairs.iter().zip(0..).for_each(|(pair, place)| rank[*pair as usize] = place);
    let name = store.pairs.known_name(labels::NAME).unwrap_or(NONE);
    let metric = |series: &Series| store.pairs.find(&series.set, name).map_or(0, |pair| rank[pair as usize] + 1);
    let others = |series: &Series| {
        let own = series.set.iter().filter(|pair| store.pairs.name_of(**pair) != name);
        own.map(|pair| rank[*pair as usize]).collect::<Vec<u32>>()
    };
    let mut all: Vec<(u32, Vec<u32>, &Series)> =
        store.series().map(|series| (metric(series), others(series), series)).collect();
    all.sort_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
    all.into_iter().map(|(_, _, series)| series).collect()
}

/// What of a series lies in a window, by time; the last that came of equal times.
#[derive(Default)]
struct Pieces {
    ms: Vec<i64>,
    bits: Vec<u64>,
    histograms: Vec<Histogram>,
    exemplars: Vec<Exemplar>,
    scratch: Vec<(i64, u64)>,
}

impl Pieces {
    /// `own`: which stamps are inside.
    fn fill(&mut self, store: &Store, series: &Series, own: &[bool], inside: impl Fn(i64) -> bool) {
        self.scratch.clear();
        self.scratch.reserve(series.samples.len());
        for sample in &series.samples {
            if own[sample.stamp as usize] {
                self.scratch.push((store.stamps[sample.stamp as usize], sample.bits()));
            }
        }
        let rest = series.rest.as_deref();
        let own = |each: &&Histogram| inside(each.ms);
        let own_exemplar = |each: &&Exemplar| inside(each.ms);
        self.histograms =
            by_time(rest.map_or(Vec::new(), |rest| rest.histograms.iter().filter(own).cloned().collect()));
        self.exemplars = rest.map_or(Vec::new(), |rest| rest.exemplars.iter().filter(own_exemplar).cloned().collect());
        by_time_exemplars(&mut self.exemplars);
        last_of_equal(&mut self.scratch);
        if !self.histograms.is_empty() {
            self.scratch.retain(|(ms, _)| self.histograms.binary_search_by_key(ms, |each| each.ms).is_err());
        }
        self.ms.clear();
        self.bits.clear();
        self.ms.extend(self.scratch.iter().map(|(ms, _)| ms));
        self.bits.extend(self.scratch.iter().map(|(_, bits)| bits));
    }
}

/// Sorts samples by time; of equal times the last stays.
pub fn last_of_equal(samples: &mut Vec<(i64, u64)>) {
    if samples.is_sorted_by(|a, b| a.0 < b.0) {
        return;
    }
    samples.reverse();
    samples.sort_by_key(|(ms, _)| *ms);
    samples.dedup_by_key(|(ms, _)| *ms);
}

/// Sorts exemplars by time, each once.
pub fn by_time_exemplars(exemplars: &mut Vec<Exemplar>) {
    exemplars.sort_by(|a, b| (a.ms, a.bits, &a.labels).cmp(&(b.ms, b.bits, &b.labels)));
    exemplars.dedup();
}
