//! The values of a span as they lie on the wire.

use std::fmt::Write;

use otelier_wire::protobuf::{self, Cursor, fields};

use super::number::double_text;

/// One span: its own bytes and the headers around it.
#[derive(Clone, Copy, Debug)]
pub struct Span<'a> {
    pub span: &'a [u8],
    /// The ResourceSpans without its scopes.
    pub resource: &'a [u8],
    /// The ScopeSpans without its spans.
    pub scope: &'a [u8],
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value<'a> {
    Text(&'a [u8]),
    /// Wide enough for signed attributes and unsigned times.
    Int(i128),
    Double(f64),
    Bool(bool),
    /// Nothing, bytes, an array or a map: an encoded AnyValue.
    Other(&'a [u8]),
}

/// Calls `hit` with each value of `key` among the KeyValues that are field `number` of `message`, until it says true.
pub fn find<'a>(message: &'a [u8], number: u32, key: &[u8], hit: &mut dyn FnMut(Value<'a>) -> bool) -> bool {
    fields(message).any(|field| match field.value {
        protobuf::Value::Len(pair) if field.number == number => match value_of(pair, key) {
            Some(value) => hit(value),
            None => false,
        },
        _ => false,
    })
}

/// The value in a KeyValue, if its key is this one.
pub fn value_of<'a>(pair: &'a [u8], key: &[u8]) -> Option<Value<'a>> {
    // Nearly all are written key first; most have another key, and its length tells.
    if let [0x0a, length @ 0..0x80, rest @ ..] = pair {
        let (found, rest) = rest.split_at_checked(usize::from(*length))?;
        if let [0x12, length @ 0..0x80, value @ ..] = rest
            && usize::from(*length) == value.len()
        {
            return if found == key { Some(any_value(value)) } else { None };
        }
    }
    let (found, value) = pair_of(pair);
    (found == key).then(|| any_value(value))
}

/// Key and encoded AnyValue of a KeyValue.
pub fn pair_of(pair: &[u8]) -> (&[u8], &[u8]) {
    let (mut key, mut value): (&[u8], &[u8]) = (b"", b"");
    for field in fields(pair) {
        match (field.number, field.value) {
            (1, protobuf::Value::Len(bytes)) => key = bytes,
            (2, protobuf::Value::Len(bytes)) => value = bytes,
            _ => {}
        }
    }
    (key, value)
}

/// Reads an encoded AnyValue; the last of several wins.
pub fn any_value(bytes: &[u8]) -> Value<'_> {
    let mut value = Value::Other(bytes);
    for field in fields(bytes) {
        match (field.number, field.value) {
            (1, protobuf::Value::Len(text)) => value = Value::Text(text),
            (2, protobuf::Value::Varint(bool)) => value = Value::Bool(bool != 0),
            (3, protobuf::Value::Varint(int)) => value = Value::Int(i128::from(int as i64)),
            (4, protobuf::Value::Fixed64(bits)) => value = Value::Double(f64::from_bits(bits)),
            (5..=8, _) => value = Value::Other(bytes),
            _ => {}
        }
    }
    value
}

/// The resource's `service.name`, if that is a string; of several the first.
pub fn service_of(resource: &[u8]) -> Option<&[u8]> {
    let mut service = None;
    each_message(resource, 1, &mut |message| {
        find(message, 1, b"service.name", &mut |value| match value {
            Value::Text(text) => {
                service = Some(text);
                true
            }
            _ => false,
        })
    });
    service
}

/// Calls `hit` with every message that is field `number`, until it says true.
pub fn each_message<'a>(message: &'a [u8], number: u32, hit: &mut dyn FnMut(&'a [u8]) -> bool) -> bool {
    fields(message).any(|field| match field.value {
        protobuf::Value::Len(content) if field.number == number => hit(content),
        _ => false,
    })
}

/// The fixed fields of a span.
#[derive(Clone, Copy, Debug, Default)]
pub struct Fixed<'a> {
    pub trace_id: &'a [u8],
    pub span_id: &'a [u8],
    pub trace_state: &'a [u8],
    pub parent_span_id: &'a [u8],
    pub name: &'a [u8],
    pub kind: i32,
    pub start_ns: u64,
    pub end_ns: u64,
    pub status_code: i32,
    pub status_message: &'a [u8],
}

impl<'a> Fixed<'a> {
    pub fn read(span: &'a [u8]) -> Fixed<'a> {
        use protobuf::Value::{Fixed64, Len, Varint};
        let mut fixed = Fixed::default();
        let mut cursor = Cursor::new(span);
        loop {
            // Attributes are most of a span, and short.
            while let [0x4a, length @ 0..0x80, rest @ ..] = cursor.rest
                && let Some((_, rest)) = rest.split_at_checked(usize::from(*length))
            {
                cursor.rest = rest;
            }
            let Ok(tag) = cursor.tag() else { return fixed };
            let Ok(value) = cursor.value(tag, u32::MAX) else { return fixed };
            match (tag.number(), value) {
                (1, Len(id)) => fixed.trace_id = id,
                (2, Len(id)) => fixed.span_id = id,
                (3, Len(text)) => fixed.trace_state = text,
                (4, Len(id)) => fixed.parent_span_id = id,
                (5, Len(text)) => fixed.name = text,
                (6, Varint(kind)) => fixed.kind = kind as i32,
                (7, Fixed64(time)) => fixed.start_ns = time,
                (8, Fixed64(time)) => fixed.end_ns = time,
                (15, Len(status)) => fixed.read_status(status),
                _ => {}
            }
        }
    }

    /// A status written in two parts is merged, as protobuf wants it.
    fn read_status(&mut self, status: &'a [u8]) {
        for field in fields(status) {
            match (field.number, field.value) {
                (2, protobuf::Value::Len(text)) => self.status_message = text,
                (3, protobuf::Value::Varint(code)) => self.status_code = code as i32,
                _ => {}
            }
        }
    }

    /// Negative where the span ends before it starts.
    pub fn duration_ns(&self) -> i64 {
        self.end_ns.wrapping_sub(self.start_ns) as i64
    }

    /// `None` for a root, however its absence is written.
    pub fn parent(&self) -> Option<&'a [u8]> {
        Some(self.parent_span_id).filter(|id| id.iter().any(|byte| *byte != 0))
    }
}

