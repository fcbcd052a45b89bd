//! What an answer tells of the traces that a search found: a few of the spans that were meant, and of the whole trace
//! when it was, and who had part in it.

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
use crate::reader::{Group, GroupTable, SegmentFile};
use crate::rows::Rows;
use crate::select::{Table, select};
use crate::write::Interner;

/// STATUS_CODE_ERROR.
const ERROR: u64 = 2;

/// What is asked.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// Which spans of a trace were meant.
    pub filter: &'a Filter,
    pub window: &'a RangeInclusive<u64>,
    /// What is told of them.
    pub fields: &'a [Wanted],
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

/// Fields of whole traces' rows, which summaries are made of.
struct Facts {
    starts: Column,
    durations: Column,
    statuses: Column,
    services: Column,
}

pub fn tell(places: &Places, trace_ids: &[TraceId], asked: &Asked) -> Result<Told, ReadError> {
    let (reads, bytes) = crate::reader::read_here();
    let mut telling = Telling::new(asked, trace_ids.len());
    let numbers: HashMap<TraceId, usize> = trace_ids.iter().enumerate().map(|(number, id)| (*id, number)).collect();
    let (runs, apart) = runs(places, trace_ids);
    for (file, runs) in places.files.iter().zip(runs) {
        for (number, runs) in splits::by_group(file, runs)? {
            let mut table = GroupTable::new(Group::open(file, number)?);
            let runs = own(&mut table, runs, &numbers, &apart)?;
            table.only(runs.iter().map(|(_, run)| run.clone()).collect());
            telling.read.row_groups += 1;
            telling.table(&mut table, &runs, trace_ids)?;
        }
    }
    let apart: Vec<TraceId> = trace_ids.iter().filter(|id| apart.contains(*id)).copied().collect();
    if !apart.is_empty() {
        let mut joined = splits::traces(places, &apart)?;
        let traces: Vec<(usize, Range<usize>)> =
            joined.trace_ids().iter().map(|id| numbers[id]).zip(joined.forest().each_trace()).collect();
        telling.table(&mut joined, &traces, trace_ids)?;
    }
    let now = crate::reader::read_here();
    (telling.read.pages, telling.read.bytes) = (now.0 - reads, now.1 - bytes);
    Ok(telling.finish())
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

/// Of runs that may be others' whose ids begin alike those of the wanted traces, and their numbers; in order.
fn own(
    table: &mut GroupTable,
    mut runs: Vec<Range<usize>>,
    numbers: &HashMap<TraceId, usize>,
    apart: &HashSet<TraceId>,
) -> Result<Vec<(usize, Range<usize>)>, ReadError> {
    runs.sort_unstable_by_key(|run| run.start);
    runs.dedup();
    let mut firsts = Rows::none(table.rows());
    runs.iter().for_each(|run| firsts.insert(run.start));
    let mut ids = Column::new(16);
    ids.extend(firsts.count());
    table.fill(&Field::Intrinsic(Intrinsic::TraceId), &firsts, &mut ids, 0)?;
    let number = |place: usize| {
        let id: TraceId = ids.id(place).try_into().unwrap_or_default();
        numbers.get(&id).copied().filter(|_| !apart.contains(&id))
    };
    Ok(runs.into_iter().enumerate().filter_map(|(place, run)| Some((number(place)?, run))).collect())
}

struct Telling<'a> {
    asked: &'a Asked<'a>,
    /// By number.
    traces: Vec<Option<Trace>>,
    services: Vec<(u32, u32, u32)>,
    facts: Facts,
    columns: Vec<Column>,
    /// The columns' rows as they are told: spans are read in the order of rows.
    order: Vec<u32>,
    read: Read,
}

