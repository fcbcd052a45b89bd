//! One test: a field of the span and the condition that a value of it must meet.

use std::sync::atomic::{AtomicU64, Ordering};

use memchr::memmem::Finder;
use otelier_wire::protobuf;

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

/// What only the whole trace says of a span.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whole {
    TraceDurationNs,
    /// Of the first span without a parent; empty if there is none.
    RootName,
    RootService,
    /// Numbers of nested sets over the trace's roots and orphans, from 1.
    NestedLeft,
    NestedRight,
    /// The parent's left number; -1 of a root, 0 of an orphan.
    NestedParent,
    ChildCount,
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
    /// The span's attribute, else the resource's. Only as a field that is read: a filter says it by its parts.
    Nearest(Box<[u8]>),
    EventName,
    /// Nanoseconds from the span's start to its events.
    EventTime,
    LinkTraceId,
    LinkSpanId,
    Whole(Whole),
    /// The encoded events or links, with their tags. Only as a field that is read.
    Parts(Part),
}

/// What a span has several of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    Event,
    Link,
}

impl Part {
    /// Its field in an encoded Span.
    pub fn number(self) -> u32 {
        match self {
            Part::Event => 11,
            Part::Link => 13,
        }
    }

    /// The field of its attributes.
    pub fn attributes(self) -> u32 {
        match self {
            Part::Event => 3,
            Part::Link => 4,
        }
    }
}

#[derive(Debug)]
pub struct Test {
    /// No other test has it.
    pub number: u64,
    pub field: Field,
    pub condition: Condition,
    /// Bytes that stand in every span for which the test holds by an attribute, event or link.
    needle: Option<Box<Finder<'static>>>,
}

impl Test {
    pub fn new(field: Field, condition: Condition) -> Test {
        static TESTS: AtomicU64 = AtomicU64::new(0);
        let needle = needle(&field, &condition).map(|needle| Box::new(Finder::new(needle).into_owned()));
        Test { number: TESTS.fetch_add(1, Ordering::Relaxed), field, condition, needle }
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
        self.field.each_value(span, &mut |value| self.condition.holds(value))
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
            Field::EventTime | Field::LinkTraceId | Field::LinkSpanId => 50,
            Field::Attribute(Scope::Any, _) | Field::Nearest(_) | Field::Parts(_) => 60,
            Field::Whole(_) => 80,
        };
        place + if matches!(self.condition.plain(), Condition::Matches { .. }) { 10 } else { 0 }
    }
}

impl Field {
    /// Calls `hit` with the values that lie in these fields of a Span, until it says true. They need not be all of its
    /// fields; times of events need the span's start among them.
    pub fn each_value(&self, span: &[u8], hit: &mut dyn FnMut(Value) -> bool) -> bool {
        match self {
            Field::Attribute(Scope::Span, key) => find(span, 9, key, hit),
            Field::Attribute(Scope::Event, key) => each_message(span, 11, &mut |event| find(event, 3, key, hit)),
            Field::Attribute(Scope::Link, key) => each_message(span, 13, &mut |link| find(link, 4, key, hit)),
            Field::Attribute(Scope::Any, key) => {
                find(span, 9, key, hit)
                    || each_message(span, 11, &mut |event| find(event, 3, key, hit))
                    || each_message(span, 13, &mut |link| find(link, 4, key, hit))
            }
            Field::EventName => each_message(span, 11, &mut |event| hit(Value::Text(last_of(event, 2)))),
            Field::EventTime => {
                let start_ns = Fixed::read(span).start_ns;
                each_message(span, 11, &mut |event| {
                    hit(Value::Int(i128::from(event_time(event)) - i128::from(start_ns)))
                })
            }
            Field::LinkTraceId => {
                each_message(span, 13, &mut |link| hit(Value::Text(hex(last_of(link, 1)).as_bytes())))
            }
            Field::LinkSpanId => each_message(span, 13, &mut |link| hit(Value::Text(hex(last_of(link, 2)).as_bytes()))),
            Field::Parts(part) => {
                let mut joined = Vec::new();
                each_message(span, part.number(), &mut |message| {
                    protobuf::put_varint(&mut joined, (part.number() << 3 | 2) as usize);
                    protobuf::put_varint(&mut joined, message.len());
                    joined.extend_from_slice(message);
                    false
                });
                !joined.is_empty() && hit(Value::Text(&joined))
            }
            _ => false,
        }
    }

    /// Calls `hit` with the values in a ResourceSpans' header, until it says true.
    pub fn each_value_of_resource(&self, resource: &[u8], hit: &mut dyn FnMut(Value) -> bool) -> bool {
        match self {
            Field::Intrinsic(Intrinsic::Service) => {
                service_of(resource).is_some_and(|service| hit(Value::Text(service)))
            }
            Field::Attribute(Scope::Resource | Scope::Any, key) => {
                each_message(resource, 1, &mut |message| find(message, 1, key, hit))
            }
            _ => false,
        }
    }

    /// The same of a ScopeSpans' header.
    pub fn each_value_of_scope(&self, scope: &[u8], hit: &mut dyn FnMut(Value) -> bool) -> bool {
        match self {
            Field::Intrinsic(Intrinsic::ScopeName) => hit(Value::Text(last_text(scope, 1))),
            Field::Intrinsic(Intrinsic::ScopeVersion) => hit(Value::Text(last_text(scope, 2))),
            Field::Attribute(Scope::Scope | Scope::Any, key) => {
                each_message(scope, 1, &mut |message| find(message, 3, key, hit))
            }
            _ => false,
        }
    }
}

/// A field of bytes; the last of several.
fn last_of(message: &[u8], number: u32) -> &[u8] {
    let mut last: &[u8] = b"";
    each_message(message, number, &mut |bytes| {
        last = bytes;
        false
    });
    last
}

fn event_time(event: &[u8]) -> u64 {
    let times = protobuf::fields(event).filter_map(|field| match (field.number, field.value) {
        (1, protobuf::Value::Fixed64(time)) => Some(time),
        _ => None,
    });
    times.last().unwrap_or_default()
}

/// The key, or the value where that is a text and nothing else and tells more.
fn needle<'a>(field: &'a Field, condition: &'a Condition) -> Option<&'a [u8]> {
    let Field::Attribute(_, key) = field else { return None };
    let value: &[u8] = match condition.plain() {
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
