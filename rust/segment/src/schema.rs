//! Names and types of a segment's columns. Writer and reader share them; `docs/spec/segment.md` explains each.

use std::sync::Arc;

use parquet::basic::{LogicalType, Repetition, Type as PhysicalType};
use parquet::errors::ParquetError;
use parquet::schema::types::{Type, TypePtr};

pub const TRACE_ID: &str = "trace_id";
pub const SPAN_ID: &str = "span_id";
pub const PARENT_DISTANCE: &str = "parent_distance";
pub const PARENT_SPAN_ID: &str = "parent_span_id";
pub const DESCENDANTS: &str = "descendants";
pub const START_NS: &str = "start_ns";
pub const DURATION_NS: &str = "duration_ns";
pub const SERVICE: &str = "service";
pub const NAME: &str = "name";
pub const KIND: &str = "kind";
pub const STATUS_CODE: &str = "status_code";
pub const STATUS_MESSAGE: &str = "status_message";
pub const TRACE_STATE: &str = "trace_state";
pub const FLAGS: &str = "flags";
pub const DROPPED_ATTRIBUTES: &str = "dropped_attributes";
pub const DROPPED_EVENTS: &str = "dropped_events";
pub const DROPPED_LINKS: &str = "dropped_links";
pub const RESOURCE: &str = "resource";
pub const SCOPE: &str = "scope";
pub const REST: &str = "rest";
pub const EVENTS: &str = "events";
pub const LINKS: &str = "links";
pub const TIME_NS: &str = "time_ns";
pub const OBSERVED_NS: &str = "observed_ns";
pub const SEVERITY_NUMBER: &str = "severity_number";
pub const SEVERITY_TEXT: &str = "severity_text";
pub const EVENT_NAME: &str = "event_name";
pub const BODY: &str = "body";

/// Rows of a row group; a trace is never cut, so the last trace of a group alone may exceed it.
pub const ROW_GROUP_ROWS: usize = 32_768;
/// Encoded items of a row group; the same holds for traces.
pub const ROW_GROUP_BYTES: usize = 128 << 20;
/// Rows of a page; columns of which few rows have a value have longer pages, by a power of two.
pub const PAGE_ROWS: usize = 2_048;

/// What a cell of a column is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Cell {
    /// That many bytes.
    Fixed(usize),
    /// Four bytes, signed as Parquet sees them; most are the bits of an unsigned number.
    Int32,
    Int64,
    Double,
    Bool,
    Text,
    Bytes,
}

/// How a column's chunks are encoded.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Coding {
    /// Never by a dictionary.
    Plain,
    /// DELTA_BINARY_PACKED.
    Delta,
    /// Integers by BYTE_STREAM_SPLIT.
    Split,
    /// Always by a dictionary, however many values are distinct.
    Codes,
    /// By a dictionary where that pays.
    Chosen,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Column {
    pub name: String,
    pub cell: Cell,
    pub required: bool,
    pub coding: Coding,
    /// Whether pages have their least and greatest value in the column index.
    pub page_bounds: bool,
}

impl Column {
    /// Without bounds of pages.
    pub fn new(name: &str, cell: Cell, required: bool, coding: Coding) -> Column {
        Column { name: name.into(), cell, required, coding, page_bounds: false }
    }
}

fn column(name: &str, cell: Cell, required: bool, coding: Coding) -> Column {
    let page_bounds = matches!(name, START_NS | DURATION_NS | STATUS_CODE | TIME_NS | SEVERITY_NUMBER);
    Column { name: name.into(), cell, required, coding, page_bounds }
}

/// The columns of a segment of traces before the attributes' columns.
pub fn span_columns() -> Vec<Column> {
    vec![
        column(TRACE_ID, Cell::Fixed(16), true, Coding::Plain),
        column(SPAN_ID, Cell::Fixed(8), true, Coding::Plain),
        column(PARENT_DISTANCE, Cell::Int32, false, Coding::Chosen),
        column(PARENT_SPAN_ID, Cell::Fixed(8), false, Coding::Plain),
        column(DESCENDANTS, Cell::Int32, true, Coding::Chosen),
        column(START_NS, Cell::Int64, true, Coding::Delta),
        column(DURATION_NS, Cell::Int64, true, Coding::Plain),
        column(SERVICE, Cell::Text, false, Coding::Codes),
        column(NAME, Cell::Text, true, Coding::Codes),
        column(KIND, Cell::Int32, true, Coding::Codes),
        column(STATUS_CODE, Cell::Int32, true, Coding::Codes),
        column(STATUS_MESSAGE, Cell::Text, false, Coding::Chosen),
        column(TRACE_STATE, Cell::Text, false, Coding::Chosen),
        column(FLAGS, Cell::Int32, false, Coding::Chosen),
        column(DROPPED_ATTRIBUTES, Cell::Int32, false, Coding::Chosen),
        column(DROPPED_EVENTS, Cell::Int32, false, Coding::Chosen),
        column(DROPPED_LINKS, Cell::Int32, false, Coding::Chosen),
        column(RESOURCE, Cell::Bytes, true, Coding::Codes),
        column(SCOPE, Cell::Bytes, true, Coding::Codes),
    ]
}

