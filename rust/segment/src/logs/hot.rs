//! A chunk of the live log: what its shapes say, and the bytes of the records that are left.

use std::cell::Cell;
use std::ops::Range;

use super::filter::LogTest;
use super::record::{LogFields, Record};
use super::select::LogTable;
use super::text::text_form;
use crate::error::ReadError;
use crate::filter::value::{any_value, each_message, pair_of};
use crate::hot::{Chunk, Shape};
use crate::reader::note_passed;
use crate::rows::Rows;

/// Records with so many bytes between them are read together …
const MAX_GAP: u32 = 8 << 10;
/// … up to so many at once, because they are looked at while they are in the processor's cache.
const MAX_READ: u32 = 512 << 10;
const ATTRIBUTES: u32 = 6;

pub struct ChunkLogs<'a>(pub &'a Chunk);

impl LogTable for ChunkLogs<'_> {
    fn test(&mut self, test: &LogTest, among: &Rows) -> Result<Rows, ReadError> {
        let mut found = Rows::none(among.len());
        let mut open = Rows::none(among.len());
        let known: Vec<Option<bool>> = self.0.shapes.iter().map(|shape| of_shape(test, shape)).collect();
        for row in among.iter() {
            match known[self.0.shape_of[row] as usize] {
                Some(true) => found.insert(row),
                Some(false) => {}
                None => open.insert(row),
            }
        }
        // Of records that are read together: false if no line that is a string can be meant.
        let strings = Cell::new(true);
        let before = |bytes: &[u8]| {
            if let LogTest::Line(condition) = test {
                strings.set(condition.may_hold_in(bytes) || condition.holds(b""));
            }
        };
        each_item(self.0, &open, &before, &mut |row, shape, item| {
            let holds = match test {
                LogTest::Line(condition) => {
                    let record = LogFields::read(item);
                    (strings.get() || !record.is_string()) && condition.holds(&record.line())
                }
                LogTest::Label(label, condition) => {
                    label.of_record(&shape.resource, &shape.scope, item, |text| condition.holds(text))
                }
                LogTest::Severity(bound, wanted) => bound.admits(shape.kind.into(), *wanted),
                LogTest::TraceId(id) => LogFields::read(item).trace_id == id,
                LogTest::Attribute(test) => test.of_record(&shape.resource, &shape.scope, item),
            };
            if holds {
                found.insert(row);
            }
        })?;
        Ok(found)
    }

    fn may_hold(&mut self, test: &LogTest) -> Result<bool, ReadError> {
        Ok(self.0.shapes.iter().any(|shape| of_shape(test, shape) != Some(false)))
    }
}

/// What a shape alone says; `None`: the record must be asked.
fn of_shape(test: &LogTest, shape: &Shape) -> Option<bool> {
    match test {
        LogTest::Line(_) | LogTest::TraceId(_) => None,
        LogTest::Label(label, condition) => label.of_resource(&shape.resource, |text| condition.holds(text)),
        LogTest::Severity(bound, wanted) => Some(bound.admits(shape.kind.into(), *wanted)),
        LogTest::Attribute(test) => test.of_headers(&shape.resource, &shape.scope),
    }
}

/// Calls `see` with the encoded record of each row. Those that lie near each other are read at once, and `before` is
/// called with their bytes first.
pub fn each_item(
    chunk: &Chunk,
    among: &Rows,
    before: &dyn Fn(&[u8]),
    see: &mut dyn FnMut(usize, &Shape, &[u8]),
) -> Result<(), ReadError> {
    for request in 0..chunk.requests.len() {
        let mut rows = among.within(chunk.rows_in(request)).peekable();
        while let Some(first) = rows.next() {
            let start = chunk.items[first].start;
            let (mut near, mut end) = (vec![first], chunk.items[first].end);
            while let Some(next) = rows.next_if(|next| is_near(start, end, &chunk.items[*next])) {
                end = chunk.items[next].end;
                near.push(next);
            }
            let Some(bytes) = chunk.items_at(request, start..end)? else { continue };
            note_passed(bytes.len());
            before(&bytes);
            for row in near {
                let item = &chunk.items[row];
                let item = bytes.get((item.start - start) as usize..(item.end - start) as usize);
                see(row, chunk.shape(row), item.unwrap_or_default());
            }
        }
    }
    Ok(())
}

fn is_near(start: u32, end: u32, item: &Range<u32>) -> bool {
    item.start >= end && item.start - end <= MAX_GAP && item.end - start <= MAX_READ
}

/// The record as it is answered.
pub fn record(shape: &Shape, item: &[u8]) -> Record {
    let fields = LogFields::read(item);
    let mut attributes = Vec::new();
    each_message(item, ATTRIBUTES, &mut |pair| {
        let (key, any) = pair_of(pair);
        attributes.push((key.to_vec(), text_form(any_value(any)).into_owned()));
        false
    });
    Record {
        order_ns: fields.order_ns(),
        observed_ns: fields.observed_ns,
        severity_number: fields.severity_number,
        severity_text: fields.severity_text.to_vec(),
        event_name: fields.event_name.to_vec(),
        line: fields.line().into_owned(),
        trace_id: some_id(fields.trace_id),
        span_id: some_id(fields.span_id),
        flags: fields.flags,
        attributes,
        resource: shape.resource.to_vec(),
        scope: shape.scope.to_vec(),
    }
}

/// Nothing for an id of zeros.
fn some_id(id: &[u8]) -> Vec<u8> {
    if id.iter().any(|byte| *byte != 0) { id.to_vec() } else { Vec::new() }
}
