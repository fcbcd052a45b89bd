//! Spans as columns, aggregates and trees, out of segments and log alike. What asks is not known here: filters and
//! fields come in, arrays go out.

mod aggregate;
mod ask;
mod cells;
mod column;
mod compare;
mod counting;
mod gather;
mod groups;
mod histogram;
mod joined;
mod parts;
mod pass;
mod pieces;
mod ranking;
mod rollups;
mod runs;
mod scan;
mod sparse;
mod splits;
mod tags;
mod tally;
mod told;
mod tree;
pub mod whole;

pub use aggregate::{Aggregate, Kind, Question, Top};
pub use column::{ABSENT, ARRAY, BOOL, Column, DOUBLE, Entry, INT, NOTHING, OTHER, Owned, TEXT};
pub use compare::{Compared, Comparison, Contrast};
pub use gather::{Budget, SpanTable};
pub use joined::{Gathering, Joined, Skeleton};
pub use parts::{PartField, PartTable, parse_part_fields};
pub use pass::Flow;
pub use pieces::Piece;
pub use scan::{Places, Read, Scan};
pub use splits::{Splits, SplitsByTenant};
pub use tags::TagName;
pub use tally::{NO_CLASS, NOWHERE, Tally, UNTOLD};
pub use told::{Asked, Told, Trace};
pub use tree::{NONE, TraceRoot, Tree};
