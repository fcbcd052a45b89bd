//! What a search found as Tempo's messages, in JSON and on the wire, without an object for each span.

mod json;
mod protobuf;
mod value;

use crate::spans::Told;

/// What stands for a root that has not come.
const NO_ROOT: &[u8] = b"<root span not yet received>";
const MS: u64 = 1_000_000;

/// Which columns of [`Told`] hold what.
#[derive(Clone, Copy, Debug)]
pub struct Layout<'a> {
    pub starts: usize,
    pub durations: usize,
    pub names: usize,
    pub span_ids: usize,
    pub root_services: usize,
    pub root_names: usize,
    /// Told as attributes of spans: key, column and what its values are.
    pub shown: &'a [(String, usize, Kind)],
    /// Of a trace at most so many spans are written; 0: no spansets at all.
    pub spans: usize,
}

/// What a column's integers or ids mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Plain,
    Duration,
    SpanKind,
    Status,
    /// None is an empty text.
    Id,
    /// None is nothing.
    OptionalId,
}

impl Layout<'_> {
    /// Whether these are columns of `told`.
    pub fn fits(&self, told: &Told) -> bool {
        let fixed =
            [self.starts, self.durations, self.names, self.span_ids, self.root_services, self.root_names].into_iter();
        fixed.chain(self.shown.iter().map(|(_, column, _)| *column)).all(|column| column < told.columns.len())
            && told.columns[self.span_ids].width == 8
    }

    fn text(told: &Told, column: usize, row: usize) -> &[u8] {
        match told.columns[column].value(row) {
            Some(crate::filter::value::Value::Text(text)) => text,
            _ => b"",
        }
    }
}

/// A `SearchResponse`; `metrics` is the JSON of its member.
pub fn json(told: &Told, layout: &Layout, metrics: &[u8]) -> Vec<u8> {
    json::write(told, layout, metrics)
}

/// `SearchResponse`s of about so many bytes that hold `traces` and nothing else.
pub fn protobuf(told: &Told, layout: &Layout, about: usize) -> Vec<Vec<u8>> {
    protobuf::write(told, layout, about)
}
