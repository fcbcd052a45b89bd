//! Which rows a trace has. In traces each has one run of rows, in logs one for each record or run of records.

use std::io;

use otelier_wire::protobuf::{Cursor, put_varint};

use super::{count, damaged, number};
use crate::hash::hash_bytes;

/// A run of rows of one trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TraceRows {
    /// Of the trace's id; see [`trace_prefix`].
    pub prefix: u64,
    pub first_row: u32,
    pub rows: u32,
}

/// A number for a trace id, of all its bytes: the first eight are all zero where ids of 64 bits are padded. Whoever finds
/// it must compare the whole id.
pub fn trace_prefix(trace_id: &[u8; 16]) -> u64 {
    hash_bytes(trace_id)
}

/// Prefixes are hashes, spread evenly: by their first bits each run goes to a bucket of a few, and these are sorted.
fn sorted(runs: Vec<TraceRows>) -> Vec<TraceRows> {
    let bits = runs.len().checked_ilog2().unwrap_or_default().clamp(1, 24);
    let bucket = |run: &TraceRows| (run.prefix >> (64 - bits)) as usize;
    let mut ends = vec![0u32; 1 << bits];
    runs.iter().for_each(|run| ends[bucket(run)] += 1);
    let mut end = 0;
    for count in &mut ends {
        // First where the bucket begins; then, when all are placed, where it ends.
        (*count, end) = (end, end + *count);
    }
    let mut placed = vec![TraceRows { prefix: 0, first_row: 0, rows: 0 }; runs.len()];
    for run in runs {
        let next = &mut ends[bucket(&run)];
        placed[*next as usize] = run;
        *next += 1;
    }
    let mut start = 0;
    for end in ends {
        placed[start..end as usize].sort_unstable();
        start = end as usize;
    }
    placed
}

/// Sorted by prefix and row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TraceIndex {
    runs: Vec<TraceRows>,
}

impl TraceIndex {
    pub fn new(runs: Vec<TraceRows>) -> TraceIndex {
        TraceIndex { runs: sorted(runs) }
    }

    /// Rows of traces whose ids begin like this one's.
    pub fn find(&self, trace_id: &[u8; 16]) -> &[TraceRows] {
        let prefix = trace_prefix(trace_id);
        let first = self.first_of(prefix);
        let count = self.runs[first..].iter().take_while(|run| run.prefix == prefix).count();
        &self.runs[first..first + count]
    }

    /// The runs of many traces, each with its prefix's place among those that were given.
    pub fn find_all(&self, prefixes: &[u64]) -> Vec<(usize, TraceRows)> {
        let mut found = Vec::new();
        for (place, prefix) in prefixes.iter().enumerate() {
            let runs = &self.runs[self.first_of(*prefix)..];
            found.extend(runs.iter().take_while(|run| run.prefix == *prefix).map(|run| (place, *run)));
        }
        found
    }

    /// The first run whose prefix is not less. Prefixes are spread evenly, so it is near where it would be if they were
    /// all equally far apart: some cache lines are looked at instead of one for each halving of all.
    fn first_of(&self, prefix: u64) -> usize {
        let is_before = |at: usize| self.runs.get(at).is_some_and(|run| run.prefix < prefix);
        let guess = ((u128::from(prefix) * self.runs.len() as u128) >> 64) as usize;
        let (mut low, mut high, mut reach) = (guess, guess, 4);
        while low > 0 && !is_before(low - 1) {
            (high, low) = (low, low.saturating_sub(reach));
            reach *= 2;
        }
        while is_before(high) {
            (low, high) = (high, (high + reach).min(self.runs.len()));
            reach *= 2;
        }
        low + self.runs[low..high].partition_point(|run| run.prefix < prefix)
    }

    pub fn runs(&self) -> &[TraceRows] {
        &self.runs
    }

    /// Runs in the order of rows: all prefixes, then for each the rows since the run before, and how many it has.
    pub fn encode(&self) -> Vec<u8> {
        let mut runs = self.runs.clone();
        runs.sort_unstable_by_key(|run| run.first_row);
        let mut out = Vec::with_capacity(10 * runs.len() + 5);
        put_varint(&mut out, runs.len());
        runs.iter().for_each(|run| out.extend_from_slice(&run.prefix.to_be_bytes()));
        let mut next = 0;
        for run in &runs {
            put_varint(&mut out, (run.first_row - next) as usize);
            put_varint(&mut out, run.rows as usize);
            next = run.first_row + run.rows;
        }
        out
    }

    pub fn decode(content: &[u8]) -> io::Result<TraceIndex> {
        let mut cursor = Cursor::new(content);
        if cursor.is_empty() {
            return Ok(TraceIndex::default());
        }
        let count = count(&mut cursor)?;
        let prefixes = cursor.take(8 * count).map_err(|_| damaged("traces are cut off"))?;
        let mut next = 0u64;
        let mut runs = Vec::with_capacity(count);
        for prefix in prefixes.as_chunks().0 {
            let first_row = next.saturating_add(number(&mut cursor)?);
            let rows = number(&mut cursor)?;
            next = first_row.saturating_add(rows);
            let (Ok(first_row), Ok(rows), true) = (first_row.try_into(), rows.try_into(), next <= u32::MAX.into())
            else {
                return Err(damaged("a trace has rows beyond all"));
            };
            runs.push(TraceRows { prefix: u64::from_be_bytes(*prefix), first_row, rows });
        }
        Ok(TraceIndex::new(runs))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_found_by_their_trace_in_the_order_of_rows() {
        let id = |number: u32| [[0; 12].as_slice(), &number.to_be_bytes()].concat().try_into().unwrap();
        for count in [0u32, 1, 2, 3, 100, 5_000] {
            let rows = (0..count).map(|row| row * 7_919 % count.max(1));
            let run = |row| TraceRows { prefix: trace_prefix(&id(row / 3)), first_row: 2 * row, rows: 1 };
            let index = TraceIndex::new(rows.map(run).collect());
            assert!(index.runs().is_sorted());
            for number in 0..count.div_ceil(3) {
                let own: Vec<u32> = index.find(&id(number)).iter().map(|run| run.first_row).collect();
                let expected: Vec<u32> = (3 * number..count.min(3 * number + 3)).map(|row| 2 * row).collect();
                assert_eq!(own, expected);
            }
            let mut prefixes: Vec<u64> =
                (0..count / 3 + 50).step_by(2).map(|number| trace_prefix(&id(number))).collect();
            prefixes.sort_unstable();
            let one_by_one = prefixes.iter().enumerate().flat_map(|(place, prefix)| {
                index.runs().iter().filter(move |run| run.prefix == *prefix).map(move |run| (place, *run))
            });
            assert!(index.find_all(&prefixes).into_iter().eq(one_by_one));
            assert_eq!(TraceIndex::decode(&index.encode()).unwrap(), index);
        }
    }
}
