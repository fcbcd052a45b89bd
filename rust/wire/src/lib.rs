//! OTLP as bytes plus an index. No I/O, no Python, no allocation per item.
//!
//! A batch of telemetry is the request's own bytes (`Segment`) and what a scan
//! learned about them. Protobuf repeated fields concatenate, so joining batches
//! joins lists of segments; nothing is re-encoded unless it is edited.

pub mod batch;
pub mod schema;
pub mod signal;

pub use batch::{Batch, Metadata, Segment, live_bytes};
pub use signal::Signal;
