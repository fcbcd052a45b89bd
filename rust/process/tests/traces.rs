//! The trace buffer from outside: what waits, what is due, what comes out.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use otelier_disk::{Operations, SimulatedDisk};
use otelier_process::traces::{Matchers, NOT_SAMPLED, Options, SAMPLED, Scanner, Spill, TraceBuffer};
use otelier_wire::{Batch, Segment, Signal, live_bytes};

const SECOND: u64 = 1_000_000;

/// Live bytes are those of the process: tests that count them have it to themselves.
static ALONE: Mutex<()> = Mutex::new(());

fn field(number: u8, content: &[u8]) -> Vec<u8> {
    let mut out = vec![number << 3 | 2];
    otelier_wire::protobuf::put_varint(&mut out, content.len());
    [out, content.to_vec()].concat()
}

/// One resource with one scope and a span per (trace, length of name).
fn segment(spans: &[(u8, usize)]) -> Arc<Segment> {
    let span =
        |(trace, name): &(u8, usize)| field(2, &[field(1, &[*trace; 16]), field(5, &vec![b'x'; *name])].concat());
    let spans: Vec<u8> = spans.iter().flat_map(span).collect();
    let scope = field(2, &[field(1, b"\x0a\x01s"), spans].concat());
    let bytes = field(1, &[field(1, b""), scope].concat());
    let items = otelier_wire::Index::new(Signal::Traces, &bytes).items.len();
    Segment::new(bytes.into(), items)
}

struct Buffer {
    scanner: Scanner,
    inner: TraceBuffer,
}

impl Buffer {
    fn new(options: &str) -> Buffer {
        let options: Options = serde_json::from_str(options).unwrap();
        let disk = Arc::new(SimulatedDisk::new(Operations::new(false, 0)));
        let spill = Spill::new(disk, options.spill_bytes);
        let scanner = Scanner::new(Matchers::new(&[]).unwrap(), 0);
        Buffer { scanner, inner: TraceBuffer::new(options, Some(spill)) }
    }

    fn add(&mut self, segment: &Arc<Segment>, now_us: u64, journaled: Option<(u64, u64)>) -> Vec<u64> {
        let arrivals = self.scanner.scan(std::slice::from_ref(segment), &[]);
        self.inner.add(arrivals, now_us, journaled).unwrap().finished
    }

    fn take(&mut self, now_us: u64, fate: u8) -> (Option<Batch>, Vec<u64>, Vec<u8>) {
        let due = self.inner.due(now_us);
        let taken = self.inner.take(&due, &vec![fate; due.len()], now_us);
        (taken.batch, taken.finished, taken.pairs)
    }
}

#[test]
fn a_large_segment_of_one_trace_is_handed_on_as_it_is_and_others_are_copied() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let mut buffer = Buffer::new(r#"{"wait_us": 1000000}"#);
    let (large, small) = (segment(&[(1, 20_000), (1, 5)]), segment(&[(2, 5)]));
    buffer.add(&large, 0, None);
    buffer.add(&small, 1, None);
    let (batch, ..) = buffer.take(2 * SECOND, SAMPLED);
    let batch = batch.unwrap();
    assert!(Arc::ptr_eq(&batch.segments()[0], &large));
    assert!(!Arc::ptr_eq(&batch.segments()[1], &small));
    assert_eq!(batch.segments()[1].bytes(), small.bytes());
}

#[test]
fn a_journaled_batch_is_finished_with_the_last_of_its_traces() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let mut buffer = Buffer::new(r#"{"wait_us": 1000000}"#);
    assert!(buffer.add(&segment(&[(1, 5)]), 0, Some((10, 100))).is_empty());
    assert!(buffer.add(&segment(&[(1, 5), (2, 5)]), SECOND / 2, Some((11, 101))).is_empty());
    let (_, finished, pairs) = buffer.take(SECOND, NOT_SAMPLED);
    assert_eq!(finished, [10]);
    assert_eq!(pairs, [&[1; 16][..], &101u64.to_le_bytes()].concat());
    let (_, finished, pairs) = buffer.take(2 * SECOND, NOT_SAMPLED);
    assert_eq!((finished, pairs), (vec![11], vec![]));
}

#[test]
fn what_goes_to_disk_comes_back_and_room_on_disk_too() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let before = live_bytes();
    let mut buffer = Buffer::new(r#"{"wait_us": 1000000, "budget_bytes": 1000, "spill_bytes": 1700}"#);
    let segments: Vec<_> = (1..=4).map(|trace| segment(&[(trace, 500)])).collect();
    for round in 0..5 {
        let now = round * 10 * SECOND;
        segments.iter().for_each(|segment| {
            buffer.add(segment, now, None);
        });
        let stats = buffer.inner.stats();
        assert!(stats.memory_bytes <= 1000 && stats.disk_bytes > 0);
        let arrivals = buffer.scanner.scan(&[segment(&[(5, 900)])], &[]);
        assert!(buffer.inner.add(arrivals, now, None).is_err());
        let (batch, ..) = buffer.take(now + SECOND, SAMPLED);
        let wanted: Vec<Bytes> = segments.iter().map(|segment| segment.bytes().clone()).collect();
        assert_eq!(batch.unwrap().to_bytes(), wanted.concat());
        assert_eq!(buffer.inner.stats().disk_bytes, 0);
    }
    drop(segments);
    assert_eq!(live_bytes(), before);
}
