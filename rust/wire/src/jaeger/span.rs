//! One span as a JSON object.

use super::tags::{Order, write_tags, write_text_tag};
use super::{Shown, SpanId, Trace, children, close, put_process_id};
use crate::any::{Any, attributes};
use crate::json::number::write_unsigned;
use crate::json::text::{escape, write_hex};
use crate::protobuf::{Value, fields};
use crate::span::{ATTRIBUTES, EVENTS};

/// In ns.
pub const US: u64 = 1000;
const LINKS: u32 = 13;
const LINK_ATTRIBUTES: u32 = 4;
const STATUS: u32 = 15;
const ERROR: i32 = 2;
const KINDS: [&[u8]; 6] = [b"", b"internal", b"server", b"client", b"producer", b"consumer"];
const STATUSES: [&[u8]; 3] = [b"", b"OK", b"ERROR"];
const CHILD_OF: &[u8] = b"CHILD_OF";
const FOLLOWS_FROM: &[u8] = b"FOLLOWS_FROM";

/// Writes the spans of a trace, one after the other with the same memory.
pub struct Writer<'t, 'a> {
    trace: &'t Trace<'a>,
    raw: bool,
    attributes: Vec<&'a [u8]>,
    /// With their times in µs.
    events: Vec<(u64, &'a [u8])>,
    links: Vec<&'a [u8]>,
    message: &'a [u8],
}

impl<'t, 'a> Writer<'t, 'a> {
    pub fn new(trace: &'t Trace<'a>, raw: bool) -> Writer<'t, 'a> {
        Writer { trace, raw, attributes: Vec::new(), events: Vec::new(), links: Vec::new(), message: b"" }
    }

    pub fn put_trace_id(&self, out: &mut Vec<u8>) {
        put_trace_id(&self.trace.id, out);
    }

    /// Appends the object; `scope` are written tags, each with a comma.
    pub fn put(&mut self, shown: &Shown<'a>, scope: &[u8], out: &mut Vec<u8>) {
        let span = &shown.span;
        self.read(span.content);
        out.extend_from_slice(b"{\"traceID\":");
        self.put_trace_id(out);
        out.extend_from_slice(b",\"spanID\":");
        put_id(&shown.id, out);
        out.extend_from_slice(b",\"operationName\":");
        escape(span.name, out);
        out.extend_from_slice(b",\"references\":[");
        let lost = self.references(shown, out);
        close(b']', out);
        out.extend_from_slice(b",\"startTime\":");
        write_unsigned(span.start_ns / US, out);
        out.extend_from_slice(b",\"duration\":");
        write_unsigned(span.end_ns.saturating_sub(span.start_ns) / US, out);
        out.extend_from_slice(b",\"tags\":[");
        out.extend_from_slice(scope);
        let order = if self.raw { Order::AsSent } else { Order::ByKeyDotted };
        write_tags(self.attributes.iter().copied(), order, out);
        self.field_tags(shown, out);
        close(b']', out);
        out.extend_from_slice(b",\"logs\":[");
        self.events.iter().for_each(|(time_us, event)| self.log(*time_us, event, out));
        close(b']', out);
        out.extend_from_slice(b",\"processID\":");
        put_process_id(shown.process, out);
        out.extend_from_slice(b",\"warnings\":");
        warnings(span.start_ns.saturating_sub(span.end_ns), lost, out);
        if span.flags & 0xff != 0 {
            out.extend_from_slice(b",\"flags\":");
            write_unsigned((span.flags & 0xff).into(), out);
        }
        out.push(b'}');
    }

    fn read(&mut self, content: &'a [u8]) {
        self.attributes.clear();
        self.events.clear();
        self.links.clear();
        self.message = b"";
        for field in fields(content) {
            match (field.number, field.value) {
                (ATTRIBUTES, Value::Len(attribute)) => self.attributes.push(attribute),
                (EVENTS, Value::Len(event)) => self.events.push((time_us(event), event)),
                (LINKS, Value::Len(link)) => self.links.push(link),
                (STATUS, Value::Len(status)) => self.message = children(status, 2).last().unwrap_or(self.message),
                _ => {}
            }
        }
        if !self.raw {
            self.events.sort_by_key(|(time_us, _)| *time_us);
        }
    }

