//! Attributes of checked bytes as views: nothing is copied, nothing is decoded that nobody looks at.

use crate::protobuf::{Field, Value, fields};

/// An AnyValue. Lists and maps stay encoded: `items` and `attributes` read them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Any<'a> {
    Empty,
    Str(&'a [u8]),
    Bool(bool),
    Int(i64),
    Double(f64),
    Bytes(&'a [u8]),
    /// An ArrayValue.
    List(&'a [u8]),
    /// A KeyValueList.
    Map(&'a [u8]),
}

impl<'a> Any<'a> {
    /// Of an encoded AnyValue; of several values the last one counts, as everywhere in protobuf.
    #[inline]
    pub fn read(message: &'a [u8]) -> Any<'a> {
        let mut any = Any::Empty;
        for Field { number, value, .. } in fields(message) {
            any = match (number, value) {
                (1, Value::Len(text)) => Any::Str(text),
                (2, Value::Varint(yes)) => Any::Bool(yes != 0),
                (3, Value::Varint(int)) => Any::Int(int as i64),
                (4, Value::Fixed64(bits)) => Any::Double(f64::from_bits(bits)),
                (5, Value::Len(list)) => Any::List(list),
                (6, Value::Len(map)) => Any::Map(map),
                (7, Value::Len(bytes)) => Any::Bytes(bytes),
                _ => any,
            };
        }
        any
    }
}

/// A KeyValue where it lies.
#[derive(Clone, Copy, Debug)]
pub struct Attribute<'a> {
    pub key: &'a [u8],
    /// The encoded AnyValue.
    value: &'a [u8],
    /// The whole field of the message around it, tag included.
    pub raw: &'a [u8],
}

impl<'a> Attribute<'a> {
    /// Of the content of a KeyValue field.
    #[inline]
    pub fn read(content: &'a [u8], raw: &'a [u8]) -> Attribute<'a> {
        let mut attribute = Attribute { key: &[], value: &[], raw };
        // Nearly all: key, then value, both shorter than 128 bytes.
        if let [0x0a, length @ 0..0x80, rest @ ..] = content
            && let Some((key, [0x12, length @ 0..0x80, rest @ ..])) = rest.split_at_checked(usize::from(*length))
            && rest.len() == usize::from(*length)
        {
            (attribute.key, attribute.value) = (key, rest);
            return attribute;
        }
        // The same the other way round, as some encoders write.
        if let [0x12, length @ 0..0x80, rest @ ..] = content
            && let Some((value, [0x0a, length @ 0..0x80, rest @ ..])) = rest.split_at_checked(usize::from(*length))
            && rest.len() == usize::from(*length)
        {
            (attribute.key, attribute.value) = (rest, value);
            return attribute;
        }
        for field in fields(content) {
            match (field.number, field.value) {
                (1, Value::Len(key)) => attribute.key = key,
                (2, Value::Len(value)) => attribute.value = value,
                _ => {}
            }
        }
        attribute
    }

    #[inline]
    pub fn value(&self) -> Any<'a> {
        Any::read(self.value)
    }

    /// The encoded AnyValue; empty where there is none.
    #[inline]
    pub fn encoded(&self) -> &'a [u8] {
        self.value
    }
}

/// The attributes of a message: its fields of this number (Resource 1, Scope 3, Span 9, Event 3, Link 4, LogRecord 6,
/// data points 7 or 9 or 1, KeyValueList 1).
#[inline]
pub fn attributes(message: &[u8], number: u32) -> impl Iterator<Item = Attribute<'_>> {
    fields(message).filter_map(move |field| match field.value {
        Value::Len(content) if field.number == number => Some(Attribute::read(content, field.raw)),
        _ => None,
    })
}

/// The value of the first attribute with this key.
pub fn attribute<'a>(message: &'a [u8], number: u32, key: &[u8]) -> Option<Any<'a>> {
    attributes(message, number).find(|attribute| attribute.key == key).map(|found| found.value())
}

/// The values of an ArrayValue.
pub fn items(list: &[u8]) -> impl Iterator<Item = Any<'_>> {
    fields(list).filter_map(|field| match (field.number, field.value) {
        (1, Value::Len(value)) => Some(Any::read(value)),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Resource {attributes: [{key: "a", value: 300}, {value: "x", key: "b"}, {key: "c"}]}
    const RESOURCE: &[u8] = b"\x0a\x08\x0a\x01a\x12\x03\x18\xac\x02\x0a\x08\x12\x03\x0a\x01x\x0a\x01b\x0a\x03\x0a\x01c";

    #[test]
    fn attributes_are_read_in_any_order_of_their_fields() {
        let found: Vec<_> = attributes(RESOURCE, 1).map(|found| (found.key, found.value())).collect();
        assert_eq!(found, [(&b"a"[..], Any::Int(300)), (b"b", Any::Str(b"x")), (b"c", Any::Empty)]);
        assert_eq!(attribute(RESOURCE, 1, b"b"), Some(Any::Str(b"x")));
        assert_eq!(attribute(RESOURCE, 1, b"d"), None);
    }

    #[test]
    fn lists_hold_values_of_any_type() {
        let list = b"\x0a\x02\x10\x01\x0a\x00\x0a\x03\x0a\x01x";
        assert_eq!(items(list).collect::<Vec<_>>(), [Any::Bool(true), Any::Empty, Any::Str(b"x")]);
    }
}
