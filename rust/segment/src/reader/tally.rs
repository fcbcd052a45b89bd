//! The values of a field in a row group, counted.

use super::columns::least;
use super::group::Group;
use super::look::may_be_there;
use super::page::Page;
use super::values::Values;
use crate::error::ReadError;
use crate::filter::value::Value;
use crate::filter::{Field, Intrinsic, Scope};
use crate::rows::Rows;
use crate::schema;
use crate::spans::{Column, Entry, NO_CLASS, Tally};

/// Stands for a dictionary's code that was not looked at yet.
const UNSEEN: u32 = u32::MAX - 2;

/// What a column's value means to a field.
type Meaning<'a> = &'a dyn Fn(Value, &mut Column) -> Entry;

/// Rows, and the class of each row of the row group; without: of all rows the first.
#[derive(Clone, Copy)]
struct Counted<'a> {
    rows: &'a Rows,
    classes: &'a [u32],
}

impl Group<'_> {
    /// Counts the values that `rows` have of a field; answers those that were left out because their value stands
    /// apart, or they have several, or the field is none of those that are counted here.
    pub fn tally(&mut self, field: &Field, rows: &Rows, classes: &[u32], tally: &mut Tally) -> Result<Rows, ReadError> {
        let counted = Counted { rows, classes };
        let name = match field {
            Field::Attribute(Scope::Span, key) => return self.tally_attribute(key, counted, tally),
            Field::Attribute(Scope::Resource, _) => schema::RESOURCE,
            Field::Attribute(Scope::Scope, _) => schema::SCOPE,
            Field::Intrinsic(intrinsic) => match intrinsic {
                Intrinsic::ScopeName | Intrinsic::ScopeVersion => schema::SCOPE,
                Intrinsic::Service => schema::SERVICE,
                Intrinsic::Name => schema::NAME,
                Intrinsic::Kind => schema::KIND,
                Intrinsic::Status => schema::STATUS_CODE,
                _ => return Ok(rows.clone()),
            },
            _ => return Ok(rows.clone()),
        };
        if let Some(column) = self.column(name) {
            let in_header = |header: Value, out: &mut Column| match header {
                Value::Text(header) => least(field, header, out),
                _ => crate::spans::NOTHING,
            };
            let meaning = matches!(name, schema::RESOURCE | schema::SCOPE).then_some(&in_header as Meaning);
            self.tally_column(column, counted, tally, meaning)?;
        }
        Ok(Rows::none(self.rows))
    }

    fn tally_attribute(&mut self, key: &[u8], counted: Counted, tally: &mut Tally) -> Result<Rows, ReadError> {
        let mut apart = self.rows_apart(key, counted.rows)?;
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
            apart.retain(counted.rows);
        }
        let mut alone = counted.rows.clone();
        alone.remove(&apart);
        for column in columns {
            self.tally_column(column, Counted { rows: &alone, ..counted }, tally, None)?;
        }
        Ok(apart)
    }

    /// Those of `rows` that have the attribute among those without a column.
    fn rows_apart(&mut self, key: &[u8], rows: &Rows) -> Result<Rows, ReadError> {
        let mut apart = Rows::none(self.rows);
        let Some(rest) = self.column(schema::REST).filter(|_| may_be_there(key, self)) else { return Ok(apart) };
        let field = Field::Attribute(Scope::Span, key.into());
        let dictionary = self.dictionary(rest)?;
        for (number, range) in self.pages_of(rest, 0..self.rows)? {
            let page = self.page(rest, number)?;
            if page.is_empty() || !rows.any_within(range.clone()) {
                continue;
            }
            let values = page.all_values().map_err(|what| self.file.damaged(what))?;
            page.each_present(|row, place| {
                if let Some(Value::Text(fields)) = values.get(place, dictionary.as_deref())
                    && rows.contains(range.start + row)
                    && field.each_value(fields, &mut |_| true)
                {
                    apart.insert(range.start + row);
                }
            });
        }
        Ok(apart)
    }

    fn each_present(&mut self, column: usize, see: &mut dyn FnMut(usize)) -> Result<(), ReadError> {
        for (number, range) in self.pages_of(column, 0..self.rows)? {
            self.page(column, number)?.each_present(|row, _| see(range.start + row));
        }
        Ok(())
    }

    fn tally_column(
        &mut self,
        column: usize,
        counted: Counted,
        tally: &mut Tally,
        meaning: Option<Meaning>,
    ) -> Result<(), ReadError> {
        let all = counted.rows.is_all();
        let dictionary = self.dictionary(column)?;
        let mut of_code = vec![UNSEEN; dictionary.as_ref().map_or(0, |dictionary| dictionary.len())];
        let mut meant = Column::default();
        for (number, range) in self.pages_of(column, 0..self.rows)? {
            if !all && !counted.rows.any_within(range.clone()) {
                continue;
            }
            let page = self.passing_page(column, number)?;
            if page.is_empty() {
                continue;
            }
            let here = Here::of(&page, range.start, counted, all);
            if tally.has_given_up() && meaning.is_none() {
                here.each_class(|class| tally.add(crate::spans::UNTOLD, class));
                continue;
            }
            let damaged = |what| self.file.damaged(what);
            let mut slot_of = |value: Value, tally: &mut Tally| match meaning {
                None => tally.slot(value),
                Some(meaning) => {
                    let entry = meaning(value, &mut meant);
                    tally.slot_of(entry, &meant)
                }
            };
            match (&*page.all_stored().map_err(damaged)?, page.numbered()) {
                (Values::Codes(codes), _) => here.each(codes, |code, class| {
                    let Some(slot) = of_code.get_mut(*code as usize) else { return };
                    if *slot == UNSEEN {
                        let value = dictionary.as_ref().and_then(|dictionary| dictionary.get(*code));
                        *slot = value.map_or(crate::spans::NOWHERE, |value| slot_of(value, tally));
                    }
                    tally.add(*slot, class);
                }),
                (Values::Int64(integers), Some(numbered)) => {
                    let beginnings = tally.beginnings(numbered);
                    let mut sound = true;
                    here.each(integers, |integer, class| {
                        sound &= tally.add_numbered(numbered, &beginnings, *integer, class);
                    });
                    if !sound {
                        return Err(damaged("a numbered text has no beginning"));
                    }
                }
                (Values::Int64(integers), None) if meaning.is_none() => {
                    here.each(integers, |integer, class| tally.add_int(*integer, class));
                }
                (Values::Bool(bools), _) if meaning.is_none() => {
                    let mut slots = [UNSEEN; 2];
                    here.each(bools, |bool, class| {
                        let slot = &mut slots[usize::from(*bool)];
                        if *slot == UNSEEN {
                            *slot = tally.slot(Value::Bool(*bool));
                        }
                        tally.add(*slot, class);
                    });
                }
                (Values::Double(doubles), _) => {
                    here.each(doubles, |double, class| tally.add_double(double.to_bits(), class));
                }
                (values, _) => here.each_place(|place, class| {
                    if let Some(value) = values.get(place, None) {
                        let slot = slot_of(value, tally);
                        tally.add(slot, class);
                    }
                }),
            }
        }
        Ok(())
    }
}

