//! The check at the door: one pass over a request, without allocation.
//!
//! It proves framing, wire types and nesting, and counts the items. Whatever the wire allows but
//! what lies behind the door must not have to cope with only makes the request *dirty*, and
//! `repair` then rewrites it: invalid UTF-8, bad ids, and second occurrences of fields of which
//! there is one (protobuf merges messages, of scalars and oneofs the last wins).

use std::ptr;

use crate::attribute::{Found, is_ascii, look};
use crate::error::Limits;
use crate::ids::{self, Ids};
use crate::protobuf::{Cursor, FIXED32, FIXED64, Fault, LEN, Tag, VARINT, What};
use crate::schema::{self, Kind, Message, Presence};

/// Nesting that the readers behind the check bear, whatever the limit says.
pub const DEEPEST: u32 = 1_000;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Items on the wire, good and bad.
    pub items: usize,
    pub dirty: bool,
}

/// Checks a request of type `message`. The fault's address lies in `bytes`.
pub fn check(message: &'static Message, bytes: &[u8], limits: &Limits) -> Result<Verdict, Fault> {
    let mut check = Check { request: bytes, limits, items: 0, containers: 0, dirty: false };
    check.message(message, bytes, limits.max_depth.min(DEEPEST))?;
    Ok(Verdict { items: check.items, dirty: check.dirty })
}

struct Check<'a> {
    request: &'a [u8],
    limits: &'a Limits,
    items: usize,
    containers: usize,
    dirty: bool,
}

/// A message being read.
struct Open<'b> {
    cursor: Cursor<'b>,
    /// Levels of messages that may still follow below it.
    depth: u32,
    /// Fields seen so far of those that may occur once, as bits; all members of a oneof are one.
    seen: u32,
    ids: Ids<'b>,
}

impl<'b> Open<'b> {
    #[inline(always)]
    fn new(bytes: &'b [u8], depth: u32) -> Open<'b> {
        Open { cursor: Cursor::new(bytes), depth, seen: 0, ids: Ids::default() }
    }

    /// Notes a field that may occur once; tells if it did before.
    #[inline(always)]
    fn again(&mut self, bit: u32) -> bool {
        let again = self.seen & 1 << bit != 0;
        self.seen |= 1 << bit;
        again
    }
}

impl Check<'_> {
    fn message(&mut self, message: &'static Message, bytes: &[u8], depth: u32) -> Result<(), Fault> {
        let mut open = Open::new(bytes, depth);
        while !open.cursor.is_empty() {
            let start = open.cursor;
            let tag = open.cursor.tag()?;
            self.value(message, tag, start, &mut open)?;
        }
        self.dirty |= ids::fault(message, &open.ids).is_some();
        Ok(())
    }

    /// The value of the field that begins at `start` and whose tag has been read.
    #[inline(always)]
    fn value(&mut self, message: &'static Message, tag: Tag, start: Cursor, open: &mut Open) -> Result<(), Fault> {
        let Some(field) = message.field(tag.number()) else {
            return open.cursor.value(tag, open.depth).map(drop);
        };
        let repeated = field.presence == Presence::Repeated;
        let expected = wire_type(&field.kind);
        if tag.wire_type() != expected {
            if repeated && expected != LEN && tag.wire_type() == LEN {
                return packed(expected, open.cursor.bytes()?);
            }
            return Err(start.fault(What::WireType));
        }
        if !repeated {
            let bit = if field.presence == Presence::Oneof { 0 } else { field.number };
            self.dirty |= open.again(bit);
        }
        match field.kind {
            Kind::Message(child) => self.child(child, open.cursor.bytes()?, start, open.depth)?,
            Kind::Str => self.string(open.cursor.bytes()?),
            Kind::Bytes => drop(open.cursor.bytes()?),
            Kind::TraceId | Kind::SpanId => open.ids.set(field, open.cursor.bytes()?),
            _ => skip(expected, &mut open.cursor)?,
        }
        Ok(())
    }

    fn child(&mut self, child: &'static Message, bytes: &[u8], start: Cursor, depth: u32) -> Result<(), Fault> {
        let depth = depth.checked_sub(1).ok_or_else(|| start.fault(What::TooDeep))?;
        if ptr::eq(child, &schema::KEY_VALUE) {
            return self.key_value(bytes, depth);
        }
        match role(child) {
            Role::Item => self.items += 1,
            Role::Container => self.containers += 1,
            Role::Part => {}
        }
        if self.items > self.limits.max_items || self.containers / 4 > self.limits.max_items {
            return Err(start.fault(What::TooManyItems));
        }
        if ptr::eq(child, &schema::SPAN) && depth > 1 {
            self.span(bytes, depth)
        } else {
            self.message(child, bytes, depth)
        }
    }

