//! A field's values of many spans: a type and eight bytes for each.

use std::cmp::Ordering;
use std::ops::Range;

use crate::filter::value::{Value, any_value, hex, is_array, text_of};
use crate::write::Interner;

/// The types of values, least first: of several values of a key the least type's counts.
pub const ABSENT: u8 = 0;
pub const TEXT: u8 = 1;
pub const BOOL: u8 = 2;
pub const INT: u8 = 3;
pub const DOUBLE: u8 = 4;
pub const ARRAY: u8 = 5;
pub const OTHER: u8 = 6;

/// Type and bits of a value: of texts, arrays and others the number of their text, of doubles their bits.
pub type Entry = (u8, u64);

pub const NOTHING: Entry = (ABSENT, 0);

#[derive(Clone, Debug, Default)]
pub struct Column {
    pub tags: Vec<u8>,
    pub data: Vec<u64>,
    /// Distinct texts; arrays and others as JSON.
    pub texts: Interner,
    /// Of ids: their bytes, `width` for each row.
    pub raw: Vec<u8>,
    pub width: usize,
}

impl Column {
    /// Of ids of so many bytes; 0: of other values.
    pub fn new(width: usize) -> Column {
        Column { width, ..Column::default() }
    }

    pub fn len(&self) -> usize {
        self.tags.len()
    }

    pub fn is_empty(&self) -> bool {
        self.tags.is_empty()
    }

    /// About how many bytes of memory it takes.
    pub fn size(&self) -> usize {
        9 * self.len() + self.raw.len() + self.texts.strings.size()
    }

    /// Appends so many rows without a value; answers the first of them.
    pub fn extend(&mut self, rows: usize) -> usize {
        let first = self.len();
        self.resize(first + rows);
        first
    }

    pub fn resize(&mut self, rows: usize) {
        self.tags.resize(rows, ABSENT);
        self.data.resize(rows, 0);
        self.raw.resize(rows * self.width, 0);
    }

    /// What a value is here.
    pub fn entry(&mut self, value: Value) -> Entry {
        match value {
            Value::Text(text) => (TEXT, self.texts.intern(text).into()),
            Value::Bool(bool) => (BOOL, bool.into()),
            Value::Int(int) => (INT, int as u64),
            Value::Double(double) => (DOUBLE, double.to_bits()),
            Value::Other(any) => {
                let tag = if is_array(any) { ARRAY } else { OTHER };
                (tag, self.texts.intern(text_of(any).as_bytes()).into())
            }
        }
    }

    #[inline]
    pub fn set(&mut self, row: usize, (tag, data): Entry) {
        self.tags[row] = tag;
        self.data[row] = data;
    }

    /// Keeps the lesser one: what a key that occurs twice has as its value must not depend on where it was found.
    #[inline]
    pub fn set_least(&mut self, row: usize, entry: Entry) {
        if self.tags[row] == ABSENT || self.order(entry, (self.tags[row], self.data[row])).is_lt() {
            self.set(row, entry);
        }
    }

    /// By type, then by value.
    fn order(&self, a: Entry, b: Entry) -> Ordering {
        a.0.cmp(&b.0).then_with(|| match a.0 {
            TEXT | ARRAY | OTHER => self.text(a.1).cmp(self.text(b.1)),
            INT => (a.1 as i64).cmp(&(b.1 as i64)),
            DOUBLE => f64::from_bits(a.1).total_cmp(&f64::from_bits(b.1)),
            _ => a.1.cmp(&b.1),
        })
    }

    /// Two rows, by type and value.
    pub fn compare(&self, a: usize, b: usize) -> Ordering {
        self.order((self.tags[a], self.data[a]), (self.tags[b], self.data[b]))
    }

    pub fn text(&self, number: u64) -> &[u8] {
        self.texts.strings.get(number as usize)
    }

    /// An id; zeros are none.
    pub fn set_id(&mut self, row: usize, id: &[u8]) {
        let width = self.width;
        if id.len() == width && id.iter().any(|byte| *byte != 0) {
            self.raw[row * width..(row + 1) * width].copy_from_slice(id);
            self.tags[row] = TEXT;
        }
    }

    pub fn id(&self, row: usize) -> &[u8] {
        &self.raw[row * self.width..(row + 1) * self.width]
    }

    /// An id as a text.
    pub fn id_entry(&mut self, row: usize) -> Entry {
        if self.tags[row] == ABSENT {
            return NOTHING;
        }
        let text = hex(self.id(row));
        (TEXT, self.texts.intern(text.as_bytes()).into())
    }

