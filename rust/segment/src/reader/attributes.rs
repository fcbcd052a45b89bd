//! Rows' attributes, encoded again: of all columns those that have values, which for a trace are some two hundred.

use std::ops::Range;
use std::sync::Arc;

use otelier_wire::protobuf::{LEN, put_varint, varint_len};

use super::file::SegmentFile;
use super::group::Group;
use super::slice::each;
use crate::decode::items::{Message, put_long};
use crate::error::ReadError;
use crate::filter::value::Value;
use crate::schema;
use crate::share::Turns;

/// Bytes of a row's encoded attributes for which there is room at once.
const USUAL: usize = 1_024;
/// The tag of a KeyValue's value.
const KEY_VALUE_VALUE: u8 = 0x12;
/// Columns that a thread takes at a time.
const TAKEN: usize = 8;
/// With fewer columns a second thread costs more than it spares.
const MANY: usize = 48;

/// Attributes of some columns, in the order in which they were read.
#[derive(Default)]
struct Encoded {
    bytes: Vec<u8>,
    /// The places of their rows, and their ends in `bytes`.
    of: Vec<(u32, usize)>,
}

impl Encoded {
    /// Of the columns at these places.
    fn read(
        &mut self,
        group: &mut Group,
        columns: &[usize],
        number: u32,
        runs: &[Range<usize>],
    ) -> Result<(), ReadError> {
        for at in columns {
            let Some((_, key)) = schema::attribute_of_column(&group.columns()[*at].name) else { continue };
            each(group, *at, runs, &mut |place, value| {
                put_attribute(&mut self.bytes, number, key.as_bytes(), value);
                self.of.push((place as u32, self.bytes.len()));
            })?;
        }
        Ok(())
    }

    fn put_into(&self, rows: &mut [Vec<u8>]) {
        let mut start = 0;
        for (place, end) in &self.of {
            rows[*place as usize].extend_from_slice(&self.bytes[start..*end]);
            start = *end;
        }
    }
}

/// The encoded attributes of each row of `runs`, which are in order, as fields of this number.
pub fn attributes(group: &mut Group, number: u32, runs: &[Range<usize>]) -> Result<Vec<Vec<u8>>, ReadError> {
    let mut encoded = Encoded::default();
    encoded.read(group, &columns(group), number, runs)?;
    Ok(joined(&[encoded], runs))
}

/// The same of a row group of this file, with a helper; this thread first does something else.
pub fn attributes_beside<T>(
    file: &Arc<SegmentFile>,
    group: &mut Group,
    number: u32,
    runs: &[Range<usize>],
    first: impl FnOnce(&mut Group) -> Result<T, ReadError>,
) -> Result<(T, Vec<Vec<u8>>), ReadError> {
    let columns = columns(group);
    if columns.len() < MANY {
        return Ok((first(group)?, attributes(group, number, runs)?));
    }
    let (of, runs_of_all, file) = (group.number, runs.to_vec(), file.clone());
    let turns = Turns::offer(columns.len().div_ceil(TAKEN), move |turn| {
        let own = &columns[turn * TAKEN..columns.len().min((turn + 1) * TAKEN)];
        let mut encoded = Encoded::default();
        encoded.read(&mut Group::beside(&file, of)?, own, number, &runs_of_all).map(|()| encoded)
    });
    let first = first(group);
    let encoded: Result<Vec<Encoded>, ReadError> = turns.finish().into_iter().collect();
    Ok((first?, joined(&encoded?, runs)))
}

/// Those of attributes that have values.
fn columns(group: &Group) -> Vec<usize> {
    let columns = group.columns().iter().enumerate();
    let attributes =
        columns.filter(|(at, column)| !group.chunk(*at).empty && schema::attribute_of_column(&column.name).is_some());
    attributes.map(|(at, _)| at).collect()
}

fn joined(parts: &[Encoded], runs: &[Range<usize>]) -> Vec<Vec<u8>> {
    let mut rows: Vec<Vec<u8>> = runs.iter().cloned().flatten().map(|_| Vec::with_capacity(USUAL)).collect();
    parts.iter().for_each(|part| part.put_into(&mut rows));
    rows
}

/// A field with a KeyValue.
fn put_attribute(out: &mut Vec<u8>, number: u32, key: &[u8], value: Value) {
    let size = match value {
        Value::Text(text) => 1 + varint_len(text.len()) + text.len(),
        Value::Int(int) => 1 + varint_len(int as u64 as usize),
        Value::Double(_) => 9,
        Value::Bool(_) => 2,
        Value::Other(_) => return,
    };
    let pair = 1 + varint_len(key.len()) + key.len() + 1 + varint_len(size) + size;
    put_varint(out, (number << 3 | LEN) as usize);
    put_varint(out, pair);
    Message(out).content(1, key);
    out.push(KEY_VALUE_VALUE);
    put_varint(out, size);
    match value {
        Value::Text(text) => Message(out).content(1, text),
        Value::Bool(bool) => out.extend_from_slice(&[0x10, bool.into()]),
        Value::Int(int) => {
            out.push(0x18);
            put_long(out, int as u64);
        }
        Value::Double(double) => {
            out.push(0x21);
            out.extend_from_slice(&double.to_bits().to_le_bytes());
        }
        Value::Other(_) => {}
    }
}
