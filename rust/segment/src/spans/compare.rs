//! Which values the spans of a selection have, and which all others.
//!
//! One pass over the rows counts all fields: what is selected is found once, each column is read once. Many steps
//! take a second one, which counts only the values that are told: a count for each value and step would take more memory the
//! more steps there are.

use std::ops::RangeInclusive;
use std::time::{Duration, Instant};

use super::column::Column;
use super::counting::count;
use super::pass::Flow;
use super::ranking::{Ties, ranked};
use super::scan::{Places, Read, Scan};
use super::tally::Tally;
use crate::error::ReadError;
use crate::filter::{Field, Filter, Intrinsic, Wanted};
use crate::rows::Rows;
use crate::select::{Table, select};

/// What is not selected, and what is.
const SIDES: usize = 2;

/// So many steps are counted with all values.
const STEPS_AT_ONCE: usize = 4;

/// What is asked.
#[derive(Clone, Copy, Debug)]
pub struct Contrast<'a> {
    pub filter: &'a Filter,
    /// Of what the filter means.
    pub selection: &'a Filter,
    pub fields: &'a [Wanted],
    pub window: &'a RangeInclusive<u64>,
    /// Steps are counted from the window's start.
    pub step_ns: u64,
    /// So many values of each field and side are told.
    pub top: usize,
    /// That are told apart: of one field, and of all.
    pub max_values: usize,
    pub max_values_in_all: usize,
    /// Of all fields' totals and values.
    pub max_points: usize,
    pub time: Option<Duration>,
}

/// Of one field. First the side that is not selected, then the one that is.
#[derive(Debug, Default)]
pub struct Compared {
    pub values: Column,
    /// How many of the values are of the first side.
    pub of_first: usize,
    /// Spans: by value and step.
    pub counts: Vec<u64>,
    /// Spans that have a value: by side and step.
    pub totals: Vec<u64>,
    /// Whether there are more values than are told.
    pub cut: bool,
}

#[derive(Debug, Default)]
pub struct Comparison {
    pub fields: Vec<Compared>,
    pub partial: &'static str,
    pub read: Read,
}

pub fn compare(places: &Places, asked: &Contrast) -> Result<Comparison, ReadError> {
    let mut pass = Pass {
        places,
        asked,
        deadline: asked.time.map(|time| Instant::now() + time),
        steps: (asked.window.end().saturating_sub(*asked.window.start()) / asked.step_ns) as usize + 1,
        read: Read::default(),
        partial: "",
    };
    if asked.fields.len().saturating_mul(SIDES).saturating_mul(pass.steps) > asked.max_points {
        return Ok(Comparison { partial: "points", ..Comparison::default() });
    }
    let steps = if pass.steps > STEPS_AT_ONCE { 1 } else { pass.steps };
    let tally = |_: &Wanted| Tally::new(SIDES * steps, asked.max_values);
    let mut tallies: Vec<Tally> = asked.fields.iter().map(tally).collect();
    if steps < pass.steps {
        pass.deadline = asked.time.map(|time| Instant::now() + time / 2);
    }
    pass.run(&mut tallies, steps)?;
    let mut fields: Vec<Compared> = Vec::new();
    for mut tally in tallies {
        tally.settle();
        fields.push(told(&tally, asked.top));
    }
    if steps < pass.steps {
        let points: usize = fields.iter().map(|field| field.values.len() * SIDES * pass.steps).sum();
        if points > asked.max_points {
            return Ok(Comparison { partial: "points", ..Comparison::default() });
        }
        let mut tallies: Vec<Tally> = fields.iter().map(|field| pass.of_told(field)).collect();
        pass.deadline = asked.time.map(|time| Instant::now() + time / 2);
        pass.run(&mut tallies, pass.steps)?;
        fields.iter_mut().zip(&mut tallies).for_each(|(field, tally)| by_step(field, tally));
    }
    Ok(Comparison { fields, partial: pass.partial, read: pass.read })
}

/// Counts by step and side: those of a side.
fn of_side<T: Copy + Into<u64>>(counts: &[T], side: usize) -> impl Iterator<Item = u64> {
    counts.iter().skip(side).step_by(SIDES).map(|count| (*count).into())
}

