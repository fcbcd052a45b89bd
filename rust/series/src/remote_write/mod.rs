//! Remote write 1.0 and 2.0: requests become [`Samples`](crate::samples::Samples) in one pass.
//!
//! A request that is no protobuf is refused as a whole; what is wrong with one series leaves out that one, counted.
//! Formats: <https://prometheus.io/docs/specs/prw/remote_write_spec/> and
//! <https://prometheus.io/docs/specs/prw/remote_write_spec_2_0/>.

mod histogram;
mod one;
pub mod to_otlp;
mod two;

use std::fmt;

use bytes::Bytes;
use otelier_wire::protobuf::{Cursor, FIXED64, Fault, LEN, Tag, VARINT, Value};

use crate::labels::{self, Twice};
use crate::samples::{Builder, Samples, Text, TooLarge, Why};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    One,
    Two,
}

/// Why a request can't be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// What, and at which byte.
    Protobuf(&'static str, usize),
    TooLarge,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Protobuf(what, at) => write!(f, "no remote write request: at byte {at}: {what}"),
            Error::TooLarge => write!(f, "the request says more than one record can hold: send smaller ones"),
        }
    }
}

/// Reads an encoded request, not compressed any more.
pub fn read(body: Bytes, version: Version) -> Result<Samples, Error> {
    let mut builder = Builder::new(body.clone()).map_err(|_| Error::TooLarge)?;
    let read = match version {
        Version::One => one::request(&body, &mut builder),
        Version::Two => two::request(&body, &mut builder),
    };
    match read {
        Ok(()) => Ok(builder.finish()),
        Err(Stop::Large) => Err(Error::TooLarge),
        Err(Stop::Fault(fault)) => {
            let at = fault.address.saturating_sub(body.as_ptr() as usize).min(body.len());
            Err(Error::Protobuf(fault.what.text(), at))
        }
    }
}

/// What ends the reading.
enum Stop {
    Fault(Fault),
    Large,
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Stop {
        Stop::Fault(fault)
    }
}

impl From<TooLarge> for Stop {
    fn from(_: TooLarge) -> Stop {
        Stop::Large
    }
}

/// (name, value) of labels.
type Pairs<'a> = Vec<(&'a [u8], &'a [u8])>;

/// Groups in fields that nobody knows nest no deeper.
const DEPTH: u32 = 100;

/// The fields of a message, each checked; of another wire type than it should have: not there, as protobuf has it.
fn each<'a>(message: &'a [u8], mut field: impl FnMut(u32, Value<'a>) -> Result<(), Stop>) -> Result<(), Stop> {
    let mut cursor = Cursor::new(message);
    while !cursor.is_empty() {
        let tag = cursor.tag()?;
        field(tag.number(), cursor.value(tag, DEPTH)?)?;
    }
    Ok(())
}

const VALUE: Tag = Tag(1 << 3 | FIXED64);
const TIMESTAMP: Tag = Tag(2 << 3 | VARINT);

/// (ms, bits) of a Sample.
#[inline]
fn sample(message: &[u8]) -> Result<(i64, u64), Stop> {
    // Nearly all: both fields, in order, and nothing else.
    if let [0x09, rest @ ..] = message
        && let Some((bits, [0x10, rest @ ..])) = rest.split_first_chunk()
        && let Some(ms) = short_varint(rest)
    {
        return Ok((ms as i64, u64::from_le_bytes(*bits)));
    }
    let (mut ms, mut bits) = (0, 0);
    let mut cursor = Cursor::new(message);
    while !cursor.is_empty() {
        let tag = cursor.tag()?;
        match (tag, cursor.value(tag, DEPTH)?) {
            (VALUE, Value::Fixed64(found)) => bits = found,
            (TIMESTAMP, Value::Varint(found)) => ms = found as i64,
            _ => {}
        }
    }
    Ok((ms, bits))
}

/// All of the bytes as one varint, if they are one of at most eight bytes: today's milliseconds take six.
#[inline]
fn short_varint(bytes: &[u8]) -> Option<u64> {
    let mut word = [0; 8];
    word.get_mut(..bytes.len())?.copy_from_slice(bytes);
    let word = u64::from_le_bytes(word);
    let ends = !word & 0x8080_8080_8080_8080;
    if bytes.is_empty() || ends.trailing_zeros() as usize != 8 * bytes.len() - 1 {
        return None;
    }
    // Seven bits of each byte, closed up in three steps.
    let word = word & 0x7f7f_7f7f_7f7f_7f7f;
    let word = (word & 0x007f_007f_007f_007f) | (word & 0x7f00_7f00_7f00_7f00) >> 1;
    let word = (word & 0x0000_3fff_0000_3fff) | (word & 0x3fff_0000_3fff_0000) >> 2;
    Some((word & 0x0fff_ffff) | (word & 0x0fff_ffff_0000_0000) >> 4)
}

/// Writes labels in any order as a canonical set, unless there is something wrong with them.
fn write_labels(pairs: &mut Pairs<'_>, builder: &mut Builder) -> Result<Result<Text, Why>, TooLarge> {
    if pairs.iter().any(|(name, value)| name.is_empty() || !is_utf8(name) || !is_utf8(value)) {
        return Ok(Err(Why::Label));
    }
    let length = pairs.iter().map(|(name, value)| name.len() + value.len() + 20).sum();
    let mut sorted = Ok(());
    let text = builder.write(length, |out| sorted = labels::put_sorted(out, pairs).map_err(|Twice(_)| Why::Twice))?;
    Ok(sorted.map(|()| text))
}

#[inline]
fn is_utf8(text: &[u8]) -> bool {
    simdutf8::basic::from_utf8(text).is_ok()
}

/// How labels that can't be a series look.
fn example(pairs: &[(&[u8], &[u8])]) -> String {
    let mut encoded = Vec::new();
    pairs.iter().for_each(|(name, value)| labels::put(&mut encoded, name, value));
    labels::text(&encoded)
}

/// Appends what a packed or single field of varints says.
fn varints(value: Value<'_>, out: &mut Vec<u32>) -> Result<(), Stop> {
    match value {
        Value::Varint(one) => out.push(one as u32),
        Value::Len(packed) => {
            let mut cursor = Cursor::new(packed);
            while !cursor.is_empty() {
                out.push(cursor.varint()? as u32);
            }
        }
        _ => {}
    }
    Ok(())
}

/// The tag of a field with a message.
const fn message(number: u32) -> Tag {
    Tag(number << 3 | LEN)
}

#[cfg(test)]
mod tests {
    use otelier_wire::protobuf::put_varint;

    use super::*;

    #[test]
    fn short_varints_read_as_others_do() {
        let mut number: u64 = 1;
        for shift in 0..64 {
            for value in [number >> shift, 1 << shift, (1 << shift) - 1] {
                let mut encoded = Vec::new();
                put_varint(&mut encoded, value as usize);
                let expected = (encoded.len() <= 8).then_some(value);
                assert_eq!(short_varint(&encoded), expected, "{value}");
                encoded.push(0);
                assert_eq!(short_varint(&encoded), None);
            }
            number = number.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        }
        assert_eq!(short_varint(&[]), None);
        assert_eq!(short_varint(&[0x80]), None);
    }
}
