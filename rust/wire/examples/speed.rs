//! Nanoseconds per item of the check and of each batch operation, over a corpus file of `bench/corpus.py`:
//! `cargo run --release -p otelier-wire --example speed -- FILE [SIGNAL]`. CPU time of one thread, best of
//! five rounds (Linux).

use std::hint::black_box;

use bytes::Bytes;
use otelier_wire::{Batch, Limits, Signal, intake};

const ROUNDS: usize = 5;
/// Items a round, at least: the kernel counts a thread's time by ticks of some milliseconds.
const ITEMS: usize = 2_000_000;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().expect("usage: speed FILE [SIGNAL]");
    let requests = read(&std::fs::read(path).expect("the corpus file"));
    let signal = arguments.next().map_or(Some(Signal::Traces), |name| Signal::from_name(&name)).expect("a signal");
    let take = |bytes: &Bytes| intake(signal, bytes.clone(), &Limits::default()).expect("a good request");
    let batches: Vec<Batch> = requests.iter().map(|r| Batch::new(signal, vec![take(r).segment], None)).collect();
    let items: usize = batches.iter().map(Batch::items).sum();
    let bytes: usize = requests.iter().map(Bytes::len).sum();
    println!("{items} items, {} bytes each, {} requests", bytes / items, requests.len());

    let runs = ITEMS.div_ceil(items);
    let measure = |name: &str, run: &dyn Fn()| {
        let round = |_| {
            let start = cpu_ns();
            (0..runs).for_each(|_| run());
            cpu_ns() - start
        };
        let best = (0..ROUNDS).map(round).min().unwrap_or_default();
        println!("{name:12} {:8.1} ns/item", best as f64 / (runs * items) as f64);
    };
    measure("intake", &|| requests.iter().for_each(|r| drop(black_box(take(r)))));
    measure("trace_ids", &|| batches.iter().for_each(|b| drop(black_box(b.trace_ids()))));
    measure("split 100", &|| batches.iter().for_each(|b| drop(black_box(b.split(100)))));
    measure("split 64 KiB", &|| batches.iter().for_each(|b| drop(black_box(b.split_bytes(65_536)))));
    let masks: Vec<Vec<u8>> = batches.iter().map(|b| (0..b.items()).map(|i| (i % 4 == 0).into()).collect()).collect();
    measure("select 1/4", &|| batches.iter().zip(&masks).for_each(|(b, mask)| drop(black_box(b.select(mask)))));
    measure("digest", &|| batches.iter().for_each(|b| _ = black_box(b.digest())));
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
