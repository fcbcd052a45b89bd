//! Rows of a row group back to records.

use std::ops::Range;

use otelier_wire::protobuf::{Value as Wire, fields};

use super::record::Record;
use super::text::text_form;
use crate::error::ReadError;
use crate::filter::value::{Value, any_value, pair_of};
use crate::reader::{Group, Slice, bytes, each, int};
use crate::schema;

/// Field numbers of an encoded log record.
const BODY: u32 = 5;
const ATTRIBUTES: u32 = 6;

/// What of a record is wanted besides its short fields; what is not may be missing.
#[derive(Clone, Copy, Debug)]
pub struct Needs {
    pub line: bool,
    pub attributes: bool,
}

impl Needs {
    pub const ALL: Needs = Needs { line: true, attributes: true };
}

/// Calls `see` with the place among `rows` and the record of each: they are in ascending order and lie within few pages.
pub fn records(
    group: &mut Group,
    rows: &[usize],
    needs: Needs,
    see: &mut dyn FnMut(usize, Record),
) -> Result<(), ReadError> {
    let (Some(first), Some(last)) = (rows.first(), rows.last()) else { return Ok(()) };
    let range = &(*first..last + 1);
    let mut slice = |name| match group.column(name) {
        Some(column) => Slice::read(group, column, range),
        None => Ok(None),
    };
    let (trace_ids, span_ids) = (slice(schema::TRACE_ID)?, slice(schema::SPAN_ID)?);
    let (times, observed) = (slice(schema::TIME_NS)?, slice(schema::OBSERVED_NS)?);
    let (numbers, texts) = (slice(schema::SEVERITY_NUMBER)?, slice(schema::SEVERITY_TEXT)?);
    let names = slice(schema::EVENT_NAME)?;
    let bodies = if needs.line { slice(schema::BODY)? } else { None };
    let (flags, resources) = (slice(schema::FLAGS)?, slice(schema::RESOURCE)?);
    let (scopes, rest) = (slice(schema::SCOPE)?, slice(schema::REST)?);
    let mut attributes =
        if needs.attributes { attributes(group, rows, range)? } else { vec![Attributes::new(); rows.len()] };
    let record = |row: usize, attributes: &mut Attributes| {
        let raw = bytes(&rest, row);
        let mut line = bodies.as_ref().and_then(|bodies| bodies.get(row)).map(|body| text_form(body).into_owned());
        for field in fields(raw) {
            match (field.number, field.value) {
                (BODY, Wire::Len(body)) if line.is_none() => line = Some(text_form(any_value(body)).into_owned()),
                (ATTRIBUTES, Wire::Len(pair)) => {
                    let (key, any) = pair_of(pair);
                    attributes.push((key.to_vec(), text_form(any_value(any)).into_owned()));
                }
                _ => {}
            }
        }
        let (time_ns, observed_ns) = (int(&times, row) as u64, int(&observed, row) as u64);
        Record {
            order_ns: if time_ns == 0 { observed_ns } else { time_ns },
            observed_ns,
            severity_number: int(&numbers, row) as i32,
            severity_text: bytes(&texts, row).to_vec(),
            event_name: bytes(&names, row).to_vec(),
            line: line.unwrap_or_default(),
            trace_id: bytes(&trace_ids, row).to_vec(),
            span_id: bytes(&span_ids, row).to_vec(),
            flags: int(&flags, row) as u32,
            attributes: std::mem::take(attributes),
            resource: bytes(&resources, row).to_vec(),
            scope: bytes(&scopes, row).to_vec(),
        }
    };
    for (place, (row, attributes)) in rows.iter().zip(&mut attributes).enumerate() {
        see(place, record(*row, attributes));
    }
    Ok(())
}

type Attributes = Vec<(Vec<u8>, Vec<u8>)>;

/// Of each of the rows, those that have columns.
fn attributes(group: &mut Group, rows: &[usize], range: &Range<usize>) -> Result<Vec<Attributes>, ReadError> {
    let mut out: Vec<Attributes> = rows.iter().map(|_| Vec::new()).collect();
    for (at, column) in group.columns().iter().enumerate() {
        if let Some((_, key)) = schema::attribute_of_column(&column.name) {
            let mut next = 0;
            each(group, at, std::slice::from_ref(range), &mut |place, value: Value| {
                let row = range.start + place;
                while rows.get(next).is_some_and(|wanted| *wanted < row) {
                    next += 1;
                }
                if rows.get(next) == Some(&row) {
                    out[next].push((key.as_bytes().to_vec(), text_form(value).into_owned()));
                }
            })?;
        }
    }
    Ok(out)
}
