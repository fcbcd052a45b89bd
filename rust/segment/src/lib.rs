//! Telemetry as columns: written, read and searched; and the log searched as it lies. No Python.

pub mod assemble;
pub mod error;
pub mod filter;
pub mod hot;
pub mod newest;
pub mod rows;
pub mod select;
pub mod summary;
pub mod view;
