//! The way through chunks, files and row groups in the order of time, and what one question may look at.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Instant;

use super::filter::LogFilter;
use super::group::GroupLogs;
use super::hot::ChunkLogs;
use super::select::{may_match, select};
use crate::error::ReadError;
use crate::hot::Chunk;
use crate::reader::{Cache, Group, SegmentFile, passed_here};
use crate::rows::Rows;
use crate::schema::PAGE_ROWS;

/// What is asked, and the bounds of the answer.
pub struct Question<'a> {
    pub filter: &'a LogFilter,
    /// Of the time by which records are sorted.
    pub window: RangeInclusive<u64>,
    pub oldest_first: bool,
    /// Records that may be looked at.
    pub max_looked: u64,
    /// When the looking ends.
    pub deadline: Option<Instant>,
}

/// What was read for an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Looked {
    pub records: u64,
    pub row_groups: u64,
    /// Of these, the ones that an index or a dictionary ruled out.
    pub skipped: u64,
    /// There was more than may be looked at, or than there was time for.
    pub partial: bool,
    /// That were gone through, as files have them.
    pub bytes: u64,
}

/// A file that is opened when it is due.
pub struct Listed {
    pub path: Arc<str>,
    pub times: RangeInclusive<u64>,
}

enum Block {
    Chunk(Arc<Chunk>),
    File(Arc<str>),
    Group(Arc<SegmentFile>, usize),
}

/// Where a record lies.
#[derive(Clone)]
pub enum Place {
    Chunk(Arc<Chunk>, usize),
    Group(Arc<SegmentFile>, usize, usize),
}

/// What takes the rows that are found.
pub trait Taker {
    /// False if records of this time, and those that come after it in the order of the question, change nothing.
    fn wants(&self, time_ns: u64) -> bool;
    fn chunk(&mut self, chunk: &Arc<Chunk>, found: &Rows) -> Result<(), ReadError>;
    /// Rows of a window: its first row, and the times of its rows.
    fn group(
        &mut self,
        file: &Arc<SegmentFile>,
        logs: &mut GroupLogs,
        found: &Rows,
        times: (usize, &[u64]),
    ) -> Result<(), ReadError>;
}

impl Question<'_> {
    /// The greater, the sooner.
    pub fn rank(&self, time_ns: u64) -> u64 {
        if self.oldest_first { !time_ns } else { time_ns }
    }

    fn soonest(&self, times: &RangeInclusive<u64>) -> u64 {
        if self.oldest_first { *times.start() } else { *times.end() }
    }

    /// Goes through all that may matter, soonest first, until the taker wants nothing more.
    pub fn walk(
        &self,
        chunks: &[Arc<Chunk>],
        files: Vec<Listed>,
        cache: &Cache,
        taker: &mut dyn Taker,
    ) -> Result<Looked, ReadError> {
        let (mut looked, before) = (Looked::default(), passed_here());
        let (mut due, mut number) = (BTreeMap::new(), 0u64);
        let mut add = |due: &mut BTreeMap<(u64, u64), (u64, Block)>, times: &RangeInclusive<u64>, block| {
            if times.start() <= self.window.end() && times.end() >= self.window.start() {
                number += 1;
                let soonest = self.soonest(times);
                due.insert((self.rank(soonest), u64::MAX - number), (soonest, block));
            }
        };
        for chunk in chunks {
            add(&mut due, &(chunk.least_start..=chunk.greatest_start), Block::Chunk(chunk.clone()));
        }
        for Listed { path, times } in files {
            add(&mut due, &times, Block::File(path));
        }
        while let Some((_, (soonest, block))) = due.pop_last() {
            if looked.partial || !taker.wants(soonest) {
                break;
            }
            if self.is_late() {
                looked.partial = true;
                break;
            }
            match block {
                Block::Chunk(chunk) => self.chunk(&chunk, taker, &mut looked)?,
                Block::File(path) => {
                    let file = cache.get(&path)?;
                    for (number, group) in file.summary.row_groups.iter().enumerate() {
                        let times = group.min_start_ns..=group.max_start_ns;
                        add(&mut due, &times, Block::Group(file.clone(), number));
                    }
                }
                Block::Group(file, number) => self.group(&file, number, taker, &mut looked)?,
            }
        }
        looked.bytes = passed_here() - before;
        Ok(looked)
    }

    fn is_late(&self) -> bool {
        self.deadline.is_some_and(|deadline| Instant::now() >= deadline)
    }

    fn chunk(&self, chunk: &Arc<Chunk>, taker: &mut dyn Taker, looked: &mut Looked) -> Result<(), ReadError> {
        let mut table = ChunkLogs(chunk);
        if !may_match(&mut table, self.filter)? {
            return Ok(());
        }
        let mut among = Rows::none(chunk.rows());
        for (row, time) in chunk.starts.iter().enumerate() {
            if self.window.contains(time) && taker.wants(*time) {
                among.insert(row);
            }
        }
        looked.records += among.count() as u64;
        looked.partial |= looked.records > self.max_looked;
        let found = select(&mut table, self.filter, &among)?;
        taker.chunk(chunk, &found)
    }

    /// Page by page in the order of the question: rows of a row group are sorted by time.
    fn group(
        &self,
        file: &Arc<SegmentFile>,
        number: usize,
        taker: &mut dyn Taker,
        looked: &mut Looked,
    ) -> Result<(), ReadError> {
        looked.row_groups += 1;
        let mut logs = GroupLogs::new(Group::open(file, number)?);
        if !may_match(&mut logs, self.filter)? {
            looked.skipped += 1;
            return Ok(());
        }
        let rows = logs.group.rows;
        let windows = rows.div_ceil(PAGE_ROWS);
        for window in 0..windows {
            let window = if self.oldest_first { window } else { windows - 1 - window };
            let range = window * PAGE_ROWS..rows.min((window + 1) * PAGE_ROWS);
            let times = logs.times(&range)?;
            let soonest = if self.oldest_first { times.first() } else { times.last() };
            if looked.partial || !soonest.is_some_and(|time| taker.wants(*time)) {
                break;
            }
            if self.is_late() {
                looked.partial = true;
                break;
            }
            let mut among = Rows::none(rows);
            for (row, time) in range.clone().zip(&times) {
                if self.window.contains(time) && taker.wants(*time) {
                    among.insert(row);
                }
            }
            looked.records += among.count() as u64;
            looked.partial |= looked.records > self.max_looked;
            let found = select(&mut logs, self.filter, &among)?;
            if !found.is_empty() {
                taker.group(file, &mut logs, &found, (range.start, &times))?;
            }
        }
        Ok(())
    }
}
