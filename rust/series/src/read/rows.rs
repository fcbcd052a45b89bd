//! All series of a segment, one after the other with all that they have.

use std::sync::Arc;

use hashbrown::HashMap;
use otelier_segment::error::ReadError;

use super::row_labels::RowLabels;
use super::{Eight, Grid, Segment, Target, Wanted};
use crate::segment::{BLOCK, GROUP_ROWS};

/// Timestamps that are kept at hand.
const MAX_KEPT: usize = 4 << 20;

#[derive(Clone, Debug)]
pub struct Row {
    pub number: u32,
    pub labels: Vec<u8>,
    pub soft: Vec<u8>,
    pub ms: Arc<[i64]>,
    pub bits: Vec<u64>,
}

pub struct Rows {
    pub segment: Segment,
    next: usize,
    labels: RowLabels,
    /// Floats of the block's series, and where each begins.
    block: Vec<Eight>,
    starts: Vec<Grid>,
    lists: HashMap<u32, Arc<[i64]>>,
    kept: usize,
}

impl Rows {
    pub fn new(segment: Segment) -> Rows {
        let labels = RowLabels::default();
        Rows { segment, next: 0, labels, block: Vec::new(), starts: Vec::new(), lists: HashMap::new(), kept: 0 }
    }

    pub fn next_row(&mut self) -> Result<Option<Row>, ReadError> {
        let row = self.next;
        if row >= self.segment.summary.series as usize {
            return Ok(None);
        }
        self.next += 1;
        if row.is_multiple_of(GROUP_ROWS) {
            self.labels = self.segment.row_labels(row / GROUP_ROWS)?;
        }
        if row.is_multiple_of(BLOCK) {
            self.read_block(row)?;
        }
        let (labels, soft) = self.labels.of(row % GROUP_ROWS);
        let numbers = self.segment.numbers(row)?;
        let (list, count) = (numbers.lists[row - numbers.first], numbers.samples[row - numbers.first] as usize);
        let ms = self.list(list)?;
        let start = self.starts[row % BLOCK].start;
        let values = &self.block[start..start + count];
        let bits = values.iter().map(|eight| u64::from_le_bytes(*eight)).collect();
        Ok(Some(Row { number: row as u32, labels, soft, ms, bits }))
    }

    fn read_block(&mut self, first: usize) -> Result<(), ReadError> {
        let numbers = self.segment.numbers(first)?;
        let base = first - numbers.first;
        let counts = &numbers.samples[base..(base + BLOCK).min(numbers.samples.len())];
        let mut start = 0;
        self.starts.clear();
        for count in counts {
            self.starts.push(Grid { start, width: 1 });
            start += *count as usize;
        }
        self.block.clear();
        self.block.resize(start, [0; 8]);
        let mut rows: HashMap<u32, Arc<[u32]>> = HashMap::new();
        let wanted = counts.iter().enumerate().filter(|(_, count)| **count > 0).map(|(at, count)| {
            let rows = rows.entry(*count).or_insert_with(|| (0..*count).collect()).clone();
            let target = Target { table: at as u32, column: 0, rows };
            Wanted { row: (first + at) as u32, from: 0, to: *count, target }
        });
        let wanted: Vec<Wanted> = wanted.collect();
        self.segment.put_samples(&wanted, &self.starts, &mut self.block)
    }

    fn list(&mut self, number: u32) -> Result<Arc<[i64]>, ReadError> {
        if let Some(known) = self.lists.get(&number) {
            return Ok(known.clone());
        }
        let ms = self.segment.lists()?.load(number)?;
        if self.kept > MAX_KEPT {
            self.lists.clear();
            self.kept = 0;
        }
        self.kept += ms.len();
        self.lists.insert(number, ms.clone());
        Ok(ms)
    }
}
