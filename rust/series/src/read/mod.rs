//! Segments read as queries need it.

mod coded;
mod list;
mod natives;
mod row_labels;
mod rows;
mod samples;
mod segment;
mod table;

pub use coded::Coded;
pub use natives::Natives;
pub use rows::{Row, Rows};
pub use samples::{Cell, Eight, Grid, Target, Wanted};
pub use segment::{Place, Segment, by_group};
pub use table::TableFile;
