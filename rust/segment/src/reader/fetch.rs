//! A trace's rows back to encoded OTLP.

use std::ops::Range;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use otelier_wire::Signal;
use otelier_wire::protobuf::{LEN, put_varint, varint_len};

use super::group::Group;
use super::items::Items;
use super::part::Part;
use super::slice::{Slice, bytes, each, int};
use crate::assemble::Assembly;
use crate::decode::items::{Message, SpanHead, put_long};
use crate::error::ReadError;
use crate::filter::value::Value;
use crate::newest::TraceId;
use crate::schema;

/// Log records within so many rows are read together: a trace's lie near each other, other records between them.
const NEAR: usize = 4_096;

/// Bytes of a row's encoded attributes for which there is room at once.
const USUAL: usize = 1_024;

/// Field numbers of attributes.
const SPAN_ATTRIBUTES: u32 = 9;
const RECORD_ATTRIBUTES: u32 = 6;
/// The tag of a KeyValue's value.
const KEY_VALUE_VALUE: u8 = 0x12;

impl Group<'_> {
    fn slice(&mut self, name: &str, rows: &Range<usize>) -> Result<Option<Slice>, ReadError> {
        match self.column(name) {
            Some(column) => Slice::read(self, column, rows),
            None => Ok(None),
        }
    }

    /// Adds the spans of a run, whose encoded attributes come with it.
    fn spans(
        &mut self,
        trace_id: &TraceId,
        rows: &Range<usize>,
        attributes: &[Vec<u8>],
        items: &mut Items,
    ) -> Result<(), ReadError> {
        let mut names = HEAD.iter();
        let mut head = || self.slice(names.next().unwrap_or(&""), rows);
        let (span_ids, distances, parent_ids) = (head()?, head()?, head()?);
        let (starts, durations, span_names, kinds) = (head()?, head()?, head()?, head()?);
        let (codes, messages, states, flags) = (head()?, head()?, head()?, head()?);
        let (dropped_attributes, dropped_events, dropped_links) = (head()?, head()?, head()?);
        let (resources, scopes, rest, events, links) = (head()?, head()?, head()?, head()?, head()?);
        let mut item = Vec::new();
        for (row, attributes) in rows.clone().zip(attributes) {
            let start_ns = int(&starts, row) as u64;
            let kind = int(&kinds, row) as i32;
            let span_id = bytes(&span_ids, row);
            let parent = match usize::try_from(int(&distances, row)) {
                Ok(0) => bytes(&parent_ids, row),
                Ok(distance) => row.checked_sub(distance).map_or(&[][..], |parent| bytes(&span_ids, parent)),
                Err(_) => &[],
            };
            let head = SpanHead {
                trace_id,
                span_id,
                parent_span_id: parent,
                trace_state: bytes(&states, row),
                name: bytes(&span_names, row),
                kind,
                start_ns,
                end_ns: start_ns.wrapping_add(int(&durations, row) as u64),
                dropped_attributes: int(&dropped_attributes, row) as u32,
                dropped_events: int(&dropped_events, row) as u32,
                dropped_links: int(&dropped_links, row) as u32,
                status_code: int(&codes, row) as i32,
                status_message: bytes(&messages, row),
                flags: int(&flags, row) as u32,
            };
            item.clear();
            let raw = bytes(&rest, row);
            head.put(&mut item, raw);
            item.extend_from_slice(attributes);
            [raw, bytes(&events, row), bytes(&links, row)].iter().for_each(|raw| item.extend_from_slice(raw));
            let key = (*trace_id, span_id.try_into().unwrap_or_default(), start_ns, kind);
            items.add(Some(key), bytes(&resources, row), bytes(&scopes, row), &item);
        }
        Ok(())
    }

    /// Adds the log records of these runs, which are in order.
    fn records(&mut self, runs: &[Range<usize>], items: &mut Items) -> Result<(), ReadError> {
        let (Some(first), Some(last)) = (runs.first(), runs.last()) else { return Ok(()) };
        let rows = &(first.start..last.end);
        let mut slice = |name| self.slice(name, rows);
        let (trace_ids, span_ids) = (slice(schema::TRACE_ID)?, slice(schema::SPAN_ID)?);
        let (times, observed) = (slice(schema::TIME_NS)?, slice(schema::OBSERVED_NS)?);
        let (numbers, texts) = (slice(schema::SEVERITY_NUMBER)?, slice(schema::SEVERITY_TEXT)?);
        let (names, bodies) = (slice(schema::EVENT_NAME)?, slice(schema::BODY)?);
        let (flags, dropped) = (slice(schema::FLAGS)?, slice(schema::DROPPED_ATTRIBUTES)?);
        let (resources, scopes, rest) = (slice(schema::RESOURCE)?, slice(schema::SCOPE)?, slice(schema::REST)?);
        let attributes = self.attributes(RECORD_ATTRIBUTES, runs)?;
        let (mut item, mut body) = (Vec::new(), Vec::new());
        for (row, attributes) in runs.iter().cloned().flatten().zip(&attributes) {
            item.clear();
            let mut message = Message(&mut item);
            message.fixed64(1, int(&times, row) as u64);
            message.int32(2, int(&numbers, row) as i32);
            message.bytes(3, bytes(&texts, row));
            if let Some(Value::Text(text)) = bodies.as_ref().and_then(|bodies| bodies.get(row)) {
                body.clear();
                Message(&mut body).content(1, text);
                message.content(5, &body);
            }
            message.varint(7, u64::from(int(&dropped, row) as u32));
            message.fixed32(8, int(&flags, row) as u32);
            message.bytes(9, bytes(&trace_ids, row));
            message.bytes(10, bytes(&span_ids, row));
            message.fixed64(11, int(&observed, row) as u64);
            message.bytes(12, bytes(&names, row));
            item.extend_from_slice(attributes);
            item.extend_from_slice(bytes(&rest, row));
            items.add(None, bytes(&resources, row), bytes(&scopes, row), &item);
        }
        Ok(())
    }

    /// The encoded attributes of each row of `runs`, which are in order, as fields of this number.
    fn attributes(&mut self, number: u32, runs: &[Range<usize>]) -> Result<Vec<Vec<u8>>, ReadError> {
        let mut encoded: Vec<Vec<u8>> = runs.iter().cloned().flatten().map(|_| Vec::with_capacity(USUAL)).collect();
        for (at, column) in self.columns().iter().enumerate() {
            if let Some((_, key)) = schema::attribute_of_column(&column.name) {
                each(self, at, runs, &mut |place, value| {
                    put_attribute(&mut encoded[place], number, key.as_bytes(), value);
                })?;
            }
        }
        Ok(encoded)
    }
}

