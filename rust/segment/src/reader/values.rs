//! Values as they come out of pages.

use bytes::Bytes;

use super::bits::{Hybrid, packed};
use super::texts::Texts;
use super::{Damage, delta};
use crate::filter::value::Value;
use crate::numbered::Numbered;
use crate::schema::Cell;

/// A chunk's distinct values, by code.
#[derive(Debug)]
pub enum Dictionary {
    Int32(Vec<i32>),
    Int64(Vec<i64>),
    Double(Vec<f64>),
    Texts(Texts),
}

impl Dictionary {
    pub fn decode(cell: Cell, bytes: &Bytes, count: usize) -> Result<Dictionary, Damage> {
        Ok(match cell {
            Cell::Int32 => Dictionary::Int32(numbers(bytes, 0, count, i32::from_le_bytes)?),
            Cell::Int64 => Dictionary::Int64(numbers(bytes, 0, count, i64::from_le_bytes)?),
            Cell::Double => Dictionary::Double(numbers(bytes, 0, count, f64::from_le_bytes)?),
            Cell::Text | Cell::Bytes => Dictionary::Texts(Texts::plain(bytes, 0, count)?),
            Cell::Fixed(_) | Cell::Bool => return Err("a dictionary of values that never have one"),
        })
    }

    pub fn len(&self) -> usize {
        match self {
            Dictionary::Int32(values) => values.len(),
            Dictionary::Int64(values) => values.len(),
            Dictionary::Double(values) => values.len(),
            Dictionary::Texts(texts) => texts.len(),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// About how many bytes of memory it takes.
    pub fn size(&self) -> usize {
        match self {
            Dictionary::Texts(texts) => texts.size(),
            _ => 8 * self.len(),
        }
    }

    /// `None` for a code that is none.
    pub fn get(&self, code: u32) -> Option<Value<'_>> {
        let code = code as usize;
        match self {
            Dictionary::Int32(values) => values.get(code).map(|value| Value::Int((*value).into())),
            Dictionary::Int64(values) => values.get(code).map(|value| Value::Int((*value).into())),
            Dictionary::Double(values) => values.get(code).map(|value| Value::Double(*value)),
            Dictionary::Texts(texts) => (code < texts.len()).then(|| Value::Text(texts.get(code))),
        }
    }
}

/// Some neighbouring values of a page; nulls have none.
#[derive(Debug)]
pub enum Values {
    Codes(Vec<u32>),
    Int32(Vec<i32>),
    Int64(Vec<i64>),
    Double(Vec<f64>),
    Bool(Vec<bool>),
    Texts(Texts),
    /// All of one length.
    Fixed(Bytes, usize),
}

impl Values {
    /// The values from `from` to `to` in a page's bytes, which begin at `at`.
    pub fn plain(cell: Cell, bytes: &Bytes, at: usize, from: usize, to: usize) -> Result<Values, Damage> {
        let count = to - from;
        Ok(match cell {
            Cell::Int32 => Values::Int32(numbers(bytes, at + 4 * from, count, i32::from_le_bytes)?),
            Cell::Int64 => Values::Int64(numbers(bytes, at + 8 * from, count, i64::from_le_bytes)?),
            Cell::Double => Values::Double(numbers(bytes, at + 8 * from, count, f64::from_le_bytes)?),
            Cell::Bool => {
                let bits = bytes.get(at..).filter(|bits| bits.len() * 8 >= to).ok_or("booleans are cut off")?;
                Values::Bool((from..to).map(|at| packed(bits, at, 1) == 1).collect())
            }
            Cell::Fixed(length) => {
                let range = at + length * from..at + length * to;
                bytes.get(range.clone()).ok_or("fixed values are cut off")?;
                Values::Fixed(bytes.slice(range), length)
            }
            Cell::Text | Cell::Bytes => {
                let all = Texts::plain(bytes, at, to)?;
                Values::Texts(all.skip(from))
            }
        })
    }

    pub fn codes(bytes: &[u8], from: usize, to: usize) -> Result<Values, Damage> {
        let (width, packed) = bytes.split_first().ok_or("codes are cut off")?;
        let mut codes = Vec::with_capacity(to - from);
        let mut hybrid = Hybrid::new(packed, (*width).into())?;
        hybrid.skip(from)?;
        hybrid.read(to - from, &mut codes)?;
        Ok(Values::Codes(codes))
    }

