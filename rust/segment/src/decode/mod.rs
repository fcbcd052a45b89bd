//! The way back: a segment becomes encoded OTLP again. Reads whole files by the ordinary Parquet reader; what merges
//! and verifies has time. Queries have a reader of their own.

pub mod cells;
pub(crate) mod items;
mod requests;
mod rows;
mod source;

pub use requests::{Identity, checked_file, decode, identities, read};
