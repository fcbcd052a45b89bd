//! The converters that run natively; all others are Python's.

use std::borrow::Cow;

use otelier_wire::any::{attributes, items};
use regex::Regex;
use ring::digest::{SHA256, digest};

use super::expression::{Compiler, Expression};
use super::form::{Constant, Form};
use super::text::{as_string, hex};
use super::value::{Fault, Value};
use crate::level::{Field, Level};
use crate::pattern::{self, Template, replace_all};
use crate::scene::Scene;

pub enum Call {
    IsMatch {
        value: Box<Expression>,
        regex: Regex,
        memo: usize,
    },
    /// Whether the value is of a type.
    Is(fn(&Value) -> bool, Box<Expression>),
    HasPrefix(Box<Expression>, Box<[u8]>),
    HasSuffix(Box<Expression>, Box<[u8]>),
    IsRootSpan,
    Concat(Vec<Expression>, Box<[u8]>),
    Len(Box<Expression>),
    Text(Box<Expression>),
    Sha256(Box<Expression>),
    /// The first that isn't nil.
    Coalesce(Vec<Expression>),
    /// A string with all matches replaced; any other value as it is.
    Replace(Box<Expression>, Regex, Template),
}

impl Call {
    /// The names by which forms call. Other arguments than values must be constants.
    pub fn new(compiler: &mut Compiler, name: &str, arguments: &[Form]) -> Result<Call, String> {
        let text = |form: &Form| match form {
            Form::Constant(Constant::Str(text)) => Ok(text.clone()),
            _ => Err(format!("{name}: this argument must be a constant string")),
        };
        let mut value = |form: &Form| compiler.expression(form).map(Box::new);
        Ok(match (name, arguments) {
            ("IsMatch", [target, pattern]) => {
                let pattern = text(pattern)?;
                let regex = pattern::compile(&pattern).map_err(|error| format!("{pattern:?}: {error}"))?;
                let value = value(target)?;
                compiler.needs.memos += 1;
                Call::IsMatch { value, regex, memo: compiler.needs.memos - 1 }
            }
            ("IsString", [target]) => Call::Is(|value| matches!(value, Value::Str(_)), value(target)?),
            ("IsBool", [target]) => Call::Is(|value| matches!(value, Value::Bool(_)), value(target)?),
            ("IsInt", [target]) => Call::Is(|value| matches!(value, Value::Int(_)), value(target)?),
            ("IsDouble", [target]) => Call::Is(|value| matches!(value, Value::Double(_)), value(target)?),
            ("IsMap", [target]) => Call::Is(|value| matches!(value, Value::Map(_)), value(target)?),
            ("IsList", [target]) => Call::Is(|value| matches!(value, Value::List(_)), value(target)?),
            ("HasPrefix", [target, prefix]) => Call::HasPrefix(value(target)?, text(prefix)?.into_bytes().into()),
            ("HasSuffix", [target, suffix]) => Call::HasSuffix(value(target)?, text(suffix)?.into_bytes().into()),
            ("IsRootSpan", []) => {
                compiler.field(Level::Item, "parent_span_id")?;
                Call::IsRootSpan
            }
            ("Concat", [delimiter, values @ ..]) => {
                Call::Concat(compiler.expressions(values)?, text(delimiter)?.into_bytes().into())
            }
            ("Len", [target]) => Call::Len(value(target)?),
            ("String", [target]) => Call::Text(value(target)?),
            ("Coalesce", values) => Call::Coalesce(compiler.expressions(values)?),
            ("SHA256", [target]) => Call::Sha256(value(target)?),
            ("Replace", [target, pattern, template]) => {
                let pattern = text(pattern)?;
                let regex = pattern::compile(&pattern).map_err(|error| format!("{pattern:?}: {error}"))?;
                let template = Template::new(&text(template)?, &regex);
                Call::Replace(value(target)?, regex, template)
            }
            _ => return Err(format!("{name} with {} arguments is not native", arguments.len())),
        })
    }

