//! Series of metrics: taken in, logged, kept as columns, read. No Python, no policy.

pub mod chunk;
pub mod exposition;
pub mod flush;
pub mod hot;
pub mod labels;
pub mod log;
pub mod matcher;
pub mod merge;
pub mod order;
pub mod otlp;
pub mod pairs;
pub mod prometheus_block;
pub mod ranges;
pub mod read;
pub mod record;
pub mod remote_write;
pub mod samples;
pub mod segment;
pub mod sets;
mod soft;
pub mod verify;
pub mod view;
