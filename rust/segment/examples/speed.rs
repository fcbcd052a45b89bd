//! CPU nanoseconds and bytes per span from a log to a finished segment on disk, over a corpus file of
//! `bench/corpus.py`: `cargo run --release -p otelier-segment --example speed -- FILE [SPANS]`. Writes into a folder
//! that it makes in the working directory and removes. CPU time of one thread, best of five rounds (Linux).

use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use otelier_disk::{Disk, Log, LogOptions, Operations, RealDisk};
use otelier_segment::{Keep, flush, flush::Options, merge, read};
use otelier_wire::{Batch, Limits, Segment, Signal, intake};

const FOLDER: &str = "speed-of-segments";
const ROUNDS: usize = 5;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().expect("usage: speed FILE [SPANS]");
    let most: usize = arguments.next().map_or(usize::MAX, |count| count.parse().expect("a number of spans"));
    let segments = take(&std::fs::read(path).expect("the corpus file"), most);
    let batch = Batch::new(Signal::Traces, segments, None);
    let spans = batch.items();
    println!("{spans} spans, {} bytes each, {} requests", batch.size() / spans, batch.segments().len());

    let _ = std::fs::remove_dir_all(FOLDER);
    let disk: Arc<dyn Disk> = Arc::new(RealDisk::new(Path::new(FOLDER), Operations::new(false, 0)).expect("a disk"));
    let log = Log::open(disk.clone(), "log", LogOptions { max_unflushed_bytes: 1 << 40, ..LogOptions::default() });
    let log = log.expect("a log");
    for segments in batch.segments().chunks(100) {
        let items = segments.iter().map(|segment| segment.items()).sum::<usize>() as u32;
        let parts = segments.iter().map(|segment| segment.bytes().clone()).collect();
        log.append("default", Signal::Traces, 1, items, parts).expect("appended");
    }
    let last = log.rotate();
    let generations: Vec<u64> = (1..=last).collect();
    let options = Options { log_directory: "log", generations: &generations, now_ns: 1, ..Options::default() };

    let (flushed, each) = measure(spans, || flush(&*disk, &log, &options).expect("flushed"));
    println!("flushed: {each:.0} ns/span, {:.0} spans per CPU-second", 1e9 / each);
    let written = &flushed.segments[0];
    println!("size: {:.2} bytes/span", written.bytes as f64 / spans as f64);

    let (decoded, each) = measure(spans, || read(&*disk, &written.path, Signal::Traces).expect("read"));
    println!("decoded: {each:.0} ns/span");
    println!("the same: {}", decoded.digest() == batch.digest());
    drop(decoded);

    let paths = vec![written.path.clone(), written.path.clone()];
    let (merged, each) =
        measure(2 * spans, || merge(&*disk, "default", Signal::Traces, &paths, &Keep::All).expect("merged"));
    println!("merged with itself: {each:.0} ns/span, {} duplicates", merged.duplicates);
    if let Ok(kept) = std::env::var("KEEP") {
        for path in [&written.path, &otelier_segment::write::index_path(&written.path)] {
            let name = path.rsplit_once('.').map_or("", |(_, suffix)| suffix);
            std::fs::copy(Path::new(FOLDER).join(path), format!("{kept}.{name}")).expect("copied");
        }
    }
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux's /proc");
    status.lines().filter(|line| line.starts_with("VmHWM")).for_each(|line| println!("{line}"));
    std::fs::remove_dir_all(FOLDER).expect("removed");
}

/// What the last round has done, and the nanoseconds per span of the best.
fn measure<T>(spans: usize, action: impl Fn() -> T) -> (T, f64) {
    let round = || {
        let start = cpu_ns();
        let done = action();
        (done, cpu_ns() - start)
    };
    let (mut done, mut best) = round();
    for _ in 1..ROUNDS {
        drop(done);
        let (again, time) = round();
        (done, best) = (again, best.min(time));
    }
    (done, best as f64 / spans as f64)
}

/// What this thread has run so far.
fn cpu_ns() -> u64 {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux's /proc");
    stat.split(' ').next().and_then(|ns| ns.parse().ok()).expect("nanoseconds")
}

/// Frames of: length and items as little-endian u32, then the request.
fn take(mut data: &[u8], most: usize) -> Vec<Arc<Segment>> {
    let (mut taken, mut items) = (Vec::new(), 0);
    while let (Some((header, rest)), true) = (data.split_first_chunk::<8>(), items < most) {
        let length = u32::from_le_bytes([header[0], header[1], header[2], header[3]]) as usize;
        let request = Bytes::copy_from_slice(&rest[..length]);
        let segment = intake(Signal::Traces, request, &Limits::default()).expect("a good request").segment;
        items += segment.items();
        taken.push(segment);
        data = &rest[length..];
    }
    taken
}
