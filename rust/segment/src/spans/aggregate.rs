//! Spans counted by group and step of time.

use std::ops::RangeInclusive;
use std::time::Duration;

use super::cells::Cells;
use super::column::{Column, DOUBLE, INT};
use super::groups::Groups;
use super::rollups;
use super::scan::{Flow, Places, Read, Scan};
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
    pub max_cells: usize,
    pub time: Option<Duration>,
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
    /// Of the counted spans those with status error.
    pub errors: Vec<u64>,
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

/// STATUS_CODE_ERROR.
const ERROR: u64 = 2;

impl Question<'_> {
    pub fn asks_trace(&self) -> bool {
        self.filter.asks_trace() || self.groups.iter().chain(self.value).any(Wanted::asks_trace)
    }

    /// Whether there is more than one step.
    fn has_steps(&self) -> bool {
        self.window.end() - self.window.start() >= self.step_ns
    }

    /// The step of a time in the window.
    pub fn step(&self, time: u64) -> u64 {
        (time - self.window.start()) / self.step_ns
    }
}

pub fn aggregate(places: &Places, question: &Question) -> Result<Aggregate, ReadError> {
    let mut groups = Groups::new(question.groups);
    let mut cells = Cells::new(question.kind);
    let mut scan = Scan::new(places, question.filter, question.window.clone(), question.asks_trace());
    scan.deadline = question.time.map(|time| std::time::Instant::now() + time);
    if question.rollups {
        scan.answered = rollups::answer(places, question, &mut groups, &mut cells)?;
        scan.read.rollup_files = scan.answered.iter().filter(|answered| **answered).count() as u64;
    }
    let mut block = Block::default();
    let partial = scan.each(&mut |table, found| {
        block.read(table, found, question)?;
        let numbers = groups.numbers(table, found)?;
        block.count(numbers, question, &mut cells);
        Ok(if cells.len() > question.max_cells { Flow::Stop("cells") } else { Flow::On })
    })?;
    let mut aggregate = cells.finish(groups.count());
    (aggregate.groups, aggregate.group_columns) = groups.finish();
    (aggregate.partial, aggregate.read) = (partial, scan.read);
    Ok(aggregate)
}

/// Columns of the block at hand.
#[derive(Default)]
struct Block {
    starts: Column,
    statuses: Column,
    values: Column,
}

impl Block {
    fn read(&mut self, table: &mut dyn Table, found: &Rows, question: &Question) -> Result<(), ReadError> {
        let mut intrinsic = |column: &mut Column, intrinsic| {
            column.resize(0);
            let at = column.extend(found.count());
            table.fill(&Field::Intrinsic(intrinsic), found, column, at)
        };
        if question.has_steps() {
            intrinsic(&mut self.starts, Intrinsic::StartNs)?;
        }
        intrinsic(&mut self.statuses, Intrinsic::Status)?;
        self.values.resize(0);
        match question.value {
            Some(value) if question.kind != Kind::Count => value.append(table, found, &mut self.values),
            _ => Ok(()),
        }
    }

    fn count(&self, groups: &[u32], question: &Question, cells: &mut Cells) {
        // Neighbours are of a trace: most start in the same step.
        let (mut step, mut within) = (0, 0..0);
        for (place, group) in groups.iter().enumerate() {
            if let Some(start) = self.starts.data.get(place)
                && !within.contains(start)
            {
                step = question.step(*start);
                let first = question.window.start() + step * question.step_ns;
                within = first..first.saturating_add(question.step_ns);
            }
            let error = self.statuses.data[place] == ERROR;
            match question.kind {
                Kind::Count => cells.count(*group, step as u32, error),
                _ => {
                    let value = match (self.values.tags[place], self.values.data[place]) {
                        (INT, int) => int as i64 as f64,
                        (DOUBLE, bits) => f64::from_bits(bits),
                        _ => continue,
                    };
                    if !value.is_nan() {
                        cells.add(*group, step as u32, error, value);
                    }
                }
            }
        }
    }
}
