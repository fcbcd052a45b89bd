//! Spans into the order of a segment: traces by their first start, spans of a trace in pre-order, siblings by start.

use hashbrown::{HashMap, HashTable};

use super::scan::Span;
use crate::hash::mix;

/// A span's row: which span, and how it hangs together with the others of its trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    pub span: u32,
    /// Rows back to the parent; 0: no parent here.
    pub parent_distance: u32,
    /// How many of the next rows are below this one.
    pub descendants: u32,
}

#[derive(Clone, Debug, Default)]
pub struct Ordered {
    pub rows: Vec<Row>,
    pub traces: Vec<Trace>,
    /// Spans left out because the same trace id, span id, start and kind came before.
    pub duplicates: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trace {
    pub trace_id: [u8; 16],
    pub first_row: u32,
    pub rows: u32,
}

/// Spans by trace, each trace in the order in which they came.
pub struct Grouped {
    /// By trace: id, and the range of `members`.
    traces: Vec<([u8; 16], std::ops::Range<usize>)>,
    members: Vec<u32>,
}

/// What makes a span the same as another: sent twice, it counts once.
pub fn is_same(a: &Span, b: &Span) -> bool {
    (a.span_id, a.start_ns, a.kind, a.trace_id) == (b.span_id, b.start_ns, b.kind, b.trace_id)
}

impl Grouped {
    pub fn new(spans: &[Span]) -> Grouped {
        let mut ids: Vec<[u8; 16]> = Vec::new();
        let mut counts: Vec<usize> = Vec::new();
        let mut table: HashTable<u32> = HashTable::new();
        let hash = |id: &[u8; 16]| {
            let id = u128::from_le_bytes(*id);
            mix(id as u64, (id >> 64) as u64)
        };
        let numbers: Vec<u32> = spans
            .iter()
            .map(|span| {
                let same = |at: &u32| ids[*at as usize] == span.trace_id;
                let entry = table.entry(hash(&span.trace_id), same, |at| hash(&ids[*at as usize]));
                let number = *entry.or_insert(ids.len() as u32).get();
                if number as usize == ids.len() {
                    ids.push(span.trace_id);
                    counts.push(0);
                }
                counts[number as usize] += 1;
                number
            })
            .collect();
        let mut end = 0;
        let range = |(id, count)| {
            end += count;
            (id, end - count..end)
        };
        let traces: Vec<_> = ids.into_iter().zip(counts).map(range).collect();
        let mut next: Vec<usize> = traces.iter().map(|(_, range)| range.start).collect();
        let mut members = vec![0; spans.len()];
        for (span, number) in numbers.iter().enumerate() {
            let place = &mut next[*number as usize];
            members[*place] = span as u32;
            *place += 1;
        }
        Grouped { traces, members }
    }

    /// Trace ids and the spans of each.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8; 16], &[u32])> {
        self.traces.iter().map(|(id, range)| (id, &self.members[range.clone()]))
    }

    /// Rows of the traces that `keep` likes.
    pub fn order(&self, spans: &[Span], mut keep: impl FnMut(&[u8; 16], &[u32]) -> bool) -> Ordered {
        let mut kept: Vec<(u64, &[u8; 16], &[u32])> = self
            .iter()
            .filter(|(id, members)| keep(id, members))
            .map(|(id, members)| {
                let first = members.iter().map(|span| spans[*span as usize].start_ns).min();
                (first.unwrap_or(0), id, members)
            })
            .collect();
        kept.sort_unstable_by_key(|(start, id, _)| (*start, *id));
        let mut ordered = Ordered::default();
        let mut tree = Tree::default();
        for (_, id, members) in kept {
            let first_row = ordered.rows.len();
            ordered.duplicates += tree.put(spans, members, &mut ordered.rows);
            let rows = (ordered.rows.len() - first_row) as u32;
            ordered.traces.push(Trace { trace_id: *id, first_row: first_row as u32, rows });
        }
        ordered
    }
}

const NONE: u32 = u32::MAX;
/// Up to this many spans a parent is looked for by looking at all.
const FEW: usize = 24;

/// Room to work in for one trace after the other. Places count spans by start.
#[derive(Default)]
struct Tree {
    members: Vec<u32>,
    by_id: HashMap<[u8; 8], u32>,
    parents: Vec<u32>,
    first_child: Vec<u32>,
    next_sibling: Vec<u32>,
    /// By place: the row, counted from the trace's first.
    row_of: Vec<u32>,
    visited: Vec<u32>,
}

