//! Rows of columns as encoded items.

use super::cells::{Cell, Column};
use super::items::{Message, SpanHead, put_long};
use crate::numbered::Numbered;
use crate::schema::{self, AttributeType};

/// A column of attributes.
pub struct Attribute<'a> {
    pub of: AttributeType,
    pub key: &'a str,
    pub column: &'a Column,
    pub numbered: Option<&'a Numbered>,
}

/// The attributes with columns, and which of them each row has: few of many.
pub struct Attributes<'a> {
    all: Vec<Attribute<'a>>,
    /// By row: where its part of `places` begins; and where the last one ends.
    starts: Vec<u32>,
    /// Which attribute, and the place of its value.
    places: Vec<(u16, u32)>,
}

impl<'a> Attributes<'a> {
    pub fn new(all: Vec<Attribute<'a>>, count: usize) -> Attributes<'a> {
        let mut starts = vec![0; count + 1];
        let filled = all.iter().flat_map(|attribute| attribute.column.filled());
        filled.for_each(|row| starts[*row as usize + 1] += 1);
        (1..=count).for_each(|row| starts[row] += starts[row - 1]);
        let mut places = vec![(0, 0); starts[count] as usize];
        let mut next = starts.clone();
        for (number, attribute) in all.iter().enumerate() {
            for (place, row) in (0..).zip(attribute.column.filled()) {
                let next = &mut next[*row as usize];
                places[*next as usize] = (number as u16, place);
                *next += 1;
            }
        }
        Attributes { all, starts, places }
    }

    fn of(&self, row: usize) -> impl Iterator<Item = (&Attribute<'a>, Cell<'a>)> {
        let places = &self.places[self.starts[row] as usize..self.starts[row + 1] as usize];
        places.iter().map(|(number, place)| {
            let attribute = &self.all[usize::from(*number)];
            (attribute, attribute.column.value(*place as usize))
        })
    }
}

/// What a span is made of.
pub const SPAN_COLUMNS: [&str; 18] = [
    schema::TRACE_ID,
    schema::SPAN_ID,
    schema::PARENT_DISTANCE,
    schema::PARENT_SPAN_ID,
    schema::START_NS,
    schema::DURATION_NS,
    schema::NAME,
    schema::KIND,
    schema::STATUS_CODE,
    schema::STATUS_MESSAGE,
    schema::TRACE_STATE,
    schema::FLAGS,
    schema::DROPPED_ATTRIBUTES,
    schema::DROPPED_EVENTS,
    schema::DROPPED_LINKS,
    schema::REST,
    schema::EVENTS,
    schema::LINKS,
];

/// `columns`: those of `SPAN_COLUMNS`.
pub fn put_span(out: &mut Vec<u8>, columns: &[Option<&Column>; 18], attributes: &Attributes, row: usize) {
    let [trace_ids, span_ids, distances, parent_ids, starts, durations, names, kinds, codes, ..] = columns;
    let [.., messages, states, flags, dropped_attributes, dropped_events, dropped_links, rest, events, links] = columns;
    let number = |column: &Option<&Column>| int32(*column, row);
    let parent = match number(distances) {
        0 => bytes(*parent_ids, row),
        distance => row.checked_sub(distance as usize).map_or(&[][..], |parent| bytes(*span_ids, parent)),
    };
    let start_ns = int64(*starts, row) as u64;
    let head = SpanHead {
        trace_id: bytes(*trace_ids, row),
        span_id: bytes(*span_ids, row),
        parent_span_id: parent,
        trace_state: bytes(*states, row),
        name: bytes(*names, row),
        kind: number(kinds),
        start_ns,
        end_ns: start_ns.wrapping_add(int64(*durations, row) as u64),
        dropped_attributes: number(dropped_attributes) as u32,
        dropped_events: number(dropped_events) as u32,
        dropped_links: number(dropped_links) as u32,
        status_code: number(codes),
        status_message: bytes(*messages, row),
        flags: number(flags) as u32,
    };
    let rest = bytes(*rest, row);
    head.put(out, rest);
    put_attributes(out, 9, attributes, row);
    for raw in [rest, bytes(*events, row), bytes(*links, row)] {
        Message(out).raw(raw);
    }
}

/// What a log record is made of.
pub const LOG_COLUMNS: [&str; 11] = [
    schema::TRACE_ID,
    schema::SPAN_ID,
    schema::TIME_NS,
    schema::OBSERVED_NS,
    schema::SEVERITY_NUMBER,
    schema::SEVERITY_TEXT,
    schema::EVENT_NAME,
    schema::BODY,
    schema::FLAGS,
    schema::DROPPED_ATTRIBUTES,
    schema::REST,
];

/// `columns`: those of `LOG_COLUMNS`.
pub fn put_record(out: &mut Vec<u8>, columns: &[Option<&Column>; 11], attributes: &Attributes, row: usize) {
    let [trace_ids, span_ids, times, observed, severities, texts, names, bodies, flags, dropped, rest] = columns;
    let mut message = Message(out);
    message.fixed64(1, int64(*times, row) as u64);
    message.int32(2, int32(*severities, row));
    message.bytes(3, bytes(*texts, row));
    if let Some(Cell::Bytes(body)) = bodies.map(|column| column.cell(row)) {
        let mut value = Vec::with_capacity(body.len() + 6);
        Message(&mut value).content(1, body);
        message.content(5, &value);
    }
    message.varint(7, u64::from(int32(*dropped, row) as u32));
    message.fixed32(8, int32(*flags, row) as u32);
    message.bytes(9, bytes(*trace_ids, row));
    message.bytes(10, bytes(*span_ids, row));
    message.fixed64(11, int64(*observed, row) as u64);
    message.bytes(12, bytes(*names, row));
    put_attributes(out, 6, attributes, row);
    Message(out).raw(bytes(*rest, row));
}

fn put_attributes(out: &mut Vec<u8>, number: u32, attributes: &Attributes, row: usize) {
    let mut value = Vec::new();
    for (attribute, cell) in attributes.of(row) {
        value.clear();
        match cell {
            Cell::Null | Cell::Int32(_) => continue,
            Cell::Int64(number) if attribute.numbered.is_some() => {
                attribute.numbered.map(|numbered| numbered.put_text(number, &mut value));
            }
            Cell::Bytes(text) => value.extend_from_slice(text),
            Cell::Int64(number) => put_long(&mut value, number as u64),
            Cell::Double(number) => value.extend_from_slice(&number.to_bits().to_le_bytes()),
            Cell::Bool(number) => value.push(number.into()),
        }
        Message(out).attribute(number, attribute.key, attribute.of, &value);
    }
}

pub fn bytes(column: Option<&Column>, row: usize) -> &[u8] {
    match column.map(|column| column.cell(row)) {
        Some(Cell::Bytes(bytes)) => bytes,
        _ => &[],
    }
}

pub fn int32(column: Option<&Column>, row: usize) -> i32 {
    match column.map(|column| column.cell(row)) {
        Some(Cell::Int32(number)) => number,
        _ => 0,
    }
}

pub fn int64(column: Option<&Column>, row: usize) -> i64 {
    match column.map(|column| column.cell(row)) {
        Some(Cell::Int64(number)) => number,
        _ => 0,
    }
}
