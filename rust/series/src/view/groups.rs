//! Series with samples at the same moments, side by side.

use std::sync::Arc;

use bytes::Bytes;
use hashbrown::HashMap;

use super::join::Joined;
use super::select::Failed;
use super::timeline::{Chains, Timeline};
use crate::read::Grid;
use crate::sets::Sets;

/// Series with samples at the same moments.
#[derive(Debug)]
pub struct Group {
    /// By series its labels, in the order of names.
    pub labels: Sets,
    pub ms: Vec<i64>,
    /// Where its floats begin among all, moments × series in row order.
    pub start: usize,
    /// Likewise; where one is, the float does not count.
    pub histograms: Cells,
}

/// Histograms of a group, moments × series, if it has any.
pub type Cells = Option<Vec<Option<Bytes>>>;

/// In place of the group of a series that does not count.
pub const NOWHERE: u32 = u32::MAX;

/// Chains with equal timelines share a group.
#[derive(Default)]
pub struct Groups {
    groups: Vec<(Vec<i64>, bool, Sets)>,
    /// By timeline, and whether there are histograms.
    by_times: HashMap<(Vec<i64>, bool), u32>,
    /// By chain: its timeline, and its groups without and with histograms.
    by_chain: HashMap<u32, (Timeline, [u32; 2])>,
    /// Chain, whether there are histograms, and group of the last that was seated: neighbours mostly have the same.
    last: Option<(u32, bool, u32)>,
}

impl Groups {
    /// Group and column of one more series.
    pub fn seat(&mut self, chains: &Chains, chain: u32, native: bool, joined: &Joined, series: u32) -> (u32, u32) {
        if let Some((same, of, group)) = self.last
            && (same, of) == (chain, native)
        {
            return (group, self.put(group, joined, series));
        }
        let (timeline, known) = self.by_chain.entry(chain).or_insert_with(|| (chains.timeline(chain), [NOWHERE; 2]));
        let known = &mut known[usize::from(native)];
        if *known == NOWHERE {
            let next = self.groups.len() as u32;
            *known = *self.by_times.entry((timeline.ms.clone(), native)).or_insert(next);
            if *known == next {
                self.groups.push((timeline.ms.clone(), native, Sets::default()));
            }
        }
        let group = *known;
        self.last = Some((chain, native, group));
        (group, self.put(group, joined, series))
    }

    fn put(&mut self, group: u32, joined: &Joined, series: u32) -> u32 {
        let labels = &mut self.groups[group as usize].2;
        joined.put_labels(series, labels);
        labels.len() as u32 - 1
    }

    /// Where the timestamps of a list of a chain stand.
    pub fn rows(&self, chain: u32, list: u32) -> Arc<[u32]> {
        let rows =
            self.by_chain.get(&chain).and_then(|(timeline, _)| timeline.rows.iter().find(|(each, _)| *each == list));
        rows.map_or_else(Arc::default, |(_, rows)| rows.clone())
    }

    pub fn len(&self) -> usize {
        self.groups.len()
    }

    /// The moments of a group.
    pub fn ms(&self, group: u32) -> &[i64] {
        &self.groups[group as usize].0
    }

    /// How many samples there are in all.
    pub fn samples(&self) -> u64 {
        self.groups.iter().map(|(ms, _, series)| (ms.len() * series.len()) as u64).sum()
    }

    /// Where each group's floats lie, and how many there are in all.
    pub fn grids(&self, max_samples: u64) -> Result<(Vec<Grid>, usize), Failed> {
        if self.samples() > max_samples {
            return Err(Failed::TooMany);
        }
        let mut start = 0;
        let grid = |(ms, _, series): &(Vec<i64>, bool, Sets)| {
            let grid = Grid { start, width: series.len() };
            start += ms.len() * series.len();
            grid
        };
        Ok((self.groups.iter().map(grid).collect(), start))
    }

    pub fn cells(&self) -> Vec<Cells> {
        self.groups.iter().map(|(ms, native, series)| native.then(|| vec![None; ms.len() * series.len()])).collect()
    }

    pub fn finish(self, grids: &[Grid], cells: Vec<Cells>) -> Vec<Group> {
        let all = self.groups.into_iter().zip(grids).zip(cells);
        all.map(|(((ms, _, labels), grid), histograms)| Group { labels, ms, start: grid.start, histograms }).collect()
    }
}
