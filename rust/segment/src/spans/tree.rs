//! The trees that the spans of whole traces are, as numbers of rows.

use std::ops::Range;

use hashbrown::HashMap;

use crate::filter::Relation;
use crate::rows::Rows;

/// Stands for no parent.
pub const NONE: u32 = u32::MAX;

/// A trace's rows, and the first of them that has no parent and names none.
pub type TraceRoot = (Range<usize>, Option<usize>);

/// Rows of whole traces: those of a trace are neighbours, each parent before what is below it, which follows it at once.
#[derive(Clone, Debug, Default)]
pub struct Tree {
    /// By row: the parent's row. Empty if nobody asked for it.
    pub parents: Vec<u32>,
    /// By row: how many of the next are below it.
    pub descendants: Vec<u32>,
    /// The first row of each trace, from 0 on.
    pub traces: Vec<u32>,
    /// Rows that name a parent which is not there, and its id.
    pub orphans: HashMap<u32, [u8; 8]>,
}

impl Tree {
    pub fn rows(&self) -> usize {
        self.descendants.len()
    }

    /// The rows of each trace.
    pub fn each_trace(&self) -> impl Iterator<Item = Range<usize>> + '_ {
        let ends = self.traces.iter().skip(1).copied().chain([self.rows() as u32]);
        self.traces.iter().zip(ends).map(|(start, end)| *start as usize..end as usize)
    }

    /// All rows of the traces that have one in `rows`.
    pub fn whole(&self, rows: &Rows) -> Rows {
        let mut whole = Rows::none(rows.len());
        if rows.is_all() {
            return rows.clone();
        }
        for trace in self.each_trace() {
            if rows.any_within(trace.clone()) {
                whole.insert_range(trace);
            }
        }
        whole
    }

    /// The traces that have some of these rows.
    pub fn roots(&self, rows: &Rows) -> Vec<TraceRoot> {
        let is_root = |row: &usize| self.parents[*row] == NONE && !self.orphans.contains_key(&(*row as u32));
        let traces = self.each_trace().filter(|trace| rows.any_within(trace.clone()));
        traces.map(|trace| (trace.clone(), trace.into_iter().find(is_root))).collect()
    }

    pub fn parent(&self, row: usize) -> Option<usize> {
        Some(self.parents[row]).filter(|parent| *parent != NONE).map(|parent| parent as usize)
    }

    /// The rows that have such a relative among `of`.
    pub fn related(&self, relation: Relation, of: &Rows) -> Rows {
        let mut found = Rows::none(of.len());
        match relation {
            Relation::Parent => {
                (0..self.rows())
                    .filter(|row| self.parent(*row).is_some_and(|parent| of.contains(parent)))
                    .for_each(|row| found.insert(row));
            }
            Relation::Child => of.iter().filter_map(|row| self.parent(row)).for_each(|parent| found.insert(parent)),
            Relation::Ancestor => {
                let mut end = 0;
                for row in of.iter() {
                    let below = row + 1 + self.descendants[row] as usize;
                    found.insert_range((row + 1).max(end)..below);
                    end = end.max(below);
                }
            }
            Relation::Descendant => {
                for row in of.iter() {
                    let mut above = self.parent(row);
                    while let Some(parent) = above.filter(|parent| !found.contains(*parent)) {
                        found.insert(parent);
                        above = self.parent(parent);
                    }
                }
            }
            Relation::Sibling => self.siblings(of, &mut found),
            Relation::Trace => found = self.whole(of),
        }
        found
    }

    fn siblings(&self, of: &Rows, found: &mut Rows) {
        let mut below: HashMap<u32, u32> = HashMap::new();
        let mut orphaned: HashMap<(u32, [u8; 8]), u32> = HashMap::new();
        for row in of.iter() {
            match self.parent(row) {
                Some(parent) => *below.entry(parent as u32).or_default() += 1,
                None => {
                    if let Some(family) = self.family(row) {
                        *orphaned.entry(family).or_default() += 1;
                    }
                }
            }
        }
        for row in 0..self.rows() {
            let count = match self.parent(row) {
                Some(parent) => below.get(&(parent as u32)),
                None => self.family(row).and_then(|family| orphaned.get(&family)),
            };
            if count.copied().unwrap_or(0) > u32::from(of.contains(row)) {
                found.insert(row);
            }
        }
    }

    /// Of an orphan: trace and the parent that is not there.
    fn family(&self, row: usize) -> Option<(u32, [u8; 8])> {
        let id = self.orphans.get(&(row as u32))?;
        let after = self.traces.partition_point(|first| *first as usize <= row);
        Some((after as u32, *id))
    }

    /// By row: how deep it lies below its root, 0 for roots.
    pub fn depths(&self) -> Vec<u32> {
        let mut depths = vec![0; self.rows()];
        for row in 0..self.rows() {
            if let Some(parent) = self.parent(row) {
                depths[row] = depths[parent] + 1;
            }
        }
        depths
    }

    /// By row: left number of its nested set.
    pub fn lefts(&self) -> Vec<u32> {
        let mut lefts = self.depths();
        for trace in self.each_trace() {
            for row in trace.clone() {
                lefts[row] = 2 * (row - trace.start) as u32 + 1 - lefts[row];
            }
        }
        lefts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 0 ─ 1 ─ 2, 0 ─ 3; 4 and 5 are orphans of the same parent; another trace: 6 ─ 7.
    fn tree() -> Tree {
        Tree {
            parents: vec![NONE, 0, 1, 0, NONE, NONE, NONE, 6],
            descendants: vec![3, 1, 0, 0, 0, 0, 1, 0],
            traces: vec![0, 6],
            orphans: [(4, [9; 8]), (5, [9; 8])].into_iter().collect(),
        }
    }

    fn related(relation: Relation, of: &[usize]) -> Vec<usize> {
        let mut rows = Rows::none(8);
        of.iter().for_each(|row| rows.insert(*row));
        tree().related(relation, &rows).iter().collect()
    }

    #[test]
    fn relatives_are_found() {
        assert_eq!(related(Relation::Parent, &[0, 6]), [1, 3, 7]);
        assert_eq!(related(Relation::Child, &[2, 7]), [1, 6]);
        assert_eq!(related(Relation::Ancestor, &[0, 1]), [1, 2, 3]);
        assert_eq!(related(Relation::Descendant, &[2, 3]), [0, 1]);
        assert_eq!(related(Relation::Sibling, &[1, 4]), [3, 5]);
        assert_eq!(related(Relation::Sibling, &[1, 3, 0, 6]), [1, 3]);
        assert_eq!(related(Relation::Trace, &[7]), [6, 7]);
    }

    #[test]
    fn nested_sets_are_numbered_over_roots_and_orphans() {
        assert_eq!(tree().lefts(), [1, 2, 3, 6, 9, 11, 1, 2]);
    }
}
