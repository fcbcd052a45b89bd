//! Which group a span belongs to: groups are numbered in the order in which they are met.

use hashbrown::HashMap;

use super::column::{ARRAY, Column, Entry, NOTHING, OTHER, TEXT};
use crate::error::ReadError;
use crate::filter::{Wanted, value::Value};
use crate::rows::Rows;
use crate::select::Table;

const NONE: u32 = u32::MAX;

pub struct Groups<'a> {
    fields: Vec<Field<'a>>,
    /// For each field but the first.
    pairs: Vec<Pairs>,
    numbers: Vec<u32>,
}

/// Pairs of the number of what all fields before have, and that of the field's value.
#[derive(Default)]
struct Pairs {
    numbers: HashMap<(u32, u32), u32>,
    all: Vec<(u32, u32)>,
}

impl Pairs {
    #[inline]
    fn number(&mut self, pair: (u32, u32)) -> u32 {
        let next = self.all.len() as u32;
        let number = *self.numbers.entry(pair).or_insert(next);
        if number == next {
            self.all.push(pair);
        }
        number
    }
}

/// The values of one field, numbered.
struct Field<'a> {
    wanted: &'a Wanted,
    /// Of the block at hand; its texts are those of all.
    column: Column,
    of_text: Vec<u32>,
    others: HashMap<Entry, u32>,
    entries: Vec<Entry>,
}

impl Field<'_> {
    #[inline]
    fn number(&mut self, entry: Entry) -> u32 {
        if entry.0 == TEXT
            && let Some(number) = self.of_text.get(entry.1 as usize)
            && *number != NONE
        {
            return *number;
        }
        self.new_number(entry)
    }

    fn new_number(&mut self, entry: Entry) -> u32 {
        let next = self.entries.len() as u32;
        let number = if entry.0 == TEXT {
            self.of_text.resize(self.of_text.len().max(entry.1 as usize + 1), NONE);
            self.of_text[entry.1 as usize] = next;
            next
        } else {
            *self.others.entry(entry).or_insert(next)
        };
        if number == next {
            self.entries.push(entry);
        }
        number
    }
}

impl<'a> Groups<'a> {
    pub fn new(fields: &'a [Wanted]) -> Groups<'a> {
        let field = |wanted: &'a Wanted| Field {
            wanted,
            column: wanted.column(),
            of_text: Vec::new(),
            others: HashMap::new(),
            entries: Vec::new(),
        };
        let pairs = fields.iter().skip(1).map(|_| Pairs::default()).collect();
        Groups { fields: fields.iter().map(field).collect(), pairs, numbers: Vec::new() }
    }

    pub fn count(&self) -> usize {
        match (self.pairs.last(), self.fields.first()) {
            (Some(pairs), _) => pairs.all.len(),
            (None, Some(field)) => field.entries.len(),
            (None, None) => 1,
        }
    }

    /// The groups of these rows.
    pub fn numbers(&mut self, table: &mut dyn Table, found: &Rows) -> Result<&[u32], ReadError> {
        self.numbers.clear();
        self.numbers.resize(found.count(), 0);
        for (at, field) in self.fields.iter_mut().enumerate() {
            field.column.resize(0);
            field.wanted.append(table, found, &mut field.column)?;
            for (place, before) in self.numbers.iter_mut().enumerate() {
                let entry = match field.column.width {
                    0 => (field.column.tags[place], field.column.data[place]),
                    _ => field.column.id_entry(place),
                };
                let number = field.number(entry);
                *before = if at == 0 { number } else { self.pairs[at - 1].number((*before, number)) };
            }
        }
        Ok(&self.numbers)
    }

    /// The group of these values.
    pub fn number(&mut self, values: &[Option<Value>]) -> u32 {
        let mut group = 0;
        for (at, (field, value)) in self.fields.iter_mut().zip(values).enumerate() {
            let entry = value.map_or(NOTHING, |value| field.column.entry(value));
            let number = field.number(entry);
            group = if at == 0 { number } else { self.pairs[at - 1].number((group, number)) };
        }
        group
    }

    /// The group of a value of the only field, as a tally tells it.
    pub fn number_of(&mut self, tag: u8, data: u64, text: &[u8]) -> u32 {
        let field = &mut self.fields[0];
        let data = if matches!(tag, TEXT | ARRAY | OTHER) { field.column.texts.intern(text).into() } else { data };
        field.number((tag, data))
    }

    /// Takes in the groups of the same fields that another pass has met; answers what each is here.
    pub fn merge(&mut self, other: Groups) -> Vec<u32> {
        let mut groups = vec![0];
        for (at, (own, field)) in self.fields.iter_mut().zip(other.fields).enumerate() {
            let mut number = |(tag, data): Entry| {
                let is_text = matches!(tag, TEXT | ARRAY | OTHER);
                let data = if is_text { own.column.texts.intern(field.column.text(data)).into() } else { data };
                own.number((tag, data))
            };
            let numbers: Vec<u32> = field.entries.iter().map(|entry| number(*entry)).collect();
            groups = match at.checked_sub(1) {
                None => numbers,
                Some(at) => {
                    let pairs = other.pairs[at].all.iter();
                    pairs
                        .map(|pair| self.pairs[at].number((groups[pair.0 as usize], numbers[pair.1 as usize])))
                        .collect()
                }
            };
        }
        groups
    }

    /// How many, and their values.
    pub fn finish(self) -> (usize, Vec<Column>) {
        let count = self.count();
        // What is numbered before each field, and is taken apart from the last on.
        let mut numbers: Vec<u32> = (0..count as u32).collect();
        let mut columns = Vec::new();
        for (at, field) in self.fields.into_iter().enumerate().rev() {
            let mut column = Column { texts: field.column.texts, ..Column::default() };
            column.extend(count);
            for (group, before) in numbers.iter_mut().enumerate() {
                let mut number = *before;
                if at > 0 {
                    (*before, number) = self.pairs[at - 1].all[*before as usize];
                }
                column.set(group, field.entries[number as usize]);
            }
            columns.push(column);
        }
        columns.reverse();
        (count, columns)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::filter::{Field, Intrinsic};

    fn wanted(fields: usize) -> Vec<Wanted> {
        (0..fields).map(|_| Wanted { field: Field::Intrinsic(Intrinsic::Name), of_parent: false }).collect()
    }

    #[test]
    fn groups_of_another_pass_are_those_with_the_same_values() {
        let values =
            [Some(Value::Text(b"a")), Some(Value::Int(1)), None, Some(Value::Text(b"b")), Some(Value::Bool(true))];
        for fields in 0..=2 {
            let wanted = wanted(fields);
            let (mut all, mut first, mut second) = (Groups::new(&wanted), Groups::new(&wanted), Groups::new(&wanted));
            let mut met = Vec::new();
            for at in 0..20 {
                let row: Vec<_> = (0..fields).map(|field| values[(at * (field + 2) + field) % 5]).collect();
                all.number(&row);
                let (in_first, half) = (at % 3 == 0, if at % 3 == 0 { &mut first } else { &mut second });
                met.push((row.clone(), in_first, half.number(&row)));
            }
            let count = second.count();
            let mapped = first.merge(second);
            assert_eq!(mapped.len(), count);
            for (row, in_first, number) in met {
                let expected = if in_first { number } else { mapped[number as usize] };
                assert_eq!(first.number(&row), expected);
            }
            assert_eq!(first.count(), all.count());
        }
    }
}
