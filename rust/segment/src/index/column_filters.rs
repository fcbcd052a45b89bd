//! Filters over columns of attributes: whether a row group has a value that is looked for.
//!
//! They lie in the Parquet file, those of a column one behind the other, because a search asks them all; the index says
//! where. A search reads one block of each.

use std::io;
use std::ops::Range;

use otelier_wire::protobuf::{Cursor, put_varint};

use super::filter::{BLOCK, Filter};
use super::{count, damaged, number, text};
use crate::hash::mix;

/// The entry of the integer that stands for a numbered text; that of other texts is their hash.
pub fn number_hash(integer: i64) -> u64 {
    mix(0, integer as u64)
}

/// Of a segment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ColumnFilters {
    /// Sorted by column.
    columns: Vec<Placed>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Placed {
    column: String,
    /// In the Parquet file.
    offset: u64,
    /// By row group; `None`: no filter.
    blocks: Vec<Option<u32>>,
}

impl ColumnFilters {
    /// Appends the filters of a column by row group to bytes that go to `offset` of the Parquet file; columns come in order.
    pub fn add(&mut self, column: &str, filters: &[Option<Filter>], offset: u64, out: &mut Vec<u8>) {
        if filters.iter().all(Option::is_none) {
            return;
        }
        let offset = offset + out.len() as u64;
        filters.iter().flatten().for_each(|filter| filter.put(out));
        let blocks = filters.iter().map(|filter| filter.as_ref().map(|filter| filter.blocks() as u32)).collect();
        self.columns.push(Placed { column: column.to_owned(), offset, blocks });
    }

    fn of(&self, column: &str) -> Option<&Placed> {
        let place = self.columns.binary_search_by(|placed| placed.column.as_str().cmp(column)).ok()?;
        self.columns.get(place)
    }

    /// Where the filter of a column in a row group lies, and its number of blocks; `None` without one.
    pub fn find(&self, column: &str, group: usize) -> Option<(u64, usize)> {
        let placed = self.of(column)?;
        let blocks = (*placed.blocks.get(group)?)? as usize;
        let before: u64 = placed.blocks[..group].iter().flatten().map(|blocks| u64::from(*blocks)).sum();
        Some((placed.offset + before * BLOCK as u64, blocks))
    }

    /// Where all filters of a column lie.
    pub fn range(&self, column: &str) -> Option<Range<u64>> {
        self.of(column).map(Placed::range)
    }

    /// About how many bytes of memory it takes.
    pub fn size(&self) -> usize {
        let size = |placed: &Placed| size_of::<Placed>() + placed.column.len() + size_of_val(&placed.blocks[..]);
        self.columns.iter().map(size).sum()
    }

    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        put_varint(&mut out, self.columns.len());
        for Placed { column, offset, blocks } in &self.columns {
            put_varint(&mut out, column.len());
            out.extend_from_slice(column.as_bytes());
            put_varint(&mut out, *offset as usize);
            put_varint(&mut out, blocks.len());
            blocks.iter().for_each(|blocks| put_varint(&mut out, blocks.map_or(0, |blocks| blocks as usize + 1)));
        }
        out
    }

    /// `file_bytes`: the length of the Parquet file.
    pub fn decode(content: &[u8], file_bytes: u64) -> io::Result<ColumnFilters> {
        let mut cursor = Cursor::new(content);
        if cursor.is_empty() {
            return Ok(ColumnFilters::default());
        }
        let mut columns: Vec<Placed> = Vec::new();
        for _ in 0..count(&mut cursor)? {
            let column = String::from_utf8_lossy(text(&mut cursor)?).into_owned();
            let offset = number(&mut cursor)?;
            let groups = count(&mut cursor)?;
            let blocks = (0..groups).map(|_| match number(&mut cursor)? {
                0 => Ok(None),
                more => u32::try_from(more - 1).map(Some).map_err(|_| damaged("a filter is larger than can be")),
            });
            let placed = Placed { column, offset, blocks: blocks.collect::<io::Result<_>>()? };
            if placed.offset > file_bytes || placed.range().end > file_bytes {
                return Err(damaged("a filter lies beyond the file's end"));
            }
            if columns.last().is_some_and(|last| last.column >= placed.column) {
                return Err(damaged("columns with filters are not in order"));
            }
            columns.push(placed);
        }
        Ok(ColumnFilters { columns })
    }
}

impl Placed {
    fn range(&self) -> Range<u64> {
        let blocks: u64 = self.blocks.iter().flatten().map(|blocks| u64::from(*blocks)).sum();
        self.offset..self.offset.saturating_add(blocks * BLOCK as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_filter_is_found_where_it_was_put() {
        let filter = |entries: Range<i32>| Some(Filter::of_values(entries.map(|number| number_hash(number.into()))));
        let (mut filters, mut bytes) = (ColumnFilters::default(), Vec::new());
        let all = [
            ("s.a", vec![filter(0..100), None, filter(0..0), filter(200..1000)]),
            ("t.b", vec![None; 4]),
            ("t.c", vec![None, filter(7..80)]),
        ];
        all.iter().for_each(|(column, of_groups)| filters.add(column, of_groups, 10, &mut bytes));
        let length = 10 + bytes.len() as u64;
        assert_eq!(ColumnFilters::decode(&filters.encode(), length).unwrap(), filters);
        assert!(ColumnFilters::decode(&filters.encode(), length - 1).is_err());
        for (column, of_groups) in &all {
            for (group, filter) in of_groups.iter().enumerate() {
                let place = filters.find(column, group);
                assert_eq!(place.map(|(_, blocks)| blocks), filter.as_ref().map(Filter::blocks));
                let Some(((offset, blocks), filter)) = place.zip(filter.as_ref()) else { continue };
                for entry in (0..1000).map(number_hash) {
                    let at = offset as usize - 10 + BLOCK * Filter::block_of(entry, blocks);
                    let block = bytes.get(at..at + BLOCK).filter(|_| blocks > 0);
                    assert_eq!(block.is_some_and(|block| Filter::holds(block, entry)), filter.may_hold(entry));
                }
            }
        }
        assert_eq!(filters.range("s.a").unwrap().end, filters.range("t.c").unwrap().start);
        assert!(filters.range("t.b").is_none() && filters.find("t.c", 2).is_none());
    }
}
