//! Attributes with a key and a plain value, and which keys have columns.

use bytes::Bytes;
use otelier_wire::protobuf::{Cursor, Tag, Value, fields};

use super::census::Census;
use super::scan;
use crate::names::Names;
use crate::numbered::{Numbered, NumberedKeys};
use crate::schema::{AttributeType, ROW_GROUP_ROWS};

/// The value of an attribute that a column can hold.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Plain<'a> {
    Text(&'a [u8]),
    Int(i64),
    /// Bits.
    Double(u64),
    Bool(bool),
}

impl Plain<'_> {
    pub fn kind(&self) -> AttributeType {
        match self {
            Plain::Text(_) => AttributeType::Text,
            Plain::Int(_) => AttributeType::Int,
            Plain::Double(_) => AttributeType::Double,
            Plain::Bool(_) => AttributeType::Bool,
        }
    }
}

const FIRST: Tag = Tag(1 << 3 | 2);
const SECOND: Tag = Tag(2 << 3 | 2);

/// Key and value of an encoded KeyValue that says nothing but a key and one string, number or boolean.
#[inline]
pub fn plain(attribute: &[u8]) -> Option<(&[u8], Plain<'_>)> {
    // Key before value and all lengths in a byte, as nearly all are.
    if let [0x0a, key_len @ 0..0x80, rest @ ..] = attribute
        && let Some((key, [0x12, value_len @ 0..0x80, value @ ..])) = rest.split_at_checked(usize::from(*key_len))
        && usize::from(*value_len) == value.len()
    {
        return Some((key, scalar(value)?));
    }
    any_plain(attribute)
}

#[inline(never)]
fn any_plain(attribute: &[u8]) -> Option<(&[u8], Plain<'_>)> {
    let mut cursor = Cursor::new(attribute);
    let tag = cursor.tag().ok()?;
    let one = cursor.bytes().ok()?;
    let other_tag = cursor.tag().ok()?;
    let other = cursor.bytes().ok()?;
    if !cursor.is_empty() {
        return None;
    }
    match (tag, other_tag) {
        (FIRST, SECOND) => Some((one, scalar(other)?)),
        (SECOND, FIRST) => Some((other, scalar(one)?)),
        _ => None,
    }
}

/// An encoded AnyValue that is one string, number or boolean.
#[inline]
pub fn scalar(value: &[u8]) -> Option<Plain<'_>> {
    match value {
        [0x0a, length @ 0..0x80, text @ ..] if usize::from(*length) == text.len() => Some(Plain::Text(text)),
        [0x18, number @ 0..0x80] => Some(Plain::Int((*number).into())),
        [0x10, number @ 0..0x80] => Some(Plain::Bool(*number != 0)),
        _ => any_scalar(value),
    }
}

#[inline(never)]
fn any_scalar(value: &[u8]) -> Option<Plain<'_>> {
    let (tag, rest) = value.split_first()?;
    let mut cursor = Cursor::new(rest);
    let plain = match tag {
        0x0a => Plain::Text(cursor.bytes().ok()?),
        0x10 => Plain::Bool(cursor.varint().ok()? != 0),
        0x18 => Plain::Int(cursor.varint().ok()? as i64),
        0x21 => Plain::Double(u64::from_le_bytes(cursor.take(8).ok()?.try_into().ok()?)),
        _ => return None,
    };
    cursor.is_empty().then_some(plain)
}

/// Items that are looked at.
const SAMPLE: usize = 8_192;
const NONE: u16 = u16::MAX;
const NUMBERED: usize = 4;

/// Which keys have columns, and where.
#[derive(Default)]
pub struct Keys {
    names: Names,
    /// By key and type; last the column of numbered texts.
    places: Vec<[u16; 5]>,
    /// What each column holds.
    pub columns: Vec<(AttributeType, String, Option<Numbered>)>,
}

/// Where an attribute goes.
pub enum Place {
    Column(usize),
    /// As an integer.
    Numbered(usize, i64),
}

impl Keys {
    #[inline]
    pub fn place(&self, key: &[u8], value: Plain) -> Option<Place> {
        let places = &self.places[self.names.find(key)? as usize];
        if let Plain::Text(text) = value
            && let Some((.., Some(numbered))) = self.columns.get(usize::from(places[NUMBERED]))
            && let Some(number) = numbered.number(text)
        {
            return Some(Place::Numbered(usize::from(places[NUMBERED]), number));
        }
        let place = places[value.kind() as usize];
        (place != NONE).then_some(Place::Column(usize::from(place)))
    }

    /// The columns of numbered texts.
    pub fn numbered(&self) -> NumberedKeys {
        let numbered = self.columns.iter().filter_map(|(_, key, numbered)| Some((key.clone(), numbered.clone()?)));
        NumberedKeys(numbered.collect())
    }

    pub fn add(&mut self, key: &str, of: AttributeType, numbered: Option<Numbered>) {
        let name = self.names.add(key.as_bytes()) as usize;
        if name == self.places.len() {
            self.places.push([NONE; 5]);
        }
        let place = if numbered.is_some() { NUMBERED } else { of as usize };
        self.places[name][place] = self.columns.len() as u16;
        self.columns.push((of, key.into(), numbered));
    }
}

/// Chooses by a look at some of the items; `number` is that of their attributes.
pub fn choose_keys(records: &[Bytes], places: impl ExactSizeIterator<Item = scan::Place>, number: u32) -> Keys {
    let mut census = Census::default();
    let count = places.len();
    for place in places.step_by(count.div_ceil(SAMPLE).max(1)) {
        census.items += 1;
        for field in fields(place.bytes(records)).filter(|field| field.number == number) {
            if let Value::Len(attribute) = field.value {
                census.add(attribute);
            }
        }
    }
    census.choose(count.min(ROW_GROUP_ROWS))
}
