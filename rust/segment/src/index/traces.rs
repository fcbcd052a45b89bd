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

/// Sorted by prefix and row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TraceIndex {
    runs: Vec<TraceRows>,
}

impl TraceIndex {
    pub fn new(mut runs: Vec<TraceRows>) -> TraceIndex {
        runs.sort_unstable();
        TraceIndex { runs }
    }

    /// Rows of traces whose ids begin like this one's.
    pub fn find(&self, trace_id: &[u8; 16]) -> &[TraceRows] {
        let prefix = trace_prefix(trace_id);
        let first = self.runs.partition_point(|run| run.prefix < prefix);
        let count = self.runs[first..].iter().take_while(|run| run.prefix == prefix).count();
        &self.runs[first..first + count]
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
