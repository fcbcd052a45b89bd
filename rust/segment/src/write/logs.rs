//! A segment of logs out of records that were scanned.

use bytes::Bytes;
use otelier_disk::Disk;
use otelier_wire::Signal;

use super::attributes::choose_keys;
use super::file::File;
use super::headers::Headers;
use super::observe::Observer;
use super::records::{LogRecord, RecordGroup};
use super::sink::{Sink, Written, finish_segment, new_path};
use crate::schema::{ROW_GROUP_BYTES, ROW_GROUP_ROWS};
use crate::write::WriteError;

pub const ATTRIBUTES: u32 = 6;

/// Log records as they lie in requests, and what stands around them.
pub struct Source<'a> {
    pub records: &'a [Bytes],
    pub items: &'a [LogRecord],
    pub headers: &'a Headers,
}

/// Writes a segment of all these records, of which there must be one. Records that say the same are all kept.
pub fn write_segment(disk: &dyn Disk, tenant: &str, source: &Source, seed: u64) -> Result<Written, WriteError> {
    let mut order: Vec<u32> = (0..source.items.len() as u32).collect();
    order.sort_by_key(|at| source.items[*at as usize].order_ns());
    let item = |at: &u32| &source.items[*at as usize];
    let first = order.first().map_or(0, |at| item(at).order_ns());
    let path = new_path(disk, tenant, Signal::Logs.name(), first, seed)?;
    let places = order.iter().map(|at| item(at).place);
    let mut group = RecordGroup::new(choose_keys(source.records, places, ATTRIBUTES));
    let mut file = File::new(Sink::create(disk, &path)?, group.columns())?;
    let mut observer = Observer::new(Signal::Logs, tenant);
    let mut runs = Runs::default();
    let mut bytes = 0;
    for (row, at) in order.iter().enumerate() {
        if group.count() == ROW_GROUP_ROWS || bytes > ROW_GROUP_BYTES {
            bytes = 0;
            // Rows of a run lie in one row group, or nobody finds them.
            runs.end(&mut observer);
            file.put(group.cells(source.headers))?;
            observer.words(group.words.take());
            group.clear();
            observer.close_group();
        }
        let record = item(at);
        let encoded = record.place.bytes(source.records);
        bytes += encoded.len();
        group.put(encoded, record, source.headers);
        observer.row(record.order_ns(), record.order_ns());
        observer.raw(group.raw(), ATTRIBUTES, None);
        runs.row(row as u32, &record.trace_id, &mut observer);
    }
    runs.end(&mut observer);
    file.put(group.cells(source.headers))?;
    observer.words(group.words.take());
    group.clear();
    observer.close_group();
    let filters = file.put_filters()?;
    let written = file.finish()?.finish()?;
    let keys = (&group.attributes.keys, &group.attributes.totals[..]);
    let (index, summary) = observer.finish(source.headers, keys, None, (&filters, written))?;
    finish_segment(disk, &path, &index)?;
    Ok(Written::new(path, Signal::Logs, &summary, written.0 + index.len() as u64))
}

/// The run of rows of one trace that is still growing: id, first row, rows.
#[derive(Default)]
struct Runs(Option<([u8; 16], u32, u32)>);

impl Runs {
    fn row(&mut self, row: u32, trace_id: &[u8; 16], observer: &mut Observer) {
        match &mut self.0 {
            Some((id, _, rows)) if id == trace_id => *rows += 1,
            _ => {
                self.end(observer);
                self.0 = (*trace_id != [0; 16]).then_some((*trace_id, row, 1));
            }
        }
    }

    fn end(&mut self, observer: &mut Observer) {
        if let Some((trace_id, first_row, rows)) = self.0.take() {
            observer.trace(&trace_id, first_row, rows);
        }
    }
}
