//! A column chunk: pages of one column of one row group, with or without a dictionary.

use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::column::writer::ColumnCloseResult;
use parquet::errors::ParquetError;
use parquet::file::metadata::{ColumnChunkMetaData, ColumnIndexBuilder, OffsetIndexBuilder};
use parquet::file::statistics::Statistics;
use parquet::schema::types::ColumnDescPtr;

use super::codes::{put_codes, width};
use super::dictionary::Maker;
use super::levels::put_levels;
use super::pack::{LEVEL, Packer};
use super::page::{Coded, put_data_header, put_dictionary_header};
use super::plain::{plain_size, put_plain, put_split, put_values};
use super::{Strings, Values};
use crate::index::Filter;
use crate::schema::{Cell, Coding, Column, PAGE_ROWS, attribute_of_column};

/// A page is not much larger.
const PAGE_BYTES: usize = 1 << 20;
/// By how much the pages of columns with few values are longer at most, as a power of two.
const MAX_STRETCH: u32 = 2;
/// Chunks up to this size are not compressed: the frame would be longer than what it saves.
const TINY: usize = 64;

/// A finished column chunk, offsets counted from its beginning.
pub struct Encoded {
    pub bytes: Vec<u8>,
    pub close: ColumnCloseResult,
    /// Over values that are like ids.
    pub filter: Option<Filter>,
}

/// A column of a row group: which of its `count` rows have a value, and these values.
pub struct Cells<'a> {
    pub count: usize,
    /// `None`: all rows.
    pub rows: Option<&'a [u32]>,
    pub content: Content<'a>,
}

impl Cells<'_> {
    /// About how many bytes the values take in pages.
    fn size(&self, coded: bool) -> usize {
        match self.content {
            Content::Values(values) if !coded => plain_size(values),
            _ => 0,
        }
    }
}

pub enum Content<'a> {
    Values(&'a Values),
    /// Places in a list of strings, of which others may not occur here.
    Codes(&'a [u32], &'a Strings),
}

/// Makes column chunks one after the other with the same memory.
pub struct Encoder {
    packer: Packer,
    level: i32,
    page: Vec<u8>,
    /// Where the page's levels, lengths and values begin.
    cuts: Vec<usize>,
    packed: Vec<u8>,
    bits: Vec<u8>,
    codes: Vec<u32>,
    maker: Maker,
}

impl Encoder {
    pub fn new() -> std::io::Result<Encoder> {
        Encoder::with_level(LEVEL)
    }

    /// Compresses by this level of zstd.
    pub fn with_level(level: i32) -> std::io::Result<Encoder> {
        Ok(Encoder {
            packer: Packer::new(level)?,
            level,
            page: Vec::new(),
            cuts: Vec::new(),
            packed: Vec::new(),
            bits: Vec::new(),
            codes: Vec::new(),
            maker: Maker::default(),
        })
    }

    /// `pages`: the rows of each page; empty: as many as is usual.
    pub fn encode(
        &mut self,
        column: &Column,
        of: ColumnDescPtr,
        cells: &Cells,
        pages: &[u32],
    ) -> Result<Encoded, ParquetError> {
        let mut codes = std::mem::take(&mut self.codes);
        codes.clear();
        let dictionary = match cells.content {
            Content::Codes(global, lookup) => Some(Values::Bytes(self.maker.localise(global, lookup, &mut codes))),
            Content::Values(values) => self.maker.make(column.coding, values, &mut codes),
        };
        let encoded = self.pages(column, of, cells, pages, dictionary.as_ref().map(|values| (values, &codes[..])));
        let filter = match (dictionary, &cells.content, attribute_of_column(&column.name)) {
            (None, Content::Values(values), Some(_)) => self.maker.filter(column.coding, values, &mut codes),
            _ => None,
        };
        self.codes = codes;
        encoded.map(|encoded| Encoded { filter, ..encoded })
    }

