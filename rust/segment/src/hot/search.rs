//! Filters over a chunk: once per shape where that answers, else on the bytes of the rows that are left.

use std::ops::{Range, RangeInclusive};
use std::sync::Arc;

use hashbrown::HashMap;

use super::chunk::Chunk;
use crate::error::ReadError;
use crate::filter::value::Span;
use crate::filter::{Field, Filter, Intrinsic, Scope, Test};
use crate::newest::{Block, Newest};
use crate::rows::Rows;
use crate::select::{Table, rows};
use crate::spans::{Column, Tree};

/// Items with so many bytes between them are read together …
const MAX_GAP: u32 = 8 << 10;
/// … up to so many at once, because they are looked at while they are in the processor's cache.
const MAX_READ: u32 = 512 << 10;

impl Block for Chunk {
    fn starts(&self) -> RangeInclusive<u64> {
        self.least_start..=self.greatest_start
    }

    fn search(&self, filter: &Filter, window: &RangeInclusive<u64>, newest: &mut Newest) -> Result<(), ReadError> {
        let mut table = Shaped::new(self);
        let candidates = table.candidates(filter, &Rows::all(self.rows()))?;
        let window = *window.start().max(&newest.oldest())..=*window.end();
        let among = table.keep(&candidates, |row| window.contains(&self.starts[row]));
        for row in rows(&mut table, filter, &among)?.iter() {
            newest.offer(self.trace_ids[row], self.starts[row]);
        }
        Ok(())
    }
}

/// A chunk as a table of its shapes and rows.
pub struct Shaped<'a> {
    chunk: &'a Chunk,
    /// What a test says of each shape; by the test's number.
    verdicts: HashMap<u64, Arc<Vec<bool>>>,
}

impl Table for Shaped<'_> {
    fn rows(&self) -> usize {
        self.chunk.rows()
    }

    fn within(&mut self, window: &RangeInclusive<u64>) -> Result<Rows, ReadError> {
        Ok(self.keep(&Rows::all(self.chunk.rows()), |row| window.contains(&self.chunk.starts[row])))
    }

    fn fill(&mut self, field: &Field, rows: &Rows, out: &mut Column, at: usize) -> Result<(), ReadError> {
        self.chunk.fill(field, rows, out, at)
    }

    /// What belongs to a trace lies in several chunks.
    fn tree(&mut self, _with_parents: bool) -> Result<Option<Arc<Tree>>, ReadError> {
        Ok(None)
    }

    fn test(&mut self, test: &Test, among: &Rows) -> Result<Rows, ReadError> {
        let chunk = self.chunk;
        match &test.field {
            Field::Intrinsic(Intrinsic::StartNs) => {
                Ok(self.keep(among, |row| test.holds_for_int(chunk.starts[row].into())))
            }
            Field::Intrinsic(Intrinsic::DurationNs) => {
                Ok(self.keep(among, |row| test.holds_for_int(chunk.durations[row].into())))
            }
            Field::Intrinsic(Intrinsic::TraceId) => {
                Ok(self.keep(among, |row| test.holds_for_id(&chunk.trace_ids[row])))
            }
            Field::Intrinsic(Intrinsic::SpanId) => Ok(self.keep(among, |row| test.holds_for_id(&chunk.span_ids[row]))),
            Field::Intrinsic(Intrinsic::ParentSpanId) => {
                Ok(self.keep(among, |row| test.holds_for_id(&chunk.parent_ids[row])))
            }
            _ => {
                let verdicts = self.verdicts(test);
                let mut found = self.keep(among, |row| verdicts[chunk.shape_of[row] as usize]);
                if asks_items(test) && chunk.may_meet(test) {
                    let mut open = among.clone();
                    open.remove(&found);
                    found.add(&self.by_items(test, &open)?);
                }
                Ok(found)
            }
        }
    }

    fn may_hold(&mut self, test: &Test) -> Result<bool, ReadError> {
        Ok(self.may_be(test).contains(&true))
    }

    fn candidates(&mut self, filter: &Filter, among: &Rows) -> Result<Rows, ReadError> {
        let may = self.may_match(filter);
        if !may.contains(&false) {
            return Ok(among.clone());
        }
        if !may.contains(&true) {
            return Ok(Rows::none(among.len()));
        }
        Ok(self.keep(among, |row| may[self.chunk.shape_of[row] as usize]))
    }
}

/// Whether the answer may lie in what only the item's bytes say.
fn asks_items(test: &Test) -> bool {
    match &test.field {
        Field::Attribute(scope, _) => !matches!(scope, Scope::Resource | Scope::Scope),
        Field::Intrinsic(intrinsic) => matches!(intrinsic, Intrinsic::StatusMessage | Intrinsic::TraceState),
        Field::EventName | Field::EventTime | Field::LinkTraceId | Field::LinkSpanId => true,
        Field::Nearest(_) | Field::Whole(_) | Field::Parts(_) => false,
    }
}

