//! One segment: its index in memory, its footer when it is wanted, its pages in the file.

use std::cell::Cell;
use std::io;
use std::ops::Range;
use std::slice;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, OnceLock};

use bytes::Bytes;
use otelier_disk::{Disk, ReadAt};
use otelier_wire::Signal;

use super::Damage;
use super::footer::{Chunk, Footer};
use super::kept::Kept;
use super::page_index::PageIndex;
use super::repeats::Repeats;
use super::thrift::Location;
use crate::error::ReadError;
use crate::index::{Catalogue, ColumnFilters, Filters, Head, Index, Kind, Operation, Rollups, TraceIndex};
use crate::numbered::NumberedKeys;
use crate::write::index_path;

/// Files that stay open at most; the system has a limit, and a search may look into all there are.
const MAX_OPEN: usize = 256;
/// What a column chunk takes in a footer, and in a page index once its pages have been looked for.
const CHUNK_BYTES: usize = size_of::<Chunk>() + 24 + 64 + 8 * size_of::<Location>();
/// About what a footer and offset indexes take in a file.
const TAIL: u64 = 512 << 10;
/// A column's name, twice, and its place by name.
const COLUMN_BYTES: usize = 160;
/// How much more beginnings of numbered texts take in memory than where they are stored.
const NUMBERED_TIMES: usize = 6;

thread_local! {
    static READ: Cell<(u64, u64)> = const { Cell::new((0, 0)) };
    static PASSED: Cell<u64> = const { Cell::new(0) };
}

/// Reads of files, and their bytes, that this thread has made so far: the difference tells what a question took.
pub fn read_here() -> (u64, u64) {
    READ.get()
}

/// Bytes, as files have them, that this thread has gone through so far, whether they were read or kept in memory.
pub fn passed_here() -> u64 {
    PASSED.get()
}

/// It goes through so many more.
pub fn note_passed(len: usize) {
    PASSED.set(PASSED.get() + len as u64);
}

/// What was read of files so far.
#[derive(Debug, Default)]
pub struct Scanned {
    pub files: AtomicU64,
    pub row_groups: AtomicU64,
    pub pages: AtomicU64,
    pub bytes: AtomicU64,
    /// Files that are open now.
    open: AtomicUsize,
}

/// Made when it is first asked for.
pub type Traces = LazyLock<TraceIndex, Box<dyn FnOnce() -> TraceIndex + Send>>;

#[derive(Debug)]
pub struct SegmentFile {
    pub path: Arc<str>,
    pub summary: Head,
    pub traces: Traces,
    pub catalogue: Catalogue,
    pub filters: Filters,
    pub column_filters: ColumnFilters,
    /// Of logs: by row group, a filter over the words of lines.
    pub words: Filters,
    /// Beginnings of numbered texts as they are stored: few files are asked for them.
    numbered: Vec<u8>,
    /// By service; empty if the file has none.
    pub(super) service_rollups: Rollups,
    pub(super) operations: OnceLock<Vec<Operation>>,
    /// Calls and errors by operation, once somebody asked.
    pub(super) rollup_counts: OnceLock<Rollups>,
    pub(super) disk: Arc<dyn Disk>,
    /// Open, unless too many others are.
    source: OnceLock<Arc<dyn ReadAt>>,
    footer: OnceLock<Footer>,
    /// By row group.
    page_indexes: Vec<OnceLock<PageIndex>>,
    scanned: Arc<Scanned>,
    /// No other file had this one.
    pub number: u64,
    pub repeats: Repeats,
    pub kept: Arc<Kept>,
    pub(super) weight: AtomicUsize,
}

