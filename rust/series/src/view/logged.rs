//! Finds series in what the log holds, and copies their samples out of it, so that the log can go on meanwhile.

use std::ops::Range;

use hashbrown::HashMap;

use super::join::{Joined, Query};
use crate::hot::{Sample, Series, Store};
use crate::labels::{self, NAME};
use crate::matcher::Matcher;
use crate::pairs::NONE;
use crate::segment::{Exemplar, Histogram};
use crate::soft;

/// What a store had to say.
#[derive(Debug, Default)]
pub struct Extract {
    pub found: Vec<Found>,
    /// Lists of ascending timestamps in the window.
    pub lists: Vec<Vec<i64>>,
    /// Floats of the series one behind the other, by ascending time.
    pub values: Vec<f64>,
    pub histograms: Vec<Vec<Histogram>>,
    pub exemplars: Vec<Vec<Exemplar>>,
    /// Some matcher waits for what soft attributes say.
    pub waits: bool,
}

#[derive(Clone, Copy, Debug)]
pub struct Found {
    pub series: u32,
    /// Its list, and where its floats begin.
    pub list: u32,
    pub values: usize,
}

/// What to copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    Labels,
    Samples,
    Exemplars,
}

/// The times of series that came together.
struct List {
    /// Which of the samples are in the window, by time, the last that came of equal times.
    order: Vec<u32>,
    /// The same, if they are neighbours that came by time: mostly they are.
    run: Option<Range<usize>>,
    number: u32,
}

pub fn extract(store: &Store, query: &Query, wanted: Wanted, soft_names: &[&[u8]], joined: &mut Joined) -> Extract {
    let mut out = Extract::default();
    let mut lists: HashMap<(u64, usize), List> = HashMap::new();
    let mut pairs = vec![NONE; store.pairs.len()];
    let tests: Vec<Test> = query
        .matchers
        .iter()
        .filter(|matcher| matcher.name != NAME)
        .map(|matcher| Test::new(store, matcher, soft_names, &mut out.waits))
        .collect();
    let mut verdicts: Vec<Vec<Option<bool>>> = tests.iter().map(|_| vec![None; store.pairs.len()]).collect();
    let of_name = || query.matchers.iter().filter(|matcher| matcher.name == NAME);
    let mut scratch = Vec::new();
    for (metric, numbers) in &store.by_metric {
        let name = if *metric == NONE { &b""[..] } else { store.pairs.value(*metric) };
        if !of_name().all(|matcher| matcher.holds(name)) {
            continue;
        }
        for number in numbers {
            let series = store.get(*number);
            let fits = tests.iter().zip(&mut verdicts).all(|(test, known)| test.holds(store, series, known));
            if !fits {
                continue;
            }
            let list = list_of(store, series, query, &mut lists, &mut out.lists);
            let rest = series.rest.as_deref();
            let natives = rest.map_or(&[][..], |rest| &rest.histograms);
            let is_met = |histogram: &&Histogram| (query.first_ms..=query.last_ms).contains(&histogram.ms);
            let exemplars = match wanted {
                Wanted::Exemplars => rest.map_or(Vec::new(), |rest| in_window(&rest.exemplars, query)),
                _ => Vec::new(),
            };
            if list.order.is_empty() && natives.iter().find(is_met).is_none() && exemplars.is_empty() {
                continue;
            }
            scratch.clear();
            scratch.extend(series.set.iter().map(|pair| translated(store, *pair, &mut pairs, joined)));
            let found = Found { series: joined.add(&scratch), list: list.number, values: out.values.len() };
            if series.soft != 0 && !soft_names.is_empty() {
                let pairs = soft_pairs(store, series, soft_names, joined);
                joined.set_soft(found.series, pairs);
            }
            if wanted == Wanted::Samples {
                let value = |sample: &Sample| f64::from_bits(sample.bits());
                match &list.run {
                    Some(run) => out.values.extend(series.samples[run.clone()].iter().map(value)),
                    None => out.values.extend(list.order.iter().map(|at| value(&series.samples[*at as usize]))),
                }
                out.histograms.push(by_time(natives.iter().filter(is_met).cloned().collect()));
            }
            out.exemplars.push(exemplars);
            out.found.push(found);
        }
    }
    out
}

