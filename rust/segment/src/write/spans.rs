//! Spans into the columns of a row group.

use otelier_wire::protobuf::{Cursor, Value, fields};

use super::attributes::{Keys, plain};
use super::columns::{Attributes, Sparse, push_fixed, push_int32, push_int64};
use super::headers::Headers;
use super::intern::Interner;
use super::order::Row;
use super::scan::Span;
use crate::encode::{Cells, Content, Values};
use crate::schema::{self, Cell, Column};

/// A row group of spans. The order of `cells` is that of `columns`.
pub struct SpanGroup {
    count: u32,
    trace_ids: Values,
    span_ids: Values,
    parent_distances: Sparse,
    parent_span_ids: Sparse,
    descendants: Values,
    starts: Values,
    durations: Values,
    services: (Vec<u32>, Vec<u32>),
    pub names: Interner,
    name_codes: Vec<u32>,
    kinds: Values,
    status_codes: Values,
    status_messages: Sparse,
    trace_states: Sparse,
    flags: Sparse,
    dropped_attributes: Sparse,
    dropped_events: Sparse,
    dropped_links: Sparse,
    resources: Vec<u32>,
    scopes: Vec<u32>,
    pub attributes: Attributes,
    rest: Sparse,
    events: Sparse,
    links: Sparse,
    /// The raw fields of the span at hand.
    rest_bytes: Vec<u8>,
    event_bytes: Vec<u8>,
    link_bytes: Vec<u8>,
}

/// What the index wants to know of a span once it is in its columns.
#[derive(Clone, Copy, Debug)]
pub struct Shredded {
    pub name: u32,
    pub status_code: i32,
}

impl SpanGroup {
    pub fn new(keys: Keys) -> SpanGroup {
        SpanGroup {
            count: 0,
            trace_ids: Values::Fixed(Vec::new(), 16),
            span_ids: Values::Fixed(Vec::new(), 8),
            parent_distances: Sparse::new(Cell::Int32),
            parent_span_ids: Sparse::new(Cell::Fixed(8)),
            descendants: Values::Int32(Vec::new()),
            starts: Values::Int64(Vec::new()),
            durations: Values::Int64(Vec::new()),
            services: (Vec::new(), Vec::new()),
            names: Interner::default(),
            name_codes: Vec::new(),
            kinds: Values::Int32(Vec::new()),
            status_codes: Values::Int32(Vec::new()),
            status_messages: Sparse::new(Cell::Text),
            trace_states: Sparse::new(Cell::Text),
            flags: Sparse::new(Cell::Int32),
            dropped_attributes: Sparse::new(Cell::Int32),
            dropped_events: Sparse::new(Cell::Int32),
            dropped_links: Sparse::new(Cell::Int32),
            resources: Vec::new(),
            scopes: Vec::new(),
            attributes: Attributes::new(keys),
            rest: Sparse::new(Cell::Bytes),
            events: Sparse::new(Cell::Bytes),
            links: Sparse::new(Cell::Bytes),
            rest_bytes: Vec::new(),
            event_bytes: Vec::new(),
            link_bytes: Vec::new(),
        }
    }

    pub fn columns(&self) -> Vec<Column> {
        let head = schema::span_columns().into_iter();
        head.chain(self.attributes.schema()).chain(schema::span_tail_columns()).collect()
    }

    pub fn count(&self) -> usize {
        self.count as usize
    }

    /// Raw bytes of the last span that no column of attributes holds: rest, events, links.
    pub fn raw(&self) -> [&[u8]; 3] {
        [&self.rest_bytes, &self.event_bytes, &self.link_bytes]
    }

    pub fn put(&mut self, item: &[u8], span: &Span, row: Row, headers: &Headers) -> Shredded {
        let at = self.count;
        self.count += 1;
        push_fixed(&mut self.trace_ids, &span.trace_id);
        push_fixed(&mut self.span_ids, &span.span_id);
        if row.parent_distance > 0 {
            self.parent_distances.put_int32(at, row.parent_distance);
        } else if span.parent_span_id != [0; 8] {
            self.parent_span_ids.put_fixed(at, &span.parent_span_id);
        }
        push_int32(&mut self.descendants, row.descendants as i32);
        push_int64(&mut self.starts, span.start_ns);
        push_int64(&mut self.durations, span.end_ns.wrapping_sub(span.start_ns));
        push_int32(&mut self.kinds, span.kind);
        self.resources.push(span.around.resource);
        self.scopes.push(span.around.scope);
        if let Some(service) = headers.service(span.around.resource) {
            self.services.0.push(at);
            self.services.1.push(service);
        }
        self.rest_bytes.clear();
        self.event_bytes.clear();
        self.link_bytes.clear();
        let said = self.fields(item, at);
        push_int32(&mut self.status_codes, said.status_code);
        let name = self.names.intern(said.name);
        self.name_codes.push(name);
        for (column, bytes) in [
            (&mut self.rest, &self.rest_bytes),
            (&mut self.events, &self.event_bytes),
            (&mut self.links, &self.link_bytes),
        ] {
            if !bytes.is_empty() {
                column.put_bytes(at, bytes);
            }
        }
        Shredded { name, status_code: said.status_code }
    }

