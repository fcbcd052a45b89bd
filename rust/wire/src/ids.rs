//! What OTLP asks of trace and span ids, message by message.

use crate::schema::{EXEMPLAR, Field, Kind, LINK, LOG_RECORD, Message, SPAN};

/// The ids a message holds; absent is empty, as in protobuf.
#[derive(Clone, Copy, Default)]
pub struct Ids<'a> {
    pub trace_id: &'a [u8],
    pub span_id: &'a [u8],
    pub parent_span_id: &'a [u8],
}

impl<'a> Ids<'a> {
    /// Takes the value of `field`, if that is an id.
    #[inline]
    pub fn set(&mut self, field: &Field, id: &'a [u8]) {
        match field.kind {
            Kind::TraceId => self.trace_id = id,
            Kind::SpanId if field.name == "span_id" => self.span_id = id,
            Kind::SpanId => self.parent_span_id = id,
            _ => {}
        }
    }
}

/// A rule that an id breaks. It rejects the innermost item: span, log record or data point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdFault {
    SpanTraceId,
    SpanId,
    ParentSpanId,
    LinkTraceId,
    LinkSpanId,
    RecordTraceId,
    RecordSpanId,
    ExemplarTraceId,
    ExemplarSpanId,
}

impl IdFault {
    pub const ALL: [IdFault; 9] = [
        IdFault::SpanTraceId,
        IdFault::SpanId,
        IdFault::ParentSpanId,
        IdFault::LinkTraceId,
        IdFault::LinkSpanId,
        IdFault::RecordTraceId,
        IdFault::RecordSpanId,
        IdFault::ExemplarTraceId,
        IdFault::ExemplarSpanId,
    ];

    /// What the item has, after "1 span has" or "2 spans have".
    pub fn text(self) -> &'static str {
        match self {
            IdFault::SpanTraceId => "no valid trace_id (16 bytes, not all zero)",
            IdFault::SpanId => "no valid span_id (8 bytes, not all zero)",
            IdFault::ParentSpanId => "a parent_span_id that is neither empty nor 8 bytes",
            IdFault::LinkTraceId => "a link whose trace_id is not 16 bytes",
            IdFault::LinkSpanId => "a link whose span_id is not 8 bytes",
            IdFault::RecordTraceId => "a trace_id that is neither empty nor 16 bytes",
            IdFault::RecordSpanId => "a span_id that is neither empty nor 8 bytes",
            IdFault::ExemplarTraceId => "an exemplar whose trace_id is neither empty nor 16 bytes",
            IdFault::ExemplarSpanId => "an exemplar whose span_id is neither empty nor 8 bytes",
        }
    }
}

/// The first rule that `ids` break in a message of this type; most messages have no ids and no rule.
pub fn fault(message: &'static Message, ids: &Ids) -> Option<IdFault> {
    let (trace, span) = (ids.trace_id.len(), ids.span_id.len());
    if std::ptr::eq(message, &SPAN) {
        span_fault(ids)
    } else if std::ptr::eq(message, &LINK) {
        first([(trace != 16, IdFault::LinkTraceId), (span != 8, IdFault::LinkSpanId)])
    } else if std::ptr::eq(message, &LOG_RECORD) {
        let bad = (trace != 0 && trace != 16, span != 0 && span != 8);
        first([(bad.0, IdFault::RecordTraceId), (bad.1, IdFault::RecordSpanId)])
    } else if std::ptr::eq(message, &EXEMPLAR) {
        let bad = (trace != 0 && trace != 16, span != 0 && span != 8);
        first([(bad.0, IdFault::ExemplarTraceId), (bad.1, IdFault::ExemplarSpanId)])
    } else {
        None
    }
}

#[inline]
pub fn span_fault(ids: &Ids) -> Option<IdFault> {
    let zero_trace = matches!(ids.trace_id.first_chunk(), Some(id) if u128::from_ne_bytes(*id) == 0);
    let zero_span = matches!(ids.span_id.first_chunk(), Some(id) if u64::from_ne_bytes(*id) == 0);
    let parent = ids.parent_span_id.len();
    first([
        (ids.trace_id.len() != 16 || zero_trace, IdFault::SpanTraceId),
        (ids.span_id.len() != 8 || zero_span, IdFault::SpanId),
        (parent != 0 && parent != 8, IdFault::ParentSpanId),
    ])
}

#[inline]
fn first<const N: usize>(rules: [(bool, IdFault); N]) -> Option<IdFault> {
    rules.into_iter().find_map(|(broken, fault)| broken.then_some(fault))
}
