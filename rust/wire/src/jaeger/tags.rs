//! Attributes as tags: `{"key":…,"type":…,"value":…}`.
//!
//! Types are string, bool, int64, float64 and binary (base64). An integer that a JSON number can't carry safely is
//! digits in a string; a list or a map is a string that holds it as JSON; an attribute without a value is an empty
//! string.

use std::net::Ipv4Addr;

use crate::json::number::{write_double, write_integer};
use crate::json::text::{escape, write_base64};
use crate::protobuf::{Value, fields};

/// The largest integer that every reader of JSON takes exactly.
const SAFE: i64 = (1 << 53) - 1;

/// What is done to tags before they are written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Order {
    /// Nothing.
    AsSent,
    /// By key; equal keys in the order in which they came.
    ByKey,
    /// The same, and IPv4 addresses that came as integers, signed in some clients, as people write them.
    ByKeyDotted,
}

/// Append the elements of an array, each with a comma; `attributes` are encoded KeyValues.
pub fn write_tags<'a>(attributes: impl Iterator<Item = &'a [u8]>, order: Order, out: &mut Vec<u8>) {
    read_tags(attributes, order).iter().for_each(|tag| tag.write(order, out));
}

/// The same to look at.
pub fn read_tags<'a>(attributes: impl Iterator<Item = &'a [u8]>, order: Order) -> Vec<Tag<'a>> {
    let mut read: Vec<Tag> = attributes.map(Tag::read).collect();
    if order != Order::AsSent {
        read.sort_by_key(|tag| tag.key);
    }
    read
}

/// Append a tag that is a text, with a comma.
pub fn write_text_tag(key: &str, text: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"key\":\"");
    out.extend_from_slice(key.as_bytes());
    out.extend_from_slice(b"\",\"type\":\"string\",\"value\":");
    escape(text, out);
    out.extend_from_slice(b"},");
}

/// An attribute.
pub struct Tag<'a> {
    pub key: &'a [u8],
    value: Any<'a>,
}

