//! The payload of a record of the series log; see docs/spec/metrics-log.md.

mod decode;
mod encode;
mod runs;

pub use decode::{Definition, Exemplar, Histogram, Metadata, Record, Samples};
pub use encode::Encoder;
pub(crate) use runs::{unzigzag, zigzag};

/// The layout that this module writes, and the only one that it reads.
const VERSION: u8 = 1;

const SOFT_SETS: u8 = 1;
const DEFINITIONS: u8 = 2;
const SAMPLES: u8 = 3;
const HISTOGRAMS: u8 = 4;
const EXEMPLARS: u8 = 5;
const METADATA: u8 = 6;
/// Sections of the kinds above as one zstd frame.
const PACKED: u8 = 7;

#[cfg(test)]
mod tests;
