//! The native histograms of a segment: where they stand, and their messages.

use std::ops::Range;

use bytes::Bytes;
use otelier_segment::error::ReadError;

use super::{Segment, TableFile};
use crate::segment::Table;
use crate::segment::tables::{HISTOGRAM, SERIES, TIME_MS};

#[derive(Debug)]
pub struct Natives {
    file: TableFile,
    series: Vec<u32>,
    ms: Vec<i64>,
    /// The first row of each row group, and the end of the last.
    firsts: Vec<usize>,
}

impl Natives {
    /// `None` if the segment has none.
    pub fn open(segment: &Segment) -> Result<Option<Natives>, ReadError> {
        let Some(file) = segment.table(Table::Histograms)? else { return Ok(None) };
        let (mut series, mut ms, mut firsts) = (Vec::new(), Vec::new(), vec![0]);
        for (group, rows) in file.groups().enumerate() {
            series.extend(file.ints(group, file.needed(SERIES)?, 0..rows)?.into_iter().map(|number| number as u32));
            ms.extend(file.ints(group, file.needed(TIME_MS)?, 0..rows)?);
            firsts.push(ms.len());
        }
        let ordered = (1..ms.len()).all(|at| (series[at - 1], ms[at - 1]) < (series[at], ms[at]));
        if !ordered {
            return Err(file.damaged("histograms are in disorder"));
        }
        Ok(Some(Natives { file, series, ms, firsts }))
    }

    /// About how many bytes of memory it takes.
    pub fn size(&self) -> usize {
        12 * self.ms.len()
    }

    fn rows(&self, series: u32) -> Range<usize> {
        let from = self.series.partition_point(|each| *each < series);
        from..from + self.series[from..].partition_point(|each| *each == series)
    }

    pub fn times(&self, series: u32) -> &[i64] {
        &self.ms[self.rows(series)]
    }

    /// The messages of some of a series' histograms, numbered as its times.
    pub fn messages(&self, series: u32, numbers: Range<usize>) -> Result<Vec<Bytes>, ReadError> {
        let first = self.rows(series).start;
        let (from, to) = (first + numbers.start, first + numbers.end);
        let (mut out, column) = (Vec::with_capacity(numbers.len()), self.file.needed(HISTOGRAM)?);
        for (group, ends) in self.firsts.windows(2).enumerate() {
            let rows = from.max(ends[0])..to.min(ends[1]);
            if rows.is_empty() {
                continue;
            }
            self.file.texts(group, column, rows.start - ends[0]..rows.end - ends[0], |texts, at| {
                out.push(Bytes::copy_from_slice(texts.get(at)));
            })?;
        }
        if out.len() == numbers.len() { Ok(out) } else { Err(self.file.damaged("histograms are missing")) }
    }
}
