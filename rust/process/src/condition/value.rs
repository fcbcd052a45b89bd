//! What an expression is worth, and OTTL's rules of comparing and computing.

use std::borrow::Cow;
use std::cmp::Ordering;

use otelier_wire::any::{attributes, items};
use otelier_wire::protobuf::put_varint;
use otelier_wire::{Any, Attribute};
use serde::Deserialize;

/// Why an expression has no value for this item.
pub type Fault = Cow<'static, str>;

#[derive(Clone, Debug, PartialEq)]
pub enum Value<'a> {
    Nil,
    Bool(bool),
    Int(i64),
    Double(f64),
    Str(Cow<'a, [u8]>),
    Bytes(Cow<'a, [u8]>),
    /// An encoded ArrayValue.
    List(Cow<'a, [u8]>),
    /// An encoded KeyValueList.
    Map(Cow<'a, [u8]>),
    /// Nanoseconds since 1970.
    Time(i64),
    /// Nanoseconds.
    Duration(i64),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum Comparison {
    #[serde(rename = "==")]
    Equal,
    #[serde(rename = "!=")]
    NotEqual,
    #[serde(rename = "<")]
    Less,
    #[serde(rename = "<=")]
    LessOrEqual,
    #[serde(rename = ">")]
    Greater,
    #[serde(rename = ">=")]
    GreaterOrEqual,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum Arithmetic {
    #[serde(rename = "+")]
    Plus,
    #[serde(rename = "-")]
    Minus,
    #[serde(rename = "*")]
    Times,
    #[serde(rename = "/")]
    Divided,
}

impl<'a> From<Any<'a>> for Value<'a> {
    fn from(any: Any<'a>) -> Value<'a> {
        match any {
            Any::Empty => Value::Nil,
            Any::Str(text) => Value::Str(text.into()),
            Any::Bool(yes) => Value::Bool(yes),
            Any::Int(int) => Value::Int(int),
            Any::Double(double) => Value::Double(double),
            Any::Bytes(bytes) => Value::Bytes(bytes.into()),
            Any::List(list) => Value::List(list.into()),
            Any::Map(map) => Value::Map(map.into()),
        }
    }
}

impl Value<'_> {
    pub fn owned(self) -> Value<'static> {
        let own = |bytes: Cow<[u8]>| Cow::Owned(bytes.into_owned());
        match self {
            Value::Str(text) => Value::Str(own(text)),
            Value::Bytes(bytes) => Value::Bytes(own(bytes)),
            Value::List(list) => Value::List(own(list)),
            Value::Map(map) => Value::Map(own(map)),
            Value::Nil => Value::Nil,
            Value::Bool(yes) => Value::Bool(yes),
            Value::Int(int) => Value::Int(int),
            Value::Double(double) => Value::Double(double),
            Value::Time(ns) => Value::Time(ns),
            Value::Duration(ns) => Value::Duration(ns),
        }
    }

    /// Appends the value as an AnyValue. Times have none.
    pub fn put(&self, out: &mut Vec<u8>) -> Result<(), Fault> {
        let mut bytes = |tag: u8, content: &[u8]| {
            out.push(tag);
            put_varint(out, content.len());
            out.extend_from_slice(content);
        };
        match self {
            Value::Nil => {}
            Value::Str(text) => bytes(0x0a, text),
            Value::Bool(yes) => out.extend_from_slice(&[0x10, u8::from(*yes)]),
            Value::Int(int) => {
                out.push(0x18);
                put_varint(out, *int as usize);
            }
            Value::Double(double) => {
                out.push(0x21);
                out.extend_from_slice(&double.to_bits().to_le_bytes());
            }
            Value::List(list) => bytes(0x2a, list),
            Value::Map(map) => bytes(0x32, map),
            Value::Bytes(content) => bytes(0x3a, content),
            Value::Time(_) | Value::Duration(_) => return Err("a time can't be an attribute".into()),
        }
        Ok(())
    }

    /// As an attribute's value; times have none.
    pub fn any(&self) -> Any<'_> {
        match self {
            Value::Nil | Value::Time(_) | Value::Duration(_) => Any::Empty,
            Value::Bool(yes) => Any::Bool(*yes),
            Value::Int(int) => Any::Int(*int),
            Value::Double(double) => Any::Double(*double),
            Value::Str(text) => Any::Str(text),
            Value::Bytes(bytes) => Any::Bytes(bytes),
            Value::List(list) => Any::List(list),
            Value::Map(map) => Any::Map(map),
        }
    }

    /// The type's name, for people.
    pub fn kind(&self) -> &'static str {
        match self {
            Value::Nil => "nil",
            Value::Bool(_) => "a bool",
            Value::Int(_) => "an int",
            Value::Double(_) => "a float",
            Value::Str(_) => "a string",
            Value::Bytes(_) => "bytes",
            Value::List(_) => "a list",
            Value::Map(_) => "a map",
            Value::Time(_) => "a time",
            Value::Duration(_) => "a duration",
        }
    }
}

/// Values of different types are unequal and have no order; integers and floats compare as floats.
pub fn compare(comparison: Comparison, left: &Value, right: &Value) -> bool {
    use Comparison::*;
    let ordering = match (left, right) {
        (Value::Nil, Value::Nil) => Some(Ordering::Equal),
        (Value::Bool(a), Value::Bool(b)) => Some(a.cmp(b)),
        (Value::Int(a), Value::Int(b)) => Some(a.cmp(b)),
        (Value::Int(a), Value::Double(b)) => (*a as f64).partial_cmp(b),
        (Value::Double(a), Value::Int(b)) => a.partial_cmp(&(*b as f64)),
        (Value::Double(a), Value::Double(b)) => a.partial_cmp(b),
        (Value::Str(a), Value::Str(b)) | (Value::Bytes(a), Value::Bytes(b)) => Some(a.cmp(b)),
        (Value::Time(a), Value::Time(b)) | (Value::Duration(a), Value::Duration(b)) => Some(a.cmp(b)),
        (Value::List(_), Value::List(_)) | (Value::Map(_), Value::Map(_)) => {
            let equal = same(left.any(), right.any());
            return if equal { comparison == Equal } else { comparison == NotEqual };
        }
        _ => None,
    };
    match (comparison, ordering) {
        (NotEqual, None) => true,
        (_, None) => false,
        (Equal, Some(order)) => order.is_eq(),
        (NotEqual, Some(order)) => order.is_ne(),
        (Less, Some(order)) => order.is_lt(),
        (LessOrEqual, Some(order)) => order.is_le(),
        (Greater, Some(order)) => order.is_gt(),
        (GreaterOrEqual, Some(order)) => order.is_ge(),
    }
}

/// Whether values in lists and maps are alike in type and value; maps in any order.
fn same(left: Any, right: Any) -> bool {
    match (left, right) {
        (Any::List(a), Any::List(b)) => {
            items(a).count() == items(b).count() && items(a).zip(items(b)).all(|(a, b)| same(a, b))
        }
        (Any::Map(a), Any::Map(b)) => {
            let (a, b) = (entries(a), entries(b));
            a.len() == b.len() && a.iter().zip(&b).all(|(a, b)| a.key == b.key && same(a.value(), b.value()))
        }
        (a, b) => a == b,
    }
}

/// In the order of keys; of a key that comes twice the first counts.
fn entries(map: &[u8]) -> Vec<Attribute<'_>> {
    let mut found: Vec<_> = attributes(map, 1).collect();
    found.sort_by_key(|entry| entry.key);
    found.dedup_by_key(|entry| entry.key);
    found
}

