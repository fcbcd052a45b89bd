//! Telemetry as columns: written, read and searched; and the log searched as it lies. No Python.

pub mod assemble;
pub mod decode;
pub mod encode;
pub mod error;
pub mod filter;
pub mod hash;
pub mod hot;
pub mod newest;
pub mod rows;
pub mod schema;
pub mod select;
pub mod summary;
pub mod view;
pub mod write;

pub use write::write_traces;