    pub fn deltas(cell: Cell, bytes: &[u8], total: usize, from: usize, to: usize) -> Result<Values, Damage> {
        let mut values = Vec::new();
        delta::read(bytes, total, from, to, &mut values)?;
        match cell {
            Cell::Int64 => Ok(Values::Int64(values)),
            Cell::Int32 => Ok(Values::Int32(values.into_iter().map(|value| value as i32).collect())),
            _ => Err("deltas of something that is no integer"),
        }
    }

    /// BYTE_STREAM_SPLIT: the first bytes of all `count` numbers, then their second ones, and so on.
    pub fn split(cell: Cell, bytes: &[u8], count: usize, from: usize, to: usize) -> Result<Values, Damage> {
        if !matches!(cell, Cell::Double | Cell::Int64) || bytes.len() < 8 * count || to > count {
            return Err("numbers by bytes are cut off");
        }
        let byte = |place: usize, number: usize| u64::from(bytes[number * count + place]) << (8 * number);
        let bits = |place| (0..8).fold(0, |bits, number| bits | byte(place, number));
        Ok(match cell {
            Cell::Int64 => Values::Int64((from..to).map(|place| bits(place) as i64).collect()),
            _ => Values::Double((from..to).map(|place| f64::from_bits(bits(place))).collect()),
        })
    }

    /// The texts that integers stand for.
    pub fn texts(self, numbered: &Numbered) -> Result<Values, Damage> {
        let Values::Int64(integers) = self else { return Err("numbered texts are no integers") };
        /// Of a text, most often.
        const USUAL: usize = 32;
        let (mut bytes, mut places) = (Vec::with_capacity(USUAL * integers.len()), Vec::with_capacity(integers.len()));
        for integer in integers {
            let start = bytes.len() as u32;
            if !numbered.put_text(integer, &mut bytes) {
                return Err("a numbered text has no beginning");
            }
            places.push((start, bytes.len() as u32));
        }
        Ok(Values::Texts(Texts::new(bytes.into(), places)))
    }

    /// By its place among these; codes are looked up. `None` for what is not there.
    pub fn get<'a>(&'a self, at: usize, dictionary: Option<&'a Dictionary>) -> Option<Value<'a>> {
        match self {
            Values::Codes(codes) => dictionary?.get(*codes.get(at)?),
            Values::Int32(values) => values.get(at).map(|value| Value::Int((*value).into())),
            Values::Int64(values) => values.get(at).map(|value| Value::Int((*value).into())),
            Values::Double(values) => values.get(at).map(|value| Value::Double(*value)),
            Values::Bool(values) => values.get(at).map(|value| Value::Bool(*value)),
            Values::Texts(texts) => (at < texts.len()).then(|| Value::Text(texts.get(at))),
            Values::Fixed(bytes, length) => bytes.get(at * length..(at + 1) * length).map(Value::Text),
        }
    }
}

fn numbers<const N: usize, T>(
    bytes: &[u8],
    at: usize,
    count: usize,
    number: impl Fn([u8; N]) -> T,
) -> Result<Vec<T>, Damage> {
    let bytes = count.checked_mul(N).and_then(|size| bytes.get(at..)?.get(..size)).ok_or("numbers are cut off")?;
    Ok(bytes.as_chunks().0.iter().map(|chunk| number(*chunk)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_whose_bytes_are_split_are_joined_again() {
        let numbers: Vec<f64> = (0..50).map(|at| f64::from(at) * 1.37 - 20.0).collect();
        let bytes: Vec<u8> =
            (0..8).flat_map(|byte| numbers.iter().map(move |number| number.to_le_bytes()[byte])).collect();
        match Values::split(Cell::Double, &bytes, 50, 7, 50).unwrap() {
            Values::Double(out) => assert_eq!(out, numbers[7..]),
            other => panic!("{other:?}"),
        }
        assert!(Values::split(Cell::Double, &bytes[1..], 50, 0, 50).is_err());
        assert!(Values::split(Cell::Double, &bytes, 50, 0, 51).is_err());
    }
}
