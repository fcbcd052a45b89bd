//! Which traces lie in several places, and where: trees are made of all their parts.

use std::ops::Range;
use std::sync::Arc;

use hashbrown::{HashMap, HashSet};

use super::joined::{Gathering, Joined, Skeleton};
use super::scan::Places;
use crate::error::ReadError;
use crate::hot::Shaped;
use crate::index::TraceRows;
use crate::newest::TraceId;
use crate::reader::{Group, GroupTable, SegmentFile};
use crate::rows::Rows;
use crate::select::Table;

/// A file's place and a row group's number.
type GroupPlace = (usize, usize);

/// About so many rows of them are looked at together, so that who asks for what is newest need not look at all.
const PIECE_ROWS: usize = 1 << 14;

/// Traces that lie in several segments. They are the same as long as these are.
#[derive(Debug, Default)]
pub struct Splits {
    /// The files' numbers.
    files: Vec<u64>,
    /// Rows of such traces, or of some whose ids begin like theirs; in order.
    rows: Vec<(GroupPlace, Rows)>,
    /// The traces, the newest first.
    pub pieces: Vec<Piece>,
}

/// Some of them.
#[derive(Debug)]
pub struct Piece {
    /// Where they lie, in order.
    groups: Vec<GroupPlace>,
    pub skeleton: Arc<Skeleton>,
}

impl Splits {
    pub fn find(files: &[Arc<SegmentFile>]) -> Result<Splits, ReadError> {
        let mut prefixes: Vec<u64> = files.iter().flat_map(|file| file.traces.runs()).map(|run| run.prefix).collect();
        prefixes.sort_unstable();
        let split: HashSet<u64> = prefixes.windows(2).filter(|pair| pair[0] == pair[1]).map(|pair| pair[0]).collect();
        let rows = rows_of(files, |file| {
            file.traces.runs().iter().filter(|run| split.contains(&run.prefix)).copied().collect()
        })?;
        let mut gathering = Gathering::default();
        for ((file, group), rows) in &rows {
            // One at a time: together their pages would be all that there are.
            gathering.add(&mut GroupTable::new(Group::open(&files[*file], *group)?), rows)?;
        }
        let skeleton = gathering.finish();
        let groups: Vec<GroupPlace> = rows.iter().map(|(place, _)| *place).collect();
        let pieces = skeleton.pieces(PIECE_ROWS).into_iter();
        let pieces = pieces.map(|(tables, skeleton)| Piece {
            groups: tables.into_iter().map(|table| groups[table]).collect(),
            skeleton: Arc::new(skeleton),
        });
        Ok(Splits { files: files.iter().map(|file| file.number).collect(), rows, pieces: pieces.collect() })
    }

    /// Whether they are those of these files.
    pub fn are_of(&self, files: &[Arc<SegmentFile>]) -> bool {
        self.files.iter().copied().eq(files.iter().map(|file| file.number))
    }
}

impl Piece {
    pub fn joined<'p>(&self, places: &'p Places) -> Result<Joined<'p>, ReadError> {
        let mut tables: Vec<Box<dyn Table + 'p>> = Vec::new();
        for (file, group) in &self.groups {
            tables.push(Box::new(GroupTable::new(Group::open(&places.files[*file], *group)?)));
        }
        Ok(Joined::new(tables, self.skeleton.clone()))
    }
}

/// Rows of segments that are looked at together with rows elsewhere.
pub struct Apart(HashMap<GroupPlace, Rows>);

impl Apart {
    /// Those of split traces, and of these.
    pub fn new(places: &Places, splits: &Splits, trace_ids: &HashSet<TraceId>) -> Result<Apart, ReadError> {
        let mut apart: HashMap<GroupPlace, Rows> = splits.rows.iter().cloned().collect();
        if !trace_ids.is_empty() {
            for (place, rows) in rows_of(&places.files, |file| file.runs_of(trace_ids.iter()))? {
                match apart.get_mut(&place) {
                    Some(known) => known.add(&rows),
                    None => {
                        apart.insert(place, rows);
                    }
                }
            }
        }
        Ok(Apart(apart))
    }

    pub fn rows(&self, file: usize, group: usize) -> Option<&Rows> {
        self.0.get(&(file, group))
    }
}

/// These traces, in this order, out of all places.
pub fn traces<'p>(places: &'p Places, trace_ids: &[TraceId]) -> Result<Joined<'p>, ReadError> {
    // Of spans that are there twice the first counts: files before the log.
    let mut tables: Vec<(Box<dyn Table + 'p>, Rows)> = Vec::new();
    for ((file, group), rows) in rows_of(&places.files, |file| file.runs_of(trace_ids.iter()))? {
        tables.push((Box::new(GroupTable::new(Group::open(&places.files[file], group)?)), rows));
    }
    for chunk in &places.chunks {
        let mut rows = Rows::none(chunk.rows());
        trace_ids.iter().flat_map(|id| chunk.rows_of(id)).for_each(|row| rows.insert(*row as usize));
        if !rows.is_empty() {
            tables.push((Box::new(Shaped::new(chunk)), rows));
        }
    }
    let mut gathering = Gathering::of(trace_ids);
    tables.iter_mut().try_for_each(|(table, rows)| gathering.add(&mut **table, rows))?;
    let skeleton = Arc::new(gathering.finish());
    Ok(Joined::new(tables.into_iter().map(|(table, _)| table).collect(), skeleton))
}

/// The rows of some runs in each row group that has any, in order.
fn rows_of(
    files: &[Arc<SegmentFile>],
    runs: impl Fn(&SegmentFile) -> Vec<TraceRows>,
) -> Result<Vec<(GroupPlace, Rows)>, ReadError> {
    let mut all = Vec::new();
    for (number, file) in files.iter().enumerate() {
        for (group, runs) in by_group(file, runs(file))? {
            let mut rows = Rows::none(file.summary.row_groups[group].rows as usize);
            runs.into_iter().for_each(|run| rows.insert_range(run));
            all.push(((number, group), rows));
        }
    }
    Ok(all)
}

/// A row group of a file, and runs of its rows.
pub type GroupRuns = (usize, Vec<Range<usize>>);

/// Some runs of a file as rows of each row group that has any; row groups in order.
pub fn by_group(file: &SegmentFile, runs: Vec<TraceRows>) -> Result<Vec<GroupRuns>, ReadError> {
    let mut rows: Vec<Vec<Range<usize>>> = vec![Vec::new(); file.summary.row_groups.len()];
    for run in &runs {
        let run = file.run(run)?;
        rows[run.group].push(run.rows);
    }
    Ok(rows.into_iter().enumerate().filter(|(_, rows)| !rows.is_empty()).collect())
}
