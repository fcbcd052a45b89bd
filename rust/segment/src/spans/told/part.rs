//! What is told of the traces of one table, and how parts become one answer.

use std::sync::Arc;

use super::super::column::Column;
use super::super::scan::Read;
use super::facts::Facts;
use super::{Asked, Lying, Told, Trace};
use crate::error::ReadError;
use crate::filter::Wanted;
use crate::rows::Rows;
use crate::select::{Table, select};
use crate::write::Interner;

pub struct Part {
    /// With their numbers.
    traces: Vec<(usize, Trace)>,
    services: Vec<(u32, u32, u32)>,
    service_names: Interner,
    columns: Vec<Column>,
    pub read: Read,
}

impl Part {
    pub fn empty(asked: &Asked) -> Part {
        Part {
            traces: Vec::new(),
            services: Vec::new(),
            service_names: Interner::default(),
            columns: asked.fields.iter().map(Wanted::column).collect(),
            read: Read::default(),
        }
    }

    /// Of these traces of a table, in order.
    pub fn of(table: &mut dyn Table, traces: &[Lying], asked: &Asked) -> Result<Part, ReadError> {
        let mut part = Part::empty(asked);
        let mut rows = Rows::none(table.rows());
        traces.iter().for_each(|trace| rows.insert_range(trace.rows.clone()));
        part.read.spans = rows.count() as u64;
        let mut among = table.within(&asked.window)?;
        among.retain(&rows);
        let found = select(table, &asked.filter, &among)?;
        let facts = Facts::read(table, &rows)?;
        let mut chosen = Rows::none(table.rows());
        // The columns' rows as they are told: spans are read in the order of rows.
        let mut order: Vec<u32> = Vec::new();
        let ranks = facts.ranks();
        let (mut place, mut spans, mut services) = (0, Vec::new(), Vec::new());
        for Lying { id, number, rows } in traces {
            let of_trace = place..place + rows.len();
            place = of_trace.end;
            spans.clear();
            let starts = &facts.starts.data[of_trace.clone()];
            spans.extend(found.within(rows.clone()).map(|row| (starts[row - rows.start], row)));
            if spans.is_empty() {
                continue;
            }
            let matched = spans.len();
            spans.sort_unstable();
            spans.truncate(asked.most.max(1));
            let first = order.len();
            let before = |row: usize| spans.iter().filter(|(_, other)| *other < row).count();
            order.extend(spans.iter().map(|(_, row)| (first + before(*row)) as u32));
            spans.iter().for_each(|(_, row)| chosen.insert(*row));
            let (start_ns, end_ns) = facts.times(of_trace.clone());
            let services = facts.services(of_trace, &ranks, &mut services, &mut part.services);
            let spans = first..order.len();
            part.traces.push((*number, Trace { id: *id, start_ns, end_ns, services, matched, spans }));
        }
        for (field, column) in asked.fields.iter().zip(&mut part.columns) {
            field.append(table, &chosen, column)?;
            column.reorder(&order);
        }
        part.service_names = facts.services.texts;
        Ok(part)
    }

    /// All of them, in the order of the traces' numbers.
    pub fn together(parts: Vec<Part>) -> Told {
        let mut parts = parts.into_iter();
        let Some(mut all) = parts.next() else { return Told::default() };
        parts.for_each(|part| all.add(part));
        all.traces.sort_unstable_by_key(|(number, _)| *number);
        Told {
            traces: all.traces.into_iter().map(|(_, trace)| trace).collect(),
            services: all.services,
            service_names: all.service_names,
            columns: all.columns.into_iter().map(Arc::new).collect(),
            read: all.read,
        }
    }

    fn add(&mut self, other: Part) {
        let (spans, services) = (self.columns.first().map_or(0, Column::len), self.services.len());
        let names: Vec<u32> = other.service_names.strings.iter().map(|name| self.service_names.intern(name)).collect();
        let renamed = other.services.into_iter().map(|(name, all, failed)| (names[name as usize], all, failed));
        self.services.extend(renamed);
        self.columns.iter_mut().zip(&other.columns).for_each(|(own, column)| own.append(column));
        self.traces.extend(other.traces.into_iter().map(|(number, mut trace)| {
            trace.spans = trace.spans.start + spans..trace.spans.end + spans;
            trace.services = trace.services.start + services..trace.services.end + services;
            (number, trace)
        }));
        self.read.add(&other.read);
    }
}