/// What of a page's values counts.
enum Here {
    /// All of so many, for the first class.
    All(usize),
    /// By class.
    Of(Vec<u32>),
}

impl Here {
    /// `all`: whether all rows are counted; the page begins at row `first`.
    fn of(page: &Page, first: usize, counted: Counted, all: bool) -> Here {
        let Counted { rows, classes } = counted;
        let count = page.rank(page.rows);
        if all && classes.is_empty() {
            return Here::All(count);
        }
        let mut here = Vec::with_capacity(count);
        page.each_present(|row, _| {
            let row = first + row;
            let counts = all || rows.contains(row);
            here.push(if counts { classes.get(row).copied().unwrap_or_default() } else { NO_CLASS });
        });
        Here::Of(here)
    }

    fn each_class(&self, mut see: impl FnMut(u32)) {
        match self {
            Here::All(count) => (0..*count).for_each(|_| see(0)),
            Here::Of(classes) => classes.iter().copied().for_each(see),
        }
    }

    #[inline]
    fn each<T>(&self, values: &[T], mut see: impl FnMut(&T, u32)) {
        match self {
            Here::All(count) => values.iter().take(*count).for_each(|value| see(value, 0)),
            Here::Of(classes) => {
                let counted = values.iter().zip(classes).filter(|(_, class)| **class != NO_CLASS);
                counted.for_each(|(value, class)| see(value, *class));
            }
        }
    }

    fn each_place(&self, mut see: impl FnMut(usize, u32)) {
        match self {
            Here::All(count) => (0..*count).for_each(|place| see(place, 0)),
            Here::Of(classes) => {
                let counted = classes.iter().enumerate().filter(|(_, class)| **class != NO_CLASS);
                counted.for_each(|(place, class)| see(place, *class));
            }
        }
    }
}