    #[inline]
    fn fields<'a>(&mut self, item: &'a [u8], at: u32) -> Said<'a> {
        let mut said = Said { name: &[], status_code: 0 };
        let mut cursor = Cursor::new(item);
        loop {
            while let [0x4a, length @ 0..0x80, rest @ ..] = cursor.rest
                && let Some((attribute, rest)) = rest.split_at_checked(usize::from(*length))
            {
                let raw = &cursor.rest[..2 + attribute.len()];
                self.attribute(attribute, raw, at);
                cursor.rest = rest;
            }
            let start = cursor.rest;
            // The scan has walked all fields before: there is no fault.
            let Ok(tag) = cursor.tag() else { return said };
            let Ok(value) = cursor.value(tag, u32::MAX) else { return said };
            let raw = &start[..start.len() - cursor.rest.len()];
            match (tag.number(), value) {
                (1, Value::Len(id)) if id.len() == 16 => {}
                (2, Value::Len(id)) if id.len() == 8 => {}
                (4, Value::Len(id)) if matches!(id.len(), 0 | 8) => {}
                (6, Value::Varint(_)) | (7 | 8, Value::Fixed64(_)) => {}
                (5, Value::Len(name)) => said.name = name,
                (3, Value::Len(state)) if !self.trace_states.has(at) => {
                    if !state.is_empty() {
                        self.trace_states.put_bytes(at, state);
                    }
                }
                (9, Value::Len(attribute)) => self.attribute(attribute, raw, at),
                (11, Value::Len(_)) => self.event_bytes.extend_from_slice(raw),
                (13, Value::Len(_)) => self.link_bytes.extend_from_slice(raw),
                (10, Value::Varint(count)) => drop(self.dropped_attributes.put_count(at, count as u32)),
                (12, Value::Varint(count)) => drop(self.dropped_events.put_count(at, count as u32)),
                (14, Value::Varint(count)) => drop(self.dropped_links.put_count(at, count as u32)),
                (16, Value::Fixed32(flags)) => drop(self.flags.put_count(at, flags)),
                (15, Value::Len(status)) => self.status(status, raw, at, &mut said),
                _ => self.rest_bytes.extend_from_slice(raw),
            }
        }
    }

    #[inline]
    fn attribute(&mut self, attribute: &[u8], raw: &[u8], at: u32) {
        let held = plain(attribute).is_some_and(|(key, value)| self.attributes.put(at, key, value));
        if !held {
            self.rest_bytes.extend_from_slice(raw);
        }
    }

    /// A status that says more than columns hold also goes to the rest as it is, which then counts.
    fn status(&mut self, status: &[u8], raw: &[u8], at: u32, said: &mut Said) {
        let mut more = false;
        for field in fields(status) {
            match (field.number, field.value) {
                (2, Value::Len(message)) if !self.status_messages.has(at) => {
                    if !message.is_empty() {
                        self.status_messages.put_bytes(at, message);
                    }
                }
                (3, Value::Varint(code)) => said.status_code = code as i32,
                _ => more = true,
            }
        }
        if more {
            self.rest_bytes.extend_from_slice(raw);
        }
    }

    /// All columns in order.
    pub fn cells<'a>(&'a self, headers: &'a Headers) -> impl Iterator<Item = Cells<'a>> {
        let count = self.count();
        let all = move |values: &'a Values| Cells { count, rows: None, content: Content::Values(values) };
        let some = move |column: &'a Sparse| column.cells(count);
        let codes = move |codes: &'a [u32], lookup| Cells { count, rows: None, content: Content::Codes(codes, lookup) };
        let (service_rows, services) = &self.services;
        let services = Content::Codes(services, &headers.services.strings);
        let head = [
            all(&self.trace_ids),
            all(&self.span_ids),
            some(&self.parent_distances),
            some(&self.parent_span_ids),
            all(&self.descendants),
            all(&self.starts),
            all(&self.durations),
            Cells { count, rows: Some(service_rows), content: services },
            codes(&self.name_codes, &self.names.strings),
            all(&self.kinds),
            all(&self.status_codes),
            some(&self.status_messages),
            some(&self.trace_states),
            some(&self.flags),
            some(&self.dropped_attributes),
            some(&self.dropped_events),
            some(&self.dropped_links),
            codes(&self.resources, headers.resources()),
            codes(&self.scopes, headers.scopes()),
        ];
        let tail = [some(&self.rest), some(&self.events), some(&self.links)];
        head.into_iter().chain(self.attributes.columns.iter().map(some)).chain(tail)
    }

    /// Ready for the next row group.
    pub fn clear(&mut self) {
        self.count = 0;
        let dense = [
            &mut self.trace_ids,
            &mut self.span_ids,
            &mut self.descendants,
            &mut self.starts,
            &mut self.durations,
            &mut self.kinds,
            &mut self.status_codes,
        ];
        dense.into_iter().for_each(Values::clear);
        let sparse = [
            &mut self.parent_distances,
            &mut self.parent_span_ids,
            &mut self.status_messages,
            &mut self.trace_states,
            &mut self.flags,
            &mut self.dropped_attributes,
            &mut self.dropped_events,
            &mut self.dropped_links,
            &mut self.rest,
            &mut self.events,
            &mut self.links,
        ];
        sparse.into_iter().for_each(Sparse::clear);
        let codes =
            [&mut self.services.0, &mut self.services.1, &mut self.name_codes, &mut self.resources, &mut self.scopes];
        codes.into_iter().for_each(Vec::clear);
        self.attributes.clear();
    }
}

struct Said<'a> {
    name: &'a [u8],
    status_code: i32,
}
