//! Telemetry as columns: written, read and searched; and the log searched as it lies. No Python.

pub mod assemble;
pub mod decode;
pub mod encode;
pub mod error;
pub mod filter;
pub mod flush;
pub mod hash;
pub mod hot;
pub mod index;
mod listed;
pub mod logs;
pub mod merge;
mod names;
pub mod newest;
pub mod numbered;
pub mod reader;
pub mod rows;
pub mod schema;
pub mod select;
mod share;
pub mod spans;
pub mod summary;
pub mod tempo;
pub mod verify;
pub mod view;
pub mod write;

pub use decode::read;
pub use flush::{Flushed, flush};
pub use merge::{Keep, may_hold, merge};
pub use verify::verify;
pub use write::WriteError;
