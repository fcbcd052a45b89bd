//! Sealed generations of the log become segments; what goes on is carried into the next generation.

mod carry;
mod recent;

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use hashbrown::HashSet;
use otelier_disk::generation::{self, Reader};
use otelier_disk::{Disk, Kind, Log};
use otelier_wire::Signal;

use crate::write::WriteError;
use crate::write::order::Grouped;
use crate::write::{Headers, LogRecord, Span, Written, logs, scan, traces};

/// What to flush, and what may wait.
#[derive(Clone, Debug, Default)]
pub struct Options<'a> {
    /// Where the log is on the disk.
    pub log_directory: &'a str,
    /// All that are sealed and not retired, or the oldest of them, in order.
    pub generations: &'a [u64],
    pub now_ns: u64,
    /// A trace of which nothing came for so long is written …
    pub idle_ns: u64,
    /// … and one that began to come so long ago.
    pub max_open_ns: u64,
    /// Segments that may hold earlier parts of the traces.
    pub recent: &'a [String],
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Flushed {
    pub segments: Vec<Written>,
    /// Items carried into the next generation.
    pub carried: usize,
    /// Spans left out because they are there already.
    pub duplicates: usize,
    /// Items left out of a merge because they are to be deleted.
    pub left_out: usize,
    /// Bytes of the log that could not be used.
    pub damaged_bytes: u64,
    /// Bytes behind the last good record of a generation. A process that was killed leaves such; so does bit rot.
    pub torn_bytes: u64,
    /// Items written, by signal.
    pub items: BTreeMap<&'static str, usize>,
}

impl Flushed {
    pub fn add(&mut self, segment: Written) {
        *self.items.entry(segment.signal.name()).or_default() += segment.rows as usize;
        self.segments.push(segment);
    }
}

/// Requests of one tenant and signal, and when they came first and last.
#[derive(Default)]
pub struct Arrived {
    pub records: Vec<Bytes>,
    pub times: Vec<(u64, u64)>,
}

/// Writes what is due into segments and carries the rest; both are durable on return. The manifest is left to the
/// caller, and so are the generations.
pub fn flush(disk: &dyn Disk, log: &Log, options: &Options) -> Result<Flushed, WriteError> {
    let mut flushed = Flushed::default();
    let (Some(first), Some(last)) = (options.generations.iter().min(), options.generations.iter().max()) else {
        return Ok(flushed);
    };
    let mut carried = Vec::new();
    for ((tenant, signal), arrived) in read(disk, options, *first, &mut flushed)? {
        match signal {
            "logs" => flush_logs(disk, &tenant, &arrived, *last, &mut flushed)?,
            _ => carried.extend(flush_traces(disk, &tenant, &arrived, *last, options, &mut flushed)?),
        }
    }
    if !carried.is_empty() {
        log.carry(carried)?;
    }
    Ok(flushed)
}

/// All that counts in these generations. What was carried out of one of them lies there still, as it came.
fn read(
    disk: &dyn Disk,
    options: &Options,
    first: u64,
    flushed: &mut Flushed,
) -> Result<BTreeMap<(Arc<str>, &'static str), Arrived>, WriteError> {
    let mut all: BTreeMap<(Arc<str>, &'static str), Arrived> = BTreeMap::new();
    for number in options.generations {
        let mut reader = Reader::open(disk, &generation::path(options.log_directory, *number))?;
        while let Some(record) = reader.next_record()? {
            let heading = record.heading;
            if heading.kind == Kind::Carried && heading.from_generation >= first {
                continue;
            }
            if heading.signal == Signal::Metrics {
                // No store for them yet; nobody appends them. Whoever reports damage keeps the file.
                flushed.damaged_bytes += record.otlp.len() as u64;
                continue;
            }
            let arrived = all.entry((heading.tenant, heading.signal.name())).or_default();
            arrived.records.push(record.otlp);
            arrived.times.push((heading.first_ns, heading.last_ns));
        }
        flushed.damaged_bytes += reader.damaged_bytes();
        flushed.torn_bytes += reader.torn_bytes();
    }
    Ok(all)
}

fn flush_logs(
    disk: &dyn Disk,
    tenant: &str,
    arrived: &Arrived,
    seed: u64,
    flushed: &mut Flushed,
) -> Result<(), WriteError> {
    let (mut headers, mut items) = (Headers::default(), Vec::<LogRecord>::new());
    scan_all(arrived, &mut headers, &mut items, flushed);
    if !items.is_empty() {
        let source = logs::Source { records: &arrived.records, items: &items, headers: &headers };
        flushed.add(logs::write_segment(disk, tenant, &source, seed)?);
    }
    Ok(())
}

/// Answers what is carried.
fn flush_traces(
    disk: &dyn Disk,
    tenant: &str,
    arrived: &Arrived,
    seed: u64,
    options: &Options,
    flushed: &mut Flushed,
) -> Result<Vec<otelier_disk::Carried>, WriteError> {
    let (mut headers, mut spans) = (Headers::default(), Vec::<Span>::new());
    scan_all(arrived, &mut headers, &mut spans, flushed);
    let (split, known) = recent::look_up(disk, tenant, options.recent, &spans);
    let all = spans.len();
    spans.retain(|span| !known.contains(&recent::identity(span)));
    flushed.duplicates += all - spans.len();
    let grouped = Grouped::new(&spans);
    let is_due = |members: &[u32]| {
        let times = members.iter().map(|span| arrived.times[spans[*span as usize].place.record as usize]);
        let (first, last) = times.fold((u64::MAX, 0), |(first, last), time| (first.min(time.0), last.max(time.1)));
        options.now_ns.saturating_sub(last) >= options.idle_ns || options.now_ns.abs_diff(first) >= options.max_open_ns
    };
    let ordered = grouped.order(&spans, |_, members| is_due(members));
    flushed.duplicates += ordered.duplicates;
    if !ordered.rows.is_empty() {
        let source = traces::Source { records: &arrived.records, spans: &spans, headers: &headers };
        flushed.add(traces::write_segment(disk, tenant, &source, &ordered, &split, seed)?);
    }
    let open = grouped.iter().filter(|(_, members)| !is_due(members)).flat_map(|(_, members)| members);
    let open: Vec<&Span> = open.map(|span| &spans[*span as usize]).collect();
    flushed.carried += open.len();
    Ok(carry::carry(tenant, arrived, &headers, &open, seed))
}

/// Requests that can't be read are skipped and counted: no log has them, because they are checked when they arrive.
fn scan_all<I: crate::write::Item>(
    arrived: &Arrived,
    headers: &mut Headers,
    items: &mut Vec<I>,
    flushed: &mut Flushed,
) {
    for (number, request) in arrived.records.iter().enumerate() {
        if scan(request, number as u32, headers, items).is_err() {
            flushed.damaged_bytes += request.len() as u64;
        }
    }
}

/// Ids of traces that older segments have parts of.
pub type Split = HashSet<[u8; 16]>;

/// A segment as the manifest names it: a JSON object.
pub fn manifest_entry(written: &Written) -> Result<Vec<u8>, WriteError> {
    let Written { path, tenant, signal, rows, bytes, min_start_ns, max_start_ns } = written;
    let entry = serde_json::json!({
        "path": path,
        "tenant": tenant,
        "signal": signal.name(),
        "rows": rows,
        "bytes": bytes,
        "min_start_ns": min_start_ns,
        "max_start_ns": max_start_ns,
    });
    serde_json::to_vec(&entry).map_err(|error| WriteError::Disk(std::io::Error::other(error)))
}
