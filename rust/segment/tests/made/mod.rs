//! Spans made by chance, for tests that compare two ways to the same answer.

#![allow(dead_code, reason = "each test takes its part")]

pub mod model;
pub mod questions;

use std::sync::Arc;

use bytes::Bytes;
use otelier_disk::{Disk, Log, LogOptions, Operations, SimulatedDisk};
use otelier_segment::filter::{Filter, value::Span};
use otelier_segment::flush::{Options, flush};
use otelier_segment::newest::TraceId;
use otelier_wire::protobuf::{Value, fields, put_varint};
use otelier_wire::{Batch, Limits, Signal, intake};

/// A xorshift: the same numbers in every run.
pub struct Chance(pub u64);

impl Chance {
    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 11
    }

    pub fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    pub fn one_in(&mut self, limit: u64) -> bool {
        self.below(limit) == 0
    }
}

pub fn field(number: u32, content: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    put_varint(&mut out, (number << 3 | 2) as usize);
    put_varint(&mut out, content.len());
    out.extend_from_slice(content);
    out
}

pub fn varint(number: u32, value: u64) -> Vec<u8> {
    let mut out = Vec::new();
    put_varint(&mut out, (number << 3) as usize);
    put_varint(&mut out, value as usize);
    out
}

pub fn fixed64(number: u32, value: u64) -> Vec<u8> {
    let mut out = vec![(number << 3 | 1) as u8];
    out.extend_from_slice(&value.to_le_bytes());
    out
}

pub fn attribute(number: u32, key: &str, value: &[u8]) -> Vec<u8> {
    field(number, &[field(1, key.as_bytes()), field(2, value)].concat())
}

pub const KEYS: [&str; 7] = ["http.status", "user.id", "flag", "ratio", "rare", "nested", "never"];

/// An AnyValue that suits the key, now and then one that does not.
fn any_value(key: &str, chance: &mut Chance) -> Vec<u8> {
    match if chance.one_in(20) { KEYS[chance.below(6) as usize] } else { key } {
        "http.status" => varint(3, [200, 404, 500][chance.below(3) as usize]),
        "user.id" => field(1, format!("user-{}", chance.below(5_000)).as_bytes()),
        "flag" => varint(2, chance.below(2)),
        "ratio" => fixed64(4, (chance.below(8) as f64 / 4.0).to_bits()),
        "rare" => field(1, [&b"red"[..], b"green", b"200", b"true"][chance.below(4) as usize]),
        _ => match chance.below(4) {
            0 => field(5, &field(1, &varint(3, chance.below(3)))),
            1 => field(7, &[chance.below(3) as u8; 3]),
            2 => field(6, &attribute(1, "k", &field(1, b"v"))),
            _ => Vec::new(),
        },
    }
}

fn span(trace: u64, number: u64, start_ns: u64, chance: &mut Chance) -> Vec<u8> {
    let mut span = [field(1, &trace_id(trace)), field(2, &(number + 1).to_be_bytes())].concat();
    if number > 0 {
        let parent = if chance.one_in(30) { 1_000_000 } else { chance.below(number) };
        span.extend(field(4, &(parent + 1).to_be_bytes()));
    }
    span.extend(field(5, format!("op-{}", chance.below(12)).as_bytes()));
    span.extend(varint(6, chance.below(6)));
    span.extend(fixed64(7, start_ns));
    span.extend(fixed64(8, (start_ns + chance.below(1_000) * chance.below(1_000)).wrapping_sub(chance.below(2))));
    for key in &KEYS[..4] {
        if chance.one_in(2) {
            span.extend(attribute(9, key, &any_value(key, chance)));
        }
    }
    if chance.one_in(300) {
        span.extend(attribute(9, "rare", &any_value("rare", chance)));
    }
    if chance.one_in(40) {
        span.extend(attribute(9, "nested", &any_value("nested", chance)));
        span.extend(attribute(9, "user.id", &any_value("user.id", chance)));
    }
    if chance.one_in(25) {
        let event = [field(2, b"retry"), attribute(3, "rare", &any_value("rare", chance))].concat();
        span.extend(field(11, &event));
    }
    if chance.one_in(25) {
        let ids = [field(1, &trace_id(trace + 1)), field(2, &[9; 8])].concat();
        span.extend(field(13, &[ids, attribute(4, "ratio", &any_value("ratio", chance))].concat()));
    }
    if chance.one_in(10) {
        let message = if chance.one_in(2) { field(2, b"broken") } else { Vec::new() };
        span.extend(field(15, &[message, varint(3, 1 + chance.below(2))].concat()));
    }
    if chance.one_in(50) {
        span.extend(field(3, b"a=b"));
    }
    span
}

pub fn trace_id(trace: u64) -> TraceId {
    let mixed = (u128::from(trace) + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835);
    mixed.to_be_bytes()
}

/// A request with some spans of some traces around `at_ns`.
pub fn request(traces: &[u64], spans: u64, at_ns: u64, chance: &mut Chance) -> Vec<u8> {
    let mut out = Vec::new();
    for _ in 0..1 + chance.below(3) {
        let service = field(1, format!("service-{}", chance.below(6)).as_bytes());
        let mut resource = attribute(1, "service.name", &service);
        if chance.one_in(8) {
            resource = attribute(1, "rare", &any_value("rare", chance));
        }
        let scope = [field(1, b"lib"), field(2, b"1.0"), attribute(3, "flag", &any_value("flag", chance))].concat();
        let mut under = field(1, &scope);
        for _ in 0..spans {
            let trace = traces[chance.below(traces.len() as u64) as usize];
            let number = chance.below(40);
            under.extend(field(2, &span(trace, number, at_ns + chance.below(50_000_000), chance)));
        }
        out.extend(field(1, &[field(1, &resource), field(2, &under)].concat()));
    }
    out
}

