//! A column's values for some rows: what a value means is found out once per distinct value where there is a dictionary.

use std::ops::Range;

use super::group::Group;
use super::values::Values;
use crate::error::ReadError;
use crate::filter::value::Value;
use crate::rows::Rows;
use crate::spans::{ABSENT, Column, Entry, INT, NOTHING};

/// Stands for an entry of a dictionary that was not looked at yet.
const UNSEEN: Entry = (u8::MAX, 0);

/// With so many times as many distinct values as rows it costs more to remember what they mean.
const FEW: usize = 8;

/// What a column's value means to a field.
type Meaning<'a> = &'a dyn Fn(Value, &mut Column) -> Entry;

impl Group<'_> {
    /// Puts what a column's values mean into a column of ours; where there is a value already the lesser one stays.
    pub fn fill_column(
        &mut self,
        column: usize,
        rows: &Rows,
        out: &mut Column,
        at: usize,
        meaning: Meaning,
    ) -> Result<(), ReadError> {
        let dictionary = self.dictionary(column)?;
        let distinct = dictionary.as_ref().map_or(0, |dictionary| dictionary.len());
        // For few rows it is found out anew.
        let mut known = vec![UNSEEN; if rows.count() < distinct / FEW { 0 } else { distinct }];
        let mut place = at;
        for (number, range) in self.pages_with(column, rows)? {
            let (first, count) = (range.start, rows.count_within(range.clone()));
            let base = place;
            place += count;
            let page = self.page(column, number)?;
            if page.is_empty() {
                continue;
            }
            if page.numbered().is_some() && count < page.rows / 8 {
                // To make all texts of a page costs more than to find its few integers one by one.
                for (row, place) in rows.within(range).zip(base..).filter(|(row, _)| page.has(row - first)) {
                    let rank = page.rank(row - first);
                    let some = page.some_values(rank..rank + 1).map_err(|what| self.file.damaged(what));
                    let (values, start) = some?;
                    let entry = values.get(rank - start, None).map_or(NOTHING, |value| meaning(value, out));
                    if entry.0 != ABSENT {
                        out.set_least(place, entry);
                    }
                }
                continue;
            }
            let of_code = |code: u32, known: &mut [Entry], out: &mut Column| -> Entry {
                let found = known.get(code as usize).copied().unwrap_or(UNSEEN);
                if found != UNSEEN {
                    return found;
                }
                let value = dictionary.as_ref().and_then(|dictionary| dictionary.get(code));
                let entry = value.map_or(NOTHING, |value| meaning(value, out));
                known.get_mut(code as usize).into_iter().for_each(|known| *known = entry);
                entry
            };
            let is_whole = count == page.rows;
            let (values, start) = page.values_of(rows, &range).map_err(|what| self.file.damaged(what))?;
            if is_whole && page.is_full() && known.len() == distinct {
                if let Values::Codes(codes) = &*values {
                    codes.iter().for_each(|code| {
                        of_code(*code, &mut known, out);
                    });
                }
                if put_all(&values, &known, base..base + count, out) {
                    continue;
                }
            }
            if is_whole && let Values::Codes(codes) = &*values {
                page.each_present(|row, place| {
                    let entry = codes.get(place).map_or(NOTHING, |code| of_code(*code, &mut known, out));
                    if entry.0 != ABSENT {
                        out.set_least(base + row, entry);
                    }
                });
                continue;
            }
            for (row, place) in rows.within(range).zip(base..).filter(|(row, _)| page.has(row - first)) {
                let rank = page.rank(row - first) - start;
                let entry = match &*values {
                    Values::Codes(codes) => codes.get(rank).map_or(NOTHING, |code| of_code(*code, &mut known, out)),
                    values => values.get(rank, None).map_or(NOTHING, |value| meaning(value, out)),
                };
                if entry.0 != ABSENT {
                    out.set_least(place, entry);
                }
            }
        }
        Ok(())
    }

    /// Calls `see` with the place in `rows` and the value of each that has one.
    pub fn each_value(
        &mut self,
        column: usize,
        rows: &Rows,
        see: &mut dyn FnMut(usize, Value),
    ) -> Result<(), ReadError> {
        let mut place = 0;
        for (number, range) in self.pages_with(column, rows)? {
            let (first, base) = (range.start, place);
            place += rows.count_within(range.clone());
            let page = self.page(column, number)?;
            if page.is_empty() {
                continue;
            }
            let dictionary = if page.is_coded() { self.dictionary(column)? } else { None };
            let (values, start) = page.values_of(rows, &range).map_err(|what| self.file.damaged(what))?;
            for (row, place) in rows.within(range).zip(base..).filter(|(row, _)| page.has(row - first)) {
                if let Some(value) = values.get(page.rank(row - first) - start, dictionary.as_deref()) {
                    see(place, value);
                }
            }
        }
        Ok(())
    }
}

/// Puts the values of all rows of a page into a column that has none there yet; false if it takes more than that.
fn put_all(values: &Values, known: &[Entry], rows: Range<usize>, out: &mut Column) -> bool {
    let (tags, data) = (&mut out.tags[rows.clone()], &mut out.data[rows]);
    if tags.iter().any(|tag| *tag != ABSENT) {
        return false;
    }
    match values {
        Values::Codes(codes) if codes.len() == tags.len() => {
            for ((tag, data), code) in tags.iter_mut().zip(data).zip(codes) {
                (*tag, *data) = known.get(*code as usize).copied().unwrap_or(NOTHING);
            }
        }
        Values::Int64(integers) if integers.len() == tags.len() => {
            tags.fill(INT);
            data.iter_mut().zip(integers).for_each(|(data, integer)| *data = *integer as u64);
        }
        _ => return false,
    }
    true
}
