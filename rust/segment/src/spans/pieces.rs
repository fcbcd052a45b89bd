//! Split traces in pieces that are looked at one after the other, so that who asks for what is newest need not look at
//! all, and no more than a piece's pages are in memory.

use std::cmp::Reverse;
use std::ops::Range;
use std::sync::Arc;

use hashbrown::{HashMap, HashSet};

use super::joined::Skeleton;
use super::tree::{NONE, Tree};
use crate::index::trace_prefix;
use crate::rows::Rows;

/// A file's number and a row group's.
pub type GroupPlace = (u64, usize);

/// Some traces. Its skeleton's tables are row groups.
#[derive(Debug, Default)]
pub struct Piece {
    pub groups: Vec<GroupPlace>,
    pub skeleton: Arc<Skeleton>,
    /// The greatest start.
    pub newest: u64,
}

impl Piece {
    pub fn new(groups: Vec<GroupPlace>, skeleton: Skeleton) -> Piece {
        Piece { groups, newest: newest(&skeleton.starts), skeleton: Arc::new(skeleton) }
    }

    /// Its traces but those with such a prefix.
    pub fn without(&self, prefixes: &HashSet<u64>) -> Rows {
        let ids = &self.skeleton.trace_ids;
        let mut others = Rows::none(ids.len());
        let kept = ids.iter().enumerate().filter(|(_, id)| !prefixes.contains(&trace_prefix(id)));
        kept.for_each(|(number, _)| others.insert(number));
        others
    }

    pub fn rows(&self) -> usize {
        self.skeleton.starts.len()
    }
}

/// Traces of a piece, by their number there.
pub struct Part<'p> {
    pub of: &'p Piece,
    pub traces: Rows,
}

impl Part<'_> {
    pub fn all(of: &Piece) -> Part<'_> {
        Part { of, traces: Rows::all(of.skeleton.trace_ids.len()) }
    }
}

struct Trace {
    newest: u64,
    /// Its piece, its number and its rows there.
    of: usize,
    number: usize,
    rows: Range<usize>,
}

/// A piece that grows.
#[derive(Default)]
struct Growing {
    groups: Vec<GroupPlace>,
    tables: HashMap<GroupPlace, usize>,
    skeleton: Skeleton,
    tree: Tree,
}

/// Cuts traces into pieces of about so many rows, the newest first.
pub fn cut(parts: &[Part], most: usize) -> Vec<Arc<Piece>> {
    let mut pieces: Vec<Growing> = Vec::new();
    // By row of each: its new piece and the row there.
    let mut moved: Vec<Vec<(usize, u32)>> =
        parts.iter().map(|each| vec![(usize::MAX, 0); each.of.skeleton.starts.len()]).collect();
    for Trace { of, number, rows, .. } in newest_first(parts) {
        if pieces.last().is_none_or(|piece| piece.skeleton.starts.len() >= most) {
            pieces.push(Growing::default());
        }
        let last = pieces.len() - 1;
        let first = pieces[last].take(&parts[of].of.skeleton, number, rows.clone());
        rows.clone().zip(first..).for_each(|(row, here)| moved[of][row] = (last, here));
    }
    for (each, moved) in parts.iter().zip(&moved) {
        for (group, places) in each.of.groups.iter().zip(&each.of.skeleton.places) {
            // The group's table in each piece.
            let mut tables: Vec<Option<usize>> = vec![None; pieces.len()];
            for (row, before) in places {
                let (number, here) = moved[*before as usize];
                if let Some(piece) = pieces.get_mut(number) {
                    let table = *tables[number].get_or_insert_with(|| piece.table(*group));
                    piece.skeleton.places[table].push((*row, here));
                }
            }
        }
    }
    pieces.into_iter().map(|piece| Arc::new(piece.finish())).collect()
}

fn newest_first(parts: &[Part]) -> Vec<Trace> {
    let mut traces = Vec::new();
    for (of, Part { of: piece, traces: wanted }) in parts.iter().enumerate() {
        let starts = &piece.skeleton.starts;
        let all = piece.skeleton.tree.each_trace().enumerate().filter(|(number, _)| wanted.contains(*number));
        traces.extend(all.map(|(number, rows)| Trace { newest: newest(&starts[rows.clone()]), of, number, rows }));
    }
    traces.sort_unstable_by_key(|trace| (Reverse(trace.newest), trace.of, trace.number));
    traces
}

fn newest(starts: &[u64]) -> u64 {
    starts.iter().max().copied().unwrap_or_default()
}

impl Growing {
    /// Takes a trace in, all but where it lies; answers its first row here.
    fn take(&mut self, from: &Skeleton, number: usize, rows: Range<usize>) -> u32 {
        let Growing { skeleton, tree, .. } = self;
        let first = skeleton.starts.len() as u32;
        tree.traces.push(first);
        skeleton.trace_ids.push(from.trace_ids[number]);
        skeleton.starts.extend_from_slice(&from.starts[rows.clone()]);
        tree.descendants.extend_from_slice(&from.tree.descendants[rows.clone()]);
        for (row, here) in rows.clone().zip(first..) {
            let parent = from.tree.parents[row];
            tree.parents.push(if parent == NONE { NONE } else { parent - rows.start as u32 + first });
            if let Some(id) = from.tree.orphans.get(&(row as u32)) {
                tree.orphans.insert(here, *id);
            }
        }
        first
    }

    fn table(&mut self, group: GroupPlace) -> usize {
        *self.tables.entry(group).or_insert_with(|| {
            self.groups.push(group);
            self.skeleton.places.push(Vec::new());
            self.groups.len() - 1
        })
    }

    fn finish(self) -> Piece {
        let Growing { groups, mut skeleton, tree, .. } = self;
        skeleton.places.iter_mut().for_each(|places| places.sort_unstable());
        skeleton.tree = Arc::new(tree);
        Piece::new(groups, skeleton)
    }
}
