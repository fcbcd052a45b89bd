//! Segments of series: samples as columns, written once; see `docs/spec/metrics-segment.md`.

pub mod codes;
mod columns;
mod samples;
mod summary;
pub(crate) mod tables;
mod times;
mod write;

pub use summary::{Metric, Summary, Written};
pub use tables::{Table, files};
pub use write::{Exemplar, Histogram, Input, Names, Writer};

/// Neighbouring series whose samples share pages.
pub const BLOCK: usize = 64;
/// Samples of a series that lie together: a page has one such chunk of each series of a block.
pub const CHUNK: usize = 120;
/// Rows of a row group of the series table.
pub const GROUP_ROWS: usize = 32_768;
/// Of zstd.
pub(crate) const LEVEL: i32 = 3;
