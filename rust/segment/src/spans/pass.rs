//! A look at each block of a pass, by one thread or several.

use std::ops::RangeInclusive;
use std::panic::resume_unwind;
use std::slice;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Instant;

use super::joined::Joined;
use super::scan::{Places, Read};
use super::splits::{Apart, Split};
use crate::error::ReadError;
use crate::filter::{Field, Filter, Scope, Wanted};
use crate::hot::Shaped;
use crate::reader::{Group, GroupTable, read_here};
use crate::rows::Rows;
use crate::select::{Table, select};

/// What comes after a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    On,
    /// Nothing more; and why.
    Stop(&'static str),
    /// Only what may start then or later.
    From(u64),
}

/// What is done with a block and the rows in it that are meant.
pub type See<'s> = dyn FnMut(&mut dyn Table, &Rows) -> Result<Flow, ReadError> + 's;

/// How much was read, and why it ended early; empty if it did not.
pub type Ended = (Read, Result<&'static str, ReadError>);

pub enum Block<'a> {
    Group(usize, usize),
    Chunk(usize),
    Joined(Box<Joined<'a>>),
    /// And rows in it that are looked at elsewhere.
    Split(Split, Option<Rows>),
}

impl Block<'_> {
    /// File and number.
    fn group(&self) -> Option<(usize, usize)> {
        match self {
            Block::Group(file, group) => Some((*file, *group)),
            _ => None,
        }
    }
}

/// A block and its newest start.
pub type Due<'a> = (u64, Block<'a>);

/// What it takes to look at a block.
pub struct Pass<'a> {
    pub places: &'a Places,
    pub filter: &'a Filter,
    pub window: RangeInclusive<u64>,
    pub deadline: Option<Instant>,
    /// If whole traces are asked for: rows that are looked at elsewhere.
    pub apart: Option<Apart>,
    /// By chunk: rows whose spans stand earlier in the log, too.
    pub hot_repeats: Vec<Rows>,
    /// Of all spans, so that their columns are fetched before it is their turn.
    pub foreseen: &'a [Wanted],
}

/// How many threads a pass over everything takes.
pub fn threads() -> usize {
    /// With more, each would wait for memory, and other questions for them all.
    const MOST: usize = 4;
    static THREADS: OnceLock<usize> = OnceLock::new();
    *THREADS.get_or_init(|| thread::available_parallelism().map_or(1, usize::from).min(MOST))
}

impl Pass<'_> {
    pub fn run(&self, blocks: Vec<Due>, see: &mut See) -> Ended {
        self.run_until(blocks, &AtomicBool::new(false), see)
    }

    /// Blocks are dealt out one by one, each worker has a thread.
    pub fn divided<W: Send>(
        &self,
        blocks: Vec<Due>,
        workers: &mut [W],
        see: impl Fn(&mut W, &mut dyn Table, &Rows) -> Result<Flow, ReadError> + Sync,
    ) -> Ended {
        let mut shares: Vec<Vec<Due>> = workers.iter().map(|_| Vec::new()).collect();
        let count = shares.len();
        blocks.into_iter().enumerate().for_each(|(at, block)| shares[at % count].push(block));
        shares.retain(|share| !share.is_empty());
        let stopped = AtomicBool::new(false);
        let work = |(worker, share): (&mut W, Vec<Due>)| {
            self.run_until(share, &stopped, &mut |table, rows| see(worker, table, rows))
        };
        thread::scope(|scope| {
            let mut shared = workers.iter_mut().zip(shares);
            let own = shared.next();
            let others: Vec<_> = shared.map(|share| scope.spawn(|| work(share))).collect();
            let (mut read, mut ended) = own.map_or((Read::default(), Ok("")), work);
            for other in others {
                let (more, how) = other.join().unwrap_or_else(|panic| resume_unwind(panic));
                read.add(&more);
                ended = ended.and_then(|first| how.map(|other| if first.is_empty() { other } else { first }));
            }
            (read, ended)
        })
    }

    fn run_until(&self, blocks: Vec<Due>, stopped: &AtomicBool, see: &mut See) -> Ended {
        let before = read_here();
        let mut read = Read::default();
        let ended = self.blocks(blocks, stopped, &mut read, see);
        if !matches!(ended, Ok("")) {
            stopped.store(true, Ordering::Relaxed);
        }
        read.since(before);
        (read, ended)
    }

    fn blocks(
        &self,
        blocks: Vec<Due>,
        stopped: &AtomicBool,
        read: &mut Read,
        see: &mut See,
    ) -> Result<&'static str, ReadError> {
        /// Row groups whose columns are fetched beside one another.
        const AHEAD: usize = 16;
        let groups: Vec<(usize, usize)> = blocks.iter().filter_map(|(_, block)| block.group()).collect();
        let mut ahead = groups.iter();
        ahead.by_ref().take(AHEAD).try_for_each(|place| self.foresee(*place))?;
        let mut from = 0;
        for (newest, block) in blocks {
            if block.group().is_some() {
                ahead.next().map_or(Ok(()), |place| self.foresee(*place))?;
            }
            if newest < from || stopped.load(Ordering::Relaxed) {
                break;
            }
            if self.deadline.is_some_and(|deadline| Instant::now() >= deadline) {
                return Ok("time");
            }
            match self.look(block, read, see)? {
                Flow::On => {}
                Flow::Stop(why) => return Ok(why),
                Flow::From(start) => from = start,
            }
        }
        Ok("")
    }

    /// Few values of a row group lie together, and a disk that is asked for one row group at a time makes all wait.
    fn foresee(&self, (file, group): (usize, usize)) -> Result<(), ReadError> {
        for wanted in self.foreseen {
            if let Field::Attribute(Scope::Span, key) = &wanted.field {
                let group = Group::beside(&self.places.files[file], group)?;
                let mut columns = group.attribute_columns(key);
                columns.sort_unstable();
                group.will_need_of(columns, slice::from_ref(&(0..group.rows)))?;
            }
        }
        Ok(())
    }

    fn look(&self, block: Block, read: &mut Read, see: &mut See) -> Result<Flow, ReadError> {
        let places = self.places;
        match block {
            Block::Group(file, group) => {
                let without = match &self.apart {
                    Some(apart) => apart.rows(file, group).cloned(),
                    None => self.repeats(file, group)?,
                };
                read.row_groups += 1;
                let mut table = GroupTable::new(Group::open(&places.files[file], group)?);
                self.rows(&mut table, without, read, see)
            }
            Block::Chunk(number) => {
                let chunk = &*places.chunks[number];
                let mut without = self.hot_repeats[number].clone();
                for file in &places.files {
                    chunk.repeats_of(file)?.iter().for_each(|row| without.insert(*row as usize));
                }
                read.hot_spans += chunk.rows() as u64;
                self.rows(&mut Shaped::new(chunk), Some(without), read, see)
            }
            Block::Joined(mut joined) => self.rows(&mut *joined, None, read, see),
            Block::Split(split, without) => self.rows(&mut split.open(places)?, without, read, see),
        }
    }

    fn rows(
        &self,
        table: &mut dyn Table,
        without: Option<Rows>,
        read: &mut Read,
        see: &mut See,
    ) -> Result<Flow, ReadError> {
        let mut among = table.within(&self.window)?;
        if let Some(without) = without {
            among.remove(&without);
        }
        read.spans += among.count() as u64;
        let found = select(table, self.filter, &among)?;
        if found.is_empty() { Ok(Flow::On) } else { see(table, &found) }
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
