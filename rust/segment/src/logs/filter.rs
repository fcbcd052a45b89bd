//! A filter about one log record, from JSON; the form stands in docs/spec/filter.md.

use memchr::memmem::Finder;
use regex::bytes::Regex;
use serde_json::Value as Json;

use super::attribute::{AttributeTest, Owner};
use super::labels::Label;
use super::words::{Words, entries_around};
use crate::filter::regex;

#[derive(Debug)]
pub enum LogFilter {
    All(Vec<LogFilter>),
    Any(Vec<LogFilter>),
    Not(Box<LogFilter>),
    Test(LogTest),
}

#[derive(Debug)]
pub enum LogTest {
    /// The body as a text; empty where there is none.
    Line(LineCondition),
    /// A label's text; empty where there is none.
    Label(Label, TextCondition),
    Severity(Bound, i64),
    /// The record's own, whatever labels there are.
    TraceId([u8; 16]),
    Attribute(AttributeTest),
}

#[derive(Debug)]
pub enum LineCondition {
    /// And what an index of words must have then.
    Contains(Box<Finder<'static>>, Vec<u64>),
    Matches(Regex),
    Words(Words),
}

#[derive(Debug)]
pub enum TextCondition {
    Exists,
    Equal(Box<[u8]>),
    NotEqual(Box<[u8]>),
    Matches(Regex),
    MatchesNot(Regex),
}

#[derive(Clone, Copy, Debug)]
pub enum Bound {
    Equal,
    AtLeast,
    AtMost,
}

impl LineCondition {
    pub fn holds(&self, line: &[u8]) -> bool {
        match self {
            LineCondition::Contains(finder, _) => finder.find(line).is_some(),
            LineCondition::Matches(regex) => regex.is_match(line),
            LineCondition::Words(words) => words.hold(line),
        }
    }

    /// False only if it holds for no line that lies in these bytes.
    pub fn may_hold_in(&self, bytes: &[u8]) -> bool {
        match self {
            LineCondition::Contains(finder, _) => finder.find(bytes).is_some(),
            LineCondition::Matches(_) => true,
            LineCondition::Words(words) => words.may_hold_in(bytes),
        }
    }

    /// Entries that an index of words has wherever it holds.
    pub fn entries(&self) -> &[u64] {
        match self {
            LineCondition::Contains(_, entries) => entries,
            LineCondition::Matches(_) => &[],
            LineCondition::Words(words) => &words.entries,
        }
    }
}

impl TextCondition {
    pub fn holds(&self, text: &[u8]) -> bool {
        match self {
            TextCondition::Exists => !text.is_empty(),
            TextCondition::Equal(wanted) => text == &**wanted,
            TextCondition::NotEqual(other) => text != &**other,
            TextCondition::Matches(regex) => regex.is_match(text),
            TextCondition::MatchesNot(regex) => !regex.is_match(text),
        }
    }
}

impl Bound {
    pub fn admits(self, number: i64, wanted: i64) -> bool {
        match self {
            Bound::Equal => number == wanted,
            Bound::AtLeast => number >= wanted,
            Bound::AtMost => number <= wanted,
        }
    }
}

impl LogFilter {
    /// Cheap parts first: the order changes nothing but the work.
    fn ordered(mut self) -> LogFilter {
        if let LogFilter::All(parts) | LogFilter::Any(parts) = &mut self {
            parts.sort_by_key(LogFilter::cost);
        }
        self
    }

