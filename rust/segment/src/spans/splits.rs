//! Which traces lie in several places, and where: trees are made of all their parts.

use std::ops::Range;
use std::sync::Arc;

use hashbrown::{HashMap, HashSet};
use parking_lot::Mutex;

use super::joined::{Gathering, Joined, Skeleton};
use super::pieces::{Part, Piece, cut};
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

/// Traces that lie in several segments, or whose ids begin like another's there.
#[derive(Debug)]
pub struct Splits {
    /// Of the segments, in their order.
    shares: Vec<Arc<Share>>,
    /// Of about so many rows.
    piece_rows: usize,
    pub pieces: Vec<Arc<Piece>>,
}

impl Default for Splits {
    /// Of no segments.
    fn default() -> Splits {
        Splits::in_pieces_of(1 << 14)
    }
}

/// As of the last question about whole traces.
#[derive(Debug, Default)]
pub struct SplitsByTenant(Mutex<HashMap<Arc<str>, OfTenant>>);

type OfTenant = Arc<Mutex<Arc<Splits>>>;

impl SplitsByTenant {
    /// Of these files, which are all of the tenant. Who asks meanwhile waits, and finds nearly all done.
    pub fn of(&self, tenant: &str, files: &[Arc<SegmentFile>]) -> Result<Arc<Splits>, ReadError> {
        let of_tenant = self.0.lock().entry(tenant.into()).or_default().clone();
        let mut known = of_tenant.lock();
        if !known.are_of(files) {
            *known = Arc::new(known.followed(files)?);
        }
        Ok(known.clone())
    }

    /// Forgets those of other tenants.
    pub fn keep(&self, tenants: HashSet<&str>) {
        self.0.lock().retain(|tenant, _| tenants.contains(&**tenant));
    }
}

/// What a segment has of them.
#[derive(Debug)]
struct Share {
    path: Arc<str>,
    /// The file's when it was first seen: it may have been closed and opened since.
    number: u64,
    /// By prefix.
    runs: Vec<TraceRows>,
    /// The same by row group.
    rows: Vec<(usize, Rows)>,
}

impl Splits {
    /// Of no segments, for traces that are looked at so many rows at a time.
    pub fn in_pieces_of(rows: usize) -> Splits {
        Splits { shares: Vec::new(), piece_rows: rows, pieces: Vec::new() }
    }

    /// Whether they are those of these files.
    pub fn are_of(&self, files: &[Arc<SegmentFile>]) -> bool {
        self.shares.iter().map(|share| &share.path).eq(files.iter().map(|file| &file.path))
    }

    /// Those of other files. Only what is new or went is looked at, and traces that have a part there.
    pub fn followed(&self, files: &[Arc<SegmentFile>]) -> Result<Splits, ReadError> {
        let places: HashMap<&str, usize> = (0..).zip(&self.shares).map(|(at, share)| (&*share.path, at)).collect();
        let known: Vec<Option<usize>> = files.iter().map(|file| places.get(&*file.path).copied()).collect();
        if !known.iter().flatten().is_sorted() {
            // Of spans that are there twice another file's would count.
            return Splits::in_pieces_of(self.piece_rows).followed(files);
        }
        let (changed, runs) = self.changed(files, &known);
        let mut shares = Vec::new();
        for ((file, runs), known) in files.iter().zip(&runs).zip(&known) {
            shares.push(match known.map(|at| &self.shares[at]) {
                Some(known) => known.changed(file, &changed, runs)?,
                None => Arc::new(Share::new(file, file.number, runs.clone())?),
            });
        }
        let apart = looked_at_again(files, &shares, &runs)?;
        let pieces = self.pieces.iter().map(|piece| (piece, piece.without(&changed)));
        let (kept, parts): (Vec<_>, Vec<_>) =
            pieces.partition(|(piece, traces)| traces.is_all() && piece.rows() >= self.piece_rows / 2);
        let parts = parts.into_iter().map(|(piece, traces)| Part { of: piece, traces });
        let parts: Vec<Part> = parts.chain([Part::all(&apart)]).collect();
        let pieces = kept.into_iter().map(|(piece, _)| piece.clone()).chain(cut(&parts, self.piece_rows)).collect();
        Ok(Splits { shares, piece_rows: self.piece_rows, pieces })
    }

