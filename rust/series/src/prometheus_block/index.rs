//! The index: texts, and of each series its labels and where its chunks are.

use std::collections::BTreeSet;

use bytes::Bytes;
use otelier_disk::Disk;

use super::faults::{Fault, Faults, OpenError};
use super::pieces::{Cut, Pieces, be32, varint};
use crate::labels;

const MAGIC: u32 = 0xbaaa_d700;
/// Magic and version.
const HEADER: u64 = 5;
/// Six places in the file and a checksum, at its end.
const CONTENTS: u64 = 52;
const CHECKSUM: usize = 4;
const PIECE: usize = 1 << 20;
/// No entry of a series is longer: a hundred thousand chunks take a megabyte.
const MAX_ENTRY: usize = 1 << 28;

/// Numbers of the labels' texts, and the chunks.
type Entry = (Vec<(u32, u32)>, Vec<Place>);

#[derive(Debug)]
pub struct Index {
    path: String,
    file: Pieces,
    symbols: Symbols,
    /// Where the entry of each series is, in the order of segments.
    pub entries: Vec<u64>,
    /// Entries stand at multiples of it; their numbers count in it, too.
    pub unit: u64,
    /// All names of labels.
    pub names: BTreeSet<Vec<u8>>,
    pub min_ms: i64,
    pub max_ms: i64,
}

/// A chunk as the index knows it.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    pub min_ms: i64,
    pub max_ms: i64,
    /// The file's number in the upper half, the offset in the lower.
    pub reference: u64,
}

impl Index {
    pub fn open(disk: &dyn Disk, path: &str, faults: &mut Faults) -> Result<Index, OpenError> {
        let failed = |error| OpenError::Disk(path.into(), error);
        let damaged = |offset, what: &str| OpenError::Damaged(Fault::new(path, offset, what));
        let mut file = Pieces::open(disk, path, PIECE).map_err(failed)?;
        let header = file.at(0, HEADER as usize).map_err(failed)?;
        if be32(&header) != Some(MAGIC) || header.len() < HEADER as usize {
            return Err(damaged(0, "it is no index of a Prometheus block"));
        }
        let version = header[4];
        if !(1..=3).contains(&version) {
            return Err(damaged(4, &format!("version {version} of the index is not known; 1, 2 and 3 are")));
        }
        let end = file.length.saturating_sub(CONTENTS);
        let contents = file.at(end, CONTENTS as usize).map_err(failed)?;
        let (places, checksum) = contents.split_at(contents.len().saturating_sub(CHECKSUM));
        if contents.len() < CONTENTS as usize || be32(checksum) != Some(crc32c::crc32c(places)) {
            return Err(damaged(end, "the table of contents is damaged or cut off"));
        }
        let mut cut = Cut(places);
        let places: Vec<u64> = std::iter::from_fn(|| cut.be64()).collect();
        let (symbols, series) = (places[0], places[1]);
        let symbols = Symbols::open(&mut file, path, symbols, version)?;
        let end = places.iter().copied().filter(|place| *place > series).fold(end, u64::min);
        let unit = if version == 1 { 1 } else { 16 };
        let mut index = Index {
            path: path.into(),
            file,
            symbols,
            entries: Vec::new(),
            unit,
            names: BTreeSet::new(),
            min_ms: i64::MAX,
            max_ms: i64::MIN,
        };
        if series > 0 {
            index.scan(series, end, faults)?;
        }
        Ok(index)
    }

    /// Finds all entries, and puts them in order.
    fn scan(&mut self, start: u64, end: u64, faults: &mut Faults) -> Result<(), OpenError> {
        let mut found: Vec<(Box<[u32]>, u64)> = Vec::new();
        let (mut at, mut lost) = (start.min(end).next_multiple_of(self.unit), false);
        let name = self.symbols.place_of(labels::NAME);
        let mut names = BTreeSet::new();
        while at < end {
            match self.entry(at)? {
                Some(entry) => {
                    let length = entry.1;
                    match self.read(&entry.0) {
                        Some((pairs, places)) => {
                            names.extend(pairs.iter().map(|pair| pair.0));
                            found.push((sort_key(&pairs, name), at));
                            for place in places {
                                self.min_ms = self.min_ms.min(place.min_ms);
                                self.max_ms = self.max_ms.max(place.max_ms);
                            }
                        }
                        None => faults.add(Fault::new(&self.path, at, "a series can't be read; it is left out")),
                    }
                    lost = false;
                    at = (at + length).next_multiple_of(self.unit);
                }
                None => {
                    // Zeros fill up to the next section, and between entries.
                    let byte = self.file.at(at, 1).map_err(|error| OpenError::Disk(self.path.clone(), error))?;
                    if !lost && byte.first() != Some(&0) {
                        faults.add(Fault::new(&self.path, at, "the entry of a series is damaged; it is left out"));
                        lost = true;
                    }
                    at += self.unit;
                }
            }
        }
        found.sort_unstable();
        self.entries = found.into_iter().map(|(_, at)| at).collect();
        self.names = names.into_iter().filter_map(|name| self.symbols.get(name)).map(Vec::from).collect();
        Ok(())
    }

    /// The entry that begins there, and all its bytes; None if there is none, or a damaged one.
    fn entry(&mut self, at: u64) -> Result<Option<(Bytes, u64)>, OpenError> {
        let path = &self.path;
        let failed = |error| OpenError::Disk(path.clone(), error);
        let head = self.file.at(at, 10).map_err(failed)?;
        let Some((length, before)) = varint(&head) else { return Ok(None) };
        let Some(length) = usize::try_from(length).ok().filter(|length| (1..=MAX_ENTRY).contains(length)) else {
            return Ok(None);
        };
        let all = before + length + CHECKSUM;
        if at + all as u64 > self.file.length {
            return Ok(None);
        }
        let bytes = self.file.at(at, all).map_err(failed)?;
        let body = bytes.slice(before..before + length);
        let is_good = be32(&bytes[before + length..]) == Some(crc32c::crc32c(&body));
        Ok(is_good.then_some((body, all as u64)))
    }

