//! Events or links of spans, a row for each.

use std::ops::RangeInclusive;

use otelier_wire::protobuf::{Value as Wire, fields};
use serde_json::Value as Json;

use super::column::{ABSENT, Column};
use super::gather::{Budget, SpanTable};
use super::pass::Flow;
use super::scan::{Places, Scan};
use crate::error::ReadError;
use crate::filter::value::{Value, each_message, find, object_of};
use crate::filter::{Field, Filter, Part, Wanted, list};
use crate::rows::Rows;

/// What can be read of an event or a link; of the other kind it has no value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PartField {
    TimeNs,
    Name,
    TraceId,
    SpanId,
    TraceState,
    Flags,
    DroppedAttributes,
    Attribute(Box<[u8]>),
    /// All of them as a JSON object.
    Attributes,
}

/// Events or links, those of a span behind one another as they were sent.
#[derive(Debug, Default)]
pub struct PartTable {
    /// The spans that have some.
    pub spans: SpanTable,
    /// Of each row its span's.
    pub span_rows: Vec<u32>,
    /// As the fields were asked for.
    pub columns: Vec<Column>,
}

impl PartTable {
    pub fn rows(&self) -> usize {
        self.span_rows.len()
    }

    fn size(&self) -> usize {
        self.spans.size() + 4 * self.rows() + self.columns.iter().map(Column::size).sum::<usize>()
    }
}

/// A JSON array of fields as in docs/spec/filter.md; the error says what is wrong and what is expected.
pub fn parse_part_fields(json: &[u8]) -> Result<Vec<PartField>, String> {
    list(json, part_field)
}

fn part_field(json: &Json) -> Result<PartField, String> {
    let key = json.get("key").and_then(Json::as_str).ok_or_else(|| format!("a field has a key, not {json}"))?;
    if json.get("intrinsic") != Some(&Json::Bool(true)) {
        return Ok(PartField::Attribute(key.as_bytes().into()));
    }
    Ok(match key {
        "time_ns" => PartField::TimeNs,
        "name" => PartField::Name,
        "trace_id" => PartField::TraceId,
        "span_id" => PartField::SpanId,
        "trace_state" => PartField::TraceState,
        "flags" => PartField::Flags,
        "dropped_attributes" => PartField::DroppedAttributes,
        "attributes" => PartField::Attributes,
        _ => return Err(format!("events and links have no field {key:?} of their own")),
    })
}

/// The parts of all spans that a filter means and that start in a window.
pub fn gather(
    places: &Places,
    part: Part,
    filter: &Filter,
    fields: &[Wanted],
    part_fields: &[PartField],
    window: &RangeInclusive<u64>,
    budget: Budget,
) -> Result<PartTable, ReadError> {
    let columns = part_fields.iter().map(|field| match field {
        PartField::TraceId => Column::new(16),
        PartField::SpanId => Column::new(8),
        _ => Column::new(0),
    });
    let mut table = PartTable { spans: SpanTable::new(fields), columns: columns.collect(), ..PartTable::default() };
    let mut scan = Scan::new(places, filter, window.clone(), fields.iter().any(Wanted::asks_trace));
    scan.deadline = budget.deadline();
    table.spans.partial = scan.each(&mut |block, found| {
        let mut raw = Column::default();
        raw.extend(found.count());
        block.fill(&Field::Parts(part), found, &mut raw, 0)?;
        let mut with = Rows::none(found.len());
        let rows = found.iter().zip(&raw.tags).filter(|(_, tag)| **tag != ABSENT);
        rows.for_each(|(row, _)| with.insert(row));
        if with.is_empty() {
            return Ok(Flow::On);
        }
        let first = table.spans.rows() as u32;
        if let stop @ Flow::Stop(_) = table.spans.add(block, &with, fields, &budget)? {
            return Ok(stop);
        }
        let texts = raw.tags.iter().zip(&raw.data).filter(|(tag, _)| **tag != ABSENT);
        for (span, (_, text)) in (first..).zip(texts) {
            each_message(raw.text(*text), part.number(), &mut |message| {
                table.span_rows.push(span);
                let columns = part_fields.iter().zip(&mut table.columns);
                columns.for_each(|(field, column)| put(part, field, message, column));
                false
            });
        }
        Ok(match () {
            () if table.rows() > budget.rows => Flow::Stop("rows"),
            () if table.size() > budget.bytes => Flow::Stop("bytes"),
            () => Flow::On,
        })
    })?;
    table.spans.read = scan.read;
    Ok(table)
}

/// Appends what a field says of an encoded event or link.
fn put(part: Part, field: &PartField, message: &[u8], out: &mut Column) {
    let row = out.extend(1);
    let last = |number| fields(message).filter(|field| field.number == number).map(|field| field.value).last();
    let text = |number| match last(number) {
        Some(Wire::Len(text)) => text,
        _ => b"",
    };
    let int = |number| match last(number) {
        Some(Wire::Varint(int)) => i128::from(int as u32),
        Some(Wire::Fixed32(int)) => i128::from(int),
        Some(Wire::Fixed64(int)) => i128::from(int),
        _ => 0,
    };
    let is_event = part == Part::Event;
    let value = match field {
        PartField::TimeNs if is_event => Value::Int(int(1)),
        PartField::Name if is_event => Value::Text(text(2)),
        PartField::DroppedAttributes => Value::Int(int(if is_event { 4 } else { 5 })),
        PartField::TraceState if !is_event => Value::Text(text(3)),
        PartField::Flags if !is_event => Value::Int(int(6)),
        PartField::TraceId if !is_event => return out.set_id(row, text(1)),
        PartField::SpanId if !is_event => return out.set_id(row, text(2)),
        PartField::Attributes => {
            let entry = out.entry(Value::Text(object_of(message, part.attributes()).as_bytes()));
            return out.set(row, entry);
        }
        PartField::Attribute(key) => {
            find(message, part.attributes(), key, &mut |value| {
                let entry = out.entry(value);
                out.set_least(row, entry);
                false
            });
            return;
        }
        _ => return,
    };
    let entry = out.entry(value);
    out.set(row, entry);
}
