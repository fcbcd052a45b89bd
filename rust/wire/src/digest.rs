//! A fingerprint of what a batch says, whatever the order it is said in.
//!
//! Two encodings of the same items digest to the same number if they differ only in the order of
//! fields, attributes, spans, scopes or requests, in how these are grouped, in defaults that are
//! written or not, in empty messages, in packed or unpacked numbers, or in "no id" being zeros or
//! nothing. Order counts where it means something: array values, buckets and bounds, quantiles.
//!
//! Every message is the sum of its fields, each mixed with its number; sums make order not matter.

use std::ptr;

use crate::batch::Batch;
use crate::check::wire_type;
use crate::index::{is_child, item_level};
use crate::protobuf::{Cursor, Field, LEN, Tag, Value, fields};
use crate::schema::{self, Kind, MAX_NUMBER, Message, Presence};
use crate::signal::Signal;

impl Batch {
    /// The sum over all items of each item's hash, mixed with those of its headers.
    pub fn digest(&self) -> u64 {
        let request = schema::request(self.signal());
        let segments = self.segments().iter();
        segments.fold(0, |sum, segment| sum.wrapping_add(group(self.signal(), 0, request, 0, segment.bytes())))
    }
}

/// The sum over the items in a group; `around` is the hash of the headers around it.
fn group(signal: Signal, level: usize, message: &'static Message, around: u64, bytes: &[u8]) -> u64 {
    let own = hash(message, fields(bytes).filter(|field| !is_child(signal, level, field.number)));
    // What stands beside the resources belongs to the request, and requests are joined and split.
    let around = if level == 0 { 0 } else { mix(around, own) };
    let mut sum = 0u64;
    for field in fields(bytes).filter(|field| is_child(signal, level, field.number)) {
        let (Some(known), Value::Len(content)) = (message.field(field.number), field.value) else { continue };
        let Kind::Message(child) = known.kind else { continue };
        let around = mix(around, field.number.into());
        sum = sum.wrapping_add(if level == item_level(signal) {
            mix(around, hash(child, fields(content)))
        } else {
            group(signal, level + 1, child, around, content)
        });
    }
    sum
}

/// 0 for a message that says nothing.
fn hash<'a>(message: &'static Message, fields: impl Iterator<Item = Field<'a>>) -> u64 {
    let mut places = [0u32; MAX_NUMBER + 1];
    let mut sum = 0u64;
    for Field { number, value, raw } in fields {
        let Some(field) = message.field(number) else {
            sum = sum.wrapping_add(mix(number.into(), hash_bytes(raw)));
            continue;
        };
        let mut add = |said: u64| sum = sum.wrapping_add(mix(number.into(), said));
        let mut place = || {
            places[number as usize] += 1;
            u64::from(places[number as usize])
        };
        match (field.presence, value) {
            (Presence::Repeated, Value::Len(packed)) if wire_type(&field.kind) != LEN => {
                let mut cursor = Cursor::new(packed);
                let tag = Tag(number << 3 | wire_type(&field.kind));
                while let (false, Ok(number)) = (cursor.is_empty(), cursor.value(tag, 0)) {
                    add(mix(place(), scalar(&field.kind, number)));
                }
            }
            (Presence::Repeated, value) if is_ordered(&field.kind) => add(mix(place(), scalar(&field.kind, value))),
            (Presence::Repeated | Presence::Oneof, value) => add(scalar(&field.kind, value)),
            (Presence::Explicit, Value::Varint(_) | Value::Fixed64(_) | Value::Fixed32(_)) => {
                add(scalar(&field.kind, value));
            }
            (Presence::Explicit | Presence::Implicit, value) => match scalar(&field.kind, value) {
                0 => {}
                said => add(said),
            },
        }
    }
    sum
}

/// Whether the order of a repeated field's elements means something.
fn is_ordered(kind: &Kind) -> bool {
    match kind {
        Kind::Message(child) => ptr::eq(*child, &schema::ANY_VALUE) || ptr::eq(*child, &schema::VALUE_AT_QUANTILE),
        other => wire_type(other) != LEN,
    }
}

/// What a value says: 0 for the default, for ids of zeros and for messages that say nothing.
fn scalar(kind: &Kind, value: Value) -> u64 {
    match (kind, value) {
        (Kind::Bool, Value::Varint(value)) => u64::from(value != 0),
        (Kind::I64 | Kind::U64, Value::Varint(value)) => value,
        (_, Value::Varint(value)) => u64::from(value as u32),
        (_, Value::Fixed64(value)) => value,
        (_, Value::Fixed32(value)) => value.into(),
        (Kind::Message(child), Value::Len(content)) if ptr::eq(*child, &schema::KEY_VALUE) => hash_attribute(content),
        (Kind::Message(child), Value::Len(content)) => hash(child, fields(content)),
        (Kind::TraceId | Kind::SpanId, Value::Len(id)) if id.iter().all(|byte| *byte == 0) => 0,
        (_, Value::Len(bytes) | Value::Group(bytes)) => hash_bytes(bytes),
    }
}

/// The same as `hash` of a KeyValue; those of one key and one string or number, nearly all, take a short cut.
fn hash_attribute(bytes: &[u8]) -> u64 {
    let short = || {
        let (&[0x0a, key_len @ 0..0x80], rest) = bytes.split_first_chunk()? else { return None };
        let (key, rest) = rest.split_at_checked(usize::from(key_len))?;
        let (&[0x12, value_len @ 0..0x80, tag], value) = rest.split_first_chunk()? else { return None };
        if key.is_empty() || usize::from(value_len) != 1 + value.len() {
            return None;
        }
        let said = match (tag, value) {
            (0x0a, [length @ 0..0x80, text @ ..]) if usize::from(*length) == text.len() => hash_bytes(text),
            (0x10 | 0x18, digits) => {
                let mut cursor = Cursor::new(digits);
                let number = cursor.varint().ok().filter(|_| cursor.is_empty())?;
                if tag == 0x10 { u64::from(number != 0) } else { number }
            }
            (0x21, value) => u64::from_le_bytes(value.try_into().ok()?),
            _ => return None,
        };
        Some(mix(1, hash_bytes(key)).wrapping_add(mix(2, mix(u64::from(tag >> 3), said))))
    };
    short().unwrap_or_else(|| hash(&schema::KEY_VALUE, fields(bytes)))
}

/// 0 for no bytes. The last word may overlap the one before it; the length tells them apart.
fn hash_bytes(bytes: &[u8]) -> u64 {
    let length = bytes.len() as u64;
    let Some(last) = bytes.last_chunk() else {
        let short = bytes.iter().fold(0, |word, byte| word << 8 | u64::from(*byte));
        return if bytes.is_empty() { 0 } else { mix(length, short) };
    };
    let words = bytes.as_chunks().0.iter().map(|word| u64::from_le_bytes(*word));
    mix(words.fold(length, mix), u64::from_le_bytes(*last))
}

/// One-to-one in `b`. Constants and shifts: "moremur" by Pelle Evensen, and the golden ratio.
fn mix(a: u64, b: u64) -> u64 {
    let mut hash = a.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(32) ^ b;
    hash = (hash ^ hash >> 27).wrapping_mul(0x3c79_ac49_2ba7_b653);
    hash = (hash ^ hash >> 33).wrapping_mul(0x1c69_b3f7_4ac4_ae35);
    hash ^ hash >> 27
}
