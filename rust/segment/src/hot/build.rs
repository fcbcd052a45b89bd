//! Requests of the log to rows of a chunk: one walk over their bytes, no attribute entered.

use std::sync::Arc;

use hashbrown::{HashMap, HashSet};
use otelier_disk::LogRecord;
use otelier_wire::Signal;
use otelier_wire::protobuf::{Value, fields};

use super::chunk::{Chunk, Request, Shape};
use crate::filter::value::{Fixed, service_of};

/// Strings and headers that are in memory already.
#[derive(Debug, Default)]
pub struct Texts(HashSet<Arc<[u8]>>);

impl Texts {
    pub fn get(&mut self, text: &[u8]) -> Arc<[u8]> {
        self.0.get_or_insert_with(text, |text| text.into()).clone()
    }

    /// Forgets what no chunk holds any more.
    pub fn sweep(&mut self) {
        self.0.retain(|text| Arc::strong_count(text) > 1);
    }
}

/// A chunk that still grows.
#[derive(Debug)]
pub struct Builder {
    pub chunk: Chunk,
    pub changed: bool,
    known: HashMap<Known, u32>,
}

/// A shape by the addresses of its texts, which are in memory once.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Known {
    resource: usize,
    scope: usize,
    name: usize,
    kind: i32,
    status: i32,
}

#[derive(Clone)]
struct Around {
    resource: Arc<[u8]>,
    scope: Arc<[u8]>,
    service: Arc<[u8]>,
}

impl Builder {
    pub fn new(chunk: Chunk) -> Builder {
        Builder { chunk, changed: false, known: HashMap::new() }
    }

    /// The chunk as it is now.
    pub fn publish(&mut self) -> Arc<Chunk> {
        self.changed = false;
        self.chunk.sort();
        Arc::new(self.chunk.clone())
    }

    /// Adds the rows of a request.
    pub fn add(&mut self, signal: Signal, record: &LogRecord, texts: &mut Texts) {
        let first_row = self.chunk.rows() as u32;
        let request = &record.otlp[..];
        let (mut header, mut scope_header) = (Vec::new(), Vec::new());
        for resource in fields(request) {
            let (1, Value::Len(group)) = (resource.number, resource.value) else { continue };
            header.clear();
            fields(group).filter(|field| field.number != 2).for_each(|field| header.extend_from_slice(field.raw));
            let resource = texts.get(&header);
            let service = texts.get(service_of(&header).unwrap_or_default());
            for scope in fields(group) {
                let (2, Value::Len(group)) = (scope.number, scope.value) else { continue };
                scope_header.clear();
                let rest = fields(group).filter(|field| field.number != 2);
                rest.for_each(|field| scope_header.extend_from_slice(field.raw));
                let scope = texts.get(&scope_header);
                let around = Around { resource: resource.clone(), scope, service: service.clone() };
                for item in fields(group) {
                    let (2, Value::Len(content)) = (item.number, item.value) else { continue };
                    let start = (content.as_ptr() as usize - request.as_ptr() as usize) as u32;
                    self.row(signal, &around, content, start, texts);
                }
            }
        }
        if self.chunk.rows() > first_row as usize {
            self.chunk.requests.push(Request { offset: record.offset, len: request.len() as u32, first_row });
            self.changed = true;
        }
    }

    fn row(&mut self, signal: Signal, around: &Around, content: &[u8], start: u32, texts: &mut Texts) {
        let row = match signal {
            Signal::Logs => Row::of_log(content),
            _ => Row::of_span(content),
        };
        let name = texts.get(row.name);
        let address = |text: &Arc<[u8]>| text.as_ptr() as usize;
        let known = Known {
            resource: address(&around.resource),
            scope: address(&around.scope),
            name: address(&name),
            kind: row.kind,
            status: row.status,
        };
        let chunk = &mut self.chunk;
        let shape = *self.known.entry(known).or_insert_with(|| {
            let Around { resource, scope, service } = around.clone();
            chunk.shapes.push(Shape { resource, scope, service, name, kind: row.kind, status: row.status });
            chunk.shapes.len() as u32 - 1
        });
        chunk.shape_of.push(shape);
        chunk.trace_ids.push(row.trace_id);
        chunk.span_ids.push(row.span_id);
        chunk.parent_ids.push(row.parent_id);
        chunk.starts.push(row.start_ns);
        chunk.durations.push(row.duration_ns);
        chunk.items.push(start..start + content.len() as u32);
        chunk.least_start = chunk.least_start.min(row.start_ns);
        chunk.greatest_start = chunk.greatest_start.max(row.start_ns);
    }
}

struct Row<'a> {
    trace_id: [u8; 16],
    span_id: [u8; 8],
    parent_id: [u8; 8],
    start_ns: u64,
    duration_ns: i64,
    name: &'a [u8],
    kind: i32,
    status: i32,
}

impl<'a> Row<'a> {
    fn of_span(span: &'a [u8]) -> Row<'a> {
        let fixed = Fixed::read(span);
        Row {
            trace_id: fixed.trace_id.try_into().unwrap_or_default(),
            span_id: fixed.span_id.try_into().unwrap_or_default(),
            parent_id: fixed.parent_span_id.try_into().unwrap_or_default(),
            start_ns: fixed.start_ns,
            duration_ns: fixed.duration_ns(),
            name: fixed.name,
            kind: fixed.kind,
            status: fixed.status_code,
        }
    }

    /// Name and kind are the event's name and the severity's number.
    fn of_log(record: &'a [u8]) -> Row<'a> {
        let (mut time, mut observed) = (0, 0);
        let mut row = Row {
            trace_id: [0; 16],
            span_id: [0; 8],
            parent_id: [0; 8],
            start_ns: 0,
            duration_ns: 0,
            name: b"",
            kind: 0,
            status: 0,
        };
        for field in fields(record) {
            match (field.number, field.value) {
                (1, Value::Fixed64(ns)) => time = ns,
                (2, Value::Varint(severity)) => row.kind = severity as i32,
                (9, Value::Len(id)) => row.trace_id = id.try_into().unwrap_or_default(),
                (11, Value::Fixed64(ns)) => observed = ns,
                (12, Value::Len(name)) => row.name = name,
                _ => {}
            }
        }
        row.start_ns = if time == 0 { observed } else { time };
        row
    }
}
