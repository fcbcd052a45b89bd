//! The write half: requests out of the log become segments.

mod attributes;
mod columns;
mod file;
mod headers;
mod intern;
mod order;
mod scan;
mod spans;
mod traces;

pub use attributes::{Plain, plain, scalar};
pub use headers::service_name;

use bytes::Bytes;
use parquet::errors::ParquetError;

/// The Parquet file of the spans in these encoded requests.
pub fn write_traces(records: &[Bytes]) -> Result<Vec<u8>, ParquetError> {
    let (mut headers, mut spans) = (headers::Headers::default(), Vec::new());
    for (number, record) in records.iter().enumerate() {
        let _ = scan::scan::<scan::Span>(record, number as u32, &mut headers, &mut spans);
    }
    let ordered = order::Grouped::new(&spans).order(&spans, |_, _| true);
    traces::write_file(Vec::new(), &traces::Source { records, spans: &spans, headers: &headers }, &ordered)
}
