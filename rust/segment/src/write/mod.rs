//! The write half: requests out of the log become segments.

mod attributes;
mod census;
mod columns;
mod error;
mod file;
mod headers;
mod intern;
pub(crate) mod logs;
mod observe;
pub(crate) mod order;
mod records;
mod scan;
mod sink;
mod spans;
mod tally;
pub(crate) mod traces;
mod tree;
mod vocabulary;

pub use attributes::{Plain, plain, scalar};
pub use error::WriteError;
pub use file::File;
pub use headers::service_name;
pub use sink::{Sink, Written, index_path};

pub(crate) use headers::Headers;
pub(crate) use intern::Interner;
pub(crate) use records::LogRecord;
pub(crate) use scan::{Item, Span, scan};
pub(crate) use tree::Tree as Order;
