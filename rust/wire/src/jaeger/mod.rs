//! Spans as the JSON of Jaeger's classic API.
//!
//! What OTLP says in fields of its own becomes tags, under the names of OpenTelemetry's mapping to Jaeger. Times lose
//! their nanoseconds, because the format has microseconds. Of what protobuf allows on the wire, fields in any order
//! and messages in several parts are honoured.

mod span;
mod tags;
mod tidy;

use std::collections::HashMap;
use std::sync::Arc;

use self::span::{Writer, put_text};
use self::tags::{Order, read_tags, write_tags};
use crate::Segment;
use crate::json::number::write_unsigned;
use crate::json::text::escape;
use crate::protobuf::{Value, fields};
use crate::span::Span;

pub type TraceId = [u8; 16];
type SpanId = [u8; 8];

/// The service of spans whose resource names none.
const NO_SERVICE: &[u8] = b"OTLPResourceNoServiceName";

/// Each trace in the order of its first span, as a JSON object.
///
/// Unless `raw`: tags are sorted by key, addresses that are integers are dotted, and traces are made easier to read.
/// In this order: equal spans once; a span id that client and server share (Zipkin's way) becomes two; links to
/// nowhere go; logs and spans in order. Clocks are not adjusted.
pub fn traces_to_jaeger(segments: &[Arc<Segment>], raw: bool) -> Vec<(TraceId, Vec<u8>)> {
    let mut found = Found { raw, ..Found::default() };
    for segment in segments {
        children(segment.bytes(), 1).for_each(|group| found.take(group));
    }
    let Found { headers, mut traces, .. } = found;
    let mut write = |trace: &mut Trace| {
        if !raw {
            trace.tidy(&headers);
        }
        (trace.id, trace.write(&headers, raw))
    };
    traces.iter_mut().map(&mut write).collect()
}

#[derive(Default)]
struct Found<'a> {
    raw: bool,
    headers: Headers,
    process_of: HashMap<Vec<u8>, usize>,
    traces: Vec<Trace<'a>>,
    trace_of: HashMap<TraceId, usize>,
}

/// What spans share, written.
#[derive(Default)]
struct Headers {
    /// JSON objects.
    processes: Vec<Vec<u8>>,
    /// Tags, each with a comma.
    scopes: Vec<Vec<u8>>,
}

struct Trace<'a> {
    id: TraceId,
    spans: Vec<Shown<'a>>,
    /// Places in the headers, and the other way round.
    processes: Vec<usize>,
    number_of: HashMap<usize, usize>,
    /// Span ids that client and server shared: the server's new one.
    renamed: HashMap<SpanId, SpanId>,
}

struct Shown<'a> {
    span: Span<'a>,
    id: SpanId,
    /// The server's half of a span that shared its id with the client.
    is_half: bool,
    scope: usize,
    /// Its number among the trace's processes.
    process: usize,
}

impl<'a> Found<'a> {
    /// A ResourceSpans.
    fn take(&mut self, group: &'a [u8]) {
        let written = process(group, self.raw);
        let new = self.headers.processes.len();
        let process = *self.process_of.entry(written.clone()).or_insert(new);
        if process == new {
            self.headers.processes.push(written);
        }
        for scoped in children(group, 2) {
            let scope = self.headers.scopes.len();
            self.headers.scopes.push(scope_tags(scoped, self.raw));
            for content in children(scoped, 2) {
                let span = Span::read(content);
                self.trace(span.trace()).add(span, scope, process);
            }
        }
    }

    fn trace(&mut self, id: TraceId) -> &mut Trace<'a> {
        let new = self.traces.len();
        let place = *self.trace_of.entry(id).or_insert(new);
        if place == new {
            let (processes, number_of, renamed) = Default::default();
            self.traces.push(Trace { id, spans: Vec::new(), processes, number_of, renamed });
        }
        &mut self.traces[place]
    }
}

impl<'a> Trace<'a> {
    fn add(&mut self, span: Span<'a>, scope: usize, process: usize) {
        let new = self.processes.len();
        let number = *self.number_of.entry(process).or_insert(new);
        if number == new {
            self.processes.push(process);
        }
        let id = span.span_id.try_into().unwrap_or_default();
        self.spans.push(Shown { span, id, is_half: false, scope, process: number });
    }

    fn write(&self, headers: &Headers, raw: bool) -> Vec<u8> {
        let size: usize = self.spans.iter().map(|shown| shown.span.content.len()).sum();
        let mut out = Vec::with_capacity(4 * size);
        let mut writer = Writer::new(self, raw);
        out.extend_from_slice(b"{\"traceID\":");
        writer.put_trace_id(&mut out);
        out.extend_from_slice(b",\"spans\":[");
        for shown in &self.spans {
            writer.put(shown, &headers.scopes[shown.scope], &mut out);
            out.push(b',');
        }
        close(b']', &mut out);
        out.extend_from_slice(b",\"processes\":{");
        for (number, process) in self.processes.iter().enumerate() {
            put_process_id(number, &mut out);
            out.push(b':');
            out.extend_from_slice(&headers.processes[*process]);
            out.push(b',');
        }
        close(b'}', &mut out);
        out.extend_from_slice(b",\"warnings\":null}");
        out
    }
}

/// Of a ResourceSpans.
fn process(group: &[u8], raw: bool) -> Vec<u8> {
    let order = if raw { Order::AsSent } else { Order::ByKeyDotted };
    let mut tags = read_tags(children(group, 1).flat_map(|resource| children(resource, 1)), order);
    let named = tags.iter().position(|tag| tag.key == b"service.name" && tag.text().is_some());
    let name = named.and_then(|at| tags.remove(at).text()).unwrap_or_default();
    let mut out = b"{\"serviceName\":".to_vec();
    escape(if name.is_empty() { NO_SERVICE } else { name }, &mut out);
    out.extend_from_slice(b",\"tags\":[");
    tags.iter().for_each(|tag| tag.write(order, &mut out));
    close(b']', &mut out);
    out.push(b'}');
    out
}

/// Of a ScopeSpans.
fn scope_tags(scoped: &[u8], raw: bool) -> Vec<u8> {
    let member = |number| children(scoped, 1).flat_map(move |scope| children(scope, number));
    let mut out = Vec::new();
    for (number, key) in [(1, "otel.scope.name"), (2, "otel.scope.version")] {
        put_text(key, member(number).last().unwrap_or_default(), &mut out);
    }
    write_tags(member(3), if raw { Order::AsSent } else { Order::ByKey }, &mut out);
    out
}

/// The messages or texts in the fields of this number.
fn children(message: &[u8], number: u32) -> impl Iterator<Item = &[u8]> {
    fields(message).filter_map(move |field| match field.value {
        Value::Len(content) if field.number == number => Some(content),
        _ => None,
    })
}

fn put_process_id(number: usize, out: &mut Vec<u8>) {
    out.extend_from_slice(b"\"p");
    write_unsigned(number as u64 + 1, out);
    out.push(b'"');
}

/// Closes an array or object; the comma behind its last member goes.
fn close(bracket: u8, out: &mut Vec<u8>) {
    if out.last() == Some(&b',') {
        out.pop();
    }
    out.push(bracket);
}
