//! What OTLP answers are made of, both ways: `google.rpc.Status` with `RetryInfo` (protobuf, JSON, and the
//! headers `grpc-message` and `grpc-status-details-bin`) and the partial success of an `Export…ServiceResponse`.
//!
//! Formats: googleapis `google/rpc/status.proto`, `error_details.proto`; gRPC over HTTP/2 (Percent-Encoded);
//! OTLP 1.x, "Partial Success" and "Failures".

use std::time::Duration;

use otelier_wire::Signal;

/// Codes of gRPC that are used here.
pub mod code {
    pub const OK: i32 = 0;
    pub const CANCELLED: i32 = 1;
    pub const UNKNOWN: i32 = 2;
    pub const INVALID_ARGUMENT: i32 = 3;
    pub const DEADLINE_EXCEEDED: i32 = 4;
    pub const PERMISSION_DENIED: i32 = 7;
    pub const RESOURCE_EXHAUSTED: i32 = 8;
    pub const UNIMPLEMENTED: i32 = 12;
    pub const INTERNAL: i32 = 13;
    pub const UNAVAILABLE: i32 = 14;
    pub const UNAUTHENTICATED: i32 = 16;
}

const RETRY_INFO: &str = "type.googleapis.com/google.rpc.RetryInfo";

/// `google.rpc.Status`; of its details only `RetryInfo` is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    pub code: i32,
    pub message: String,
    pub retry_after: Option<Duration>,
}

impl Status {
    pub fn new(code: i32, message: impl Into<String>) -> Status {
        Status { code, message: message.into(), retry_after: None }
    }

    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.message.len() + 64);
        put_varint_field(&mut out, 1, self.code as u64);
        put_bytes_field(&mut out, 2, self.message.as_bytes());
        if let Some(after) = self.retry_after {
            let mut duration = Vec::new();
            put_varint_field(&mut duration, 1, after.as_secs());
            put_varint_field(&mut duration, 2, u64::from(after.subsec_nanos()));
            let mut info = vec![0x0a, duration.len() as u8]; // a Duration has at most 17 bytes
            info.extend_from_slice(&duration);
            let mut any = Vec::new();
            put_bytes_field(&mut any, 1, RETRY_INFO.as_bytes());
            put_bytes_field(&mut any, 2, &info);
            put_bytes_field(&mut out, 3, &any);
        }
        out
    }

    /// None if `data` is no protobuf message.
    pub fn decode(data: &[u8]) -> Option<Status> {
        let mut status = Status::new(0, "");
        for field in Fields(data) {
            match field? {
                (1, Value::Number(n)) => status.code = n as i32,
                (2, Value::Bytes(b)) => status.message = String::from_utf8_lossy(b).into_owned(),
                (3, Value::Bytes(any)) => status.retry_after = retry_info(any).or(status.retry_after),
                _ => {}
            }
        }
        Some(status)
    }

    /// The proto3 JSON form.
    pub fn to_json(&self) -> Vec<u8> {
        let mut value = serde_json::json!({"code": self.code, "message": self.message});
        if let Some(after) = self.retry_after {
            let delay = match after.subsec_nanos() {
                0 => format!("{}s", after.as_secs()),
                nanos => format!("{}.{nanos:09}s", after.as_secs()),
            };
            value["details"] = serde_json::json!([{"@type": RETRY_INFO, "retryDelay": delay}]);
        }
        value.to_string().into_bytes()
    }

    /// The value of `grpc-status-details-bin`.
    pub fn to_details_bin(&self) -> String {
        base64_encode(&self.encode())
    }

    /// From a value of `grpc-status-details-bin`, padded or not.
    pub fn from_details_bin(value: &[u8]) -> Option<Status> {
        Status::decode(&base64_decode(value)?)
    }
}

fn retry_info(any: &[u8]) -> Option<Duration> {
    let url = Fields(any).bytes(1)?;
    if !url.ends_with(b"/google.rpc.RetryInfo") {
        return None;
    }
    let delay = Fields(any).bytes(2).and_then(|info| Fields(info).bytes(1)).unwrap_or(&[]);
    let seconds = Fields(delay).number(1).unwrap_or(0) as i64;
    let nanos = Fields(delay).number(2).unwrap_or(0) as i64;
    let nanos = u32::try_from(nanos).ok().filter(|n| *n < 1_000_000_000)?;
    Some(Duration::new(u64::try_from(seconds).ok()?, nanos))
}

