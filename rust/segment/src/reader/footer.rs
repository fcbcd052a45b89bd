//! A file's footer, as small as it can be kept in memory.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use hashbrown::HashMap;
use otelier_disk::ReadAt;
use parquet::basic::{Compression, Repetition, Type};
use parquet::file::metadata::{ColumnChunkMetaData, ParquetMetaData, ParquetMetaDataReader};
use parquet::schema::types::ColumnDescriptor;

use crate::error::ReadError;
use crate::numbered::{Numbered, NumberedKeys};
use crate::schema::{Cell, NUMBERED_PREFIX, numbered_column_name};

/// Length of the footer and magic, at the file's end.
const TAIL: u64 = 8;

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
        // The crate is not ours to trust with bytes that a disk has damaged.
        let metadata = catch_unwind(AssertUnwindSafe(|| ParquetMetaDataReader::decode_metadata(&bytes)));
        match metadata {
            Ok(Ok(metadata)) => Footer::of(&metadata, len).map_err(|what| ReadError::damaged(path, what)),
            Ok(Err(error)) => Err(ReadError::damaged(path, error)),
            Err(_) => Err(ReadError::damaged(path, "the footer can't be read")),
        }
    }

    fn of(metadata: &ParquetMetaData, len: u64) -> Result<Footer, &'static str> {
        let schema = metadata.file_metadata().schema_descr();
        let columns: Vec<Column> = schema.columns().iter().map(|of| column(of)).collect::<Result<_, _>>()?;
        let places = columns.iter().enumerate().map(|(at, column)| (column.name.clone(), at)).collect();
        let (mut groups, mut first_row) = (Vec::new(), 0);
        for group in metadata.row_groups() {
            let rows = usize::try_from(group.num_rows()).map_err(|_| "a row group of negative size")?;
            if group.num_columns() != columns.len() || u32::try_from(rows).is_err() {
                return Err("a row group is not like the schema");
            }
            let chunks = group.columns().iter().map(|of| chunk(of, rows, len)).collect::<Result<_, _>>()?;
            groups.push(RowGroup { first_row, rows, chunks });
            first_row += rows as u64;
        }
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

fn column(of: &ColumnDescriptor) -> Result<Column, &'static str> {
    let cell = match of.physical_type() {
        Type::BOOLEAN => Cell::Bool,
        Type::INT32 => Cell::Int32,
        Type::INT64 => Cell::Int64,
        Type::DOUBLE => Cell::Double,
        // Text or bytes: who reads does not care.
        Type::BYTE_ARRAY => Cell::Bytes,
        Type::FIXED_LEN_BYTE_ARRAY => match usize::try_from(of.type_length()) {
            Ok(length @ 1..=1024) => Cell::Fixed(length),
            _ => return Err("a column of values of an impossible length"),
        },
        _ => return Err("a column of a type that segments do not have"),
    };
    if of.max_rep_level() > 0 || of.max_def_level() > 1 {
        return Err("a nested column");
    }
    let optional = of.self_type().get_basic_info().repetition() == Repetition::OPTIONAL;
    Ok(Column { name: of.name().into(), cell, optional, numbered: None })
}

fn chunk(of: &ColumnChunkMetaData, rows: usize, file_len: u64) -> Result<Chunk, &'static str> {
    let place = |offset: Option<i64>, len: Option<i32>| match (offset, len) {
        (Some(offset), Some(len)) => {
            let (offset, len) = (u64::try_from(offset).unwrap_or(u64::MAX), u32::try_from(len).unwrap_or(u32::MAX));
            match offset.checked_add(len.into()) {
                Some(end) if end <= file_len => Ok((offset, len)),
                _ => Err("a part lies beyond the file's end"),
            }
        }
        _ => Ok((0, 0)),
    };
    let number = |number: i64| u64::try_from(number).map_err(|_| "a column chunk lies nowhere");
    let data = number(of.data_page_offset())?;
    let start = match of.dictionary_page_offset() {
        Some(dictionary) => number(dictionary)?.min(data),
        None => data,
    };
    let len = number(of.compressed_size())?;
    if start.checked_add(len).is_none_or(|end| end > file_len) || data > start + len {
        return Err("a column chunk lies beyond the file's end");
    }
    let compressed = match of.compression() {
        Compression::UNCOMPRESSED => false,
        Compression::ZSTD(_) => true,
        _ => return Err("a column chunk is compressed in a way that segments do not use"),
    };
    let nulls = of.statistics().and_then(|statistics| statistics.null_count_opt());
    Ok(Chunk {
        start,
        len,
        data,
        offsets: place(of.offset_index_offset(), of.offset_index_length())?,
        bounds: place(of.column_index_offset(), of.column_index_length())?,
        compressed,
        empty: nulls == Some(rows as u64),
    })
}
