//! A file's footer, as small as it can be kept in memory.

use std::sync::Arc;

use hashbrown::HashMap;
use otelier_disk::ReadAt;

use super::Damage;
use super::thrift::Reader;
use crate::error::ReadError;
use crate::numbered::{Numbered, NumberedKeys};
use crate::schema::{Cell, NUMBERED_PREFIX, numbered_column_name};

/// Length of the footer and magic, at the file's end.
const TAIL: u64 = 8;

/// Repetitions and codecs of `parquet.thrift`.
const REQUIRED: i64 = 0;
const OPTIONAL: i64 = 1;
const UNCOMPRESSED: i64 = 0;
const ZSTD: i64 = 6;

#[derive(Debug)]
pub struct Footer {
    pub columns: Vec<Column>,
    places: HashMap<Box<str>, usize>,
    pub groups: Vec<RowGroup>,
}

#[derive(Clone, Debug)]
pub struct Column {
    pub name: Box<str>,
    pub cell: Cell,
    pub optional: bool,
    /// What its integers stand for, if they are texts.
    pub numbered: Option<Arc<Numbered>>,
}

#[derive(Debug)]
pub struct RowGroup {
    pub first_row: u64,
    pub rows: usize,
    /// By column.
    pub chunks: Vec<Chunk>,
}

/// A column of a row group in the file.
#[derive(Clone, Copy, Debug)]
pub struct Chunk {
    pub start: u64,
    pub len: u64,
    /// Where its dictionary ends, which is its beginning then; else `start`.
    pub data: u64,
    /// Where its offset index is, and its column index (of length 0 if it has none).
    pub offsets: (u64, u32),
    pub bounds: (u64, u32),
    pub compressed: bool,
    /// No row has a value.
    pub empty: bool,
}

impl Footer {
    /// Its length in the file.
    fn len_of(path: &str, source: &dyn ReadAt) -> Result<u64, ReadError> {
        let len = source.len().map_err(|error| ReadError::io(path, error))?;
        let bad = || ReadError::damaged(path, "it does not end as a Parquet file does");
        let at = len.checked_sub(TAIL).ok_or_else(bad)?;
        let tail = source.read_at(at, TAIL as usize).map_err(|error| ReadError::io(path, error))?;
        match tail.split_first_chunk() {
            Some((length, b"PAR1")) => {
                let length = u64::from(u32::from_le_bytes(*length));
                if length <= at { Ok(length) } else { Err(bad()) }
            }
            _ => Err(bad()),
        }
    }

    pub fn read(path: &str, source: &dyn ReadAt) -> Result<Footer, ReadError> {
        let io = |error| ReadError::io(path, error);
        let length = Footer::len_of(path, source)?;
        let len = source.len().map_err(io)?;
        let bytes = source.read_at(len - TAIL - length, length as usize).map_err(io)?;
        Footer::of(&bytes, len).map_err(|what| ReadError::damaged(path, what))
    }

    /// From a FileMetaData, of a file of this length. What the crate `parquet` makes of one takes some five times as long:
    /// a question that is the first to look into a file would wait for little else.
    fn of(bytes: &[u8], len: u64) -> Result<Footer, Damage> {
        let mut reader = Reader::new(bytes);
        let (mut columns, mut groups, mut first_row, mut last) = (Vec::new(), Vec::new(), 0, 0);
        while let Some(field) = reader.field(last)? {
            last = field.id;
            match field.id {
                2 => columns = schema(&mut reader)?,
                4 => {
                    for _ in 0..reader.list()? {
                        let group = row_group(&mut reader, first_row, len)?;
                        first_row += group.rows as u64;
                        groups.push(group);
                    }
                }
                _ => reader.skip(field)?,
            }
        }
        if groups.iter().any(|group| group.chunks.len() != columns.len()) {
            return Err("a row group is not like the schema");
        }
        let places = columns.iter().enumerate().map(|(at, column)| (column.name.clone(), at)).collect();
        Ok(Footer { columns, places, groups })
    }

    /// Tells columns of numbered texts what they mean.
    pub fn explain(&mut self, keys: NumberedKeys) -> Result<(), &'static str> {
        for (key, numbered) in keys.0 {
            if let Some(place) = self.place(&numbered_column_name(&key)) {
                self.columns[place].numbered = Some(Arc::new(numbered));
            }
        }
        let told = |column: &Column| column.numbered.is_some() || !column.name.starts_with(NUMBERED_PREFIX);
        if self.columns.iter().all(told) { Ok(()) } else { Err("a column of numbered texts has no beginnings") }
    }

    pub fn place(&self, name: &str) -> Option<usize> {
        self.places.get(name).copied()
    }
}

