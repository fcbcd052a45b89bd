//! A row group's rows by time, and as the trees of its traces.

use std::ops::{Range, RangeInclusive};

use hashbrown::HashMap;

use super::group::Group;
use super::values::{Dictionary, Values};
use crate::error::ReadError;
use crate::filter::value::Value;
use crate::rows::Rows;
use crate::schema;
use crate::spans::{NONE, Tree};

impl Group<'_> {
    /// The rows that start in a window; pages that lie in it or beside it as a whole are not read.
    pub fn within(&mut self, window: &RangeInclusive<u64>) -> Result<Rows, ReadError> {
        let group = &self.file.summary.row_groups[self.number];
        if window.contains(&group.min_start_ns) && window.contains(&group.max_start_ns) {
            return Ok(Rows::all(self.rows));
        }
        let column = self.needed(schema::START_NS)?;
        let bounds = self.bounds(column)?;
        let mut within = Rows::none(self.rows);
        for (number, rows) in self.pages_of(column, 0..self.rows)? {
            if let Some(bounds) = &bounds {
                let (least, greatest) = bounds[number];
                // Bounds are signed, times are not: bounds with different signs say nothing.
                let known = (least < 0) == (greatest < 0);
                let (least, greatest) = (least as u64, greatest as u64);
                if known && (least > *window.end() || greatest < *window.start()) {
                    continue;
                }
                if known && window.contains(&least) && window.contains(&greatest) {
                    within.insert_range(rows);
                    continue;
                }
            }
            let page = self.page(column, number)?;
            let Values::Int64(starts) = &*page.all_values().map_err(|what| self.file.damaged(what))? else {
                return Err(self.file.damaged("starts are no integers"));
            };
            for (row, start) in rows.zip(starts) {
                if window.contains(&(*start as u64)) {
                    within.insert(row);
                }
            }
        }
        Ok(within)
    }

    /// The rows' traces, of which none is cut. `only`: traces, in order, that are asked for; what lies between two of them
    /// is like a trace of spans that have nothing to do with one another.
    pub fn tree(&mut self, with_parents: bool, only: Option<&[Range<usize>]>) -> Result<Tree, ReadError> {
        let mut bad = false;
        let mut descendants = vec![0; self.rows];
        let rows = self.rows;
        let mut among = Rows::all(rows);
        if let Some(runs) = only {
            among = Rows::none(rows);
            runs.iter().for_each(|run| among.insert_range(run.clone()));
        }
        self.each_int(schema::DESCENDANTS, &among, |row, below| {
            match usize::try_from(below).ok().filter(|below| row + below < rows) {
                Some(below) => descendants[row] = below as u32,
                None => bad = true,
            }
        })?;
        let (mut parents, mut orphans) = (Vec::new(), HashMap::new());
        if with_parents {
            parents = vec![NONE; self.rows];
            self.each_int(schema::PARENT_DISTANCE, &among, |row, distance| {
                match usize::try_from(distance).ok().filter(|distance| (1..=row).contains(distance)) {
                    Some(distance) => parents[row] = (row - distance) as u32,
                    None => bad = true,
                }
            })?;
            if let Some(column) = self.column(schema::PARENT_SPAN_ID) {
                let asked: Vec<usize> = among.iter().collect();
                self.each_value(column, &among, &mut |place, value| {
                    let row = asked[place];
                    let Value::Text(id) = value else { return };
                    if let Ok(id) = id.try_into()
                        && parents[row] == NONE
                    {
                        orphans.insert(row as u32, id);
                    }
                })?;
            }
        }
        let traces = only.map_or_else(|| self.traces(), |runs| bounds(runs, self.rows));
        if bad || traces.first().is_some_and(|first| *first != 0) {
            return Err(self.file.damaged("rows are no trees"));
        }
        Ok(Tree { parents, descendants, traces, orphans })
    }

    /// Those of these rows that have no parent and name none.
    pub fn roots(&mut self, rows: &Rows) -> Result<Rows, ReadError> {
        let mut below = Rows::none(self.rows);
        for name in [schema::PARENT_DISTANCE, schema::PARENT_SPAN_ID] {
            let Some(column) = self.column(name) else { continue };
            for (number, range) in self.pages_with(column, rows)? {
                let page = self.page(column, number)?;
                let first = range.start;
                rows.within(range).filter(|row| page.has(row - first)).for_each(|row| below.insert(row));
            }
        }
        let mut roots = rows.clone();
        roots.remove(&below);
        Ok(roots)
    }

    /// Calls `see` with each row of pages that have rows in `among`, and its integer.
    fn each_int(&mut self, name: &str, among: &Rows, mut see: impl FnMut(usize, i64)) -> Result<(), ReadError> {
        let Some(column) = self.column(name) else { return Ok(()) };
        let dictionary = self.dictionary(column)?;
        let known: Vec<i64> = match dictionary.as_deref() {
            Some(Dictionary::Int32(values)) => values.iter().map(|value| i64::from(*value)).collect(),
            _ => Vec::new(),
        };
        for (number, rows) in self.pages_with(column, among)? {
            let page = self.page(column, number)?;
            if page.is_empty() {
                continue;
            }
            let values = page.all_values().map_err(|what| self.file.damaged(what))?;
            match &*values {
                Values::Codes(codes) => page.each_present(|row, place| {
                    let value = codes.get(place).and_then(|code| known.get(*code as usize));
                    see(rows.start + row, value.copied().unwrap_or(-1));
                }),
                Values::Int32(values) => page.each_present(|row, place| {
                    see(rows.start + row, values.get(place).map_or(-1, |value| i64::from(*value)));
                }),
                _ => return Err(self.file.damaged("numbers of rows are no integers")),
            }
        }
        Ok(())
    }

    /// The first row of each trace.
    fn traces(&self) -> Vec<u32> {
        let group = &self.file.summary.row_groups[self.number];
        let rows = group.first_row..group.first_row + group.rows;
        let firsts = self.file.traces.runs().iter().map(|run| u64::from(run.first_row));
        let mut traces: Vec<u32> =
            firsts.filter(|first| rows.contains(first)).map(|first| (first - group.first_row) as u32).collect();
        traces.sort_unstable();
        traces
    }
}

/// Where runs of rows and what lies between them begin.
fn bounds(runs: &[Range<usize>], rows: usize) -> Vec<u32> {
    let mut bounds: Vec<u32> =
        [0].into_iter().chain(runs.iter().flat_map(|run| [run.start, run.end])).map(|row| row as u32).collect();
    bounds.dedup();
    bounds.retain(|row| (*row as usize) < rows);
    bounds
}
