//! OTLP/JSON, both ways: <https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding>.

mod cursor;
mod number;
mod read;
mod tags;
mod text;
mod write;

pub use read::json_to_otlp;
pub use tags::Attributes;
pub use write::{message_to_json, otlp_to_json, otlp_to_json_with};
