//! Whole segments as encoded requests, one for each row group.

use bytes::Bytes;
use hashbrown::HashMap;
use otelier_disk::Disk;
use otelier_wire::protobuf::put_varint;
use otelier_wire::{Batch, Segment, Signal};
use parquet::errors::ParquetError;
use parquet::file::reader::{FileReader, SerializedFileReader};

use super::cells::{Cell, Column, columns_of};
use super::items::{Message, SpanHead, put_long};
use crate::index::Index;
use crate::numbered::{Numbered, NumberedKeys};
use crate::schema::{self, AttributeType};
use crate::write::WriteError;
use crate::write::index_path;

struct Group<'a> {
    columns: &'a [Column],
    count: usize,
    numbered: &'a NumberedKeys,
}

impl<'a> Group<'a> {
    fn column(&self, name: &str) -> Option<&'a Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    fn attributes(&self) -> Vec<Attribute<'a>> {
        let attribute = |column: &'a Column| {
            let (of, key) = schema::attribute_of_column(&column.name)?;
            let numbered = column.name.starts_with(schema::NUMBERED_PREFIX).then(|| self.numbered.get(key)).flatten();
            Some(Attribute { of, key, column, numbered })
        };
        self.columns.iter().filter_map(attribute).collect()
    }
}

/// All of a segment as a batch.
pub fn read(disk: &dyn Disk, path: &str, signal: Signal) -> Result<Batch, WriteError> {
    let decoded = decode(disk, path, signal)?;
    let segments = decoded.into_iter().map(|(request, items)| Segment::new(request.into(), items));
    Ok(Batch::new(signal, segments.collect(), None))
}

/// A segment's items as encoded export requests, each with its number of items.
pub fn decode(disk: &dyn Disk, path: &str, signal: Signal) -> Result<Vec<(Vec<u8>, usize)>, WriteError> {
    let beside = index_path(path);
    let index = Index::new(disk.read(&beside)?).and_then(|index| index.numbered());
    let numbered = index.map_err(|error| WriteError::damaged(&beside, error))?;
    decode_file(disk.read(path)?, signal, &numbered).map_err(|error| WriteError::damaged(path, error))
}

fn decode_file(file: Bytes, signal: Signal, numbered: &NumberedKeys) -> Result<Vec<(Vec<u8>, usize)>, ParquetError> {
    let reader = SerializedFileReader::new(file)?;
    (0..reader.num_row_groups())
        .map(|at| {
            let columns = columns_of(reader.get_row_group(at)?.as_ref(), |_| true)?;
            let count = reader.metadata().row_group(at).num_rows() as usize;
            Ok((request(signal, &Group { columns: &columns, count, numbered }), count))
        })
        .collect()
}

/// What makes a span the same as another: trace id, span id, start and kind.
pub type Identity = ([u8; 16], [u8; 8], u64, i32);

/// Identities of rows of a segment of traces: by row group, ranges of rows in it.
pub fn identities(
    file: Bytes,
    wanted: HashMap<usize, Vec<std::ops::Range<usize>>>,
) -> Result<Vec<Identity>, ParquetError> {
    let reader = SerializedFileReader::new(file)?;
    let none = NumberedKeys::default();
    let mut found = Vec::new();
    for (at, ranges) in wanted {
        if at >= reader.num_row_groups() {
            return Err(ParquetError::EOF(format!("there is no row group {at}")));
        }
        let names = [schema::TRACE_ID, schema::SPAN_ID, schema::START_NS, schema::KIND];
        let columns = columns_of(reader.get_row_group(at)?.as_ref(), |name| names.contains(&name))?;
        let group = Group { columns: &columns, count: 0, numbered: &none };
        let of = names.map(|name| group.column(name));
        found.extend(ranges.into_iter().flatten().map(|row| {
            let trace_id = bytes(of[0], row).try_into().unwrap_or_default();
            let span_id = bytes(of[1], row).try_into().unwrap_or_default();
            (trace_id, span_id, int64(of[2], row) as u64, int32(of[3], row))
        }));
    }
    Ok(found)
}

struct Attribute<'a> {
    of: AttributeType,
    key: &'a str,
    column: &'a Column,
    numbered: Option<&'a Numbered>,
}

