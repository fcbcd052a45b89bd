//! Spans into the order of a segment: traces by their first start, spans of a trace in pre-order, siblings by start.

use hashbrown::HashTable;

use super::scan::Span;
use super::tree::Tree;
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