    /// A span, the most frequent message but one, without the table; at least two levels may follow.
    fn span(&mut self, bytes: &[u8], depth: u32) -> Result<(), Fault> {
        let mut open = Open::new(bytes, depth);
        loop {
            while let [0x4a, length @ 0..0x80, rest @ ..] = open.cursor.rest
                && let Some((attribute, rest)) = rest.split_at_checked(usize::from(*length))
            {
                self.key_value(attribute, depth - 1)?;
                open.cursor.rest = rest;
            }
            if open.cursor.is_empty() {
                break;
            }
            let start = open.cursor;
            let tag = open.cursor.tag()?;
            match tag.0 {
                0x0a => open.ids.trace_id = open.cursor.bytes()?,
                0x12 => open.ids.span_id = open.cursor.bytes()?,
                0x22 => open.ids.parent_span_id = open.cursor.bytes()?,
                0x1a | 0x2a => self.string(open.cursor.bytes()?),
                0x39 | 0x41 => drop(open.cursor.take(8)?),
                0x85 => drop(open.cursor.take(4)?),
                0x30 | 0x50 | 0x60 | 0x70 => drop(open.cursor.varint()?),
                _ => {
                    self.value(&schema::SPAN, tag, start, &mut open)?;
                    continue;
                }
            }
            self.dirty |= open.again(tag.number());
        }
        self.dirty |= ids::span_fault(&open.ids).is_some();
        Ok(())
    }

    #[inline(always)]
    fn key_value(&mut self, bytes: &[u8], depth: u32) -> Result<(), Fault> {
        // The look reads beyond the attribute, though never beyond the request.
        let start = (bytes.as_ptr() as usize).wrapping_sub(self.request.as_ptr() as usize);
        let found = match self.request.get(start..) {
            Some(rest) if depth > 0 => look(rest, bytes.len()),
            _ => Found::Other,
        };
        match found {
            Found::Plain => Ok(()),
            Found::Text(key, text) => {
                self.string(bytes.get(key.0..key.1).unwrap_or_default());
                self.string(bytes.get(text.0..text.1).unwrap_or_default());
                Ok(())
            }
            Found::Other => self.message(&schema::KEY_VALUE, bytes, depth),
        }
    }

    #[inline]
    fn string(&mut self, text: &[u8]) {
        if !is_ascii(text) {
            self.dirty |= simdutf8::basic::from_utf8(text).is_err();
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// A span, log record or data point.
    Item,
    /// What only groups items: resource, scope, metric and the metric's data.
    Container,
    /// Content of an item or of a container's header.
    Part,
}

pub fn role(message: &'static Message) -> Role {
    use schema::*;
    let any = |of: &[&'static Message]| of.iter().any(|m| ptr::eq(*m, message));
    let points: [&'static Message; 4] =
        [&NUMBER_DATA_POINT, &HISTOGRAM_DATA_POINT, &EXPONENTIAL_HISTOGRAM_DATA_POINT, &SUMMARY_DATA_POINT];
    let metrics: [&'static Message; 8] =
        [&METRIC, &GAUGE, &SUM, &HISTOGRAM, &EXPONENTIAL_HISTOGRAM, &SUMMARY, &SCOPE_METRICS, &RESOURCE_METRICS];
    if any(&[&SPAN, &LOG_RECORD]) || any(&points) {
        Role::Item
    } else if any(&[&SCOPE_SPANS, &RESOURCE_SPANS, &SCOPE_LOGS, &RESOURCE_LOGS]) || any(&metrics) {
        Role::Container
    } else {
        Role::Part
    }
}

/// The wire type of an unpacked value.
pub fn wire_type(kind: &Kind) -> u32 {
    match kind {
        Kind::Bool | Kind::I32 | Kind::U32 | Kind::S32 | Kind::I64 | Kind::U64 | Kind::Enum(_) => VARINT,
        Kind::Fixed64 | Kind::SFixed64 | Kind::Double => FIXED64,
        Kind::Fixed32 => FIXED32,
        Kind::Str | Kind::Bytes | Kind::TraceId | Kind::SpanId | Kind::Message(_) => LEN,
    }
}

#[inline(always)]
fn skip(wire_type: u32, cursor: &mut Cursor) -> Result<(), Fault> {
    match wire_type {
        VARINT => cursor.varint().map(drop),
        FIXED64 => cursor.take(8).map(drop),
        _ => cursor.take(4).map(drop),
    }
}

/// The elements of a packed field must fill it exactly.
fn packed(wire_type: u32, bytes: &[u8]) -> Result<(), Fault> {
    let mut cursor = Cursor::new(bytes);
    while !cursor.is_empty() {
        let start = cursor;
        skip(wire_type, &mut cursor).map_err(|fault| match fault.what {
            What::Truncated => start.fault(What::Packed),
            _ => fault,
        })?;
    }
    Ok(())
}
