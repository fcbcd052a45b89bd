//! A page: unpacked, its values still encoded.

use std::cell::RefCell;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use zstd::bulk::Decompressor;
use zstd::zstd_safe;

use super::bits::Hybrid;
use super::footer::{Chunk, Column};
use super::present::Present;
use super::texts::Texts;
use super::thrift::Reader;
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
/// Larger pages are not believed.
const MAX_PAGE: usize = 1 << 30;

thread_local! {
    static ZSTD: RefCell<Option<Decompressor<'static>>> = const { RefCell::new(None) };
}

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
    /// All values as they are stored, once they have been asked for twice.
    all: OnceLock<Arc<Values>>,
    asked: AtomicBool,
}

#[derive(Default)]
struct Header {
    kind: i64,
    plain_size: i64,
    size: i64,
    count: i64,
    encoding: i64,
}

impl Header {
    /// And what lies behind it.
    fn read(bytes: &[u8]) -> Result<(Header, &[u8]), Damage> {
        let mut reader = Reader::new(bytes);
        let (mut header, mut last) = (Header { kind: -1, ..Header::default() }, 0);
        while let Some(field) = reader.field(last)? {
            last = field.id;
            match field.id {
                1 => header.kind = reader.int()?,
                2 => header.plain_size = reader.int()?,
                3 => header.size = reader.int()?,
                // Of a data page or a dictionary page: number of values, encoding first.
                5 | 7 => {
                    let mut last = 0;
                    while let Some(field) = reader.field(last)? {
                        last = field.id;
                        match field.id {
                            1 => header.count = reader.int()?,
                            2 => header.encoding = reader.int()?,
                            _ => reader.skip(field)?,
                        }
                    }
                }
                _ => reader.skip(field)?,
            }
        }
        Ok((header, reader.rest()))
    }

    /// `out`: where it goes if it is compressed.
    fn unpack(&self, stored: &Bytes, at: usize, compressed: bool, out: fn(usize) -> Vec<u8>) -> Result<Bytes, Damage> {
        let size = usize::try_from(self.size).map_err(|_| "a page of negative size")?;
        let plain_size = usize::try_from(self.plain_size).map_err(|_| "a page of negative size")?;
        let end = at.checked_add(size).filter(|end| *end <= stored.len()).ok_or("a page is cut off")?;
        let packed = &stored[at..end];
        if !compressed {
            return Ok(stored.slice(at..end));
        }
        let known = zstd_safe::get_frame_content_size(packed).ok().flatten();
        if plain_size > MAX_PAGE || known != Some(plain_size as u64) {
            return Err("a page has another size than it says");
        }
        let mut out = out(plain_size);
        let done = ZSTD.with_borrow_mut(|zstd| {
            if zstd.is_none() {
                *zstd = Some(Decompressor::new()?);
            }
            match zstd {
                Some(zstd) => zstd.decompress_to_buffer(packed, &mut out),
                None => Ok(0),
            }
        });
        match done {
            Ok(written) if written == plain_size => Ok(out.into()),
            _ => Err("a page can't be decompressed"),
        }
    }
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
            asked: AtomicBool::new(false),
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
    pub fn insert_meant(&self, meant: &[bool], first: usize, rows: &mut Rows) -> Result<bool, Damage> {
        if !self.is_coded() || !self.is_full() {
            return Ok(false);
        }
        let (width, packed) = self.encoded().split_first().ok_or("codes are cut off")?;
        let mut codes = Hybrid::new(packed, (*width).into())?;
        if *width <= 6 {
            let bits = meant.iter().take(64).zip(0..).map(|(meant, code)| u64::from(*meant) << code);
            codes.insert_meant(self.rows, bits.fold(0, |bits, bit| bits | bit), first, rows)?;
        } else {
            codes.each_run(self.rows, |start, end, code| {
                if meant.get(code as usize) == Some(&true) {
                    rows.insert_range(first + start..first + end);
                }
            })?;
        }
        Ok(true)
    }

    /// All values as they are stored: numbered texts as integers.
    pub fn all_stored(&self) -> Result<Arc<Values>, Damage> {
        if let Some(all) = self.all.get() {
            return Ok(all.clone());
        }
        let all = Arc::new(self.stored(0..self.rank(self.rows))?);
        if self.asked.swap(true, Ordering::Relaxed) {
            return Ok(self.all.get_or_init(|| all).clone());
        }
        Ok(all)
    }

    /// What its integers stand for, in a column of numbered texts.
    pub fn numbered(&self) -> Option<&Arc<Numbered>> {
        self.numbered.as_ref().filter(|_| self.encoding == DELTA)
    }

    /// Values among which are those of a range of places, and the place of the first. A page that is asked twice is
    /// decoded as a whole, because more will come.
    pub fn some_values(&self, places: Range<usize>) -> Result<(Arc<Values>, usize), Damage> {
        let base = places.start;
        if !self.asked.swap(true, Ordering::Relaxed) {
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
