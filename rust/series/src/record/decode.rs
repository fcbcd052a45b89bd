//! Reads the payload of a record. Nothing is copied but what was packed; columns are appended to the caller's.

use bytes::Bytes;
use otelier_wire::protobuf::Cursor;

use super::runs::{self, unzigzag};
use super::{DEFINITIONS, EXEMPLARS, HISTOGRAMS, METADATA, PACKED, SAMPLES, SOFT_SETS, VERSION};

/// No record says more in packed sections.
const MAX_UNPACKED: usize = 1 << 30;

/// A series; of several definitions of one id in an epoch the last one counts (they differ in `soft` only).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Definition<'a> {
    pub id: u32,
    pub labels: &'a [u8],
    /// Empty if nothing is said of it. Definitions of one record that have the same get the same slice.
    pub soft: &'a [u8],
}

/// Columns, in the order in which the samples came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Samples {
    pub ids: Vec<u32>,
    pub ms: Vec<i64>,
    /// Of the values.
    pub bits: Vec<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Histogram<'a> {
    pub id: u32,
    pub ms: i64,
    /// An encoded `io.prometheus.write.v2.Histogram`.
    pub message: &'a [u8],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exemplar<'a> {
    pub id: u32,
    pub ms: i64,
    pub bits: u64,
    /// A label set.
    pub labels: &'a [u8],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Metadata<'a> {
    pub family: &'a [u8],
    /// As in remote write: 0 unknown, 1 counter, 2 gauge, 3 histogram, 4 gauge histogram, 5 summary, 6 info, 7 state set.
    pub kind: u8,
    pub help: &'a [u8],
    pub unit: &'a [u8],
}

/// A record's payload, not yet looked into.
#[derive(Clone, Debug)]
pub struct Record {
    /// Ids mean something within one epoch of one tenant in one generation of the log only.
    pub epoch: u64,
    sections: Vec<(u8, Bytes)>,
}

impl Record {
    /// None for what is no payload of this layout.
    pub fn decode(payload: &Bytes) -> Option<Record> {
        let (version, rest) = payload.split_first()?;
        let (epoch, _) = rest.split_first_chunk()?;
        if *version != VERSION {
            return None;
        }
        let mut sections = Vec::new();
        let mut strange = false;
        split(&payload.slice(1 + epoch.len()..), &mut |kind, content| match kind {
            PACKED => {
                strange |= unpack(&content).and_then(|all| split(&all, &mut |k, c| sections.push((k, c)))).is_none()
            }
            _ => sections.push((kind, content)),
        })?;
        let record = Record { epoch: u64::from_le_bytes(*epoch), sections };
        (!strange).then_some(record)
    }

    /// In order; a series may be defined in a later record than the first that has samples of it.
    pub fn definitions(&self) -> impl Iterator<Item = Definition<'_>> {
        let mut soft_sets: Vec<&[u8]> = vec![&[]];
        soft_sets.extend(rows(self.of(SOFT_SETS), |cursor| cursor.bytes().ok()));
        rows(self.of(DEFINITIONS), move |cursor| {
            let id = id(cursor)?;
            let soft = soft_sets.get(usize::try_from(cursor.varint().ok()?).ok()?)?;
            Some(Definition { id, labels: cursor.bytes().ok()?, soft })
        })
    }

    /// Appends all samples. None, and nothing is appended, if they can't be read.
    pub fn samples(&self, out: &mut Samples) -> Option<()> {
        let before = out.ids.len();
        let read = self.of(SAMPLES).try_for_each(|content| Columns::read(content)?.append(out));
        if read.is_none() {
            out.ids.truncate(before);
            out.ms.truncate(before);
            out.bits.truncate(before);
        }
        read
    }

    pub fn histograms(&self) -> impl Iterator<Item = Histogram<'_>> {
        rows(self.of(HISTOGRAMS), |cursor| {
            Some(Histogram { id: id(cursor)?, ms: ms(cursor)?, message: cursor.bytes().ok()? })
        })
    }

    pub fn exemplars(&self) -> impl Iterator<Item = Exemplar<'_>> {
        rows(self.of(EXEMPLARS), |cursor| {
            let (id, ms) = (id(cursor)?, ms(cursor)?);
            let bits = u64::from_le_bytes(*cursor.take(8).ok()?.first_chunk()?);
            Some(Exemplar { id, ms, bits, labels: cursor.bytes().ok()? })
        })
    }

    pub fn metadata(&self) -> impl Iterator<Item = Metadata<'_>> {
        rows(self.of(METADATA), |cursor| {
            let kind = *cursor.take(1).ok()?.first()?;
            let (family, help, unit) = (cursor.bytes().ok()?, cursor.bytes().ok()?, cursor.bytes().ok()?);
            Some(Metadata { family, kind, help, unit })
        })
    }

    /// The sections of a kind.
    fn of(&self, kind: u8) -> impl Iterator<Item = &[u8]> {
        self.sections.iter().filter(move |(each, _)| *each == kind).map(|(_, content)| &content[..])
    }
}

