//! Filters over a chunk: once per shape where that answers, else on the bytes of the rows that are left.

use std::ops::{Range, RangeInclusive};
use std::sync::Arc;

use super::chunk::Chunk;
use crate::error::ReadError;
use crate::filter::value::{Span, Value};
use crate::filter::{Field, Filter, Intrinsic, Scope, Test};
use crate::newest::{Block, Newest};
use crate::rows::Rows;
use crate::select::{Table, select};
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
        let mut among = Rows::none(self.rows());
        for (row, start) in self.starts.iter().enumerate() {
            if window.contains(start) && newest.wants(*start) {
                among.insert(row);
            }
        }
        for row in select(&mut Shaped(self), filter, &among)?.iter() {
            newest.offer(self.trace_ids[row], self.starts[row]);
        }
        Ok(())
    }
}

/// A chunk as a table of its shapes and rows.
pub struct Shaped<'a>(pub &'a Chunk);

impl Table for Shaped<'_> {
    fn rows(&self) -> usize {
        self.0.rows()
    }

    fn within(&mut self, window: &RangeInclusive<u64>) -> Result<Rows, ReadError> {
        Ok(self.keep(&Rows::all(self.0.rows()), |row| window.contains(&self.0.starts[row])))
    }

    fn fill(&mut self, field: &Field, rows: &Rows, out: &mut Column, at: usize) -> Result<(), ReadError> {
        self.0.fill(field, rows, out, at)
    }

    /// What belongs to a trace lies in several chunks.
    fn tree(&mut self, _with_parents: bool) -> Result<Option<Arc<Tree>>, ReadError> {
        Ok(None)
    }

    fn test(&mut self, test: &Test, among: &Rows) -> Result<Rows, ReadError> {
        let chunk = self.0;
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
                if asks_items(test) {
                    let mut open = among.clone();
                    open.remove(&found);
                    found.add(&self.by_items(test, &open)?);
                }
                Ok(found)
            }
        }
    }

    fn may_hold(&mut self, test: &Test) -> Result<bool, ReadError> {
        let by_row = matches!(
            test.field,
            Field::Whole(_)
                | Field::Intrinsic(
                    Intrinsic::StartNs
                        | Intrinsic::DurationNs
                        | Intrinsic::TraceId
                        | Intrinsic::SpanId
                        | Intrinsic::ParentSpanId
                )
        );
        Ok(by_row || asks_items(test) || self.verdicts(test).contains(&true))
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

impl Shaped<'_> {
    fn keep(&self, among: &Rows, holds: impl Fn(usize) -> bool) -> Rows {
        let mut kept = Rows::none(among.len());
        among.iter().filter(|row| holds(*row)).for_each(|row| kept.insert(row));
        kept
    }

    /// What each shape alone says: true is final, false only where the items are not asked.
    fn verdicts(&self, test: &Test) -> Vec<bool> {
        let mut last: Option<(*const u8, *const u8, bool)> = None;
        let shapes = self.0.shapes.iter().map(|shape| match &test.field {
            Field::Intrinsic(Intrinsic::Name) => test.holds_for_text(&shape.name),
            Field::Intrinsic(Intrinsic::Kind) => test.condition.holds(Value::Int(shape.kind.into())),
            Field::Intrinsic(Intrinsic::Status) => test.condition.holds(Value::Int(shape.status.into())),
            _ => {
                if test.field == Field::Intrinsic(Intrinsic::Service) && !shape.service.is_empty() {
                    return test.condition.holds(Value::Text(&shape.service));
                }
                // Neighbours have equal headers more often than not.
                let at = (shape.resource.as_ptr(), shape.scope.as_ptr());
                let holds = match last {
                    Some((resource, scope, holds)) if (resource, scope) == at => holds,
                    _ => test.holds_for_resource(&shape.resource) || test.holds_for_scope(&shape.scope),
                };
                last = Some((at.0, at.1, holds));
                holds
            }
        });
        shapes.collect()
    }

    /// Reads the items that are asked for, those that lie near each other at once.
    fn by_items(&self, test: &Test, among: &Rows) -> Result<Rows, ReadError> {
        let mut found = Rows::none(among.len());
        self.0.each_item(among, &|bytes| test.may_hold_in(bytes), &mut |row, span| {
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
