//! The values of an attribute in a row group, counted.

use super::group::Group;
use super::look::may_be_there;
use super::page::Page;
use super::values::Values;
use crate::error::ReadError;
use crate::filter::value::Value;
use crate::filter::{Field, Scope};
use crate::rows::Rows;
use crate::schema;
use crate::spans::Tally;

impl Group<'_> {
    /// Counts the values that `rows` have of a span's attribute; answers how many have one, and rows that were left out
    /// because their value stands apart, or they have several.
    pub fn tally(&mut self, key: &[u8], rows: &Rows, tally: &mut Tally) -> Result<(usize, Rows), ReadError> {
        let mut apart = self.rows_apart(key, rows)?;
        let columns = self.attribute_columns(key);
        if columns.len() > 1 {
            let mut seen = Rows::none(self.rows);
            for column in &columns {
                self.each_present(*column, &mut |row| {
                    if seen.contains(row) {
                        apart.insert(row);
                    }
                    seen.insert(row);
                })?;
            }
            apart.retain(rows);
        }
        let mut alone = rows.clone();
        alone.remove(&apart);
        let mut there = 0;
        for column in columns {
            there += self.tally_column(column, &alone, tally)?;
        }
        Ok((there, apart))
    }

    /// Those of `rows` that have the attribute among those without a column.
    fn rows_apart(&mut self, key: &[u8], rows: &Rows) -> Result<Rows, ReadError> {
        let mut apart = Rows::none(self.rows);
        let Some(rest) = self.column(schema::REST).filter(|_| may_be_there(key, self)) else { return Ok(apart) };
        let field = Field::Attribute(Scope::Span, key.into());
        let numbers: Vec<usize> = rows.iter().collect();
        self.each_value(rest, rows, &mut |place, value| {
            if let Value::Text(fields) = value
                && field.each_value(fields, &mut |_| true)
            {
                apart.insert(numbers[place]);
            }
        })?;
        Ok(apart)
    }

    fn each_present(&mut self, column: usize, see: &mut dyn FnMut(usize)) -> Result<(), ReadError> {
        for (number, range) in self.pages_of(column, 0..self.rows)? {
            self.page(column, number)?.each_present(|row, _| see(range.start + row));
        }
        Ok(())
    }

    fn tally_column(&mut self, column: usize, rows: &Rows, tally: &mut Tally) -> Result<usize, ReadError> {
        let (all, mut there) = (rows.is_all(), 0);
        let dictionary = self.dictionary(column)?;
        let mut of_code = vec![0; dictionary.as_ref().map_or(0, |dictionary| dictionary.len())];
        for (number, range) in self.pages_of(column, 0..self.rows)? {
            if !all && !rows.any_within(range.clone()) {
                continue;
            }
            let page = self.page(column, number)?;
            if page.is_empty() {
                continue;
            }
            let places = if all { Places::All(page.rank(page.rows)) } else { Places::of(&page, range.start, rows) };
            there += places.count();
            let damaged = |what| self.file.damaged(what);
            match (&*page.all_stored().map_err(damaged)?, page.numbered()) {
                (Values::Codes(codes), _) => places.each(codes, |code| {
                    if let Some(count) = of_code.get_mut(*code as usize) {
                        *count += 1;
                    }
                }),
                (Values::Int64(integers), Some(numbered)) => {
                    let mut integers_here = Vec::with_capacity(places.count());
                    places.each(integers, |integer| integers_here.push(*integer));
                    if !tally.add_numbered(numbered, integers_here) {
                        return Err(damaged("a numbered text has no beginning"));
                    }
                }
                (Values::Int64(integers), None) => places.each(integers, |integer| tally.add_int(*integer, 1)),
                (Values::Double(doubles), _) => places.each(doubles, |double| tally.add_double(*double, 1)),
                (values, _) => places.each_place(|place| {
                    if let Some(value) = values.get(place, None) {
                        tally.add(value, 1);
                    }
                }),
            }
        }
        for (code, count) in of_code.iter().enumerate().filter(|(_, count)| **count > 0) {
            if let Some(value) = dictionary.as_ref().and_then(|dictionary| dictionary.get(code as u32)) {
                tally.add(value, *count);
            }
        }
        Ok(there)
    }
}

/// Of a page's values.
enum Places {
    All(usize),
    Some(Vec<usize>),
}

impl Places {
    /// Those of `rows`, which are counted in the row group, where the page begins at row `first`.
    fn of(page: &Page, first: usize, rows: &Rows) -> Places {
        let mut places = Vec::new();
        page.each_present(|row, place| {
            if rows.contains(first + row) {
                places.push(place);
            }
        });
        Places::Some(places)
    }

    fn count(&self) -> usize {
        match self {
            Places::All(count) => *count,
            Places::Some(places) => places.len(),
        }
    }

    #[inline]
    fn each<T>(&self, values: &[T], see: impl FnMut(&T)) {
        match self {
            Places::All(count) => values.iter().take(*count).for_each(see),
            Places::Some(places) => places.iter().filter_map(|place| values.get(*place)).for_each(see),
        }
    }

    fn each_place(&self, see: impl FnMut(usize)) {
        match self {
            Places::All(count) => (0..*count).for_each(see),
            Places::Some(places) => places.iter().copied().for_each(see),
        }
    }
}
