//! Samples of all series that fit, from segments and log, in groups with the same timestamps.

use std::sync::Arc;

use bytes::Bytes;
use hashbrown::HashMap;
use otelier_segment::error::ReadError;

use super::join::Joined;
use super::logged::Extract;
use super::natives::Natives;
use super::segments::Found;
use super::timeline::{Chains, EMPTY, Timeline, Times};
use crate::pairs::Pairs;
use crate::read::{Grid, Segment, Target, Wanted};

/// What was selected.
#[derive(Debug, Default)]
pub struct Selected {
    pub pairs: Pairs,
    pub groups: Vec<Group>,
}

/// Series with samples at the same moments.
#[derive(Debug)]
pub struct Group {
    /// By series its labels, in the order of names.
    pub labels: Vec<Vec<u32>>,
    pub ms: Vec<i64>,
    /// Moments × series in row order.
    pub values: Vec<f64>,
    /// Likewise; where one is, the float does not count.
    pub histograms: Option<Vec<Option<Bytes>>>,
}

/// A question that nobody wants answered.
#[derive(Debug)]
pub enum Failed {
    Read(ReadError),
    /// There are more samples than were allowed.
    TooMany,
    /// The manifest went on while the question was asked: it is asked again.
    Moved,
}

impl From<ReadError> for Failed {
    fn from(error: ReadError) -> Failed {
        Failed::Read(error)
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

const NOWHERE: u32 = u32::MAX;

/// `parts` from old to new, and then the log's; `keep` says which of the series count.
pub fn assemble(
    joined: Joined,
    parts: &[Part],
    logged: &[Extract],
    window: (i64, i64),
    max_samples: u64,
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
    let mut grids = groups.grids(max_samples)?;
    let mut cells: Vec<Option<Vec<Option<Bytes>>>> = groups.cells();
    for (number, pieces) in floats.iter().enumerate() {
        let target = |piece: &Piece| {
            let seat = seats[piece.series as usize];
            (seat.group != NOWHERE).then(|| Target {
                table: seat.group,
                column: seat.column,
                rows: groups.rows(seat.chain, piece.list),
            })
        };
        match parts.get(number) {
            Some(part) => {
                let rows = part.found.iter().map(|found| (found.series, found.row));
                let rows: HashMap<u32, u32> = rows.collect();
                let wanted = pieces.iter().filter_map(|piece| {
                    let (from, to) = (piece.from as u32, piece.to as u32);
                    Some(Wanted { row: rows[&piece.series], from, to, target: target(piece)? })
                });
                let wanted: Vec<Wanted> = wanted.collect();
                part.segment.put_samples(&wanted, &mut grids)?;
                for each in &wanted {
                    clear(&mut cells, &grids, &each.target);
                }
            }
            None => {
                let extract = &logged[number - parts.len()];
                for piece in pieces {
                    let Some(target) = target(piece) else { continue };
                    let grid = &mut grids[target.table as usize];
                    for (row, value) in target.rows.iter().zip(&extract.values[piece.from..piece.to]) {
                        grid.values[*row as usize * grid.width + target.column as usize] = *value;
                    }
                    clear(&mut cells, &grids, &target);
                }
            }
        }
        for piece in &natives[number] {
            let Some(Target { table, column, rows }) = target(piece) else { continue };
            let messages = match parts.get(number) {
                Some(part) => {
                    let row = part.found.iter().find(|found| found.series == piece.series).map_or(0, |found| found.row);
                    match part.natives {
                        Some(natives) => natives.messages(row, piece.from..piece.to)?,
                        None => Vec::new(),
                    }
                }
                None => {
                    let all = &logged[number - parts.len()].histograms[piece.from];
                    all.iter().map(|histogram| histogram.message.clone()).collect()
                }
            };
            let grid = &mut grids[table as usize];
            for (row, message) in rows.iter().zip(messages) {
                let at = *row as usize * grid.width + column as usize;
                grid.values[at] = f64::NAN;
                if let Some(cells) = &mut cells[table as usize] {
                    cells[at] = Some(message);
                }
            }
        }
    }
    Ok(Selected { pairs: joined.pairs, groups: groups.finish(grids, cells) })
}

/// A float takes the place of an older histogram.
fn clear(cells: &mut [Option<Vec<Option<Bytes>>>], grids: &[Grid], target: &Target) {
    if let Some(cells) = &mut cells[target.table as usize] {
        let width = grids[target.table as usize].width;
        target.rows.iter().for_each(|row| cells[*row as usize * width + target.column as usize] = None);
    }
}

/// Chains with equal timelines share a group.
#[derive(Default)]
struct Groups {
    groups: Vec<(Vec<i64>, bool, Vec<Vec<u32>>)>,
    /// By timeline, and whether there are histograms.
    by_times: HashMap<(Vec<i64>, bool), u32>,
    /// By chain: its timeline, and its groups without and with histograms.
    by_chain: HashMap<u32, (Timeline, [u32; 2])>,
}

impl Groups {
    fn seat(&mut self, chains: &Chains, chain: u32, native: bool, labels: Vec<u32>) -> (u32, u32) {
        let (timeline, known) = self.by_chain.entry(chain).or_insert_with(|| (chains.timeline(chain), [NOWHERE; 2]));
        let known = &mut known[usize::from(native)];
        if *known == NOWHERE {
            let next = self.groups.len() as u32;
            *known = *self.by_times.entry((timeline.ms.clone(), native)).or_insert(next);
            if *known == next {
                self.groups.push((timeline.ms.clone(), native, Vec::new()));
            }
        }
        let series = &mut self.groups[*known as usize].2;
        series.push(labels);
        (*known, series.len() as u32 - 1)
    }

    /// Where the timestamps of a list of a chain stand.
    fn rows(&self, chain: u32, list: u32) -> Arc<[u32]> {
        let rows =
            self.by_chain.get(&chain).and_then(|(timeline, _)| timeline.rows.iter().find(|(each, _)| *each == list));
        rows.map_or_else(Arc::default, |(_, rows)| rows.clone())
    }

    fn grids(&self, max_samples: u64) -> Result<Vec<Grid>, Failed> {
        let sizes = self.groups.iter().map(|(ms, _, series)| (ms.len() * series.len()) as u64);
        if sizes.sum::<u64>() > max_samples {
            return Err(Failed::TooMany);
        }
        let grid = |(ms, _, series): &(Vec<i64>, bool, Vec<Vec<u32>>)| Grid {
            width: series.len(),
            values: vec![0.0; ms.len() * series.len()],
        };
        Ok(self.groups.iter().map(grid).collect())
    }

    fn cells(&self) -> Vec<Option<Vec<Option<Bytes>>>> {
        self.groups.iter().map(|(ms, native, series)| native.then(|| vec![None; ms.len() * series.len()])).collect()
    }

    fn finish(self, grids: Vec<Grid>, cells: Vec<Option<Vec<Option<Bytes>>>>) -> Vec<Group> {
        let all = self.groups.into_iter().zip(grids).zip(cells);
        all.map(|(((ms, _, labels), grid), histograms)| Group { labels, ms, values: grid.values, histograms }).collect()
    }
}
