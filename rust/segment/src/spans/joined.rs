//! Traces that lie in several places as one table of whole traces.

use std::ops::RangeInclusive;
use std::sync::Arc;

use hashbrown::HashMap;

use super::column::Column;
use super::tally::Tally;
use super::tree::{NONE, Tree};
use super::whole;
use crate::error::ReadError;
use crate::filter::{Field, Intrinsic, Test};
use crate::newest::TraceId;
use crate::rows::Rows;
use crate::select::Table;
use crate::write::{Order, Span};

/// How the rows of some tables are those of whole traces. Each span is in it once: of equal ones the first table's.
#[derive(Debug, Default)]
pub struct Skeleton {
    /// By table: rows there and here, by the former.
    pub places: Vec<Vec<(u32, u32)>>,
    pub starts: Vec<u64>,
    pub tree: Arc<Tree>,
    pub trace_ids: Vec<TraceId>,
}

/// Gathers rows of tables, one after the other, for a skeleton.
#[derive(Default)]
pub struct Gathering {
    /// Whether no other traces than those that were told are wanted.
    closed: bool,
    trace_ids: Vec<TraceId>,
    numbers: HashMap<TraceId, usize>,
    /// By trace: places among the spans.
    members: Vec<Vec<u32>>,
    spans: Vec<Span>,
    /// Of spans: table and row there.
    origins: Vec<(u32, u32)>,
    tables: u32,
}

impl Gathering {
    /// Of these traces alone, which come in that order.
    pub fn of(trace_ids: &[TraceId]) -> Gathering {
        let mut gathering = Gathering { closed: true, ..Gathering::default() };
        trace_ids.iter().for_each(|id| {
            gathering.number(id);
        });
        gathering
    }

    fn number(&mut self, id: &TraceId) -> usize {
        *self.numbers.entry(*id).or_insert_with(|| {
            self.trace_ids.push(*id);
            self.members.push(Vec::new());
            self.trace_ids.len() - 1
        })
    }

    /// Takes rows of the next table.
    pub fn add(&mut self, table: &mut dyn Table, rows: &Rows) -> Result<(), ReadError> {
        let (found, spans) = spans_of(table, rows)?;
        for (row, span) in found.into_iter().zip(spans) {
            if self.closed && !self.numbers.contains_key(&span.trace_id) {
                continue;
            }
            let number = self.number(&span.trace_id);
            self.members[number].push(self.spans.len() as u32);
            self.spans.push(span);
            self.origins.push((self.tables, row as u32));
        }
        self.tables += 1;
        Ok(())
    }

    pub fn finish(self) -> Skeleton {
        let places = vec![Vec::new(); self.tables as usize];
        let mut skeleton = Skeleton { places, ..Skeleton::default() };
        skeleton.arrange(&self.spans, &self.origins, &self.trace_ids, &self.members);
        skeleton
    }
}

impl Skeleton {
    fn arrange(&mut self, spans: &[Span], origins: &[(u32, u32)], trace_ids: &[TraceId], members: &[Vec<u32>]) {
        let (mut order, mut rows, mut tree) = (Order::default(), Vec::new(), Tree::default());
        for (id, members) in trace_ids.iter().zip(members).filter(|(_, members)| !members.is_empty()) {
            tree.traces.push(rows.len() as u32);
            self.trace_ids.push(*id);
            order.put(spans, members, &mut rows);
        }
        for (at, row) in rows.iter().enumerate() {
            let span = &spans[row.span as usize];
            let has_parent = row.parent_distance > 0;
            tree.parents.push(if has_parent { at as u32 - row.parent_distance } else { NONE });
            tree.descendants.push(row.descendants);
            if !has_parent && span.parent_span_id != [0; 8] {
                tree.orphans.insert(at as u32, span.parent_span_id);
            }
            self.starts.push(span.start_ns);
            let (table, origin) = origins[row.span as usize];
            self.places[table as usize].push((origin, at as u32));
        }
        self.places.iter_mut().for_each(|places| places.sort_unstable());
        self.tree = Arc::new(tree);
    }
}

/// The tables, and how they hang together.
pub struct Joined<'a> {
    tables: Vec<Box<dyn Table + 'a>>,
    skeleton: Arc<Skeleton>,
}

impl<'a> Joined<'a> {
    /// The tables that the skeleton was made of, in that order.
    pub fn new(tables: Vec<Box<dyn Table + 'a>>, skeleton: Arc<Skeleton>) -> Joined<'a> {
        Joined { tables, skeleton }
    }

    pub fn forest(&self) -> &Tree {
        &self.skeleton.tree
    }

    pub fn trace_ids(&self) -> &[TraceId] {
        &self.skeleton.trace_ids
    }

    pub fn starts(&self) -> &[u64] {
        &self.skeleton.starts
    }
}

/// Those of `rows` that lie in a table, as its rows.
fn own(table: &dyn Table, places: &[(u32, u32)], rows: &Rows) -> Rows {
    let mut own = Rows::none(table.rows());
    places.iter().filter(|(_, here)| rows.contains(*here as usize)).for_each(|(row, _)| own.insert(*row as usize));
    own
}

impl Table for Joined<'_> {
    fn rows(&self) -> usize {
        self.skeleton.starts.len()
    }

