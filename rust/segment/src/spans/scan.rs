//! Which blocks a pass over all spans that a filter means looks at: row groups and chunks from the newest on, each span
//! once.

use std::cmp::Reverse;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Instant;

use hashbrown::HashSet;

use super::joined::Skeleton;
use super::pass::{Block, Due, Flow, Pass, See};
use super::splits::{Apart, Splits, traces};
use crate::error::ReadError;
use crate::filter::{Filter, Wanted};
use crate::hot::Chunk;
use crate::newest::TraceId;
use crate::reader::{SegmentFile, candidates, read_here};
use crate::rows::Rows;
use crate::select::Table;

/// A tenant's segments in the manifest's order, and chunks of its log.
#[derive(Debug, Default)]
pub struct Places {
    pub files: Vec<Arc<SegmentFile>>,
    pub chunks: Vec<Arc<Chunk>>,
    /// Segments that were not opened because nothing in them starts in the window.
    pub skipped_files: u64,
    /// Of the files, if whole traces are asked for.
    pub splits: Option<Arc<Splits>>,
}

impl Places {
    /// Least and greatest start of all that is there.
    pub fn starts(&self) -> Option<RangeInclusive<u64>> {
        let files = self.files.iter().map(|file| (file.summary.min_start_ns, file.summary.max_start_ns));
        let chunks = self.chunks.iter().map(|chunk| (chunk.least_start, chunk.greatest_start));
        files.chain(chunks).reduce(|a, b| (a.0.min(b.0), a.1.max(b.1))).map(|(least, greatest)| least..=greatest)
    }
}

/// How much was read for an answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Read {
    /// Rows that were looked at.
    pub spans: u64,
    /// Of these in the log.
    pub hot_spans: u64,
    pub files: u64,
    pub row_groups: u64,
    /// Reads of files, and bytes read; what was in memory already is not among them.
    pub pages: u64,
    pub bytes: u64,
    pub skipped_files: u64,
    pub skipped_row_groups: u64,
    /// Segments whose roll-ups answered.
    pub rollup_files: u64,
}

impl Read {
    pub fn add(&mut self, other: &Read) {
        self.spans += other.spans;
        self.hot_spans += other.hot_spans;
        self.files += other.files;
        self.row_groups += other.row_groups;
        self.pages += other.pages;
        self.bytes += other.bytes;
        self.skipped_files += other.skipped_files;
        self.skipped_row_groups += other.skipped_row_groups;
        self.rollup_files += other.rollup_files;
    }

    /// Counts what this thread has read since a moment, of which `read_here` told.
    pub fn since(&mut self, (pages, bytes): (u64, u64)) {
        let now = read_here();
        self.pages += now.0 - pages;
        self.bytes += now.1 - bytes;
    }
}

/// A pass.
pub struct Scan<'a> {
    pub places: &'a Places,
    pub filter: &'a Filter,
    pub window: RangeInclusive<u64>,
    /// Whether rows are asked for their traces, be it by the filter or by fields.
    pub whole: bool,
    pub deadline: Option<Instant>,
    /// What each block is asked for, where all of its spans are meant.
    pub foreseen: &'a [Wanted],
    /// Of files that are answered for otherwise, by number.
    pub answered: Vec<bool>,
    pub read: Read,
}