    fn pages(
        &mut self,
        column: &Column,
        of: ColumnDescPtr,
        cells: &Cells,
        pages: &[u32],
        dictionary: Option<(&Values, &[u32])>,
    ) -> Result<Encoded, ParquetError> {
        let mut pages = pages.iter();
        let filled = cells.rows.map_or(cells.count, <[u32]>::len);
        let compressed = self.is_worth_compressing(cells, dictionary);
        let mut chunk = Chunk::default();
        if let Some((values, _)) = dictionary {
            self.page.clear();
            self.cuts.clear();
            put_plain(&mut self.page, values, 0, values.len());
            self.pack(compressed)?;
            put_dictionary_header(&mut chunk.bytes, values.len(), self.page.len(), self.packed.len());
            chunk.put(&self.page, &self.packed);
        }
        let dictionary_len = chunk.bytes.len();
        let (mut offsets, mut bounds) = (OffsetIndexBuilder::new(), ColumnIndexBuilder::new(of.physical_type()));
        let most = page_rows(cells.count, filled, cells.size(dictionary.is_some()));
        let (mut first, mut done) = (0, 0);
        while first < cells.count || (first == 0 && cells.count == 0) {
            let rows = pages.next().map_or(most, |rows| *rows as usize).min(cells.count - first);
            self.page.clear();
            self.cuts.clear();
            let upto = match cells.rows {
                None => done + rows,
                Some(all) => {
                    let upto = done + all[done..].partition_point(|row| (*row as usize) < first + rows);
                    put_levels(&mut self.page, &all[done..upto], first as u32, rows, &mut self.bits);
                    upto
                }
            };
            self.cuts.push(self.page.len());
            let coded = match (dictionary, &cells.content) {
                (Some((values, codes)), _) => {
                    put_codes(&mut self.page, &codes[done..upto], width(values.len()));
                    Coded::Dictionary
                }
                (None, Content::Values(Values::Int64(values))) if column.coding == Coding::Split => {
                    put_split(&mut self.page, &mut self.cuts, &values[done..upto])
                }
                (None, Content::Values(values)) => put_values(&mut self.page, &mut self.cuts, values, done, upto),
                (None, Content::Codes(..)) => Coded::Plain,
            };
            if let (true, Content::Values(values)) = (column.page_bounds, &cells.content) {
                let (least, greatest) = least_and_greatest(values, done, upto);
                bounds.append(false, least, greatest, 0, None);
            }
            self.pack(compressed)?;
            let start = chunk.bytes.len();
            put_data_header(&mut chunk.bytes, rows, coded, self.page.len(), self.packed.len());
            chunk.put(&self.page, &self.packed);
            offsets.append_row_count(rows as i64);
            offsets.append_offset_and_size(start as i64, (chunk.bytes.len() - start) as i32);
            chunk.note(coded);
            (first, done) = (first + rows, upto);
            if cells.count == 0 {
                break;
            }
        }
        let codec = match ZstdLevel::try_new(self.level) {
            Ok(level) if compressed => Compression::ZSTD(level),
            _ => Compression::UNCOMPRESSED,
        };
        let metadata = ColumnChunkMetaData::builder(of)
            .set_compression(codec)
            .set_encodings(chunk.encodings)
            .set_total_compressed_size(chunk.bytes.len() as i64)
            .set_total_uncompressed_size((chunk.bytes.len() + chunk.saved) as i64)
            .set_num_values(cells.count as i64)
            .set_dictionary_page_offset((dictionary_len > 0).then_some(0))
            .set_data_page_offset(dictionary_len as i64)
            .set_statistics(statistics(column, cells, cells.count - filled))
            .build()?;
        let close = ColumnCloseResult {
            bytes_written: chunk.bytes.len() as u64,
            rows_written: cells.count as u64,
            metadata,
            bloom_filter: None,
            column_index: column.page_bounds.then(|| bounds.build()).transpose()?,
            offset_index: Some(offsets.build()),
        };
        Ok(Encoded { bytes: chunk.bytes, close, filter: None })
    }

    /// Compresses the page into `packed`, or copies it.
    fn pack(&mut self, compressed: bool) -> std::io::Result<()> {
        if compressed {
            self.packer.pack(&self.page, &self.cuts, &mut self.packed)?;
        } else {
            self.packed.clear();
            self.packed.extend_from_slice(&self.page);
        }
        Ok(())
    }