/// An AnyValue; messages that came in several parts are their parts.
enum Any<'a> {
    Nothing,
    Text(&'a [u8]),
    Bool(bool),
    Integer(i64),
    Double(f64),
    Bytes(&'a [u8]),
    List(Vec<&'a [u8]>),
    Map(Vec<&'a [u8]>),
}

impl<'a> Tag<'a> {
    pub fn read(wire: &'a [u8]) -> Tag<'a> {
        let mut tag = Tag { key: b"", value: Any::Nothing };
        for field in fields(wire) {
            match (field.number, field.value) {
                (1, Value::Len(key)) => tag.key = key,
                (2, Value::Len(value)) => tag.value.take(value),
                _ => {}
            }
        }
        tag
    }

    /// The value, if it is a text.
    pub fn text(&self) -> Option<&'a [u8]> {
        match self.value {
            Any::Text(text) => Some(text),
            _ => None,
        }
    }

    /// With a comma.
    pub fn write(&self, order: Order, out: &mut Vec<u8>) {
        let Tag { key, value } = self;
        if let (Order::ByKeyDotted, b"ip" | b"peer.ipv4", Any::Integer(number)) = (order, *key, value)
            && (-SAFE..=SAFE).contains(number)
        {
            let name = if *key == b"ip" { "ip" } else { "peer.ipv4" };
            return write_text_tag(name, Ipv4Addr::from_bits(*number as u32).to_string().as_bytes(), out);
        }
        out.extend_from_slice(b"{\"key\":");
        escape(key, out);
        out.extend_from_slice(b",\"type\":");
        write_value(value, out);
        out.extend_from_slice(b"},");
    }
}

impl<'a> Any<'a> {
    /// What one more part of the message says: the last member wins, lists and maps grow.
    fn take(&mut self, wire: &'a [u8]) {
        for field in fields(wire) {
            *self = match (field.number, field.value) {
                (1, Value::Len(text)) => Any::Text(text),
                (2, Value::Varint(bits)) => Any::Bool(bits != 0),
                (3, Value::Varint(bits)) => Any::Integer(bits as i64),
                (4, Value::Fixed64(bits)) => Any::Double(f64::from_bits(bits)),
                (5, Value::Len(part)) => {
                    let before = if let Any::List(parts) = self { std::mem::take(parts) } else { Vec::new() };
                    Any::List(grown(before, part))
                }
                (6, Value::Len(part)) => {
                    let before = if let Any::Map(parts) = self { std::mem::take(parts) } else { Vec::new() };
                    Any::Map(grown(before, part))
                }
                (7, Value::Len(bytes)) => Any::Bytes(bytes),
                _ => continue,
            };
        }
    }

    fn of(parts: impl Iterator<Item = &'a [u8]>) -> Any<'a> {
        let mut any = Any::Nothing;
        parts.for_each(|part| any.take(part));
        any
    }
}

fn grown<'a>(mut parts: Vec<&'a [u8]>, part: &'a [u8]) -> Vec<&'a [u8]> {
    parts.push(part);
    parts
}

/// Type and value, without the members' name before the type.
fn write_value(any: &Any, out: &mut Vec<u8>) {
    let mut typed = |kind: &[u8]| {
        out.extend_from_slice(kind);
        out.extend_from_slice(b",\"value\":");
    };
    match any {
        Any::Nothing => {
            typed(b"\"string\"");
            out.extend_from_slice(b"\"\"");
        }
        Any::Text(text) => {
            typed(b"\"string\"");
            escape(text, out);
        }
        Any::Bool(_) => {
            typed(b"\"bool\"");
            write_plain(any, out);
        }
        Any::Integer(number) if (-SAFE..=SAFE).contains(number) => {
            typed(b"\"int64\"");
            write_plain(any, out);
        }
        Any::Integer(number) => {
            typed(b"\"int64\"");
            out.push(b'"');
            write_integer(*number, out);
            out.push(b'"');
        }
        Any::Double(_) => {
            typed(b"\"float64\"");
            write_plain(any, out);
        }
        Any::Bytes(_) => {
            typed(b"\"binary\"");
            write_plain(any, out);
        }
        Any::List(_) | Any::Map(_) => {
            typed(b"\"string\"");
            let mut text = Vec::new();
            write_plain(any, &mut text);
            escape(&text, out);
        }
    }
}

/// As JSON without types.
fn write_plain(any: &Any, out: &mut Vec<u8>) {
    match any {
        Any::Nothing => out.extend_from_slice(b"null"),
        Any::Text(text) => escape(text, out),
        Any::Bool(value) => out.extend_from_slice(if *value { b"true" } else { b"false" }),
        Any::Integer(number) => write_integer(*number, out),
        Any::Double(number) => write_double(*number, out),
        Any::Bytes(bytes) => {
            out.push(b'"');
            write_base64(bytes, out);
            out.push(b'"');
        }
        Any::List(parts) => between(b'[', parts, b']', out, |element, out| {
            write_plain(&Any::of(std::iter::once(element)), out);
        }),
        Any::Map(parts) => between(b'{', parts, b'}', out, |element, out| {
            let Tag { key, value } = Tag::read(element);
            escape(key, out);
            out.push(b':');
            write_plain(&value, out);
        }),
    }
}

/// The repeated field 1 of a message in parts.
fn between(open: u8, parts: &[&[u8]], close: u8, out: &mut Vec<u8>, element: impl Fn(&[u8], &mut Vec<u8>)) {
    out.push(open);
    let before = out.len();
    for field in parts.iter().flat_map(|part| fields(part)) {
        if let (1, Value::Len(wire)) = (field.number, field.value) {
            element(wire, out);
            out.push(b',');
        }
    }
    if out.len() > before {
        out.pop();
    }
    out.push(close);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn len(number: u8, payload: &[u8]) -> Vec<u8> {
        [&[number << 3 | 2, payload.len() as u8], payload].concat()
    }

    fn tag(value: &[u8]) -> String {
        let wire = [len(1, b"k"), len(2, value)].concat();
        let mut out = Vec::new();
        write_tags([&wire[..]].into_iter(), Order::AsSent, &mut out);
        String::from_utf8(out).unwrap()
    }

    fn varint(mut bits: u64) -> Vec<u8> {
        let mut out = vec![3 << 3];
        while bits > 0x7f {
            out.push(bits as u8 | 0x80);
            bits >>= 7;
        }
        out.push(bits as u8);
        out
    }

    #[test]
    fn each_kind_of_value_has_its_type() {
        let list = len(5, &[len(1, &len(1, b"a\"")), len(1, &[2 << 3, 1]), len(1, b"")].concat());
        let map = len(6, &len(1, &[len(1, b"x"), len(2, &len(7, b"\0"))].concat()));
        for (value, expected) in [
            (len(1, b"a\"b"), r#"{"key":"k","type":"string","value":"a\"b"},"#),
            (vec![2 << 3, 0], r#"{"key":"k","type":"bool","value":false},"#),
            (varint(7), r#"{"key":"k","type":"int64","value":7},"#),
            (varint(1 << 53), r#"{"key":"k","type":"int64","value":"9007199254740992"},"#),
            (varint(i64::MIN as u64), r#"{"key":"k","type":"int64","value":"-9223372036854775808"},"#),
            ([&[4 << 3 | 1][..], &72.5f64.to_le_bytes()].concat(), r#"{"key":"k","type":"float64","value":72.5},"#),
            (len(7, b"\0\xff"), r#"{"key":"k","type":"binary","value":"AP8="},"#),
            (list, r#"{"key":"k","type":"string","value":"[\"a\\\"\",true,null]"},"#),
            (map, r#"{"key":"k","type":"string","value":"{\"x\":\"AA==\"}"},"#),
            (vec![], r#"{"key":"k","type":"string","value":""},"#),
        ] {
            assert_eq!(tag(&value), expected);
        }
    }

    #[test]
    fn the_last_member_wins_and_lists_in_parts_are_one() {
        let part = |text: &[u8]| len(5, &len(1, &len(1, text)));
        assert_eq!(tag(&[part(b"a"), part(b"b")].concat()), r#"{"key":"k","type":"string","value":"[\"a\",\"b\"]"},"#);
        assert_eq!(tag(&[part(b"a"), len(6, b"")].concat()), r#"{"key":"k","type":"string","value":"{}"},"#);
        assert_eq!(tag(&[part(b"a"), len(1, b"t")].concat()), r#"{"key":"k","type":"string","value":"t"},"#);
    }

    #[test]
    fn sorted_ones_keep_the_order_of_equal_keys() {
        let attribute = |key: &[u8], value: &[u8]| [len(1, key), len(2, &len(1, value))].concat();
        let (b, a1, a2) = (attribute(b"b", b""), attribute(b"a", b"1"), attribute(b"a", b"2"));
        let mut out = Vec::new();
        write_tags([&b[..], &a1, &a2].into_iter(), Order::ByKey, &mut out);
        let text = String::from_utf8(out).unwrap();
        let values: Vec<&str> = text.split("\"value\":").skip(1).map(|rest| &rest[..3]).collect();
        assert_eq!(values, ["\"1\"", "\"2\"", "\"\"}"]);
    }
}
