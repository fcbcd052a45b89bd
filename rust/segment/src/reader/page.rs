//! A page: unpacked, its values still encoded.

use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use bytes::Bytes;

use super::bits::Hybrid;
use super::footer::{Chunk, Column};
use super::meant::Meant;
use super::page_header::Header;
use super::present::Present;
use super::texts::Texts;
use super::values::{Dictionary, Values};
use super::{Damage, buffers};
use crate::numbered::Numbered;
use crate::rows::Rows;
use crate::schema;

const PLAIN: i64 = 0;
const DELTA: i64 = 5;
const DELTA_LENGTH: i64 = 6;
const DICTIONARY: i64 = 8;
const SPLIT: i64 = 9;
const OLD_DICTIONARY: i64 = 2;

/// Those of a page, and the one that is looked for, if there can be one.
pub type Integers = (Vec<i64>, Option<i64>);

#[derive(Debug)]
pub struct Page {
    pub rows: usize,
    cell: schema::Cell,
    numbered: Option<Arc<Numbered>>,
    encoding: i64,
    bytes: Bytes,
    values_at: usize,
    present: Present,
    /// All values as they are stored, once more have been decoded than there are.
    all: OnceLock<Arc<Values>>,
    decoded: AtomicUsize,
}

impl Page {
    /// From its bytes in the file, header first. `rows` is what the index says; `lasting`: it takes no more memory than
    /// it must.
    pub fn read(stored: &Bytes, of: &Column, chunk: &Chunk, rows: usize, lasting: bool) -> Result<Page, Damage> {
        let (header, behind) = Header::read(stored)?;
        if header.kind != 0 || header.count != rows as i64 {
            return Err("a page is not the one that the index says");
        }
        let out = if lasting { Vec::with_capacity } else { buffers::take };
        let bytes = header.unpack(stored, stored.len() - behind.len(), chunk.compressed, out)?;
        let (present, values_at) = if of.optional { Present::read(&bytes, rows)? } else { (Present::All, 0) };
        let (cell, numbered) = (of.cell, of.numbered.clone());
        Ok(Page {
            rows,
            cell,
            numbered,
            encoding: header.encoding,
            bytes,
            values_at,
            present,
            all: OnceLock::new(),
            decoded: AtomicUsize::new(0),
        })
    }

    /// A chunk's dictionary page.
    pub fn read_dictionary(stored: &Bytes, cell: schema::Cell, compressed: bool) -> Result<Dictionary, Damage> {
        let (header, behind) = Header::read(stored)?;
        let count = usize::try_from(header.count).map_err(|_| "a dictionary of negative size")?;
        if header.kind != 2 || !matches!(header.encoding, PLAIN | OLD_DICTIONARY) {
            return Err("a dictionary is not where the footer says");
        }
        let bytes = header.unpack(stored, stored.len() - behind.len(), compressed, Vec::with_capacity)?;
        if count > bytes.len() {
            return Err("a dictionary says that it holds more than it does");
        }
        Dictionary::decode(cell, &bytes, count)
    }

    /// About how many bytes of memory it takes, all its values included.
    pub fn size(&self) -> usize {
        let levels = if matches!(self.present, Present::Some(..)) { self.rows.div_ceil(64) * 12 } else { 0 };
        size_of::<Page>() + self.bytes.len() + levels + 8 * self.rank(self.rows)
    }

    pub fn is_coded(&self) -> bool {
        matches!(self.encoding, DICTIONARY | OLD_DICTIONARY)
    }

    /// How many of the rows before this one have a value: the place of its own among the values.
    pub fn rank(&self, row: usize) -> usize {
        self.present.rank(row)
    }

    pub fn has(&self, row: usize) -> bool {
        self.present.has(row)
    }

    /// Calls `see` with each row that has a value, and the value's place.
    #[inline]
    pub fn each_present(&self, see: impl FnMut(usize, usize)) {
        self.present.each(self.rows, see);
    }

    pub fn is_empty(&self) -> bool {
        matches!(self.present, Present::None)
    }

    /// Whether each row has a value.
    pub fn is_full(&self) -> bool {
        matches!(self.present, Present::All)
    }

    /// The values of a range of places.
    pub fn values(&self, places: Range<usize>) -> Result<Values, Damage> {
        self.meant(self.stored(places)?)
    }

