//! The labels of the series of one data point, encoded as remote write 1.0 has them.

use std::borrow::Cow;

use crate::metrics::attribute::put_field;
use otelier_wire::protobuf::put_varint;

/// (name, value) in any order; of equal names the last one counts.
pub type Pairs<'a> = Vec<(Cow<'a, str>, Cow<'a, str>)>;

const NAME: &str = "__name__";

/// All but what tells the series of one data point apart.
pub struct Labels {
    /// In the order of names: name and the encoded label.
    parts: Vec<(String, Vec<u8>)>,
    called: String,
}

impl Labels {
    /// Those without a value are left out.
    pub fn of(mut pairs: Pairs<'_>, called: &str) -> Labels {
        // In a stable order, so that the last of equal names comes first.
        pairs.reverse();
        pairs.sort_by(|(name, _), (other, _)| name.cmp(other));
        pairs.dedup_by(|(name, _), (before, _)| name == before);
        let parts = pairs.into_iter().filter(|(name, value)| !value.is_empty() && name != NAME).map(|(name, value)| {
            let mut out = Vec::new();
            put_label(&name, &value, &mut out);
            (name.into_owned(), out)
        });
        let parts = parts.collect();
        Labels { parts, called: called.to_owned() }
    }

    /// Of the series whose name has this suffix.
    pub fn named(&self, suffix: &str) -> Vec<u8> {
        self.join(&[(NAME, &format!("{}{suffix}", self.called))])
    }

    /// … and this label, in place of another with its name.
    pub fn with(&self, suffix: &str, label: &str, value: &str) -> Vec<u8> {
        self.join(&[(NAME, &format!("{}{suffix}", self.called)), (label, value)])
    }

    /// `more` is in the order of names.
    fn join(&self, more: &[(&str, &str)]) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.parts.iter().map(|(_, part)| part.len()).sum::<usize>() + 64);
        let mut more = more.iter().peekable();
        for (name, part) in &self.parts {
            let mut replaced = false;
            while let Some((next, value)) = more.next_if(|(next, _)| *next <= name.as_str()) {
                put_label(next, value, &mut out);
                replaced |= next == name;
            }
            if !replaced {
                out.extend_from_slice(part);
            }
        }
        more.for_each(|(name, value)| put_label(name, value, &mut out));
        out
    }
}

/// Appends a Label as field 1.
pub fn put_label(name: &str, value: &str, out: &mut Vec<u8>) {
    let mut content = Vec::with_capacity(name.len() + value.len() + 8);
    put_field(&mut content, 0x0a, name.as_bytes());
    put_field(&mut content, 0x12, value.as_bytes());
    out.push(0x0a);
    put_varint(out, content.len());
    out.extend_from_slice(&content);
}
