//! Reads one row group; what was read stays at hand until it is dropped, and for other questions while there is room.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use hashbrown::HashMap;

use super::buffers;
use super::file::{SegmentFile, note_passed};
use super::footer::{Chunk, Column, Footer};
use super::kept::{Bounds, Item, Place, What};
use super::page::Page;
use super::thrift::{self, Location};
use super::values::Dictionary;
use crate::error::ReadError;
use crate::filter::value::Value;
use crate::hash::hash_bytes;
use crate::index::{BLOCK, Filter, number_hash};
use crate::rows::Rows;
use crate::schema::{self, AttributeType, Cell};

pub struct Group<'a> {
    pub file: &'a SegmentFile,
    pub number: usize,
    pub rows: usize,
    footer: &'a Footer,
    dictionaries: HashMap<usize, Arc<Dictionary>>,
    pages: HashMap<(usize, usize), Arc<Page>>,
}

impl<'a> Group<'a> {
    pub fn open(file: &'a SegmentFile, number: usize) -> Result<Group<'a>, ReadError> {
        file.scanned().row_groups.fetch_add(1, Ordering::Relaxed);
        Group::beside(file, number)
    }

    /// One that somebody has opened already, for another thread.
    pub fn beside(file: &'a SegmentFile, number: usize) -> Result<Group<'a>, ReadError> {
        let footer = file.footer()?;
        let group = footer.groups.get(number).ok_or_else(|| file.damaged("a row group is missing"))?;
        Ok(Group { file, number, rows: group.rows, footer, dictionaries: HashMap::new(), pages: HashMap::new() })
    }

    pub fn columns(&self) -> &'a [Column] {
        &self.footer.columns
    }

    /// The place of a column that has values here.
    pub fn column(&self, name: &str) -> Option<usize> {
        self.footer.place(name).filter(|column| !self.chunk(*column).empty)
    }

    /// The columns that hold values of a span's attribute here, that of numbered texts first.
    pub fn attribute_columns(&self, key: &[u8]) -> Vec<usize> {
        let key = std::str::from_utf8(key).unwrap_or_default();
        let typed = AttributeType::ALL.into_iter().map(|of| schema::attribute_column_name(of, key));
        let names = [schema::numbered_column_name(key)].into_iter().chain(typed);
        names.filter_map(|name| self.column(&name)).collect()
    }

    /// As `column`; its absence is damage.
    pub fn needed(&self, name: &'static str) -> Result<usize, ReadError> {
        self.footer.place(name).ok_or_else(|| ReadError::damaged(&self.file.path, format_args!("no column {name}")))
    }

    pub fn chunk(&self, column: usize) -> &'a Chunk {
        &self.footer.groups[self.number].chunks[column]
    }

    pub fn has_dictionary(&self, column: usize) -> bool {
        let chunk = self.chunk(column);
        chunk.data > chunk.start
    }