    /// The same as they are stored: numbered texts as integers.
    fn stored(&self, places: Range<usize>) -> Result<Values, Damage> {
        let (from, to) = (places.start, places.end);
        let all = || self.rank(self.rows);
        match self.encoding {
            _ if from == to => Ok(Values::Codes(Vec::new())),
            PLAIN => Values::plain(self.cell, &self.bytes, self.values_at, from, to),
            DICTIONARY | OLD_DICTIONARY => Values::codes(self.encoded(), from, to),
            DELTA => Values::deltas(self.cell, self.encoded(), all(), from, to),
            SPLIT => Values::split(self.cell, self.encoded(), all(), from, to),
            DELTA_LENGTH => Texts::by_lengths(&self.bytes, self.values_at, all(), from, to).map(Values::Texts),
            _ => Err("a page has an unknown encoding"),
        }
    }

    fn meant(&self, stored: Values) -> Result<Values, Damage> {
        match (&self.numbered, self.encoding) {
            (Some(numbered), DELTA) if !matches!(stored, Values::Codes(_)) => stored.texts(numbered),
            _ => Ok(stored),
        }
    }

    /// The integers of a column of numbered texts, and the one that stands for `text`; `None` in other columns.
    pub fn integers(&self, text: &[u8]) -> Option<Result<Integers, Damage>> {
        let numbered = self.numbered.as_ref().filter(|_| self.encoding == DELTA)?;
        let wanted = numbered.number(text);
        let all = self.rank(self.rows);
        let read = if wanted.is_some() { all } else { 0 };
        Some(Values::deltas(self.cell, self.encoded(), all, 0, read).map(|values| match values {
            Values::Int64(integers) => (integers, wanted),
            _ => (Vec::new(), None),
        }))
    }

    /// Inserts the rows whose codes are meant, counted from `first` on; false if the page has other values, or rows
    /// without.
    pub fn insert_meant(&self, meant: &Meant, first: usize, rows: &mut Rows) -> Result<bool, Damage> {
        if !self.is_coded() || !self.is_full() {
            return Ok(false);
        }
        let (width, packed) = self.encoded().split_first().ok_or("codes are cut off")?;
        meant.insert(&mut Hybrid::new(packed, (*width).into())?, self.rows, first, rows)?;
        Ok(true)
    }

    /// All values as they are stored: numbered texts as integers.
    pub fn all_stored(&self) -> Result<Arc<Values>, Damage> {
        if let Some(all) = self.all.get() {
            return Ok(all.clone());
        }
        let count = self.rank(self.rows);
        let all = Arc::new(self.stored(0..count)?);
        if self.decoded.fetch_add(count, Ordering::Relaxed) > 0 {
            return Ok(self.all.get_or_init(|| all).clone());
        }
        Ok(all)
    }

    /// What its integers stand for, in a column of numbered texts.
    pub fn numbered(&self) -> Option<&Arc<Numbered>> {
        self.numbered.as_ref().filter(|_| self.encoding == DELTA)
    }

    /// Values among which are those of a range of places, and the place of the first. A page of which more was asked than
    /// there is is decoded as a whole, because more will come.
    pub fn some_values(&self, places: Range<usize>) -> Result<(Arc<Values>, usize), Damage> {
        let base = places.start;
        // Deltas before them are added up.
        let cost = if self.encoding == DELTA { places.end } else { places.len() };
        let decoded = self.decoded.fetch_add(cost, Ordering::Relaxed);
        if self.all.get().is_none() && decoded + cost <= self.rank(self.rows) {
            return Ok((Arc::new(self.values(places)?), base));
        }
        let all = self.all_stored()?;
        match (&*all, &self.numbered) {
            (Values::Int64(integers), Some(_)) => {
                let some = integers.get(places).ok_or("values are fewer than rows")?.to_vec();
                Ok((Arc::new(self.meant(Values::Int64(some))?), base))
            }
            _ => Ok((all, 0)),
        }
    }

    /// The same of those of `rows` that lie in the page, which is these rows.
    pub fn values_of(&self, rows: &Rows, page: &Range<usize>) -> Result<(Arc<Values>, usize), Damage> {
        let bounds = rows.bounds();
        let (start, end) = (bounds.start.max(page.start), bounds.end.min(page.end));
        self.some_values(self.rank(start - page.start)..self.rank(end - page.start))
    }

    pub fn all_values(&self) -> Result<Arc<Values>, Damage> {
        self.some_values(0..self.rank(self.rows)).map(|(values, _)| values)
    }

    /// Of integers by BYTE_STREAM_SPLIT without nulls: all first bytes, then all second ones, and so on.
    pub fn split_bytes(&self) -> Result<&[u8], Damage> {
        match (self.encoding, self.encoded()) {
            (SPLIT, bytes) if self.is_full() && bytes.len() == 8 * self.rows => Ok(bytes),
            _ => Err("a page does not hold what it should"),
        }
    }

    fn encoded(&self) -> &[u8] {
        self.bytes.get(self.values_at..).unwrap_or_default()
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        buffers::give_back(std::mem::take(&mut self.bytes));
    }
}
