//! Segments read as queries need it.

mod coded;
mod list;
mod samples;
mod segment;
mod table;

pub use coded::Coded;
pub use samples::{Target, Wanted};
pub use segment::Segment;
pub use table::TableFile;