    /// One value is itself, several are an array.
    pub fn set_all(&mut self, row: usize, values: &[Owned]) {
        match values {
            [] => {}
            [value] => {
                let entry = self.entry(value.as_value());
                self.set(row, entry);
            }
            values => {
                let json: Vec<serde_json::Value> = values.iter().map(Owned::json).collect();
                let text = serde_json::Value::from(json).to_string();
                let entry = (ARRAY, self.texts.intern(text.as_bytes()).into());
                self.set(row, entry);
            }
        }
    }

    /// The value of a row, as tests see it; arrays and others are only there.
    pub fn value(&self, row: usize) -> Option<Value<'_>> {
        let data = self.data[row];
        Some(match self.tags[row] {
            TEXT if self.width > 0 => Value::Text(self.id(row)),
            TEXT => Value::Text(self.text(data)),
            BOOL => Value::Bool(data != 0),
            INT => Value::Int((data as i64).into()),
            DOUBLE => Value::Double(f64::from_bits(data)),
            ARRAY | OTHER => Value::Other(&[]),
            _ => return None,
        })
    }

    /// Copies a row of this column onto another.
    pub fn copy(&mut self, from: usize, to: usize) {
        self.tags[to] = self.tags[from];
        self.data[to] = self.data[from];
        if self.width > 0 {
            self.raw.copy_within(from * self.width..(from + 1) * self.width, to * self.width);
        }
    }

    /// Copies so many rows from `from` on onto those from `to` on that have no value.
    pub fn copy_missing(&mut self, from: usize, to: usize, count: usize) {
        for place in 0..count {
            if self.tags[to + place] == ABSENT {
                self.copy(from + place, to + place);
            }
        }
    }

    /// Sets the rows that have no value.
    pub fn set_missing(&mut self, rows: Range<usize>, entry: Entry) {
        for row in rows {
            if self.tags[row] == ABSENT {
                self.set(row, entry);
            }
        }
    }

    /// Appends all rows of another column of the same kind of values.
    pub fn append(&mut self, other: &Column) {
        let texts: Vec<u64> = other.texts.strings.iter().map(|text| self.texts.intern(text).into()).collect();
        self.tags.extend_from_slice(&other.tags);
        self.data.extend(other.tags.iter().zip(&other.data).map(|(tag, data)| match *tag {
            TEXT | ARRAY | OTHER if other.width == 0 => texts[*data as usize],
            _ => *data,
        }));
        self.raw.extend_from_slice(&other.raw);
    }

    /// The rows in this order.
    pub fn reorder(&mut self, order: &[u32]) {
        self.tags = order.iter().map(|row| self.tags[*row as usize]).collect();
        self.data = order.iter().map(|row| self.data[*row as usize]).collect();
        if self.width > 0 {
            self.raw = order.iter().flat_map(|row| self.id(*row as usize)).copied().collect();
        }
    }
}

/// A value of its own bytes.
#[derive(Clone, Debug)]
pub enum Owned {
    Text(Vec<u8>),
    Int(i128),
    Double(f64),
    Bool(bool),
    Other(Vec<u8>),
}

impl Owned {
    pub fn new(value: Value) -> Owned {
        match value {
            Value::Text(text) => Owned::Text(text.into()),
            Value::Int(int) => Owned::Int(int),
            Value::Double(double) => Owned::Double(double),
            Value::Bool(bool) => Owned::Bool(bool),
            Value::Other(any) => Owned::Other(any.into()),
        }
    }

    fn as_value(&self) -> Value<'_> {
        match self {
            Owned::Text(text) => Value::Text(text),
            Owned::Int(int) => Value::Int(*int),
            Owned::Double(double) => Value::Double(*double),
            Owned::Bool(bool) => Value::Bool(*bool),
            Owned::Other(any) => Value::Other(any),
        }
    }

    fn json(&self) -> serde_json::Value {
        match self {
            Owned::Text(text) => String::from_utf8_lossy(text).into(),
            Owned::Int(int) => (*int as i64).into(),
            Owned::Double(double) => (*double).into(),
            Owned::Bool(bool) => (*bool).into(),
            Owned::Other(any) => match any_value(any) {
                Value::Other(_) => serde_json::from_str(&text_of(any)).unwrap_or_else(|_| text_of(any).into()),
                value => Owned::new(value).json(),
            },
        }
    }
}
