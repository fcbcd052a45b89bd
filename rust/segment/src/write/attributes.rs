//! Attributes with a key and a plain value, and which keys have columns.

use bytes::Bytes;
use otelier_wire::protobuf::{Cursor, Tag, Value, fields};

use super::intern::Interner;
use super::scan::Place;
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

/// Columns of attributes in a segment at most.
pub const MAX_COLUMNS: usize = 256;
/// A column pays from about this many values in a row group on: what it costs otherwise is said in `docs/spec`.
const LEAST_VALUES: usize = 24;
/// Items that are looked at.
const SAMPLE: usize = 8_192;

const NONE: u16 = u16::MAX;

/// Which keys have columns, and where.
#[derive(Default)]
pub struct Keys {
    names: Interner,
    /// By key and type.
    places: Vec<[u16; 4]>,
    /// What each column holds.
    pub columns: Vec<(AttributeType, String)>,
}

impl Keys {
    #[inline]
    pub fn column(&self, key: &[u8], of: AttributeType) -> Option<usize> {
        let place = self.places[self.names.find(key)? as usize][of as usize];
        (place != NONE).then_some(usize::from(place))
    }
}

/// Counts the keys of some items to choose columns for all.
#[derive(Default)]
pub struct Census {
    names: Interner,
    /// By key and type.
    counts: Vec<[Count; 4]>,
    pub items: usize,
}

#[derive(Clone, Copy, Default)]
struct Count {
    values: usize,
    bytes: usize,
}

impl Census {
    /// Counts an encoded KeyValue.
    pub fn add(&mut self, attribute: &[u8]) {
        let Some((key, value)) = plain(attribute) else { return };
        let name = self.names.intern(key) as usize;
        if name == self.counts.len() {
            self.counts.push(Default::default());
        }
        let count = &mut self.counts[name][value.kind() as usize];
        count.values += 1;
        count.bytes += attribute.len();
    }

    /// The keys that fill columns best in a row group of `rows`: the most bytes win, ties go to the first by name.
    pub fn choose(&self, rows: usize) -> Keys {
        let enough = |count: &Count| count.values * rows >= LEAST_VALUES * self.items.max(1);
        let mut chosen = Vec::new();
        for (key, counts) in self.names.strings.iter().zip(&self.counts) {
            let Ok(key) = std::str::from_utf8(key) else { continue };
            let types = AttributeType::ALL.into_iter().zip(counts);
            chosen.extend(types.filter(|(_, count)| enough(count)).map(|(of, count)| (count.bytes, key, of)));
        }
        chosen.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| (a.1, a.2).cmp(&(b.1, b.2))));
        chosen.truncate(MAX_COLUMNS);
        chosen.sort_by(|a, b| (a.1, a.2).cmp(&(b.1, b.2)));
        let mut keys = Keys::default();
        for (_, key, of) in chosen {
            let name = keys.names.intern(key.as_bytes()) as usize;
            if name == keys.places.len() {
                keys.places.push([NONE; 4]);
            }
            keys.places[name][of as usize] = keys.columns.len() as u16;
            keys.columns.push((of, key.into()));
        }
        keys
    }
}

/// Chooses by a look at some of the items; `number` is that of their attributes.
pub fn choose_keys(records: &[Bytes], places: impl ExactSizeIterator<Item = Place>, number: u32) -> Keys {
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