/// The columns of a segment of traces after the attributes' columns.
pub fn span_tail_columns() -> Vec<Column> {
    [REST, EVENTS, LINKS].map(|name| column(name, Cell::Bytes, false, Coding::Plain)).into()
}

/// The columns of a segment of logs before the attributes' columns.
pub fn log_columns() -> Vec<Column> {
    vec![
        column(TRACE_ID, Cell::Fixed(16), false, Coding::Plain),
        column(SPAN_ID, Cell::Fixed(8), false, Coding::Plain),
        column(TIME_NS, Cell::Int64, true, Coding::Delta),
        column(OBSERVED_NS, Cell::Int64, true, Coding::Delta),
        column(SEVERITY_NUMBER, Cell::Int32, true, Coding::Codes),
        column(SEVERITY_TEXT, Cell::Text, false, Coding::Codes),
        column(EVENT_NAME, Cell::Text, false, Coding::Codes),
        column(BODY, Cell::Text, false, Coding::Chosen),
        column(FLAGS, Cell::Int32, false, Coding::Chosen),
        column(DROPPED_ATTRIBUTES, Cell::Int32, false, Coding::Chosen),
        column(SERVICE, Cell::Text, false, Coding::Codes),
        column(RESOURCE, Cell::Bytes, true, Coding::Codes),
        column(SCOPE, Cell::Bytes, true, Coding::Codes),
    ]
}

/// The columns of a segment of logs after the attributes' columns.
pub fn log_tail_columns() -> Vec<Column> {
    vec![column(REST, Cell::Bytes, false, Coding::Plain)]
}

/// The types of attribute values that have columns.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum AttributeType {
    Text,
    Int,
    Double,
    Bool,
}

impl AttributeType {
    pub const ALL: [AttributeType; 4] =
        [AttributeType::Text, AttributeType::Int, AttributeType::Double, AttributeType::Bool];

    /// What the names of its columns begin with.
    pub fn prefix(self) -> &'static str {
        match self {
            AttributeType::Text => "s.",
            AttributeType::Int => "i.",
            AttributeType::Double => "d.",
            AttributeType::Bool => "b.",
        }
    }

    /// As the summary's list of keys names it.
    pub fn name(self) -> &'static str {
        match self {
            AttributeType::Text => "string",
            AttributeType::Int => "int",
            AttributeType::Double => "double",
            AttributeType::Bool => "bool",
        }
    }
}

/// The name of the column of attributes with this key and type.
pub fn attribute_column_name(of: AttributeType, key: &str) -> String {
    [of.prefix(), key].concat()
}

/// What the names of columns of numbered texts begin with; see the module `numbered`.
pub const NUMBERED_PREFIX: &str = "t.";

/// The name of the column of texts with this key that are a beginning and a number.
pub fn numbered_column_name(key: &str) -> String {
    [NUMBERED_PREFIX, key].concat()
}

/// That column.
pub fn numbered_column(key: &str) -> Column {
    column(&numbered_column_name(key), Cell::Int64, false, Coding::Delta)
}

/// The key and type of the attributes in a column, if it is one of attributes. Texts may lie in two columns.
pub fn attribute_of_column(name: &str) -> Option<(AttributeType, &str)> {
    if let Some(key) = name.strip_prefix(NUMBERED_PREFIX) {
        return Some((AttributeType::Text, key));
    }
    AttributeType::ALL.into_iter().find_map(|of| Some((of, name.strip_prefix(of.prefix())?)))
}

/// The column of attributes with this key and type.
pub fn attribute_column(of: AttributeType, key: &str) -> Column {
    let cell = match of {
        AttributeType::Text => Cell::Text,
        AttributeType::Int => Cell::Int64,
        AttributeType::Double => Cell::Double,
        AttributeType::Bool => Cell::Bool,
    };
    column(&attribute_column_name(of, key), cell, false, Coding::Chosen)
}

/// The Parquet schema of these columns.
pub fn parquet_schema(columns: &[Column]) -> Result<TypePtr, ParquetError> {
    let fields = columns.iter().map(|column| {
        let (physical, logical, length) = match column.cell {
            Cell::Fixed(length) => (PhysicalType::FIXED_LEN_BYTE_ARRAY, None, length as i32),
            Cell::Int32 => (PhysicalType::INT32, None, -1),
            Cell::Int64 => (PhysicalType::INT64, None, -1),
            Cell::Double => (PhysicalType::DOUBLE, None, -1),
            Cell::Bool => (PhysicalType::BOOLEAN, None, -1),
            Cell::Text => (PhysicalType::BYTE_ARRAY, Some(LogicalType::String), -1),
            Cell::Bytes => (PhysicalType::BYTE_ARRAY, None, -1),
        };
        let repetition = if column.required { Repetition::REQUIRED } else { Repetition::OPTIONAL };
        let builder = Type::primitive_type_builder(&column.name, physical);
        let builder = builder.with_repetition(repetition).with_logical_type(logical).with_length(length);
        builder.build().map(Arc::new)
    });
    let fields = fields.collect::<Result<_, _>>()?;
    Ok(Arc::new(Type::group_type_builder("segment").with_fields(fields).build()?))
}
