//! Logs found and counted: by labels, as Loki names what OTLP says, and by words, parts and patterns of the line.

mod attribute;
mod count;
mod fetch;
mod filter;
mod group;
mod group_labels;
mod hot;
mod labels;
mod prune;
mod record;
mod search;
mod segmentation;
mod select;
mod table;
mod text;
mod view;
mod walk;
mod words;

pub use attribute::{AttributeTest, Owner};
pub use count::{By, Count, Counted, Pair, Streams};
pub use filter::{LineCondition, LogFilter, LogTest, TextCondition, parse};
pub use labels::{Label, level, stream_labels};
pub use record::{LogFields, Record};
pub use search::Found;
pub use table::{LogColumns, LogField, parse_fields};
pub use text::text_form;
pub use walk::{Looked, Question};
pub use words::{Words, entries};
