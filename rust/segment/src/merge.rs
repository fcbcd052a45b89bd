//! Several segments become one: traces whose parts lay in different ones are whole again, duplicates are left out, and so
//! is what is to be deleted.

use bytes::Bytes;
use hashbrown::HashSet;
use otelier_disk::Disk;
use otelier_wire::Signal;
use otelier_wire::protobuf::{Value, fields};

use crate::decode::decode;
use crate::flush::{Flushed, Split};
use crate::hash::{hash_bytes, mix};
use crate::index::Index;
use crate::write::WriteError;
use crate::write::order::Grouped;
use crate::write::{Headers, LogRecord, Span, index_path, logs, scan, traces};

/// Ids of traces.
pub type Ids = HashSet<[u8; 16]>;

/// What of the segments is written again.
#[derive(Clone, Debug, Default)]
pub enum Keep {
    #[default]
    All,
    /// All but what belongs to these traces.
    Without(Ids),
    /// What belongs to these traces, and log records of at least this severity.
    Only(Ids, i32),
}

impl Keep {
    fn trace(&self, trace_id: &[u8; 16]) -> bool {
        match self {
            Keep::All => true,
            Keep::Without(ids) => !ids.contains(trace_id),
            Keep::Only(ids, _) => ids.contains(trace_id),
        }
    }

    fn record(&self, record: &LogRecord, requests: &[Bytes]) -> bool {
        self.trace(&record.trace_id)
            || matches!(self, Keep::Only(_, least) if severity(record.place.bytes(requests)) >= *least)
    }
}

/// Writes what is kept of these segments into a new one, durable on return; none if nothing is. Of spans that occur twice
/// the first one counts.
pub fn merge(
    disk: &dyn Disk,
    tenant: &str,
    signal: Signal,
    paths: &[String],
    keep: &Keep,
) -> Result<Flushed, WriteError> {
    let mut flushed = Flushed::default();
    let mut requests: Vec<Bytes> = Vec::new();
    for path in paths {
        requests.extend(decode(disk, path, signal)?.into_iter().map(|(request, _)| Bytes::from(request)));
    }
    let seed = paths.iter().fold(0, |seed, path| mix(seed, hash_bytes(path.as_bytes())));
    let mut headers = Headers::default();
    if signal == Signal::Logs {
        let mut items = Vec::<LogRecord>::new();
        scan_all(&requests, &mut headers, &mut items)?;
        let all = items.len();
        items.retain(|record| keep.record(record, &requests));
        flushed.left_out = all - items.len();
        if !items.is_empty() {
            let source = logs::Source { records: &requests, items: &items, headers: &headers };
            flushed.add(logs::write_segment(disk, tenant, &source, seed)?);
        }
        return Ok(flushed);
    }
    let mut spans = Vec::<Span>::new();
    scan_all(&requests, &mut headers, &mut spans)?;
    let all = spans.len();
    spans.retain(|span| keep.trace(&span.trace_id));
    flushed.left_out = all - spans.len();
    let ordered = Grouped::new(&spans).order(&spans, |_, _| true);
    flushed.duplicates = ordered.duplicates;
    if !ordered.rows.is_empty() {
        let source = traces::Source { records: &requests, spans: &spans, headers: &headers };
        flushed.add(traces::write_segment(disk, tenant, &source, &ordered, &Split::default(), seed)?);
    }
    Ok(flushed)
}

/// Whether the index says that the segment has items of one of these traces. It knows parts of ids only: it may be wrong
/// about having them, not about not having them.
pub fn may_hold(disk: &dyn Disk, path: &str, ids: &[[u8; 16]]) -> Result<bool, WriteError> {
    let beside = index_path(path);
    let damaged = |error| WriteError::damaged(&beside, error);
    let traces = Index::new(disk.read(&beside)?).and_then(|index| index.traces()).map_err(damaged)?;
    Ok(ids.iter().any(|id| !traces.find(id).is_empty()))
}

/// OTLP's number; 0 if the record has none.
fn severity(record: &[u8]) -> i32 {
    let number = fields(record).filter_map(|field| match (field.number, field.value) {
        (2, Value::Varint(number)) => Some(number as i32),
        _ => None,
    });
    number.last().unwrap_or_default()
}

fn scan_all<I: crate::write::Item>(
    requests: &[Bytes],
    headers: &mut Headers,
    items: &mut Vec<I>,
) -> Result<(), WriteError> {
    for (number, request) in requests.iter().enumerate() {
        scan(request, number as u32, headers, items)
            .map_err(|fault| WriteError::damaged("a segment", fault.what.text()))?;
    }
    Ok(())
}
