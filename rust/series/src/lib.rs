//! Series of metrics: taken in, logged, kept as columns. No Python, no policy.

pub mod labels;
pub mod log;
pub mod otlp;
pub mod record;
pub mod remote_write;
pub mod samples;
