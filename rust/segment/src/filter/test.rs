//! One test: a field of the span and the condition that a value of it must meet.

use memchr::memmem::Finder;

use super::condition::{Comparison, Condition, Literal};
use super::value::{Fixed, Span, Value, each_message, find, hex, service_of};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Intrinsic {
    Service,
    Name,
    Kind,
    Status,
    StatusMessage,
    StartNs,
    DurationNs,
    TraceId,
    SpanId,
    ParentSpanId,
    ScopeName,
    ScopeVersion,
    TraceState,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    Span,
    Resource,
    Scope,
    Event,
    Link,
    /// All of them.
    Any,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Field {
    Intrinsic(Intrinsic),
    Attribute(Scope, Box<[u8]>),
    EventName,
}

#[derive(Debug)]
pub struct Test {
    pub field: Field,
    pub condition: Condition,
    /// Bytes that stand in every span for which the test holds by an attribute, event or link.
    needle: Option<Box<Finder<'static>>>,
}

impl Test {
    pub fn new(field: Field, condition: Condition) -> Test {
        let needle = needle(&field, &condition).map(|needle| Box::new(Finder::new(needle).into_owned()));
        Test { field, condition, needle }
    }

    /// False only if the test holds for none of these encoded spans; much faster than to find out.
    pub fn may_hold_in(&self, spans: &[u8]) -> bool {
        self.needle.as_ref().is_none_or(|needle| needle.find(spans).is_some())
    }

    pub fn holds(&self, span: &Span) -> bool {
        match &self.field {
            Field::Intrinsic(Intrinsic::Service | Intrinsic::ScopeName | Intrinsic::ScopeVersion)
            | Field::Attribute(Scope::Resource | Scope::Scope, _) => {
                self.holds_for_resource(span.resource) || self.holds_for_scope(span.scope)
            }
            Field::Attribute(Scope::Any, _) => {
                self.holds_for_span(span.span)
                    || self.holds_for_resource(span.resource)
                    || self.holds_for_scope(span.scope)
            }
            Field::Intrinsic(intrinsic) => self.holds_for_fixed(*intrinsic, &Fixed::read(span.span)),
            _ => self.holds_for_span(span.span),
        }
    }

    /// What a ResourceSpans' header says to the test; false where it does not ask there.
    pub fn holds_for_resource(&self, resource: &[u8]) -> bool {
        match &self.field {
            Field::Intrinsic(Intrinsic::Service) => {
                service_of(resource).is_some_and(|service| self.condition.holds(Value::Text(service)))
            }
            Field::Attribute(Scope::Resource | Scope::Any, key) => {
                each_message(resource, 1, &mut |message| self.find(message, 1, key))
            }
            _ => false,
        }
    }

    /// The same for a ScopeSpans' header.
    pub fn holds_for_scope(&self, scope: &[u8]) -> bool {
        match &self.field {
            Field::Intrinsic(Intrinsic::ScopeName) => self.holds_for_text(last_text(scope, 1)),
            Field::Intrinsic(Intrinsic::ScopeVersion) => self.holds_for_text(last_text(scope, 2)),
            Field::Attribute(Scope::Scope | Scope::Any, key) => {
                each_message(scope, 1, &mut |message| self.find(message, 3, key))
            }
            _ => false,
        }
    }

    /// What the attributes, events and links in these fields of a Span say; they need not be all of its fields.
    pub fn holds_for_span(&self, span: &[u8]) -> bool {
        match &self.field {
            Field::Attribute(Scope::Span, key) => self.find(span, 9, key),
            Field::Attribute(Scope::Event, key) => each_message(span, 11, &mut |event| self.find(event, 3, key)),
            Field::Attribute(Scope::Link, key) => each_message(span, 13, &mut |link| self.find(link, 4, key)),
            Field::Attribute(Scope::Any, key) => {
                self.find(span, 9, key)
                    || each_message(span, 11, &mut |event| self.find(event, 3, key))
                    || each_message(span, 13, &mut |link| self.find(link, 4, key))
            }
            Field::EventName => each_message(span, 11, &mut |event| {
                let mut name: &[u8] = b"";
                each_message(event, 2, &mut |text| {
                    name = text;
                    false
                });
                self.condition.holds(Value::Text(name))
            }),
            _ => false,
        }
    }

    /// A text that is empty where it was not given: it exists where it says something.
    pub fn holds_for_text(&self, text: &[u8]) -> bool {
        match self.condition {
            Condition::Exists => !text.is_empty(),
            _ => self.condition.holds(Value::Text(text)),
        }
    }

    /// An id, as lower-case hex; one that was not given has no value.
    pub fn holds_for_id(&self, id: &[u8]) -> bool {
        id.iter().any(|byte| *byte != 0) && self.condition.holds(Value::Text(hex(id).as_bytes()))
    }

    pub fn holds_for_int(&self, int: i128) -> bool {
        self.condition.holds(Value::Int(int))
    }

    fn holds_for_fixed(&self, intrinsic: Intrinsic, fixed: &Fixed) -> bool {
        match intrinsic {
            Intrinsic::Name => self.holds_for_text(fixed.name),
            Intrinsic::StatusMessage => self.holds_for_text(fixed.status_message),
            Intrinsic::TraceState => self.holds_for_text(fixed.trace_state),
            Intrinsic::Kind => self.holds_for_int(fixed.kind.into()),
            Intrinsic::Status => self.holds_for_int(fixed.status_code.into()),
            Intrinsic::StartNs => self.holds_for_int(fixed.start_ns.into()),
            Intrinsic::DurationNs => self.holds_for_int(fixed.duration_ns().into()),
            Intrinsic::TraceId => self.holds_for_id(fixed.trace_id),
            Intrinsic::SpanId => self.holds_for_id(fixed.span_id),
            Intrinsic::ParentSpanId => self.holds_for_id(fixed.parent_span_id),
            Intrinsic::Service | Intrinsic::ScopeName | Intrinsic::ScopeVersion => false,
        }
    }

    fn find(&self, message: &[u8], number: u32, key: &[u8]) -> bool {
        find(message, number, key, &mut |value| self.condition.holds(value))
    }

    /// A rough order of what it takes to answer, from codes in long runs to bytes that must be walked.
    pub(super) fn cost(&self) -> u32 {
        let place = match &self.field {
            Field::Intrinsic(Intrinsic::Status) => 0,
            Field::Intrinsic(Intrinsic::Service) => 1,
            Field::Intrinsic(Intrinsic::Kind) => 2,
            Field::Intrinsic(Intrinsic::Name) => 3,
            Field::Intrinsic(Intrinsic::ScopeName | Intrinsic::ScopeVersion)
            | Field::Attribute(Scope::Resource | Scope::Scope, _) => 4,
            Field::Intrinsic(Intrinsic::DurationNs | Intrinsic::StartNs) => 5,
            Field::Intrinsic(_) => 10,
            Field::Attribute(Scope::Span, _) => 12,
            Field::Attribute(Scope::Event | Scope::Link, _) | Field::EventName => 40,
            Field::Attribute(Scope::Any, _) => 60,
        };
        place + if matches!(self.condition, Condition::Matches { .. }) { 10 } else { 0 }
    }
}

/// The key, or the value where that is a text and nothing else and tells more.
fn needle<'a>(field: &'a Field, condition: &'a Condition) -> Option<&'a [u8]> {
    let Field::Attribute(_, key) = field else { return None };
    let value: &[u8] = match condition {
        Condition::Compare(Comparison::Equal, Literal::Text(text)) => text,
        Condition::TextIs(form) if form.is_only_text() => &form.text,
        _ => &[],
    };
    Some(if value.len() > key.len() { value } else { key })
}

/// A string field of the InstrumentationScopes in a ScopeSpans' header.
fn last_text(scope: &[u8], number: u32) -> &[u8] {
    let mut text: &[u8] = b"";
    each_message(scope, 1, &mut |message| {
        each_message(message, number, &mut |found| {
            text = found;
            false
        })
    });
    text
}
