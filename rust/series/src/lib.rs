//! Series of metrics: taken in, logged, kept as columns. No Python, no policy.

pub mod labels;
pub mod record;
