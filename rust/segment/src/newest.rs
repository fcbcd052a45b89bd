//! The newest distinct traces among all hits offered, exactly; and the walk over blocks that stops when it can.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Instant;

use hashbrown::HashMap;

use crate::error::ReadError;
use crate::filter::Filter;

pub type TraceId = [u8; 16];

/// Rows that are searched at once.
pub trait Block {
    /// The rows' least and greatest start.
    fn starts(&self) -> RangeInclusive<u64>;
    /// Offers every row that the filter means and whose start lies in `window`; it may leave out what `newest` refuses.
    fn search(&self, filter: &Filter, window: &RangeInclusive<u64>, newest: &mut Newest) -> Result<(), ReadError>;
    /// The smaller blocks that are searched in its stead, if it has any; asked for when it is due.
    fn parts(&self) -> Result<Option<Vec<Arc<dyn Block>>>, ReadError> {
        Ok(None)
    }
}

/// Up to `limit` traces, by the start of their newest hit; of equal starts the greater id.
pub struct Newest {
    limit: usize,
    by_start: BTreeSet<(u64, TraceId)>,
    by_trace: HashMap<TraceId, u64>,
}

impl Newest {
    pub fn new(limit: usize) -> Newest {
        Newest { limit, by_start: BTreeSet::new(), by_trace: HashMap::new() }
    }

    /// False if hits with this start can change nothing any more, nor any older ones.
    pub fn wants(&self, start: u64) -> bool {
        self.by_start.len() < self.limit || self.by_start.first().is_some_and(|(oldest, _)| start >= *oldest)
    }

    /// Hits that are older can change nothing any more.
    pub fn oldest(&self) -> u64 {
        match self.by_start.first() {
            Some((oldest, _)) if self.by_start.len() >= self.limit => *oldest,
            _ => 0,
        }
    }

    pub fn offer(&mut self, trace_id: TraceId, start: u64) {
        if !self.wants(start) {
            return;
        }
        match self.by_trace.get_mut(&trace_id) {
            Some(known) if *known >= start => return,
            Some(known) => {
                self.by_start.remove(&(*known, trace_id));
                *known = start;
            }
            None => {
                self.by_trace.insert(trace_id, start);
            }
        }
        self.by_start.insert((start, trace_id));
        if self.by_start.len() > self.limit
            && let Some((_, oldest)) = self.by_start.pop_first()
        {
            self.by_trace.remove(&oldest);
        }
    }

    /// Newest first.
    pub fn finish(self) -> Vec<(TraceId, u64)> {
        self.by_start.into_iter().rev().map(|(start, trace_id)| (trace_id, start)).collect()
    }
}

/// What a search found, each trace with its newest hit.
#[derive(Debug)]
pub struct Traces {
    /// Newest first.
    pub found: Vec<(TraceId, u64)>,
    /// What ended it early; empty if nothing did.
    pub partial: &'static str,
}

/// The newest `limit` traces with a span that the filter means and that starts in `window`.
///
/// Blocks are searched by their newest row, until the last trace wanted is newer than all that is left, or the time is
/// over.
pub fn newest(
    blocks: Vec<Arc<dyn Block>>,
    filter: &Filter,
    window: &RangeInclusive<u64>,
    limit: usize,
    deadline: Option<Instant>,
) -> Result<Traces, ReadError> {
    let (mut newest, mut number) = (Newest::new(limit), 0);
    let mut due = BTreeMap::new();
    let mut add = |due: &mut BTreeMap<_, _>, blocks: Vec<Arc<dyn Block>>| {
        for block in blocks {
            let starts = block.starts();
            if starts.start() <= window.end() && starts.end() >= window.start() {
                number += 1;
                due.insert((*starts.end(), Reverse(number)), block);
            }
        }
    };
    add(&mut due, blocks);
    while let Some(((last, _), block)) = due.pop_last() {
        if !newest.wants(last) {
            break;
        }
        if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
            return Ok(Traces { found: newest.finish(), partial: "time" });
        }
        match block.parts()? {
            Some(parts) => add(&mut due, parts),
            None => block.search(filter, window, &mut newest)?,
        }
    }
    Ok(Traces { found: newest.finish(), partial: "" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_counts_once_by_its_newest_hit() {
        let mut newest = Newest::new(2);
        let hits = [(1, 10), (2, 30), (1, 40), (3, 20), (3, 50), (2, 60), (1, 45)];
        hits.iter().for_each(|(id, start)| newest.offer([*id; 16], *start));
        assert_eq!(newest.finish(), [([2; 16], 60), ([3; 16], 50)]);
    }

    #[test]
    fn nothing_is_wanted_for_a_limit_of_nothing() {
        let mut newest = Newest::new(0);
        newest.offer([1; 16], 5);
        assert!(!newest.wants(5) && newest.finish().is_empty());
    }

    #[test]
    fn equal_starts_are_told_apart_by_id_so_that_answers_do_not_depend_on_order() {
        for order in [[1, 2, 3], [3, 2, 1], [2, 3, 1]] {
            let mut newest = Newest::new(2);
            order.iter().for_each(|id| newest.offer([*id; 16], 7));
            assert_eq!(newest.finish(), [([3; 16], 7), ([2; 16], 7)]);
        }
    }
}
