//! Filters over a row group: once per distinct value where there is a dictionary, and only pages with candidates.

use std::ops::{Range, RangeInclusive};
use std::sync::Arc;

use hashbrown::HashMap;

use super::group::Group;
use super::look::{Judge, Look, asks_several, equal_to, looks, of_nothing};
use super::meant::Meant;
use super::page::Page;
use super::values::Values;
use crate::error::ReadError;
use crate::filter::{Condition, Field, Intrinsic, Test};
use crate::rows::Rows;
use crate::select::Table;
use crate::spans::{Column, Tally, TraceRoot, Tree, whole};

pub struct GroupTable<'a> {
    pub group: Group<'a>,
    /// What a test says of each code of a column's dictionary; by the test's number.
    verdicts: HashMap<(u64, usize), Arc<Meant>>,
    tree: Option<Arc<Tree>>,
    /// The traces that are asked for, if not all, in order.
    only: Option<Vec<Range<usize>>>,
}

impl Table for GroupTable<'_> {
    fn rows(&self) -> usize {
        self.group.rows
    }

    fn within(&mut self, window: &RangeInclusive<u64>) -> Result<Rows, ReadError> {
        self.group.within(window)
    }

    fn starts(&self) -> RangeInclusive<u64> {
        let group = &self.group.file.summary.row_groups[self.group.number];
        group.min_start_ns..=group.max_start_ns
    }

    fn fill(&mut self, field: &Field, rows: &Rows, out: &mut Column, at: usize) -> Result<(), ReadError> {
        match field {
            Field::Whole(field) => whole::fill(self, *field, rows, out, at),
            field => self.group.fill(field, rows, out, at),
        }
    }

    fn tally(&mut self, field: &Field, rows: &Rows, classes: &[u32], tally: &mut Tally) -> Result<Rows, ReadError> {
        self.group.tally(field, rows, classes, tally)
    }

    fn tree(&mut self, with_parents: bool) -> Result<Option<Arc<Tree>>, ReadError> {
        if self.tree.as_ref().is_none_or(|tree| with_parents && tree.parents.is_empty()) {
            self.tree = Some(Arc::new(self.group.tree(with_parents, self.only.as_deref())?));
        }
        Ok(self.tree.clone())
    }

    fn roots(&mut self, rows: &Rows) -> Result<Option<Vec<TraceRoot>>, ReadError> {
        let Some(only) = self.only.clone() else { return Ok(self.tree(true)?.map(|tree| tree.roots(rows))) };
        let mut whole = Rows::none(self.group.rows);
        let traces: Vec<Range<usize>> = only.into_iter().filter(|trace| rows.any_within(trace.clone())).collect();
        traces.iter().for_each(|trace| whole.insert_range(trace.clone()));
        let roots = self.group.roots(&whole)?;
        Ok(Some(traces.into_iter().map(|trace| (trace.clone(), roots.within(trace).next())).collect()))
    }

    fn test(&mut self, test: &Test, among: &Rows) -> Result<Rows, ReadError> {
        match test.field {
            Field::Intrinsic(Intrinsic::ParentSpanId) => return self.parents(test, among),
            Field::EventTime => return self.event_times(test, among),
            _ => {}
        }
        let looks = looks(test, &self.group);
        if looks.is_empty() && of_nothing(test) {
            return Ok(among.clone());
        }
        let (mut found, mut open) = (Rows::none(among.len()), among.clone());
        for look in looks {
            if open.is_empty() {
                break;
            }
            let more = self.look(look, test, &open)?;
            open.remove(&more);
            found.add(&more);
        }
        Ok(found)
    }

    fn may_hold(&mut self, test: &Test) -> Result<bool, ReadError> {
        if asks_several(test) {
            return Ok(true);
        }
        let looks = looks(test, &self.group);
        if looks.is_empty() {
            return Ok(of_nothing(test));
        }
        for look in looks {
            if !self.may_be_in(look, test)? {
                continue;
            }
            let all_coded = self.group.has_dictionary(look.column) && !look.nulls;
            if !all_coded || self.verdicts(look, test)?.is_none_or(|verdicts| !verdicts.is_none()) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

impl<'a> GroupTable<'a> {
    pub fn new(group: Group<'a>) -> GroupTable<'a> {
        GroupTable { group, verdicts: HashMap::new(), tree: None, only: None }
    }

    /// From now on nobody asks for rows of other traces than these, which come in order.
    pub fn only(&mut self, traces: Vec<Range<usize>>) {
        (self.only, self.tree) = (Some(traces), None);
    }

    /// False if a filter says that no row has the text that is looked for.
    fn may_be_in(&self, look: Look, test: &Test) -> Result<bool, ReadError> {
        match equal_to(test) {
            Some(text) if look.judge == Judge::Attribute => self.group.may_hold(look.column, text),
            _ => Ok(true),
        }
    }

    /// `None` without a dictionary.
    fn verdicts(&mut self, look: Look, test: &Test) -> Result<Option<Arc<Meant>>, ReadError> {
        let key = (test.number, look.column);
        if let Some(known) = self.verdicts.get(&key) {
            return Ok(Some(known.clone()));
        }
        let Some(dictionary) = self.group.dictionary(look.column)? else { return Ok(None) };
        let holds = |code: usize| dictionary.get(code as u32).is_some_and(|value| look.judge.holds(test, value));
        let verdicts = Arc::new(Meant::new((0..dictionary.len()).map(holds).collect()));
        self.verdicts.insert(key, verdicts.clone());
        Ok(Some(verdicts))
    }

    /// Rows whose values in one column pass.
    pub(super) fn look(&mut self, look: Look, test: &Test, among: &Rows) -> Result<Rows, ReadError> {
        let mut found = Rows::none(among.len());
        if !self.may_be_in(look, test)? {
            return Ok(found);
        }
        let verdicts = self.verdicts(look, test)?;
        if !look.nulls && verdicts.as_ref().is_some_and(|verdicts| verdicts.is_none()) {
            return Ok(found);
        }
        let bounds = match (look.range, look.judge) {
            (Some(range), Judge::Int | Judge::Unsigned) => {
                self.group.bounds(look.column)?.map(|bounds| (range, bounds))
            }
            _ => None,
        };
        let complete = !self.group.columns()[look.column].optional;
        for (number, rows) in self.group.pages_with(look.column, among)? {
            if let Some((range, bounds)) = &bounds {
                let (some, all) = range.of_bounds(bounds[number]);
                if all && complete {
                    found.insert_range(rows.clone());
                    found.retain_within(among, rows);
                    continue;
                }
                if !some {
                    continue;
                }
            }
            let page = self.group.page(look.column, number)?;
            if verdicts.is_some() && !page.is_coded() && !page.is_empty() {
                return Err(self.group.file.damaged("a page does without the dictionary of its chunk"));
            }
            self.in_page(look, test, among, &page, rows, verdicts.as_deref(), &mut found)?;
        }
        Ok(found)
    }

    #[expect(clippy::too_many_arguments, reason = "the loop's body, for itself")]
    fn in_page(
        &self,
        look: Look,
        test: &Test,
        among: &Rows,
        page: &Page,
        rows: Range<usize>,
        verdicts: Option<&Meant>,
        found: &mut Rows,
    ) -> Result<(), ReadError> {
        let first = rows.start;
        if page.is_empty() {
            if look.nulls {
                among.within(rows).for_each(|row| found.insert(row));
            }
            return Ok(());
        }
        if let Some(verdicts) = verdicts {
            let all = page.insert_meant(verdicts, first, found);
            if all.map_err(|what| self.group.file.damaged(what))? {
                found.retain_within(among, rows);
                return Ok(());
            }
        }
        if let Some(range) = look.range
            && page.is_full()
            && page.numbered().is_none()
            && let Values::Int64(integers) = &*page.all_stored().map_err(|what| self.group.file.damaged(what))?
        {
            range.insert_meant(integers, first, found);
            found.retain_within(among, rows);
            return Ok(());
        }
        if let Some(text) = equal_to(test)
            && let Some(integers) = page.integers(text)
        {
            let (integers, wanted) = integers.map_err(|what| self.group.file.damaged(what))?;
            let Some(wanted) = wanted else { return Ok(()) };
            // Most pages do not have it at all.
            if integers.contains(&wanted) {
                page.each_present(|row, place| {
                    if integers.get(place) == Some(&wanted) && among.contains(first + row) {
                        found.insert(first + row);
                    }
                });
            }
            return Ok(());
        }
        if look.judge == Judge::Attribute && matches!(test.condition, Condition::Exists) {
            page.each_present(|row, _| {
                if among.contains(first + row) {
                    found.insert(first + row);
                }
            });
            return Ok(());
        }
        let values = page.all_values().map_err(|what| self.group.file.damaged(what))?;
        let holds = |place: usize| match (&*values, verdicts) {
            (Values::Codes(codes), Some(verdicts)) => codes.get(place).is_some_and(|code| verdicts.has(*code)),
            (values, _) => values.get(place, None).is_some_and(|value| look.judge.holds(test, value)),
        };
        // Few rows are looked up, of many their values are gone through.
        if look.nulls || among.count_within(rows.clone()) < rows.len() / 8 {
            let meant = |row: &usize| match page.has(row - first) {
                true => holds(page.rank(row - first)),
                false => look.nulls,
            };
            among.within(rows).filter(meant).for_each(|row| found.insert(row));
            return Ok(());
        }
        page.each_present(|row, place| {
            if among.contains(first + row) && holds(place) {
                found.insert(first + row);
            }
        });
        Ok(())
    }
}
