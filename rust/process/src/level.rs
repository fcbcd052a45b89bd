//! The levels of telemetry, and the fields of their messages that expressions read and edits write.

use otelier_wire::Signal;
use serde::Deserialize;

/// Outer before inner. An item is a span, a data point or a log record; only traces have events, only metrics metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    Resource,
    Scope,
    Metric,
    Item,
    Event,
}

pub const LEVELS: usize = 5;

impl Level {
    pub fn exists_in(self, signal: Signal) -> bool {
        match self {
            Level::Metric => signal == Signal::Metrics,
            Level::Event => signal == Signal::Traces,
            _ => true,
        }
    }

    /// The number of the attributes' field; `data` is the field of Metric in which a data point lies.
    pub fn attributes(self, signal: Signal, data: u32) -> u32 {
        match (self, signal) {
            (Level::Resource, _) => 1,
            (Level::Scope | Level::Event, _) => 3,
            (Level::Metric, _) => 12,
            (Level::Item, Signal::Traces) => 9,
            (Level::Item, Signal::Logs) => 6,
            (Level::Item, Signal::Metrics) => match data {
                9 => 9,
                10 => 1,
                _ => 7,
            },
        }
    }
}

/// How a field is written, and by which number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    Str(u32),
    /// A varint: enums, counts.
    Int(u32),
    /// A fixed 32-bit number: flags.
    Flags(u32),
    /// Nanoseconds since 1970, as a number.
    Nanos(u32),
    /// The same, as a time.
    Time(u32),
    /// An id's bytes, of which there are so many.
    Id(u32, usize),
    /// An id in hex.
    HexId(u32, usize),
    /// An AnyValue: a log record's body.
    Any(u32),
    StatusCode,
    StatusMessage,
}

impl Field {
    /// By OTTL's name below the level, such as `status.code`.
    pub fn named(signal: Signal, level: Level, name: &str) -> Option<Field> {
        use Field::*;
        let field = match (level, name) {
            (Level::Resource, "dropped_attributes_count") => Int(2),
            (Level::Scope, "name") => Str(1),
            (Level::Scope, "version") => Str(2),
            (Level::Scope, "dropped_attributes_count") => Int(4),
            (Level::Metric, "name") => Str(1),
            (Level::Metric, "description") => Str(2),
            (Level::Metric, "unit") => Str(3),
            (Level::Event, "time_unix_nano") => Nanos(1),
            (Level::Event, "time") => Time(1),
            (Level::Event, "name") => Str(2),
            (Level::Event, "dropped_attributes_count") => Int(4),
            (Level::Item, name) => match signal {
                Signal::Traces => match name {
                    "trace_id" => Id(1, 16),
                    "trace_id.string" => HexId(1, 16),
                    "span_id" => Id(2, 8),
                    "span_id.string" => HexId(2, 8),
                    "trace_state" => Str(3),
                    "parent_span_id" => Id(4, 8),
                    "parent_span_id.string" => HexId(4, 8),
                    "name" => Str(5),
                    "kind" => Int(6),
                    "start_time_unix_nano" => Nanos(7),
                    "start_time" => Time(7),
                    "end_time_unix_nano" => Nanos(8),
                    "end_time" => Time(8),
                    "dropped_attributes_count" => Int(10),
                    "dropped_events_count" => Int(12),
                    "dropped_links_count" => Int(14),
                    "status.code" => StatusCode,
                    "status.message" => StatusMessage,
                    "flags" => Flags(16),
                    _ => return None,
                },
                Signal::Metrics => match name {
                    "start_time_unix_nano" => Nanos(2),
                    "start_time" => Time(2),
                    "time_unix_nano" => Nanos(3),
                    "time" => Time(3),
                    _ => return None,
                },
                Signal::Logs => match name {
                    "time_unix_nano" => Nanos(1),
                    "time" => Time(1),
                    "observed_time_unix_nano" => Nanos(11),
                    "observed_time" => Time(11),
                    "severity_number" => Int(2),
                    "severity_text" => Str(3),
                    "body" => Any(5),
                    "dropped_attributes_count" => Int(7),
                    "flags" => Flags(8),
                    "trace_id" => Id(9, 16),
                    "trace_id.string" => HexId(9, 16),
                    "span_id" => Id(10, 8),
                    "span_id.string" => HexId(10, 8),
                    "event_name" => Str(12),
                    _ => return None,
                },
            },
            _ => return None,
        };
        Some(field)
    }

    pub fn number(self) -> u32 {
        match self {
            Field::StatusCode | Field::StatusMessage => STATUS,
            Field::Str(n)
            | Field::Int(n)
            | Field::Flags(n)
            | Field::Nanos(n)
            | Field::Time(n)
            | Field::Id(n, _)
            | Field::HexId(n, _)
            | Field::Any(n) => n,
        }
    }
}

/// A span's status.
pub const STATUS: u32 = 15;
