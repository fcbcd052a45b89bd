//! A filter: a boolean expression over tests of one span's fields, compiled from JSON.
//!
//! A test holds where the field has *a* value for which the condition holds: with several values (a key given
//! twice, the attributes of several events) one is enough, and without any it does not hold, not even `!=`.
//! `not` turns around what its part says of the whole span.

mod condition;
pub(crate) mod number;
mod parse;
mod relation;
mod test;
pub mod value;

pub use condition::{Comparison, Condition, Literal};
pub(crate) use parse::list;
pub use parse::{Wanted, parse, parse_field, parse_fields, regex};
pub use relation::Relation;
pub use test::{Field, Intrinsic, Part, Scope, Test, Whole};

#[derive(Debug)]
pub enum Filter {
    All(Vec<Filter>),
    Any(Vec<Filter>),
    Not(Box<Filter>),
    Test(Test),
    /// A relative of the span is meant.
    Has(Relation, Box<Filter>),
}

impl Filter {
    /// Holds for every span.
    pub fn everything() -> Filter {
        Filter::All(Vec::new())
    }

    pub fn is_everything(&self) -> bool {
        matches!(self, Filter::All(parts) if parts.is_empty())
    }

    /// Whether the answer depends on other spans of the trace.
    pub fn asks_trace(&self) -> bool {
        match self {
            Filter::All(parts) | Filter::Any(parts) => parts.iter().any(Filter::asks_trace),
            Filter::Not(part) => part.asks_trace(),
            Filter::Test(test) => matches!(test.field, Field::Whole(_)),
            Filter::Has(..) => true,
        }
    }

    /// Whether the span is meant, by a look at its bytes alone: of its trace nothing is known.
    pub fn holds(&self, span: &value::Span) -> bool {
        match self {
            Filter::All(parts) => parts.iter().all(|part| part.holds(span)),
            Filter::Any(parts) => parts.iter().any(|part| part.holds(span)),
            Filter::Not(part) => !part.holds(span),
            Filter::Test(test) => test.holds(span),
            Filter::Has(..) => false,
        }
    }

    /// Cheap parts first: the order changes nothing but the work.
    fn ordered(mut self) -> Filter {
        if let Filter::All(parts) | Filter::Any(parts) = &mut self {
            parts.sort_by_key(Filter::cost);
        }
        self
    }

    fn cost(&self) -> u32 {
        match self {
            Filter::Test(test) => test.cost(),
            Filter::Not(part) => part.cost(),
            Filter::Has(_, part) => part.cost() + 30,
            Filter::All(parts) | Filter::Any(parts) => parts.iter().map(Filter::cost).sum::<u32>() + 1,
        }
    }
}
