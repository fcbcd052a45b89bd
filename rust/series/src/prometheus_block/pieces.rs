//! A file that is read nearly in order: a piece stays in memory.

use std::io;
use std::sync::Arc;

use bytes::Bytes;
use otelier_disk::{Disk, ReadAt};
use otelier_wire::protobuf::Cursor;

use super::faults::OpenError;
use crate::record::unzigzag;

#[derive(Debug)]
pub struct Pieces {
    file: Arc<dyn ReadAt>,
    pub length: u64,
    piece: usize,
    start: u64,
    held: Bytes,
}

impl Pieces {
    pub fn open(disk: &dyn Disk, path: &str, piece: usize) -> io::Result<Pieces> {
        let file = disk.open_read(path)?;
        Ok(Pieces { length: file.len()?, file, piece, start: 0, held: Bytes::new() })
    }

    /// So many bytes from there on; fewer where the file ends.
    pub fn at(&mut self, offset: u64, count: usize) -> io::Result<Bytes> {
        let left = usize::try_from(self.length.saturating_sub(offset)).unwrap_or(usize::MAX);
        let count = count.min(left);
        let inside = offset.checked_sub(self.start).and_then(|from| usize::try_from(from).ok());
        if let Some(from) = inside
            && from.checked_add(count).is_some_and(|end| end <= self.held.len())
        {
            return Ok(self.held.slice(from..from + count));
        }
        self.held = self.file.read_at(offset, self.piece.max(count).min(left))?;
        self.start = offset;
        Ok(self.held.slice(..count.min(self.held.len())))
    }
}

/// The names in a folder; none if it isn't there.
pub fn listed(disk: &dyn Disk, folder: &str) -> Result<Vec<String>, OpenError> {
    match disk.list(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        other => other.map_err(|error| OpenError::Disk(folder.into(), error)),
    }
}

/// A varint as Go writes it, and how many bytes it takes.
pub fn varint(bytes: &[u8]) -> Option<(u64, usize)> {
    let mut cursor = Cursor::new(bytes);
    let value = cursor.varint().ok()?;
    Some((value, bytes.len() - cursor.rest.len()))
}

/// Takes numbers off the beginning of bytes.
pub struct Cut<'a>(pub &'a [u8]);

impl<'a> Cut<'a> {
    pub fn unsigned(&mut self) -> Option<u64> {
        let (value, length) = varint(self.0)?;
        self.0 = &self.0[length..];
        Some(value)
    }

    pub fn signed(&mut self) -> Option<i64> {
        self.unsigned().map(unzigzag)
    }

    pub fn bytes(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    pub fn text(&mut self) -> Option<&'a [u8]> {
        let length = usize::try_from(self.unsigned()?).ok()?;
        self.bytes(length)
    }

    pub fn be64(&mut self) -> Option<u64> {
        self.bytes(8)?.first_chunk().map(|eight| u64::from_be_bytes(*eight))
    }
}

/// Four bytes, the highest first.
pub fn be32(bytes: &[u8]) -> Option<u32> {
    bytes.first_chunk().map(|four| u32::from_be_bytes(*four))
}
