//! Which samples of which source make a series, and where they go.

use std::sync::Arc;

use bytes::Bytes;
use hashbrown::HashMap;
use otelier_segment::error::ReadError;

use super::groups::{Cells, Groups, NOWHERE};
use super::join::{Joined, Query};
use super::logged::Extract;
use super::segments::Found;
use super::select::Failed;
use super::timeline::{Chains, EMPTY, Times};
use crate::read::{Eight, Grid, Segment, Target, Wanted};

/// What a segment has of series: floats, and native histograms.
pub struct Part<'a> {
    pub segment: &'a Segment,
    pub found: &'a [Found],
}

/// A piece of a series: its list among all, and which samples of its source these are.
#[derive(Clone, Copy)]
pub struct Piece {
    pub series: u32,
    /// In a segment; of the log's histograms, the place among these.
    pub row: u32,
    pub list: u32,
    pub from: usize,
    pub to: usize,
}

/// Where a series went: its chain, group and column.
#[derive(Clone, Copy)]
pub struct Seat {
    pub chain: u32,
    /// NOWHERE if it does not count.
    pub group: u32,
    pub column: u32,
}

pub struct Plan<'a> {
    pub parts: &'a [Part<'a>],
    pub logged: &'a [Extract],
    /// By source: the parts from old to new, then the log's.
    pub floats: Vec<Vec<Piece>>,
    natives: Vec<Vec<Piece>>,
    pub seats: Vec<Seat>,
    pub groups: Groups,
}

impl<'a> Plan<'a> {
    /// `parts` from old to new, and then the log's; `keep` says which of the series count.
    pub fn new(
        joined: &Joined,
        parts: &'a [Part],
        logged: &'a [Extract],
        query: &Query,
        keep: impl Fn(&Joined, u32) -> bool,
    ) -> Result<Plan<'a>, Failed> {
        let mut chains = Chains::default();
        let mut seats = vec![Seat { chain: EMPTY, group: NOWHERE, column: 0 }; joined.len()];
        let mut native = vec![false; joined.len()];
        let mut floats: Vec<Vec<Piece>> = Vec::new();
        let mut natives: Vec<Vec<Piece>> = Vec::new();
        let mut add = |chains: &mut Chains, series: u32, list: u32| {
            let seat = &mut seats[series as usize];
            seat.chain = chains.longer(seat.chain, list);
        };
        for part in parts {
            let (mut own, mut own_natives) = (Vec::new(), Vec::new());
            let mut known: HashMap<u32, Option<(u32, usize, usize)>> = HashMap::new();
            // Neighbours mostly have the same.
            let mut last = None;
            let of = part.segment.natives()?;
            for found in part.found {
                let number = part.segment.list_of(found.row as usize)?;
                let list = match last {
                    Some((same, list)) if same == number => list,
                    _ => match known.get(&number) {
                        Some(list) => *list,
                        None => {
                            let ms = part.segment.lists()?.get(number)?;
                            let (from, to) = query.between(&ms);
                            let list = (from < to).then(|| (chains.add_list(Times { ms, from, to }), from, to));
                            known.insert(number, list);
                            list
                        }
                    },
                };
                last = Some((number, list));
                if let Some((list, from, to)) = list {
                    own.push(Piece { series: found.series, row: found.row, list, from, to });
                    add(&mut chains, found.series, list);
                }
                let Some(of) = of else { continue };
                let ms = of.times(found.row);
                let (from, to) = query.between(ms);
                if from < to {
                    let list = chains.add_list(Times { ms: ms.into(), from, to });
                    native[found.series as usize] = true;
                    own_natives.push(Piece { series: found.series, row: found.row, list, from, to });
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
                    own.push(Piece { series, row: 0, list, from: found.values, to: found.values + count });
                    add(&mut chains, series, list);
                }
                let histograms = &extract.histograms[at];
                if !histograms.is_empty() {
                    let ms: Arc<[i64]> = histograms.iter().map(|each| each.ms).collect();
                    let list = chains.add_list(Times { from: 0, to: ms.len(), ms });
                    native[series as usize] = true;
                    own_natives.push(Piece { series, row: at as u32, list, from: 0, to: 0 });
                    add(&mut chains, series, list);
                }
            }
            floats.push(own);
            natives.push(own_natives);
        }