/// A matcher, and what a series without the label is to it.
struct Test<'a> {
    matcher: &'a Matcher,
    name: Option<u32>,
    nothing: bool,
}

impl<'a> Test<'a> {
    fn new(store: &Store, matcher: &'a Matcher, soft_names: &[&[u8]], waits: &mut bool) -> Test<'a> {
        let may_be_soft = soft_names.contains(&&matcher.name[..]);
        *waits |= may_be_soft;
        let nothing = may_be_soft || matcher.holds(b"");
        Test { matcher, name: store.pairs.known_name(&matcher.name), nothing }
    }

    fn holds(&self, store: &Store, series: &Series, known: &mut [Option<bool>]) -> bool {
        match self.name.and_then(|name| store.pairs.find(&series.set, name)) {
            None => self.nothing,
            Some(pair) => *known[pair as usize].get_or_insert_with(|| self.matcher.holds(store.pairs.value(pair))),
        }
    }
}

/// Whether some series has a soft attribute that the name means.
pub fn is_soft(store: &Store, name: &[u8]) -> bool {
    store.soft_keys().any(|key| soft::means(name, key))
}

fn soft_pairs(store: &Store, series: &Series, names: &[&[u8]], joined: &mut Joined) -> Vec<u32> {
    let found = names.iter().filter_map(|name| {
        let value = soft::find(name, labels::pairs(store.soft(series)))?;
        Some((*name, value))
    });
    found
        .map(|(name, value)| {
            let name = joined.pairs.name_number(name);
            joined.pairs.intern(name, value)
        })
        .collect()
}

fn translated(store: &Store, pair: u32, known: &mut [u32], joined: &mut Joined) -> u32 {
    let place = &mut known[pair as usize];
    if *place == NONE {
        let (name, value) = store.pairs.get(pair);
        let name = joined.pairs.name_number(name);
        *place = joined.pairs.intern(name, value);
    }
    *place
}

fn list_of<'a>(
    store: &Store,
    series: &Series,
    query: &Query,
    lists: &'a mut HashMap<(u64, usize), List>,
    out: &mut Vec<Vec<i64>>,
) -> &'a List {
    lists.entry((series.track, series.samples.len())).or_insert_with(|| {
        let ms = |at: &u32| store.stamps[series.samples[*at as usize].stamp as usize];
        let window = query.first_ms..=query.last_ms;
        let mut order: Vec<u32> = (0..series.samples.len() as u32).filter(|at| window.contains(&ms(at))).collect();
        order.sort_by_key(ms);
        // The last of equal times stays: it comes last.
        order = order.chunk_by(|a, b| ms(a) == ms(b)).filter_map(|equal| equal.last().copied()).collect();
        if query.only_last {
            order.drain(..order.len().saturating_sub(1));
        }
        out.push(order.iter().map(ms).collect());
        let run = match order[..] {
            [first, ..] if order.iter().zip(first..).all(|(at, next)| *at == next) => {
                Some(first as usize..first as usize + order.len())
            }
            _ => None,
        };
        List { order, run, number: out.len() as u32 - 1 }
    })
}

fn in_window(all: &[Exemplar], query: &Query) -> Vec<Exemplar> {
    let window = query.first_ms..=query.last_ms;
    all.iter().filter(|each| window.contains(&each.ms)).cloned().collect()
}

/// Ascending; the last that came of equal times.
pub fn by_time(mut all: Vec<Histogram>) -> Vec<Histogram> {
    all.reverse();
    all.sort_by_key(|each| each.ms);
    all.dedup_by_key(|each| each.ms);
    all
}
