//! Spans that were sent twice and lie in several places: the later places' rows do not count.

use std::sync::Arc;

use hashbrown::{HashMap, HashSet};
use parking_lot::Mutex;

use super::file::SegmentFile;
use super::group::Group;
use crate::error::ReadError;
use crate::filter::{Field, Intrinsic};
use crate::index::{TraceRows, trace_prefix};
use crate::newest::TraceId;
use crate::rows::Rows;
use crate::spans::Column;

/// What makes a span itself: trace id, span id, start, kind.
pub type Identity = (TraceId, [u8; 8], u64, i32);

/// By the number of an earlier file: rows that it has, too. Found out once, because neither ever changes.
#[derive(Debug, Default)]
pub struct Repeats(Mutex<HashMap<u64, Arc<[u32]>>>);

impl Clone for Repeats {
    /// What is cloned grows: nothing is known of it.
    fn clone(&self) -> Repeats {
        Repeats::default()
    }
}

impl Repeats {
    pub fn of(
        &self,
        earlier: &SegmentFile,
        find: impl FnOnce() -> Result<Vec<u32>, ReadError>,
    ) -> Result<Arc<[u32]>, ReadError> {
        if let Some(known) = self.0.lock().get(&earlier.number) {
            return Ok(known.clone());
        }
        let found: Arc<[u32]> = find()?.into();
        self.0.lock().insert(earlier.number, found.clone());
        Ok(found)
    }
}

impl SegmentFile {
    /// Rows of this file, counted over all of it, whose spans an earlier one has, too.
    pub fn repeats_of(&self, earlier: &SegmentFile) -> Result<Arc<[u32]>, ReadError> {
        let overlap = self.summary.min_start_ns <= earlier.summary.max_start_ns
            && earlier.summary.min_start_ns <= self.summary.max_start_ns;
        if !overlap {
            return Ok(Arc::default());
        }
        self.repeats.of(earlier, || {
            let (own, others) = shared(self.traces.runs(), earlier.traces.runs());
            let mut starts = HashSet::new();
            self.each_start(&own, &mut |_, _, prefix, start| {
                starts.insert((prefix, start));
            })?;
            let known = earlier.identities(&others, &starts)?;
            let mut repeats = Vec::new();
            if !known.is_empty() {
                self.each_identity(&own, &starts, &mut |row, identity| {
                    if known.contains(&identity) {
                        repeats.push(row);
                    }
                })?;
            }
            Ok(repeats)
        })
    }

    /// The spans in these runs whose trace's prefix and start are among `starts`.
    pub fn identities(&self, runs: &[TraceRows], starts: &HashSet<(u64, u64)>) -> Result<HashSet<Identity>, ReadError> {
        let mut known = HashSet::new();
        self.each_identity(runs, starts, &mut |_, identity| {
            known.insert(identity);
        })?;
        Ok(known)
    }

    fn each_identity(
        &self,
        runs: &[TraceRows],
        starts: &HashSet<(u64, u64)>,
        see: &mut dyn FnMut(u32, Identity),
    ) -> Result<(), ReadError> {
        let mut asked: Vec<(usize, Rows)> = Vec::new();
        self.each_start(runs, &mut |group, row, prefix, start| {
            if starts.contains(&(prefix, start)) {
                if asked.last().is_none_or(|(last, _)| *last != group) {
                    asked.push((group, Rows::none(self.summary.row_groups[group].rows as usize)));
                }
                if let Some((_, rows)) = asked.last_mut() {
                    rows.insert(row);
                }
            }
        })?;
        for (number, rows) in asked {
            let mut group = Group::open(self, number)?;
            let mut column = |intrinsic, width| {
                let mut column = Column::new(width);
                column.extend(rows.count());
                group.fill(&Field::Intrinsic(intrinsic), &rows, &mut column, 0)?;
                Ok::<Column, ReadError>(column)
            };
            let (traces, spans) = (column(Intrinsic::TraceId, 16)?, column(Intrinsic::SpanId, 8)?);
            let (starts, kinds) = (column(Intrinsic::StartNs, 0)?, column(Intrinsic::Kind, 0)?);
            let first_row = self.summary.row_groups[number].first_row as u32;
            for (place, row) in rows.iter().enumerate() {
                let trace = traces.id(place).try_into().unwrap_or_default();
                let span = spans.id(place).try_into().unwrap_or_default();
                see(first_row + row as u32, (trace, span, starts.data[place], kinds.data[place] as i32));
            }
        }
        Ok(())
    }

    /// Calls `see` with row group, row in it, trace's prefix and start of each row in these runs, by row group.
    fn each_start(&self, runs: &[TraceRows], see: &mut dyn FnMut(usize, usize, u64, u64)) -> Result<(), ReadError> {
        let mut runs = runs.to_vec();
        runs.sort_unstable_by_key(|run| run.first_row);
        for (number, group) in self.summary.row_groups.iter().enumerate() {
            let first = runs.partition_point(|run| u64::from(run.first_row) < group.first_row);
            let end = runs.partition_point(|run| u64::from(run.first_row) < group.first_row + group.rows);
            if first >= end {
                continue;
            }
            let mut rows = Rows::none(group.rows as usize);
            let start_of = |run: &TraceRows| (u64::from(run.first_row) - group.first_row) as usize;
            for run in &runs[first..end] {
                rows.insert_range(start_of(run)..start_of(run) + run.rows as usize);
            }
            let starts = Group::open(self, number)?.starts(&rows)?;
            let mut at = first;
            for (row, start) in rows.iter().zip(starts) {
                while at + 1 < end && start_of(&runs[at + 1]) <= row {
                    at += 1;
                }
                see(number, row, runs[at].prefix, start);
            }
        }
        Ok(())
    }

    /// The runs of these traces, or of some whose ids begin alike.
    pub fn runs_of<'t>(&self, trace_ids: impl Iterator<Item = &'t TraceId>) -> Vec<TraceRows> {
        trace_ids.flat_map(|id| self.traces.find(id)).copied().collect()
    }
}

/// The runs of either list whose prefix is in both, which are sorted by it.
fn shared(a: &[TraceRows], b: &[TraceRows]) -> (Vec<TraceRows>, Vec<TraceRows>) {
    let (mut own, mut others) = (Vec::new(), Vec::new());
    let (mut a, mut b) = (a, b);
    while let (Some(first), Some(second)) = (a.first(), b.first()) {
        match first.prefix.cmp(&second.prefix) {
            std::cmp::Ordering::Less => a = &a[1..],
            std::cmp::Ordering::Greater => b = &b[1..],
            std::cmp::Ordering::Equal => {
                let prefix = first.prefix;
                let of = |runs: &[TraceRows]| runs.iter().take_while(|run| run.prefix == prefix).count();
                let (here, there) = (of(a), of(b));
                own.extend_from_slice(&a[..here]);
                others.extend_from_slice(&b[..there]);
                (a, b) = (&a[here..], &b[there..]);
            }
        }
    }
    (own, others)
}

/// The same of a trace's id.
pub fn prefixed(trace_id: &TraceId, start: u64) -> (u64, u64) {
    (trace_prefix(trace_id), start)
}