        let mut groups = Groups::default();
        for series in 0..joined.len() as u32 {
            let seat = &mut seats[series as usize];
            if seat.chain != EMPTY && keep(joined, series) {
                (seat.group, seat.column) = groups.seat(&chains, seat.chain, native[series as usize], joined, series);
            }
        }
        Ok(Plan { parts, logged, floats, natives, seats, groups })
    }

    /// Whether some series that counts has native histograms.
    pub fn has_natives(&self) -> bool {
        let counts = |piece: &Piece| self.seats[piece.series as usize].group != NOWHERE;
        self.natives.iter().flatten().any(counts)
    }

    fn target(&self, piece: &Piece) -> Option<Target> {
        let seat = self.seats[piece.series as usize];
        let rows = || self.groups.rows(seat.chain, piece.list);
        (seat.group != NOWHERE).then(|| Target { table: seat.group, column: seat.column, rows: rows() })
    }

    pub fn fill(&self, grids: &[Grid], out: &mut [Eight], cells: &mut [Cells]) -> Result<(), Failed> {
        for (number, pieces) in self.floats.iter().enumerate() {
            match self.parts.get(number) {
                Some(part) => {
                    let wanted = pieces.iter().filter_map(|piece| Some(piece.wanted(self.target(piece)?)));
                    let wanted: Vec<Wanted> = wanted.collect();
                    part.segment.put_samples(&wanted, grids, out)?;
                    wanted.iter().for_each(|each| clear(grids, cells, &each.target));
                }
                None => self.copy_logged(&self.logged[number - self.parts.len()], pieces, grids, out, cells),
            }
            for piece in &self.natives[number] {
                let Some(Target { table, column, rows }) = self.target(piece) else { continue };
                for (row, message) in rows.iter().zip(self.messages(number, piece)?) {
                    let at = grids[table as usize].place(*row, column);
                    out[at] = f64::NAN.to_le_bytes();
                    if let Some(cells) = &mut cells[table as usize] {
                        cells[at - grids[table as usize].start] = Some(message);
                    }
                }
            }
        }
        Ok(())
    }

    fn copy_logged(&self, extract: &Extract, pieces: &[Piece], grids: &[Grid], out: &mut [Eight], cells: &mut [Cells]) {
        for piece in pieces {
            let Some(target) = self.target(piece) else { continue };
            let grid = &grids[target.table as usize];
            for (row, value) in target.rows.iter().zip(&extract.values[piece.from..piece.to]) {
                out[grid.place(*row, target.column)] = value.to_le_bytes();
            }
            clear(grids, cells, &target);
        }
    }

    fn messages(&self, source: usize, piece: &Piece) -> Result<Vec<Bytes>, ReadError> {
        let Some(part) = self.parts.get(source) else {
            let all = &self.logged[source - self.parts.len()].histograms[piece.row as usize];
            return Ok(all.iter().map(|histogram| histogram.message.clone()).collect());
        };
        part.segment.natives()?.map_or(Ok(Vec::new()), |natives| natives.messages(piece.row, piece.from..piece.to))
    }
}

impl Piece {
    /// Of a segment.
    pub fn wanted(&self, target: Target) -> Wanted {
        Wanted { row: self.row, from: self.from as u32, to: self.to as u32, target }
    }
}

/// A float takes the place of an older histogram.
fn clear(grids: &[Grid], cells: &mut [Cells], target: &Target) {
    if let Some(cells) = &mut cells[target.table as usize] {
        let grid = Grid { start: 0, ..grids[target.table as usize] };
        target.rows.iter().for_each(|row| cells[grid.place(*row, target.column)] = None);
    }
}