    pub fn value<'a>(&'a self, scene: &'a Scene) -> Result<Value<'a>, Fault> {
        Ok(match self {
            Call::IsMatch { value, regex, memo } => match value.value(scene)? {
                Value::Nil => Value::Bool(false),
                Value::Str(text) => Value::Bool(
                    scene
                        .remembered(*memo, &text, || std::str::from_utf8(&text).is_ok_and(|text| regex.is_match(text))),
                ),
                other => Value::Bool(regex.is_match(&string_like(&other)?)),
            },
            Call::Is(test, value) => Value::Bool(test(&value.value(scene)?)),
            Call::HasPrefix(value, prefix) => {
                Value::Bool(string("HasPrefix", &value.value(scene)?)?.starts_with(prefix))
            }
            Call::HasSuffix(value, suffix) => Value::Bool(string("HasSuffix", &value.value(scene)?)?.ends_with(suffix)),
            Call::IsRootSpan => {
                let parent = scene.field(Level::Item, Field::Id(4, 8));
                Value::Bool(matches!(parent, Value::Bytes(id) if id.iter().all(|byte| *byte == 0)))
            }
            Call::Concat(values, delimiter) => {
                let mut parts: Vec<Cow<[u8]>> = Vec::with_capacity(values.len());
                for value in values {
                    parts.push(match value.value(scene)? {
                        Value::Nil => Cow::Borrowed(b"<nil>"),
                        Value::Str(text) => text,
                        other => Cow::Owned(string_like(&other)?.into_bytes()),
                    });
                }
                Value::Str(parts.join(&**delimiter).into())
            }
            Call::Len(value) => Value::Int(length(&value.value(scene)?)?),
            Call::Text(value) => match value.value(scene)? {
                Value::Nil => Value::Nil,
                Value::Str(text) => Value::Str(text),
                other => Value::Str(string_like(&other)?.into_bytes().into()),
            },
            Call::Coalesce(values) => {
                for value in values {
                    match value.value(scene)? {
                        Value::Nil => {}
                        found => return Ok(found),
                    }
                }
                Value::Nil
            }
            Call::Replace(value, regex, template) => match value.value(scene)? {
                Value::Str(text) => {
                    let new = std::str::from_utf8(&text).ok().and_then(|text| replace_all(regex, template, text));
                    Value::Str(new.map_or(text, |new| new.into_bytes().into()))
                }
                other => other,
            },
            Call::Sha256(value) => {
                let value = value.value(scene)?;
                Value::Str(hex(digest(&SHA256, string("SHA256", &value)?).as_ref()).into_bytes().into())
            }
        })
    }
}

fn string<'a>(name: &str, value: &'a Value) -> Result<&'a [u8], Fault> {
    match value {
        Value::Str(text) => Ok(text),
        other => Err(format!("{name}: value: expected a string, got {}", other.kind()).into()),
    }
}

fn length(value: &Value) -> Result<i64, Fault> {
    let count = match value {
        // Go counts bytes.
        Value::Str(bytes) | Value::Bytes(bytes) => bytes.len(),
        Value::List(list) => items(list).count(),
        Value::Map(map) => attributes(map, 1).count(),
        other => return Err(format!("Len: Len takes a string, a list or a map, not {}", other.kind()).into()),
    };
    Ok(count as i64)
}

/// Other values than strings as text: as pdata does, but bytes in hex.
fn string_like(value: &Value) -> Result<String, Fault> {
    match value {
        Value::Bytes(bytes) => Ok(hex(bytes)),
        Value::Double(double) if double.is_nan() => Ok("NaN".into()),
        Value::Double(double) if double.is_infinite() => Ok(if *double > 0.0 { "+Inf" } else { "-Inf" }.into()),
        // Exponents have two digits here.
        Value::Double(_) => Ok(match as_string(value.any()).split_once("e-") {
            Some((mantissa, exponent)) => format!("{mantissa}e-{exponent:0>2}"),
            None => as_string(value.any()),
        }),
        Value::Nil | Value::Time(_) | Value::Duration(_) => Err(format!("{} is no text", value.kind()).into()),
        other => Ok(as_string(other.any())),
    }
}
