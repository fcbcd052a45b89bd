//! Samples of all series that fit, from segments and log, in groups with the same timestamps.

use std::sync::Arc;

use bytes::Bytes;
use hashbrown::HashMap;
use otelier_segment::error::ReadError;

use super::groups::{Cells, Group, Groups, NOWHERE};
use super::join::Joined;
use super::logged::Extract;
use super::natives::Natives;
use super::segments::Found;
use super::timeline::{Chains, EMPTY, Times};
use crate::pairs::Pairs;
use crate::read::{Eight, Grid, Segment, Target, Wanted};

/// What was selected.
#[derive(Debug, Default)]
pub struct Selected {
    pub pairs: Pairs,
    pub groups: Vec<Group>,
}

/// A question that nobody wants answered.
#[derive(Debug)]
pub enum Failed {
    Read(ReadError),
    /// There are more samples than were allowed.
    TooMany,
    /// There was no room for the answer.
    NoRoom,
    /// The manifest went on while the question was asked: it is asked again.
    Moved,
}

impl From<ReadError> for Failed {
    fn from(error: ReadError) -> Failed {
        Failed::Read(error)
    }
}

/// Where the floats of an answer go: some Python object, so that they need not be copied there.
pub trait Room {
    /// Calls `fill` with so many places, once.
    fn with(&mut self, count: usize, fill: Fill) -> Result<(), Failed>;
}

pub type Fill<'a> = &'a mut (dyn FnMut(&mut [Eight]) -> Result<(), Failed> + Send);

impl Room for Vec<Eight> {
    fn with(&mut self, count: usize, fill: Fill) -> Result<(), Failed> {
        self.clear();
        self.resize(count, [0; 8]);
        fill(self)
    }
}

/// What a segment has of series: floats, and native histograms.
pub struct Part<'a> {
    pub segment: &'a Segment,
    pub natives: Option<&'a Natives>,
    pub found: &'a [Found],
}

/// A piece of a series: its list among all, and which samples of its source these are.
struct Piece {
    series: u32,
    list: u32,
    from: usize,
    to: usize,
}

/// Where a series went: its chain, group and column.
#[derive(Clone, Copy)]
struct Seat {
    chain: u32,
    group: u32,
    column: u32,
}

/// `parts` from old to new, and then the log's; `keep` says which of the series count.
pub fn assemble(
    joined: Joined,
    parts: &[Part],
    logged: &[Extract],
    window: (i64, i64),
    max_samples: u64,
    room: &mut dyn Room,
    keep: impl Fn(&Joined, u32) -> bool,
) -> Result<Selected, Failed> {
    let mut chains = Chains::default();
    let mut seats = vec![Seat { chain: EMPTY, group: NOWHERE, column: 0 }; joined.len()];
    let mut native = vec![false; joined.len()];
    let mut floats: Vec<Vec<Piece>> = Vec::new();
    let mut natives: Vec<Vec<Piece>> = Vec::new();
    let between =
        |ms: &[i64]| (ms.partition_point(|each| *each < window.0), ms.partition_point(|each| *each <= window.1));
    let mut add = |chains: &mut Chains, series: u32, list: u32| {
        let seat = &mut seats[series as usize];
        seat.chain = chains.longer(seat.chain, list);
    };
    for part in parts {
        let (mut own, mut own_natives) = (Vec::new(), Vec::new());
        let mut known: HashMap<u32, Option<u32>> = HashMap::new();
        for found in part.found {
            let (number, ms) = part.segment.times(found.row as usize)?;
            let list = *known.entry(number).or_insert_with(|| {
                let (from, to) = between(&ms);
                (from < to).then(|| chains.add_list(Times { ms: ms.clone(), from, to }))
            });
            if let Some(list) = list {
                let Times { from, to, .. } = chains.lists[list as usize];
                own.push(Piece { series: found.series, list, from, to });
                add(&mut chains, found.series, list);
            }
            let Some(of) = part.natives else { continue };
            let ms = of.times(found.row);
            let (from, to) = between(ms);
            if from < to {
                let list = chains.add_list(Times { ms: ms.into(), from, to });
                native[found.series as usize] = true;
                own_natives.push(Piece { series: found.series, list, from, to });
                add(&mut chains, found.series, list);
            }
        }
        floats.push(own);
        natives.push(own_natives);
    }
    for extract in logged {
        let (mut own, mut own_natives) = (Vec::new(), Vec::new());
        let mut lists = extract.lists.iter().map(|ms| Times { ms: ms[..].into(), from: 0, to: ms.len() });
        let first = chains.lists.len() as u32;
        lists.by_ref().for_each(|times| {
            chains.add_list(times);
        });
        for (at, found) in extract.found.iter().enumerate() {
            let (series, list) = (found.series, first + found.list);
            let count = extract.lists[found.list as usize].len();
            if count > 0 {
                own.push(Piece { series, list, from: found.values, to: found.values + count });
                add(&mut chains, series, list);
            }
            let histograms = &extract.histograms[at];
            if !histograms.is_empty() {
                let ms: Arc<[i64]> = histograms.iter().map(|each| each.ms).collect();
                let list = chains.add_list(Times { from: 0, to: ms.len(), ms });
                native[series as usize] = true;
                own_natives.push(Piece { series, list, from: at, to: at });
                add(&mut chains, series, list);
            }
        }
        floats.push(own);
        natives.push(own_natives);
    }

    let mut groups = Groups::default();
    for series in 0..joined.len() as u32 {
        let seat = &mut seats[series as usize];
        if seat.chain == EMPTY || !keep(&joined, series) {
            continue;
        }
        (seat.group, seat.column) = groups.seat(&chains, seat.chain, native[series as usize], joined.labels(series));
    }
    let (grids, total) = groups.grids(max_samples)?;
    let mut cells = groups.cells();
    room.with(total, &mut |out| {
        let plan =
            Plan { parts, logged, floats: &floats, natives: &natives, seats: &seats, groups: &groups, grids: &grids };
        plan.fill(out, &mut cells)
    })?;
    Ok(Selected { pairs: joined.pairs, groups: groups.finish(&grids, cells) })
}

