//! CPU nanoseconds and bytes per span from requests to a finished segment, over a corpus file of `bench/corpus.py`:
//! `cargo run --release -p otelier-segment --example speed -- FILE [SPANS]`. CPU time of one thread (Linux).

use bytes::Bytes;
use otelier_wire::{Batch, Limits, Signal, intake};

fn main() {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().expect("usage: speed FILE [SPANS]");
    let most: usize = arguments.next().map_or(usize::MAX, |count| count.parse().expect("a number of spans"));
    let mut batches = Vec::new();
    let mut spans = 0;
    for request in read(&std::fs::read(path).expect("the corpus file")) {
        if spans >= most {
            break;
        }
        let segment = intake(Signal::Traces, request, &Limits::default()).expect("a good request").segment;
        spans += segment.items();
        batches.push(segment);
    }
    let batch = Batch::new(Signal::Traces, batches, None);
    let records: Vec<Bytes> = batch.segments().iter().map(|segment| segment.bytes().clone()).collect();
    println!("{spans} spans, {} bytes each, {} requests", batch.size() / spans, records.len());

    let start = cpu_ns();
    let file = otelier_segment::write_traces(&records).expect("a segment");
    let each = (cpu_ns() - start) as f64 / spans as f64;
    println!("written: {each:.0} ns/span, {:.0} spans per CPU-second", 1e9 / each);
    println!("size: {:.2} bytes/span", file.len() as f64 / spans as f64);
    if let Ok(path) = std::env::var("OUT") {
        std::fs::write(path, &file).expect("written");
    }

    let start = cpu_ns();
    let decoded = otelier_segment::decode::decode(Signal::Traces, file.into()).expect("decoded");
    println!("decoded: {:.0} ns/span", (cpu_ns() - start) as f64 / spans as f64);
    let decoded: Vec<_> = decoded
        .into_iter()
        .map(|request| {
            intake(Signal::Traces, request.into(), &Limits { max_items: usize::MAX, ..Limits::default() })
                .expect("a good request")
                .segment
        })
        .collect();
    let decoded = Batch::new(Signal::Traces, decoded, None);
    println!("items {} {}, digests equal: {}", batch.items(), decoded.items(), batch.digest() == decoded.digest());
}

/// What this thread has run so far.
fn cpu_ns() -> u64 {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux's /proc");
    stat.split(' ').next().and_then(|ns| ns.parse().ok()).expect("nanoseconds")
}

/// Frames of: length and items as little-endian u32, then the request.
fn read(mut data: &[u8]) -> Vec<Bytes> {
    let mut requests = Vec::new();
    while let Some((header, rest)) = data.split_first_chunk::<8>() {
        let length = u32::from_le_bytes([header[0], header[1], header[2], header[3]]) as usize;
        requests.push(Bytes::copy_from_slice(&rest[..length]));
        data = &rest[length..];
    }
    requests
}
