//! Fields of log records as arrays.

use std::sync::Arc;

use hashbrown::HashMap;
use serde_json::Value as Json;

use super::fetch::{Needs, records};
use super::group::GroupLogs;
use super::hot::{each_item, record};
use super::record::Record;
use super::text::text_form;
use super::walk::{Listed, Looked, Question, Taker};
use crate::error::ReadError;
use crate::filter::list;
use crate::filter::value::{Value, any_value, each_message, pair_of};
use crate::hot::Chunk;
use crate::reader::{Cache, SegmentFile, read_here};
use crate::rows::Rows;
use crate::spans::{Budget, Column, Entry, NOTHING, Read};

/// What can be read of a record. Attributes are texts, as in `text_form`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogField {
    /// Of the event, or when it was observed if that is not known.
    TimeNs,
    ObservedNs,
    SeverityNumber,
    SeverityText,
    EventName,
    Line,
    TraceId,
    SpanId,
    Flags,
    ScopeName,
    ScopeVersion,
    Attribute(Box<[u8]>),
    /// All of the record's own as a JSON object.
    Attributes,
    ResourceAttribute(Box<[u8]>),
    ScopeAttribute(Box<[u8]>),
}

/// Records, in no order that is defined.
#[derive(Debug, Default)]
pub struct LogColumns {
    pub rows: usize,
    /// As the fields were asked for.
    pub columns: Vec<Column>,
    /// What ended the reading early: records, bytes or time.
    pub partial: &'static str,
    pub looked: Looked,
    /// Reads of files, and bytes read.
    pub read: Read,
}

/// A JSON array of fields as in docs/spec/filter.md; the error says what is wrong and what is expected.
pub fn parse_fields(json: &[u8]) -> Result<Vec<LogField>, String> {
    list(json, log_field)
}

fn log_field(json: &Json) -> Result<LogField, String> {
    let text = |name| json.get(name).and_then(Json::as_str).unwrap_or_default();
    let (scope, key) = (text("scope"), text("key"));
    Ok(match (scope, key) {
        ("log", key) => LogField::Attribute(key.as_bytes().into()),
        ("resource", key) => LogField::ResourceAttribute(key.as_bytes().into()),
        ("scope", key) => LogField::ScopeAttribute(key.as_bytes().into()),
        ("intrinsic", "time_ns") => LogField::TimeNs,
        ("intrinsic", "observed_ns") => LogField::ObservedNs,
        ("intrinsic", "severity_number") => LogField::SeverityNumber,
        ("intrinsic", "severity_text") => LogField::SeverityText,
        ("intrinsic", "event_name") => LogField::EventName,
        ("intrinsic", "line") => LogField::Line,
        ("intrinsic", "trace_id") => LogField::TraceId,
        ("intrinsic", "span_id") => LogField::SpanId,
        ("intrinsic", "flags") => LogField::Flags,
        ("intrinsic", "scope_name") => LogField::ScopeName,
        ("intrinsic", "scope_version") => LogField::ScopeVersion,
        ("intrinsic", "attributes") => LogField::Attributes,
        _ => return Err(format!("of a log record there is no field {scope:?} {key:?}")),
    })
}

impl LogField {
    fn column(&self) -> Column {
        Column::new(match self {
            LogField::TraceId => 16,
            LogField::SpanId => 8,
            _ => 0,
        })
    }
}

struct Gatherer<'f> {
    fields: &'f [LogField],
    needs: Needs,
    budget: Budget,
    /// What headers say, by field and header: they are few and long.
    headers: Vec<HashMap<Vec<u8>, Entry>>,
    out: LogColumns,
}

impl Taker for Gatherer<'_> {
    fn wants(&self, _time_ns: u64) -> bool {
        self.out.partial.is_empty()
    }

    fn chunk(&mut self, chunk: &Arc<Chunk>, found: &Rows) -> Result<(), ReadError> {
        each_item(chunk, found, &|_| {}, &mut |_, shape, item| self.add(&record(shape, item)))?;
        self.check();
        Ok(())
    }

    fn group(
        &mut self,
        _file: &Arc<SegmentFile>,
        logs: &mut GroupLogs,
        found: &Rows,
        _times: (usize, &[u64]),
    ) -> Result<(), ReadError> {
        let rows: Vec<usize> = found.iter().collect();
        records(&mut logs.group, &rows, self.needs, &mut |_, record| self.add(&record))?;
        self.check();
        Ok(())
    }
}

