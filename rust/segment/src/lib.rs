//! Telemetry as columns: written, read and searched; and the log searched as it lies. No Python.

pub mod filter;