    /// Answers how many links are left out because they lead nowhere.
    fn references(&self, shown: &Shown, out: &mut Vec<u8>) -> usize {
        if shown.is_half {
            self.reference(shown, CHILD_OF, &self.trace.id, shown.span.span_id, out);
        } else if !shown.span.is_root() {
            self.reference(shown, CHILD_OF, &self.trace.id, shown.span.parent_span_id, out);
        }
        let mut lost = 0;
        for link in &self.links {
            let id = |number| children(link, number).last().unwrap_or_default();
            let kind = reference_kind(link);
            if shown.is_half && kind == CHILD_OF {
                continue;
            }
            if !self.raw && id(1).iter().all(|byte| *byte == 0) {
                lost += 1;
                continue;
            }
            self.reference(shown, kind, id(1), id(2), out);
        }
        lost
    }

    fn reference(&self, from: &Shown, kind: &[u8], trace_id: &[u8], span_id: &[u8], out: &mut Vec<u8>) {
        let new = SpanId::try_from(span_id).ok().and_then(|id| self.trace.renamed.get(&id));
        let new = new.filter(|new| kind == CHILD_OF && **new != from.id);
        out.extend_from_slice(b"{\"refType\":\"");
        out.extend_from_slice(kind);
        out.extend_from_slice(b"\",\"traceID\":");
        put_trace_id(trace_id, out);
        out.extend_from_slice(b",\"spanID\":");
        put_id(new.map_or(span_id, |new| new), out);
        out.extend_from_slice(b"},");
    }

    fn field_tags(&self, shown: &Shown, out: &mut Vec<u8>) {
        let span = &shown.span;
        put_text("span.kind", word(&KINDS, span.kind), out);
        put_text("otel.status_code", word(&STATUSES, span.status_code), out);
        if span.status_code == ERROR {
            out.extend_from_slice(b"{\"key\":\"error\",\"type\":\"bool\",\"value\":true},");
        }
        put_text("otel.status_description", self.message, out);
        put_text("w3c.tracestate", span.trace_state, out);
    }

    fn log(&self, time_us: u64, event: &[u8], out: &mut Vec<u8>) {
        out.extend_from_slice(b"{\"timestamp\":");
        write_unsigned(time_us, out);
        out.extend_from_slice(b",\"fields\":[");
        put_text("event", children(event, 2).last().unwrap_or_default(), out);
        write_tags(children(event, 3), if self.raw { Order::AsSent } else { Order::ByKey }, out);
        close(b']', out);
        out.extend_from_slice(b"},");
    }
}

/// Empty for a number that has no word.
fn word(words: &[&'static [u8]], number: i32) -> &'static [u8] {
    usize::try_from(number).ok().and_then(|at| words.get(at).copied()).unwrap_or_default()
}

/// A tag, unless it would be empty.
pub fn put_text(key: &str, text: &[u8], out: &mut Vec<u8>) {
    if !text.is_empty() {
        write_text_tag(key, text, out);
    }
}

fn time_us(event: &[u8]) -> u64 {
    let times = fields(event).filter_map(|field| match (field.number, field.value) {
        (1, Value::Fixed64(ns)) => Some(ns / US),
        _ => None,
    });
    times.last().unwrap_or(0)
}

fn reference_kind(link: &[u8]) -> &'static [u8] {
    let mut tags = attributes(link, LINK_ATTRIBUTES).filter(|attribute| attribute.key == b"opentracing.ref_type");
    if tags.any(|tag| tag.value() == Any::Str(b"child_of")) { CHILD_OF } else { FOLLOWS_FROM }
}

fn warnings(backwards_ns: u64, lost: usize, out: &mut Vec<u8>) {
    if backwards_ns == 0 && lost == 0 {
        return out.extend_from_slice(b"null");
    }
    out.push(b'[');
    if backwards_ns > 0 {
        out.extend_from_slice(b"\"the span ends ");
        write_unsigned(backwards_ns, out);
        out.extend_from_slice(b" ns before it starts; its duration is shown as 0\",");
    }
    if lost > 0 {
        out.push(b'"');
        write_unsigned(lost as u64, out);
        out.extend_from_slice(b" links without a trace id are not shown\",");
    }
    close(b']', out);
}

/// 16 digits if the first 64 bits are zero, else 32.
fn put_trace_id(id: &[u8], out: &mut Vec<u8>) {
    put_id(id.strip_prefix(&[0; 8]).unwrap_or(id), out);
}

fn put_id(id: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    write_hex(id, out);
    out.push(b'"');
}