    fn cost(&self) -> u32 {
        match self {
            LogFilter::Test(LogTest::Severity(..)) => 0,
            LogFilter::Test(LogTest::TraceId(_)) => 5,
            LogFilter::Test(LogTest::Label(label, _)) => label.cost(),
            LogFilter::Test(LogTest::Attribute(test)) => {
                if test.owner == Owner::Record {
                    5
                } else {
                    1
                }
            }
            LogFilter::Test(LogTest::Line(LineCondition::Contains(..))) => 10,
            LogFilter::Test(LogTest::Line(LineCondition::Words(_))) => 12,
            LogFilter::Test(LogTest::Line(LineCondition::Matches(_))) => 30,
            LogFilter::Not(part) => part.cost(),
            LogFilter::All(parts) | LogFilter::Any(parts) => parts.iter().map(LogFilter::cost).sum::<u32>() + 1,
        }
    }
}

/// The error says what is wrong and what is expected.
pub fn parse(json: &[u8]) -> Result<LogFilter, String> {
    let json: Json = serde_json::from_slice(json).map_err(|error| format!("the filter is not JSON: {error}"))?;
    filter(&json)
}

fn filter(json: &Json) -> Result<LogFilter, String> {
    if let Some(parts) = json.get("all") {
        return Ok(LogFilter::All(filters(parts)?).ordered());
    }
    if let Some(parts) = json.get("any") {
        return Ok(LogFilter::Any(filters(parts)?).ordered());
    }
    if let Some(part) = json.get("not") {
        return Ok(LogFilter::Not(Box::new(filter(part)?)));
    }
    let text = |of: &Json, name| of.get(name).and_then(Json::as_str).unwrap_or_default().to_owned();
    match json.get("field") {
        Some(field) => {
            let (scope, key, op) = (text(field, "scope"), text(field, "key"), text(json, "op"));
            test(&scope, &key, &op, json.get("value").unwrap_or(&Json::Null)).map(LogFilter::Test)
        }
        None => Err(format!("a filter has one of all, any, not, or field and op; this has none: {json}")),
    }
}

fn filters(json: &Json) -> Result<Vec<LogFilter>, String> {
    let parts = json.as_array().ok_or_else(|| format!("all and any take an array of filters, not {json}"))?;
    parts.iter().map(filter).collect()
}

fn test(scope: &str, key: &str, op: &str, value: &Json) -> Result<LogTest, String> {
    let text = || value.as_str().ok_or_else(|| format!("{op} takes a string, not {value}"));
    match (scope, key) {
        ("label", name) => Ok(LogTest::Label(
            Label::new(name),
            match op {
                "exists" => TextCondition::Exists,
                "=" => TextCondition::Equal(text()?.as_bytes().into()),
                "!=" => TextCondition::NotEqual(text()?.as_bytes().into()),
                "=~" => TextCondition::Matches(regex(text()?)?),
                "!~" => TextCondition::MatchesNot(regex(text()?)?),
                _ => return Err(format!("of a label, an op is one of = != =~ !~ exists, not {op:?}")),
            },
        )),
        ("log", key) => attribute(Owner::Record, key, op, value),
        ("resource", key) => attribute(Owner::Resource, key, op, value),
        ("scope", key) => attribute(Owner::Scope, key, op, value),
        ("intrinsic", "line") => Ok(LogTest::Line(match op {
            "contains" => {
                let needle = text()?;
                LineCondition::Contains(Box::new(Finder::new(needle).into_owned()), entries_around(needle))
            }
            "=~" => LineCondition::Matches(regex(text()?)?),
            "words" => LineCondition::Words(Words::new(text()?)),
            _ => return Err(format!("of the line, an op is one of contains =~ words, not {op:?}")),
        })),
        ("intrinsic", "severity") => {
            let number = value.get("int").and_then(Json::as_str).and_then(|digits| digits.parse().ok());
            let number = number.ok_or_else(|| format!("a severity is {{\"int\": \"17\"}}, not {value}"))?;
            let bound = match op {
                "=" => Bound::Equal,
                ">=" => Bound::AtLeast,
                "<=" => Bound::AtMost,
                _ => return Err(format!("of the severity, an op is one of = >= <=, not {op:?}")),
            };
            Ok(LogTest::Severity(bound, number))
        }
        ("intrinsic", "trace_id") => {
            let id = value.as_str().filter(|text| text.len() == 32 && op == "=");
            let id = id.and_then(|text| u128::from_str_radix(text, 16).ok());
            id.map(|id| LogTest::TraceId(id.to_be_bytes()))
                .ok_or_else(|| format!("of the trace id, an op is = and the value 32 hexadecimal digits, not {value}"))
        }
        _ => Err(format!(
            "a field is a label, an attribute of log, resource or scope, or intrinsic line, severity or trace_id, not \
             {scope:?} {key:?}"
        )),
    }
}

fn attribute(owner: Owner, key: &str, op: &str, value: &Json) -> Result<LogTest, String> {
    let text = match op {
        "exists" => None,
        "=" => Some(value.as_str().ok_or_else(|| format!("{op} takes a string, not {value}"))?.as_bytes().into()),
        _ => return Err(format!("of an attribute of a record, an op is one of = exists, not {op:?}")),
    };
    Ok(LogTest::Attribute(AttributeTest { owner, key: key.into(), text }))
}