impl SegmentFile {
    pub fn open(
        disk: &Arc<dyn Disk>,
        path: &Arc<str>,
        scanned: &Arc<Scanned>,
        kept: &Arc<Kept>,
    ) -> Result<SegmentFile, ReadError> {
        let index_path = index_path(path);
        let bytes = disk.read(&index_path).map_err(|error| ReadError::io(&index_path, error))?;
        let damaged = |error: io::Error| ReadError::of_index(&index_path, error);
        let size = bytes.len();
        let index = Index::new(bytes).map_err(damaged)?;
        let summary = index.head().map_err(damaged)?;
        let (catalogue, filters) = (index.catalogue().map_err(damaged)?, index.filters().map_err(damaged)?);
        let column_filters = index.column_filters(summary.bytes).map_err(damaged)?;
        let words = index.words().map_err(damaged)?;
        let numbered = index.content(Kind::Numbered).map_err(damaged)?;
        let service_rollups = index.service_rollups().map_err(damaged)?;
        let buckets: usize = service_rollups.cells.iter().map(|cell| cell.histogram.len()).sum();
        let entries: usize = catalogue.row_groups.iter().map(Vec::len).sum();
        let filtered = filters.size() + words.size() + column_filters.size();
        let (traces, runs) = traces(index, &summary.signal, size).map_err(damaged)?;
        let names: usize = catalogue.names.iter().map(|(service, name)| 48 + service.len() + name.len()).sum();
        let cells = 96 * service_rollups.cells.len() + 8 * buckets;
        let keys = 80 * (summary.keys.len() + summary.other_keys.len() + summary.services.len());
        let weight = 16 * runs + 16 * entries + names + filtered + cells + keys + numbered.len() + 4096;
        let number = scanned.files.fetch_add(1, Ordering::Relaxed);
        Ok(SegmentFile {
            path: path.clone(),
            page_indexes: summary.row_groups.iter().map(|_| OnceLock::new()).collect(),
            summary,
            traces,
            catalogue,
            filters,
            column_filters,
            words,
            numbered,
            service_rollups,
            operations: OnceLock::new(),
            rollup_counts: OnceLock::new(),
            disk: disk.clone(),
            source: OnceLock::new(),
            footer: OnceLock::new(),
            scanned: scanned.clone(),
            number,
            repeats: Repeats::default(),
            kept: kept.clone(),
            weight: weight.into(),
        })
    }

    /// About how many bytes of memory it takes, with what it was asked for so far.
    pub fn weight(&self) -> usize {
        self.weight.load(Ordering::Relaxed)
    }

    pub fn footer(&self) -> Result<&Footer, ReadError> {
        if let Some(footer) = self.footer.get() {
            return Ok(footer);
        }
        // Offset indexes lie before it, and are asked for next.
        let end = self.summary.bytes;
        self.will_need(slice::from_ref(&(end.saturating_sub(TAIL)..end)))?;
        let mut footer = Footer::read(&self.path, &*self.source()?)?;
        let numbered = NumberedKeys::decode(&self.numbered);
        let numbered = numbered.map_err(|error| ReadError::of_index(&index_path(&self.path), error))?;
        footer.explain(numbered).map_err(|what| self.damaged(what))?;
        let alike = footer.groups.len() == self.summary.row_groups.len()
            && footer
                .groups
                .iter()
                .zip(&self.summary.row_groups)
                .all(|(group, said)| (group.first_row, group.rows as u64) == (said.first_row, said.rows));
        if !alike {
            return Err(self.damaged("file and index have other row groups"));
        }
        let columns = footer.columns.len() * (COLUMN_BYTES + CHUNK_BYTES * footer.groups.len());
        Ok(self.footer.get_or_init(|| {
            self.weight.fetch_add(columns + NUMBERED_TIMES * self.numbered.len(), Ordering::Relaxed);
            footer
        }))
    }

    pub fn damaged(&self, what: Damage) -> ReadError {
        ReadError::damaged(&self.path, what)
    }

    pub fn scanned(&self) -> &Scanned {
        &self.scanned
    }

    fn source(&self) -> Result<Arc<dyn ReadAt>, ReadError> {
        if let Some(source) = self.source.get() {
            return Ok(source.clone());
        }
        let source = self.disk.open_read(&self.path).map_err(|error| ReadError::io(&self.path, error))?;
        if self.scanned.open.fetch_add(1, Ordering::Relaxed) >= MAX_OPEN || self.source.set(source.clone()).is_err() {
            self.scanned.open.fetch_sub(1, Ordering::Relaxed);
        }
        Ok(source)
    }