/// Items under their resources and scopes, each of which occurs once.
fn request(signal: Signal, group: &Group) -> Vec<u8> {
    let (resources, scopes) = (group.column(schema::RESOURCE), group.column(schema::SCOPE));
    let mut order: Vec<(&[u8], &[u8])> = Vec::new();
    let mut items: HashMap<(&[u8], &[u8]), Vec<u8>> = HashMap::new();
    let attributes = group.attributes();
    let mut item = Vec::new();
    for row in 0..group.count {
        let around = (bytes(resources, row), bytes(scopes, row));
        item.clear();
        match signal {
            Signal::Logs => put_record(&mut item, group, &attributes, row),
            _ => put_span(&mut item, group, &attributes, row),
        }
        let items = items.entry(around).or_insert_with(|| {
            order.push(around);
            Vec::new()
        });
        Message(items).content(2, &item);
    }
    let mut out = Vec::new();
    for around in order {
        let (resource, mut scope) = (around.0, around.1.to_vec());
        scope.extend_from_slice(&items[&around]);
        out.push(1 << 3 | 2);
        let scope_size = 1 + otelier_wire::protobuf::varint_len(scope.len()) + scope.len();
        put_varint(&mut out, resource.len() + scope_size);
        out.extend_from_slice(resource);
        Message(&mut out).content(2, &scope);
    }
    out
}

fn put_span(out: &mut Vec<u8>, group: &Group, attributes: &[Attribute], row: usize) {
    let text = |name| bytes(group.column(name), row);
    let number = |name| int32(group.column(name), row);
    let span_ids = group.column(schema::SPAN_ID);
    let parent = match number(schema::PARENT_DISTANCE) {
        0 => text(schema::PARENT_SPAN_ID),
        distance => row.checked_sub(distance as usize).map_or(&[][..], |parent| bytes(span_ids, parent)),
    };
    let start_ns = int64(group.column(schema::START_NS), row) as u64;
    let head = SpanHead {
        trace_id: text(schema::TRACE_ID),
        span_id: text(schema::SPAN_ID),
        parent_span_id: parent,
        trace_state: text(schema::TRACE_STATE),
        name: text(schema::NAME),
        kind: number(schema::KIND),
        start_ns,
        end_ns: start_ns.wrapping_add(int64(group.column(schema::DURATION_NS), row) as u64),
        dropped_attributes: number(schema::DROPPED_ATTRIBUTES) as u32,
        dropped_events: number(schema::DROPPED_EVENTS) as u32,
        dropped_links: number(schema::DROPPED_LINKS) as u32,
        status_code: number(schema::STATUS_CODE),
        status_message: text(schema::STATUS_MESSAGE),
        flags: number(schema::FLAGS) as u32,
    };
    let rest = text(schema::REST);
    head.put(out, rest);
    put_attributes(out, 9, attributes, row);
    for raw in [rest, text(schema::EVENTS), text(schema::LINKS)] {
        Message(out).raw(raw);
    }
}

fn put_record(out: &mut Vec<u8>, group: &Group, attributes: &[Attribute], row: usize) {
    let text = |name| bytes(group.column(name), row);
    let number = |name| int32(group.column(name), row);
    let time = |name| int64(group.column(name), row) as u64;
    let mut message = Message(out);
    message.fixed64(1, time(schema::TIME_NS));
    message.int32(2, number(schema::SEVERITY_NUMBER));
    message.bytes(3, text(schema::SEVERITY_TEXT));
    if let Some(Cell::Bytes(body)) = group.column(schema::BODY).map(|column| column.cell(row)) {
        let mut value = Vec::with_capacity(body.len() + 6);
        Message(&mut value).content(1, body);
        message.content(5, &value);
    }
    message.varint(7, u64::from(number(schema::DROPPED_ATTRIBUTES) as u32));
    message.fixed32(8, number(schema::FLAGS) as u32);
    message.bytes(9, text(schema::TRACE_ID));
    message.bytes(10, text(schema::SPAN_ID));
    message.fixed64(11, time(schema::OBSERVED_NS));
    message.bytes(12, text(schema::EVENT_NAME));
    put_attributes(out, 6, attributes, row);
    Message(out).raw(text(schema::REST));
}

fn put_attributes(out: &mut Vec<u8>, number: u32, attributes: &[Attribute], row: usize) {
    let mut value = Vec::new();
    for attribute in attributes {
        value.clear();
        match attribute.column.cell(row) {
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

fn bytes(column: Option<&Column>, row: usize) -> &[u8] {
    match column.map(|column| column.cell(row)) {
        Some(Cell::Bytes(bytes)) => bytes,
        _ => &[],
    }
}

fn int32(column: Option<&Column>, row: usize) -> i32 {
    match column.map(|column| column.cell(row)) {
        Some(Cell::Int32(number)) => number,
        _ => 0,
    }
}

fn int64(column: Option<&Column>, row: usize) -> i64 {
    match column.map(|column| column.cell(row)) {
        Some(Cell::Int64(number)) => number,
        _ => 0,
    }
}
