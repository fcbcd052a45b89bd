//! A block of a Prometheus data directory: read, and written as segments of ours, one window of time after the other.
//!
//! Format: <https://github.com/prometheus/prometheus/tree/main/tsdb/docs/format>. Its lists of series by label are not needed:
//! all series are read, one behind the other, each with a checksum of its own, so that damage costs what is damaged and
//! nothing else.

mod chunks;
mod faults;
mod index;
mod pieces;
mod tombstones;
mod wal;
mod write;

use std::sync::Arc;

use otelier_disk::Disk;

pub use faults::{Fault, Faults, OpenError};
pub use wal::Wal;

use chunks::Chunks;
use index::Index;
use tombstones::Tombstones;

#[derive(Debug)]
pub struct Block {
    index: Index,
    chunks: Chunks,
    tombstones: Tombstones,
    /// What could not be read so far.
    pub faults: Faults,
}

impl Block {
    /// The block in a directory of a disk. Fails if nothing of it can be read.
    pub fn open(disk: &Arc<dyn Disk>, directory: &str) -> Result<Block, OpenError> {
        let mut faults = Faults::default();
        let index = Index::open(&**disk, &format!("{directory}/index"), &mut faults)?;
        let chunks = Chunks::open(disk.clone(), &format!("{directory}/chunks"))?;
        let tombstones = Tombstones::open(&**disk, &format!("{directory}/tombstones"))?;
        Ok(Block { index, chunks, tombstones, faults })
    }

    pub fn series(&self) -> usize {
        self.index.entries.len()
    }

    /// Times of the first and the last sample, as the index says. None if there are no samples.
    pub fn range(&self) -> Option<(i64, i64)> {
        Some((self.index.min_ms, self.index.max_ms)).filter(|(min, max)| min <= max)
    }
}

#[cfg(test)]
mod tests;
