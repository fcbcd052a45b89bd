//! Some rows of one generation of the log: what a search asks first, and where the rest lies.

use std::io;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use hashbrown::HashSet;
use otelier_disk::ReadAt;

use super::index::Index;
use crate::error::ReadError;
use crate::newest::TraceId;
use crate::reader::{Identity, Repeats, SegmentFile, prefixed};

/// A chunk is full with so many rows; the last request may exceed it.
pub const FULL: usize = 4096;

/// What many rows have in common. A header stands in memory once, whatever the number of chunks.
#[derive(Clone, Debug)]
pub struct Shape {
    /// The ResourceSpans without its scopes (of logs likewise).
    pub resource: Arc<[u8]>,
    /// The ScopeSpans without its spans.
    pub scope: Arc<[u8]>,
    /// The resource's service; empty if it names none.
    pub service: Arc<[u8]>,
    pub name: Arc<[u8]>,
    pub kind: i32,
    pub status: i32,
}

/// Where a request lies in its file.
#[derive(Clone, Copy, Debug)]
pub struct Request {
    pub offset: u64,
    pub len: u32,
    /// The first of its rows.
    pub first_row: u32,
}

/// Rows of one tenant and signal, in the order of the log. Some 72 bytes a row.
#[derive(Clone, Debug)]
pub struct Chunk {
    pub source: Arc<dyn ReadAt>,
    pub path: Arc<str>,
    pub requests: Vec<Request>,
    pub shapes: Vec<Shape>,
    pub trace_ids: Vec<TraceId>,
    pub span_ids: Vec<[u8; 8]>,
    /// Zeros where no parent is named.
    pub parent_ids: Vec<[u8; 8]>,
    /// Of logs: their time.
    pub starts: Vec<u64>,
    pub durations: Vec<i64>,
    pub shape_of: Vec<u32>,
    /// Where the encoded item lies in its request.
    pub items: Vec<Range<u32>>,
    /// Row numbers by trace id; made when the chunk is published.
    pub by_trace: Vec<u32>,
    pub least_start: u64,
    pub greatest_start: u64,
    pub repeats: Repeats,
    pub index: Index,
}

impl Chunk {
    pub fn new(source: Arc<dyn ReadAt>, path: Arc<str>) -> Chunk {
        Chunk {
            source,
            path,
            requests: Vec::new(),
            shapes: Vec::new(),
            trace_ids: Vec::new(),
            span_ids: Vec::new(),
            parent_ids: Vec::new(),
            starts: Vec::new(),
            durations: Vec::new(),
            shape_of: Vec::new(),
            items: Vec::new(),
            by_trace: Vec::new(),
            least_start: u64::MAX,
            greatest_start: 0,
            repeats: Repeats::default(),
            index: Index::default(),
        }
    }

    pub fn rows(&self) -> usize {
        self.starts.len()
    }

    /// Whether no row will be added any more.
    pub fn is_full(&self) -> bool {
        self.rows() >= FULL
    }

    pub fn identity(&self, row: usize) -> Identity {
        (self.trace_ids[row], self.span_ids[row], self.starts[row], self.shape(row).kind)
    }

    /// Rows whose spans a segment has, too.
    pub fn repeats_of(&self, file: &SegmentFile) -> Result<Arc<[u32]>, ReadError> {
        let range = file.summary.min_start_ns..=file.summary.max_start_ns;
        if self.least_start > *range.end() || self.greatest_start < *range.start() {
            return Ok(Arc::default());
        }
        self.repeats.of(file, || {
            let rows = || (0..self.rows()).filter(|row| range.contains(&self.starts[*row]));
            let traces: HashSet<&TraceId> = rows().map(|row| &self.trace_ids[row]).collect();
            let runs = file.runs_of(traces.into_iter());
            if runs.is_empty() {
                return Ok(Vec::new());
            }
            let starts: HashSet<(u64, u64)> =
                rows().map(|row| prefixed(&self.trace_ids[row], self.starts[row])).collect();
            let known = file.identities(&runs, &starts)?;
            Ok(rows().filter(|row| known.contains(&self.identity(*row))).map(|row| row as u32).collect())
        })
    }

    pub fn shape(&self, row: usize) -> &Shape {
        &self.shapes[self.shape_of[row] as usize]
    }

    pub fn sort(&mut self) {
        self.by_trace = (0..self.rows() as u32).collect();
        self.by_trace.sort_unstable_by_key(|row| (self.trace_ids[*row as usize], *row));
    }

    /// The rows of a trace, in the order of the log.
    pub fn rows_of(&self, trace_id: &TraceId) -> &[u32] {
        if !self.may_have(trace_id) {
            return &[];
        }
        let id = |row: &u32| &self.trace_ids[*row as usize];
        let start = self.by_trace.partition_point(|row| id(row) < trace_id);
        let count = self.by_trace[start..].partition_point(|row| id(row) == trace_id);
        &self.by_trace[start..start + count]
    }

    pub fn request_of(&self, row: usize) -> usize {
        self.requests.partition_point(|request| request.first_row as usize <= row) - 1
    }

    pub fn rows_in(&self, request: usize) -> Range<usize> {
        let end = self.requests.get(request + 1).map_or(self.rows(), |next| next.first_row as usize);
        self.requests[request].first_row as usize..end
    }

    /// The encoded item; `None` for one that the writer took back because it could not make it durable.
    pub fn item(&self, row: usize) -> Result<Option<Bytes>, ReadError> {
        let (request, item) = (self.requests[self.request_of(row)], &self.items[row]);
        self.read(request.offset + u64::from(item.start), item.len())
    }

    /// The bytes of a request in this range; `None` as above.
    pub fn items_at(&self, request: usize, range: Range<u32>) -> Result<Option<Bytes>, ReadError> {
        self.read(self.requests[request].offset + u64::from(range.start), range.len())
    }

    fn read(&self, offset: u64, len: usize) -> Result<Option<Bytes>, ReadError> {
        let read: io::Result<Bytes> = self.source.read_at(offset, len);
        let bytes = read.map_err(|error| ReadError::Io { path: self.path.to_string(), error })?;
        Ok(Some(bytes).filter(|bytes| bytes.len() == len))
    }
}
