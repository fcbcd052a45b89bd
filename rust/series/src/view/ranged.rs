//! What series are worth at each step, without samples for the asker: a few series at a time are read, and a function
//! applied to each while it is in the cache.

use std::sync::Arc;

use otelier_segment::error::ReadError;

use super::groups::NOWHERE;
use super::join::Joined;
use super::plan::{Piece, Plan};
use super::select::{Failed, Room};
use crate::pairs::Pairs;
use crate::ranges::{Operator, Sliding, Totals, Windows};
use crate::read::{Grid, Target, Wanted};
use crate::segment::BLOCK;
use crate::sets::{Sets, wanted};

/// Rows of a list of timestamps in a group's, by the numbers of both.
type Rows = ((u32, u32), Arc<[u32]>);
/// Sees a series, its values and which of them are there.
type See<'a> = dyn FnMut(u32, &[f64], &[bool]) + 'a;

/// How series are made one.
#[derive(Clone, Copy, Debug)]
pub struct Grouping<'a> {
    pub operator: Operator,
    pub names: &'a [Vec<u8>],
    /// All labels but these, and but the metric's name.
    pub without: bool,
}

/// What series, or groups of them, are worth; those that have nothing at any step are left out.
#[derive(Debug, Default)]
pub struct Ranged {
    pub pairs: Pairs,
    pub labels: Sets,
    /// Series × steps; `None` if all have something at all steps.
    pub there: Option<Vec<bool>>,
    /// Of series that have something: the labels of each, before they were grouped.
    pub series: Sets,
    pub samples: u64,
}

/// Series that are read together, one behind the other.
struct Tile {
    first: u32,
    values: Vec<f64>,
    grids: Vec<Grid>,
}

