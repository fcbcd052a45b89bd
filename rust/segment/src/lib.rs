//! Telemetry as columns: written, read and searched; and the log searched as it lies. No Python.

pub mod decode;
pub mod encode;
pub mod error;
pub mod flush;
pub mod hash;
pub mod index;
pub mod merge;
pub mod schema;
pub mod verify;
pub mod write;

pub use decode::read;
pub use error::Error;
pub use flush::{Flushed, flush};
pub use merge::merge;
pub use verify::verify;
