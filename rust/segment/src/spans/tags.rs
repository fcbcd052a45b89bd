//! Which keys there are, and which values a field has.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use super::column::{ABSENT, Column};
use super::groups::Groups;
use super::pass::Flow;
use super::scan::{Places, Scan};
use crate::error::ReadError;
use crate::filter::{Filter, Wanted};
use crate::hot::Shaped;
use crate::reader::Group;
use crate::rows::Rows;

/// Scope, key and type.
pub type TagName = (String, String, String);

/// Of all segments and chunks that overlap a window.
pub fn names(places: &Places, window: &RangeInclusive<u64>, limit: usize) -> Result<Vec<TagName>, ReadError> {
    let mut names = BTreeSet::new();
    for file in &places.files {
        let summary = &file.summary;
        if summary.min_start_ns > *window.end() || summary.max_start_ns < *window.start() {
            continue;
        }
        names.extend(summary.keys.iter().map(|key| ("span".to_owned(), key.key.clone(), key.of.clone())));
        names.extend(summary.other_keys.iter().cloned());
    }
    for chunk in &places.chunks {
        if chunk.least_start <= *window.end() && chunk.greatest_start >= *window.start() {
            names.extend(chunk.names()?.iter().cloned());
        }
    }
    Ok(names.into_iter().take(limit).collect())
}

/// The distinct values of a field of the spans that a filter means: a row each, sorted by type and value. Without a
/// filter those of all row groups that overlap the window.
pub fn values(
    places: &Places,
    wanted: &Wanted,
    filter: &Filter,
    window: &RangeInclusive<u64>,
    limit: usize,
) -> Result<Column, ReadError> {
    let mut groups = Groups::new(std::slice::from_ref(wanted));
    let everything = matches!(filter, Filter::All(parts) if parts.is_empty());
    if everything && !wanted.asks_trace() {
        all_values(places, wanted, window, limit, &mut groups)?;
    } else {
        Scan::new(places, filter, window.clone(), wanted.asks_trace()).each(&mut |table, found| {
            groups.numbers(table, found)?;
            Ok(if groups.count() > limit { Flow::Stop("") } else { Flow::On })
        })?;
    }
    let column = groups.finish().1.pop().unwrap_or_default();
    Ok(sorted(column, limit))
}

fn all_values(
    places: &Places,
    wanted: &Wanted,
    window: &RangeInclusive<u64>,
    limit: usize,
    groups: &mut Groups,
) -> Result<(), ReadError> {
    let due = |least: u64, greatest: u64| least <= *window.end() && greatest >= *window.start();
    for file in &places.files {
        for (number, of) in file.summary.row_groups.iter().enumerate() {
            if !due(of.min_start_ns, of.max_start_ns) || groups.count() > limit {
                continue;
            }
            let mut group = Group::open(file, number)?;
            let told = group.distinct(&wanted.field, &mut |value| {
                groups.number(&[Some(value)]);
                groups.count() <= limit
            })?;
            if !told {
                groups.numbers(&mut crate::reader::GroupTable::new(group), &Rows::all(of.rows as usize))?;
            }
        }
    }
    for chunk in places.chunks.iter().filter(|chunk| due(chunk.least_start, chunk.greatest_start)) {
        if groups.count() <= limit {
            groups.numbers(&mut Shaped::new(chunk), &Rows::all(chunk.rows()))?;
        }
    }
    Ok(())
}

fn sorted(mut column: Column, limit: usize) -> Column {
    let mut order: Vec<u32> = (0..column.len() as u32).filter(|row| column.tags[*row as usize] != ABSENT).collect();
    order.sort_by(|a, b| column.compare(*a as usize, *b as usize));
    order.truncate(limit);
    column.reorder(&order);
    column
}