    pub fn read(&self, offset: u64, len: usize) -> Result<Bytes, ReadError> {
        self.read_to(offset, vec![0; len])
    }

    /// Reads what fills `buffer`; lengths are those of the footer and of indexes, of which none reaches beyond the file.
    pub fn read_to(&self, offset: u64, mut buffer: Vec<u8>) -> Result<Bytes, ReadError> {
        let len = buffer.len();
        let read = self.source()?.read_into(offset, &mut buffer).map_err(|error| ReadError::io(&self.path, error))?;
        self.scanned.bytes.fetch_add(len as u64, Ordering::Relaxed);
        READ.set((READ.get().0 + 1, READ.get().1 + len as u64));
        if read == len { Ok(buffer.into()) } else { Err(self.damaged("it ends too early")) }
    }

    /// These will be read soon. If there are none, as where all pages are kept, the file needn't be opened.
    pub fn will_need(&self, ranges: &[Range<u64>]) -> Result<(), ReadError> {
        if ranges.is_empty() {
            return Ok(());
        }
        let source = self.source()?;
        ranges.iter().for_each(|range| source.will_need(range.start, range.end - range.start));
        Ok(())
    }

    /// Where the pages of a chunk of this row group lie.
    pub fn locations(&self, group: usize, column: usize) -> Result<&[Location], ReadError> {
        let index = self.page_indexes.get(group).ok_or_else(|| self.damaged("a row group is missing"))?;
        let index = match index.get() {
            Some(index) => index,
            None => {
                let group = &self.footer()?.groups[group];
                let read = self.read_offsets(&group.chunks)?;
                index.get_or_init(|| read)
            }
        };
        let locations = &index.columns[column];
        if let Some(locations) = locations.get() {
            return Ok(locations);
        }
        let group = &self.footer()?.groups[group];
        let read = index.locations(&group.chunks[column], group.rows).map_err(|what| self.damaged(what))?;
        Ok(locations.get_or_init(|| read))
    }

    /// Reads the footer, and where pages lie.
    pub fn open_whole(&self) -> Result<(), ReadError> {
        (0..self.page_indexes.len()).try_for_each(|group| self.locations(group, 0).map(drop))
    }

    /// The column index of a chunk; empty if it has none.
    pub fn column_index(&self, chunk: &Chunk) -> Result<Bytes, ReadError> {
        match chunk.bounds {
            (_, 0) => Ok(Bytes::new()),
            (offset, len) => self.read(offset, len as usize),
        }
    }

    /// All offset indexes of a row group lie together.
    fn read_offsets(&self, chunks: &[Chunk]) -> Result<PageIndex, ReadError> {
        let there = || chunks.iter().map(|chunk| chunk.offsets).filter(|(_, len)| *len > 0);
        let start = there().map(|(offset, _)| offset).min().unwrap_or_default();
        let end = there().map(|(offset, len)| offset + u64::from(len)).max().unwrap_or_default();
        let sum: u64 = there().map(|(_, len)| u64::from(len)).sum();
        if end - start > 2 * sum + 4096 {
            return Err(self.damaged("offset indexes are strewn over the file"));
        }
        let bytes = self.read(start, (end - start) as usize)?;
        Ok(PageIndex { start, bytes, columns: chunks.iter().map(|_| OnceLock::new()).collect() })
    }
}

/// And about how many runs it has. Searches for lines, the most of what logs are asked, don't need it, and it is as much as
/// all the rest: it waits, with the index's bytes, whose checksums were right.
fn traces(index: Index, signal: &str, size: usize) -> io::Result<(Traces, usize)> {
    if signal == Signal::Logs.name() {
        return Ok((LazyLock::new(Box::new(move || index.traces().unwrap_or_default())), size / 8));
    }
    let traces = index.traces()?;
    let runs = traces.runs().len();
    Ok((LazyLock::new(Box::new(move || traces)), runs))
}

impl Drop for SegmentFile {
    fn drop(&mut self) {
        if self.source.get().is_some() {
            self.scanned.open.fetch_sub(1, Ordering::Relaxed);
        }
    }
}
