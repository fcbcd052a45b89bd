//! Counting by one attribute, which few spans have: the others are not looked at one by one. Each step of time is counted
//! for itself, by what stands for its values.

use hashbrown::{HashMap, HashSet};

use super::aggregate::{Kind, Question, Top};
use super::cells::Cells;
use super::counting::count;
use super::groups::Groups;
use super::ranking::{Ranked, Ties, ranked};
use super::tally::Tally;
use crate::error::ReadError;
use crate::filter::{Field, Scope, Wanted};
use crate::rows::Rows;
use crate::select::Table;

/// Steps that are counted here: what is gathered for each takes memory until it is sorted.
const MOST_STEPS: usize = 64;
/// And of one block: for each its columns are gone through.
pub const MOST_STEPS_OF_BLOCK: usize = 4;
/// Steps with small numbers in arrays, which take a megabyte.
const WITH_ARRAYS: usize = 4;

pub struct Sparse<'a> {
    wanted: &'a Wanted,
    steps: HashMap<u32, Step>,
    /// Whether there is one step only.
    alone: bool,
    /// Whether all were counted here.
    complete: bool,
}

struct Step {
    spans: u64,
    tally: Tally,
}

impl Step {
    /// Spans without a value.
    fn others(&self) -> u64 {
        self.spans - self.tally.totals()[0]
    }
}

impl<'a> Sparse<'a> {
    pub fn new(question: &Question<'a>) -> Option<Sparse<'a>> {
        match question.groups {
            [wanted @ Wanted { field: Field::Attribute(Scope::Span, _), of_parent: false }]
                if question.kind == Kind::Count =>
            {
                let alone = question.step(*question.window.end()) == 0;
                Some(Sparse { wanted, steps: HashMap::new(), alone, complete: true })
            }
            _ => None,
        }
    }

    /// How many values there are by step, so far.
    pub fn cells(&self) -> usize {
        self.steps.values().map(|step| step.tally.len()).sum()
    }

    /// Counts rows by their steps; false if these are too many: then none was counted.
    pub fn count(&mut self, table: &mut dyn Table, by_step: &[(u32, Rows)]) -> Result<bool, ReadError> {
        let new = by_step.iter().filter(|(step, _)| !self.steps.contains_key(step)).count();
        if by_step.len() > MOST_STEPS_OF_BLOCK || self.steps.len() + new > MOST_STEPS {
            self.complete = false;
            return Ok(false);
        }
        for (step, rows) in by_step {
            let few = self.steps.len() < WITH_ARRAYS;
            let tally = || if few { Tally::alone() } else { Tally::new(1, usize::MAX) };
            let step = self.steps.entry(*step).or_insert_with(|| Step { spans: 0, tally: tally() });
            step.spans += rows.count() as u64;
            count(table, self.wanted, rows, &[], &mut step.tally)?;
        }
        Ok(true)
    }

    pub fn merge(&mut self, other: Sparse) {
        self.complete &= other.complete;
        for (number, step) in other.steps {
            match self.steps.get_mut(&number) {
                Some(own) => {
                    own.spans += step.spans;
                    own.tally.merge(step.tally);
                }
                None => {
                    self.steps.insert(number, step);
                }
            }
        }
    }

    /// Texts of values are made only of those that can be told.
    pub fn put(mut self, top: Option<Top>, groups: &mut Groups, cells: &mut Cells) {
        self.steps.values_mut().for_each(|step| step.tally.settle());
        let told = top.and_then(|top| self.first(&top));
        let mut put = |step: u32, tag: u8, data: u64, text: &[u8], counts: &[u32]| {
            let group = groups.number_of(tag, data, text);
            cells.add_many(group, step, counts[0].into(), None);
        };
        match (told, self.steps.len()) {
            (Some(told), 1) => {
                let step = self.steps.keys().copied().next().unwrap_or_default();
                let mut known = HashSet::new();
                for each in &told {
                    if known.insert((each.tag, each.data, &each.text)) {
                        put(step, each.tag, each.data, &each.text, &each.counts);
                    }
                }
            }
            (told, _) => {
                let told: Option<HashSet<Vec<u8>>> =
                    told.map(|told| told.iter().map(|each| key(each.tag, each.data, &each.text)).collect());
                for (step, of) in &self.steps {
                    of.tally.each(&|counts, _| counts[0] > 0, &mut |tag, data, text, counts| {
                        if told.as_ref().is_none_or(|told| told.contains(&key(tag, data, text))) {
                            put(*step, tag, data, text, counts);
                        }
                    });
                }
            }
        }
        for (step, of) in &self.steps {
            if of.others() > 0 {
                cells.add_many(groups.number(&[None]), *step, of.others(), None);
            }
        }
    }

    /// Values among which are the first of each step; `None` if it is not known which they are.
    fn first(&self, top: &Top) -> Option<Vec<Ranked>> {
        // How arrays and what has no type are ordered among texts is not known here.
        let others = self.steps.values().any(|step| step.tally.has_others());
        // And in each step those that are elsewhere only are the smallest.
        let is_known = top.largest || self.steps.len() == 1;
        if others || !is_known || !self.complete {
            return None;
        }
        let mut told = Vec::new();
        for step in self.steps.values() {
            let mut first = |count: &dyn Fn(&[u32]) -> u64| {
                told.extend(ranked(&step.tally, count, top.groups, top.largest, Ties::Together).0);
            };
            first(&|counts| counts[0].into());
            if !self.alone {
                // Of steps in which all are equal, or too few occur.
                first(&|counts| (counts[0] > 0).into());
            }
        }
        Some(told)
    }
}

/// What tells values apart.
fn key(tag: u8, data: u64, text: &[u8]) -> Vec<u8> {
    [&[tag], &data.to_le_bytes()[..], text].concat()
}
