//! What a segment says of the operations of its spans, for questions that roll-ups answer.

use std::io;
use std::sync::atomic::Ordering;

use super::file::SegmentFile;
use crate::error::ReadError;
use crate::index::{Index, Operation, Rollups};
use crate::write::index_path;

impl SegmentFile {
    /// Of its spans. Read when they are asked for: they take as much as all else.
    pub fn operations(&self) -> Result<&[Operation], ReadError> {
        if let Some(operations) = self.operations.get() {
            return Ok(operations);
        }
        let operations = self.of_index(Index::summary)?.operations;
        Ok(self.operations.get_or_init(|| {
            let size: usize = operations.iter().map(|of| 64 + of.service.len() + of.name.len()).sum();
            self.weight.fetch_add(size, Ordering::Relaxed);
            operations
        }))
    }

    /// `None` if the file has none.
    pub fn service_rollups(&self) -> Option<&Rollups> {
        Some(&self.service_rollups).filter(|rollups| !rollups.cells.is_empty())
    }

    /// Calls and errors by operation; `None` if the file has none.
    pub fn rollup_counts(&self) -> Result<Option<&Rollups>, ReadError> {
        let rollups = match self.rollup_counts.get() {
            Some(rollups) => rollups,
            None => {
                let counts = self.of_index(Index::rollup_counts)?;
                self.rollup_counts.get_or_init(|| counts)
            }
        };
        Ok(Some(rollups).filter(|rollups| !rollups.cells.is_empty()))
    }

    /// Reads the index once more, for what was not kept of it.
    fn of_index<T>(&self, read: impl FnOnce(&Index) -> io::Result<T>) -> Result<T, ReadError> {
        let path = index_path(&self.path);
        let bytes = self.disk.read(&path).map_err(|error| ReadError::io(&path, error))?;
        Index::new(bytes).and_then(|index| read(&index)).map_err(|error| ReadError::of_index(&path, error))
    }
}
