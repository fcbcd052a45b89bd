//! Label sets as bytes: what a series is, everywhere in this crate.
//!
//! A **canonical** label set is the `Label` fields of remote write 1.0, one behind the other: in ascending order of the names'
//! bytes, each name once, no value empty, all of it UTF-8, every length in as few bytes as it takes. So two sets are equal
//! if and only if their bytes are, and what a well-behaved sender sends is canonical as it stands.

use std::fmt::Write as _;
use std::hash::BuildHasher;
use std::sync::LazyLock;

use hashbrown::DefaultHashBuilder;
use otelier_wire::protobuf::{Cursor, put_varint, varint_len};

/// The label that holds the metric's name.
pub const NAME: &[u8] = b"__name__";
const LABEL: u8 = 0x0a;
const LABEL_NAME: u8 = 0x0a;
const LABEL_VALUE: u8 = 0x12;

static HASHER: LazyLock<DefaultHashBuilder> = LazyLock::new(DefaultHashBuilder::default);

/// Of a label set's bytes; the same while the process lives, another in the next.
#[inline]
pub fn hash(labels: &[u8]) -> u64 {
    HASHER.hash_one(labels)
}

/// (name, value) of a label set, in order; of anything else: up to what can't be read.
#[derive(Clone)]
pub struct Pairs<'a>(Cursor<'a>);

pub fn pairs(labels: &[u8]) -> Pairs<'_> {
    Pairs(Cursor::new(labels))
}

impl<'a> Iterator for Pairs<'a> {
    type Item = (&'a [u8], &'a [u8]);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        self.0.rest = self.0.rest.strip_prefix(&[LABEL])?;
        let mut label = Cursor::new(self.0.bytes().ok()?);
        label.rest = label.rest.strip_prefix(&[LABEL_NAME])?;
        let name = label.bytes().ok()?;
        label.rest = label.rest.strip_prefix(&[LABEL_VALUE])?;
        Some((name, label.bytes().ok()?))
    }
}

/// The value of a label, if the set has it.
pub fn value<'a>(labels: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    pairs(labels).take_while(|(each, _)| *each <= name).find(|(each, _)| *each == name).map(|(_, value)| value)
}

/// Appends a label.
#[inline]
pub fn put(out: &mut Vec<u8>, name: &[u8], value: &[u8]) {
    let length = 2 + varint_len(name.len()) + name.len() + varint_len(value.len()) + value.len();
    out.push(LABEL);
    put_varint(out, length);
    out.push(LABEL_NAME);
    put_varint(out, name.len());
    out.extend_from_slice(name);
    out.push(LABEL_VALUE);
    put_varint(out, value.len());
    out.extend_from_slice(value);
}

/// Appends a label whose name and value stand behind their lengths already.
#[inline]
pub fn put_framed(out: &mut Vec<u8>, name: &[u8], value: &[u8]) {
    out.push(LABEL);
    put_varint(out, 2 + name.len() + value.len());
    out.push(LABEL_NAME);
    out.extend_from_slice(name);
    out.push(LABEL_VALUE);
    out.extend_from_slice(value);
}

/// Two labels have the same name: this one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Twice<'a>(pub &'a [u8]);

/// Appends the canonical form of labels in any order, those without a value left out. Nothing is appended after an error.
pub fn put_sorted<'a>(out: &mut Vec<u8>, labels: &mut Vec<(&'a [u8], &'a [u8])>) -> Result<(), Twice<'a>> {
    labels.retain(|(_, value)| !value.is_empty());
    labels.sort_unstable();
    if let Some(twice) = labels.windows(2).find(|two| two[0].0 == two[1].0) {
        return Err(Twice(twice[0].0));
    }
    labels.iter().for_each(|(name, value)| put(out, name, value));
    Ok(())
}

/// As people write a series: `up{job="a"}`.
pub fn text(labels: &[u8]) -> String {
    let mut out = value(labels, NAME).map_or_else(String::new, |name| String::from_utf8_lossy(name).into_owned());
    let mut before = '{';
    for (name, value) in pairs(labels).filter(|(name, _)| *name != NAME) {
        out.push(before);
        // Writing to a String can't fail.
        let _ = write!(out, "{}={:?}", String::from_utf8_lossy(name), String::from_utf8_lossy(value));
        before = ',';
    }
    if before == ',' {
        out.push('}');
    } else if out.is_empty() {
        out.push_str("{}");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    type Pair = (&'static [u8], &'static [u8]);

    fn canonical(labels: &[Pair]) -> Vec<u8> {
        let mut out = Vec::new();
        put_sorted(&mut out, &mut labels.to_vec()).unwrap();
        out
    }

    #[test]
    fn the_order_of_labels_and_those_without_a_value_make_no_difference() {
        let one = canonical(&[(b"job", b"a"), (NAME, b"up"), (b"zone", b"")]);
        assert_eq!(one, canonical(&[(NAME, b"up"), (b"job", b"a")]));
        let read: Vec<_> = pairs(&one).collect();
        assert_eq!(read, [(NAME, &b"up"[..]), (b"job", b"a")]);
        assert_eq!(hash(&one), hash(&one.clone()));
    }

    #[test]
    fn the_same_label_twice_is_an_error() {
        let mut out = Vec::new();
        assert_eq!(put_sorted(&mut out, &mut vec![(b"a", b"1"), (b"a", b"2")]), Err(Twice(b"a")));
        assert!(out.is_empty());
    }

    #[test]
    fn long_values_read_back() {
        let long = vec![b'x'; 100_000];
        let mut out = Vec::new();
        put(&mut out, NAME, b"up");
        put(&mut out, b"long", &long);
        assert_eq!(value(&out, b"long"), Some(&long[..]));
        assert_eq!(value(&out, NAME), Some(&b"up"[..]));
        assert_eq!(value(&out, b"a"), None);
        assert_eq!(value(&out, b"zone"), None);
    }

    #[test]
    fn anything_else_ends_the_iteration() {
        let mut labels = canonical(&[(b"a", b"1"), (b"b", b"2")]);
        labels.truncate(labels.len() - 1);
        assert_eq!(pairs(&labels).count(), 1);
        assert_eq!(pairs(b"\x0a\x7f").count(), 0);
        assert_eq!(pairs(b"rubbish").count(), 0);
    }

    #[test]
    fn text_is_as_people_write_it() {
        assert_eq!(
            text(&canonical(&[(NAME, b"up"), (b"job", b"a\"b"), (b"zone", b"x")])),
            r#"up{job="a\"b",zone="x"}"#
        );
        assert_eq!(text(&canonical(&[(NAME, b"up")])), "up");
        assert_eq!(text(b""), "{}");
    }
}
