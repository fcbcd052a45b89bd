//! Where in a row group the answer to a test lies.

use super::group::Group;
use super::range::Range;
use crate::filter::value::Value;
use crate::filter::{Comparison, Condition, Field, Intrinsic, Literal, Scope, Test};
use crate::index::exists_hash;
use crate::schema::{self, AttributeType};

/// A column to look into.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    pub column: usize,
    pub judge: Judge,
    /// What the test says of rows without a value there.
    pub nulls: bool,
    /// Of integers those that the test admits, if it can be said so.
    pub range: Option<Range>,
}

impl Look {
    pub fn new(test: &Test, column: usize, judge: Judge, nulls: bool) -> Look {
        Look { column, judge, nulls, range: Range::of(test, judge) }
    }
}

/// What a column's values are to a test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judge {
    /// The value of an attribute.
    Attribute,
    Text,
    Int,
    /// The bits of an unsigned number.
    Unsigned,
    Id,
    /// The header of a resource or a scope.
    Resource,
    Scope,
    /// Fields of the span as they came.
    Raw,
}

impl Judge {
    pub fn holds(self, test: &Test, value: Value) -> bool {
        match (self, value) {
            (Judge::Attribute, value) => test.condition.holds(value),
            (Judge::Text, Value::Text(text)) => test.holds_for_text(text),
            (Judge::Int, Value::Int(int)) => test.holds_for_int(int),
            (Judge::Unsigned, Value::Int(int)) => test.holds_for_int(i128::from(int as i64 as u64)),
            (Judge::Id, Value::Text(id)) => test.holds_for_id(id),
            (Judge::Resource, Value::Text(header)) => test.holds_for_resource(header),
            (Judge::Scope, Value::Text(header)) => test.holds_for_scope(header),
            (Judge::Raw, Value::Text(fields)) => test.holds_for_span(fields),
            _ => false,
        }
    }
}

/// All columns that may answer the test, cheap ones first. None if it takes several together: see [`asks_several`].
pub fn looks(test: &Test, group: &Group) -> Vec<Look> {
    let mut looks = Vec::new();
    let mut look = |name: &str, judge, nulls| {
        looks.extend(group.column(name).map(|column| Look::new(test, column, judge, nulls)));
    };
    match &test.field {
        Field::Intrinsic(intrinsic) => match intrinsic {
            Intrinsic::Service => look(schema::SERVICE, Judge::Attribute, false),
            Intrinsic::Name => look(schema::NAME, Judge::Text, false),
            Intrinsic::Kind => look(schema::KIND, Judge::Int, false),
            Intrinsic::Status => look(schema::STATUS_CODE, Judge::Int, false),
            Intrinsic::StatusMessage => look(schema::STATUS_MESSAGE, Judge::Text, test.holds_for_text(b"")),
            Intrinsic::TraceState => look(schema::TRACE_STATE, Judge::Text, test.holds_for_text(b"")),
            Intrinsic::StartNs => look(schema::START_NS, Judge::Unsigned, false),
            Intrinsic::DurationNs => look(schema::DURATION_NS, Judge::Int, false),
            Intrinsic::TraceId => look(schema::TRACE_ID, Judge::Id, false),
            Intrinsic::SpanId => look(schema::SPAN_ID, Judge::Id, false),
            Intrinsic::ParentSpanId => {}
            Intrinsic::ScopeName | Intrinsic::ScopeVersion => look(schema::SCOPE, Judge::Scope, false),
        },
        Field::EventName => look(schema::EVENTS, Judge::Raw, false),
        Field::LinkTraceId | Field::LinkSpanId => look(schema::LINKS, Judge::Raw, false),
        Field::EventTime | Field::Nearest(_) | Field::Whole(_) | Field::Parts(_) => {}
        Field::Attribute(scope, key) => {
            if matches!(scope, Scope::Resource | Scope::Any) {
                look(schema::RESOURCE, Judge::Resource, false);
            }
            if matches!(scope, Scope::Scope | Scope::Any) {
                look(schema::SCOPE, Judge::Scope, false);
            }
            let key = std::str::from_utf8(key).unwrap_or_default();
            if matches!(scope, Scope::Span | Scope::Any) {
                for of in AttributeType::ALL.into_iter().filter(|of| may_be(&test.condition, *of)) {
                    look(&schema::attribute_column_name(of, key), Judge::Attribute, false);
                    if of == AttributeType::Text {
                        look(&schema::numbered_column_name(key), Judge::Attribute, false);
                    }
                }
            }
            let raw = may_be_raw(test, key.as_bytes(), group);
            if raw && matches!(scope, Scope::Span | Scope::Any) {
                look(schema::REST, Judge::Raw, false);
            }
            if raw && matches!(scope, Scope::Event | Scope::Any) {
                look(schema::EVENTS, Judge::Raw, false);
            }
            if raw && matches!(scope, Scope::Link | Scope::Any) {
                look(schema::LINKS, Judge::Raw, false);
            }
        }
    }
    looks
}

/// Whether a test's answer takes several columns at once.
pub fn asks_several(test: &Test) -> bool {
    matches!(test.field, Field::Intrinsic(Intrinsic::ParentSpanId) | Field::EventTime | Field::Whole(_))
}

/// What the test says of a column whose rows have no value at all, so that there is no look.
pub fn of_nothing(test: &Test) -> bool {
    matches!(test.field, Field::Intrinsic(Intrinsic::StatusMessage | Intrinsic::TraceState)) && test.holds_for_text(b"")
}

/// Whether a value of this type can meet the condition.
fn may_be(condition: &Condition, of: AttributeType) -> bool {
    match condition.plain() {
        Condition::Exists | Condition::Elements(_) => true,
        Condition::Matches { .. } => of == AttributeType::Text,
        Condition::Compare(_, literal) => match literal {
            Literal::Text(_) => of == AttributeType::Text,
            Literal::Bool(_) => of == AttributeType::Bool,
            Literal::Int(_) | Literal::Double(_) => matches!(of, AttributeType::Int | AttributeType::Double),
        },
        Condition::TextIs(form) => match of {
            AttributeType::Text => true,
            AttributeType::Int => form.int.is_some(),
            AttributeType::Double => form.double.is_some(),
            AttributeType::Bool => form.bool.is_some(),
        },
    }
}

/// Whether the attributes without a column, or those of events and links, may have this key.
pub fn may_be_there(key: &[u8], group: &Group) -> bool {
    group.file.filters.0.get(group.number).is_none_or(|filter| filter.may_hold(exists_hash(key)))
}

/// Whether the attributes without a column, or those of events and links, may hold what is asked for.
fn may_be_raw(test: &Test, key: &[u8], group: &Group) -> bool {
    group.file.filters.0.get(group.number).is_none_or(|filter| filter.may_meet(key, &test.condition))
}

/// The text that a test's attribute must be, if it can be nothing else.
pub fn equal_to(test: &Test) -> Option<&[u8]> {
    match test.condition.plain() {
        Condition::Compare(Comparison::Equal, Literal::Text(text)) => Some(text),
        Condition::TextIs(form) => Some(&form.text),
        _ => None,
    }
}
