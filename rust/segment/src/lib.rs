//! Telemetry as columns: written, read and searched; and the log searched as it lies. No Python.

pub mod decode;
pub mod encode;
pub mod hash;
pub mod schema;
pub mod write;

pub use write::write_traces;
