//! The `.index` beside a Parquet file: what searches must know before they read columns. See `docs/spec/segment.md`.
//!
//! A records file: `kind u8 | coding u8 | length u32 of the plain content | content` in each frame.

mod bucket;
mod catalogue;
mod column_filters;
mod entries;
mod filter;
pub mod format;
mod rollup;
mod summary;
mod traces;

use std::io;

use bytes::Bytes;
use otelier_disk::frame::{self, Frames};
use otelier_wire::protobuf::Cursor;

use crate::numbered::NumberedKeys;
pub use bucket::{bucket, bucket_bounds, bucket_middle, mantissa_bounds};
pub use catalogue::{Catalogue, CatalogueEntry};
pub use column_filters::{ColumnFilters, number_hash};
pub use entries::each_entry;
pub use filter::{BLOCK, Filter, Filters, exists_hash, pair_hash, text_form};
pub use rollup::{Cell, Dependency, Rollups};
pub use summary::{Head, Key, Operation, RowGroup, Summary};
pub use traces::{TraceIndex, TraceRows, trace_prefix};

/// What a record of the index holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    Summary = 1,
    Traces = 2,
    Catalogue = 3,
    Filters = 5,
    /// Ids of traces of which an older segment has spans, too.
    Split = 6,
    /// Beginnings of the numbered texts in the Parquet file.
    Numbered = 7,
    Rollups = 8,
    /// By service instead of operation.
    ServiceRollups = 9,
    /// Of logs: filters over the words of lines.
    Words = 10,
    /// Where the Parquet file has filters over columns.
    ColumnFilters = 11,
}

const AS_IS: u8 = 0;
const ZSTD: u8 = 1;
const LEVEL: i32 = 3;
const HEADER: usize = 6;
/// Longer contents are not believed.
const MAX_CONTENT: usize = 1 << 30;

/// Appends a record to the index being made.
pub fn put(out: &mut Vec<u8>, kind: Kind, content: &[u8]) -> io::Result<()> {
    let packed = zstd::bulk::compress(content, LEVEL)?;
    // Filters hardly get smaller: they are read faster as they are.
    let pays = packed.len() + packed.len() / 16 < content.len();
    let (coding, stored) = if pays { (ZSTD, &packed[..]) } else { (AS_IS, content) };
    let mut body = Vec::with_capacity(HEADER + stored.len());
    body.extend_from_slice(&[kind as u8, coding]);
    body.extend_from_slice(&(content.len() as u32).to_le_bytes());
    body.extend_from_slice(stored);
    frame::put(out, &body)
}

/// A whole index file in memory. Records are unpacked when they are asked for.
pub struct Index {
    records: Vec<Bytes>,
}

impl Index {
    /// Fails if anything in the file is damaged.
    pub fn new(file: Bytes) -> io::Result<Index> {
        let mut frames = Frames::of(file)?;
        let mut records = Vec::new();
        while let Some(frame) = frames.next_frame()? {
            records.push(frame.body);
        }
        if frames.damaged_bytes() > 0 || frames.torn() > 0 {
            return Err(damaged("checksums are wrong"));
        }
        Ok(Index { records })
    }

    /// The content of the record of this kind; empty if there is none.
    pub fn content(&self, kind: Kind) -> io::Result<Vec<u8>> {
        let Some(record) = self.records.iter().find(|record| record.first() == Some(&(kind as u8))) else {
            return Ok(Vec::new());
        };
        let Some((header, stored)) = record.split_first_chunk::<HEADER>() else {
            return Err(damaged("a record is too short"));
        };
        let length = u32::from_le_bytes([header[2], header[3], header[4], header[5]]) as usize;
        let content = match header[1] {
            AS_IS => stored.to_vec(),
            ZSTD if length <= MAX_CONTENT => zstd::bulk::decompress(stored, length)?,
            _ => return Err(damaged("a record has an unknown coding")),
        };
        if content.len() == length { Ok(content) } else { Err(damaged("a record has another length than it says")) }
    }

    pub fn summary(&self) -> io::Result<Summary> {
        Summary::decode(&self.content(Kind::Summary)?)
    }

    /// The summary without operations.
    pub fn head(&self) -> io::Result<Head> {
        Head::decode(&self.content(Kind::Summary)?)
    }

    pub fn traces(&self) -> io::Result<TraceIndex> {
        TraceIndex::decode(&self.content(Kind::Traces)?)
    }

    pub fn catalogue(&self) -> io::Result<Catalogue> {
        Catalogue::decode(&self.content(Kind::Catalogue)?)
    }

    pub fn rollups(&self) -> io::Result<Rollups> {
        Rollups::decode(&self.content(Kind::Rollups)?)
    }

    /// How many calls and errors alone.
    pub fn rollup_counts(&self) -> io::Result<Rollups> {
        Rollups::decode_counts(&self.content(Kind::Rollups)?)
    }

    /// By service.
    pub fn service_rollups(&self) -> io::Result<Rollups> {
        Rollups::decode(&self.content(Kind::ServiceRollups)?)
    }

    pub fn filters(&self) -> io::Result<Filters> {
        Filters::decode(&self.content(Kind::Filters)?)
    }

    pub fn words(&self) -> io::Result<Filters> {
        Filters::decode(&self.content(Kind::Words)?)
    }

    /// `file_bytes`: the length of the Parquet file.
    pub fn column_filters(&self, file_bytes: u64) -> io::Result<ColumnFilters> {
        ColumnFilters::decode(&self.content(Kind::ColumnFilters)?, file_bytes)
    }

    pub fn numbered(&self) -> io::Result<NumberedKeys> {
        NumberedKeys::decode(&self.content(Kind::Numbered)?)
    }

    /// Ids of traces of which an older segment has spans, too, as far as was known when this one was written.
    pub fn split_traces(&self) -> io::Result<Vec<[u8; 16]>> {
        Ok(self.content(Kind::Split)?.as_chunks().0.to_vec())
    }
}

pub(crate) fn damaged(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("the index is damaged: {what}"))
}

fn number(cursor: &mut Cursor) -> io::Result<u64> {
    cursor.varint().map_err(|_| damaged("a number is cut off"))
}

/// A number of things of which each takes at least a byte.
fn count(cursor: &mut Cursor) -> io::Result<usize> {
    match usize::try_from(number(cursor)?) {
        Ok(count) if count <= cursor.rest.len() => Ok(count),
        _ => Err(damaged("more is announced than there is")),
    }
}

fn text<'a>(cursor: &mut Cursor<'a>) -> io::Result<&'a [u8]> {
    cursor.bytes().map_err(|_| damaged("a text is cut off"))
}
