//! Filters over a chunk: once per shape where that answers, else on the bytes of the rows that are left.

use std::ops::{Range, RangeInclusive};

use bytes::Bytes;

use super::chunk::Chunk;
use crate::error::ReadError;
use crate::filter::value::{Span, Value};
use crate::filter::{Field, Filter, Intrinsic, Scope, Test};
use crate::newest::{Block, Newest};
use crate::rows::Rows;
use crate::select::{Table, select};

/// A request is read as a whole if at least one of so many of its rows is wanted.
const SPARSE: usize = 8;

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
struct Shaped<'a>(&'a Chunk);

impl Table for Shaped<'_> {
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
        let by_row = Field::Intrinsic(Intrinsic::StartNs) == test.field
            || Field::Intrinsic(Intrinsic::DurationNs) == test.field
            || Field::Intrinsic(Intrinsic::TraceId) == test.field;
        Ok(by_row || asks_items(test) || self.verdicts(test).contains(&true))
    }
}

/// Whether the answer may lie in what only the item's bytes say.
fn asks_items(test: &Test) -> bool {
    match &test.field {
        Field::Attribute(scope, _) => !matches!(scope, Scope::Resource | Scope::Scope),
        Field::EventName => true,
        Field::Intrinsic(intrinsic) => matches!(
            intrinsic,
            Intrinsic::StatusMessage | Intrinsic::SpanId | Intrinsic::ParentSpanId | Intrinsic::TraceState
        ),
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

    fn by_items(&self, test: &Test, among: &Rows) -> Result<Rows, ReadError> {
        let chunk = self.0;
        let mut found = Rows::none(among.len());
        for request in 0..chunk.requests.len() {
            let rows = chunk.rows_in(request);
            let wanted = among.within(rows.clone()).count();
            if wanted == 0 {
                continue;
            }
            let whole = if wanted * SPARSE >= rows.len() { Some(chunk.request(request)?) } else { None };
            for row in among.within(rows) {
                let item = match &whole {
                    Some(bytes) => bytes.as_ref().and_then(|bytes| part(bytes, &chunk.items[row])),
                    None => chunk.item(row)?,
                };
                let shape = chunk.shape(row);
                if let Some(span) = item
                    && test.holds(&Span { span: &span, resource: &shape.resource, scope: &shape.scope })
                {
                    found.insert(row);
                }
            }
        }
        Ok(found)
    }
}

fn part(bytes: &Bytes, range: &Range<u32>) -> Option<Bytes> {
    let range = range.start as usize..range.end as usize;
    bytes.get(range.clone()).is_some().then(|| bytes.slice(range))
}
