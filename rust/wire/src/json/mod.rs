//! OTLP/JSON, both ways: <https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding>.

mod cursor;
pub(crate) mod number;
mod read;
pub(crate) mod text;
mod write;

pub use number::{write_integer, write_unsigned};
pub use read::json_to_otlp;
pub use text::{escape, write_base64, write_hex};
pub use write::{Mapping, message_to_json, otlp_to_json};
