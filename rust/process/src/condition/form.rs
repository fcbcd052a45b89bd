//! Expressions as Python writes them, in JSON.

use otelier_wire::Any;
use serde::Deserialize;

use super::value::{Arithmetic, Comparison, Value};
use crate::level::Level;

/// A constant. Doubles come as their bits: JSON has no infinity.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Constant {
    Nil,
    Bool(bool),
    Int(i64),
    Double(u64),
    Str(String),
    Bytes(Vec<u8>),
    Time(i64),
    Duration(i64),
    /// An AnyValue: lists and maps.
    Encoded(Vec<u8>),
}

impl Constant {
    pub fn value(self) -> Value<'static> {
        match self {
            Constant::Nil => Value::Nil,
            Constant::Bool(yes) => Value::Bool(yes),
            Constant::Int(int) => Value::Int(int),
            Constant::Double(bits) => Value::Double(f64::from_bits(bits)),
            Constant::Str(text) => Value::Str(text.into_bytes().into()),
            Constant::Bytes(bytes) => Value::Bytes(bytes.into()),
            Constant::Time(ns) => Value::Time(ns),
            Constant::Duration(ns) => Value::Duration(ns),
            Constant::Encoded(any) => Value::from(Any::read(&any)).owned(),
        }
    }
}

/// A step into a list or map.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    Key(String),
    Index(i64),
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    Constant(Constant),
    Attribute(Level, String, Vec<Step>),
    Field(Level, String, Vec<Step>),
    And(Vec<Form>),
    Or(Vec<Form>),
    Not(Box<Form>),
    Compare(Comparison, Box<Form>, Box<Form>),
    Arithmetic(Arithmetic, Box<Form>, Box<Form>),
    Negative(Box<Form>),
    /// By the converter's name in OTTL.
    Call(String, Vec<Form>),
}