pub fn batch(otlp: Vec<u8>) -> Batch {
    batch_of(Signal::Traces, otlp)
}

pub fn batch_of(signal: Signal, otlp: Vec<u8>) -> Batch {
    let intake = intake(signal, otlp.into(), &Limits::default()).unwrap();
    assert_eq!((intake.rejected, intake.repaired), (0, 0));
    Batch::new(signal, vec![intake.segment], None)
}

/// What a full scan knows of a span.
pub struct Known {
    pub trace_id: TraceId,
    pub identity: (u64, u64, i32),
    pub start_ns: u64,
    pub span: Vec<u8>,
    pub resource: Vec<u8>,
    pub scope: Vec<u8>,
}

impl Known {
    pub fn as_span(&self) -> Span<'_> {
        Span { span: &self.span, resource: &self.resource, scope: &self.scope }
    }

    /// As a request of its own.
    pub fn alone(&self) -> Vec<u8> {
        let scope = [self.scope.clone(), field(2, &self.span)].concat();
        field(1, &[self.resource.clone(), field(2, &scope)].concat())
    }
}

pub fn known(otlp: &[u8]) -> Vec<Known> {
    let without = |group: &[u8]| -> Vec<u8> {
        fields(group).filter(|field| field.number != 2).flat_map(|field| field.raw.to_vec()).collect()
    };
    let content = |value| match value {
        Value::Len(content) => content,
        _ => unreachable!(),
    };
    let mut all = Vec::new();
    for resource in fields(otlp) {
        let group = content(resource.value);
        for scope in fields(group).filter(|field| field.number == 2) {
            let scope = content(scope.value);
            for span in fields(scope).filter(|field| field.number == 2) {
                let span = content(span.value);
                let fixed = otelier_segment::filter::value::Fixed::read(span);
                let id = u64::from_be_bytes(fixed.span_id.try_into().unwrap());
                all.push(Known {
                    trace_id: fixed.trace_id.try_into().unwrap(),
                    identity: (id, fixed.start_ns, fixed.kind),
                    start_ns: fixed.start_ns,
                    span: span.to_vec(),
                    resource: without(group),
                    scope: without(scope),
                });
            }
        }
    }
    all
}

/// The answer of a plain scan.
pub fn scan(
    all: &[Known],
    filter: &Filter,
    window: std::ops::RangeInclusive<u64>,
    limit: usize,
) -> Vec<(TraceId, u64)> {
    let mut newest = std::collections::BTreeMap::<TraceId, u64>::new();
    for span in all.iter().filter(|span| window.contains(&span.start_ns) && filter.holds(&span.as_span())) {
        let start = newest.entry(span.trace_id).or_default();
        *start = span.start_ns.max(*start);
    }
    let mut hits: Vec<(TraceId, u64)> = newest.into_iter().collect();
    hits.sort_by_key(|(trace_id, start)| std::cmp::Reverse((*start, *trace_id)));
    hits.truncate(limit);
    hits
}

/// A store in memory: what is appended is in the log until it is flushed.
pub struct Store {
    pub disk: Arc<dyn Disk>,
    pub log: Arc<Log>,
    pub segments: Vec<String>,
    pub retired: u64,
    /// The clock: each append takes a nanosecond.
    pub now_ns: u64,
    /// Spans carried so far.
    pub carried: usize,
}

impl Store {
    pub fn new() -> Store {
        let disk: Arc<dyn Disk> = Arc::new(SimulatedDisk::new(Operations::new(false, 0)));
        let log = Log::open(disk.clone(), "log", LogOptions::default()).unwrap();
        Store { disk, log, segments: Vec::new(), retired: 0, now_ns: 0, carried: 0 }
    }

    pub fn append(&mut self, otlp: Vec<u8>) {
        self.now_ns += 1;
        let batch = batch(otlp);
        let parts: Vec<Bytes> = batch.segments().iter().map(|segment| segment.bytes().clone()).collect();
        self.log.append("default", Signal::Traces, self.now_ns, batch.items() as u32, parts).unwrap();
    }

    /// Appends so many requests with traces of a round, and some that began in the one before: these are split. One of
    /// them comes twice. Answers their spans.
    pub fn append_round(&mut self, round: u64, requests: u64, from_ns: u64, chance: &mut Chance) -> Vec<Known> {
        let mut all = Vec::new();
        for part in 0..requests {
            let traces: Vec<u64> = (0..6).map(|at| 30 * round + at * 6 + part % 3).collect();
            let otlp = request(&traces, 12, from_ns + round * 60_000_000, chance);
            all.extend(known(&otlp));
            self.append(otlp.clone());
            if part == 3 {
                self.append(otlp);
            }
        }
        all
    }

    /// Writes the segments of all that is in the log, and does not retire it yet.
    pub fn flush(&mut self) -> u64 {
        self.flush_idle(0)
    }

    /// The same, but carries traces of which something came in the last `idle_ns`.
    pub fn flush_idle(&mut self, idle_ns: u64) -> u64 {
        let sealed = self.log.rotate();
        let generations: Vec<u64> =
            self.log.generations().iter().map(|(number, _)| *number).filter(|number| *number <= sealed).collect();
        let options = Options {
            log_directory: "log",
            generations: &generations,
            now_ns: self.now_ns,
            idle_ns,
            max_open_ns: 1_000,
            recent: &self.segments,
        };
        let flushed = flush(&*self.disk, &self.log, &options).unwrap();
        self.carried += flushed.carried;
        self.segments.extend(flushed.segments.iter().map(|written| written.path.clone()));
        sealed
    }

    pub fn retire(&mut self, generation: u64) {
        self.retired = generation;
        self.log.retire(generation).unwrap();
    }
}