    /// Numbers of the labels' texts, and the chunks.
    fn read(&self, entry: &[u8]) -> Option<Entry> {
        let mut cut = Cut(entry);
        let mut pairs = Vec::new();
        for _ in 0..cut.unsigned()? {
            let name = u32::try_from(cut.unsigned()?).ok()?;
            let value = u32::try_from(cut.unsigned()?).ok()?;
            self.symbols.get(name)?;
            self.symbols.get(value)?;
            pairs.push((name, value));
        }
        let (mut places, mut end, mut reference) = (Vec::<Place>::new(), 0_i64, 0_u64);
        for number in 0..cut.unsigned()? {
            let min_ms = if number == 0 { cut.signed()? } else { end.checked_add_unsigned(cut.unsigned()?)? };
            end = min_ms.checked_add_unsigned(cut.unsigned()?)?;
            reference = if number == 0 { cut.unsigned()? } else { reference.checked_add_signed(cut.signed()?)? };
            places.push(Place { min_ms, max_ms: end, reference });
        }
        Some((pairs, places))
    }

    /// A series' labels, in canonical form, and its chunks. None if it can't be read, after the fault was noted.
    pub fn series(
        &mut self,
        at: u64,
        encoded: &mut Vec<u8>,
        faults: &mut Faults,
    ) -> Result<Option<Vec<Place>>, OpenError> {
        encoded.clear();
        let Some((body, _)) = self.entry(at)? else { return Ok(None) };
        let Some((pairs, places)) = self.read(&body) else { return Ok(None) };
        let text = |number| self.symbols.get(number).unwrap_or_default();
        let mut all: Vec<_> = pairs.iter().map(|(name, value)| (text(*name), text(*value))).collect();
        let is_text = |bytes: &[u8]| simdutf8::basic::from_utf8(bytes).is_ok();
        if !all.iter().all(|(name, value)| is_text(name) && is_text(value)) {
            faults.add(Fault::new(&self.path, at, "a series has a label that is not UTF-8; it is left out"));
            return Ok(None);
        }
        if labels::put_sorted(encoded, &mut all).is_err() {
            faults.add(Fault::new(&self.path, at, "a series has a label twice; it is left out"));
            return Ok(None);
        }
        Ok(Some(places))
    }
}

/// By the metric's name, then by the other labels: texts are numbered in their order.
fn sort_key(pairs: &[(u32, u32)], name: Option<u32>) -> Box<[u32]> {
    let metric = pairs.iter().find(|pair| Some(pair.0) == name).map_or(0, |pair| pair.1.saturating_add(1));
    let others = pairs.iter().filter(|pair| Some(pair.0) != name).flat_map(|pair| [pair.0, pair.1]);
    std::iter::once(metric).chain(others).collect()
}

/// Texts by number: their place in the list, in version 1 in the file.
#[derive(Debug)]
struct Symbols {
    bytes: Bytes,
    /// Where each text's length stands in `bytes`.
    places: Vec<u32>,
    /// Of `bytes` in the file, in version 1.
    base: Option<u32>,
}

impl Symbols {
    fn open(file: &mut Pieces, path: &str, at: u64, version: u8) -> Result<Symbols, OpenError> {
        let failed = |error| OpenError::Disk(path.into(), error);
        let damaged = |what: &str| OpenError::Damaged(Fault::new(path, at, what));
        let head = file.at(at, 4).map_err(failed)?;
        let length = be32(&head).map(|length| length as usize);
        let Some(length) = length.filter(|length| *length >= 4 && at.saturating_add(*length as u64 + 8) <= file.length)
        else {
            return Err(damaged("the table of symbols is cut off"));
        };
        let bytes = file.at(at + 4, length + CHECKSUM).map_err(failed)?;
        let (body, checksum) = bytes.split_at(length);
        if be32(checksum) != Some(crc32c::crc32c(body)) {
            return Err(damaged("the table of symbols is damaged"));
        }
        let mut symbols = Symbols { bytes: bytes.slice(..length), places: Vec::new(), base: None };
        if version == 1 {
            symbols.base = Some(u32::try_from(at + 4).map_err(|_| damaged("the table of symbols is too far behind"))?);
        }
        let mut cut = Cut(&body[4..]);
        let mut before: Option<&[u8]> = None;
        for _ in 0..be32(body).unwrap_or_default() {
            let place = length - cut.0.len();
            let text = cut.text().ok_or_else(|| damaged("the table of symbols can't be read"))?;
            if before.is_some_and(|before| before >= text) {
                return Err(damaged("the table of symbols is in disorder"));
            }
            before = Some(text);
            symbols.places.push(place as u32);
        }
        Ok(symbols)
    }

    fn at(&self, place: u32) -> Option<&[u8]> {
        Cut(self.bytes.get(place as usize..)?).text()
    }

    fn get(&self, number: u32) -> Option<&[u8]> {
        let place = match self.base {
            None => *self.places.get(number as usize)?,
            Some(base) => {
                let place = number.checked_sub(base)?;
                self.places.binary_search(&place).ok().map(|_| place)?
            }
        };
        self.at(place)
    }

    /// The number of a text.
    fn place_of(&self, text: &[u8]) -> Option<u32> {
        let number = self.places.binary_search_by(|place| self.at(*place).unwrap_or_default().cmp(text)).ok()?;
        Some(self.base.map_or(number as u32, |base| base + self.places[number]))
    }
}
