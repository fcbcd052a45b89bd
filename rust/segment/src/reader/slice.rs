//! Some neighbouring rows of a column.

use std::ops::Range;
use std::sync::Arc;

use super::group::Group;
use super::page::Page;
use super::values::{Dictionary, Values};
use crate::error::ReadError;
use crate::filter::value::Value;

/// Rows that have no value are nothing in it.
#[derive(Default)]
pub struct Slice {
    parts: Vec<Part>,
    dictionary: Option<Arc<Dictionary>>,
}

struct Part {
    /// In the row group.
    rows: Range<usize>,
    /// The first row of the page.
    page_row: usize,
    values: Arc<Values>,
    page: Arc<Page>,
    /// The place of the first of the values in the page.
    base: usize,
}

impl Slice {
    /// `None` also if there is no such column.
    pub fn named(group: &mut Group, name: &str, rows: &Range<usize>) -> Result<Option<Slice>, ReadError> {
        match group.column(name) {
            Some(column) => Slice::read(group, column, rows),
            None => Ok(None),
        }
    }

    /// `None` if no row has a value.
    pub fn read(group: &mut Group, column: usize, rows: &Range<usize>) -> Result<Option<Slice>, ReadError> {
        let mut slice = Slice::default();
        if group.chunk(column).empty {
            return Ok(None);
        }
        for (number, page_rows) in group.pages_of(column, rows.clone())? {
            let page = group.page(column, number)?;
            let rows = rows.start.max(page_rows.start)..rows.end.min(page_rows.end);
            let (from, to) = (page.rank(rows.start - page_rows.start), page.rank(rows.end - page_rows.start));
            if from == to {
                continue;
            }
            if page.is_coded() && slice.dictionary.is_none() {
                slice.dictionary = group.dictionary(column)?;
            }
            let (values, base) = page.some_values(from..to).map_err(|what| group.file.damaged(what))?;
            slice.parts.push(Part { rows, page_row: page_rows.start, page, values, base });
        }
        Ok(Some(slice).filter(|slice| !slice.parts.is_empty()))
    }

    pub fn get(&self, row: usize) -> Option<Value<'_>> {
        let part = self.parts.iter().find(|part| part.rows.contains(&row))?;
        if !part.page.has(row - part.page_row) {
            return None;
        }
        part.values.get(part.page.rank(row - part.page_row) - part.base, self.dictionary.as_deref())
    }
}

/// Calls `see` with the place among the rows of `runs`, which are in order, and the value of each that has one.
pub fn each(
    group: &mut Group,
    column: usize,
    runs: &[Range<usize>],
    see: &mut dyn FnMut(usize, Value),
) -> Result<(), ReadError> {
    if group.chunk(column).empty {
        return Ok(());
    }
    let (mut place, mut last) = (0, None);
    for run in runs {
        for (number, page_rows) in group.pages_of(column, run.clone())? {
            let page = match last.take() {
                Some((of, page)) if of == number => page,
                _ => group.passing_page(column, number)?,
            };
            let first = page_rows.start;
            let rows = run.start.max(first)..run.end.min(page_rows.end);
            let (from, to) = (page.rank(rows.start - first), page.rank(rows.end - first));
            if from != to {
                let dictionary = if page.is_coded() { group.dictionary(column)? } else { None };
                let (values, base) = page.some_values(from..to).map_err(|what| group.file.damaged(what))?;
                for (at, row) in (from - base..).zip(rows.filter(|row| page.has(row - first))) {
                    if let Some(value) = values.get(at, dictionary.as_deref()) {
                        see(place + row - run.start, value);
                    }
                }
            }
            last = Some((number, page));
        }
        place += run.len();
    }
    Ok(())
}

/// A column that may have no values.
pub fn bytes(slice: &Option<Slice>, row: usize) -> &[u8] {
    match slice.as_ref().and_then(|slice| slice.get(row)) {
        Some(Value::Text(bytes)) => bytes,
        _ => &[],
    }
}

/// 0 where there is no value.
pub fn int(slice: &Option<Slice>, row: usize) -> i64 {
    match slice.as_ref().and_then(|slice| slice.get(row)) {
        Some(Value::Int(int)) => int as i64,
        _ => 0,
    }
}
