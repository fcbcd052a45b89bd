//! Log records into the columns of a row group.

use otelier_wire::protobuf::{Cursor, Fault, Value};

use super::attributes::{Keys, Plain, plain, scalar};
use super::columns::{Attributes, Sparse, push_int32, push_int64};
use super::headers::{Around, Headers};
use super::scan::{Item, Place};
use super::vocabulary::Vocabulary;
use crate::encode::{Cells, Content, Values};
use crate::filter::value::any_value;
use crate::logs::text_form;
use crate::schema::{self, Cell, Column};

/// A log record where it lies.
#[derive(Clone, Debug)]
pub struct LogRecord {
    /// Zeros: none.
    pub trace_id: [u8; 16],
    pub time_ns: u64,
    pub observed_ns: u64,
    pub around: Around,
    pub place: Place,
}

impl LogRecord {
    /// By what records are sorted: the time, or when it was observed where there is none.
    pub fn order_ns(&self) -> u64 {
        if self.time_ns == 0 { self.observed_ns } else { self.time_ns }
    }
}

impl Item for LogRecord {
    fn read(item: &[u8], around: Around, place: Place) -> Result<LogRecord, Fault> {
        let mut record = LogRecord { trace_id: [0; 16], time_ns: 0, observed_ns: 0, around, place };
        let mut cursor = Cursor::new(item);
        while !cursor.is_empty() {
            let tag = cursor.tag()?;
            match (tag.number(), cursor.value(tag, u32::MAX)?) {
                (1, Value::Fixed64(time)) => record.time_ns = time,
                (11, Value::Fixed64(time)) => record.observed_ns = time,
                (9, Value::Len(id)) => record.trace_id = id.try_into().unwrap_or_default(),
                _ => {}
            }
        }
        Ok(record)
    }
}

/// A row group of log records. The order of `cells` is that of `columns`.
pub struct RecordGroup {
    count: u32,
    trace_ids: Sparse,
    span_ids: Sparse,
    times: Values,
    observed: Values,
    severity_numbers: Values,
    severity_texts: Sparse,
    event_names: Sparse,
    bodies: Sparse,
    flags: Sparse,
    dropped_attributes: Sparse,
    services: (Vec<u32>, Vec<u32>),
    resources: Vec<u32>,
    scopes: Vec<u32>,
    pub attributes: Attributes,
    rest: Sparse,
    rest_bytes: Vec<u8>,
    /// Of the lines, for the index.
    pub words: Vocabulary,
}

impl RecordGroup {
    pub fn new(keys: Keys) -> RecordGroup {
        RecordGroup {
            count: 0,
            trace_ids: Sparse::new(Cell::Fixed(16)),
            span_ids: Sparse::new(Cell::Fixed(8)),
            times: Values::Int64(Vec::new()),
            observed: Values::Int64(Vec::new()),
            severity_numbers: Values::Int32(Vec::new()),
            severity_texts: Sparse::new(Cell::Text),
            event_names: Sparse::new(Cell::Text),
            bodies: Sparse::new(Cell::Text),
            flags: Sparse::new(Cell::Int32),
            dropped_attributes: Sparse::new(Cell::Int32),
            services: (Vec::new(), Vec::new()),
            resources: Vec::new(),
            scopes: Vec::new(),
            attributes: Attributes::new(keys),
            rest: Sparse::new(Cell::Bytes),
            rest_bytes: Vec::new(),
            words: Vocabulary::default(),
        }
    }

    pub fn columns(&self) -> Vec<Column> {
        let head = schema::log_columns().into_iter();
        head.chain(self.attributes.schema()).chain(schema::log_tail_columns()).collect()
    }

    pub fn count(&self) -> usize {
        self.count as usize
    }

    /// Raw fields of the last record that no column holds.
    pub fn raw(&self) -> &[u8] {
        &self.rest_bytes
    }

