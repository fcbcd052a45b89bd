//! OTLP/JSON to OTLP: one pass over the text, driven by the schema, straight to protobuf bytes.
//!
//! Follows the JSON mapping of protobuf with the exceptions of OTLP: ids are hex, enums are numbers (names are taken,
//! too), unknown fields are ignored. Names may be lowerCamelCase or as in the .proto file, null is absence, the last
//! of equal keys wins. What it writes is to be checked like any foreign protobuf: strings keep invalid UTF-8, and an id
//! that isn't hex is written as its own text, cut to a length no id has, so that the check rejects that item alone.

use std::borrow::Cow;

use super::cursor::{Cursor, Fault, Result};
use super::number::{number_end, read_double, read_integer};
use super::text::{read_base64, read_hex, unescape};
use crate::DecodeError;
use crate::Signal;
use crate::check::wire_type;
use crate::protobuf::{FIXED32, FIXED64, LEN, fields, put_varint};
use crate::schema::{self, Field, Kind, Message, Presence};

/// Encode an Export request (or `TracesData` and its like) written in JSON; not checked yet.
pub fn json_to_otlp(signal: Signal, text: &[u8]) -> Result<Vec<u8>, DecodeError> {
    let mut reader = Reader { json: Cursor::new(text), out: Vec::with_capacity(text.len() / 2) };
    reader.document(schema::request(signal)).map_err(|fault| fault.explain(text))?;
    Ok(reader.out)
}

struct Reader<'a> {
    json: Cursor<'a>,
    out: Vec<u8>,
}

impl<'a> Reader<'a> {
    fn document(&mut self, message: &'static Message) -> Result<()> {
        self.object(message)?;
        self.json.peek();
        if self.json.at == self.json.text.len() { Ok(()) } else { self.json.expected("nothing behind the object") }
    }

    fn object(&mut self, message: &'static Message) -> Result<()> {
        if !self.json.enter(b"{}", "{")? {
            return Ok(());
        }
        let start = self.out.len();
        let mut seen = 0u32;
        let mut repeated = Vec::new();
        loop {
            let key = self.json.string()?;
            self.json.colon()?;
            let known = message.fields.iter().position(|f| f.json.as_bytes() == &*key || f.name.as_bytes() == &*key);
            match known.and_then(|i| Some((1 << i, message.fields.get(i)?))) {
                None => self.json.skip()?,
                Some((bit, field)) => {
                    if seen & bit != 0 {
                        repeated.retain(|&(number, _)| number != field.number);
                        repeated.push((field.number, self.out.len()));
                    }
                    seen |= bit;
                    self.value(field).map_err(|fault| Fault { field: fault.field.or(Some(field.json)), ..fault })?;
                }
            }
            if !self.json.more(b'}', ", or }")? {
                break;
            }
        }
        if !repeated.is_empty() {
            self.keep_last(start, &repeated);
        }
        Ok(())
    }

    fn value(&mut self, field: &'static Field) -> Result<()> {
        if self.json.peek() == b'n' && self.json.literal(b"null") {
            return Ok(());
        }
        if field.presence != Presence::Repeated {
            return self.single(field, field.presence != Presence::Implicit);
        }
        if !self.json.enter(b"[]", "[")? {
            return Ok(());
        }
        if wire_type(&field.kind) == LEN {
            loop {
                self.single(field, true)?;
                if !self.json.more(b']', ", or ]")? {
                    return Ok(());
                }
            }
        }
        let start = self.begin(field);
        loop {
            let bits = self.number(field.kind)?;
            self.push_number(field.kind, bits);
            if !self.json.more(b']', ", or ]")? {
                break;
            }
        }
        self.end(start);
        Ok(())
    }

    /// Write one value with its tag; the default only if it is to be kept.
    fn single(&mut self, field: &'static Field, keep_default: bool) -> Result<()> {
        if wire_type(&field.kind) != LEN {
            let bits = self.number(field.kind)?;
            if bits != 0 || keep_default {
                put_varint(&mut self.out, (field.number << 3 | wire_type(&field.kind)) as usize);
                self.push_number(field.kind, bits);
            }
            return Ok(());
        }
        let before = self.out.len();
        let start = self.begin(field);
        match field.kind {
            Kind::Message(message) => self.object(message)?,
            Kind::Str => self.push_string()?,
            Kind::TraceId => self.push_id(16)?,
            Kind::SpanId => self.push_id(8)?,
            _ => {
                self.json.peek();
                let at = self.json.at;
                let text = self.json.string()?;
                read_base64(&text, &mut self.out).ok_or((at, "base64"))?;
            }
        }
        if self.out.len() == start && !keep_default {
            self.out.truncate(before);
        } else {
            self.end(start);
        }
        Ok(())
    }

