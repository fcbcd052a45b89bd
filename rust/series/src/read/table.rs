//! A file of a segment: columns of its row groups, and single pages.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use hashbrown::HashMap;
use otelier_disk::{Disk, ReadAt};
use otelier_segment::error::ReadError;
use otelier_segment::reader::thrift::{self, Location};
use otelier_segment::reader::{Chunk, Column, Dictionary, Footer, Page, Texts, Values};
use parking_lot::Mutex;

use super::Coded;

/// Where pages lie, by row group and column.
type Known = HashMap<(usize, usize), Arc<Vec<Location>>>;

#[derive(Debug)]
pub struct TableFile {
    pub path: String,
    source: Arc<dyn ReadAt>,
    footer: Footer,
    locations: Mutex<Known>,
}

impl TableFile {
    pub fn open(disk: &dyn Disk, path: String) -> Result<TableFile, ReadError> {
        let source = disk.open_read(&path).map_err(|error| ReadError::io(&path, error))?;
        let footer = Footer::read(&path, &*source)?;
        Ok(TableFile { path, source, footer, locations: Mutex::default() })
    }

    pub fn damaged(&self, what: &str) -> ReadError {
        ReadError::damaged(&self.path, what)
    }

    /// How many rows each row group has.
    pub fn groups(&self) -> impl Iterator<Item = usize> {
        self.footer.groups.iter().map(|group| group.rows)
    }

    pub fn rows(&self, group: usize) -> Result<usize, ReadError> {
        self.footer.groups.get(group).map(|group| group.rows).ok_or_else(|| self.damaged("a row group is missing"))
    }

    /// The place of a column, if the file has it.
    pub fn column(&self, name: &str) -> Option<usize> {
        self.footer.place(name)
    }

    pub fn needed(&self, name: &str) -> Result<usize, ReadError> {
        self.column(name).ok_or_else(|| self.damaged(&format!("no column {name}")))
    }

    fn chunk(&self, group: usize, column: usize) -> Result<(&Chunk, &Column), ReadError> {
        let chunk = self.footer.groups.get(group).and_then(|group| group.chunks.get(column));
        Ok((chunk.ok_or_else(|| self.damaged("a row group is missing"))?, &self.footer.columns[column]))
    }

    fn read(&self, offset: u64, len: usize) -> Result<Bytes, ReadError> {
        let bytes = self.source.read_at(offset, len).map_err(|error| ReadError::io(&self.path, error))?;
        if bytes.len() == len { Ok(bytes) } else { Err(self.damaged("it ends too early")) }
    }

    /// Where the pages of a column lie.
    pub fn locations(&self, group: usize, column: usize) -> Result<Arc<Vec<Location>>, ReadError> {
        if let Some(known) = self.locations.lock().get(&(group, column)) {
            return Ok(known.clone());
        }
        let (chunk, _) = self.chunk(group, column)?;
        let (offset, len) = chunk.offsets;
        let found = thrift::locations(&self.read(offset, len as usize)?).map_err(|what| self.damaged(what))?;
        let (mut row, mut at) = (0, chunk.data);
        for (number, page) in found.iter().enumerate() {
            if (number == 0) != (page.first_row == 0) || page.first_row < row || page.offset < at {
                return Err(self.damaged("pages lie where they can't"));
            }
            (row, at) = (page.first_row, page.offset.saturating_add(page.size as u64));
        }
        if found.is_empty() || at > chunk.start + chunk.len || row as usize > self.rows(group)? {
            return Err(self.damaged("pages lie where they can't"));
        }
        let found = Arc::new(found);
        self.locations.lock().insert((group, column), found.clone());
        Ok(found)
    }

    /// Some neighbouring pages, read at once; `see` gets the first row and the page.
    pub fn pages(
        &self,
        group: usize,
        column: usize,
        numbers: Range<usize>,
        mut see: impl FnMut(usize, Page) -> Result<(), ReadError>,
    ) -> Result<(), ReadError> {
        let locations = self.locations(group, column)?;
        let (chunk, of) = self.chunk(group, column)?;
        let rows = self.rows(group)?;
        let pages = locations.get(numbers.clone()).ok_or_else(|| self.damaged("a page is missing"))?;
        let (Some(first), Some(last)) = (pages.first(), pages.last()) else { return Ok(()) };
        let stored = self.read(first.offset, (last.offset - first.offset) as usize + last.size as usize)?;
        for (number, page) in numbers.zip(pages) {
            let end = locations.get(number + 1).map_or(rows, |next| next.first_row as usize);
            let from = (page.offset - first.offset) as usize;
            let bytes = stored.slice(from..from + page.size as usize);
            let read = Page::read(&bytes, of, chunk, end - page.first_row as usize, false);
            see(page.first_row as usize, read.map_err(|what| self.damaged(what))?)?;
        }
        Ok(())
    }

    fn dictionary(&self, group: usize, column: usize) -> Result<Option<Dictionary>, ReadError> {
        let (chunk, of) = self.chunk(group, column)?;
        if chunk.data <= chunk.start {
            return Ok(None);
        }
        let stored = self.read(chunk.start, (chunk.data - chunk.start) as usize)?;
        Page::read_dictionary(&stored, of.cell, chunk.compressed).map(Some).map_err(|what| self.damaged(what))
    }