    pub fn put(&mut self, item: &[u8], record: &LogRecord, headers: &Headers) {
        let at = self.count;
        self.count += 1;
        push_int64(&mut self.times, record.time_ns);
        push_int64(&mut self.observed, record.observed_ns);
        self.resources.push(record.around.resource);
        self.scopes.push(record.around.scope);
        if let Some(service) = headers.service(record.around.resource) {
            self.services.0.push(at);
            self.services.1.push(service);
        }
        self.rest_bytes.clear();
        let severity = self.fields(item, at);
        push_int32(&mut self.severity_numbers, severity);
        if !self.rest_bytes.is_empty() {
            self.rest.put_bytes(at, &self.rest_bytes);
        }
    }

    /// Answers the severity number.
    fn fields(&mut self, item: &[u8], at: u32) -> i32 {
        let mut severity = 0;
        let mut cursor = Cursor::new(item);
        loop {
            let start = cursor.rest;
            // The scan has walked all fields before: there is no fault.
            let Ok(tag) = cursor.tag() else { return severity };
            let Ok(value) = cursor.value(tag, u32::MAX) else { return severity };
            let raw = &start[..start.len() - cursor.rest.len()];
            let held = match (tag.number(), value) {
                (1 | 11, Value::Fixed64(_)) => true,
                (2, Value::Varint(number)) => {
                    severity = number as i32;
                    true
                }
                (3, Value::Len(text)) => text.is_empty() || self.severity_texts.put_first(at, text),
                (5, Value::Len(body)) => match scalar(body) {
                    Some(Plain::Text(text)) => {
                        self.words.add(text);
                        self.bodies.put_first(at, text)
                    }
                    _ => {
                        self.words.add(&text_form(any_value(body)));
                        false
                    }
                },
                (6, Value::Len(attribute)) => {
                    plain(attribute).is_some_and(|(key, value)| self.attributes.put(at, key, value))
                }
                (7, Value::Varint(count)) => self.dropped_attributes.put_count(at, count as u32),
                (8, Value::Fixed32(flags)) => self.flags.put_count(at, flags),
                (9, Value::Len(id)) => is_none(id) || (id.len() == 16 && self.trace_ids.put_first(at, id)),
                (10, Value::Len(id)) => is_none(id) || (id.len() == 8 && self.span_ids.put_first(at, id)),
                (12, Value::Len(name)) => name.is_empty() || self.event_names.put_first(at, name),
                _ => false,
            };
            if !held {
                self.rest_bytes.extend_from_slice(raw);
            }
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
            some(&self.trace_ids),
            some(&self.span_ids),
            all(&self.times),
            all(&self.observed),
            all(&self.severity_numbers),
            some(&self.severity_texts),
            some(&self.event_names),
            some(&self.bodies),
            some(&self.flags),
            some(&self.dropped_attributes),
            Cells { count, rows: Some(service_rows), content: services },
            codes(&self.resources, headers.resources()),
            codes(&self.scopes, headers.scopes()),
        ];
        head.into_iter().chain(self.attributes.columns.iter().map(some)).chain([some(&self.rest)])
    }

    /// Ready for the next row group.
    pub fn clear(&mut self) {
        self.count = 0;
        [&mut self.times, &mut self.observed, &mut self.severity_numbers].into_iter().for_each(Values::clear);
        let sparse = [
            &mut self.trace_ids,
            &mut self.span_ids,
            &mut self.severity_texts,
            &mut self.event_names,
            &mut self.bodies,
            &mut self.flags,
            &mut self.dropped_attributes,
            &mut self.rest,
        ];
        sparse.into_iter().for_each(Sparse::clear);
        let codes = [&mut self.services.0, &mut self.services.1, &mut self.resources, &mut self.scopes];
        codes.into_iter().for_each(Vec::clear);
        self.attributes.clear();
    }
}

/// Whether it stands for no id: nothing, or zeros.
fn is_none(id: &[u8]) -> bool {
    id.iter().all(|byte| *byte == 0)
}