impl<'a> Telling<'a> {
    fn new(asked: &'a Asked, traces: usize) -> Telling<'a> {
        let column = Column::default;
        Telling {
            asked,
            traces: vec![None; traces],
            services: Vec::new(),
            facts: Facts { starts: column(), durations: column(), statuses: column(), services: column() },
            columns: asked.fields.iter().map(Wanted::column).collect(),
            order: Vec::new(),
            read: Read::default(),
        }
    }

    /// Whole traces of a table: their numbers and rows.
    fn table(
        &mut self,
        table: &mut dyn Table,
        traces: &[(usize, Range<usize>)],
        trace_ids: &[TraceId],
    ) -> Result<(), ReadError> {
        let mut rows = Rows::none(table.rows());
        traces.iter().for_each(|(_, run)| rows.insert_range(run.clone()));
        self.read.spans += rows.count() as u64;
        let mut among = table.within(self.asked.window)?;
        among.retain(&rows);
        let found = select(table, self.asked.filter, &among)?;
        self.facts.read(table, &rows)?;
        let mut chosen = Rows::none(table.rows());
        let ranks = self.facts.ranks();
        let (mut place, mut spans, mut services) = (0, Vec::new(), Vec::new());
        for (number, run) in traces {
            let facts = place..place + run.len();
            place = facts.end;
            spans.clear();
            let starts = &self.facts.starts.data[facts.clone()];
            spans.extend(found.within(run.clone()).map(|row| (starts[row - run.start], row)));
            if spans.is_empty() {
                continue;
            }
            let matched = spans.len();
            spans.sort_unstable();
            spans.truncate(self.asked.most.max(1));
            let first = self.order.len();
            let before = |row: usize| spans.iter().filter(|(_, other)| *other < row).count();
            self.order.extend(spans.iter().map(|(_, row)| (first + before(*row)) as u32));
            spans.iter().for_each(|(_, row)| chosen.insert(*row));
            let (start_ns, end_ns) = self.facts.times(facts.clone());
            self.traces[*number] = Some(Trace {
                id: trace_ids[*number],
                start_ns,
                end_ns,
                services: self.facts.services(facts, &ranks, &mut services, &mut self.services),
                matched,
                spans: first..self.order.len(),
            });
        }
        for (field, column) in self.asked.fields.iter().zip(&mut self.columns) {
            field.append(table, &chosen, column)?;
        }
        Ok(())
    }

    fn finish(mut self) -> Told {
        self.columns.iter_mut().for_each(|column| column.reorder(&self.order));
        Told {
            traces: self.traces.into_iter().flatten().collect(),
            services: self.services,
            service_names: self.facts.services.texts,
            columns: self.columns.into_iter().map(Arc::new).collect(),
            read: self.read,
        }
    }
}

impl Facts {
    /// Of these rows, instead of those before.
    fn read(&mut self, table: &mut dyn Table, rows: &Rows) -> Result<(), ReadError> {
        let fields = [
            (Intrinsic::StartNs, &mut self.starts),
            (Intrinsic::DurationNs, &mut self.durations),
            (Intrinsic::Status, &mut self.statuses),
            (Intrinsic::Service, &mut self.services),
        ];
        for (field, column) in fields {
            column.resize(0);
            column.extend(rows.count());
            table.fill(&Field::Intrinsic(field), rows, column, 0)?;
        }
        // Spans whose resource names no service are counted, too.
        let nameless = self.services.entry(crate::filter::value::Value::Text(b""));
        self.services.set_missing(0..rows.count(), nameless);
        Ok(())
    }

    /// Start and end of a trace whose rows stand here.
    fn times(&self, rows: Range<usize>) -> (u64, u64) {
        let starts = &self.starts.data[rows.clone()];
        let ends = starts.iter().zip(&self.durations.data[rows]).map(|(start, length)| start.wrapping_add(*length));
        (starts.iter().min().copied().unwrap_or_default(), ends.max().unwrap_or_default())
    }

    /// By the number of a service: its place among the names.
    fn ranks(&self) -> Vec<u32> {
        let names = &self.services.texts.strings;
        let mut sorted: Vec<u32> = (0..names.len() as u32).collect();
        sorted.sort_unstable_by_key(|service| names.get(*service as usize));
        let mut ranks = vec![0; names.len()];
        sorted.iter().zip(0..).for_each(|(service, rank)| ranks[*service as usize] = rank);
        ranks
    }

    /// Appends the services of a trace whose rows stand here, by name. `own` is room to sort them in.
    fn services(
        &self,
        rows: Range<usize>,
        ranks: &[u32],
        own: &mut Vec<(u32, u32, u32)>,
        out: &mut Vec<(u32, u32, u32)>,
    ) -> Range<usize> {
        let first = out.len();
        own.clear();
        own.extend(
            self.services.data[rows.clone()]
                .iter()
                .zip(&self.statuses.data[rows])
                .map(|(service, status)| (ranks[*service as usize], *service as u32, u32::from(*status == ERROR))),
        );
        own.sort_unstable();
        let of_one = own.chunk_by(|(a, ..), (b, ..)| a == b);
        out.extend(of_one.map(|spans| {
            let errors = spans.iter().map(|(.., error)| error).sum();
            (spans[0].1, spans.len() as u32, errors)
        }));
        first..out.len()
    }
}
