//! One pass over all spans that a filter means: row groups and chunks from the newest on, each span once.

use std::cmp::Reverse;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Instant;

use hashbrown::HashSet;

use super::joined::Joined;
use super::splits::{Apart, Splits, traces};
use crate::error::ReadError;
use crate::filter::Filter;
use crate::hot::{Chunk, Shaped};
use crate::newest::TraceId;
use crate::reader::{Group, GroupTable, SegmentFile, candidates, read_here};
use crate::rows::Rows;
use crate::select::{Table, select};

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

/// What comes after a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    On,
    /// Nothing more; and why.
    Stop(&'static str),
    /// Only what may start then or later.
    From(u64),
}

/// A pass.
pub struct Scan<'a> {
    pub places: &'a Places,
    pub filter: &'a Filter,
    pub window: RangeInclusive<u64>,
    /// Whether rows are asked for their traces, be it by the filter or by fields.
    pub whole: bool,
    pub deadline: Option<Instant>,
    /// Of files that are answered for otherwise, by number.
    pub answered: Vec<bool>,
    pub read: Read,
}

enum Block<'a> {
    Group(usize, usize),
    Chunk(usize),
    /// And rows in it that are looked at elsewhere.
    Joined(Box<Joined<'a>>, Option<Rows>),
}

impl<'a> Scan<'a> {
    pub fn new(places: &'a Places, filter: &'a Filter, window: RangeInclusive<u64>, whole: bool) -> Scan<'a> {
        let read = Read { skipped_files: places.skipped_files, ..Read::default() };
        let whole = whole || filter.asks_trace();
        Scan { places, filter, window, whole, deadline: None, answered: Vec::new(), read }
    }

    /// Calls `see` with each block and the rows in it that are meant. Answers why it ended early; empty if it did not.
    pub fn each(
        &mut self,
        see: &mut dyn FnMut(&mut dyn Table, &Rows) -> Result<Flow, ReadError>,
    ) -> Result<&'static str, ReadError> {
        let (reads, bytes) = read_here();
        let ended = self.blocks(see);
        let (reads, bytes) = (read_here().0 - reads, read_here().1 - bytes);
        self.read.pages += reads;
        self.read.bytes += bytes;
        ended
    }

    fn blocks(
        &mut self,
        see: &mut dyn FnMut(&mut dyn Table, &Rows) -> Result<Flow, ReadError>,
    ) -> Result<&'static str, ReadError> {
        let places = self.places;
        let apart = if self.whole { Some(self.whole_traces()?) } else { None };
        let (apart, joined) = apart.map_or((None, Vec::new()), |(apart, joined)| (Some(apart), joined));
        let mut blocks = self.due(joined)?;
        blocks.sort_by_key(|(newest, _)| Reverse(*newest));
        let hot_repeats = if self.whole { Vec::new() } else { hot_repeats(&places.chunks) };
        let mut from = 0;
        for (newest, block) in blocks {
            if newest < from {
                break;
            }
            if self.deadline.is_some_and(|deadline| Instant::now() >= deadline) {
                return Ok("time");
            }
            let flow = match block {
                Block::Group(file, group) => {
                    let without = match &apart {
                        Some(apart) => apart.rows(file, group).cloned(),
                        None => self.repeats(file, group)?,
                    };
                    self.read.row_groups += 1;
                    let mut table = GroupTable::new(Group::open(&places.files[file], group)?);
                    self.block(&mut table, without, see)?
                }
                Block::Chunk(number) => {
                    let chunk = &*places.chunks[number];
                    let mut without = hot_repeats[number].clone();
                    for file in &places.files {
                        chunk.repeats_of(file)?.iter().for_each(|row| without.insert(*row as usize));
                    }
                    self.read.hot_spans += chunk.rows() as u64;
                    self.block(&mut Shaped(chunk), Some(without), see)?
                }
                Block::Joined(mut joined, without) => self.block(&mut *joined, without, see)?,
            };
            match flow {
                Flow::On => {}
                Flow::Stop(why) => return Ok(why),
                Flow::From(start) => from = start,
            }
        }
        Ok("")
    }

    fn block(
        &mut self,
        table: &mut dyn Table,
        without: Option<Rows>,
        see: &mut dyn FnMut(&mut dyn Table, &Rows) -> Result<Flow, ReadError>,
    ) -> Result<Flow, ReadError> {
        let mut among = table.within(&self.window)?;
        if let Some(without) = without {
            among.remove(&without);
        }
        self.read.spans += among.count() as u64;
        let found = select(table, self.filter, &among)?;
        if found.is_empty() { Ok(Flow::On) } else { see(table, &found) }
    }

    /// Blocks that may hold something, with their newest start.
    fn due(&mut self, joined: Vec<Block<'a>>) -> Result<Vec<(u64, Block<'a>)>, ReadError> {
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
        for block in joined {
            if let Block::Joined(of, _) = &block
                && let Some(newest) = of.starts().iter().max()
            {
                blocks.push((*newest, block));
            }
        }
        Ok(blocks)
    }

    /// What is looked at apart from row groups: traces in several segments, and those of the log.
    fn whole_traces(&self) -> Result<(Apart, Vec<Block<'a>>), ReadError> {
        let places = self.places;
        let splits = match &places.splits {
            Some(splits) => splits.clone(),
            None => Arc::new(Splits::find(&places.files)?),
        };
        let hot: HashSet<TraceId> = places.chunks.iter().flat_map(|chunk| &chunk.trace_ids).copied().collect();
        let apart = Apart::new(places, &splits, &hot)?;
        let mut blocks = Vec::new();
        for piece in &splits.pieces {
            let mut without: Option<Rows> = None;
            let tree = piece.joined(places)?;
            for (id, rows) in tree.trace_ids().iter().zip(tree.forest().each_trace()) {
                if hot.contains(id) {
                    without.get_or_insert_with(|| Rows::none(tree.rows())).insert_range(rows);
                }
            }
            blocks.push(Block::Joined(Box::new(tree), without));
        }
        if !hot.is_empty() {
            let mut ids: Vec<TraceId> = hot.into_iter().collect();
            ids.sort_unstable();
            blocks.push(Block::Joined(Box::new(traces(places, &ids)?), None));
        }
        Ok((apart, blocks))
    }

    /// Rows of a row group whose spans an earlier file has, too.
    fn repeats(&self, file: usize, group: usize) -> Result<Option<Rows>, ReadError> {
        let files = &self.places.files;
        let of = &files[file].summary.row_groups[group];
        let mut without: Option<Rows> = None;
        for earlier in &files[..file] {
            let repeats = files[file].repeats_of(earlier)?;
            let start = repeats.partition_point(|row| u64::from(*row) < of.first_row);
            let own =
                repeats[start..].iter().map(|row| u64::from(*row) - of.first_row).take_while(|row| *row < of.rows);
            own.for_each(|row| {
                without.get_or_insert_with(|| Rows::none(of.rows as usize)).insert(row as usize);
            });
        }
        Ok(without)
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
