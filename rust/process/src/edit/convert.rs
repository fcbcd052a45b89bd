//! Values turned into others, as the Collector's `attributes` processor does it.

use otelier_wire::Any;
use otelier_wire::protobuf::put_varint;
use ring::digest::{SHA256, digest};

use super::program::Converted;
use crate::condition::Value;
use crate::condition::text::{as_string, hex};

/// Appends the AnyValue of a string.
pub fn put_string(text: &[u8], out: &mut Vec<u8>) {
    out.push(0x0a);
    put_varint(out, text.len());
    out.extend_from_slice(text);
}

/// Appends a string with the value's SHA-256 in hex. What is neither text nor number, and the empty text, has none.
pub fn hash(value: Any, out: &mut Vec<u8>) {
    let sum = match value {
        Any::Str(text) if !text.is_empty() => digest(&SHA256, text),
        Any::Bool(yes) => digest(&SHA256, &[u8::from(yes)]),
        Any::Int(int) => digest(&SHA256, &int.to_le_bytes()),
        Any::Double(double) => digest(&SHA256, &double.to_bits().to_le_bytes()),
        _ => return put_string(b"", out),
    };
    put_string(hex(sum.as_ref()).as_bytes(), out);
}

/// Appends the value as another type; false if it is of that type already or can't be.
pub fn convert(value: Any, to: Converted, out: &mut Vec<u8>) -> bool {
    let text = |text: &[u8]| String::from_utf8_lossy(text).into_owned();
    let new = match (to, value) {
        (Converted::Int, Any::Double(double)) => Value::Int(double as i64),
        (Converted::Int, Any::Bool(yes)) => Value::Int(i64::from(yes)),
        (Converted::Int, Any::Str(digits)) => match text(digits).parse() {
            Ok(int) => Value::Int(int),
            Err(_) => return false,
        },
        (Converted::Double, Any::Int(int)) => Value::Double(int as f64),
        (Converted::Double, Any::Bool(yes)) => Value::Double(f64::from(u8::from(yes))),
        (Converted::Double, Any::Str(digits)) => match text(digits).parse() {
            Ok(double) => Value::Double(double),
            Err(_) => return false,
        },
        (Converted::String, Any::Str(_)) => return false,
        (Converted::String, other) => Value::Str(as_string(other).into_bytes().into()),
        _ => return false,
    };
    new.put(out).is_ok()
}
