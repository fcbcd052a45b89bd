//! A row group being filled, column by column.

use crate::encode::{Cells, Content, Strings, Values};
use crate::schema::{self, Cell, Column};

use super::attributes::{Keys, Place, Plain};

/// A column some of whose rows have a value.
#[derive(Debug)]
pub struct Sparse {
    pub rows: Vec<u32>,
    pub values: Values,
}

impl Sparse {
    pub fn new(cell: Cell) -> Sparse {
        let values = match cell {
            Cell::Fixed(length) => Values::Fixed(Vec::new(), length),
            Cell::Int32 => Values::Int32(Vec::new()),
            Cell::Int64 => Values::Int64(Vec::new()),
            Cell::Double => Values::Double(Vec::new()),
            Cell::Bool => Values::Bool(Vec::new()),
            Cell::Text | Cell::Bytes => Values::Bytes(Strings::default()),
        };
        Sparse { rows: Vec::new(), values }
    }

    /// Whether `row`, which must be the last one or a new one, has a value.
    #[inline]
    pub fn has(&self, row: u32) -> bool {
        self.rows.last() == Some(&row)
    }

    #[inline]
    pub fn put_bytes(&mut self, row: u32, value: &[u8]) {
        if let Values::Bytes(strings) = &mut self.values {
            strings.push(value);
            self.rows.push(row);
        }
    }

    #[inline]
    pub fn put_fixed(&mut self, row: u32, value: &[u8]) {
        if let Values::Fixed(bytes, _) = &mut self.values {
            bytes.extend_from_slice(value);
            self.rows.push(row);
        }
    }

    #[inline]
    pub fn put_int32(&mut self, row: u32, value: u32) {
        if let Values::Int32(values) = &mut self.values {
            values.push(value as i32);
            self.rows.push(row);
        }
    }

    /// A string or id; false if the row has one.
    #[inline]
    pub fn put_first(&mut self, row: u32, value: &[u8]) -> bool {
        if self.has(row) {
            return false;
        }
        match &mut self.values {
            Values::Bytes(strings) => strings.push(value),
            Values::Fixed(bytes, length) if *length == value.len() => bytes.extend_from_slice(value),
            _ => return false,
        }
        self.rows.push(row);
        true
    }

    /// A count or flags, of which 0 is not written; false if the row has one.
    #[inline]
    pub fn put_count(&mut self, row: u32, value: u32) -> bool {
        if value != 0 && self.has(row) {
            return false;
        }
        if value != 0 {
            self.put_int32(row, value);
        }
        true
    }

    /// A value of the column's type.
    #[inline]
    pub fn put(&mut self, row: u32, value: Plain) {
        match (&mut self.values, value) {
            (Values::Bytes(strings), Plain::Text(text)) => strings.push(text),
            (Values::Int64(values), Plain::Int(value)) => values.push(value),
            (Values::Double(values), Plain::Double(bits)) => values.push(bits),
            (Values::Bool(values), Plain::Bool(value)) => values.push(value),
            _ => return,
        }
        self.rows.push(row);
    }

    pub fn clear(&mut self) {
        self.rows.clear();
        self.values.clear();
    }

    pub fn cells(&self, count: usize) -> Cells<'_> {
        Cells { count, rows: Some(&self.rows), content: Content::Values(&self.values) }
    }
}

/// The columns of attributes, and what of attributes goes elsewhere.
pub struct Attributes {
    pub keys: Keys,
    pub columns: Vec<Sparse>,
    /// Values written to each column in the whole segment.
    pub totals: Vec<u64>,
}

impl Attributes {
    pub fn new(keys: Keys) -> Attributes {
        let columns: Vec<Sparse> = schema_of(&keys).map(|column| Sparse::new(column.cell)).collect();
        Attributes { totals: vec![0; columns.len()], columns, keys }
    }

    /// Puts an attribute into its column; false if it has none, or the row has a value there.
    #[inline]
    pub fn put(&mut self, row: u32, key: &[u8], value: Plain) -> bool {
        let (at, value) = match self.keys.place(key, value) {
            Some(Place::Column(at)) => (at, value),
            Some(Place::Numbered(at, number)) => (at, Plain::Int(number)),
            None => return false,
        };
        let column = &mut self.columns[at];
        if column.has(row) {
            return false;
        }
        column.put(row, value);
        true
    }

    pub fn schema(&self) -> impl Iterator<Item = Column> {
        schema_of(&self.keys)
    }

    pub fn clear(&mut self) {
        for (column, total) in self.columns.iter_mut().zip(&mut self.totals) {
            *total += column.rows.len() as u64;
            column.clear();
        }
    }
}

fn schema_of(keys: &Keys) -> impl Iterator<Item = Column> {
    keys.columns.iter().map(|(of, key, numbered)| match numbered {
        Some(_) => schema::numbered_column(key),
        None => schema::attribute_column(*of, key),
    })
}

pub fn push_fixed(values: &mut Values, value: &[u8]) {
    if let Values::Fixed(bytes, _) = values {
        bytes.extend_from_slice(value);
    }
}

pub fn push_int32(values: &mut Values, value: i32) {
    if let Values::Int32(values) = values {
        values.push(value);
    }
}

pub fn push_int64(values: &mut Values, value: u64) {
    if let Values::Int64(values) = values {
        values.push(value as i64);
    }
}
