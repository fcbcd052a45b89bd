//! `Batch`: immutable telemetry of one signal, as segments of encoded OTLP.
//!
//! Every segment is a whole, checked `Export…ServiceRequest`; a batch is their
//! concatenation, which protobuf defines as their merge. Cloning and joining
//! copy no telemetry. The bytes of all live segments are counted exactly, once
//! each, in `live_bytes`: the memory limiter decides by that number.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;

use crate::Signal;

static LIVE: AtomicUsize = AtomicUsize::new(0);

/// Bytes of encoded telemetry held by all segments and bodies of this process now.
pub fn live_bytes() -> usize {
    LIVE.load(Ordering::Relaxed)
}

/// Bytes that are no segment yet, such as a request's body on its way in; counted until dropped.
#[derive(Debug, Default)]
pub struct Live(usize);

impl Live {
    pub fn add(&mut self, bytes: usize) {
        LIVE.fetch_add(bytes, Ordering::Relaxed);
        self.0 += bytes;
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        LIVE.fetch_sub(self.0, Ordering::Relaxed);
    }
}

/// Client metadata (request headers) that travels with a batch; keys in lower case.
pub type Metadata = Vec<(String, Vec<String>)>;

/// One encoded request with its number of items, immutable and counted.
#[derive(Debug)]
pub struct Segment {
    bytes: Bytes,
    items: usize,
}

impl Segment {
    /// `bytes` must have passed the check of this signal and hold `items` items.
    pub fn new(bytes: Bytes, items: usize) -> Arc<Segment> {
        LIVE.fetch_add(bytes.len(), Ordering::Relaxed);
        Arc::new(Segment { bytes, items })
    }

    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    pub fn items(&self) -> usize {
        self.items
    }
}

impl Drop for Segment {
    fn drop(&mut self) {
        LIVE.fetch_sub(self.bytes.len(), Ordering::Relaxed);
    }
}

#[derive(Clone, Debug)]
pub struct Batch {
    signal: Signal,
    segments: Vec<Arc<Segment>>,
    items: usize,
    size: usize,
    metadata: Option<Arc<Metadata>>,
}

impl Batch {
    pub fn new(signal: Signal, segments: Vec<Arc<Segment>>, metadata: Option<Arc<Metadata>>) -> Batch {
        let items = segments.iter().map(|s| s.items()).sum();
        let size = segments.iter().map(|s| s.bytes().len()).sum();
        Batch { signal, segments, items, size, metadata }
    }

    pub fn signal(&self) -> Signal {
        self.signal
    }

    pub fn segments(&self) -> &[Arc<Segment>] {
        &self.segments
    }

    /// Spans, data points or log records.
    pub fn items(&self) -> usize {
        self.items
    }

    /// Encoded size in bytes.
    pub fn size(&self) -> usize {
        self.size
    }

    pub fn metadata(&self) -> Option<&Arc<Metadata>> {
        self.metadata.as_ref()
    }

    pub fn with_metadata(&self, metadata: Option<Arc<Metadata>>) -> Batch {
        Batch { metadata, ..self.clone() }
    }

    /// The concatenation of `parts`, which must be of one signal; keeps metadata only where all agree.
    pub fn join<'a>(signal: Signal, parts: impl Iterator<Item = &'a Batch> + Clone) -> Batch {
        let mut metadata = parts.clone().map(|p| p.metadata.clone());
        let first = metadata.next().flatten();
        let agreed = first.filter(|f| metadata.all(|m| m.as_ref() == Some(f)));
        let segments = parts.flat_map(|p| p.segments.iter().cloned()).collect();
        Batch::new(signal, segments, agreed)
    }

    /// The whole batch as one encoded request; free of copies when it is one segment.
    pub fn to_bytes(&self) -> Bytes {
        match self.segments.as_slice() {
            [one] => one.bytes().clone(),
            many => {
                let mut out = Vec::with_capacity(self.size);
                many.iter().for_each(|s| out.extend_from_slice(s.bytes()));
                out.into()
            }
        }
    }
}
