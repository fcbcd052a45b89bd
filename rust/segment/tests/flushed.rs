//! A flush sees what older segments hold of its traces, reading only some of their columns.

use std::sync::Arc;

use bytes::Bytes;
use otelier_disk::{Disk, Log, LogOptions, Operations, SimulatedDisk};
use otelier_segment::decode::items::{Message, SpanHead};
use otelier_segment::index::Index;
use otelier_segment::schema::AttributeType;
use otelier_segment::write::index_path;
use otelier_segment::{Flushed, Keep, flush, flush::Options, merge, read, verify};
use otelier_wire::{Batch, Limits, Signal, intake};

/// A request of one span in one trace, with an id that no other has.
fn request(span: u64) -> Bytes {
    let (mut item, id) = (Vec::new(), span.to_be_bytes());
    let head = SpanHead { trace_id: &[7; 16], span_id: &id, name: b"work", start_ns: span, ..SpanHead::default() };
    head.put(&mut item, &[]);
    let session = format!("{:016x}-{:016x}", span.wrapping_mul(0x9e37_79b9_7f4a_7c15), span << 40);
    Message(&mut item).attribute(9, "session.id", AttributeType::Text, session.as_bytes());
    let (mut scope, mut resource, mut out) = (Vec::new(), Vec::new(), Vec::new());
    Message(&mut scope).content(2, &item);
    Message(&mut resource).content(2, &scope);
    Message(&mut out).content(1, &resource);
    out.into()
}

fn batch(spans: impl Iterator<Item = u64>) -> Batch {
    let taken = spans.map(|span| intake(Signal::Traces, request(span), &Limits::default()).unwrap().segment);
    Batch::new(Signal::Traces, taken.collect(), None)
}

struct Store {
    disk: Arc<dyn Disk>,
    log: Arc<Log>,
    paths: Vec<String>,
}

impl Store {
    fn new() -> Store {
        let disk: Arc<dyn Disk> = Arc::new(SimulatedDisk::new(Operations::new(true, 0)));
        let log = Log::open(disk.clone(), "log", LogOptions::default()).unwrap();
        Store { disk, log, paths: Vec::new() }
    }

    fn flush(&mut self, spans: std::ops::Range<u64>) -> Flushed {
        let batch = batch(spans);
        let parts = batch.segments().iter().map(|segment| segment.bytes().clone()).collect();
        self.log.append("default", Signal::Traces, 1, batch.items() as u32, parts).unwrap();
        let generation = self.log.rotate();
        let options = Options {
            log_directory: "log",
            generations: &[generation],
            now_ns: 1,
            recent: &self.paths,
            ..Options::default()
        };
        let flushed = flush(&*self.disk, &self.log, &options).unwrap();
        self.log.retire(generation).unwrap();
        self.paths.extend(flushed.segments.iter().map(|segment| segment.path.clone()));
        flushed
    }
}

#[test]
fn spans_of_older_segments_count_once_and_merging_finds_none_twice() {
    let mut store = Store::new();
    assert_eq!(store.flush(1..500).duplicates, 0);
    assert_eq!(store.flush(400..700).duplicates, 100);
    assert_eq!(store.flush(1..700).duplicates, 699);
    assert_eq!(store.paths.len(), 2);
    let merged = merge(&*store.disk, "default", Signal::Traces, &store.paths, &Keep::All).unwrap();
    assert_eq!((merged.duplicates, merged.segments.len()), (0, 1));
    let path = &merged.segments[0].path;
    assert_eq!(verify(&*store.disk, path).unwrap(), "");
    assert_eq!(read(&*store.disk, path, Signal::Traces).unwrap().digest(), batch(1..700).digest());
}

#[test]
fn ids_that_are_all_different_have_a_filter_that_knows_them() {
    let mut store = Store::new();
    store.flush(1..500);
    let index = Index::new(store.disk.read(&index_path(&store.paths[0])).unwrap()).unwrap();
    let filters = index.column_filters(index.summary().unwrap().bytes).unwrap();
    assert!(filters.find("s.session.id", 0).is_some());
    assert!(filters.find("name", 0).is_none());
}

#[test]
fn a_damaged_older_segment_stops_no_flush_and_is_never_merged() {
    let mut store = Store::new();
    store.flush(1..500);
    let (path, good) = (store.paths[0].clone(), store.disk.read(&store.paths[0]).unwrap());
    for at in (4..good.len()).step_by(61) {
        let mut bad = good.to_vec();
        bad[at] ^= 0x55;
        otelier_disk::replace(&*store.disk, &path, &[&bad]).unwrap();
        assert!(!store.flush(10_000 + at as u64..10_001 + at as u64).segments.is_empty());
        store.paths.truncate(1);
        assert!(merge(&*store.disk, "default", Signal::Traces, &store.paths, &Keep::All).is_err());
    }
}
