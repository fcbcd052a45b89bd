//! A trace's rows back to encoded OTLP.

use std::ops::Range;
use std::sync::Arc;

use otelier_wire::Signal;

use super::attributes::{attributes, attributes_beside};
use super::group::Group;
use super::heads::Heads;
use super::items::Items;
use super::part::Part;
use super::slice::{Slice, bytes, int};
use crate::assemble::Assembly;
use crate::decode::items::Message;
use crate::error::ReadError;
use crate::filter::value::Value;
use crate::newest::TraceId;
use crate::schema;
use crate::share::Turns;

/// Log records within so many rows are read together: a trace's lie near each other, other records between them.
const NEAR: usize = 4_096;

/// Field numbers of attributes.
const SPAN_ATTRIBUTES: u32 = 9;
const RECORD_ATTRIBUTES: u32 = 6;
impl Group<'_> {
    /// Adds the log records of these runs, which are in order.
    fn records(&mut self, runs: &[Range<usize>], items: &mut Items) -> Result<(), ReadError> {
        let (Some(first), Some(last)) = (runs.first(), runs.last()) else { return Ok(()) };
        let rows = &(first.start..last.end);
        let mut slice = |name| Slice::named(self, name, rows);
        let (trace_ids, span_ids) = (slice(schema::TRACE_ID)?, slice(schema::SPAN_ID)?);
        let (times, observed) = (slice(schema::TIME_NS)?, slice(schema::OBSERVED_NS)?);
        let (numbers, texts) = (slice(schema::SEVERITY_NUMBER)?, slice(schema::SEVERITY_TEXT)?);
        let (names, bodies) = (slice(schema::EVENT_NAME)?, slice(schema::BODY)?);
        let (flags, dropped) = (slice(schema::FLAGS)?, slice(schema::DROPPED_ATTRIBUTES)?);
        let (resources, scopes, rest) = (slice(schema::RESOURCE)?, slice(schema::SCOPE)?, slice(schema::REST)?);
        let attributes = attributes(self, RECORD_ATTRIBUTES, runs)?;
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
}

/// Adds what these parts hold, read by several threads; pages that traces share are read once.
pub fn fetch(
    signal: Signal,
    parts: Vec<Part>,
    trace_ids: &Arc<[TraceId]>,
    assembly: &mut Assembly,
) -> Result<(), ReadError> {
    let (groups, trace_ids) = (Part::by_group(parts), trace_ids.clone());
    let alone = groups.len() == 1;
    let turns = Turns::offer(groups.len(), move |number| items_of(signal, &groups[number], &trace_ids, alone));
    turns.finish().into_iter().try_for_each(|items| items.map(|items| items.put_into(assembly)))
}

/// Of the parts in one row group, by several threads if it is alone.
fn items_of(signal: Signal, parts: &[Part], trace_ids: &[TraceId], alone: bool) -> Result<Items, ReadError> {
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
    let heads = |group: &mut Group| own.iter().map(|part| Heads::read(group, &part.run.rows)).collect();
    let (heads, encoded): (Vec<Heads>, _) = if alone {
        attributes_beside(&first.file, &mut group, SPAN_ATTRIBUTES, &runs, heads)?
    } else {
        (heads(&mut group)?, attributes(&mut group, SPAN_ATTRIBUTES, &runs)?)
    };
    let mut encoded = &encoded[..];
    for (part, heads) in own.iter().zip(heads) {
        let (attributes, rest) = encoded.split_at(part.run.rows.len());
        heads.put(&trace_ids[part.trace], attributes, &mut items);
        encoded = rest;
    }
    Ok(items)
}
