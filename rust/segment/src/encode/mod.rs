//! Columns of a row group into Parquet's pages. The crate `parquet` writes the file around them; the pages are
//! written here, because what it knows of a column only as cells is known here better: the rows that have a value
//! as a list, dictionary codes as they are, one compressor for all.

mod chunk;
mod codes;
mod delta;
mod dictionary;
mod levels;
mod pack;
mod page;
mod plain;

pub use chunk::{Cells, Content, Encoded, Encoder};
#[cfg(test)]
pub(crate) use codes::put_codes;
#[cfg(test)]
pub(crate) use delta::put_deltas;
#[cfg(test)]
pub(crate) use levels::put_levels;

/// The values of a column in a row group, in row order; nulls are left out.
#[derive(Debug)]
pub enum Values {
    /// All of one length.
    Fixed(Vec<u8>, usize),
    Int32(Vec<i32>),
    Int64(Vec<i64>),
    /// Bits.
    Double(Vec<u64>),
    Bool(Vec<bool>),
    Bytes(Strings),
}

impl Values {
    pub fn len(&self) -> usize {
        match self {
            Values::Fixed(bytes, length) => bytes.len() / length,
            Values::Int32(values) => values.len(),
            Values::Int64(values) => values.len(),
            Values::Double(values) => values.len(),
            Values::Bool(values) => values.len(),
            Values::Bytes(strings) => strings.len(),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub fn clear(&mut self) {
        match self {
            Values::Fixed(bytes, _) => bytes.clear(),
            Values::Int32(values) => values.clear(),
            Values::Int64(values) => values.clear(),
            Values::Double(values) => values.clear(),
            Values::Bool(values) => values.clear(),
            Values::Bytes(strings) => strings.clear(),
        }
    }
}

/// Strings one behind the other.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Strings {
    bytes: Vec<u8>,
    ends: Vec<u32>,
}

impl Strings {
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    pub fn size(&self) -> usize {
        self.bytes.len()
    }

    #[inline]
    pub fn push(&mut self, value: &[u8]) {
        self.bytes.extend_from_slice(value);
        self.ends.push(self.bytes.len() as u32);
    }

    /// A string made of what `write` appends.
    pub fn push_with(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        write(&mut self.bytes);
        self.ends.push(self.bytes.len() as u32);
    }

    #[inline]
    pub fn get(&self, at: usize) -> &[u8] {
        &self.bytes[self.start(at)..self.ends[at] as usize]
    }

    /// All bytes of the strings `from..to`, and their ends, which count from `start(from)`.
    fn slice(&self, from: usize, to: usize) -> (&[u8], &[u32]) {
        let ends = &self.ends[from..to];
        (&self.bytes[self.start(from)..self.start(to)], ends)
    }

    fn start(&self, at: usize) -> usize {
        if at == 0 { 0 } else { self.ends[at - 1] as usize }
    }

    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        (0..self.len()).map(|at| self.get(at))
    }

    pub fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
    }
}
