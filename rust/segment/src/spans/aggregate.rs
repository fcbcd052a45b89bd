//! Spans counted by group and step of time.

use std::ops::RangeInclusive;
use std::time::Duration;

use hashbrown::HashSet;

use super::cells::Cells;
use super::column::{Column, DOUBLE, INT};
use super::counting::count;
use super::groups::Groups;
use super::pass::{Flow, threads};
use super::ranking::{Ties, ranked};
use super::rollups;
use super::scan::{Places, Read, Scan};
use super::tally::Tally;
use crate::error::ReadError;
use crate::filter::{Field, Filter, Intrinsic, Scope, Wanted};
use crate::rows::Rows;
use crate::select::Table;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Count,
    /// And sum, least and greatest value.
    Sum,
    /// And a histogram.
    Histogram,
}

/// What is asked.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    pub filter: &'a Filter,
    pub groups: &'a [Wanted],
    pub window: &'a RangeInclusive<u64>,
    /// Steps are counted from the window's start.
    pub step_ns: u64,
    pub value: Option<&'a Wanted>,
    pub kind: Kind,
    /// Whether roll-ups may answer.
    pub rollups: bool,
    /// Which groups are needed; others may be left out.
    pub top: Option<Top>,
    pub max_cells: usize,
    pub time: Option<Duration>,
}

/// The groups that in some step are the largest or the smallest: of equal ones those whose value comes first, of the
/// smallest those whose value comes last. Groups that have spans in other steps only count there, too, with none.
#[derive(Clone, Copy, Debug)]
pub struct Top {
    pub groups: usize,
    pub largest: bool,
}

/// Sparse: an entry for each group and step that has spans, sorted by both.
#[derive(Debug, Default)]
pub struct Aggregate {
    pub groups: usize,
    /// The groups' values: a column for each field of the groups, a row for each group.
    pub group_columns: Vec<Column>,
    pub cell_groups: Vec<u32>,
    pub cell_steps: Vec<u32>,
    pub counts: Vec<u64>,
    pub sums: Vec<f64>,
    pub mins: Vec<f64>,
    pub maxs: Vec<f64>,
    /// Where each cell's buckets begin, and where the last one's end.
    pub bucket_offsets: Vec<u64>,
    pub bucket_numbers: Vec<i32>,
    pub bucket_counts: Vec<u64>,
    pub partial: &'static str,
    pub read: Read,
}

impl Question<'_> {
    pub fn asks_trace(&self) -> bool {
        self.filter.asks_trace() || self.groups.iter().chain(self.value).any(Wanted::asks_trace)
    }

    /// The step in which everything starts, if it is one.
    fn only_step(&self, places: &Places) -> Option<u32> {
        let files = places.files.iter().map(|file| (file.summary.min_start_ns, file.summary.max_start_ns));
        let chunks = places.chunks.iter().map(|chunk| (chunk.least_start, chunk.greatest_start));
        let (least, greatest) = files.chain(chunks).reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))?;
        let step = |time: u64| self.step(time.min(*self.window.end()).max(*self.window.start()));
        (step(least) == step(greatest)).then_some(step(least) as u32)
    }

    /// The step of a time in the window.
    pub fn step(&self, time: u64) -> u64 {
        (time - self.window.start()) / self.step_ns
    }
}

pub fn aggregate(places: &Places, question: &Question) -> Result<Aggregate, ReadError> {
    let mut scan = Scan::new(places, question.filter, question.window.clone(), question.asks_trace());
    scan.deadline = question.time.map(|time| std::time::Instant::now() + time);
    if question.filter.is_everything() {
        scan.foreseen = question.groups;
    }
    let only_step = question.only_step(places);
    let mut workers: Vec<Worker> = (0..threads()).map(|_| Worker::new(question, only_step)).collect();
    if question.rollups {
        let Worker { groups, cells, .. } = &mut workers[0];
        scan.answered = rollups::answer(places, question, groups, cells)?;
        scan.read.rollup_files = scan.answered.iter().filter(|answered| **answered).count() as u64;
    }
    let mut partial = scan.divided(&mut workers, |worker, table, found| {
        worker.see(table, found)?;
        Ok(if worker.cells() > question.max_cells { Flow::Stop("cells") } else { Flow::On })
    })?;
    let mut counted = workers.swap_remove(0);
    workers.into_iter().for_each(|other| counted.merge(other));
    if partial.is_empty() && counted.cells() > question.max_cells {
        partial = "cells";
    }
    Ok(Aggregate { partial, read: scan.read, ..counted.finish() })
}

/// What one thread counts.
struct Worker<'a> {
    question: &'a Question<'a>,
    groups: Groups<'a>,
    cells: Cells,
    block: Block,
    sparse: Option<Sparse<'a>>,
}