impl Gatherer<'_> {
    fn add(&mut self, record: &Record) {
        self.out.rows += 1;
        for (at, (field, column)) in self.fields.iter().zip(&mut self.out.columns).enumerate() {
            let row = column.extend(1);
            let entry = match field {
                LogField::TimeNs => column.entry(Value::Int(record.order_ns.into())),
                LogField::ObservedNs => column.entry(Value::Int(record.observed_ns.into())),
                LogField::SeverityNumber => column.entry(Value::Int(record.severity_number.into())),
                LogField::SeverityText => column.entry(Value::Text(&record.severity_text)),
                LogField::EventName => column.entry(Value::Text(&record.event_name)),
                LogField::Line => column.entry(Value::Text(&record.line)),
                LogField::Flags => column.entry(Value::Int(record.flags.into())),
                LogField::TraceId => {
                    column.set_id(row, &record.trace_id);
                    continue;
                }
                LogField::SpanId => {
                    column.set_id(row, &record.span_id);
                    continue;
                }
                LogField::Attribute(key) => match record.attributes.iter().find(|(known, _)| *known == **key) {
                    Some((_, text)) => column.entry(Value::Text(text)),
                    None => NOTHING,
                },
                LogField::Attributes => column.entry(Value::Text(object(record).as_bytes())),
                _ => {
                    let header = match field {
                        LogField::ResourceAttribute(_) => &record.resource,
                        _ => &record.scope,
                    };
                    match self.headers[at].get(header) {
                        Some(entry) => *entry,
                        None => {
                            let entry = of_header(field, header, column);
                            self.headers[at].insert(header.clone(), entry);
                            entry
                        }
                    }
                }
            };
            column.set(row, entry);
        }
    }

    fn check(&mut self) {
        let bytes: usize = self.out.columns.iter().map(Column::size).sum();
        self.out.partial = match () {
            () if self.out.rows > self.budget.rows => "records",
            () if bytes > self.budget.bytes => "bytes",
            () => "",
        };
    }
}

/// All records that the filter means, and what was read for them.
pub fn gather(
    question: &Question,
    fields: &[LogField],
    budget: Budget,
    chunks: &[Arc<Chunk>],
    files: Vec<Listed>,
    cache: &Cache,
) -> Result<LogColumns, ReadError> {
    let (reads, bytes) = read_here();
    let out = LogColumns { columns: fields.iter().map(LogField::column).collect(), ..LogColumns::default() };
    let needs = Needs {
        line: fields.contains(&LogField::Line),
        attributes: fields.iter().any(|field| matches!(field, LogField::Attribute(_) | LogField::Attributes)),
    };
    let headers = fields.iter().map(|_| HashMap::new()).collect();
    let mut gatherer = Gatherer { fields, needs, budget, headers, out };
    let looked = question.walk(chunks, files, cache, &mut gatherer)?;
    let mut out = gatherer.out;
    let now = read_here();
    out.read = Read { pages: now.0 - reads, bytes: now.1 - bytes, ..Read::default() };
    out.looked = looked;
    if looked.partial && out.partial.is_empty() {
        out.partial = "time";
    }
    Ok(out)
}

/// The first text of a field of a resource's or a scope's header.
fn of_header(field: &LogField, header: &[u8], out: &mut Column) -> Entry {
    let mut entry = NOTHING;
    let (inner, key): (u32, Option<&[u8]>) = match field {
        LogField::ResourceAttribute(key) => (1, Some(key)),
        LogField::ScopeAttribute(key) => (3, Some(key)),
        LogField::ScopeName => (1, None),
        LogField::ScopeVersion => (2, None),
        _ => return NOTHING,
    };
    if key.is_none() {
        entry = out.entry(Value::Text(b""));
    }
    each_message(header, 1, &mut |message| {
        each_message(message, inner, &mut |found| {
            match key {
                None => entry = out.entry(Value::Text(found)),
                Some(key) if entry == NOTHING => {
                    let (known, any) = pair_of(found);
                    if known == key {
                        entry = out.entry(Value::Text(&text_form(any_value(any))));
                    }
                }
                Some(_) => {}
            }
            false
        })
    });
    entry
}

/// The attributes as JSON; of equal keys the first.
fn object(record: &Record) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let pairs = record.attributes.iter().rev().map(|(key, value)| (text(key), Json::from(text(value))));
    Json::from(pairs.collect::<serde_json::Map<String, Json>>()).to_string()
}