impl Tree {
    /// Appends the trace's rows; answers how many duplicates were left out.
    fn put(&mut self, spans: &[Span], members: &[u32], rows: &mut Vec<Row>) -> usize {
        let span = |at: u32| &spans[at as usize];
        self.members.clear();
        self.members.extend_from_slice(members);
        let key = |at: &u32| (span(*at).start_ns, span(*at).span_id, span(*at).kind, *at);
        self.members.sort_unstable_by_key(key);
        self.members.dedup_by(|later, earlier| is_same(span(*later), span(*earlier)));
        self.find_parents(spans);
        self.break_cycles();
        self.link_siblings();
        let first_row = rows.len();
        self.walk(rows);
        for at in (first_row + 1..rows.len()).rev() {
            let Row { parent_distance, descendants, .. } = rows[at];
            if parent_distance > 0 {
                rows[at - parent_distance as usize].descendants += descendants + 1;
            }
        }
        members.len() - self.members.len()
    }

    fn find_parents(&mut self, spans: &[Span]) {
        let count = self.members.len();
        let span = |place: usize| &spans[self.members[place] as usize];
        if count > FEW {
            self.by_id.clear();
            for place in 0..count {
                let better = |old: u32| is_better_parent(span(place), span(old as usize));
                let id = span(place).span_id;
                if self.by_id.get(&id).is_none_or(|old| better(*old)) {
                    self.by_id.insert(id, place as u32);
                }
            }
        }
        let find = |id: [u8; 8]| {
            if count > FEW {
                return self.by_id.get(&id).copied();
            }
            let with_id = (0..count).filter(|place| span(*place).span_id == id);
            let best =
                with_id.reduce(|best, place| if is_better_parent(span(place), span(best)) { place } else { best });
            best.map(|place| place as u32)
        };
        let parent = |place: usize| match span(place).parent_span_id {
            id if id == [0; 8] || id == span(place).span_id => NONE,
            id => find(id).unwrap_or(NONE),
        };
        self.parents = (0..count).map(parent).collect();
    }

    /// Makes the first span by start of every cycle one without parent.
    fn break_cycles(&mut self) {
        let count = self.parents.len();
        self.visited.clear();
        self.visited.resize(count, NONE);
        for start in 0..count {
            let mut at = start;
            while self.visited[at] == NONE {
                self.visited[at] = start as u32;
                match self.parents[at] {
                    NONE => break,
                    parent => at = parent as usize,
                }
            }
            if self.visited[at] != start as u32 || self.parents[at] == NONE {
                continue;
            }
            // `at` was met twice on the way from `start`: it is on a cycle.
            let (mut least, mut on) = (at, self.parents[at] as usize);
            while on != at {
                least = least.min(on);
                on = self.parents[on] as usize;
            }
            self.parents[least] = NONE;
        }
    }

    fn link_siblings(&mut self) {
        let count = self.parents.len();
        // One more for the spans without parent.
        self.first_child.clear();
        self.first_child.resize(count + 1, NONE);
        self.next_sibling.clear();
        self.next_sibling.resize(count, NONE);
        for place in (0..count).rev() {
            let parent = (self.parents[place] as usize).min(count);
            self.next_sibling[place] = self.first_child[parent];
            self.first_child[parent] = place as u32;
        }
    }

    fn walk(&mut self, rows: &mut Vec<Row>) {
        let count = self.parents.len();
        self.row_of.clear();
        self.row_of.resize(count, 0);
        let (mut at, mut row) = (self.first_child[count], 0);
        while at != NONE {
            let parent = self.parents[at as usize];
            let parent_distance = if parent == NONE { 0 } else { row - self.row_of[parent as usize] };
            rows.push(Row { span: self.members[at as usize], parent_distance, descendants: 0 });
            self.row_of[at as usize] = row;
            row += 1;
            let mut next = self.first_child[at as usize];
            while next == NONE && at != NONE {
                next = self.next_sibling[at as usize];
                at = self.parents[at as usize];
            }
            at = next;
        }
    }
}

/// Of two spans with one id (Zipkin's client and server share them) the server is the parent of those below.
fn is_better_parent(new: &Span, old: &Span) -> bool {
    const SERVER: i32 = 2;
    new.kind == SERVER && old.kind != SERVER
}