impl<'a> Worker<'a> {
    fn new(question: &'a Question<'a>, only_step: Option<u32>) -> Worker<'a> {
        Worker {
            question,
            groups: Groups::new(question.groups),
            cells: Cells::new(question.kind),
            block: Block::new(only_step),
            sparse: Sparse::new(question, only_step),
        }
    }

    fn see(&mut self, table: &mut dyn Table, found: &Rows) -> Result<(), ReadError> {
        if let Some(sparse) = &mut self.sparse {
            return sparse.count(table, found);
        }
        self.block.read(table, found, self.question)?;
        let numbers = self.groups.numbers(table, found)?;
        self.block.count(numbers, self.question, &mut self.cells);
        Ok(())
    }

    /// How many there are so far.
    fn cells(&self) -> usize {
        self.cells.len() + self.sparse.as_ref().map_or(0, |sparse| sparse.tally.len())
    }

    fn merge(&mut self, other: Worker) {
        let groups = self.groups.merge(other.groups);
        self.cells.merge(other.cells, &groups);
        if let (Some(own), Some(other)) = (&mut self.sparse, other.sparse) {
            own.spans += other.spans;
            own.tally.merge(other.tally);
        }
    }

    fn finish(mut self) -> Aggregate {
        if let Some(sparse) = &mut self.sparse {
            sparse.put(self.question.top, &mut self.groups, &mut self.cells);
        }
        let mut aggregate = self.cells.finish(self.groups.count());
        (aggregate.groups, aggregate.group_columns) = self.groups.finish();
        aggregate
    }
}

/// Columns of the block at hand.
struct Block {
    only_step: Option<u32>,
    /// Not read if there is only one step.
    starts: Column,
    values: Column,
}

impl Block {
    fn new(only_step: Option<u32>) -> Block {
        Block { only_step, starts: Column::default(), values: Column::default() }
    }

    fn read(&mut self, table: &mut dyn Table, found: &Rows, question: &Question) -> Result<(), ReadError> {
        self.starts.resize(0);
        if self.only_step.is_none() {
            let at = self.starts.extend(found.count());
            table.fill(&Field::Intrinsic(Intrinsic::StartNs), found, &mut self.starts, at)?;
        }
        self.values.resize(0);
        match question.value {
            Some(value) if question.kind != Kind::Count => value.append(table, found, &mut self.values),
            _ => Ok(()),
        }
    }

    fn count(&self, groups: &[u32], question: &Question, cells: &mut Cells) {
        // Neighbours are of a trace: most start in the same step.
        let (mut step, mut within) = (self.only_step.unwrap_or_default(), 0..0);
        for (place, group) in groups.iter().enumerate() {
            if let Some(start) = self.starts.data.get(place)
                && !within.contains(start)
            {
                let number = question.step(*start);
                step = number as u32;
                let first = question.window.start() + number * question.step_ns;
                within = first..first.saturating_add(question.step_ns);
            }
            match question.kind {
                Kind::Count => cells.count(*group, step),
                _ => {
                    let value = match (self.values.tags[place], self.values.data[place]) {
                        (INT, int) => int as i64 as f64,
                        (DOUBLE, bits) => f64::from_bits(bits),
                        _ => continue,
                    };
                    if !value.is_nan() {
                        cells.add(*group, step, value);
                    }
                }
            }
        }
    }
}

/// Counting by one attribute, which few spans have, in one step: the others are not looked at one by one.
struct Sparse<'a> {
    step: u32,
    /// Whether there are others, in which nothing starts.
    empty_steps: bool,
    wanted: &'a Wanted,
    spans: u64,
    tally: Tally,
}

impl Sparse<'_> {
    fn new<'a>(question: &Question<'a>, only_step: Option<u32>) -> Option<Sparse<'a>> {
        match (question.groups, only_step) {
            ([wanted @ Wanted { field: Field::Attribute(Scope::Span, _), of_parent: false }], Some(step))
                if question.kind == Kind::Count =>
            {
                let empty_steps = question.step(*question.window.end()) > 0;
                Some(Sparse { step, empty_steps, wanted, spans: 0, tally: Tally::alone() })
            }
            _ => None,
        }
    }

    fn count(&mut self, table: &mut dyn Table, found: &Rows) -> Result<(), ReadError> {
        self.spans += found.count() as u64;
        count(table, self.wanted, found, &[], &mut self.tally)
    }

    /// Texts of values are made only of those that can be told.
    fn put(&mut self, top: Option<Top>, groups: &mut Groups, cells: &mut Cells) {
        self.tally.settle();
        let step = self.step;
        let mut put = |tag: u8, data: u64, text: &[u8], counts: &[u32]| {
            let group = groups.number_of(tag, data, text);
            cells.add_many(group, step, counts[0].into(), None);
        };
        match top {
            // How arrays and what has no type are ordered among texts is not known here.
            Some(top) if !self.tally.has_others() => {
                let first = |count: &dyn Fn(&[u32]) -> u64| {
                    ranked(&self.tally, count, top.groups, top.largest, Ties::Together).0
                };
                let mut told = first(&|counts| counts[0].into());
                if self.empty_steps {
                    // In which all are equal.
                    told.extend(first(&|counts| (counts[0] > 0).into()));
                }
                let mut known = HashSet::new();
                for each in &told {
                    if known.insert((each.tag, each.data, &each.text)) {
                        put(each.tag, each.data, &each.text, &each.counts);
                    }
                }
            }
            _ => self.tally.each(&|counts, _| counts[0] > 0, &mut put),
        }
        let others = self.spans - self.tally.totals()[0];
        if others > 0 {
            cells.add_many(groups.number(&[None]), self.step, others, None);
        }
    }
}