/// In the order in which they are taken.
const HEAD: [&str; 19] = [
    schema::SPAN_ID,
    schema::PARENT_DISTANCE,
    schema::PARENT_SPAN_ID,
    schema::START_NS,
    schema::DURATION_NS,
    schema::NAME,
    schema::KIND,
    schema::STATUS_CODE,
    schema::STATUS_MESSAGE,
    schema::TRACE_STATE,
    schema::FLAGS,
    schema::DROPPED_ATTRIBUTES,
    schema::DROPPED_EVENTS,
    schema::DROPPED_LINKS,
    schema::RESOURCE,
    schema::SCOPE,
    schema::REST,
    schema::EVENTS,
    schema::LINKS,
];

/// A field with a KeyValue.
fn put_attribute(out: &mut Vec<u8>, number: u32, key: &[u8], value: Value) {
    let size = match value {
        Value::Text(text) => 1 + varint_len(text.len()) + text.len(),
        Value::Int(int) => 1 + varint_len(int as u64 as usize),
        Value::Double(_) => 9,
        Value::Bool(_) => 2,
        Value::Other(_) => return,
    };
    let pair = 1 + varint_len(key.len()) + key.len() + 1 + varint_len(size) + size;
    put_varint(out, (number << 3 | LEN) as usize);
    put_varint(out, pair);
    Message(out).content(1, key);
    out.push(KEY_VALUE_VALUE);
    put_varint(out, size);
    match value {
        Value::Text(text) => Message(out).content(1, text),
        Value::Bool(bool) => out.extend_from_slice(&[0x10, bool.into()]),
        Value::Int(int) => {
            out.push(0x18);
            put_long(out, int as u64);
        }
        Value::Double(double) => {
            out.push(0x21);
            out.extend_from_slice(&double.to_bits().to_le_bytes());
        }
        Value::Other(_) => {}
    }
}

/// Adds what these parts hold; pages that traces share are read once, row groups by two threads.
pub fn fetch(
    signal: Signal,
    mut parts: Vec<Part>,
    trace_ids: &[TraceId],
    assembly: &mut Assembly,
) -> Result<(), ReadError> {
    let groups = Part::by_group(&mut parts);
    let next = AtomicUsize::new(0);
    let work = || {
        let mut done = Vec::new();
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let Some(parts) = groups.get(number) else { return done };
            done.push((number, items_of(signal, parts, trace_ids)));
        }
    };
    let mut done = match groups.len() {
        0 | 1 => work(),
        _ => thread::scope(|scope| {
            let other = scope.spawn(work);
            let mut done = work();
            done.extend(other.join().unwrap_or_else(|panic| resume_unwind(panic)));
            done
        }),
    };
    done.sort_unstable_by_key(|(number, _)| *number);
    done.into_iter().try_for_each(|(_, items)| items.map(|items| items.put_into(assembly)))
}

/// Of the parts in one row group.
fn items_of(signal: Signal, parts: &[Part], trace_ids: &[TraceId]) -> Result<Items, ReadError> {
    let mut items = Items::default();
    let Some(first) = parts.first() else { return Ok(items) };
    let mut group = Group::open(&first.file, first.run.group)?;
    let mut own = Vec::new();
    for part in parts {
        if group.is_of(&trace_ids[part.trace], &part.run)? {
            own.push(part);
        }
    }
    let runs: Vec<Range<usize>> = own.iter().map(|part| part.run.rows.clone()).collect();
    group.will_need(&runs)?;
    if signal == Signal::Logs {
        let mut rest = &runs[..];
        while let Some(first) = rest.first() {
            let near = rest.iter().take_while(|rows| rows.end - first.start <= NEAR).count().max(1);
            group.records(&rest[..near], &mut items)?;
            rest = &rest[near..];
        }
        return Ok(items);
    }
    // Of a column that traces share each page is read once.
    let encoded = group.attributes(SPAN_ATTRIBUTES, &runs)?;
    let mut encoded = &encoded[..];
    for part in own {
        let (attributes, rest) = encoded.split_at(part.run.rows.len());
        group.spans(&trace_ids[part.trace], &part.run.rows, attributes, &mut items)?;
        encoded = rest;
    }
    Ok(items)
}
