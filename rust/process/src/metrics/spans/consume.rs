//! One walk over the spans of a request.

use std::borrow::Cow;

use hashbrown::DefaultHashBuilder;
use otelier_wire::Span;
use otelier_wire::any;

use super::super::attribute::{put_attribute, put_text_attribute};
use super::super::encode::Exemplar;
use super::super::histogram::Shape;
use super::SpanMetrics;
use super::adjusted::adjusted;
use super::dimensions::{Dimensions, Names, Seen, put_counted};
use super::resources::{Family, Resource};
use super::series::Table;
use super::{Counters, Fixed};
use crate::message::{merged, messages, text_field};

const KINDS: [&str; 6] = [
    "SPAN_KIND_UNSPECIFIED",
    "SPAN_KIND_INTERNAL",
    "SPAN_KIND_SERVER",
    "SPAN_KIND_CLIENT",
    "SPAN_KIND_PRODUCER",
    "SPAN_KIND_CONSUMER",
];
const STATUSES: [&str; 3] = ["STATUS_CODE_UNSET", "STATUS_CODE_OK", "STATUS_CODE_ERROR"];
const EVENT_ATTRIBUTES: u32 = 3;

/// `overflow`, as an encoded AnyValue: true.
const TRUE: &[u8] = &[0x10, 1];

/// Where spans stand: in which resource of which service, in which scope.
struct Place<'a> {
    service: &'a [u8],
    /// Name and version of a scope that becomes attributes.
    scope: Option<(&'a [u8], &'a [u8])>,
}

/// What all spans of a request are counted with.
struct Counting<'m> {
    fixed: &'m Fixed,
    names: &'m Names,
    hasher: DefaultHashBuilder,
    counters: &'m mut Counters,
    sampling_method: bool,
    max_exemplars: usize,
    limit: usize,
    now_ns: u64,
}

/// A span as it is counted.
struct Counted<'a> {
    span: Span<'a>,
    duration_ns: u64,
    times: u64,
    adjusted: bool,
}

impl SpanMetrics {
    pub(super) fn consume_request(&mut self, request: &[u8], now_ns: u64) {
        let (mut on_span, mut on_event) = (self.names.seen(), self.names.seen());
        let mut key = Vec::with_capacity(256);
        let mut counting = Counting {
            fixed: &self.fixed,
            names: &self.names,
            hasher: self.resources.hasher().clone(),
            counters: &mut self.counters,
            sampling_method: self.options.sampling_method,
            max_exemplars: self.options.exemplars,
            limit: self.options.cardinality_limit,
            now_ns,
        };
        for resource_spans in messages(request, 1) {
            let encoded = &*merged(resource_spans, 1);
            let Some(service) = any::attribute(encoded, 1, b"service.name") else {
                let scopes = messages(resource_spans, 2);
                counting.counters.without_service += scopes.map(|scope| messages(scope, 2).count() as u64).sum::<u64>();
                continue;
            };
            let service = if let any::Any::Str(name) = service { name } else { b"" };
            let mut on_resource = self.names.seen();
            messages(encoded, 1).for_each(|attribute| self.names.note(attribute, &mut on_resource));
            let resource = self.resources.at(encoded, now_ns);
            for scope_spans in messages(resource_spans, 2) {
                let scope = if self.options.scopes.is_empty() { Cow::default() } else { merged(scope_spans, 1) };
                let place = Place { service, scope: listed(&scope, &self.options.scopes) };
                for content in messages(scope_spans, 2) {
                    on_span.clear();
                    let span = Span::read_with(content, |attribute| self.names.note(attribute, &mut on_span));
                    let times = adjusted(span.trace_state, span.span_id);
                    let counted = Counted {
                        duration_ns: span.end_ns.saturating_sub(span.start_ns),
                        times: times.unwrap_or(1),
                        adjusted: times.is_some(),
                        span,
                    };
                    counting.counters.spans += 1;
                    let sources = [&on_span, &on_resource];
                    let shape = self.shape.as_ref();
                    let shared = if self.durations.is_none() { shape } else { None };
                    counting.count(resource, Family::Spans, &self.spans, shared, &counted, &place, &sources, &mut key);
                    if let Some(dimensions) = &self.durations {
                        let family = Family::Durations;
                        counting.count(resource, family, dimensions, shape, &counted, &place, &sources, &mut key);
                    }
                    if self.options.events.is_none() {
                        continue;
                    }
                    for event in counted.span.events() {
                        on_event.clear();
                        let noted = messages(event, EVENT_ATTRIBUTES);
                        noted.for_each(|attribute| self.names.note(attribute, &mut on_event));
                        let sources = [&on_span, &on_event, &on_resource];
                        let family = Family::Events;
                        counting.count(resource, family, &self.events, None, &counted, &place, &sources, &mut key);
                    }
                }
            }
        }
    }
}

