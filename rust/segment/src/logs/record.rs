//! The fields of an encoded log record.

use otelier_wire::protobuf::{Value, fields};

use super::text::{Text, text_form};
use crate::filter::value::{Value as AnyValue, any_value};

#[derive(Clone, Copy, Debug, Default)]
pub struct LogFields<'a> {
    pub time_ns: u64,
    pub observed_ns: u64,
    pub severity_number: i32,
    pub severity_text: &'a [u8],
    pub event_name: &'a [u8],
    /// An encoded AnyValue.
    pub body: Option<&'a [u8]>,
    pub flags: u32,
    pub trace_id: &'a [u8],
    pub span_id: &'a [u8],
}

impl<'a> LogFields<'a> {
    pub fn read(record: &'a [u8]) -> LogFields<'a> {
        let mut out = LogFields::default();
        for field in fields(record) {
            match (field.number, field.value) {
                (1, Value::Fixed64(time)) => out.time_ns = time,
                (2, Value::Varint(number)) => out.severity_number = number as i32,
                (3, Value::Len(text)) => out.severity_text = text,
                // A segment keeps the first string in its column: so it is the first here, too.
                (5, Value::Len(body)) if out.body.is_none() => out.body = Some(body),
                (8, Value::Fixed32(flags)) => out.flags = flags,
                (9, Value::Len(id)) => out.trace_id = id,
                (10, Value::Len(id)) => out.span_id = id,
                (11, Value::Fixed64(time)) => out.observed_ns = time,
                (12, Value::Len(name)) => out.event_name = name,
                _ => {}
            }
        }
        out
    }

    /// The body as a text; empty where there is none.
    pub fn line(&self) -> Text<'a> {
        self.body.map_or_else(Text::default, |body| text_form(any_value(body)))
    }

    /// Whether the line lies in the record as it is, or there is none.
    pub fn is_string(&self) -> bool {
        self.body.is_none_or(|body| matches!(any_value(body), AnyValue::Text(_)))
    }

    /// By what records are sorted.
    pub fn order_ns(&self) -> u64 {
        if self.time_ns == 0 { self.observed_ns } else { self.time_ns }
    }
}

/// A record as it is answered. Texts are UTF-8 unless a sender's were not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    pub order_ns: u64,
    pub observed_ns: u64,
    pub severity_number: i32,
    pub severity_text: Vec<u8>,
    pub event_name: Vec<u8>,
    pub line: Vec<u8>,
    pub trace_id: Vec<u8>,
    pub span_id: Vec<u8>,
    pub flags: u32,
    /// Keys and values as text.
    pub attributes: Vec<(Vec<u8>, Vec<u8>)>,
    /// The headers around it: a ResourceLogs without its scopes, a ScopeLogs without its records.
    pub resource: Vec<u8>,
    pub scope: Vec<u8>,
}

impl Record {
    /// About what it takes in memory.
    pub fn size(&self) -> usize {
        let texts = [&self.severity_text, &self.event_name, &self.line, &self.resource, &self.scope];
        let pairs =
            self.attributes.iter().map(|(key, value)| size_of::<(Vec<u8>, Vec<u8>)>() + key.len() + value.len());
        size_of::<Record>() + texts.iter().map(|text| text.len()).sum::<usize>() + pairs.sum::<usize>()
    }
}
