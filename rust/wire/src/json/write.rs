//! OTLP to OTLP/JSON, driven by the schema.
//!
//! Names are lowerCamelCase, ids lower-case hex, 64-bit integers strings, enums numbers, bytes base64; defaults are
//! left out where absence means the same. What protobuf allows on the wire is honoured: fields in any order, repeated
//! ones in several runs, packed or not, singular ones given twice (the last wins, messages merge), oneofs given
//! twice (the last member wins). Unknown fields have no names and are left out.

use std::sync::Arc;

use super::number::{write_double, write_integer, write_unsigned};
use super::text::{escape, write_base64, write_hex};
use crate::Segment;
use crate::Signal;
use crate::check::wire_type;
use crate::protobuf::{Cursor, FIXED32, FIXED64, LEN, Tag, VARINT, Value, fields};
use crate::schema::{self, Field, Kind, Message, Presence};

/// How ids and enums are written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Mapping {
    /// OTLP/JSON: hex, numbers.
    Otlp,
    /// As for any protobuf message: base64, names.
    Protobuf,
}

/// One JSON object that holds all segments' resources; the segments have passed the check of this signal.
pub fn otlp_to_json(signal: Signal, segments: &[Arc<Segment>], mapping: Mapping) -> Vec<u8> {
    let parts: Vec<&[u8]> = segments.iter().map(|s| s.bytes().as_ref()).collect();
    write(schema::request(signal), &parts, mapping)
}

/// The JSON object of the message that is encoded, and well formed, by the concatenation of `parts`.
pub fn message_to_json(message: &'static Message, parts: &[&[u8]]) -> Vec<u8> {
    write(message, parts, Mapping::Otlp)
}

fn write(message: &'static Message, parts: &[&[u8]], mapping: Mapping) -> Vec<u8> {
    let size: usize = parts.iter().map(|p| p.len()).sum();
    let mut writer = Writer { out: Vec::with_capacity(2 * size), records: Vec::new(), mapping };
    writer.message(message, parts);
    writer.out
}

/// A known field found on the wire.
#[derive(Clone, Copy)]
struct Record<'a> {
    field: &'static Field,
    value: Value<'a>,
}

struct Writer<'a> {
    out: Vec<u8>,
    /// The records of all messages around the place being written, outermost first.
    records: Vec<Record<'a>>,
    mapping: Mapping,
}

