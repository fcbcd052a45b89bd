//! Several segments become one: traces whose parts lay in different ones are whole again, duplicates are left out.

use bytes::Bytes;
use otelier_disk::Disk;
use otelier_wire::Signal;

use crate::decode::decode;
use crate::flush::{Flushed, Split};
use crate::hash::{hash_bytes, mix};
use crate::write::WriteError;
use crate::write::order::Grouped;
use crate::write::{Headers, LogRecord, Span, logs, scan, traces};

/// Writes what these segments hold into a new one, durable on return. Of spans that occur twice the first one counts.
pub fn merge(disk: &dyn Disk, tenant: &str, signal: Signal, paths: &[String]) -> Result<Flushed, WriteError> {
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
        if !items.is_empty() {
            let source = logs::Source { records: &requests, items: &items, headers: &headers };
            flushed.add(logs::write_segment(disk, tenant, &source, seed)?);
        }
        return Ok(flushed);
    }
    let mut spans = Vec::<Span>::new();
    scan_all(&requests, &mut headers, &mut spans)?;
    let ordered = Grouped::new(&spans).order(&spans, |_, _| true);
    flushed.duplicates = ordered.duplicates;
    if !ordered.rows.is_empty() {
        let source = traces::Source { records: &requests, spans: &spans, headers: &headers };
        flushed.add(traces::write_segment(disk, tenant, &source, &ordered, &Split::default(), seed)?);
    }
    Ok(flushed)
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
