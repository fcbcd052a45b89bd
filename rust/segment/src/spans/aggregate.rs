//! Spans counted by group and step of time.

use std::ops::RangeInclusive;
use std::time::Duration;

use hashbrown::HashSet;

use super::cells::Cells;
use super::column::{Column, DOUBLE, INT};
use super::counting::count;
use super::groups::Groups;
use super::ranking::{Ties, ranked};
use super::rollups;
use super::scan::{Flow, Places, Read, Scan};
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
    let mut groups = Groups::new(question.groups);
    let mut cells = Cells::new(question.kind);
    let mut scan = Scan::new(places, question.filter, question.window.clone(), question.asks_trace());
    scan.deadline = question.time.map(|time| std::time::Instant::now() + time);
    if question.rollups {
        scan.answered = rollups::answer(places, question, &mut groups, &mut cells)?;
        scan.read.rollup_files = scan.answered.iter().filter(|answered| **answered).count() as u64;
    }
    let only_step = question.only_step(places);
    let (mut block, mut sparse) = (Block::new(only_step), Sparse::new(question, only_step));
    let partial = scan.each(&mut |table, found| {
        match &mut sparse {
            Some(sparse) => sparse.count(table, found)?,
            None => {
                block.read(table, found, question)?;
                let numbers = groups.numbers(table, found)?;
                block.count(numbers, question, &mut cells);
            }
        }
        let tallied = sparse.as_ref().map_or(0, |sparse| sparse.tally.len());
        Ok(if cells.len() + tallied > question.max_cells { Flow::Stop("cells") } else { Flow::On })
    })?;
    if let Some(sparse) = &mut sparse {
        sparse.put(question.top, &mut groups, &mut cells);
    }
    let mut aggregate = cells.finish(groups.count());
    (aggregate.groups, aggregate.group_columns) = groups.finish();
    (aggregate.partial, aggregate.read) = (partial, scan.read);
    Ok(aggregate)
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
                Some(Sparse { step, empty_steps, wanted, spans: 0, tally: Tally::new(1, usize::MAX) })
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
        let mut told = HashSet::new();
        let mut put = |tag: u8, data: u64, text: &[u8], counts: &[u32]| {
            let group = groups.number_of(tag, data, text);
            if told.insert(group) {
                cells.add_many(group, step, counts[0].into(), None);
            }
        };
        match top {
            // How arrays and what has no type are ordered among texts is not known here.
            Some(top) if !self.tally.has_others() => {
                let count = |counts: &[u32]| counts[0].into();
                // In a step without spans all are equal.
                let any = |counts: &[u32]| (counts[0] > 0).into();
                let asked: [&dyn Fn(&[u32]) -> u64; 2] = [&count, &any];
                for count in asked.into_iter().take(1 + usize::from(self.empty_steps)) {
                    let (told, _) = ranked(&self.tally, count, top.groups, top.largest, Ties::Together);
                    told.iter().for_each(|each| put(each.tag, each.data, &each.text, &each.counts));
                }
            }
            _ => self.tally.each(&|counts| counts[0] > 0, &mut put),
        }
        let others = self.spans - self.tally.totals()[0];
        if others > 0 {
            cells.add_many(groups.number(&[None]), self.step, others, None);
        }
    }
}
