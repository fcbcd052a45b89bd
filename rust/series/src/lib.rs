//! Series of metrics: taken in, logged, kept as columns. No Python, no policy.

pub mod flush;
pub mod hot;
pub mod labels;
pub mod matcher;
pub mod merge;
pub mod order;
pub mod pairs;
pub mod read;
pub mod record;
pub mod segment;
mod soft;
pub mod verify;
pub mod view;