impl<'a> Shaped<'a> {
    pub fn new(chunk: &'a Chunk) -> Shaped<'a> {
        Shaped { chunk, verdicts: HashMap::new() }
    }

    fn keep(&self, among: &Rows, holds: impl Fn(usize) -> bool) -> Rows {
        let mut kept = Rows::none(among.len());
        among.iter().filter(|row| holds(*row)).for_each(|row| kept.insert(row));
        kept
    }

    fn verdicts(&mut self, test: &Test) -> Arc<Vec<bool>> {
        let verdicts = self.verdicts.entry(test.number);
        verdicts.or_insert_with(|| Arc::new(self.chunk.shapes_of().verdicts(self.chunk, test))).clone()
    }

    /// By shape: false only if the filter means none of its rows.
    fn may_match(&mut self, filter: &Filter) -> Vec<bool> {
        let shapes = self.chunk.shapes.len();
        match filter {
            Filter::Test(test) => self.may_be(test),
            Filter::Not(_) | Filter::Has(..) => vec![true; shapes],
            Filter::All(parts) => {
                let mut all = vec![true; shapes];
                for part in parts {
                    all.iter_mut().zip(self.may_match(part)).for_each(|(all, may)| *all &= may);
                    if !all.contains(&true) {
                        break;
                    }
                }
                all
            }
            Filter::Any(parts) => {
                let mut any = vec![false; shapes];
                for part in parts {
                    any.iter_mut().zip(self.may_match(part)).for_each(|(any, may)| *any |= may);
                }
                any
            }
        }
    }

    /// The same of one test.
    fn may_be(&mut self, test: &Test) -> Vec<bool> {
        match test.field {
            Field::Intrinsic(Intrinsic::DurationNs) => return self.chunk.shapes_of().of_duration(test),
            Field::Whole(_)
            | Field::Intrinsic(Intrinsic::StartNs | Intrinsic::TraceId | Intrinsic::SpanId | Intrinsic::ParentSpanId) =>
            {
                return vec![true; self.chunk.shapes.len()];
            }
            _ => {}
        }
        let verdicts = self.verdicts(test);
        // Items are asked last: to find out about them takes longest.
        if asks_items(test) && verdicts.contains(&false) && self.chunk.may_meet(test) {
            return vec![true; self.chunk.shapes.len()];
        }
        verdicts.to_vec()
    }

    /// Reads the items that are asked for, those that lie near each other at once.
    fn by_items(&self, test: &Test, among: &Rows) -> Result<Rows, ReadError> {
        let mut found = Rows::none(among.len());
        self.chunk.each_item(among, &|bytes| test.may_hold_in(bytes), &mut |row, span| {
            if says(test, span) {
                found.insert(row);
            }
        })?;
        Ok(found)
    }
}

impl Chunk {
    /// Calls `see` with the rows and their items, those left out that `may` refuses, alone or together with others.
    pub fn each_item(
        &self,
        among: &Rows,
        may: &dyn Fn(&[u8]) -> bool,
        see: &mut dyn FnMut(usize, &[u8]),
    ) -> Result<(), ReadError> {
        for request in 0..self.requests.len() {
            let mut rows = among.within(self.rows_in(request)).peekable();
            while let Some(first) = rows.next() {
                let start = self.items[first].start;
                let (mut near, mut end) = (vec![first], self.items[first].end);
                while let Some(next) = rows.peek().copied()
                    && is_near(start, end, &self.items[next])
                {
                    end = self.items[next].end;
                    rows.next();
                    near.push(next);
                }
                let Some(bytes) = self.items_at(request, start..end)? else { continue };
                if !may(&bytes) {
                    continue;
                }
                for row in near {
                    let item = &self.items[row];
                    let span =
                        bytes.get((item.start - start) as usize..(item.end - start) as usize).unwrap_or_default();
                    if may(span) {
                        see(row, span);
                    }
                }
            }
        }
        Ok(())
    }
}

/// What the item's own bytes say: what stands around it was asked before.
fn says(test: &Test, span: &[u8]) -> bool {
    match test.field {
        Field::Intrinsic(_) => test.holds(&Span { span, resource: &[], scope: &[] }),
        _ => test.holds_for_span(span),
    }
}

/// Whether an item is worth to be read together with those before it, which lie in `start..end`.
fn is_near(start: u32, end: u32, item: &Range<u32>) -> bool {
    item.start >= end && item.start - end <= MAX_GAP && item.end - start <= MAX_READ
}
