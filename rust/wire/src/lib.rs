//! OTLP as bytes plus an index. No I/O, no Python, no allocation per item.
//!
//! A batch of telemetry is the request's own bytes (`Segment`) and what a scan
//! learned about them. Protobuf repeated fields concatenate, so joining batches
//! joins lists of segments; nothing is re-encoded unless it is edited.

pub mod any;
mod attribute;
pub mod batch;
pub mod check;
mod cutter;
mod digest;
pub mod error;
pub mod ids;
pub mod index;
pub mod intake;
mod jaeger;
pub mod json;
pub mod prometheus_json;
pub mod protobuf;
mod regroup;
pub mod repair;
pub mod schema;
pub mod signal;
pub mod span;

pub use any::{Any, Attribute};
pub use batch::{Batch, Live, Metadata, Segment, live_bytes};
pub use error::{DecodeError, Limits};
pub use index::Index;
pub use intake::{Intake, intake};
pub use jaeger::traces_to_jaeger;
pub use json::{Mapping, json_to_otlp, otlp_to_json};
pub use signal::Signal;
pub use span::Span;
