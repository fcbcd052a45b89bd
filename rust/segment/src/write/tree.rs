//! The spans of one trace in pre-order.

use hashbrown::HashMap;

use super::order::{Row, is_same};
use super::scan::Span;

const NONE: u32 = u32::MAX;
/// Up to this many spans a parent is looked for by looking at all.
const FEW: usize = 24;

/// Room to work in for one trace after the other. Places count spans by start.
#[derive(Default)]
pub struct Tree {
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
    pub fn put(&mut self, spans: &[Span], members: &[u32], rows: &mut Vec<Row>) -> usize {
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

#[cfg(test)]
mod tests {
    use super::super::order::{Grouped, Ordered};
    use super::*;

    /// Spans of one trace, from (id, parent, start, kind).
    fn spans(of: &[(u64, u64, u64, i32)]) -> Vec<Span> {
        let span = |&(id, parent, start_ns, kind): &(u64, u64, u64, i32)| Span {
            trace_id: [1; 16],
            span_id: id.to_be_bytes(),
            parent_span_id: parent.to_be_bytes(),
            start_ns,
            end_ns: start_ns,
            kind,
            around: Default::default(),
            place: Default::default(),
        };
        of.iter().map(span).collect()
    }

    #[test]
    fn rows_are_in_pre_order_whatever_points_where() {
        let mut state = 1u64;
        let mut below = |end: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 33) % end
        };
        for count in (0..40).chain([200]) {
            for ids in [2, 10, 400] {
                let one = |_| (1 + below(ids), below(ids + 1), below(50), below(4) as i32);
                let spans = spans(&(0..count).map(one).collect::<Vec<_>>());
                let Ordered { rows, duplicates, .. } = Grouped::new(&spans).order(&spans, |_, _| true);
                assert_eq!(rows.len() + duplicates, spans.len());
                let mut used: Vec<u32> = rows.iter().map(|row| row.span).collect();
                used.sort_unstable();
                used.dedup();
                assert_eq!(used.len(), rows.len());
                for (at, row) in rows.iter().enumerate() {
                    let (span, inside) = (&spans[row.span as usize], at + 1..at + 1 + row.descendants as usize);
                    let parent = |at: usize| at - rows[at].parent_distance as usize;
                    assert!(inside.clone().all(|below| rows[below].parent_distance > 0 && parent(below) >= at));
                    assert!(
                        rows.get(inside.end)
                            .is_none_or(|_| parent(inside.end) < at || parent(inside.end) == inside.end)
                    );
                    if row.parent_distance > 0 {
                        assert_eq!(spans[rows[parent(at)].span as usize].span_id, span.parent_span_id);
                    }
                    let children = inside.filter(|below| parent(*below) == at);
                    assert!(children.map(|child| spans[rows[child].span as usize].start_ns).is_sorted());
                }
            }
        }
    }

    #[test]
    fn a_circle_is_broken_at_its_first_span_and_a_server_is_the_better_parent() {
        let circle = spans(&[(1, 3, 30, 0), (2, 1, 10, 0), (3, 2, 20, 0), (4, 3, 5, 0)]);
        let rows = Grouped::new(&circle).order(&circle, |_, _| true).rows;
        let shape: Vec<_> = rows.iter().map(|row| (row.span, row.parent_distance, row.descendants)).collect();
        assert_eq!(shape, [(1, 0, 3), (2, 1, 2), (3, 1, 0), (0, 2, 0)]);
        let shared = spans(&[(1, 0, 1, 3), (1, 0, 2, 2), (2, 1, 3, 0)]);
        let rows = Grouped::new(&shared).order(&shared, |_, _| true).rows;
        assert_eq!(rows[2], Row { span: 2, parent_distance: 1, descendants: 0 });
    }
}