impl<'a> Writer<'a> {
    fn message(&mut self, message: &'static Message, parts: &[&'a [u8]]) {
        let start = self.records.len();
        self.collect(message, parts);
        self.out.push(b'{');
        let mut at = start;
        while let Some(&Record { field, .. }) = self.records.get(at) {
            let run = self.records[at..].iter().take_while(|r| r.field.number == field.number).count();
            self.member(field, at, at + run);
            at += run;
        }
        self.close(b'}');
        self.records.truncate(start);
    }

    /// Push the records that make up the message, those of one field together.
    fn collect(&mut self, message: &'static Message, parts: &[&'a [u8]]) {
        let start = self.records.len();
        let (mut seen, mut last, mut together) = (0u32, 0, true);
        // The oneof's member that was written last, where its run begins, and whether others came before.
        let (mut member, mut run, mut rivals) = (0, start, false);
        for wire in parts.iter().flat_map(|part| fields(part)) {
            let Some(field) = message.field(wire.number).filter(|field| takes(field, wire.value)) else { continue };
            if field.presence == Presence::Oneof && field.number != member {
                rivals |= member != 0;
                (member, run) = (field.number, self.records.len());
            }
            together &= field.number == last || seen & 1 << field.number == 0;
            seen |= 1 << field.number;
            last = field.number;
            self.records.push(Record { field, value: wire.value });
        }
        if rivals {
            let kept = |(i, record): &(usize, Record)| *i >= run || record.field.presence != Presence::Oneof;
            let records: Vec<Record> = self.records.drain(start..).collect();
            self.records.extend((start..).zip(records).filter(kept).map(|(_, record)| record));
        }
        if !together {
            self.records[start..].sort_by_key(|record| record.field.number);
        }
    }

    /// Write one field, which is records `start..end`, with its name and a comma.
    fn member(&mut self, field: &'static Field, start: usize, end: usize) {
        let before = self.out.len();
        self.out.push(b'"');
        self.out.extend_from_slice(field.json.as_bytes());
        self.out.extend_from_slice(b"\":");
        if field.presence == Presence::Repeated {
            self.out.push(b'[');
            let first = self.out.len();
            (start..end).for_each(|i| self.elements(field.kind, self.records[i].value));
            if self.out.len() == first {
                return self.out.truncate(before);
            }
            self.close(b']');
        } else if let Kind::Message(message) = field.kind {
            let parts = |r: &Record<'a>| if let Value::Len(bytes) = r.value { bytes } else { &[] };
            match &self.records[start..end] {
                [only] => self.message(message, &[parts(only)]),
                many => {
                    let parts: Vec<&[u8]> = many.iter().map(parts).collect();
                    self.message(message, &parts);
                }
            }
        } else {
            let value = self.records[end - 1].value;
            if field.presence == Presence::Implicit && is_default(field.kind, value) {
                return self.out.truncate(before);
            }
            self.scalar(field.kind, value);
        }
        self.out.push(b',');
    }

    /// Write one record of a repeated field, one element or packed ones, each with a comma.
    fn elements(&mut self, kind: Kind, value: Value<'a>) {
        match (kind, value) {
            (Kind::Message(message), Value::Len(bytes)) => {
                self.message(message, &[bytes]);
                self.out.push(b',');
            }
            (_, Value::Len(packed)) if wire_type(&kind) != LEN => {
                let tag = Tag(1 << 3 | wire_type(&kind));
                let mut cursor = Cursor::new(packed);
                while !cursor.is_empty()
                    && let Ok(value) = cursor.value(tag, 0)
                {
                    self.scalar(kind, value);
                    self.out.push(b',');
                }
            }
            _ => {
                self.scalar(kind, value);
                self.out.push(b',');
            }
        }
    }

    fn scalar(&mut self, kind: Kind, value: Value) {
        let out = &mut self.out;
        let bits = match value {
            Value::Len(text) if matches!(kind, Kind::Str) => return escape(text, out),
            Value::Len(id) if matches!(kind, Kind::TraceId | Kind::SpanId) && self.mapping == Mapping::Otlp => {
                return quoted(out, |out| write_hex(id, out));
            }
            Value::Len(bytes) | Value::Group(bytes) => return quoted(out, |out| write_base64(bytes, out)),
            Value::Varint(bits) | Value::Fixed64(bits) => bits,
            Value::Fixed32(bits) => bits as u64,
        };
        match kind {
            Kind::Enum(names) if self.mapping == Mapping::Protobuf && bits < names.len() as u64 => {
                quoted(out, |out| out.extend_from_slice(names[bits as usize].as_bytes()));
            }
            Kind::Bool => out.extend_from_slice(if bits != 0 { b"true" } else { b"false" }),
            Kind::I32 | Kind::Enum(_) => write_integer(bits as i32 as i64, out),
            Kind::S32 => write_integer((bits as u32 >> 1) as i64 ^ -(bits as i64 & 1), out),
            Kind::U32 | Kind::Fixed32 => write_unsigned(bits as u32 as u64, out),
            Kind::I64 | Kind::SFixed64 => quoted(out, |out| write_integer(bits as i64, out)),
            Kind::Double => write_double(f64::from_bits(bits), out),
            _ => quoted(out, |out| write_unsigned(bits, out)),
        }
    }

    /// Close an object or array; the comma behind its last member goes.
    fn close(&mut self, bracket: u8) {
        if self.out.ends_with(b",") {
            self.out.pop();
        }
        self.out.push(bracket);
    }
}

fn quoted(out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    out.push(b'"');
    write(out);
    out.push(b'"');
}

/// Whether a value on the wire can be one of this field: protobuf takes others for unknown fields.
fn takes(field: &Field, value: Value) -> bool {
    let expected = wire_type(&field.kind);
    match value {
        Value::Varint(_) => expected == VARINT,
        Value::Fixed64(_) => expected == FIXED64,
        Value::Fixed32(_) => expected == FIXED32,
        Value::Len(_) => expected == LEN || field.presence == Presence::Repeated,
        Value::Group(_) => false,
    }
}

