//! A span of checked bytes as a view: its plain fields read in one pass, attributes skipped.

use crate::any::{Attribute, attributes};
use crate::protobuf::{Cursor, Field, Value, fields};

/// The field number of a span's attributes.
pub const ATTRIBUTES: u32 = 9;
/// The field number of a span's events.
pub const EVENTS: u32 = 11;

#[derive(Clone, Copy, Debug, Default)]
pub struct Span<'a> {
    /// The encoded span, without tag and length.
    pub content: &'a [u8],
    pub trace_id: &'a [u8],
    pub span_id: &'a [u8],
    /// Empty for a root.
    pub parent_span_id: &'a [u8],
    pub trace_state: &'a [u8],
    pub name: &'a [u8],
    /// As in OTLP: 0 unspecified, 1 internal, 2 server, 3 client, 4 producer, 5 consumer.
    pub kind: i32,
    pub start_ns: u64,
    pub end_ns: u64,
    /// As in OTLP: 0 unset, 1 ok, 2 error.
    pub status_code: i32,
    pub flags: u32,
}

impl<'a> Span<'a> {
    /// Fields may come in any order; what comes twice counts as it stands last.
    #[inline]
    pub fn read(content: &'a [u8]) -> Span<'a> {
        Span::read_with(content, |_| ())
    }

    /// The same in one pass with its attributes: `attribute` is given the content of each KeyValue.
    #[inline]
    pub fn read_with(content: &'a [u8], mut attribute: impl FnMut(&'a [u8])) -> Span<'a> {
        let mut span = Span { content, ..Span::default() };
        let mut cursor = Cursor::new(content);
        loop {
            // Attributes, most of a span's fields.
            while let [0x4a, length @ 0..0x80, rest @ ..] = cursor.rest
                && let Some((content, rest)) = rest.split_at_checked(usize::from(*length))
            {
                attribute(content);
                cursor.rest = rest;
            }
            let Ok(tag) = cursor.tag() else { return span };
            let Ok(value) = cursor.value(tag, u32::MAX) else { return span };
            match (tag.number(), value) {
                (1, Value::Len(id)) => span.trace_id = id,
                (2, Value::Len(id)) => span.span_id = id,
                (3, Value::Len(state)) => span.trace_state = state,
                (4, Value::Len(id)) => span.parent_span_id = id,
                (5, Value::Len(name)) => span.name = name,
                (6, Value::Varint(kind)) => span.kind = kind as i32,
                (7, Value::Fixed64(time)) => span.start_ns = time,
                (8, Value::Fixed64(time)) => span.end_ns = time,
                (ATTRIBUTES, Value::Len(content)) => attribute(content),
                (15, Value::Len(status)) => span.status_code = code(status).unwrap_or(span.status_code),
                (16, Value::Fixed32(flags)) => span.flags = flags,
                _ => {}
            }
        }
    }

    #[inline]
    pub fn attributes(&self) -> impl Iterator<Item = Attribute<'a>> + use<'a> {
        attributes(self.content, ATTRIBUTES)
    }

    /// The encoded events.
    pub fn events(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        fields(self.content).filter_map(|field| match field.value {
            Value::Len(event) if field.number == EVENTS => Some(event),
            _ => None,
        })
    }

    /// The trace id in 16 bytes; zeros if it isn't one.
    #[inline]
    pub fn trace(&self) -> [u8; 16] {
        self.trace_id.try_into().unwrap_or_default()
    }

    /// A root has no parent: no id, or only zeros.
    pub fn is_root(&self) -> bool {
        self.parent_span_id.iter().all(|byte| *byte == 0)
    }
}

fn code(status: &[u8]) -> Option<i32> {
    let codes = fields(status).filter_map(|Field { number, value, .. }| match (number, value) {
        (3, Value::Varint(code)) => Some(code as i32),
        _ => None,
    });
    codes.last()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_read_in_any_order_of_its_fields() {
        let ascending = b"\x0a\x02\x01\x02\x2a\x01n\x30\x02\x39\x01\0\0\0\0\0\0\0\x41\x02\0\0\0\0\0\0\0\x4a\x03\x0a\x01a\x7a\x02\x18\x02";
        let descending = b"\x7a\x02\x18\x02\x4a\x03\x0a\x01a\x41\x02\0\0\0\0\0\0\0\x39\x01\0\0\0\0\0\0\0\x30\x02\x2a\x01n\x0a\x02\x01\x02";
        for bytes in [&ascending[..], descending] {
            let span = Span::read(bytes);
            assert_eq!((span.trace_id, span.name, span.kind), (&[1, 2][..], &b"n"[..], 2));
            assert_eq!((span.start_ns, span.end_ns, span.status_code), (1, 2, 2));
            assert_eq!(span.attributes().map(|found| found.key).collect::<Vec<_>>(), [b"a"]);
            assert!(span.is_root());
        }
    }
}
