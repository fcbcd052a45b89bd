//! Where the pages of a row group lie: its offset indexes, each read when it is wanted.

use std::sync::OnceLock;

use bytes::Bytes;

use super::Damage;
use super::footer::Chunk;
use super::thrift::{self, Location};

#[derive(Debug)]
pub struct PageIndex {
    /// Where in the file the bytes begin.
    pub start: u64,
    pub bytes: Bytes,
    /// By column: its pages in order, from row 0 on.
    pub columns: Box<[OnceLock<Box<[Location]>>]>,
}

impl PageIndex {
    /// Those of a chunk with so many rows.
    pub fn locations(&self, chunk: &Chunk, rows: usize) -> Result<Box<[Location]>, Damage> {
        let (offset, len) = chunk.offsets;
        let start = offset.checked_sub(self.start).and_then(|start| usize::try_from(start).ok());
        let bytes = start.and_then(|start| self.bytes.get(start..)?.get(..len as usize));
        let locations = thrift::locations(bytes.ok_or("a chunk has no offset index")?)?;
        let end = chunk.start + chunk.len;
        let inside = |page: &Location| {
            page.offset >= chunk.data && page.offset.checked_add(page.size.into()).is_some_and(|at| at <= end)
        };
        let ascending = locations.windows(2).all(|pair| pair[0].first_row < pair[1].first_row);
        let all = locations.first().is_some_and(|page| page.first_row == 0)
            && locations.last().is_some_and(|page| (page.first_row as usize) < rows);
        if !locations.iter().all(inside) || !ascending || !all {
            return Err("pages lie where they can't");
        }
        Ok(locations.into())
    }
}