/// Integers wrap and divide towards zero, as Go's do.
pub fn compute(operator: Arithmetic, left: &Value, right: &Value) -> Result<Value<'static>, Fault> {
    use Arithmetic::*;
    Ok(match (operator, left, right) {
        (Plus, Value::Int(a), Value::Int(b)) => Value::Int(a.wrapping_add(*b)),
        (Minus, Value::Int(a), Value::Int(b)) => Value::Int(a.wrapping_sub(*b)),
        (Times, Value::Int(a), Value::Int(b)) => Value::Int(a.wrapping_mul(*b)),
        (Divided, Value::Int(_), Value::Int(0)) => return Err("division by zero".into()),
        (Divided, Value::Int(a), Value::Int(b)) => Value::Int(a.wrapping_div(*b)),
        (Plus, Value::Double(a), Value::Double(b)) => Value::Double(a + b),
        (Minus, Value::Double(a), Value::Double(b)) => Value::Double(a - b),
        (Times, Value::Double(a), Value::Double(b)) => Value::Double(a * b),
        (Divided, Value::Double(a), Value::Double(b)) if *b != 0.0 => Value::Double(a / b),
        (Divided, Value::Double(_), Value::Double(_)) => return Err("division by zero".into()),
        (_, Value::Int(a), Value::Double(_)) => return compute(operator, &Value::Double(*a as f64), right),
        (_, Value::Double(_), Value::Int(b)) => return compute(operator, left, &Value::Double(*b as f64)),
        (Minus, Value::Time(a), Value::Time(b)) => Value::Duration(a.wrapping_sub(*b)),
        (Plus, Value::Time(a), Value::Duration(b)) | (Plus, Value::Duration(b), Value::Time(a)) => {
            Value::Time(a.wrapping_add(*b))
        }
        (Minus, Value::Time(a), Value::Duration(b)) => Value::Time(a.wrapping_sub(*b)),
        (Plus, Value::Duration(a), Value::Duration(b)) => Value::Duration(a.wrapping_add(*b)),
        (Minus, Value::Duration(a), Value::Duration(b)) => Value::Duration(a.wrapping_sub(*b)),
        _ => {
            let missing = *left == Value::Nil || *right == Value::Nil;
            let hint = if missing { "; the path may be missing here" } else { "" };
            let symbol = match operator {
                Plus => '+',
                Minus => '-',
                Times => '*',
                Divided => '/',
            };
            return Err(format!("can't calculate {} {symbol} {}{hint}", left.kind(), right.kind()).into());
        }
    })
}
