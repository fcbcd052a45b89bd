//! Whole segments as encoded requests, one for each row group.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use bytes::Bytes;
use hashbrown::HashMap;
use otelier_disk::{Disk, ReadAt};
use otelier_wire::protobuf::put_varint;
use otelier_wire::{Batch, Segment, Signal};
use parquet::errors::ParquetError;
use parquet::file::reader::{FileReader, SerializedFileReader};

use super::cells::{Column, columns_of};
use super::items::Message;
use super::rows::{Attribute, Attributes, LOG_COLUMNS, SPAN_COLUMNS, bytes, int32, int64, put_record, put_span};
use super::source::Source;
use crate::index::{Index, Summary};
use crate::numbered::NumberedKeys;
use crate::schema;
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
    let damaged = |error| WriteError::of_index(&beside, error);
    let index = Index::new(disk.read(&beside)?).map_err(damaged)?;
    let (summary, numbered) = (index.summary().map_err(damaged)?, index.numbered().map_err(damaged)?);
    let file = checked_file(disk, path, &summary)?;
    decode_file(file, signal, &numbered).map_err(|error| WriteError::damaged(path, error))
}

/// A segment's Parquet file, every byte of it as it was written: its reader is not ours to trust with others.
pub fn checked_file(disk: &dyn Disk, path: &str, summary: &Summary) -> Result<Bytes, WriteError> {
    let file = disk.read(path)?;
    if file.len() as u64 != summary.bytes {
        return Err(WriteError::damaged(path, format_args!("{} bytes instead of {}", file.len(), summary.bytes)));
    }
    if crc32c::crc32c(&file) != summary.crc32c {
        return Err(WriteError::damaged(path, "the checksum is wrong"));
    }
    Ok(file)
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
    file: Arc<dyn ReadAt>,
    wanted: HashMap<usize, Vec<std::ops::Range<usize>>>,
) -> Result<Vec<Identity>, ParquetError> {
    // Only some columns are read, so that no checksum proves them: the crate is not ours to trust with damaged ones.
    catch_unwind(AssertUnwindSafe(|| read_identities(Source::new(file)?, wanted)))
        .unwrap_or_else(|_| Err(ParquetError::General("it can't be read".into())))
}

fn read_identities(
    file: Source,
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

/// Items under their resources and scopes, each of which occurs once.
fn request(signal: Signal, group: &Group) -> Vec<u8> {
    let (resources, scopes) = (group.column(schema::RESOURCE), group.column(schema::SCOPE));
    let mut order: Vec<(&[u8], &[u8])> = Vec::new();
    let mut items: HashMap<(&[u8], &[u8]), Vec<u8>> = HashMap::new();
    let attributes = Attributes::new(group.attributes(), group.count);
    let (spans, records) = (SPAN_COLUMNS.map(|name| group.column(name)), LOG_COLUMNS.map(|name| group.column(name)));
    let mut item = Vec::new();
    for row in 0..group.count {
        let around = (bytes(resources, row), bytes(scopes, row));
        item.clear();
        match signal {
            Signal::Logs => put_record(&mut item, &records, &attributes, row),
            _ => put_span(&mut item, &spans, &attributes, row),
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