    fn push_string(&mut self) -> Result<()> {
        if self.json.peek() != b'"' {
            return self.json.expected("a string");
        }
        self.json.at += 1;
        match self.json.plain_string() {
            Some(plain) => self.out.extend_from_slice(plain),
            None => self.json.at = unescape(self.json.text, self.json.at, &mut self.out)?,
        }
        Ok(())
    }

    fn push_id(&mut self, len: usize) -> Result<()> {
        let text = self.json.string()?;
        if read_hex(&text, &mut self.out).is_none() {
            let cut = text.len() - (text.len() == len) as usize;
            self.out.extend_from_slice(text.get(..cut).unwrap_or_default());
        }
        Ok(())
    }

    /// The number (or bool, or enum) here, as the bits that its kind has on the wire.
    fn number(&mut self, kind: Kind) -> Result<u64> {
        let quoted = self.json.peek() == b'"';
        let at = self.json.at;
        if matches!(kind, Kind::Bool) {
            return match self.json.literal(b"true") {
                true => Ok(1),
                false if self.json.literal(b"false") => Ok(0),
                false => self.json.expected("true or false"),
            };
        }
        let text = if quoted {
            self.json.string()?
        } else {
            self.json.at = number_end(self.json.text, at).map_err(|(at, _)| (at, kind.expected()))?;
            Cow::Borrowed(&self.json.text[at..self.json.at])
        };
        let bits = match kind {
            Kind::Double => read_double(&text).map(f64::to_bits),
            Kind::Enum(names) if quoted && !text.first().is_some_and(|b| matches!(b, b'-' | b'0'..=b'9')) => {
                Some(names.iter().position(|name| name.as_bytes() == &*text).unwrap_or(0) as u64)
            }
            _ => read_integer(&text).and_then(|value| kind.bits(value)),
        };
        bits.ok_or(Fault { at, expected: kind.expected(), field: None })
    }

    fn push_number(&mut self, kind: Kind, bits: u64) {
        match wire_type(&kind) {
            FIXED64 => self.out.extend_from_slice(&bits.to_le_bytes()),
            FIXED32 => self.out.extend_from_slice(&(bits as u32).to_le_bytes()),
            _ => put_varint(&mut self.out, bits as usize),
        }
    }

    /// Write the tag of a length-delimited field and room for its length; where its bytes start.
    fn begin(&mut self, field: &Field) -> usize {
        put_varint(&mut self.out, (field.number << 3 | LEN) as usize);
        self.out.push(0);
        self.out.len()
    }

    /// Write the length of what was written since `begin`, and make room where it takes more than one byte.
    fn end(&mut self, start: usize) {
        let len = self.out.len() - start;
        if len < 0x80 {
            self.out[start - 1] = len as u8;
            return;
        }
        let mut room = 0;
        while len >> (7 * (room + 1)) != 0 {
            room += 1;
        }
        self.out.resize(self.out.len() + room, 0);
        self.out.copy_within(start..start + len, start + room);
        for (i, byte) in self.out[start - 1..start + room].iter_mut().enumerate() {
            *byte = (len >> (7 * i)) as u8 & 0x7f | if i < room { 0x80 } else { 0 };
        }
    }

    /// Of the fields written since `start`, drop those with a number in `repeated` that lie before its position.
    fn keep_last(&mut self, start: usize, repeated: &[(u32, usize)]) {
        let written = self.out.split_off(start);
        let mut at = start;
        for field in fields(&written) {
            if !repeated.iter().any(|&(number, from)| number == field.number && at < from) {
                self.out.extend_from_slice(field.raw);
            }
            at += field.raw.len();
        }
    }
}

impl Kind {
    /// A whole number as it is on the wire, if it is in the kind's range.
    fn bits(self, value: i128) -> Option<u64> {
        match self {
            Kind::U32 | Kind::Fixed32 => u32::try_from(value).ok().map(u64::from),
            Kind::U64 | Kind::Fixed64 => u64::try_from(value).ok(),
            Kind::I64 | Kind::SFixed64 => i64::try_from(value).ok().map(|v| v as u64),
            Kind::S32 => i32::try_from(value).ok().map(|v| (v << 1 ^ v >> 31) as u32 as u64),
            _ => i32::try_from(value).ok().map(|v| v as i64 as u64),
        }
    }