/// Of all the sections, each up to what can't be read.
fn rows<'a, T>(
    sections: impl Iterator<Item = &'a [u8]>,
    mut row: impl FnMut(&mut Cursor<'a>) -> Option<T>,
) -> impl Iterator<Item = T> {
    let mut cursors = sections.map(Cursor::new);
    let mut cursor = Cursor::new(&[]);
    std::iter::from_fn(move || {
        while cursor.is_empty() {
            cursor = cursors.next()?;
        }
        let found = row(&mut cursor);
        if found.is_none() {
            cursor = Cursor::new(&[]);
        }
        found
    })
}

fn id(cursor: &mut Cursor<'_>) -> Option<u32> {
    u32::try_from(cursor.varint().ok()?).ok()
}

fn ms(cursor: &mut Cursor<'_>) -> Option<i64> {
    Some(unzigzag(cursor.varint().ok()?))
}

fn split(sections: &Bytes, found: &mut impl FnMut(u8, Bytes)) -> Option<()> {
    let mut cursor = Cursor::new(&sections[..]);
    while !cursor.is_empty() {
        let kind = *cursor.take(1).ok()?.first()?;
        found(kind, sections.slice_ref(cursor.bytes().ok()?));
    }
    Some(())
}

fn unpack(content: &[u8]) -> Option<Bytes> {
    let mut cursor = Cursor::new(content);
    let length = usize::try_from(cursor.varint().ok()?).ok().filter(|length| *length <= MAX_UNPACKED)?;
    let all = zstd::bulk::decompress(cursor.rest, length).ok()?;
    (all.len() == length).then(|| all.into())
}

/// The samples of a section.
struct Columns<'a> {
    ids: &'a [u8],
    times: &'a [u8],
    values: &'a [u8],
}

impl<'a> Columns<'a> {
    fn read(content: &'a [u8]) -> Option<Columns<'a>> {
        let mut cursor = Cursor::new(content);
        let count = cursor.varint().ok()?;
        let columns = Columns { ids: cursor.bytes().ok()?, times: cursor.bytes().ok()?, values: cursor.rest };
        (count.checked_mul(8)? == columns.values.len() as u64).then_some(columns)
    }

    fn append(&self, out: &mut Samples) -> Option<()> {
        let (values, _) = self.values.as_chunks();
        let mut in_range = true;
        runs::read::<1>(self.ids, values.len(), |first, length| {
            let end = first.saturating_add(length as i64);
            in_range &= first >= 0 && end <= 1 << 32;
            if in_range {
                out.ids.extend((first..end).map(|id| id as u32));
            }
        })?;
        runs::read::<0>(self.times, values.len(), |ms, length| {
            out.ms.resize(out.ms.len() + length, ms);
        })?;
        out.bits.extend(values.iter().map(|eight| u64::from_le_bytes(*eight)));
        in_range.then_some(())
    }
}