    /// The numbers of the pages that have some of the rows.
    fn pages_with(&self, group: usize, column: usize, rows: &Range<usize>) -> Result<Range<usize>, ReadError> {
        let locations = self.locations(group, column)?;
        let from = locations.partition_point(|page| page.first_row as usize <= rows.start).saturating_sub(1);
        let to = locations.partition_point(|page| (page.first_row as usize) < rows.end);
        Ok(from..to.max(from))
    }

    /// The integers of some neighbouring rows of a column without nulls.
    pub fn ints(&self, group: usize, column: usize, rows: Range<usize>) -> Result<Vec<i64>, ReadError> {
        let mut out = Vec::with_capacity(rows.len());
        let dictionary = self.dictionary(group, column)?;
        self.pages(group, column, self.pages_with(group, column, &rows)?, |first, page| {
            let here = rows.start.max(first) - first..rows.end.min(first + page.rows) - first;
            let values = page.values(here).map_err(|what| self.damaged(what))?;
            match (&values, &dictionary) {
                (Values::Int32(some), _) => out.extend(some.iter().map(|each| i64::from(*each))),
                (Values::Int64(some), _) => out.extend_from_slice(some),
                (Values::Codes(codes), Some(Dictionary::Int32(known))) => {
                    out.extend(codes.iter().filter_map(|code| known.get(*code as usize)).map(|each| i64::from(*each)));
                }
                (Values::Codes(codes), _) if codes.is_empty() => {}
                _ => return Err(self.damaged("integers are none")),
            }
            Ok(())
        })?;
        if out.len() == rows.len() { Ok(out) } else { Err(self.damaged("integers are missing")) }
    }

    /// Bits of the doubles of a column without nulls.
    pub fn doubles(&self, group: usize, column: usize) -> Result<Vec<u64>, ReadError> {
        let mut out = Vec::new();
        self.pages(group, column, 0..self.locations(group, column)?.len(), |_, page| {
            match page.values(0..page.rows).map_err(|what| self.damaged(what))? {
                Values::Double(some) => out.extend(some.iter().map(|each| each.to_bits())),
                _ => return Err(self.damaged("doubles are none")),
            }
            Ok(())
        })?;
        Ok(out)
    }

    /// The texts of some neighbouring rows of a column without nulls.
    pub fn texts(
        &self,
        group: usize,
        column: usize,
        rows: Range<usize>,
        mut see: impl FnMut(&Texts, usize),
    ) -> Result<(), ReadError> {
        let dictionary = self.dictionary(group, column)?;
        self.pages(group, column, self.pages_with(group, column, &rows)?, |first, page| {
            let here = rows.start.max(first) - first..rows.end.min(first + page.rows) - first;
            match (page.values(here).map_err(|what| self.damaged(what))?, &dictionary) {
                (Values::Texts(texts), _) => (0..texts.len()).for_each(|at| see(&texts, at)),
                (Values::Codes(codes), Some(Dictionary::Texts(texts))) => {
                    codes.iter().filter(|code| (**code as usize) < texts.len()).for_each(|at| see(texts, *at as usize));
                }
                (Values::Codes(codes), _) if codes.is_empty() => {}
                _ => return Err(self.damaged("texts are none")),
            }
            Ok(())
        })
    }

    /// The distinct texts of a column of labels; `None` if no row has a value.
    pub fn label_texts(&self, group: usize, column: usize) -> Result<Option<Texts>, ReadError> {
        let (chunk, _) = self.chunk(group, column)?;
        if chunk.empty {
            return Ok(None);
        }
        match self.dictionary(group, column)? {
            Some(Dictionary::Texts(texts)) => Ok(Some(texts)),
            _ => Err(self.damaged("a column of labels has no dictionary")),
        }
    }

    /// Calls `see` with each row that has a value in a column of labels, and with the text's code; it answers whether
    /// that can be.
    pub fn each_code(
        &self,
        group: usize,
        column: usize,
        mut see: impl FnMut(usize, u32) -> bool,
    ) -> Result<(), ReadError> {
        self.pages(group, column, 0..self.locations(group, column)?.len(), |first, page| {
            if page.is_empty() {
                return Ok(());
            }
            match page.values(0..page.rank(page.rows)).map_err(|what| self.damaged(what))? {
                Values::Codes(codes) => {
                    let mut fine = true;
                    page.each_present(|row, place| {
                        fine &= codes.get(place).is_some_and(|code| see(first + row, *code));
                    });
                    if fine { Ok(()) } else { Err(self.damaged("a code stands for nothing")) }
                }
                _ => Err(self.damaged("labels are no codes")),
            }
        })
    }

    /// A column of texts as codes; `None` if no row has a value.
    pub fn coded(&self, group: usize, column: usize) -> Result<Option<Coded>, ReadError> {
        let Some(texts) = self.label_texts(group, column)? else { return Ok(None) };
        let mut coded = Coded::new(texts, self.rows(group)?);
        self.each_code(group, column, |row, code| coded.put(row, code))?;
        Ok(Some(coded))
    }
}
