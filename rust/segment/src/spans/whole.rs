//! What whole traces say of their spans: numbers in the tree, the trace's root and duration.

use std::ops::Range;

use super::column::{ABSENT, Column, INT};
use super::tree::{NONE, Tree};
use crate::error::ReadError;
use crate::filter::value::Value;
use crate::filter::{Field, Intrinsic, Test, Whole};
use crate::rows::Rows;
use crate::select::Table;

/// Those rows of `among` for which a test of such a field holds.
pub fn test(table: &mut dyn Table, test: &Test, field: Whole, among: &Rows) -> Result<Rows, ReadError> {
    let mut column = Column::default();
    column.extend(among.count());
    fill(table, field, among, &mut column, 0)?;
    let mut found = Rows::none(among.len());
    for (place, row) in among.iter().enumerate() {
        let holds = column.value(place).is_some_and(|value| match value {
            Value::Text(text) => test.holds_for_text(text),
            value => test.condition.holds(value),
        });
        if holds {
            found.insert(row);
        }
    }
    Ok(found)
}

/// Puts such a field's values of `rows` into a column, from row `at` on.
pub fn fill(table: &mut dyn Table, field: Whole, rows: &Rows, out: &mut Column, at: usize) -> Result<(), ReadError> {
    match field {
        Whole::NestedLeft | Whole::NestedRight | Whole::NestedParent => {
            let Some(tree) = table.tree(true)? else { return Ok(()) };
            let lefts = tree.lefts();
            let number = |row: usize| match (field, tree.parents[row]) {
                (Whole::NestedLeft, _) => i64::from(lefts[row]),
                (Whole::NestedRight, _) => i64::from(lefts[row]) + 2 * i64::from(tree.descendants[row]) + 1,
                (_, NONE) => i64::from(tree.orphans.contains_key(&(row as u32))) - 1,
                (_, parent) => i64::from(lefts[parent as usize]),
            };
            put_ints(rows, out, at, number);
        }
        Whole::ChildCount => {
            let Some(tree) = table.tree(true)? else { return Ok(()) };
            let mut children = vec![0i64; tree.rows()];
            tree.parents.iter().filter(|parent| **parent != NONE).for_each(|parent| children[*parent as usize] += 1);
            put_ints(rows, out, at, |row| children[row]);
        }
        Whole::TraceDurationNs => {
            let Some(tree) = table.tree(true)? else { return Ok(()) };
            let all = tree.whole(rows);
            let (starts, durations) =
                (ints(table, Intrinsic::StartNs, &all)?, ints(table, Intrinsic::DurationNs, &all)?);
            let mut first = 0;
            each_trace(&tree, &all, rows, |trace, places| {
                let count = trace.len();
                let times = || {
                    (first..first + count).map(|place| (starts[place], starts[place].wrapping_add(durations[place])))
                };
                let start = times().map(|(start, _)| start).min().unwrap_or_default();
                let end = times().map(|(_, end)| end).max().unwrap_or_default();
                first += count;
                places.for_each(|place| out.set(at + place, (INT, end.wrapping_sub(start))));
            });
        }
        Whole::RootName => fill_of_roots(table, Intrinsic::Name, rows, out, at)?,
        Whole::RootService => fill_of_roots(table, Intrinsic::Service, rows, out, at)?,
    }
    Ok(())
}

/// The same of their traces' roots.
fn fill_of_roots(
    table: &mut dyn Table,
    field: Intrinsic,
    rows: &Rows,
    out: &mut Column,
    at: usize,
) -> Result<(), ReadError> {
    let Some(traces) = table.roots(rows)? else { return Ok(()) };
    let mut roots = Rows::none(rows.len());
    traces.iter().filter_map(|(_, root)| *root).for_each(|root| roots.insert(root));
    let end = out.extend(roots.count());
    table.fill(&Field::Intrinsic(field), &roots, out, end)?;
    let empty = out.entry(Value::Text(b""));
    let (mut of_root, mut place) = (end, at);
    for (trace, root) in traces {
        let mut entry = empty;
        if root.is_some() {
            if out.tags[of_root] != ABSENT {
                entry = (out.tags[of_root], out.data[of_root]);
            }
            of_root += 1;
        }
        let count = rows.count_within(trace);
        (place..place + count).for_each(|place| out.set(place, entry));
        place += count;
    }
    out.resize(end);
    Ok(())
}

/// Calls `see` with each trace that has rows in `all`, and the places of its rows in `rows`.
fn each_trace(tree: &Tree, all: &Rows, rows: &Rows, mut see: impl FnMut(Range<usize>, Range<usize>)) {
    let mut place = 0;
    for trace in tree.each_trace() {
        let count = rows.count_within(trace.clone());
        if all.any_within(trace.clone()) {
            see(trace, place..place + count);
        }
        place += count;
    }
}

fn put_ints(rows: &Rows, out: &mut Column, at: usize, number: impl Fn(usize) -> i64) {
    for (place, row) in rows.iter().enumerate() {
        out.set(at + place, (INT, number(row) as u64));
    }
}

/// An integer of each of the rows.
fn ints(table: &mut dyn Table, field: Intrinsic, rows: &Rows) -> Result<Vec<u64>, ReadError> {
    let mut column = Column::default();
    column.extend(rows.count());
    table.fill(&Field::Intrinsic(field), rows, &mut column, 0)?;
    Ok(column.data)
}