/// The columns below the root, which is the first element.
fn schema(reader: &mut Reader) -> Result<Vec<Column>, Damage> {
    const NESTED: Damage = "a nested column";
    let count = reader.list()?;
    let mut columns = Vec::new();
    for element in 0..count {
        let (mut kind, mut length, mut repetition, mut name, mut children, mut last) = (-1, 0, 0, &[][..], 0, 0);
        while let Some(field) = reader.field(last)? {
            last = field.id;
            match field.id {
                1 => kind = reader.int()?,
                2 => length = reader.int()?,
                3 => repetition = reader.int()?,
                4 => name = reader.binary()?,
                5 => children = reader.int()?,
                _ => reader.skip(field)?,
            }
        }
        if element == 0 {
            if children != count as i64 - 1 {
                return Err(NESTED);
            }
            continue;
        }
        if children != 0 || !matches!(repetition, REQUIRED | OPTIONAL) {
            return Err(NESTED);
        }
        let name = std::str::from_utf8(name).map_err(|_| "a column's name is no text")?.into();
        columns.push(Column { name, cell: cell(kind, length)?, optional: repetition == OPTIONAL, numbered: None });
    }
    Ok(columns)
}

/// Of a column of this physical type.
fn cell(kind: i64, length: i64) -> Result<Cell, Damage> {
    Ok(match kind {
        0 => Cell::Bool,
        1 => Cell::Int32,
        2 => Cell::Int64,
        5 => Cell::Double,
        // Text or bytes: who reads does not care.
        6 => Cell::Bytes,
        7 => match usize::try_from(length) {
            Ok(length @ 1..=1024) => Cell::Fixed(length),
            _ => return Err("a column of values of an impossible length"),
        },
        _ => return Err("a column of a type that segments do not have"),
    })
}

fn row_group(reader: &mut Reader, first_row: u64, file_len: u64) -> Result<RowGroup, Damage> {
    let (mut chunks, mut rows, mut last) = (Vec::new(), -1, 0);
    while let Some(field) = reader.field(last)? {
        last = field.id;
        match field.id {
            1 => chunks = (0..reader.list()?).map(|_| chunk(reader, file_len)).collect::<Result<_, _>>()?,
            3 => rows = reader.int()?,
            _ => reader.skip(field)?,
        }
    }
    let rows = u32::try_from(rows).map_err(|_| "a row group of an impossible size")?;
    let known = |(chunk, nulls): (Chunk, _)| Chunk { empty: nulls == Some(rows.into()), ..chunk };
    Ok(RowGroup { first_row, rows: rows as usize, chunks: chunks.into_iter().map(known).collect() })
}

/// And the number of its nulls, if it is known.
fn chunk(reader: &mut Reader, file_len: u64) -> Result<(Chunk, Option<i64>), Damage> {
    let (mut offsets, mut bounds, mut of, mut last) = ((0, 0), (0, 0), Meta::default(), 0);
    while let Some(field) = reader.field(last)? {
        last = field.id;
        match field.id {
            3 => of = Meta::read(reader)?,
            4 => offsets.0 = reader.int()?,
            5 => offsets.1 = reader.int()?,
            6 => bounds.0 = reader.int()?,
            7 => bounds.1 = reader.int()?,
            _ => reader.skip(field)?,
        }
    }
    let place = |(offset, len): (i64, i64)| {
        let (offset, len) = (u64::try_from(offset).unwrap_or(u64::MAX), u32::try_from(len).unwrap_or(u32::MAX));
        match offset.checked_add(len.into()) {
            Some(end) if end <= file_len => Ok((offset, len)),
            _ => Err("a part lies beyond the file's end"),
        }
    };
    let number = |number: i64| u64::try_from(number).map_err(|_| "a column chunk lies nowhere");
    let data = number(of.data)?;
    let start = match of.dictionary {
        Some(dictionary) => number(dictionary)?.min(data),
        None => data,
    };
    let len = number(of.size)?;
    if start.checked_add(len).is_none_or(|end| end > file_len || data > end) {
        return Err("a column chunk lies beyond the file's end");
    }
    let compressed = match of.codec {
        UNCOMPRESSED => false,
        ZSTD => true,
        _ => return Err("a column chunk is compressed in a way that segments do not use"),
    };
    let (offsets, bounds) = (place(offsets)?, place(bounds)?);
    Ok((Chunk { start, len, data, offsets, bounds, compressed, empty: false }, of.nulls))
}

/// A ColumnMetaData; negative is what it must have and has not.
struct Meta {
    codec: i64,
    /// Of all pages, compressed.
    size: i64,
    /// Where the first data page is.
    data: i64,
    dictionary: Option<i64>,
    nulls: Option<i64>,
}

impl Default for Meta {
    fn default() -> Meta {
        Meta { codec: -1, size: -1, data: -1, dictionary: None, nulls: None }
    }
}

impl Meta {
    fn read(reader: &mut Reader) -> Result<Meta, Damage> {
        let (mut meta, mut last) = (Meta::default(), 0);
        while let Some(field) = reader.field(last)? {
            last = field.id;
            match field.id {
                4 => meta.codec = reader.int()?,
                7 => meta.size = reader.int()?,
                9 => meta.data = reader.int()?,
                11 => meta.dictionary = Some(reader.int()?),
                12 => {
                    let mut last = 0;
                    while let Some(field) = reader.field(last)? {
                        last = field.id;
                        match field.id {
                            3 => meta.nulls = Some(reader.int()?),
                            _ => reader.skip(field)?,
                        }
                    }
                }
                _ => reader.skip(field)?,
            }
        }
        Ok(meta)
    }
}
