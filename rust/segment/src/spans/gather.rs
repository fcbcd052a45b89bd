//! Fields of spans as arrays.

use std::ops::RangeInclusive;
use std::time::{Duration, Instant};

use hashbrown::HashMap;

use super::column::{Column, NOTHING};
use super::pass::Flow;
use super::scan::{Places, Read, Scan};
use super::splits;
use super::tree::NONE;
use crate::error::ReadError;
use crate::filter::{Field, Filter, Intrinsic, Wanted};
use crate::newest::TraceId;
use crate::rows::Rows;
use crate::select::{Table, select};

/// What an answer may take.
#[derive(Clone, Copy, Debug)]
pub struct Budget {
    pub rows: usize,
    /// Of memory, about.
    pub bytes: usize,
    pub time: Option<Duration>,
}

impl Budget {
    pub const NONE: Budget = Budget { rows: usize::MAX, bytes: usize::MAX, time: None };

    pub fn deadline(&self) -> Option<Instant> {
        self.time.map(|time| Instant::now() + time)
    }
}

/// Spans: a row for each. Those of a trace are neighbours.
#[derive(Debug, Default)]
pub struct SpanTable {
    pub trace_codes: Vec<u32>,
    /// By trace code.
    pub trace_ids: Vec<TraceId>,
    /// As the fields were asked for.
    pub columns: Vec<Column>,
    /// Of whole traces: the parent's row, -1 for none; and how many of the next rows are below each.
    pub parents: Vec<i32>,
    pub descendants: Vec<u32>,
    /// What ended the reading early: rows, bytes or time.
    pub partial: &'static str,
    pub read: Read,
    codes: HashMap<TraceId, u32>,
}

/// All spans that a filter means and that start in a window.
pub fn gather(
    places: &Places,
    filter: &Filter,
    fields: &[Wanted],
    window: &RangeInclusive<u64>,
    budget: Budget,
) -> Result<SpanTable, ReadError> {
    let mut table = SpanTable::new(fields);
    let mut scan = Scan::new(places, filter, window.clone(), fields.iter().any(Wanted::asks_trace));
    scan.deadline = budget.deadline();
    table.partial = scan.each(&mut |block, found| table.add(block, found, fields, &budget))?;
    table.read = scan.read;
    table.group();
    Ok(table)
}

/// The spans of these traces, in this order, that a filter means and that start in a window.
pub fn gather_of(
    places: &Places,
    trace_ids: &[TraceId],
    filter: &Filter,
    fields: &[Wanted],
    window: &RangeInclusive<u64>,
    budget: Budget,
) -> Result<SpanTable, ReadError> {
    let mut table = SpanTable::new(fields);
    let (reads, bytes) = crate::reader::read_here();
    let mut joined = splits::traces(places, trace_ids)?;
    let among = joined.within(window)?;
    let found = select(&mut joined, filter, &among)?;
    if let Flow::Stop(why) = table.add(&mut joined, &found, fields, &budget)? {
        table.partial = why;
    }
    if found.is_all() && table.partial.is_empty() {
        let tree = joined.forest();
        table.parents = tree.parents.iter().map(|parent| if *parent == NONE { -1 } else { *parent as i32 }).collect();
        table.descendants = tree.descendants.clone();
    }
    let now = crate::reader::read_here();
    let spans = joined.starts().len() as u64;
    table.read = Read { spans, pages: now.0 - reads, bytes: now.1 - bytes, ..Read::default() };
    Ok(table)
}

impl Wanted {
    pub fn asks_trace(&self) -> bool {
        self.of_parent || matches!(self.field, Field::Whole(_))
    }

    /// A column for it.
    pub fn column(&self) -> Column {
        Column::new(match self.field {
            Field::Intrinsic(Intrinsic::TraceId) => 16,
            Field::Intrinsic(Intrinsic::SpanId | Intrinsic::ParentSpanId) => 8,
            _ => 0,
        })
    }

    /// Appends the values of these rows.
    pub fn append(&self, table: &mut dyn Table, rows: &Rows, out: &mut Column) -> Result<(), ReadError> {
        let at = out.extend(rows.count());
        if !self.of_parent {
            return table.fill(&self.field, rows, out, at);
        }
        let Some(tree) = table.tree(true)? else { return Ok(()) };
        let mut parents = Rows::none(rows.len());
        rows.iter().filter_map(|row| tree.parent(row)).for_each(|parent| parents.insert(parent));
        let mut places = vec![0; rows.len()];
        parents.iter().enumerate().for_each(|(place, row)| places[row] = place);
        let end = out.extend(parents.count());
        table.fill(&self.field, &parents, out, end)?;
        for (place, row) in rows.iter().enumerate() {
            match tree.parent(row) {
                Some(parent) => out.copy(end + places[parent], at + place),
                None => out.set(at + place, NOTHING),
            }
        }
        out.resize(end);
        Ok(())
    }
}

impl SpanTable {
    pub(super) fn new(fields: &[Wanted]) -> SpanTable {
        SpanTable { columns: fields.iter().map(Wanted::column).collect(), ..SpanTable::default() }
    }

    pub fn rows(&self) -> usize {
        self.trace_codes.len()
    }

    pub(super) fn size(&self) -> usize {
        let columns: usize = self.columns.iter().map(Column::size).sum();
        columns + 4 * self.rows() + 40 * self.trace_ids.len()
    }

    pub(super) fn add(
        &mut self,
        block: &mut dyn Table,
        found: &Rows,
        fields: &[Wanted],
        budget: &Budget,
    ) -> Result<Flow, ReadError> {
        let room = budget.rows - self.rows();
        let (mut first, cut) = (Rows::none(found.len()), found.count() > room);
        let found = if cut {
            found.iter().take(room).for_each(|row| first.insert(row));
            &first
        } else {
            found
        };
        let mut ids = Column::new(16);
        ids.extend(found.count());
        block.fill(&Field::Intrinsic(Intrinsic::TraceId), found, &mut ids, 0)?;
        let mut last: Option<(TraceId, u32)> = None;
        for place in 0..ids.len() {
            let id: TraceId = ids.id(place).try_into().unwrap_or_default();
            let code = match last {
                Some((known, code)) if known == id => code,
                _ => self.code(id),
            };
            last = Some((id, code));
            self.trace_codes.push(code);
        }
        for (field, column) in fields.iter().zip(&mut self.columns) {
            field.append(block, found, column)?;
        }
        Ok(match () {
            () if cut => Flow::Stop("rows"),
            () if self.size() > budget.bytes => Flow::Stop("bytes"),
            () => Flow::On,
        })
    }

    fn code(&mut self, id: TraceId) -> u32 {
        let next = self.trace_ids.len() as u32;
        let code = *self.codes.entry(id).or_insert(next);
        if code == next {
            self.trace_ids.push(id);
        }
        code
    }

    /// Brings rows of a trace together.
    fn group(&mut self) {
        let mut done = vec![false; self.trace_ids.len()];
        let together = self.trace_codes.chunk_by(|a, b| a == b).all(|run| {
            let known = std::mem::replace(&mut done[run[0] as usize], true);
            !known
        });
        if together {
            return;
        }
        let mut order: Vec<u32> = (0..self.rows() as u32).collect();
        order.sort_by_key(|row| self.trace_codes[*row as usize]);
        self.trace_codes = order.iter().map(|row| self.trace_codes[*row as usize]).collect();
        self.columns.iter_mut().for_each(|column| column.reorder(&order));
    }
}
