//! The newest distinct traces among all hits offered, exactly; and the walk over blocks that stops when it can.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Instant;

use hashbrown::HashMap;
use parking_lot::{Mutex, MutexGuard};

use crate::error::ReadError;
use crate::filter::Filter;
use crate::share::{self, Turns};

pub type TraceId = [u8; 16];

/// Rows that are searched at once.
pub trait Block: Send + Sync {
    /// The rows' least and greatest start.
    fn starts(&self) -> RangeInclusive<u64>;
    /// Offers every row that the filter means and whose start lies in `window`; it may leave out what `newest` refuses.
    fn search(&self, filter: &Filter, window: &RangeInclusive<u64>, newest: &mut Newest) -> Result<(), ReadError>;
    /// The smaller blocks that are searched in its stead, without those in which the filter means nothing; `None` if it
    /// is searched itself. Asked for when it is due.
    fn parts(&self, _filter: &Filter) -> Result<Option<Vec<Arc<dyn Block>>>, ReadError> {
        Ok(None)
    }
}

/// Up to `limit` traces, by the start of their newest hit; of equal starts the greater id.
#[derive(Debug)]
pub struct Newest {
    limit: usize,
    /// Older hits are refused.
    floor: u64,
    by_start: BTreeSet<(u64, TraceId)>,
    by_trace: HashMap<TraceId, u64>,
}

impl Newest {
    pub fn new(limit: usize) -> Newest {
        Newest { limit, floor: 0, by_start: BTreeSet::new(), by_trace: HashMap::new() }
    }

    /// For hits that are to be taken in here: refuses what would be refused now.
    fn beside(&self) -> Newest {
        Newest { floor: self.oldest(), ..Newest::new(self.limit) }
    }

    fn take_in(&mut self, other: Newest) {
        other.by_start.into_iter().rev().for_each(|(start, trace_id)| self.offer(trace_id, start));
    }

    /// False if hits with this start can change nothing any more, nor any older ones.
    pub fn wants(&self, start: u64) -> bool {
        let is_full = self.by_start.len() >= self.limit;
        start >= self.floor && (!is_full || self.by_start.first().is_some_and(|(oldest, _)| start >= *oldest))
    }

    /// Hits that are older can change nothing any more.
    pub fn oldest(&self) -> u64 {
        match self.by_start.first() {
            Some((oldest, _)) if self.by_start.len() >= self.limit => *oldest,
            _ => self.floor,
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
/// over. Threads take turns: which of them searches a block, and what it knows of the others' hits, changes nothing but
/// the work.
pub fn newest(
    blocks: Vec<Arc<dyn Block>>,
    filter: &Arc<Filter>,
    window: &RangeInclusive<u64>,
    limit: usize,
    deadline: Option<Instant>,
) -> Result<Traces, ReadError> {
    let (due, number) = (BTreeMap::new(), 0);
    let mut found = Found { due, number, newest: Newest::new(limit), ended: Ok("") };
    let (filter, window) = (filter.clone(), window.clone());
    found.add(blocks, &window);
    let search = Arc::new(Search { filter, window, deadline, found: Mutex::new(found) });
    let others = search.clone();
    Turns::offer(share::threads(), move |_| others.go_on()).finish();
    let found = &mut *search.found.lock();
    let newest = std::mem::replace(&mut found.newest, Newest::new(0));
    std::mem::replace(&mut found.ended, Ok("")).map(|partial| Traces { found: newest.finish(), partial })
}

struct Search {
    filter: Arc<Filter>,
    window: RangeInclusive<u64>,
    deadline: Option<Instant>,
    found: Mutex<Found>,
}

/// How far it has come.
struct Found {
    /// By newest start; of equal ones that which came first.
    due: BTreeMap<(u64, Reverse<usize>), Arc<dyn Block>>,
    /// Of blocks that were due so far.
    number: usize,
    newest: Newest,
    /// Why it ended early.
    ended: Result<&'static str, ReadError>,
}

impl Search {
    /// Until nothing is left that can change the answer.
    fn go_on(&self) {
        let mut found = self.found.lock();
        loop {
            let result = match self.next(&mut found) {
                Ok(Some(block)) => {
                    let mut newest = found.newest.beside();
                    let searched =
                        MutexGuard::unlocked(&mut found, || block.search(&self.filter, &self.window, &mut newest));
                    searched.map(|()| found.newest.take_in(newest))
                }
                Ok(None) => return,
                Err(error) => Err(error),
            };
            if let Err(error) = result {
                found.end(Err(error));
            }
        }
    }

    /// The next block that is due and has no parts.
    fn next(&self, found: &mut Found) -> Result<Option<Arc<dyn Block>>, ReadError> {
        while let Some(((last, _), block)) = found.due.pop_last() {
            if !found.newest.wants(last) {
                break;
            }
            if self.deadline.is_some_and(|deadline| Instant::now() >= deadline) {
                found.end(Ok("time"));
                break;
            }
            match block.parts(&self.filter)? {
                Some(parts) => found.add(parts, &self.window),
                None => return Ok(Some(block)),
            }
        }
        Ok(None)
    }
}

impl Found {
    fn add(&mut self, blocks: Vec<Arc<dyn Block>>, window: &RangeInclusive<u64>) {
        for block in blocks {
            let starts = block.starts();
            if starts.start() <= window.end() && starts.end() >= window.start() {
                self.number += 1;
                self.due.insert((*starts.end(), Reverse(self.number)), block);
            }
        }
    }

    /// Nothing more is due; an error counts before all else.
    fn end(&mut self, how: Result<&'static str, ReadError>) {
        self.due.clear();
        if self.ended.is_ok() {
            self.ended = how;
        }
    }
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
