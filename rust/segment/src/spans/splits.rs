//! Which traces lie in several places, and where: trees are made of all their parts.

use std::ops::RangeInclusive;

use hashbrown::{HashMap, HashSet};

use super::joined::Joined;
use super::scan::Places;
use crate::error::ReadError;
use crate::hot::Shaped;
use crate::index::{TraceRows, trace_prefix};
use crate::newest::TraceId;
use crate::reader::{Group, GroupTable, SegmentFile};
use crate::rows::Rows;
use crate::select::Table;

/// By file and row group: rows of traces that lie elsewhere, too, or whose ids begin like that of one that does.
pub struct Splits(HashMap<(usize, usize), Rows>);

impl Splits {
    /// Of all that are there: segments by each other, and what of the log lies in segments, too.
    pub fn find(places: &Places) -> Splits {
        let mut prefixes: Vec<u64> =
            places.files.iter().flat_map(|file| file.traces.runs()).map(|run| run.prefix).collect();
        prefixes.sort_unstable();
        let mut split: HashSet<u64> =
            prefixes.windows(2).filter(|pair| pair[0] == pair[1]).map(|pair| pair[0]).collect();
        split.extend(places.chunks.iter().flat_map(|chunk| &chunk.trace_ids).map(trace_prefix));
        let mut rows = HashMap::new();
        for (number, file) in places.files.iter().enumerate() {
            put_runs(number, file, file.traces.runs().iter().filter(|run| split.contains(&run.prefix)), &mut rows);
        }
        Splits(rows)
    }

    pub fn rows(&self, file: usize, group: usize) -> Option<&Rows> {
        self.0.get(&(file, group))
    }

    /// The traces that have a span in a row group or chunk that may start in the window: all their parts.
    pub fn joined<'p>(&self, places: &'p Places, window: &RangeInclusive<u64>) -> Result<Joined<'p>, ReadError> {
        let mut asked: HashSet<u64> = HashSet::new();
        for (file, group) in self.0.keys() {
            let file = &places.files[*file];
            let of_group = &file.summary.row_groups[*group];
            if of_group.min_start_ns <= *window.end() && of_group.max_start_ns >= *window.start() {
                let rows = of_group.first_row..of_group.first_row + of_group.rows;
                let runs = file.traces.runs().iter().filter(|run| rows.contains(&run.first_row.into()));
                asked.extend(runs.map(|run| run.prefix));
            }
        }
        let chunks = || places.chunks.iter();
        let due =
            chunks().filter(|chunk| chunk.least_start <= *window.end() && chunk.greatest_start >= *window.start());
        asked.extend(due.flat_map(|chunk| &chunk.trace_ids).map(trace_prefix));
        let mut rows = HashMap::new();
        for (number, file) in places.files.iter().enumerate() {
            let runs = file.traces.runs().iter().filter(|run| asked.contains(&run.prefix));
            let split = |run: &&TraceRows| {
                let (group, start) = group_of(file, run);
                self.0.get(&(number, group)).is_some_and(|rows| rows.contains(start))
            };
            put_runs(number, file, runs.filter(split), &mut rows);
        }
        let mut tables = tables(places, rows)?;
        for chunk in chunks() {
            let mut rows = Rows::none(chunk.rows());
            let of_asked = (0..chunk.rows()).filter(|row| asked.contains(&trace_prefix(&chunk.trace_ids[*row])));
            of_asked.for_each(|row| rows.insert(row));
            if !rows.is_empty() {
                tables.push((Box::new(Shaped(chunk)), rows));
            }
        }
        Joined::new(tables, None)
    }
}

/// These traces, in this order, out of all places.
pub fn traces<'p>(places: &'p Places, trace_ids: &[TraceId]) -> Result<Joined<'p>, ReadError> {
    let mut rows = HashMap::new();
    for (number, file) in places.files.iter().enumerate() {
        put_runs(number, file, file.runs_of(trace_ids.iter()).iter(), &mut rows);
    }
    let mut tables = tables(places, rows)?;
    for chunk in &places.chunks {
        let mut rows = Rows::none(chunk.rows());
        trace_ids.iter().flat_map(|id| chunk.rows_of(id)).for_each(|row| rows.insert(*row as usize));
        if !rows.is_empty() {
            tables.push((Box::new(Shaped(chunk)), rows));
        }
    }
    Joined::new(tables, Some(trace_ids))
}

type Tables<'p> = Vec<(Box<dyn Table + 'p>, Rows)>;

/// In the order of the files: of spans that are there twice, the first counts.
fn tables(places: &Places, rows: HashMap<(usize, usize), Rows>) -> Result<Tables<'_>, ReadError> {
    let mut parts: Vec<((usize, usize), Rows)> = rows.into_iter().collect();
    parts.sort_unstable_by_key(|(place, _)| *place);
    let mut tables: Tables = Vec::new();
    for ((file, group), rows) in parts {
        tables.push((Box::new(GroupTable::new(Group::open(&places.files[file], group)?)), rows));
    }
    Ok(tables)
}

fn put_runs<'r>(
    number: usize,
    file: &SegmentFile,
    runs: impl Iterator<Item = &'r TraceRows>,
    rows: &mut HashMap<(usize, usize), Rows>,
) {
    for run in runs {
        let (group, start) = group_of(file, run);
        let of_group = file.summary.row_groups[group].rows as usize;
        let rows = rows.entry((number, group)).or_insert_with(|| Rows::none(of_group));
        rows.insert_range(start..start + run.rows as usize);
    }
}

/// A run's row group, and its first row there.
fn group_of(file: &SegmentFile, run: &TraceRows) -> (usize, usize) {
    let first = u64::from(run.first_row);
    let group = file.summary.row_groups.partition_point(|group| group.first_row <= first).saturating_sub(1);
    (group, (first - file.summary.row_groups[group].first_row) as usize)
}