    /// Prefixes of traces that have a part in a file that is new or went; and of each file, in order, their runs that
    /// lie in several places.
    fn changed(&self, files: &[Arc<SegmentFile>], known: &[Option<usize>]) -> (HashSet<u64>, Vec<Vec<TraceRows>>) {
        let kept: HashSet<usize> = known.iter().flatten().copied().collect();
        let gone = self.shares.iter().enumerate().filter(|(at, _)| !kept.contains(at));
        let mut changed: HashSet<u64> = gone.flat_map(|(_, share)| &share.runs).map(|run| run.prefix).collect();
        let new = files.iter().zip(known).filter(|(_, known)| known.is_none());
        let mut new: Vec<u64> = new.flat_map(|(file, _)| file.traces.runs()).map(|run| run.prefix).collect();
        new.sort_unstable();
        changed.extend(new.windows(2).filter(|pair| pair[0] == pair[1]).map(|pair| pair[0]));
        new.dedup();
        let mut runs: Vec<Vec<TraceRows>> = Vec::new();
        for (file, known) in files.iter().zip(known) {
            let met = known.map(|_| file.traces.find_all(&new)).unwrap_or_default();
            changed.extend(met.iter().map(|(_, run)| run.prefix));
            runs.push(met.into_iter().map(|(_, run)| run).collect());
        }
        let mut count: HashMap<u64, u32> = HashMap::new();
        for ((file, known), runs) in files.iter().zip(known).zip(&mut runs) {
            let all = known.map_or_else(|| file.traces.runs(), |at| &self.shares[at].runs);
            runs.extend(all.iter().filter(|run| changed.contains(&run.prefix)));
            runs.sort_unstable();
            // What was split before may have been met again.
            runs.dedup();
            runs.iter().for_each(|run| *count.entry(run.prefix).or_default() += 1);
        }
        runs.iter_mut().for_each(|runs| runs.retain(|run| count[&run.prefix] > 1));
        (changed, runs)
    }

    /// Each piece where it lies in these files.
    pub fn placed(&self) -> impl Iterator<Item = (&Piece, Split)> {
        let places: HashMap<u64, usize> = self.shares.iter().map(|share| share.number).zip(0..).collect();
        self.pieces.iter().map(move |piece| {
            let groups = piece.groups.iter().map(|(file, group)| (places[file], *group)).collect();
            (&**piece, Split { groups, skeleton: piece.skeleton.clone() })
        })
    }
}

impl Share {
    fn new(file: &SegmentFile, number: u64, runs: Vec<TraceRows>) -> Result<Share, ReadError> {
        let rows = rows_of_file(file, runs.clone())?;
        Ok(Share { path: file.path.clone(), number, runs, rows })
    }

    /// The same with these instead of those that have changed.
    fn changed(
        self: &Arc<Share>,
        file: &SegmentFile,
        changed: &HashSet<u64>,
        runs: &[TraceRows],
    ) -> Result<Arc<Share>, ReadError> {
        let mut all: Vec<TraceRows> = self.runs.iter().filter(|run| !changed.contains(&run.prefix)).copied().collect();
        all.extend(runs);
        all.sort_unstable();
        if all == self.runs {
            return Ok(self.clone());
        }
        Ok(Arc::new(Share::new(file, self.number, all)?))
    }
}

/// The traces in these runs of each file.
fn looked_at_again(
    files: &[Arc<SegmentFile>],
    shares: &[Arc<Share>],
    runs: &[Vec<TraceRows>],
) -> Result<Piece, ReadError> {
    let (mut gathering, mut groups) = (Gathering::default(), Vec::new());
    for ((file, share), runs) in files.iter().zip(shares).zip(runs) {
        for (group, rows) in rows_of_file(file, runs.clone())? {
            // One at a time: together their pages would be all that there are.
            gathering.add(&mut GroupTable::new(Group::open(file, group)?), &rows)?;
            groups.push((share.number, group));
        }
    }
    Ok(Piece::new(groups, gathering.finish()))
}
/// A piece where it lies now, not opened yet.
pub struct Split {
    groups: Vec<GroupPlace>,
    skeleton: Arc<Skeleton>,
}

impl Split {
    pub fn open<'p>(&self, places: &'p Places) -> Result<Joined<'p>, ReadError> {
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
        let rows = (0..)
            .zip(&splits.shares)
            .flat_map(|(file, share)| share.rows.iter().map(move |(group, rows)| ((file, *group), rows.clone())));
        let mut apart: HashMap<GroupPlace, Rows> = rows.collect();
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
        let rows = rows_of_file(file, runs(file))?;
        all.extend(rows.into_iter().map(|(group, rows)| ((number, group), rows)));
    }
    Ok(all)
}

/// The same of one file.
fn rows_of_file(file: &SegmentFile, runs: Vec<TraceRows>) -> Result<Vec<(usize, Rows)>, ReadError> {
    let groups = by_group(file, runs)?.into_iter().map(|(group, runs)| {
        let mut rows = Rows::none(file.summary.row_groups[group].rows as usize);
        runs.into_iter().for_each(|run| rows.insert_range(run));
        (group, rows)
    });
    Ok(groups.collect())
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
