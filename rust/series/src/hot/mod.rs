//! The log as it lies: series and samples in memory that are in no segment yet.

mod follow;
mod store;

pub use follow::Hot;
pub use store::{Family, Rest, Sample, Series, Store};