    /// Where the column's pages lie; in order, from row 0 on.
    pub fn locations(&self, column: usize) -> Result<&'a [Location], ReadError> {
        self.file.locations(self.number, column)
    }

    fn place(&self, column: usize, what: What) -> Place {
        Place { file: self.file.number, group: self.number, column, what }
    }

    /// Numbers of the pages, first rows and the rows behind the last of those that hold some of `rows`.
    pub fn pages_of(&self, column: usize, rows: Range<usize>) -> Result<Vec<(usize, Range<usize>)>, ReadError> {
        let locations = self.locations(column)?;
        let start = |number: usize| locations.get(number).map_or(self.rows, |page| page.first_row as usize);
        let first = locations.partition_point(|page| page.first_row as usize <= rows.start).saturating_sub(1);
        let numbers = (first..locations.len()).take_while(|number| start(*number) < rows.end);
        Ok(numbers.map(|number| (number, start(number)..start(number + 1))).collect())
    }

    /// The same of rows of which some may lie far from others.
    pub fn pages_with(&self, column: usize, rows: &Rows) -> Result<Vec<(usize, Range<usize>)>, ReadError> {
        let mut pages = self.pages_of(column, rows.bounds())?;
        pages.retain(|(_, page)| rows.any_within(page.clone()));
        Ok(pages)
    }

    /// Has the pages that hold some of these rows, which are in order, fetched beside one another: a trace has them in
    /// some two hundred places, and a disk that is asked for one at a time makes it wait for each.
    pub fn will_need(&self, runs: &[Range<usize>]) -> Result<(), ReadError> {
        self.will_need_of(0..self.columns().len(), runs)
    }

    /// The same of some columns, in order.
    pub fn will_need_of(
        &self,
        columns: impl IntoIterator<Item = usize>,
        runs: &[Range<usize>],
    ) -> Result<(), ReadError> {
        /// It costs less to read what lies between than to ask twice.
        const NEAR: u64 = 8 << 10;
        let mut ranges: Vec<Range<u64>> = Vec::new();
        for column in columns.into_iter().filter(|column| !self.chunk(*column).empty) {
            let (chunk, locations) = (self.chunk(column), self.locations(column)?);
            if self.has_dictionary(column) && self.file.kept.get(&self.place(column, What::Dictionary)).is_none() {
                ranges.push(chunk.start..chunk.data);
            }
            for run in runs {
                for (number, _) in self.pages_of(column, run.clone())? {
                    let at = locations[number];
                    let end = at.offset + at.size as u64;
                    if ranges.last().is_some_and(|last| end <= last.end)
                        || self.file.kept.get(&self.place(column, What::Page(number))).is_some()
                    {
                        continue;
                    }
                    match ranges.last_mut().filter(|last| at.offset.saturating_sub(last.end) <= NEAR) {
                        Some(last) => last.end = end,
                        None => ranges.push(at.offset..end),
                    }
                }
            }
        }
        self.file.will_need(&ranges)
    }

    /// A page that is likely to be asked again soon.
    pub fn page(&mut self, column: usize, number: usize) -> Result<Arc<Page>, ReadError> {
        if let Some(page) = self.pages.get(&(column, number)) {
            return Ok(page.clone());
        }
        let page = self.passing_page(column, number)?;
        self.pages.insert((column, number), page.clone());
        Ok(page)
    }

    /// A page that may be forgotten.
    pub fn passing_page(&self, column: usize, number: usize) -> Result<Arc<Page>, ReadError> {
        let place = self.place(column, What::Page(number));
        let locations = self.locations(column)?;
        let at = *locations.get(number).ok_or_else(|| self.file.damaged("a page is missing"))?;
        note_passed(at.size as usize);
        if let Some(Item::Page(page)) = self.file.kept.get(&place) {
            return Ok(page);
        }
        let end = locations.get(number + 1).map_or(self.rows, |next| next.first_row as usize);
        let (size, lasting) = (at.size as usize, self.file.kept.wants(&place));
        let mut buffer = if lasting { Vec::with_capacity(size) } else { buffers::take(size) };
        buffer.resize(size, 0);
        let stored = self.file.read_to(at.offset, buffer)?;
        self.file.scanned().pages.fetch_add(1, Ordering::Relaxed);
        let (of, chunk) = (&self.footer.columns[column], self.chunk(column));
        let page = Page::read(&stored, of, chunk, end - at.first_row as usize, lasting);
        let page = Arc::new(page.map_err(|what| self.file.damaged(what))?);
        buffers::give_back(stored);
        if lasting {
            self.file.kept.put(place, Item::Page(page.clone()));
        }
        Ok(page)
    }

    /// The column's distinct values, if its chunk has a dictionary.
    pub fn dictionary(&mut self, column: usize) -> Result<Option<Arc<Dictionary>>, ReadError> {
        if !self.has_dictionary(column) {
            return Ok(None);
        }
        if let Some(dictionary) = self.dictionaries.get(&column) {
            return Ok(Some(dictionary.clone()));
        }
        let (place, chunk) = (self.place(column, What::Dictionary), self.chunk(column));
        let size = (chunk.data - chunk.start) as usize;
        note_passed(size);
        if let Some(Item::Dictionary(dictionary)) = self.file.kept.get(&place) {
            self.dictionaries.insert(column, dictionary.clone());
            return Ok(Some(dictionary));
        }
        let stored = self.file.read(chunk.start, size)?;
        let dictionary = Page::read_dictionary(&stored, self.footer.columns[column].cell, chunk.compressed);
        let dictionary = Arc::new(dictionary.map_err(|what| self.file.damaged(what))?);
        if self.file.kept.wants(&place) {
            self.file.kept.put(place, Item::Dictionary(dictionary.clone()));
        }
        self.dictionaries.insert(column, dictionary.clone());
        Ok(Some(dictionary))
    }

    /// False if it is known that no row has this text in the column of an attribute.
    pub fn may_hold(&self, column: usize, text: &[u8]) -> Result<bool, ReadError> {
        let of = &self.footer.columns[column];
        let entry = match &of.numbered {
            Some(numbered) => numbered.number(text).map(number_hash),
            None if of.cell == Cell::Bytes => Some(hash_bytes(text)),
            None => return Ok(true),
        };
        // No number stands for the text.
        let Some(entry) = entry else { return Ok(false) };
        let Some((offset, blocks)) = self.file.column_filters.find(&of.name, self.number) else { return Ok(true) };
        let block = offset + (BLOCK * Filter::block_of(entry, blocks)) as u64;
        Ok(blocks > 0 && Filter::holds(&self.file.read(block, BLOCK)?, entry))
    }

    /// The least and greatest value of each page of an integer column, if they are in the file.
    pub fn bounds(&mut self, column: usize) -> Result<Option<Arc<Bounds>>, ReadError> {
        let place = self.place(column, What::Bounds);
        if let Some(Item::Bounds(bounds)) = self.file.kept.get(&place) {
            return Ok(Some(bounds));
        }
        let bytes = self.file.column_index(self.chunk(column))?;
        if bytes.is_empty() {
            return Ok(None);
        }
        let pages = self.locations(column)?.len();
        let bounds = thrift::bounds(&bytes).map_err(|what| self.file.damaged(what))?;
        let integer = |bytes: &[u8]| match bytes.len() {
            4 => bytes.first_chunk().map(|bytes| i64::from(i32::from_le_bytes(*bytes))),
            _ => bytes.first_chunk().map(|bytes| i64::from_le_bytes(*bytes)),
        };
        let integers: Option<Vec<_>> =
            bounds.iter().map(|(least, greatest)| Some((integer(least)?, integer(greatest)?))).collect();
        let integers = integers.filter(|bounds| bounds.len() == pages).map(Arc::new);
        if let Some(bounds) = &integers
            && self.file.kept.wants(&place)
        {
            self.file.kept.put(place, Item::Bounds(bounds.clone()));
        }
        Ok(integers)
    }

    /// What `see` makes of a row's bytes in a column of fixed length.
    pub fn cell<T>(&mut self, name: &'static str, row: usize, see: impl FnOnce(&[u8]) -> T) -> Result<T, ReadError> {
        let column = self.needed(name)?;
        let pages = self.pages_of(column, row..row + 1)?;
        let (number, rows) = pages.first().ok_or_else(|| self.file.damaged("a row is missing"))?;
        let page = self.page(column, *number)?;
        let place = page.rank(row - rows.start);
        let values = page.values(place..place + 1).map_err(|what| self.file.damaged(what))?;
        match values.get(0, None) {
            Some(Value::Text(bytes)) if page.has(row - rows.start) => Ok(see(bytes)),
            _ => Ok(see(&[])),
        }
    }
}