    fn test(&mut self, test: &Test, among: &Rows) -> Result<Rows, ReadError> {
        let mut found = Rows::none(among.len());
        for (table, places) in self.tables.iter_mut().zip(&self.skeleton.places) {
            let own = own(&**table, places, among);
            if own.is_empty() || !table.may_hold(test)? {
                continue;
            }
            let hits = table.test(test, &own)?;
            let hit = places.iter().filter(|(row, _)| hits.contains(*row as usize));
            hit.for_each(|(_, here)| found.insert(*here as usize));
        }
        found.retain(among);
        Ok(found)
    }

    fn may_hold(&mut self, test: &Test) -> Result<bool, ReadError> {
        for table in &mut self.tables {
            if table.may_hold(test)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn within(&mut self, window: &RangeInclusive<u64>) -> Result<Rows, ReadError> {
        let mut within = Rows::none(self.rows());
        for (row, start) in self.skeleton.starts.iter().enumerate() {
            if window.contains(start) {
                within.insert(row);
            }
        }
        Ok(within)
    }

    fn fill(&mut self, field: &Field, rows: &Rows, out: &mut Column, at: usize) -> Result<(), ReadError> {
        if let Field::Whole(field) = field {
            return whole::fill(self, *field, rows, out, at);
        }
        let mut places = vec![0; rows.len()];
        rows.iter().enumerate().for_each(|(place, row)| places[row] = place);
        for (table, there) in self.tables.iter_mut().zip(&self.skeleton.places) {
            let own = own(&**table, there, rows);
            let count = own.count();
            if count == 0 {
                continue;
            }
            let end = out.extend(count);
            table.fill(field, &own, out, end)?;
            let asked = there.iter().filter(|(_, here)| rows.contains(*here as usize));
            for (number, (_, here)) in asked.enumerate() {
                out.copy(end + number, at + places[*here as usize]);
            }
            out.resize(end);
        }
        Ok(())
    }

    fn tally(&mut self, field: &Field, rows: &Rows, classes: &[u32], tally: &mut Tally) -> Result<Rows, ReadError> {
        if let Field::Whole(_) = field {
            return Ok(rows.clone());
        }
        let mut left = Rows::none(self.rows());
        for (table, places) in self.tables.iter_mut().zip(&self.skeleton.places) {
            let own = own(&**table, places, rows);
            if own.is_empty() {
                continue;
            }
            let mut of_own = Vec::new();
            if !classes.is_empty() {
                of_own.resize(table.rows(), 0);
                places.iter().for_each(|(row, here)| of_own[*row as usize] = classes[*here as usize]);
            }
            let apart = table.tally(field, &own, &of_own, tally)?;
            let apart = places.iter().filter(|(row, _)| apart.contains(*row as usize));
            apart.for_each(|(_, here)| left.insert(*here as usize));
        }
        Ok(left)
    }

    fn tree(&mut self, _with_parents: bool) -> Result<Option<Arc<Tree>>, ReadError> {
        Ok(Some(self.skeleton.tree.clone()))
    }
}

/// The rows, and what makes up the trees of their traces.
fn spans_of(table: &mut dyn Table, rows: &Rows) -> Result<(Vec<usize>, Vec<Span>), ReadError> {
    let count = rows.count();
    let mut column = |intrinsic, width| {
        let mut column = Column::new(width);
        column.extend(count);
        table.fill(&Field::Intrinsic(intrinsic), rows, &mut column, 0)?;
        Ok::<Column, ReadError>(column)
    };
    let (traces, ids, parents) =
        (column(Intrinsic::TraceId, 16)?, column(Intrinsic::SpanId, 8)?, column(Intrinsic::ParentSpanId, 8)?);
    let (starts, kinds) = (column(Intrinsic::StartNs, 0)?, column(Intrinsic::Kind, 0)?);
    let span = |place: usize| Span {
        trace_id: traces.id(place).try_into().unwrap_or_default(),
        span_id: ids.id(place).try_into().unwrap_or_default(),
        parent_span_id: parents.id(place).try_into().unwrap_or_default(),
        start_ns: starts.data[place],
        end_ns: starts.data[place],
        kind: kinds.data[place] as i32,
        around: Default::default(),
        place: Default::default(),
    };
    Ok((rows.iter().collect(), (0..count).map(span).collect()))
}
