//! A segment of traces out of spans that were scanned and put in order.

use bytes::Bytes;
use hashbrown::HashSet;
use otelier_disk::Disk;
use otelier_wire::Signal;

use super::attributes::choose_keys;
use super::file::File;
use super::headers::Headers;
use super::observe::Observer;
use super::order::Ordered;
use super::scan::Span;
use super::sink::{Sink, Written, finish_segment, new_path};
use super::spans::SpanGroup;
use super::tally::Tally;
use crate::schema::{ROW_GROUP_BYTES, ROW_GROUP_ROWS};
use crate::write::WriteError;

pub const ATTRIBUTES: u32 = 9;
const EVENTS: u32 = 11;
const EVENT_ATTRIBUTES: u32 = 3;
const LINKS: u32 = 13;
const LINK_ATTRIBUTES: u32 = 4;

/// How many spans ahead the processor is sent to fetch them: they lie far apart.
const AHEAD: usize = 2;
const CACHE_LINE: usize = 64;

/// Reads a byte of each line, which nobody waits for.
#[inline]
fn touch(bytes: &[u8]) {
    std::hint::black_box(bytes.iter().step_by(CACHE_LINE).fold(0, |all, byte| all ^ byte));
}

/// Spans as they lie in requests, and what stands around them.
pub struct Source<'a> {
    pub records: &'a [Bytes],
    pub spans: &'a [Span],
    pub headers: &'a Headers,
}

/// Writes a segment of these rows, of which there must be one. `split`: traces of which older segments have spans.
pub fn write_segment(
    disk: &dyn Disk,
    tenant: &str,
    source: &Source,
    ordered: &Ordered,
    split: &HashSet<[u8; 16]>,
    seed: u64,
) -> Result<Written, WriteError> {
    let start = |row: &super::order::Row| source.spans[row.span as usize].start_ns;
    let first = ordered.rows.iter().map(start).min().unwrap_or(0);
    let path = new_path(disk, tenant, Signal::Traces.name(), first, seed)?;
    let places = ordered.rows.iter().map(|row| source.spans[row.span as usize].place);
    let mut group = SpanGroup::new(choose_keys(source.records, places, ATTRIBUTES));
    let mut file = File::new(Sink::create(disk, &path)?, group.columns())?;
    let (mut observer, mut tally) = (Observer::new(Signal::Traces, tenant), Tally::default());
    let mut bytes = 0;
    for trace in &ordered.traces {
        let is_full = group.count() + trace.rows as usize > ROW_GROUP_ROWS || bytes > ROW_GROUP_BYTES;
        if group.count() > 0 && is_full {
            bytes = 0;
            file.put(group.cells(source.headers))?;
            group.clear();
            observer.close_group();
            tally.close_group();
        }
        let (first_row, rows) = (trace.first_row, trace.rows);
        observer.trace(&trace.trace_id, first_row, rows);
        if split.contains(&trace.trace_id) {
            observer.split_trace(&trace.trace_id);
        }
        let first = first_row as usize;
        for (at, row) in (first..).zip(&ordered.rows[first..first + rows as usize]) {
            if let Some(next) = ordered.rows.get(at + AHEAD) {
                touch(source.spans[next.span as usize].place.bytes(source.records));
            }
            let span = &source.spans[row.span as usize];
            let item = span.place.bytes(source.records);
            bytes += item.len();
            let shredded = group.put(item, span, *row, source.headers);
            observer.row(span.start_ns, span.end_ns);
            let [rest, events, links] = group.raw();
            observer.raw(rest, ATTRIBUTES, None);
            observer.raw(events, EVENTS, Some(EVENT_ATTRIBUTES));
            observer.raw(links, LINKS, Some(LINK_ATTRIBUTES));
            let service = source.headers.service(span.around.resource);
            let times = (span.start_ns, span.end_ns);
            tally.row(service, shredded.name, span.kind, shredded.status_code, times, row.parent_distance);
        }
    }
    file.put(group.cells(source.headers))?;
    group.clear();
    observer.close_group();
    tally.close_group();
    let filters = file.put_filters()?;
    let written = file.finish()?.finish()?;
    let keys = (&group.attributes.keys, &group.attributes.totals[..]);
    let (index, summary) = observer.finish(source.headers, keys, Some((tally, &group.names)), (&filters, written))?;
    finish_segment(disk, &path, &index)?;
    Ok(Written::new(path, Signal::Traces, &summary, written.0 + index.len() as u64))
}
