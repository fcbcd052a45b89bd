//! What an answer tells of the traces that a search found: a few of the spans that were meant, and of the whole trace
//! when it was, and who had part in it.

mod facts;
mod part;

use std::ops::{Range, RangeInclusive};
use std::sync::Arc;

use hashbrown::{HashMap, HashSet};

use super::column::Column;
use super::scan::{Places, Read};
use super::splits;
use crate::error::ReadError;
use crate::filter::{Field, Filter, Intrinsic, Wanted};
use crate::index::{TraceRows, trace_prefix};
use crate::newest::TraceId;
use crate::reader::{Group, GroupTable, SegmentFile, read_here};
use crate::rows::Rows;
use crate::select::Table;
use crate::share::Turns;
use crate::write::Interner;
use part::Part;

/// What is asked.
#[derive(Debug)]
pub struct Asked {
    /// Which spans of a trace were meant.
    pub filter: Filter,
    pub window: RangeInclusive<u64>,
    /// What is told of them.
    pub fields: Vec<Wanted>,
    /// How many of a trace are told: the first by start.
    pub most: usize,
}

/// Traces in the order in which they were asked for, without those of which nothing is meant.
#[derive(Debug, Default)]
pub struct Told {
    pub traces: Vec<Trace>,
    /// Service, its spans and how many of them failed; the trace's are neighbours, by name.
    pub services: Vec<(u32, u32, u32)>,
    pub service_names: Interner,
    /// As the fields were asked for: a trace's spans are neighbours, by start.
    pub columns: Vec<Arc<Column>>,
    pub read: Read,
}

/// One of them. All but the spans is about the whole trace.
#[derive(Clone, Debug)]
pub struct Trace {
    pub id: TraceId,
    pub start_ns: u64,
    pub end_ns: u64,
    pub services: Range<usize>,
    /// How many spans are meant.
    pub matched: usize,
    /// Rows of the columns. One at least, which tells the trace's root.
    pub spans: Range<usize>,
}

/// The answer does not depend on how many threads there are: each row group has a part of its own.
pub fn tell(places: &Places, trace_ids: &[TraceId], asked: &Arc<Asked>) -> Result<Told, ReadError> {
    let (runs, apart) = runs(places, trace_ids);
    let mut groups = Vec::new();
    for (file, runs) in places.files.iter().zip(runs) {
        let of_file = splits::by_group(file, runs)?.into_iter();
        groups.extend(of_file.map(|(number, runs)| (file.clone(), number, runs)));
    }
    let numbers = trace_ids.iter().enumerate().map(|(number, id)| (*id, number)).collect();
    let telling = Arc::new(Telling { asked: asked.clone(), numbers, apart, groups });
    let turns = Turns::offer(telling.groups.len(), {
        let telling = telling.clone();
        move |group| telling.of_group(group)
    });
    let joined = telling.of_joined(places, trace_ids);
    let parts: Result<Vec<Part>, ReadError> = turns.finish().into_iter().chain([joined]).collect();
    Ok(Part::together(parts?))
}

/// By file the runs of these traces, or of some whose ids begin alike; and the traces that do not lie as one run of one
/// file.
fn runs(places: &Places, trace_ids: &[TraceId]) -> (Vec<Vec<TraceRows>>, HashSet<TraceId>) {
    let mut sorted: Vec<(u64, &TraceId)> = trace_ids.iter().map(|id| (trace_prefix(id), id)).collect();
    sorted.sort_unstable();
    let prefixes: Vec<u64> = sorted.iter().map(|(prefix, _)| *prefix).collect();
    let mut count = vec![0; sorted.len()];
    let of_file = |file: &Arc<SegmentFile>| {
        let found = file.traces.find_all(&prefixes);
        found.iter().for_each(|(place, _)| count[*place] += 1);
        found.into_iter().map(|(_, run)| run).collect()
    };
    let runs = places.files.iter().map(of_file).collect();
    let hot = |id: &TraceId| places.chunks.iter().any(|chunk| !chunk.rows_of(id).is_empty());
    let apart = sorted.iter().zip(count).filter(|((_, id), count)| *count > 1 || hot(id));
    (runs, apart.map(|((_, id), _)| **id).collect())
}

struct Telling {
    asked: Arc<Asked>,
    /// Of the traces, in the order in which they are told.
    numbers: HashMap<TraceId, usize>,
    /// Traces that do not lie as one run of one file.
    apart: HashSet<TraceId>,
    /// And in each, runs of the traces, or of some whose ids begin alike.
    groups: Vec<(Arc<SegmentFile>, usize, Vec<Range<usize>>)>,
}

impl Telling {
    fn of_group(&self, group: usize) -> Result<Part, ReadError> {
        let (file, number, runs) = &self.groups[group];
        let before = read_here();
        let mut table = GroupTable::new(Group::open(file, *number)?);
        let traces = self.own(&mut table, runs)?;
        table.only(traces.iter().map(|trace| trace.rows.clone()).collect());
        let mut part = Part::of(&mut table, &traces, &self.asked)?;
        part.read.row_groups = 1;
        part.read.since(before);
        Ok(part)
    }

    /// Of traces that lie in several places.
    fn of_joined(&self, places: &Places, trace_ids: &[TraceId]) -> Result<Part, ReadError> {
        let apart: Vec<TraceId> = trace_ids.iter().filter(|id| self.apart.contains(*id)).copied().collect();
        if apart.is_empty() {
            return Ok(Part::empty(&self.asked));
        }
        let before = read_here();
        let mut joined = splits::traces(places, &apart)?;
        let traces = joined.trace_ids().iter().zip(joined.forest().each_trace());
        let traces: Vec<Lying> = traces.map(|(id, rows)| Lying { id: *id, number: self.numbers[id], rows }).collect();
        let mut part = Part::of(&mut joined, &traces, &self.asked)?;
        part.read.since(before);
        Ok(part)
    }

    /// The traces of these runs that are told from here, in order.
    fn own(&self, table: &mut GroupTable, runs: &[Range<usize>]) -> Result<Vec<Lying>, ReadError> {
        let mut runs = runs.to_vec();
        runs.sort_unstable_by_key(|run| run.start);
        runs.dedup();
        let mut firsts = Rows::none(table.rows());
        runs.iter().for_each(|run| firsts.insert(run.start));
        let mut ids = Column::new(16);
        ids.extend(firsts.count());
        table.fill(&Field::Intrinsic(Intrinsic::TraceId), &firsts, &mut ids, 0)?;
        let lying = |(place, rows): (usize, Range<usize>)| {
            let id: TraceId = ids.id(place).try_into().unwrap_or_default();
            let number = self.numbers.get(&id).copied().filter(|_| !self.apart.contains(&id))?;
            Some(Lying { id, number, rows })
        };
        Ok(runs.into_iter().enumerate().filter_map(lying).collect())
    }
}

/// A trace in a table.
struct Lying {
    id: TraceId,
    number: usize,
    rows: Range<usize>,
}
