//! Spans of a run of rows, all but their attributes.

use std::ops::Range;

use super::group::Group;
use super::items::Items;
use super::slice::{Slice, bytes, int};
use crate::decode::items::SpanHead;
use crate::error::ReadError;
use crate::newest::TraceId;
use crate::schema;

/// By column; `None` where no row has a value.
pub struct Heads {
    rows: Range<usize>,
    span_ids: Option<Slice>,
    distances: Option<Slice>,
    parent_ids: Option<Slice>,
    starts: Option<Slice>,
    durations: Option<Slice>,
    names: Option<Slice>,
    kinds: Option<Slice>,
    codes: Option<Slice>,
    messages: Option<Slice>,
    states: Option<Slice>,
    flags: Option<Slice>,
    dropped_attributes: Option<Slice>,
    dropped_events: Option<Slice>,
    dropped_links: Option<Slice>,
    resources: Option<Slice>,
    scopes: Option<Slice>,
    rest: Option<Slice>,
    events: Option<Slice>,
    links: Option<Slice>,
}

impl Heads {
    pub fn read(group: &mut Group, rows: &Range<usize>) -> Result<Heads, ReadError> {
        let mut of = |name| Slice::named(group, name, rows);
        Ok(Heads {
            rows: rows.clone(),
            span_ids: of(schema::SPAN_ID)?,
            distances: of(schema::PARENT_DISTANCE)?,
            parent_ids: of(schema::PARENT_SPAN_ID)?,
            starts: of(schema::START_NS)?,
            durations: of(schema::DURATION_NS)?,
            names: of(schema::NAME)?,
            kinds: of(schema::KIND)?,
            codes: of(schema::STATUS_CODE)?,
            messages: of(schema::STATUS_MESSAGE)?,
            states: of(schema::TRACE_STATE)?,
            flags: of(schema::FLAGS)?,
            dropped_attributes: of(schema::DROPPED_ATTRIBUTES)?,
            dropped_events: of(schema::DROPPED_EVENTS)?,
            dropped_links: of(schema::DROPPED_LINKS)?,
            resources: of(schema::RESOURCE)?,
            scopes: of(schema::SCOPE)?,
            rest: of(schema::REST)?,
            events: of(schema::EVENTS)?,
            links: of(schema::LINKS)?,
        })
    }

    /// Adds the spans, whose encoded attributes come in the order of rows.
    pub fn put(&self, trace_id: &TraceId, attributes: &[Vec<u8>], items: &mut Items) {
        let mut item = Vec::new();
        for (row, attributes) in self.rows.clone().zip(attributes) {
            let start_ns = int(&self.starts, row) as u64;
            let kind = int(&self.kinds, row) as i32;
            let span_id = bytes(&self.span_ids, row);
            let parent = match usize::try_from(int(&self.distances, row)) {
                Ok(0) => bytes(&self.parent_ids, row),
                Ok(distance) => row.checked_sub(distance).map_or(&[][..], |parent| bytes(&self.span_ids, parent)),
                Err(_) => &[],
            };
            let head = SpanHead {
                trace_id,
                span_id,
                parent_span_id: parent,
                trace_state: bytes(&self.states, row),
                name: bytes(&self.names, row),
                kind,
                start_ns,
                end_ns: start_ns.wrapping_add(int(&self.durations, row) as u64),
                dropped_attributes: int(&self.dropped_attributes, row) as u32,
                dropped_events: int(&self.dropped_events, row) as u32,
                dropped_links: int(&self.dropped_links, row) as u32,
                status_code: int(&self.codes, row) as i32,
                status_message: bytes(&self.messages, row),
                flags: int(&self.flags, row) as u32,
            };
            item.clear();
            let raw = bytes(&self.rest, row);
            head.put(&mut item, raw);
            item.extend_from_slice(attributes);
            let raws = [raw, bytes(&self.events, row), bytes(&self.links, row)];
            raws.iter().for_each(|raw| item.extend_from_slice(raw));
            let key = (*trace_id, span_id.try_into().unwrap_or_default(), start_ns, kind);
            items.add(Some(key), bytes(&self.resources, row), bytes(&self.scopes, row), &item);
        }
    }
}