/// Calls `see` with each element of an AnyValue that is an array.
pub fn each_element<'a>(any: &'a [u8], see: &mut dyn FnMut(&'a [u8])) {
    each_message(any, 5, &mut |array| {
        each_message(array, 1, &mut |element| {
            see(element);
            false
        })
    });
}

/// Whether an AnyValue is an array.
pub fn is_array(any: &[u8]) -> bool {
    fields(any).last().is_some_and(|field| field.number == 5)
}

/// Lower-case hex.
pub fn hex(id: &[u8]) -> String {
    id.iter().fold(String::with_capacity(2 * id.len()), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// An AnyValue as text, as Jaeger's users see it: bytes in base64, arrays and maps as JSON with sorted keys.
pub fn text_of(any: &[u8]) -> String {
    match any_value(any) {
        Value::Text(text) => String::from_utf8_lossy(text).into_owned(),
        Value::Int(int) => int.to_string(),
        Value::Double(double) => double_text(double),
        Value::Bool(bool) => bool.to_string(),
        Value::Other(bytes) => match fields(bytes).last().map(|field| (field.number, field.value)) {
            Some((7, protobuf::Value::Len(bytes))) => base64(bytes),
            Some((5 | 6, _)) => json(any, MAX_DEPTH).to_string(),
            _ => String::new(),
        },
    }
}

/// The KeyValues that are field `number` of a message, as a JSON object with sorted keys; of equal keys the last.
pub fn object_of(message: &[u8], number: u32) -> String {
    object(message, number, MAX_DEPTH).to_string()
}

/// As deep as an intake lets values nest.
const MAX_DEPTH: u32 = 100;

/// The KeyValues that are field `number` of a message; `depth` is that of their values.
fn object(message: &[u8], number: u32, depth: u32) -> serde_json::Value {
    let mut object = serde_json::Map::new();
    each_message(message, number, &mut |pair| {
        let (key, value) = pair_of(pair);
        object.insert(String::from_utf8_lossy(key).into_owned(), json(value, depth));
        false
    });
    object.into()
}

fn json(any: &[u8], depth: u32) -> serde_json::Value {
    if depth == 0 {
        return serde_json::Value::Null;
    }
    match any_value(any) {
        Value::Text(text) => String::from_utf8_lossy(text).into(),
        Value::Int(int) => i64::try_from(int).unwrap_or_default().into(),
        Value::Double(double) if double == double.trunc() && double.abs() < 1e15 => (double as i64).into(),
        Value::Double(double) => double.into(),
        Value::Bool(bool) => bool.into(),
        Value::Other(bytes) => match fields(bytes).last().map(|field| (field.number, field.value)) {
            Some((5, protobuf::Value::Len(array))) => {
                let mut items = Vec::new();
                each_message(array, 1, &mut |item| {
                    items.push(json(item, depth - 1));
                    false
                });
                items.into()
            }
            Some((6, protobuf::Value::Len(map))) => object(map, 1, depth - 1),
            Some((7, protobuf::Value::Len(bytes))) => base64(bytes).into(),
            _ => serde_json::Value::Null,
        },
    }
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for part in bytes.chunks(3) {
        let word = part.iter().fold(0u32, |word, byte| word << 8 | u32::from(*byte)) << (8 * (3 - part.len()));
        for place in 0..4 {
            let digit = DIGITS[(word >> (18 - 6 * place) & 63) as usize];
            text.push(if place <= part.len() { char::from(digit) } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nested_values_have_a_text() {
        assert_eq!(text_of(&[0x3a, 4, b'a', b'b', b'c', b'd']), "YWJjZA==");
        // [1, "x"], then {"k": true}
        assert_eq!(text_of(&[0x2a, 9, 0x0a, 2, 0x18, 1, 0x0a, 3, 0x0a, 1, b'x']), r#"[1,"x"]"#);
        assert_eq!(text_of(&[0x32, 9, 0x0a, 7, 0x0a, 1, b'k', 0x12, 2, 0x10, 1]), r#"{"k":true}"#);
        assert_eq!(text_of(b""), "");
    }

    #[test]
    fn a_key_is_found_in_either_order_of_its_pair() {
        let first = [0x0a, 1, b'k', 0x12, 2, 0x18, 7];
        let last = [0x12, 2, 0x18, 7, 0x0a, 1, b'k'];
        for pair in [first, last] {
            assert_eq!(value_of(&pair, b"k"), Some(Value::Int(7)));
            assert_eq!(value_of(&pair, b"q"), None);
        }
    }
}