/// Where everything goes.
struct Plan<'a> {
    parts: &'a [Part<'a>],
    logged: &'a [Extract],
    /// By source.
    floats: &'a [Vec<Piece>],
    natives: &'a [Vec<Piece>],
    seats: &'a [Seat],
    groups: &'a Groups,
    grids: &'a [Grid],
}

impl Plan<'_> {
    fn target(&self, piece: &Piece) -> Option<Target> {
        let seat = self.seats[piece.series as usize];
        let rows = || self.groups.rows(seat.chain, piece.list);
        (seat.group != NOWHERE).then(|| Target { table: seat.group, column: seat.column, rows: rows() })
    }

    fn fill(&self, out: &mut [Eight], cells: &mut [Cells]) -> Result<(), Failed> {
        for (number, pieces) in self.floats.iter().enumerate() {
            match self.parts.get(number) {
                Some(part) => {
                    let rows: HashMap<u32, u32> = part.found.iter().map(|found| (found.series, found.row)).collect();
                    let wanted = pieces.iter().filter_map(|piece| {
                        let (from, to) = (piece.from as u32, piece.to as u32);
                        Some(Wanted { row: rows[&piece.series], from, to, target: self.target(piece)? })
                    });
                    let wanted: Vec<Wanted> = wanted.collect();
                    part.segment.put_samples(&wanted, self.grids, out)?;
                    wanted.iter().for_each(|each| self.clear(cells, &each.target));
                }
                None => self.copy_logged(&self.logged[number - self.parts.len()], pieces, out, cells),
            }
            for piece in &self.natives[number] {
                let Some(Target { table, column, rows }) = self.target(piece) else { continue };
                for (row, message) in rows.iter().zip(self.messages(number, piece)?) {
                    let at = self.grids[table as usize].place(*row, column);
                    out[at] = f64::NAN.to_le_bytes();
                    if let Some(cells) = &mut cells[table as usize] {
                        cells[at - self.grids[table as usize].start] = Some(message);
                    }
                }
            }
        }
        Ok(())
    }

    fn copy_logged(&self, extract: &Extract, pieces: &[Piece], out: &mut [Eight], cells: &mut [Cells]) {
        for piece in pieces {
            let Some(target) = self.target(piece) else { continue };
            let grid = &self.grids[target.table as usize];
            for (row, value) in target.rows.iter().zip(&extract.values[piece.from..piece.to]) {
                out[grid.place(*row, target.column)] = value.to_le_bytes();
            }
            self.clear(cells, &target);
        }
    }

    fn messages(&self, source: usize, piece: &Piece) -> Result<Vec<Bytes>, ReadError> {
        let Some(part) = self.parts.get(source) else {
            let all = &self.logged[source - self.parts.len()].histograms[piece.from];
            return Ok(all.iter().map(|histogram| histogram.message.clone()).collect());
        };
        let row = part.found.iter().find(|found| found.series == piece.series).map(|found| found.row);
        match (part.natives, row) {
            (Some(natives), Some(row)) => natives.messages(row, piece.from..piece.to),
            _ => Ok(Vec::new()),
        }
    }

    /// A float takes the place of an older histogram.
    fn clear(&self, cells: &mut [Cells], target: &Target) {
        if let Some(cells) = &mut cells[target.table as usize] {
            let grid = Grid { start: 0, ..self.grids[target.table as usize] };
            target.rows.iter().for_each(|row| cells[grid.place(*row, target.column)] = None);
        }
    }
}
