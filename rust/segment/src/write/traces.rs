//! A segment of traces out of spans that were scanned and put in order.

use std::io::Write;

use bytes::Bytes;
use otelier_wire::protobuf::{Value, fields};
use parquet::errors::ParquetError;

use super::attributes::{Census, Keys};
use super::file::File;
use super::headers::Headers;
use super::order::Ordered;
use super::scan::Span;
use super::spans::SpanGroup;
use crate::schema::ROW_GROUP_ROWS;

const ATTRIBUTES: u32 = 9;
/// Items whose attributes are counted to choose columns.
const SAMPLE: usize = 8_192;

/// Spans as they lie in requests, and what stands around them.
pub struct Source<'a> {
    pub records: &'a [Bytes],
    pub spans: &'a [Span],
    pub headers: &'a Headers,
}

/// Writes the Parquet file of these rows.
pub fn write_file<W: Write + Send>(sink: W, source: &Source, ordered: &Ordered) -> Result<W, ParquetError> {
    let mut group = SpanGroup::new(choose_keys(source, ordered));
    let mut file = File::new(sink, group.columns())?;
    for trace in &ordered.traces {
        if group.count() > 0 && group.count() + trace.rows as usize > ROW_GROUP_ROWS {
            file.put(group.cells(source.headers))?;
            group.clear();
        }
        let first = trace.first_row as usize;
        for row in &ordered.rows[first..first + trace.rows as usize] {
            let span = &source.spans[row.span as usize];
            group.put(span.place.bytes(source.records), span, *row, source.headers);
        }
    }
    if group.count() > 0 {
        file.put(group.cells(source.headers))?;
    }
    file.finish()
}

fn choose_keys(source: &Source, ordered: &Ordered) -> Keys {
    let mut census = Census::default();
    let step = ordered.rows.len().div_ceil(SAMPLE).max(1);
    for row in ordered.rows.iter().step_by(step) {
        census.items += 1;
        let item = source.spans[row.span as usize].place.bytes(source.records);
        for field in fields(item).filter(|field| field.number == ATTRIBUTES) {
            if let Value::Len(attribute) = field.value {
                census.add(attribute);
            }
        }
    }
    census.choose(ordered.rows.len().min(ROW_GROUP_ROWS))
}
