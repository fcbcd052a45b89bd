//! Values of attributes as text, as the Collector compares them, and attributes written anew.

use std::io::Write;

use otelier_wire::Any;
use otelier_wire::protobuf::{put_varint, varint_len};

/// Appends the value's text. Lists and maps stay encoded: two of them are equal if their bytes are.
pub fn put_text(value: Any, out: &mut Vec<u8>) {
    // Writing into memory does not fail.
    let _ = match value {
        Any::Empty => Ok(()),
        Any::Str(text) | Any::Bytes(text) | Any::List(text) | Any::Map(text) => out.write_all(text),
        Any::Bool(yes) => write!(out, "{yes}"),
        Any::Int(int) => write!(out, "{int}"),
        Any::Double(double) => write!(out, "{double}"),
    };
}

/// Appends a KeyValue as field 1; `value` is an encoded AnyValue.
pub fn put_attribute(out: &mut Vec<u8>, key: &[u8], value: &[u8]) {
    let size = 2 + varint_len(key.len()) + key.len() + varint_len(value.len()) + value.len();
    out.push(0x0a);
    put_varint(out, size);
    put_field(out, 0x0a, key);
    put_field(out, 0x12, value);
}

/// Appends a KeyValue with a text as field 1.
pub fn put_text_attribute(out: &mut Vec<u8>, key: &[u8], text: &[u8]) {
    put_attribute(out, key, &text_value(text));
}

/// An encoded AnyValue of a text.
pub fn text_value(text: &[u8]) -> Vec<u8> {
    let mut value = Vec::with_capacity(text.len() + 6);
    put_field(&mut value, 0x0a, text);
    value
}

/// Appends a counted field with a tag of one byte.
pub fn put_field(out: &mut Vec<u8>, tag: u8, content: &[u8]) {
    out.push(tag);
    put_varint(out, content.len());
    out.extend_from_slice(content);
}
