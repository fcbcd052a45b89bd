//! What a value is tested for.

use std::cmp::Ordering;

use regex::bytes::Regex;

use super::number::{compare, double_text};
use super::value::{Value, any_value, each_element, text_of};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Comparison {
    pub fn admits(self, order: Ordering) -> bool {
        match self {
            Comparison::Equal => order.is_eq(),
            Comparison::NotEqual => order.is_ne(),
            Comparison::Less => order.is_lt(),
            Comparison::LessOrEqual => order.is_le(),
            Comparison::Greater => order.is_gt(),
            Comparison::GreaterOrEqual => order.is_ge(),
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub enum Literal {
    Text(Box<[u8]>),
    Int(i128),
    Double(f64),
    Bool(bool),
}

/// A text and what else is written like it.
#[derive(Clone, Debug)]
pub struct TextForm {
    pub text: Box<[u8]>,
    pub int: Option<i128>,
    pub double: Option<f64>,
    pub bool: Option<bool>,
}

impl TextForm {
    pub fn new(text: &str) -> TextForm {
        TextForm {
            text: text.as_bytes().into(),
            int: text.parse::<i128>().ok().filter(|int| int.to_string() == text),
            double: text.parse::<f64>().ok().filter(|double| double_text(*double) == text),
            bool: text.parse().ok(),
        }
    }

    /// Whether nothing but a text is written like this.
    pub fn is_only_text(&self) -> bool {
        self.is_scalar() && self.int.is_none() && self.double.is_none() && self.bool.is_none()
    }

    /// Whether no bytes, array, map or nothing is written like this.
    pub fn is_scalar(&self) -> bool {
        let base64 = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=');
        let may_be_bytes = self.text.len().is_multiple_of(4) && self.text.iter().all(base64);
        !may_be_bytes && !matches!(self.text.first(), Some(b'[' | b'{'))
    }
}

#[derive(Debug)]
pub enum Condition {
    Exists,
    /// Numbers compare with numbers, texts with texts, booleans are equal or not; other pairs never hold.
    Compare(Comparison, Literal),
    /// Equal when both are written as text.
    TextIs(TextForm),
    /// For texts only. Linear in the text's length, whatever the pattern.
    Matches {
        regex: Regex,
        negated: bool,
    },
    /// The same, where arrays count by their elements: an element meets the condition; if it is a negative one, there
    /// are elements that it is about and all meet it.
    Elements(Box<Condition>),
}

impl Condition {
    /// What is asked of values that are no arrays.
    pub fn plain(&self) -> &Condition {
        match self {
            Condition::Elements(condition) => condition,
            condition => condition,
        }
    }

    pub fn holds(&self, value: Value) -> bool {
        match self {
            Condition::Exists => true,
            Condition::Compare(comparison, literal) => {
                if let (Value::Bool(_), false) = (value, matches!(comparison, Comparison::Equal | Comparison::NotEqual))
                {
                    return false;
                }
                match order(value, literal) {
                    Some(order) => comparison.admits(order),
                    // NaN differs from every number.
                    None => *comparison == Comparison::NotEqual && is_number(value) && is_number_literal(literal),
                }
            }
            Condition::TextIs(form) => match value {
                Value::Text(text) => *text == *form.text,
                Value::Int(int) => form.int == Some(int),
                Value::Double(double) => match form.double {
                    Some(wanted) => wanted.to_bits() == double.to_bits() || (wanted.is_nan() && double.is_nan()),
                    None => false,
                },
                Value::Bool(bool) => form.bool == Some(bool),
                Value::Other(any_value) => *text_of(any_value).as_bytes() == *form.text,
            },
            Condition::Matches { regex, negated } => match value {
                Value::Text(text) => regex.is_match(text) != *negated,
                _ => false,
            },
            Condition::Elements(condition) => match value {
                Value::Other(any) => condition.holds_for_elements(any),
                value => condition.holds(value),
            },
        }
    }

    fn holds_for_elements(&self, any: &[u8]) -> bool {
        let (mut concerned, mut all, mut some) = (false, true, false);
        each_element(any, &mut |element| {
            let (value, holds) = (any_value(element), self.holds(any_value(element)));
            concerned |= self.concerns(value);
            all &= holds || !self.concerns(value);
            some |= holds;
        });
        if self.is_negative() { concerned && all } else { some }
    }

    fn is_negative(&self) -> bool {
        matches!(self, Condition::Compare(Comparison::NotEqual, _) | Condition::Matches { negated: true, .. })
    }

    /// Whether values of this type can meet it at all.
    fn concerns(&self, value: Value) -> bool {
        match self {
            Condition::Matches { .. } => matches!(value, Value::Text(_)),
            Condition::Compare(_, literal) => match literal {
                Literal::Text(_) => matches!(value, Value::Text(_)),
                Literal::Bool(_) => matches!(value, Value::Bool(_)),
                Literal::Int(_) | Literal::Double(_) => is_number(value),
            },
            _ => true,
        }
    }
}

fn order(value: Value, literal: &Literal) -> Option<Ordering> {
    match (value, literal) {
        (Value::Text(text), Literal::Text(wanted)) => Some(text.cmp(wanted)),
        (Value::Int(int), Literal::Int(wanted)) => Some(int.cmp(wanted)),
        (Value::Int(int), Literal::Double(wanted)) => compare(int, *wanted),
        (Value::Double(double), Literal::Int(wanted)) => compare(*wanted, double).map(Ordering::reverse),
        (Value::Double(double), Literal::Double(wanted)) => double.partial_cmp(wanted),
        (Value::Bool(bool), Literal::Bool(wanted)) => Some(bool.cmp(wanted)),
        _ => None,
    }
}

fn is_number(value: Value) -> bool {
    matches!(value, Value::Int(_) | Value::Double(_))
}

fn is_number_literal(literal: &Literal) -> bool {
    matches!(literal, Literal::Int(_) | Literal::Double(_))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(comparison: Comparison, value: Value, literal: Literal) -> bool {
        Condition::Compare(comparison, literal).holds(value)
    }

    #[test]
    fn only_like_compares_with_like() {
        let text = || Literal::Text((*b"5").into());
        assert!(holds(Comparison::Equal, Value::Text(b"5"), text()));
        assert!(holds(Comparison::Less, Value::Text(b"10"), text()));
        assert!(!holds(Comparison::Equal, Value::Int(5), text()));
        assert!(!holds(Comparison::NotEqual, Value::Int(5), text()));
        assert!(holds(Comparison::Equal, Value::Double(5.0), Literal::Int(5)));
        assert!(holds(Comparison::GreaterOrEqual, Value::Int(6), Literal::Double(5.5)));
        assert!(holds(Comparison::NotEqual, Value::Double(f64::NAN), Literal::Int(5)));
        assert!(holds(Comparison::NotEqual, Value::Bool(true), Literal::Bool(false)));
        assert!(!holds(Comparison::Greater, Value::Bool(true), Literal::Bool(false)));
    }

    #[test]
    fn text_form_finds_every_type_that_reads_so() {
        let is = |text: &str, value: Value| Condition::TextIs(TextForm::new(text)).holds(value);
        assert!(is("123", Value::Int(123)) && is("123", Value::Text(b"123")) && is("123", Value::Double(123.0)));
        assert!(is("72.5", Value::Double(72.5)) && is("true", Value::Bool(true)));
        assert!(!is("0123", Value::Int(123)) && !is("72.50", Value::Double(72.5)) && !is("1", Value::Bool(true)));
    }
}
