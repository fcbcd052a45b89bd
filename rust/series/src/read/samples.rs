//! Floats of chosen series, block by block, put where they belong.

use std::sync::{Arc, OnceLock};

use otelier_segment::error::ReadError;

use super::segment::Segment;
use crate::segment::codes::Planes;
use crate::segment::tables::CODE;
use crate::segment::{BLOCK, CHUNK};

/// Some neighbouring samples of a series, and where they go.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// The series in the segment.
    pub row: u32,
    /// Of its samples.
    pub from: u32,
    pub to: u32,
    pub target: Target,
}

#[derive(Clone, Debug)]
pub struct Target {
    /// Which table of floats, moments × series, and which of its columns.
    pub table: u32,
    pub column: u32,
    /// The table's row for each sample; shared by series with equal timestamps.
    pub rows: Arc<[u32]>,
}

/// A table of floats, moments × series in row order, among others.
#[derive(Clone, Copy, Debug, Default)]
pub struct Grid {
    /// Where it begins.
    pub start: usize,
    pub width: usize,
}

impl Grid {
    #[inline]
    pub fn place(&self, row: u32, column: u32) -> usize {
        self.start + row as usize * self.width + column as usize
    }
}

/// The bytes of a float, lowest first.
pub type Eight = [u8; 8];

/// What samples are put into.
pub trait Cell: Copy {
    fn of(value: f64) -> Self;
}

impl Cell for f64 {
    #[inline]
    fn of(value: f64) -> f64 {
        value
    }
}

impl Cell for Eight {
    #[inline]
    fn of(value: f64) -> Eight {
        value.to_le_bytes()
    }
}

/// By block, its first page in the row group.
pub type FirstPages = OnceLock<Vec<u32>>;

impl Segment {
    /// `wanted` by ascending rows; `out` has all the tables.
    pub fn put_samples<C: Cell>(&self, wanted: &[Wanted], grids: &[Grid], out: &mut [C]) -> Result<(), ReadError> {
        let mut scratch = vec![0.0; BLOCK * CHUNK];
        for block in wanted.chunk_by(|a, b| a.row as usize / BLOCK == b.row as usize / BLOCK) {
            self.put_block(block, grids, out, &mut scratch)?;
        }
        Ok(())
    }

    fn put_block<C: Cell>(
        &self,
        wanted: &[Wanted],
        grids: &[Grid],
        out: &mut [C],
        scratch: &mut [f64],
    ) -> Result<(), ReadError> {
        let samples = self.samples()?;
        let number = wanted[0].row as usize / BLOCK;
        let first_row = number * BLOCK;
        let rows = first_row..(first_row + BLOCK).min(self.summary.series as usize);
        let numbers = self.numbers(first_row)?;
        let base = first_row - numbers.first;
        let counts = &numbers.samples[base..base + rows.len()];
        let group = self.summary.sample_groups.partition_point(|first| *first as usize <= first_row) - 1;
        let first_pages = self.first_pages(group)?;
        let before = number - self.summary.sample_groups[group] as usize / BLOCK;
        let first_page = *first_pages.get(before).ok_or_else(|| samples.damaged("a block is missing"))? as usize;
        let from = wanted.iter().map(|each| each.from as usize / CHUNK).min().unwrap_or(0);
        let to = wanted.iter().map(|each| (each.to as usize).div_ceil(CHUNK)).max().unwrap_or(0);
        let mut chunk = from;
        samples.pages(group, samples.needed(CODE)?, first_page + from..first_page + to.max(from), |_, page| {
            let planes = Planes::new(page.split_bytes().map_err(|what| samples.damaged(what))?);
            let start = chunk * CHUNK;
            let here = |count: &u32| (*count as usize).saturating_sub(start).min(CHUNK);
            if counts.iter().map(here).sum::<usize>() != page.rows {
                return Err(samples.damaged("a page has not the samples that it should have"));
            }
            let (mut at, mut next) = (0, 0);
            for (place, each) in wanted.iter().enumerate() {
                let row = each.row as usize - first_row;
                while next < row {
                    at += here(&counts[next]);
                    next += 1;
                }
                let end = (each.to as usize).min(start + CHUNK);
                if end > start && end > each.from as usize {
                    if end - start > here(&counts[row]) {
                        return Err(samples.damaged("a series has fewer samples than timestamps"));
                    }
                    let skip = (each.from as usize).saturating_sub(start);
                    let decoded = &mut scratch[place * CHUNK + skip..place * CHUNK + end - start];
                    planes.decode(at, skip, numbers.scales[base + row], decoded);
                }
            }
            put_chunk(wanted, start, scratch, grids, out);
            chunk += 1;
            Ok(())
        })
    }

    /// Where the pages of each block of a row group of samples begin.
    fn first_pages(&self, group: usize) -> Result<&[u32], ReadError> {
        let cell = self.first_pages_of(group)?;
        if let Some(known) = cell.get() {
            return Ok(known);
        }
        let groups = &self.summary.sample_groups;
        let end = groups.get(group + 1).copied().unwrap_or(self.summary.series) as usize;
        let (mut pages, mut next, mut row) = (Vec::new(), 0u32, groups[group] as usize);
        while row < end {
            pages.push(next);
            let numbers = self.numbers(row)?;
            let base = row - numbers.first;
            let longest = numbers.samples[base..base + BLOCK.min(end - row)].iter().max();
            next += longest.copied().unwrap_or(0).div_ceil(CHUNK as u32);
            row += BLOCK;
        }
        Ok(cell.get_or_init(|| pages))
    }
}

/// Series beside one another are put row by row: the table is moments × series.
fn put_chunk<C: Cell>(wanted: &[Wanted], start: usize, scratch: &[f64], grids: &[Grid], out: &mut [C]) {
    let together = |a: &Wanted, b: &Wanted| {
        let (one, other) = (&a.target, &b.target);
        (a.from, a.to, one.table, one.column + 1) == (b.from, b.to, other.table, other.column)
            && Arc::ptr_eq(&one.rows, &other.rows)
    };
    let mut place = 0;
    for run in wanted.chunk_by(together) {
        let (first, target) = (&run[0], &run[0].target);
        let (from, to) = ((first.from as usize).max(start), (first.to as usize).min(start + CHUNK));
        let grid = &grids[target.table as usize];
        let source = &scratch[place * CHUNK..(place + run.len()) * CHUNK];
        place += run.len();
        if from >= to {
            continue;
        }
        let rows = &target.rows[from - first.from as usize..to - first.from as usize];
        if grid.width == 1 && (rows[rows.len() - 1] - rows[0]) as usize == rows.len() - 1 {
            let at = grid.place(rows[0], 0);
            let samples = &source[from - start..to - start];
            out[at..at + rows.len()].iter_mut().zip(samples).for_each(|(out, sample)| *out = C::of(*sample));
            continue;
        }
        for (row, sample) in rows.iter().zip(from - start..) {
            let at = grid.place(*row, target.column);
            for (out, series) in out[at..at + run.len()].iter_mut().zip(source.chunks_exact(CHUNK)) {
                *out = C::of(series[sample]);
            }
        }
    }
}
