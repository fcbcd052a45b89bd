//! Spans counted by group and step of time.

use std::ops::{Range, RangeInclusive};
use std::time::Duration;

use super::cells::Cells;
use super::column::{Column, DOUBLE, INT};
use super::groups::Groups;
use super::pass::{Flow, threads};
use super::rollups;
use super::scan::{Places, Read, Scan};
use super::sparse::{MOST_STEPS_OF_BLOCK, Sparse};
use crate::error::ReadError;
use crate::filter::{Field, Filter, Intrinsic, Wanted};
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

    /// The step of all that starts in the window and between two times, if it is one.
    fn only_step(&self, starts: &RangeInclusive<u64>) -> Option<u32> {
        let step = |time: &u64| self.step(*time.min(self.window.end()).max(self.window.start()));
        (step(starts.start()) == step(starts.end())).then_some(step(starts.start()) as u32)
    }

    /// Rows by the step in which they start. The last are left out where they are more than are counted for themselves.
    fn by_step(&self, found: &Rows, starts: &[u64]) -> Vec<(u32, Rows)> {
        let mut steps: Vec<(u32, Rows)> = Vec::new();
        let (mut at, mut within) = (0, 0..0);
        for (row, start) in found.iter().zip(starts) {
            if !within.contains(start) {
                let number = self.step(*start);
                within = self.starts_of(number);
                at = steps.iter().position(|(step, _)| u64::from(*step) == number).unwrap_or(steps.len());
                if at == steps.len() {
                    steps.push((number as u32, Rows::none(found.len())));
                }
                if at >= MOST_STEPS_OF_BLOCK {
                    break;
                }
            }
            steps[at].1.insert(row);
        }
        steps
    }

    /// When a step begins, and when the next does.
    fn starts_of(&self, step: u64) -> Range<u64> {
        let first = self.window.start() + step * self.step_ns;
        first..first.saturating_add(self.step_ns)
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
    let only_step = places.starts().and_then(|starts| question.only_step(&starts));
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
    /// In which everything starts, if it is one.
    only_step: Option<u32>,
    block: Block,
    /// Some blocks are counted by it.
    sparse: Option<Sparse<'a>>,
}

impl<'a> Worker<'a> {
    fn new(question: &'a Question<'a>, only_step: Option<u32>) -> Worker<'a> {
        Worker {
            question,
            groups: Groups::new(question.groups),
            cells: Cells::new(question.kind),
            only_step,
            block: Block::default(),
            sparse: Sparse::new(question),
        }
    }

    fn see(&mut self, table: &mut dyn Table, found: &Rows) -> Result<(), ReadError> {
        let only_step = self.only_step.or_else(|| self.question.only_step(&table.starts()));
        self.block.read_starts(table, found, only_step)?;
        if let Some(sparse) = &mut self.sparse {
            let steps = match only_step {
                Some(step) => vec![(step, found.clone())],
                None => self.question.by_step(found, &self.block.starts.data),
            };
            if sparse.count(table, &steps)? {
                return Ok(());
            }
        }
        self.block.read_values(table, found, self.question)?;
        let numbers = self.groups.numbers(table, found)?;
        self.block.count(numbers, self.question, &mut self.cells);
        Ok(())
    }

    /// How many there are so far.
    fn cells(&self) -> usize {
        self.cells.len() + self.sparse.as_ref().map_or(0, Sparse::cells)
    }

    fn merge(&mut self, other: Worker) {
        let groups = self.groups.merge(other.groups);
        self.cells.merge(other.cells, &groups);
        if let (Some(own), Some(other)) = (&mut self.sparse, other.sparse) {
            own.merge(other);
        }
    }

    fn finish(mut self) -> Aggregate {
        if let Some(sparse) = self.sparse {
            sparse.put(self.question.top, &mut self.groups, &mut self.cells);
        }
        let mut aggregate = self.cells.finish(self.groups.count());
        (aggregate.groups, aggregate.group_columns) = self.groups.finish();
        aggregate
    }
}

/// Columns of the block at hand.
#[derive(Default)]
struct Block {
    /// In which all of it starts.
    only_step: Option<u32>,
    /// Not read if there is only one step.
    starts: Column,
    values: Column,
}

impl Block {
    fn read_starts(&mut self, table: &mut dyn Table, found: &Rows, only_step: Option<u32>) -> Result<(), ReadError> {
        self.only_step = only_step;
        self.starts.resize(0);
        if only_step.is_none() {
            let at = self.starts.extend(found.count());
            table.fill(&Field::Intrinsic(Intrinsic::StartNs), found, &mut self.starts, at)?;
        }
        Ok(())
    }

    fn read_values(&mut self, table: &mut dyn Table, found: &Rows, question: &Question) -> Result<(), ReadError> {
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
                within = question.starts_of(number);
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