fn is_default(kind: Kind, value: Value) -> bool {
    match value {
        Value::Len(bytes) | Value::Group(bytes) => bytes.is_empty(),
        Value::Varint(bits) if matches!(kind, Kind::I32 | Kind::U32 | Kind::S32 | Kind::Enum(_)) => bits as u32 == 0,
        Value::Varint(bits) | Value::Fixed64(bits) => bits == 0,
        Value::Fixed32(bits) => bits == 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn len(number: u8, payload: &[u8]) -> Vec<u8> {
        [&[number << 3 | 2, payload.len() as u8], payload].concat()
    }

    fn json(message: &'static Message, parts: &[&[u8]]) -> String {
        String::from_utf8(message_to_json(message, parts)).unwrap()
    }

    #[test]
    fn the_parts_of_a_batch_become_one_object() {
        let [one, two] = [len(1, b""), [len(1, &len(3, b"url")), len(1, b"")].concat()];
        assert_eq!(json(&schema::EXPORT_TRACE_SERVICE_REQUEST, &[]), "{}");
        assert_eq!(
            json(&schema::EXPORT_TRACE_SERVICE_REQUEST, &[&one, &two]),
            r#"{"resourceSpans":[{},{"schemaUrl":"url"},{}]}"#
        );
    }

    #[test]
    fn repeated_fields_in_several_runs_packed_or_not_become_one_array() {
        let point = [
            &[7 << 3 | 1][..],
            &1f64.to_le_bytes(),
            &len(9, &len(1, b"a")),
            &len(7, &[2f64.to_le_bytes(), f64::NAN.to_le_bytes()].concat()),
            &len(6, b""),
            &len(9, &len(1, b"b")),
        ];
        assert_eq!(
            json(&schema::HISTOGRAM_DATA_POINT, &[&point.concat()]),
            r#"{"explicitBounds":[1.0,2.0,"NaN"],"attributes":[{"key":"a"},{"key":"b"}]}"#
        );
    }

    #[test]
    fn singular_fields_given_twice_merge_or_the_last_wins() {
        let (one, two) = (len(1, &len(1, b"a")), [&len(1, &len(1, b"b"))[..], &[2 << 3, 7]].concat());
        let span = [len(1, &one), len(3, b"old"), len(1, &two), len(3, b"")].concat();
        assert_eq!(
            json(&schema::RESOURCE_SPANS, &[&span]),
            r#"{"resource":{"attributes":[{"key":"a"},{"key":"b"}],"droppedAttributesCount":7}}"#
        );
    }

    #[test]
    fn the_last_member_of_a_oneof_wins_and_forgets_what_it_was_before() {
        let array = |text: &[u8]| len(5, &len(1, &len(1, text)));
        let text = len(1, b"text");
        for (wire, value) in [
            ([array(b"a"), text.clone()].concat(), r#"{"stringValue":"text"}"#),
            ([text.clone(), array(b"a")].concat(), r#"{"arrayValue":{"values":[{"stringValue":"a"}]}}"#),
            ([array(b"a"), text, array(b"b")].concat(), r#"{"arrayValue":{"values":[{"stringValue":"b"}]}}"#),
            (
                [array(b"a"), array(b"b")].concat(),
                r#"{"arrayValue":{"values":[{"stringValue":"a"},{"stringValue":"b"}]}}"#,
            ),
        ] {
            assert_eq!(json(&schema::ANY_VALUE, &[&wire]), value);
        }
    }

    #[test]
    fn what_the_schema_does_not_know_is_left_out() {
        let group = [&[15 << 3 | 3][..], &len(2, b"inside"), &[15 << 3 | 4]].concat();
        let wrong_type = [5 << 3, 1];
        let unknown = len(15, b"x");
        assert_eq!(json(&schema::EVENT, &[&unknown, &wrong_type, &len(2, b"kept"), &group]), r#"{"name":"kept"}"#);
    }

    #[test]
    fn protobuf_s_own_mapping_has_ids_in_base64_and_enums_by_name() {
        let span = [len(1, &[0xff; 3]), vec![6 << 3, 2]].concat();
        assert_eq!(json(&schema::SPAN, &[&span]), r#"{"traceId":"ffffff","kind":2}"#);
        let own = write(&schema::SPAN, &[&span], Mapping::Protobuf);
        assert_eq!(String::from_utf8(own).unwrap(), r#"{"traceId":"////","kind":"SPAN_KIND_SERVER"}"#);
        let unknown = write(&schema::SPAN, &[&[6 << 3, 99]], Mapping::Protobuf);
        assert_eq!(String::from_utf8(unknown).unwrap(), r#"{"kind":99}"#);
    }

    #[test]
    fn defaults_are_written_only_where_absence_means_something_else() {
        let point = [&[5 << 3 | 1][..], &[0; 8], &[4 << 3 | 1], &[0; 8], &[10 << 3, 0]].concat();
        assert_eq!(json(&schema::HISTOGRAM_DATA_POINT, &[&point]), r#"{"sum":0.0}"#);
        assert_eq!(json(&schema::ANY_VALUE, &[&[3 << 3, 0]]), r#"{"intValue":"0"}"#);
        let all_ones = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1];
        assert_eq!(json(&schema::ANY_VALUE, &[&[&[3 << 3][..], &all_ones].concat()]), r#"{"intValue":"-1"}"#);
        assert_eq!(json(&schema::BUCKETS, &[&[1 << 3, 3]]), r#"{"offset":-2}"#);
    }
}