    fn expected(self) -> &'static str {
        match self {
            Kind::U32 | Kind::Fixed32 => "a whole number from 0 to 2^32-1",
            Kind::U64 | Kind::Fixed64 => "a whole number from 0 to 2^64-1",
            Kind::I64 | Kind::SFixed64 => "a whole number of 64 bits with sign",
            Kind::Double => "a number",
            _ => "a whole number of 32 bits with sign",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::cursor::MAX_DEPTH;
    use super::super::write::message_to_json;
    use super::*;

    /// What is read from logs in JSON, written as JSON again.
    fn reread(json: &str) -> String {
        let otlp = json_to_otlp(Signal::Logs, json.as_bytes()).unwrap_or_else(|e| panic!("{json}: {e}"));
        String::from_utf8(message_to_json(schema::request(Signal::Logs), &[&otlp])).unwrap()
    }

    /// The same for one log record, given as the members of its object.
    fn reread_record(members: &str) -> String {
        let (head, tail) = (r#"{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"#, "}]}]}]}");
        let json = reread(&format!("{head}{members}{tail}"));
        json.strip_prefix(head).and_then(|j| j.strip_suffix(tail)).expect(&json).to_owned()
    }

    fn refused(signal: Signal, json: &str) -> String {
        json_to_otlp(signal, json.as_bytes()).expect_err(json).to_string()
    }

    #[test]
    fn every_spelling_of_a_value_means_the_same() {
        for (spelling, value) in [
            (r#""time_unix_nano":5"#, r#""timeUnixNano":"5""#),
            (r#""timeUnixNano":"1.5e1""#, r#""timeUnixNano":"15""#),
            (r#""timeUnixNano":18446744073709551615"#, r#""timeUnixNano":"18446744073709551615""#),
            (r#""timeUnixNano":0,"severityText":"","flags":null"#, ""),
            (r#""severityNumber":"SEVERITY_NUMBER_WARN""#, r#""severityNumber":13"#),
            (r#""severityNumber":"13""#, r#""severityNumber":13"#),
            (r#""severityNumber":-99"#, r#""severityNumber":-99"#),
            (r#""severityNumber":"SEVERITY_NUMBER_OF_TOMORROW""#, ""),
            (r#""traceId":"000102030405060708090A0B0C0D0E0F""#, r#""traceId":"000102030405060708090a0b0c0d0e0f""#),
            (r#""body":{"doubleValue":"-Infinity"}"#, r#""body":{"doubleValue":"-Infinity"}"#),
            (r#""body":{"doubleValue":"1"}"#, r#""body":{"doubleValue":1.0}"#),
            (r#""body":{"intValue":-1}"#, r#""body":{"intValue":"-1"}"#),
            (r#""body":{"bytesValue":"-_8"}"#, r#""body":{"bytesValue":"+/8="}"#),
            (r#""body":{"stringValue":""}"#, r#""body":{"stringValue":""}"#),
            (r#""body":{"boolValue":false}"#, r#""body":{"boolValue":false}"#),
            (
                r#""body":{"arrayValue":{"values":[{},{"intValue":0}]}}"#,
                r#""body":{"arrayValue":{"values":[{},{"intValue":"0"}]}}"#,
            ),
            (r#""\u0062ody" : { "string\u0056alue" : "\u00e9\n" } "#, r#""body":{"stringValue":"é\n"}"#),
            (r#""later":{"a":[1,-2.5e-7,true,false,null,"\ud800",[],{}]},"flags":1"#, r#""flags":1"#),
        ] {
            assert_eq!(reread_record(spelling), value, "{spelling}");
        }
    }

    #[test]
    fn the_last_of_equal_keys_wins() {
        for (repeated, value) in [
            (r#""flags":1,"flags":2"#, r#""flags":2"#),
            (r#""flags":1,"flags":0,"flags":null"#, ""),
            (r#""time_unix_nano":"1","flags":3,"timeUnixNano":"2""#, r#""flags":3,"timeUnixNano":"2""#),
            (r#""attributes":[{"key":"a"}],"attributes":[{"key":"b"}]"#, r#""attributes":[{"key":"b"}]"#),
            (r#""attributes":[{"key":"a"}],"attributes":[]"#, ""),
            (
                r#""body":{"kvlistValue":{"values":[{"key":"a"}]}},"body":{"kvlistValue":{}}"#,
                r#""body":{"kvlistValue":{}}"#,
            ),
            (r#""body":{"stringValue":"a","intValue":1}"#, r#""body":{"intValue":"1"}"#),
            (r#""body":{"stringValue":"a","intValue":1,"stringValue":"b"}"#, r#""body":{"stringValue":"b"}"#),
            (r#""body":{"stringValue":"a","intValue":1,"intValue":null}"#, r#""body":{"stringValue":"a"}"#),
        ] {
            assert_eq!(reread_record(repeated), value, "{repeated}");
        }
    }

    #[test]
    fn an_id_that_is_not_hex_gets_a_length_that_is_refused() {
        for (text, len) in
            [("", 0), ("abc", 3), ("0011223344556677", 8), ("AAECAwQFBgcICQoLDA0ODw==", 24), ("0123456789abcdeg", 15)]
        {
            let json = format!(r#"{{"resourceLogs":[{{"scopeLogs":[{{"logRecords":[{{"traceId":"{text}"}}]}}]}}]}}"#);
            let otlp = json_to_otlp(Signal::Logs, json.as_bytes()).unwrap();
            // Four messages, each with a tag and a length, and the id's own.
            assert_eq!(otlp.len(), if len == 0 { 6 } else { 8 + len }, "{text}");
        }
    }

    #[test]
    fn lengths_of_any_size_are_written_right() {
        for len in [0, 1, 126, 127, 128, 16_380, 16_384, 2_097_150, 2_097_152] {
            let value = "x".repeat(len);
            let members = format!(r#""body":{{"stringValue":"{value}"}}"#);
            assert_eq!(reread_record(&members), members);
            let escaped = format!(r#""body":{{"stringValue":"{value}\u0041"}}"#);
            assert_eq!(reread_record(&escaped), escaped.replace("\\u0041", "A"));
        }
    }

    #[test]
    fn errors_say_where_and_what() {
        for (json, error) in [
            ("", "line 1, column 1: expected {"),
            ("[]", "line 1, column 1: expected {"),
            ("{}\n x", "line 2, column 2: expected nothing behind the object"),
            ("{\"resourceSpans\": {}}", "line 1, column 19: expected [ for resourceSpans"),
            ("{\"resourceSpans\": [null]}", "line 1, column 20: expected { for resourceSpans"),
            ("{\n \"é\" 1}", "line 2, column 6: expected :"),
            ("{\"a\":1", "line 1, column 7: expected , or }"),
            ("{\"a\":1,}", "line 1, column 8: expected a string"),
            ("{\"a\":01}", "line 1, column 6: expected a number without leading zeros"),
            ("{\"a\":tru}", "line 1, column 6: expected a value"),
            ("{\"a\":\"\t\"}", "line 1, column 7: expected control characters in strings to be escaped"),
        ] {
            assert!(refused(Signal::Traces, json).contains(error), "{json:?}: {}", refused(Signal::Traces, json));
        }
        let span = |members: &str| format!(r#"{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{{{members}}}]}}]}}]}}"#);
        for (members, error) in [
            (r#""name":1"#, "expected a string for name"),
            (r#""traceId":7"#, "expected a string for traceId"),
            (r#""startTimeUnixNano":"-1""#, "expected a whole number from 0 to 2^64-1 for startTimeUnixNano"),
            (r#""startTimeUnixNano":true"#, "expected a whole number from 0 to 2^64-1 for startTimeUnixNano"),
            (r#""flags":4294967296"#, "expected a whole number from 0 to 2^32-1 for flags"),
            (r#""kind":2.5"#, "expected a whole number of 32 bits with sign for kind"),
            (r#""attributes":[{"key":"k","value":{"bytesValue":"?"}}]"#, "expected base64 for bytesValue"),
            (r#""attributes":[{"key":"k","value":{"boolValue":1}}]"#, "expected true or false for boolValue"),
            (r#""attributes":[{"key":"k","value":{"doubleValue":"nan"}}]"#, "expected a number for doubleValue"),
            (
                r#""attributes":[{"key":"k","value":{"intValue":9223372036854775808}}]"#,
                "64 bits with sign for intValue",
            ),
        ] {
            assert!(
                refused(Signal::Traces, &span(members)).contains(error),
                "{}",
                refused(Signal::Traces, &span(members))
            );
        }
    }

    #[test]
    fn nesting_bombs_are_refused_and_never_overflow_the_stack() {
        let nested = |open: &str, close: &str, n: usize| format!("{{\"x\":{}0{}}}", open.repeat(n), close.repeat(n));
        assert!(json_to_otlp(Signal::Logs, nested("[", "]", MAX_DEPTH - 1).as_bytes()).is_ok());
        for bomb in [nested("[", "]", MAX_DEPTH), nested("{\"a\":", "}", 100_000), nested("[", "", 1_000_000)] {
            assert!(refused(Signal::Logs, &bomb).contains("at most 200 nested"));
        }
        let body = r#"{"arrayValue":{"values":["#.repeat(100_000);
        let bomb = format!(r#"{{"resourceLogs":[{{"scopeLogs":[{{"logRecords":[{{"body":{body}"#);
        assert!(refused(Signal::Logs, &bomb).contains("at most 200 nested"));
    }
}
