//! Measures reads over millions of spans: CPU milliseconds of this thread, pages and bytes read.
//!
//!     cargo run --release -p otelier-segment --example reads -- FOLDER CORPUS [COPIES]
//!
//! Fills the folder once: a segment for each copy of the corpus file of `bench/corpus.py`, with other trace ids and
//! later times. With 0 copies the corpus stays in the log, and the view reads that.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use otelier_disk::{Disk, Log, LogOptions, Operations, RealDisk};
use otelier_segment::filter::parse;
use otelier_segment::flush::{Options, flush};
use otelier_segment::index::{Index, Operation};
use otelier_segment::view::View;
use otelier_wire::Signal;
use otelier_wire::protobuf::{Value, fields};

const TICKS_MS: f64 = 200.0;
const SEGMENTS: &str = "segments/default/traces";

fn main() {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().expect("usage: reads FOLDER CORPUS [COPIES]");
    let corpus = arguments.next().expect("usage: reads FOLDER CORPUS [COPIES]");
    let copies: u64 = arguments.next().map_or(10, |copies| copies.parse().expect("a number of copies"));
    let disk: Arc<dyn Disk> = Arc::new(RealDisk::new(Path::new(&folder), Operations::new(false, 0)).expect("a disk"));
    if copies == 0 && !disk.exists("log") {
        let log = Log::open(disk.clone(), "log", LogOptions { max_unflushed_bytes: 1 << 40, ..LogOptions::default() });
        append(&log.expect("a log"), &std::fs::read(&corpus).expect("the corpus file"), 0, 0);
    } else if copies > 0 && !disk.exists(SEGMENTS) {
        fill(&disk, &std::fs::read(corpus).expect("the corpus file"), copies);
    }
    let names = disk.list(SEGMENTS).unwrap_or_default();
    let paths: Vec<String> =
        names.iter().filter(|name| name.ends_with(".parquet")).map(|name| format!("{SEGMENTS}/{name}")).collect();
    let view = View::new(disk.clone());
    let (_, cold) = cpu(|| view.refresh(&paths, if copies == 0 { 0 } else { u64::MAX }).expect("refreshed"));
    println!("{} segments, {} spans in the log, refresh {cold:.2} ms", paths.len(), view.hot_items());
    memory();

    let everything = Arc::new(parse(br#"{"all":[]}"#).expect("a filter"));
    measure(&view, "newest 20 of all", || {
        view.search("default", &everything, &(0..=u64::MAX), 20).expect("found").len()
    });
    let operations = match paths.first() {
        Some(path) => {
            let index = Index::new(disk.read(&path.replace(".parquet", ".index")).expect("an index"));
            index.expect("an index").summary().expect("a summary").operations
        }
        None => hot_operations(&view),
    };
    let most = operations.iter().max_by_key(|operation| operation.spans).expect("operations");
    let least = operations.iter().min_by_key(|operation| operation.spans).expect("operations");
    println!("most: {most:?}\nleast: {least:?}");
    let test = |scope: &str, key: &str, op: &str, value: &str| {
        format!(r#"{{"field":{{"scope":"{scope}","key":"{key}"}},"op":"{op}","value":{value}}}"#)
    };
    let text = |text: &str| format!("{text:?}");
    let operation = |of: &Operation, longer: u64, error: bool| {
        let mut tests = vec![
            test("intrinsic", "service", "=", &text(&of.service)),
            test("intrinsic", "name", "=", &text(&of.name)),
            test("intrinsic", "duration_ns", ">", &format!(r#"{{"int":"{longer}"}}"#)),
        ];
        if error {
            tests.push(test("intrinsic", "status", "=", r#"{"int":"2"}"#));
        }
        tests
    };
    // Keys of the corpus: a text with a column of its own, and one whose values are many.
    let (frequent, many) = ("app.warm.k195", "app.gold.k077");
    let cases = [
        ("frequent: service", vec![test("intrinsic", "service", "=", &text(&most.service))]),
        ("frequent: service, name, > 1 ms", operation(most, 1_000_000, false)),
        ("frequent: service, name, > 1 ms, error", operation(most, 1_000_000, true)),
        ("rare: least operation, > 50 ms", operation(least, 50_000_000, false)),
        ("rare: least operation, > 200 ms, error", operation(least, 200_000_000, true)),
        (
            "rare: any operation, > 2 s, error",
            vec![
                test("intrinsic", "duration_ns", ">", r#"{"int":"2000000000"}"#),
                test("intrinsic", "status", "=", r#"{"int":"2"}"#),
            ],
        ),
        ("no such name", vec![test("intrinsic", "name", "=", r#""none""#)]),
        ("attribute =, absent", vec![test("span", many, "=", r#""session-none""#)]),
        ("attribute =, absent, numbered", vec![test("span", many, "=", r#""user-999999999""#)]),
        ("attribute exists", vec![test("span", frequent, "exists", "null")]),
        ("tag anywhere text=, absent", vec![test("any", many, "text=", r#""user-999999999""#)]),
        ("no such key, text=", vec![test("any", "no.such.key", "text=", r#""x""#)]),
        ("regex, one key, absent", vec![test("span", many, "=~", r#""zzz$""#)]),
        ("regex, another key, absent", vec![test("span", frequent, "=~", r#""zzz$""#)]),
    ];
    for (name, tests) in cases {
        let filter = Arc::new(parse(format!(r#"{{"all":[{}]}}"#, tests.join(",")).as_bytes()).expect("a filter"));
        measure(&view, name, || view.search("default", &filter, &(0..=u64::MAX), 20).expect("found").len());
    }

    let limits = [20, 200, 2_000, 20_000];
    let found = view.search("default", &everything, &(0..=u64::MAX), limits[3]).expect("found");
    let some: Vec<[u8; 16]> = found.iter().step_by(97).take(100).map(|(id, _)| *id).collect();
    let mut next = some.iter().cycle();
    measure(&view, "a trace", || view.traces("default", &[*next.next().expect("a trace")]).expect("fetched").items());
    measure(&view, "20 traces", || view.traces("default", &some[..20]).expect("fetched").items());
    measure(&view, "no such trace", || view.traces("default", &[[7; 16]]).expect("fetched").items());
    let newest: Vec<[u8; 16]> = found.iter().take(20).map(|(id, _)| *id).collect();
    measure(&view, "the newest 20 traces", || view.traces("default", &newest).expect("fetched").items());
    measure(&view, "summaries of the newest 20", || view.summaries("default", &newest).expect("summed").len());
    measure(&view, "summaries of 20 anywhere", || view.summaries("default", &some[..20]).expect("summed").len());
    memory();
}

/// With how often they were seen left out.
fn hot_operations(view: &View) -> Vec<Operation> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let of = |service: String| {
        let operations = view.hot_operations("default", &service);
        let operation = move |(name, kind): (Arc<[u8]>, i32)| Operation {
            service: service.clone(),
            name: text(&name),
            kind,
            spans: 0,
        };
        operations.into_iter().map(operation)
    };
    view.hot_services("default").iter().flat_map(|service| of(text(service))).collect()
}

fn memory() {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux's /proc");
    status
        .lines()
        .filter(|line| line.starts_with("VmHWM") || line.starts_with("VmRSS"))
        .for_each(|line| println!("{line}"));
}

fn measure(view: &View, name: &str, mut action: impl FnMut() -> usize) {
    if std::env::var("ONLY").is_ok_and(|only| !name.contains(&only)) {
        return;
    }
    let counters = || {
        let scanned = view.scanned();
        [&scanned.row_groups, &scanned.pages, &scanned.bytes].map(|counter| counter.load(Ordering::Relaxed))
    };
    let before = counters();
    let found = action();
    let [groups, pages, bytes] = std::array::from_fn(|at| counters()[at] - before[at]);
    // The system counts in ticks: only many runs together can be measured.
    let (mut runs, mut spent) = (0, 0.0);
    while spent < TICKS_MS {
        spent += cpu(|| (0..5).map(|_| action()).sum::<usize>()).1;
        runs += 5;
    }
    let each = spent / f64::from(runs);
    println!("{name:42} {found:5} found, {each:7.3} ms; {groups} row groups, {pages} pages, {} KiB", bytes / 1024);
}

fn cpu<T>(action: impl FnOnce() -> T) -> (T, f64) {
    let start = cpu_ns();
    let done = action();
    (done, (cpu_ns() - start) as f64 / 1e6)
}

/// What this thread has run so far.
fn cpu_ns() -> u64 {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux's /proc");
    stat.split(' ').next().and_then(|ns| ns.parse().ok()).expect("nanoseconds")
}

fn fill(disk: &Arc<dyn Disk>, corpus: &[u8], copies: u64) {
    let options = LogOptions { max_unflushed_bytes: 1 << 40, ..LogOptions::default() };
    let log = Log::open(disk.clone(), "log", options).expect("a log");
    let (least, greatest) = times(corpus);
    for copy in 0..copies {
        append(&log, corpus, copy, greatest - least);
        let sealed = log.rotate();
        let generations = [sealed];
        let options = Options { log_directory: "log", generations: &generations, now_ns: 1, ..Options::default() };
        flush(&**disk, &log, &options).expect("flushed");
        log.retire(sealed).expect("retired");
    }
}

/// Appends the corpus with trace ids and times of this copy.
fn append(log: &Log, corpus: &[u8], copy: u64, length_ns: u64) {
    let mut rest = corpus;
    let mut parts = Vec::new();
    while let Some((header, behind)) = rest.split_first_chunk::<8>() {
        let size = u32::from_le_bytes([header[0], header[1], header[2], header[3]]) as usize;
        let items = u32::from_le_bytes([header[4], header[5], header[6], header[7]]);
        let mut request = behind[..size].to_vec();
        each_span(&behind[..size], &mut |place, number| match number {
            1 => request[place] ^= copy as u8,
            _ => {
                let time = u64::from_le_bytes(request[place..place + 8].try_into().expect("eight bytes"));
                let later = time + copy * length_ns;
                request[place..place + 8].copy_from_slice(&later.to_le_bytes());
            }
        });
        parts.push((Bytes::from(request), items));
        rest = &behind[size..];
    }
    for some in parts.chunks(100) {
        let items = some.iter().map(|(_, items)| items).sum();
        let parts = some.iter().map(|(request, _)| request.clone()).collect();
        log.append("default", Signal::Traces, 1, items, parts).expect("appended");
    }
}

fn times(corpus: &[u8]) -> (u64, u64) {
    let (mut least, mut greatest, mut rest) = (u64::MAX, 0, corpus);
    while let Some((header, behind)) = rest.split_first_chunk::<8>() {
        let size = u32::from_le_bytes([header[0], header[1], header[2], header[3]]) as usize;
        each_span(&behind[..size], &mut |place, number| {
            if number == 7 {
                let time = u64::from_le_bytes(behind[place..place + 8].try_into().expect("eight bytes"));
                (least, greatest) = (time.min(least), time.max(greatest));
            }
        });
        rest = &behind[size..];
    }
    (least, greatest)
}

/// Calls `see` with the place of each trace id (1), start (7) and end (8).
fn each_span(request: &[u8], see: &mut dyn FnMut(usize, u32)) {
    let within = |bytes: &[u8]| bytes.as_ptr() as usize - request.as_ptr() as usize;
    let children = |bytes| {
        fields(bytes).filter_map(|field| match field.value {
            Value::Len(content) => Some((field.number, content)),
            _ => None,
        })
    };
    for (_, resource) in children(request).filter(|(number, _)| *number == 1) {
        for (_, scope) in children(resource).filter(|(number, _)| *number == 2) {
            for (_, span) in children(scope).filter(|(number, _)| *number == 2) {
                for field in fields(span) {
                    match (field.number, field.value) {
                        (1, Value::Len(id)) => see(within(id), 1),
                        (number @ (7 | 8), Value::Fixed64(_)) => see(within(field.raw) + 1, number),
                        _ => {}
                    }
                }
            }
        }
    }
}