/// What a successful answer says about items that were not taken.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PartialSuccess {
    pub rejected: i64,
    pub message: String,
}

impl PartialSuccess {
    fn is_full(&self) -> bool {
        self.rejected == 0 && self.message.is_empty()
    }

    /// An `Export…ServiceResponse`; empty where everything was taken.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        if !self.is_full() {
            let mut inner = Vec::with_capacity(self.message.len() + 16);
            put_varint_field(&mut inner, 1, self.rejected as u64);
            put_bytes_field(&mut inner, 2, self.message.as_bytes());
            put_bytes_field(&mut out, 1, &inner);
        }
        out
    }

    /// The OTLP/JSON form.
    pub fn to_json(&self, signal: Signal) -> Vec<u8> {
        if self.is_full() {
            return b"{}".to_vec();
        }
        let mut partial = serde_json::Map::new();
        if self.rejected != 0 {
            partial.insert(rejected_key(signal).into(), self.rejected.to_string().into());
        }
        partial.insert("errorMessage".into(), self.message.as_str().into());
        serde_json::json!({"partialSuccess": partial}).to_string().into_bytes()
    }

    /// None if `data` is no protobuf message.
    pub fn decode(data: &[u8]) -> Option<PartialSuccess> {
        let mut partial = PartialSuccess::default();
        for field in Fields(data) {
            let (1, Value::Bytes(inner)) = field? else { continue };
            for field in Fields(inner) {
                match field? {
                    (1, Value::Number(n)) => partial.rejected = n as i64,
                    (2, Value::Bytes(b)) => partial.message = String::from_utf8_lossy(b).into_owned(),
                    _ => {}
                }
            }
        }
        Some(partial)
    }

    /// From the OTLP/JSON form; None if `data` is no JSON object.
    pub fn from_json(signal: Signal, data: &[u8]) -> Option<PartialSuccess> {
        let value: serde_json::Value = serde_json::from_slice(data).ok()?;
        let partial = value.as_object()?.get("partialSuccess");
        let rejected = partial.and_then(|p| p.get(rejected_key(signal)));
        let rejected = rejected.and_then(|r| r.as_i64().or_else(|| r.as_str()?.parse().ok()));
        let message = partial.and_then(|p| p.get("errorMessage")).and_then(|m| m.as_str());
        Some(PartialSuccess { rejected: rejected.unwrap_or(0), message: message.unwrap_or("").to_owned() })
    }
}

fn rejected_key(signal: Signal) -> &'static str {
    match signal {
        Signal::Traces => "rejectedSpans",
        Signal::Metrics => "rejectedDataPoints",
        Signal::Logs => "rejectedLogRecords",
    }
}

/// The value of `grpc-message`: everything but printable ASCII, and `%`, as `%XX` of its UTF-8 bytes.
pub fn percent_encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b' '..=b'~' if byte != b'%' => out.push(byte as char),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

