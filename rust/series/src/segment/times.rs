//! Each distinct list of timestamps once: the series of a scrape share one.

use std::io;

use hashbrown::HashMap;
use otelier_segment::encode::{Cells, Content, Encoder, Values};
use otelier_segment::hash::mix;
use otelier_segment::write::{File, Sink, WriteError};

use super::LEVEL;
use super::tables::Table;

/// Rows of a row group.
const GROUP_ROWS: usize = 1 << 20;

pub struct Times {
    file: File<Sink>,
    /// By two hashes of the timestamps: nobody has seen, or can make, two lists that are equal in both.
    known: HashMap<(u64, u64), u32>,
    seed: u64,
    groups: Vec<i32>,
    ms: Vec<i64>,
}

impl Times {
    pub fn new(sink: Sink, seed: u64) -> Result<Times, WriteError> {
        let file = File::with(sink, Table::Times.columns(), Encoder::with_level(LEVEL)?)?;
        Ok(Times { file, known: HashMap::new(), seed, groups: Vec::new(), ms: Vec::new() })
    }

    /// The number of the list.
    pub fn number(&mut self, ms: &[i64]) -> Result<u32, WriteError> {
        let start = (mix(self.seed, ms.len() as u64), mix(!self.seed, ms.len() as u64));
        let key = ms.iter().fold(start, |(a, b), ms| (mix(a, *ms as u64), mix(b, !*ms as u64)));
        let next = u32::try_from(self.known.len()).map_err(io::Error::other)?;
        if let Some(known) = self.known.get(&key) {
            return Ok(*known);
        }
        self.known.insert(key, next);
        self.groups.resize(self.groups.len() + ms.len(), next as i32);
        self.ms.extend_from_slice(ms);
        if self.ms.len() >= GROUP_ROWS {
            self.put_group()?;
        }
        Ok(next)
    }

    fn put_group(&mut self) -> Result<(), WriteError> {
        let count = self.ms.len();
        let columns = [Values::Int32(std::mem::take(&mut self.groups)), Values::Int64(std::mem::take(&mut self.ms))];
        let cells = |values| Cells { count, rows: None, content: Content::Values(values) };
        Ok(self.file.put(columns.iter().map(cells))?)
    }

    pub fn finish(mut self) -> Result<Sink, WriteError> {
        if !self.ms.is_empty() {
            self.put_group()?;
        }
        Ok(self.file.finish()?)
    }
}
