//! The labels of the series of one data point, encoded as remote write 1.0 has them.

use std::borrow::Cow;
use std::ops::Range;

use otelier_wire::protobuf::{put_varint, varint_len};

use crate::metrics::attribute::put_field;

/// (name, value) in any order; of equal names the last one counts.
pub type Pairs<'a> = Vec<(Cow<'a, str>, Cow<'a, str>)>;

const NAME: &str = "__name__";

/// All but what tells the series of one data point apart.
pub struct Labels<'a> {
    /// One behind the other, in the order of names.
    encoded: Vec<u8>,
    /// Where each lies.
    places: Vec<(Cow<'a, str>, Range<usize>)>,
    called: &'a str,
}

impl<'a> Labels<'a> {
    /// Those without a value are left out.
    pub fn of(mut pairs: Pairs<'a>, called: &'a str) -> Labels<'a> {
        // In a stable order, so that the last of equal names comes first.
        pairs.reverse();
        pairs.sort_by(|(name, _), (other, _)| name.cmp(other));
        pairs.dedup_by(|(name, _), (before, _)| name == before);
        let mut labels = Labels { encoded: Vec::with_capacity(512), places: Vec::with_capacity(pairs.len()), called };
        for (name, value) in pairs.into_iter().filter(|(name, value)| !value.is_empty() && name != NAME) {
            let start = labels.encoded.len();
            put_label(&name, &[&value], &mut labels.encoded);
            labels.places.push((name, start..labels.encoded.len()));
        }
        labels
    }

    /// Of the series whose name has this suffix; in place of what `out` holds.
    pub fn named(&self, suffix: &str, out: &mut Vec<u8>) {
        let rest = self.begin(suffix, out);
        out.extend_from_slice(&self.encoded[rest..]);
    }

    /// … and this label, whose name comes after that of the name, in place of another with its name.
    pub fn with(&self, suffix: &str, label: &str, value: &str, out: &mut Vec<u8>) {
        let rest = self.begin(suffix, out);
        let place = self.place(label);
        out.extend_from_slice(&self.encoded[rest..place.start]);
        put_label(label, &[value], out);
        out.extend_from_slice(&self.encoded[place.end..]);
    }

    /// Up to the name; answers where what comes after it begins.
    fn begin(&self, suffix: &str, out: &mut Vec<u8>) -> usize {
        let place = self.place(NAME);
        out.clear();
        out.extend_from_slice(&self.encoded[..place.start]);
        put_label(NAME, &[self.called, suffix], out);
        place.end
    }

    /// Where the label lies, or would.
    fn place(&self, label: &str) -> Range<usize> {
        match self.places.binary_search_by(|(name, _)| name.as_ref().cmp(label)) {
            Ok(at) => self.places[at].1.clone(),
            Err(at) => {
                let start = self.places.get(at).map_or(self.encoded.len(), |(_, place)| place.start);
                start..start
            }
        }
    }
}

/// Appends a Label as field 1; its value is made of pieces.
pub fn put_label(name: &str, value: &[&str], out: &mut Vec<u8>) {
    let length: usize = value.iter().map(|piece| piece.len()).sum();
    out.push(0x0a);
    put_varint(out, 2 + varint_len(name.len()) + name.len() + varint_len(length) + length);
    put_field(out, 0x0a, name.as_bytes());
    out.push(0x12);
    put_varint(out, length);
    value.iter().for_each(|piece| out.extend_from_slice(piece.as_bytes()));
}
