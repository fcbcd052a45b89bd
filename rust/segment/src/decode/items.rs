//! Spans and log records, encoded again.

use otelier_wire::protobuf::{FIXED32, FIXED64, LEN, VARINT, fields, put_varint};

use crate::schema::AttributeType;

const STATUS: u32 = 15;

/// Appends fields to an encoded message; of those that mean the same when absent, none that says nothing.
pub struct Message<'a>(pub &'a mut Vec<u8>);

impl Message<'_> {
    fn tag(&mut self, number: u32, wire_type: u32) {
        put_varint(self.0, (number << 3 | wire_type) as usize);
    }

    /// A length-delimited field, even if empty.
    pub fn content(&mut self, number: u32, content: &[u8]) {
        self.tag(number, LEN);
        put_varint(self.0, content.len());
        self.0.extend_from_slice(content);
    }

    pub fn bytes(&mut self, number: u32, content: &[u8]) {
        if !content.is_empty() {
            self.content(number, content);
        }
    }

    pub fn varint(&mut self, number: u32, value: u64) {
        if value != 0 {
            self.tag(number, VARINT);
            put_long(self.0, value);
        }
    }

    /// An enum or int32: negative ones take ten bytes.
    pub fn int32(&mut self, number: u32, value: i32) {
        self.varint(number, i64::from(value) as u64);
    }

    pub fn fixed64(&mut self, number: u32, value: u64) {
        if value != 0 {
            self.tag(number, FIXED64);
            self.0.extend_from_slice(&value.to_le_bytes());
        }
    }

    pub fn fixed32(&mut self, number: u32, value: u32) {
        if value != 0 {
            self.tag(number, FIXED32);
            self.0.extend_from_slice(&value.to_le_bytes());
        }
    }

    /// An attribute: KeyValue with an AnyValue of which `value` is the field behind its tag.
    pub fn attribute(&mut self, number: u32, key: &str, of: AttributeType, value: &[u8]) {
        let mut any = Vec::with_capacity(value.len() + 6);
        match of {
            AttributeType::Text => Message(&mut any).content(1, value),
            AttributeType::Bool => any.push(2 << 3 | VARINT as u8),
            AttributeType::Int => any.push(3 << 3 | VARINT as u8),
            AttributeType::Double => any.push(4 << 3 | FIXED64 as u8),
        }
        if of != AttributeType::Text {
            any.extend_from_slice(value);
        }
        let mut pair = Vec::with_capacity(key.len() + any.len() + 8);
        Message(&mut pair).content(1, key.as_bytes());
        Message(&mut pair).content(2, &any);
        self.content(number, &pair);
    }

    pub fn raw(&mut self, raw: &[u8]) {
        self.0.extend_from_slice(raw);
    }
}

/// A varint of 64 bits.
pub fn put_long(out: &mut Vec<u8>, value: u64) {
    put_varint(out, value as usize);
}

/// A span without its attributes, events, links and rest.
#[derive(Default)]
pub struct SpanHead<'a> {
    pub trace_id: &'a [u8],
    pub span_id: &'a [u8],
    pub parent_span_id: &'a [u8],
    pub trace_state: &'a [u8],
    pub name: &'a [u8],
    pub kind: i32,
    pub start_ns: u64,
    pub end_ns: u64,
    pub dropped_attributes: u32,
    pub dropped_events: u32,
    pub dropped_links: u32,
    pub status_code: i32,
    pub status_message: &'a [u8],
    pub flags: u32,
}

impl SpanHead<'_> {
    /// Appends the head's fields. A status in `rest` stands for the one in columns.
    pub fn put(&self, out: &mut Vec<u8>, rest: &[u8]) {
        let mut message = Message(out);
        message.bytes(1, self.trace_id);
        message.bytes(2, self.span_id);
        message.bytes(3, self.trace_state);
        message.bytes(4, self.parent_span_id);
        message.bytes(5, self.name);
        message.int32(6, self.kind);
        message.fixed64(7, self.start_ns);
        message.fixed64(8, self.end_ns);
        message.varint(10, self.dropped_attributes.into());
        message.varint(12, self.dropped_events.into());
        message.varint(14, self.dropped_links.into());
        let mut status = Vec::new();
        Message(&mut status).bytes(2, self.status_message);
        Message(&mut status).int32(3, self.status_code);
        if !status.is_empty() && fields(rest).all(|field| field.number != STATUS) {
            message.content(STATUS, &status);
        }
        message.fixed32(16, self.flags);
    }
}