impl Counting<'_> {
    #[allow(clippy::too_many_arguments)]
    #[inline]
    fn count(
        &mut self,
        resource: &mut Resource,
        family: Family,
        dimensions: &Dimensions,
        shape: Option<&Shape>,
        counted: &Counted,
        place: &Place,
        sources: &[&Seen],
        key: &mut Vec<u8>,
    ) {
        key.clear();
        self.put_fixed_key(counted, place, key);
        dimensions.put_key(sources, key);
        let table = &mut resource.tables[family as usize];
        let at = match table.find(&self.hasher, key) {
            Some(at) => at,
            None => self.add(table, dimensions, counted, place, sources, key),
        };
        let series = &mut table.series_mut()[at];
        series.last_seen_ns = self.now_ns;
        series.value.record(shape, counted.duration_ns, counted.times);
        if key.is_empty() {
            self.counters.overflowed += 1;
        } else if series.value.exemplars.len() < self.max_exemplars {
            series.value.exemplars.extend(exemplar(&counted.span, counted.duration_ns));
        }
    }

    /// Makes the series of this key, or finds or makes the one beyond the limit, whose key is empty.
    #[cold]
    fn add(
        &self,
        table: &mut Table,
        dimensions: &Dimensions,
        counted: &Counted,
        place: &Place,
        sources: &[&Seen],
        key: &mut Vec<u8>,
    ) -> usize {
        let mut attributes = Vec::new();
        if self.limit > 0 && table.own_len() >= self.limit {
            key.clear();
            put_attribute(&mut attributes, b"otel.metric.overflow", TRUE);
            if let Some(at) = table.find(&self.hasher, key) {
                return at;
            }
        } else {
            self.put_fixed_attributes(counted, place, &mut attributes);
            dimensions.put_attributes(self.names, sources, &mut attributes);
        }
        table.add(&self.hasher, key, attributes, self.now_ns)
    }

    #[inline]
    fn put_fixed_key(&self, counted: &Counted, place: &Place, key: &mut Vec<u8>) {
        let fixed = self.fixed;
        let kind = if fixed.kind { code(counted.span.kind, KINDS.len()) } else { 0 };
        let status = if fixed.status { code(counted.span.status_code, STATUSES.len()) } else { 0 };
        let adjusted = self.sampling_method && counted.adjusted;
        key.extend_from_slice(&[kind, status, u8::from(adjusted), u8::from(place.scope.is_some())]);
        if fixed.service {
            put_counted(place.service, key);
        }
        if fixed.name {
            put_counted(counted.span.name, key);
        }
        if let Some((name, version)) = place.scope {
            put_counted(name, key);
            put_counted(version, key);
        }
    }

    fn put_fixed_attributes(&self, counted: &Counted, place: &Place, out: &mut Vec<u8>) {
        let fixed = self.fixed;
        if fixed.service {
            put_text_attribute(out, b"service.name", place.service);
        }
        if fixed.name {
            put_text_attribute(out, b"span.name", counted.span.name);
        }
        if fixed.kind {
            put_text_attribute(out, b"span.kind", text(counted.span.kind, &KINDS));
        }
        if fixed.status {
            put_text_attribute(out, b"status.code", text(counted.span.status_code, &STATUSES));
        }
        if !fixed.instance_id.is_empty() {
            put_text_attribute(out, b"collector.instance.id", fixed.instance_id.as_bytes());
        }
        if let Some((name, version)) = place.scope {
            put_text_attribute(out, b"span.instrumentation.scope.name", name);
            if !version.is_empty() {
                put_text_attribute(out, b"span.instrumentation.scope.version", version);
            }
        }
        if self.sampling_method {
            let method: &[u8] = if counted.adjusted { b"extrapolated" } else { b"counted" };
            put_text_attribute(out, b"sampling.method", method);
        }
    }
}

/// A number's place in a list of so many; all others are one behind its end.
fn code(number: i32, count: usize) -> u8 {
    usize::try_from(number).map_or(count, |number| number.min(count)) as u8
}

fn text(number: i32, texts: &[&'static str]) -> &'static [u8] {
    texts.get(usize::from(code(number, texts.len()))).map_or(b"", |text| text.as_bytes())
}

fn exemplar(span: &Span, duration_ns: u64) -> Option<Exemplar> {
    let trace_id: [u8; 16] = span.trace_id.try_into().ok().filter(|id| *id != [0; 16])?;
    Some(Exemplar { trace_id, span_id: span.span_id.try_into().unwrap_or_default(), duration_ns })
}

/// Name and version of a scope, if its name is one of those.
fn listed<'a>(scope: &'a [u8], names: &[String]) -> Option<(&'a [u8], &'a [u8])> {
    let (name, version) = (text_field(scope, 1), text_field(scope, 2));
    names.iter().any(|listed| listed.as_bytes() == name).then_some((name, version))
}
