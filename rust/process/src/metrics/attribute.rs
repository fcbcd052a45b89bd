//! Values of attributes in a form that is equal for equal values, and attributes written anew.

use std::io::Write;

use otelier_wire::Any;
use otelier_wire::any::{attributes, items};
use otelier_wire::protobuf::{put_varint, varint_len};

/// Appends the value's text, by which the Collector compares values; lists and maps as `put_exact` does.
pub fn put_text(value: Any, out: &mut Vec<u8>) {
    // Writing into memory does not fail.
    let _ = match value {
        Any::Empty => Ok(()),
        Any::Str(text) | Any::Bytes(text) => out.write_all(text),
        Any::Bool(yes) => write!(out, "{yes}"),
        Any::Int(int) => write!(out, "{int}"),
        Any::Double(double) => write!(out, "{double}"),
        Any::List(_) | Any::Map(_) => {
            put_exact(value, out);
            Ok(())
        }
    };
}

/// Appends the value, equal for equal types and values, however they are encoded.
pub fn put_exact(value: Any, out: &mut Vec<u8>) {
    match value {
        Any::Empty => out.push(0),
        Any::Str(text) => put_piece(1, text, out),
        Any::Bytes(bytes) => put_piece(2, bytes, out),
        Any::Bool(yes) => out.extend_from_slice(&[3, u8::from(yes)]),
        Any::Int(int) => put_piece(4, &int.to_le_bytes(), out),
        Any::Double(double) => put_piece(5, &double.to_bits().to_le_bytes(), out),
        Any::List(list) => {
            out.push(6);
            items(list).for_each(|item| put_exact(item, out));
            out.push(8);
        }
        Any::Map(map) => {
            out.push(7);
            for attribute in attributes(map, 1) {
                put_piece(1, attribute.key, out);
                put_exact(attribute.value(), out);
            }
            out.push(8);
        }
    }
}

/// A segment is smaller than 4 GiB, and so is whatever is found in it.
fn put_piece(kind: u8, bytes: &[u8], out: &mut Vec<u8>) {
    out.push(kind);
    out.extend_from_slice(&(bytes.len() as u32).to_le_bytes());
    out.extend_from_slice(bytes);
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