/// What was counted of a field.
fn told(tally: &Tally, top: usize) -> Compared {
    let totals = tally.totals();
    let mut compared = Compared {
        totals: (0..SIDES).flat_map(|side| of_side(&totals, side)).collect(),
        cut: tally.has_given_up(),
        ..Compared::default()
    };
    for side in 0..SIDES {
        let (found, occur) = ranked(tally, &|counts| of_side(counts, side).sum(), top, true, Ties::Apart);
        compared.cut |= occur > found.len();
        for each in found {
            let row = compared.values.extend(1);
            let entry = each.entry(&mut compared.values.texts);
            compared.values.set(row, entry);
            compared.counts.extend(of_side(&each.counts, side));
        }
        if side == 0 {
            compared.of_first = compared.values.len();
        }
    }
    compared
}

struct Pass<'a> {
    places: &'a Places,
    asked: &'a Contrast<'a>,
    deadline: Option<Instant>,
    steps: usize,
    read: Read,
    partial: &'static str,
}

impl Pass<'_> {
    /// Counts by step and side. What asks for whole traces has a pass of its own: it takes traces apart from row groups
    /// that are in several.
    fn run(&mut self, tallies: &mut [Tally], steps: usize) -> Result<(), ReadError> {
        let whole = self.asked.filter.asks_trace() || self.asked.selection.asks_trace();
        let (of_traces, alone): (Vec<usize>, Vec<usize>) =
            (0..tallies.len()).partition(|number| whole || self.asked.fields[*number].asks_trace());
        for (numbers, whole) in [(alone, false), (of_traces, true)] {
            if !numbers.is_empty() {
                self.count(&numbers, whole, tallies, steps)?;
            }
        }
        Ok(())
    }

    fn count(&mut self, numbers: &[usize], whole: bool, tallies: &mut [Tally], steps: usize) -> Result<(), ReadError> {
        let asked = self.asked;
        let mut scan = Scan::new(self.places, asked.filter, asked.window.clone(), whole);
        scan.deadline = self.deadline;
        let partial = scan.each(&mut |table, found| {
            let inside = select(table, asked.selection, found)?;
            let classes = if steps > 1 { steps_of(table, found, asked)? } else { vec![0; found.len()] };
            let classes = sides(classes, &inside);
            for number in numbers {
                let tally = &mut tallies[*number];
                count(table, &asked.fields[*number], found, &classes, tally)?;
                if tally.has_overflowed() {
                    tally.give_up();
                }
            }
            while tallies.iter().map(Tally::len).sum::<usize>() > asked.max_values_in_all {
                tallies.iter_mut().max_by_key(|tally| tally.len()).into_iter().for_each(Tally::give_up);
            }
            Ok(Flow::On)
        })?;
        self.partial = if self.partial.is_empty() { partial } else { self.partial };
        self.read.pages += scan.read.pages;
        self.read.bytes += scan.read.bytes;
        if scan.read.spans > self.read.spans {
            self.read = Read { pages: self.read.pages, bytes: self.read.bytes, ..scan.read };
        }
        Ok(())
    }

    /// Counts nothing but a field's told values, each once.
    fn of_told(&self, field: &Compared) -> Tally {
        Tally::of(SIDES * self.steps, &field.values)
    }
}

/// What a second pass says of a field's told values.
fn by_step(field: &mut Compared, tally: &mut Tally) {
    let totals = tally.totals();
    field.totals = (0..SIDES).flat_map(|side| of_side(&totals, side)).collect();
    field.counts.clear();
    for row in 0..field.values.len() {
        let side = usize::from(row >= field.of_first);
        let slot = tally.slot_of((field.values.tags[row], field.values.data[row]), &field.values);
        field.counts.extend(of_side(tally.counts(slot), side));
    }
}

/// The step of each row that is found.
fn steps_of(table: &mut dyn Table, found: &Rows, asked: &Contrast) -> Result<Vec<u32>, ReadError> {
    let mut starts = Column::default();
    starts.extend(found.count());
    table.fill(&Field::Intrinsic(Intrinsic::StartNs), found, &mut starts, 0)?;
    let mut steps = vec![0; found.len()];
    for (row, start) in found.iter().zip(&starts.data) {
        steps[row] = ((start - asked.window.start()) / asked.step_ns) as u32;
    }
    Ok(steps)
}

/// Classes of rows by their steps.
fn sides(mut steps: Vec<u32>, inside: &Rows) -> Vec<u32> {
    steps.iter_mut().for_each(|step| *step *= SIDES as u32);
    inside.iter().for_each(|row| steps[row] += 1);
    steps
}
