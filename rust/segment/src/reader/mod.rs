//! Segments read as queries need it: a few pages of a few columns, by their place in the file.
//!
//! Footers are read here because a file's first question waits for its footer; pages, because a query wants dictionary
//! codes before values, some rows and not all, and one decompressor for everything. What a file says is checked before
//! it is believed: damage is an error.

mod attributes;
mod bits;
mod buffers;
mod cache;
mod catalogue;
mod cells;
mod columns;
mod delta;
mod derived;
mod distinct;
mod facts;
mod fetch;
mod file;
mod footer;
mod group;
mod heads;
mod ids;
mod items;
mod kept;
mod look;
mod meant;
mod operations;
mod page;
mod page_header;
mod page_index;
mod part;
mod present;
mod range;
mod repeats;
mod search;
mod shape;
mod slice;
mod table;
mod tally;
mod texts;
pub mod thrift;
mod values;

pub use cache::{Cache, room};
pub use catalogue::candidates;
pub use facts::facts;
pub use fetch::fetch;
pub use file::{Scanned, SegmentFile, note_passed, passed_here, read_here};
pub use footer::{Chunk, Column, Footer};
pub use group::Group;
pub use look::Judge;
pub use page::Page;
pub use part::Part;
pub use range::Range;
pub use repeats::{Identity, Repeats, prefixed};
pub use search::FileBlock;
pub use slice::{Slice, bytes, each, int};
pub use table::GroupTable;
pub use texts::Texts;
pub use values::{Dictionary, Values};

/// What is wrong with a file.
pub type Damage = &'static str;
