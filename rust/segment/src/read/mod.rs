//! Segments read as queries need it: a few pages of a few columns, by their place in the file.
//!
//! The crate `parquet` reads the footer. Pages are read here, because a query wants dictionary codes before values,
//! some rows and not all, and one decompressor for everything. What a file says is checked before it is believed:
//! damage is an error.

mod bits;
mod cache;
mod delta;
mod file;
mod footer;
mod group;
mod page;
mod texts;
mod thrift;
mod values;

pub use cache::Cache;
pub use file::SegmentFile;
pub use footer::Footer;
pub use group::Group;
pub use page::Page;
pub use texts::Texts;
pub use values::{Dictionary, Values};

/// What is wrong with a file.
pub type Damage = &'static str;