impl Plan<'_> {
    /// `None` if the answer is beyond what is known here, so that samples must be asked for: native histograms, and means
    /// of numbers whose sum is too large.
    pub fn range(
        mut self,
        joined: Joined,
        mut sliding: Sliding,
        grouping: Option<Grouping>,
        max_samples: u64,
        room: &mut dyn Room,
    ) -> Result<Option<Ranged>, Failed> {
        if self.has_natives() {
            return Ok(None);
        }
        let samples = self.groups.samples();
        if samples > max_samples {
            return Err(Failed::TooMany);
        }
        // Mostly they are in order: series are numbered in the order in which they are found.
        self.floats.iter_mut().for_each(|pieces| pieces.sort_by_key(|piece| piece.series));
        let mut windows: Vec<Windows> = Vec::new();
        windows.extend((0..self.groups.len()).map(|group| sliding.windows(self.groups.ms(group as u32))));
        let steps = sliding.steps.count;
        let mut found = Ranged { samples, ..Ranged::default() };
        let mut everywhere = true;
        let mut each = |plan: &Plan, see: &mut See| -> Result<(), Failed> {
            let (mut out, mut there) = (vec![0.0; steps], vec![false; steps]);
            plan.each_tile(|tile| {
                for (at, grid) in tile.grids.iter().enumerate().filter(|(_, grid)| grid.width > 0) {
                    let series = tile.first + at as u32;
                    let group = plan.seats[series as usize].group;
                    let ms = plan.groups.ms(group);
                    let values = &tile.values[grid.start..grid.start + ms.len()];
                    if sliding.apply(ms, &windows[group as usize], values, &mut out, &mut there) {
                        joined.put_labels(series, &mut found.series);
                        everywhere &= !there.contains(&false);
                        see(series, &out, &there);
                    }
                }
            })
        };
        let there = match grouping {
            None => {
                let mut all = Vec::new();
                let number = self.seats.iter().filter(|seat| seat.group != NOWHERE).count();
                room.with(number * steps, &mut |room| {
                    let mut at = 0;
                    each(&self, &mut |_, values, there| {
                        let own = room[at..at + steps].iter_mut().zip(values);
                        own.for_each(|(out, value)| *out = value.to_le_bytes());
                        at += steps;
                        all.extend_from_slice(there);
                    })
                })?;
                found.labels.clone_from(&found.series);
                all
            }
            Some(grouping) => {
                let (labels, codes) = self.grouped(&joined, grouping);
                let mut totals = Totals::new(grouping.operator, labels.len(), steps);
                each(&self, &mut |series, values, there| totals.add(codes[series as usize] as usize, values, there))?;
                let Some((values, there)) = totals.finish() else { return Ok(None) };
                let has_some = |group: &usize| there[group * steps..(group + 1) * steps].contains(&true);
                let kept: Vec<usize> = (0..labels.len()).filter(has_some).collect();
                room.with(kept.len() * steps, &mut |room| {
                    let rows = kept.iter().flat_map(|group| &values[group * steps..(group + 1) * steps]);
                    room.iter_mut().zip(rows).for_each(|(out, value)| *out = value.to_le_bytes());
                    Ok(())
                })?;
                found.labels = labels.taken(kept.iter().copied()).unwrap_or_default();
                everywhere = !kept.iter().any(|group| there[group * steps..(group + 1) * steps].contains(&false));
                kept.iter().flat_map(|group| &there[group * steps..(group + 1) * steps]).copied().collect()
            }
        };
        found.there = (!everywhere).then_some(there);
        found.pairs = joined.pairs;
        Ok(Some(found))
    }

    /// The labels of groups, and by series its group.
    fn grouped(&self, joined: &Joined, grouping: Grouping) -> (Sets, Vec<u32>) {
        let mut all = Sets::default();
        for series in 0..joined.len() as u32 {
            joined.put_labels(series, &mut all);
        }
        let name = grouping.without.then_some(crate::labels::NAME);
        let names = grouping.names.iter().map(Vec::as_slice).chain(name);
        all.grouped(&joined.pairs, &wanted(&joined.pairs, names, grouping.without))
    }

    fn each_tile(&self, mut see: impl FnMut(&Tile)) -> Result<(), Failed> {
        let mut tile = Tile { first: 0, values: Vec::new(), grids: Vec::new() };
        let mut next = vec![0; self.floats.len()];
        for end in self.cuts() {
            tile.grids.clear();
            let mut total = 0;
            for seat in &self.seats[tile.first as usize..end as usize] {
                let here = seat.group != NOWHERE;
                tile.grids.push(Grid { start: total, width: usize::from(here) });
                total += if here { self.groups.ms(seat.group).len() } else { 0 };
            }
            tile.values.resize(tile.values.len().max(total), 0.0);
            for (source, next) in next.iter_mut().enumerate() {
                let pieces = &self.floats[source][*next..];
                let pieces = &pieces[..pieces.partition_point(|piece| piece.series < end)];
                *next += pieces.len();
                self.read(source, pieces, &mut tile)?;
            }
            see(&tile);
            tile.first = end;
        }
        Ok(())
    }

    /// Where tiles end: with the blocks of the source that has most series, so that few blocks are read twice.
    fn cuts(&self) -> Vec<u32> {
        let parts = self.floats[..self.parts.len()].iter();
        let largest = parts.max_by_key(|pieces| pieces.len()).map_or(&[][..], Vec::as_slice);
        let mut cuts: Vec<u32> = Vec::new();
        let mut block = None;
        for piece in largest {
            let own = Some(piece.row as usize / BLOCK);
            if own != block && block.is_some() {
                cuts.push(piece.series);
            }
            block = own;
        }
        let (mut out, mut first) = (Vec::new(), 0);
        for end in cuts.into_iter().chain([self.seats.len() as u32]) {
            // What other sources have besides may be much.
            out.extend((first..end).step_by(4 * BLOCK).skip(1));
            out.push(end);
            first = end;
        }
        out
    }

    fn read(&self, source: usize, pieces: &[Piece], tile: &mut Tile) -> Result<(), ReadError> {
        // Neighbours mostly have the same.
        let mut last: Option<Rows> = None;
        let mut target = |piece: &Piece| {
            let (table, seat) = (piece.series - tile.first, self.seats[piece.series as usize]);
            if seat.group == NOWHERE {
                return None;
            }
            let key = (seat.chain, piece.list);
            let (_, rows) = match last.take().filter(|(same, _)| *same == key) {
                Some(known) => last.insert(known),
                None => last.insert((key, self.groups.rows(key.0, key.1))),
            };
            Some(Target { table, column: 0, rows: rows.clone() })
        };
        if let Some(part) = self.parts.get(source) {
            let mut wanted: Vec<Wanted> =
                pieces.iter().filter_map(|piece| Some(piece.wanted(target(piece)?))).collect();
            wanted.sort_by_key(|each| each.row);
            return part.segment.put_samples(&wanted, &tile.grids, &mut tile.values);
        }
        let extract = &self.logged[source - self.parts.len()];
        for piece in pieces {
            let Some(target) = target(piece) else { continue };
            let grid = tile.grids[target.table as usize];
            for (row, value) in target.rows.iter().zip(&extract.values[piece.from..piece.to]) {
                tile.values[grid.place(*row, 0)] = *value;
            }
        }
        Ok(())
    }
}