    fn is_worth_compressing(&self, cells: &Cells, dictionary: Option<(&Values, &[u32])>) -> bool {
        let values = match (dictionary, &cells.content) {
            (Some((values, codes)), _) => plain_size(values) + codes.len() / 4,
            (None, Content::Values(values)) => plain_size(values),
            (None, Content::Codes(..)) => 0,
        };
        let filled = cells.rows.map_or(cells.count, <[u32]>::len);
        let levels = if filled == 0 || filled == cells.count { 0 } else { cells.count / 8 };
        values + levels > TINY
    }
}

/// Rows of a page in a chunk of `count` rows of which `filled` have a value, `size` bytes in all.
fn page_rows(count: usize, filled: usize, size: usize) -> usize {
    match count.checked_div(filled) {
        None => count.max(1),
        Some(each) => {
            let rows = PAGE_ROWS << each.max(1).ilog2().min(MAX_STRETCH);
            // Of long values fewer, on average.
            rows.min((count * PAGE_BYTES).checked_div(size).unwrap_or(rows)).max(1)
        }
    }
}

#[derive(Default)]
struct Chunk {
    bytes: Vec<u8>,
    /// Bytes that compression saved.
    saved: usize,
    encodings: Vec<Encoding>,
}

impl Chunk {
    fn put(&mut self, page: &[u8], packed: &[u8]) {
        self.bytes.extend_from_slice(packed);
        self.saved += page.len().saturating_sub(packed.len());
    }

    fn note(&mut self, coded: Coded) {
        let more: &[Encoding] = match coded {
            Coded::Plain => &[Encoding::RLE, Encoding::PLAIN],
            Coded::Dictionary => &[Encoding::RLE, Encoding::PLAIN, Encoding::RLE_DICTIONARY],
            Coded::Delta => &[Encoding::RLE, Encoding::DELTA_BINARY_PACKED],
            Coded::Split => &[Encoding::RLE, Encoding::BYTE_STREAM_SPLIT],
            Coded::DeltaLength => &[Encoding::RLE, Encoding::DELTA_LENGTH_BYTE_ARRAY],
        };
        if self.encodings.is_empty() {
            self.encodings.extend_from_slice(more);
        }
    }
}

/// As the column index has them: plain and signed.
fn least_and_greatest(values: &Values, from: usize, to: usize) -> (Vec<u8>, Vec<u8>) {
    match values {
        Values::Int32(values) => ends(&values[from..to], |value| value.to_le_bytes().into()),
        Values::Int64(values) => ends(&values[from..to], |value| value.to_le_bytes().into()),
        _ => (Vec::new(), Vec::new()),
    }
}

fn ends<T: Ord + Copy>(values: &[T], bytes: impl Fn(T) -> Vec<u8>) -> (Vec<u8>, Vec<u8>) {
    let end = |value: Option<&T>| value.map_or(Vec::new(), |value| bytes(*value));
    (end(values.iter().min()), end(values.iter().max()))
}

/// How many nulls a chunk has; least and greatest value where pages have them.
fn statistics(column: &Column, cells: &Cells, nulls: usize) -> Statistics {
    let nulls = Some(nulls as u64);
    let (int32, int64) = match &cells.content {
        Content::Values(Values::Int32(values)) if column.page_bounds => (&values[..], &[][..]),
        Content::Values(Values::Int64(values)) if column.page_bounds => (&[][..], &values[..]),
        _ => (&[][..], &[][..]),
    };
    match column.cell {
        Cell::Fixed(_) => Statistics::fixed_len_byte_array(None, None, None, nulls, false),
        Cell::Int32 => Statistics::int32(int32.iter().min().copied(), int32.iter().max().copied(), None, nulls, false),
        Cell::Int64 => Statistics::int64(int64.iter().min().copied(), int64.iter().max().copied(), None, nulls, false),
        Cell::Double => Statistics::double(None, None, None, nulls, false),
        Cell::Bool => Statistics::boolean(None, None, None, nulls, false),
        Cell::Text | Cell::Bytes => Statistics::byte_array(None, None, None, nulls, false),
    }
}