impl<'a> Scan<'a> {
    pub fn new(places: &'a Places, filter: &'a Filter, window: RangeInclusive<u64>, whole: bool) -> Scan<'a> {
        let read = Read { skipped_files: places.skipped_files, ..Read::default() };
        let whole = whole || filter.asks_trace();
        Scan { places, filter, window, whole, deadline: None, foreseen: &[], answered: Vec::new(), read }
    }

    /// Calls `see` with each block and the rows in it that are meant. Answers why it ended early; empty if it did not.
    pub fn each(&mut self, see: &mut See) -> Result<&'static str, ReadError> {
        let (pass, blocks) = self.prepared()?;
        let (read, ended) = pass.run(blocks, see);
        self.read.add(&read);
        ended
    }

    /// The same by a thread for each worker. Which blocks a worker sees does not depend on how fast it is, so that sums
    /// of fractions come out the same each time; none may be answered with `Flow::From`.
    pub fn divided<W: Send>(
        &mut self,
        workers: &mut [W],
        see: impl Fn(&mut W, &mut dyn Table, &Rows) -> Result<Flow, ReadError> + Sync,
    ) -> Result<&'static str, ReadError> {
        let (pass, blocks) = self.prepared()?;
        let (read, ended) = pass.divided(blocks, workers, see);
        self.read.add(&read);
        ended
    }

    /// The blocks, newest first, and what it takes to look at one.
    fn prepared(&mut self) -> Result<(Pass<'a>, Vec<Due<'a>>), ReadError> {
        let before = read_here();
        let apart = if self.whole { Some(self.whole_traces()?) } else { None };
        let (apart, mut blocks) = apart.map_or((None, Vec::new()), |(apart, joined)| (Some(apart), joined));
        blocks.extend(self.due()?);
        blocks.sort_by_key(|(newest, _)| Reverse(*newest));
        let hot_repeats = if self.whole { Vec::new() } else { hot_repeats(&self.places.chunks) };
        self.read.since(before);
        let Scan { places, filter, deadline, foreseen, .. } = *self;
        let window = self.window.clone();
        Ok((Pass { places, filter, window, deadline, apart, hot_repeats, foreseen }, blocks))
    }

    /// Blocks that may hold something, with their newest start.
    fn due(&mut self) -> Result<Vec<Due<'a>>, ReadError> {
        let mut blocks = Vec::new();
        for (number, file) in self.places.files.iter().enumerate() {
            if self.answered.get(number) == Some(&true) {
                continue;
            }
            let may = candidates(self.filter, &file.catalogue);
            let mut some = false;
            for (group, of) in file.summary.row_groups.iter().enumerate() {
                let within = of.min_start_ns <= *self.window.end() && of.max_start_ns >= *self.window.start();
                if within && may.get(group).copied().unwrap_or(true) {
                    blocks.push((of.max_start_ns, Block::Group(number, group)));
                    some = true;
                } else {
                    self.read.skipped_row_groups += 1;
                }
            }
            self.read.files += u64::from(some);
            self.read.skipped_files += u64::from(!some);
        }
        if !self.whole {
            let chunks = self.places.chunks.iter().enumerate().filter(|(_, chunk)| {
                chunk.least_start <= *self.window.end() && chunk.greatest_start >= *self.window.start()
            });
            blocks.extend(chunks.map(|(number, chunk)| (chunk.greatest_start, Block::Chunk(number))));
        }
        Ok(blocks)
    }

    /// What is looked at apart from row groups: traces in several segments, and those of the log.
    fn whole_traces(&self) -> Result<(Apart, Vec<Due<'a>>), ReadError> {
        let places = self.places;
        let splits = match &places.splits {
            Some(splits) => splits.clone(),
            None => Arc::new(Splits::default().followed(&places.files)?),
        };
        let hot: HashSet<TraceId> = places.chunks.iter().flat_map(|chunk| &chunk.trace_ids).copied().collect();
        let apart = Apart::new(places, &splits, &hot)?;
        let mut blocks = Vec::new();
        for (piece, split) in splits.placed() {
            let Skeleton { trace_ids, tree, .. } = &*piece.skeleton;
            let mut without: Option<Rows> = None;
            for (id, rows) in trace_ids.iter().zip(tree.each_trace()) {
                if hot.contains(id) {
                    without.get_or_insert_with(|| Rows::none(tree.rows())).insert_range(rows);
                }
            }
            blocks.push((piece.newest, Block::Split(split, without)));
        }
        if !hot.is_empty() {
            let mut ids: Vec<TraceId> = hot.into_iter().collect();
            ids.sort_unstable();
            let joined = traces(places, &ids)?;
            let newest = joined.starts().iter().max().copied();
            blocks.extend(newest.map(|newest| (newest, Block::Joined(Box::new(joined)))));
        }
        Ok((apart, blocks))
    }
}

/// By chunk: rows whose spans stand earlier in the log, too.
fn hot_repeats(chunks: &[Arc<Chunk>]) -> Vec<Rows> {
    let mut seen = HashSet::new();
    let mut repeats = Vec::new();
    for chunk in chunks {
        let mut rows = Rows::none(chunk.rows());
        (0..chunk.rows()).filter(|row| !seen.insert(chunk.identity(*row))).for_each(|row| rows.insert(row));
        repeats.push(rows);
    }
    repeats
}
