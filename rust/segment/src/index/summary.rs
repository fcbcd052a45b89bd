//! What a segment holds, in a JSON object that people can read, too.

use std::io;

use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use super::damaged;
use super::format::check;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Summary<O = Vec<Operation>> {
    pub version: u32,
    pub signal: String,
    pub tenant: String,
    pub rows: u64,
    /// Traces of which there are rows.
    pub traces: u64,
    /// Traces of which an older segment has spans, too, as far as was known then.
    pub split_traces: u64,
    /// Unsigned nanoseconds. Of log records the time, or when it was observed where there is none.
    pub min_start_ns: u64,
    pub max_start_ns: u64,
    pub min_end_ns: u64,
    pub max_end_ns: u64,
    /// Sorted; `""` stands for none.
    pub services: Vec<String>,
    /// Sorted; none in logs.
    pub operations: O,
    /// Of span or record attributes, sorted.
    pub keys: Vec<Key>,
    /// Keys without column that are not listed because there are too many.
    pub keys_left_out: u64,
    /// Of attributes elsewhere: scope (`resource`, `scope`, `event`, `link`), key and type, sorted.
    #[serde(default)]
    pub other_keys: Vec<(String, String, String)>,
    pub row_groups: Vec<RowGroup>,
    /// The Parquet file's length and CRC-32C.
    pub bytes: u64,
    pub crc32c: u32,
}

/// In JSON an array of its fields.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(from = "(String, String, i32, u64)", into = "(String, String, i32, u64)")]
pub struct Operation {
    pub service: String,
    pub name: String,
    pub kind: i32,
    pub spans: u64,
}

/// In JSON an array of its fields.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(from = "(String, String, u64, bool)", into = "(String, String, u64, bool)")]
pub struct Key {
    pub key: String,
    /// `string`, `int`, `double`, `bool`; `other` for what no column can hold.
    pub of: String,
    /// Values.
    pub spans: u64,
    /// Whether it has a column.
    pub column: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowGroup {
    pub first_row: u64,
    pub rows: u64,
    pub min_start_ns: u64,
    pub max_start_ns: u64,
}

impl From<(String, String, i32, u64)> for Operation {
    fn from((service, name, kind, spans): (String, String, i32, u64)) -> Operation {
        Operation { service, name, kind, spans }
    }
}

impl From<Operation> for (String, String, i32, u64) {
    fn from(operation: Operation) -> Self {
        (operation.service, operation.name, operation.kind, operation.spans)
    }
}

impl From<(String, String, u64, bool)> for Key {
    fn from((key, of, spans, column): (String, String, u64, bool)) -> Key {
        Key { key, of, spans, column }
    }
}

impl From<Key> for (String, String, u64, bool) {
    fn from(key: Key) -> Self {
        (key.key, key.of, key.spans, key.column)
    }
}

/// The same without operations, of which there may be very many.
pub type Head = Summary<IgnoredAny>;

impl Summary {
    pub fn encode(&self) -> io::Result<Vec<u8>> {
        serde_json::to_vec(self).map_err(io::Error::other)
    }
}

impl<'de, O: Deserialize<'de>> Summary<O> {
    pub fn decode(json: &'de [u8]) -> io::Result<Summary<O>> {
        check(json)?;
        serde_json::from_slice(json).map_err(|error| damaged(&format!("summary: {error}")))
    }
}
