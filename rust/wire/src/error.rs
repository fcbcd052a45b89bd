//! Why foreign bytes were refused, and the limits they are held to.

use std::fmt;

/// What a request may hold at most.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Spans, data points or log records. Resources, scopes and metrics together: four times as many.
    pub max_items: usize,
    /// Nested messages and groups, as protobuf's own decoders count them.
    pub max_depth: u32,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { max_items: 200_000, max_depth: 100 }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DecodeError {
    /// Framing or a wire type is wrong at this byte; `path` names the fields around it.
    Malformed {
        offset: usize,
        path: String,
        what: &'static str,
    },
    /// The text isn't JSON, or not what `field` (empty: none) takes.
    Json {
        line: usize,
        column: usize,
        expected: &'static str,
        field: &'static str,
    },
    TooDeep {
        offset: usize,
        limit: u32,
    },
    TooManyItems {
        limit: usize,
    },
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DecodeError::Malformed { offset, path, what } if path.is_empty() => write!(f, "byte {offset}: {what}"),
            DecodeError::Malformed { offset, path, what } => write!(f, "byte {offset} in {path}: {what}"),
            DecodeError::Json { line, column, expected, field: "" } => {
                write!(f, "JSON, line {line}, column {column}: expected {expected}")
            }
            DecodeError::Json { line, column, expected, field } => {
                write!(f, "JSON, line {line}, column {column}: expected {expected} for {field}")
            }
            DecodeError::TooDeep { offset, limit } => {
                write!(f, "byte {offset}: nested deeper than {limit} messages")
            }
            DecodeError::TooManyItems { limit } => {
                write!(f, "more than {limit} items in one request; send smaller batches")
            }
        }
    }
}

impl std::error::Error for DecodeError {}