/// The inverse; what is not valid stays as it is, as gRPC asks.
pub fn percent_decode(value: &[u8]) -> String {
    let hex = |b: Option<&u8>| b.and_then(|b| (*b as char).to_digit(16));
    let mut out = Vec::with_capacity(value.len());
    let mut rest = value;
    while let Some((first, after)) = rest.split_first() {
        match (first, hex(after.first()), hex(after.get(1))) {
            (b'%', Some(high), Some(low)) => {
                out.push((high * 16 + low) as u8);
                rest = after.get(2..).unwrap_or(&[]);
            }
            _ => {
                out.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Without padding, as gRPC writes it.
pub(crate) fn base64_encode(data: &[u8]) -> String {
    let mut out = String::with_capacity(data.len() * 4 / 3 + 3);
    for chunk in data.chunks(3) {
        let bits = chunk.iter().fold(0u32, |bits, b| bits << 8 | u32::from(*b)) << (8 * (3 - chunk.len()));
        (0..=chunk.len()).for_each(|i| out.push(ALPHABET[(bits >> (18 - 6 * i)) as usize & 63] as char));
    }
    out
}

fn base64_decode(text: &[u8]) -> Option<Vec<u8>> {
    let end = text.iter().rposition(|b| *b != b'=').map_or(0, |i| i + 1);
    let mut out = Vec::with_capacity(end * 3 / 4);
    let (mut bits, mut count) = (0u32, 0);
    for byte in text.get(..end)? {
        bits = bits << 6 | ALPHABET.iter().position(|a| a == byte)? as u32;
        count += 6;
        if count >= 8 {
            count -= 8;
            out.push((bits >> count) as u8);
        }
    }
    Some(out)
}

fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn put_varint_field(out: &mut Vec<u8>, number: u8, value: u64) {
    if value != 0 {
        out.push(number << 3);
        put_varint(out, value);
    }
}

fn put_bytes_field(out: &mut Vec<u8>, number: u8, value: &[u8]) {
    if !value.is_empty() {
        out.push(number << 3 | 2);
        put_varint(out, value.len() as u64);
        out.extend_from_slice(value);
    }
}

enum Value<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

/// The fields of one small message; a None item means that the bytes are broken.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn bytes(self, number: u64) -> Option<&'a [u8]> {
        self.flatten().find_map(|f| match f {
            (n, Value::Bytes(b)) if n == number => Some(b),
            _ => None,
        })
    }

    fn number(self, number: u64) -> Option<u64> {
        self.flatten().find_map(|f| match f {
            (n, Value::Number(v)) if n == number => Some(v),
            _ => None,
        })
    }

    fn varint(&mut self) -> Option<u64> {
        let mut value = 0;
        for i in 0..10 {
            let (byte, rest) = self.0.split_first()?;
            self.0 = rest;
            value |= u64::from(byte & 0x7f) << (7 * i);
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    fn take(&mut self, length: u64) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(usize::try_from(length).ok()?)?;
        self.0 = rest;
        Some(taken)
    }

    fn field(&mut self) -> Option<(u64, Value<'a>)> {
        let tag = self.varint()?;
        let value = match tag & 7 {
            0 => Value::Number(self.varint()?),
            1 => Value::Bytes(self.take(8)?),
            2 => {
                let length = self.varint()?;
                Value::Bytes(self.take(length)?)
            }
            5 => Value::Bytes(self.take(4)?),
            _ => return None,
        };
        Some((tag >> 3, value))
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Option<(u64, Value<'a>)>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let field = self.field();
        if field.is_none() {
            self.0 = &[];
        }
        Some(field)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_survives_its_header_form() {
        for after in [None, Some(Duration::from_millis(1500)), Some(Duration::from_secs(200)), Some(Duration::ZERO)] {
            for length in 0..7 {
                let status = Status { code: 14, message: "é".repeat(length), retry_after: after };
                assert_eq!(Status::from_details_bin(status.to_details_bin().as_bytes()), Some(status.clone()));
                let padded = status.to_details_bin() + "==";
                assert_eq!(Status::from_details_bin(padded.as_bytes()), Some(status));
            }
        }
    }

    #[test]
    fn partial_success_survives_both_encodings() {
        for (rejected, message) in [(0, ""), (0, "slow down"), (3, "bad ids"), (1 << 40, "")] {
            let partial = PartialSuccess { rejected, message: message.into() };
            assert_eq!(PartialSuccess::decode(&partial.encode()), Some(partial.clone()));
            for signal in Signal::ALL {
                assert_eq!(PartialSuccess::from_json(signal, &partial.to_json(signal)), Some(partial.clone()));
            }
        }
    }

    #[test]
    fn percent_encoding_is_printable_and_reversible() {
        let text = "100 % of\nIhr Gerät 🚀";
        assert_eq!(percent_encode(text), "100 %25 of%0AIhr Ger%C3%A4t %F0%9F%9A%80");
        assert_eq!(percent_decode(percent_encode(text).as_bytes()), text);
        assert_eq!(percent_decode(b"50% %zz %4"), "50% %zz %4");
    }

    #[test]
    fn broken_bytes_are_no_status() {
        for data in [&[0x0a][..], &[0x0a, 5, 1], &[0x08, 0xff], &[0x0b], &[0xff; 12]] {
            assert_eq!(Status::decode(data), None);
            assert_eq!(PartialSuccess::decode(data), None);
        }
        assert_eq!(Status::from_details_bin(b"*"), None);
    }
}
