//! Values as answers show them: durations, kinds and statuses are texts.

use std::borrow::Cow;
use std::fmt::Write;

use super::Kind;
use crate::filter::value::hex;
use crate::spans::{ARRAY, BOOL, Column, DOUBLE, INT, OTHER, TEXT};

const STATUSES: [&str; 3] = ["unset", "ok", "error"];
const KINDS: [&str; 6] = ["unspecified", "internal", "server", "client", "producer", "consumer"];
const SECOND: u64 = 1_000_000_000;

#[derive(Debug, PartialEq)]
pub enum Shown<'a> {
    Text(Cow<'a, str>),
    Bool(bool),
    Int(i64),
    Double(f64),
    /// Texts, numbers and booleans.
    Array(Vec<serde_json::Value>),
}

/// `None`: nothing is shown.
pub fn shown(column: &Column, row: usize, kind: Kind) -> Option<Shown<'_>> {
    let (tag, data) = (column.tags[row], column.data[row]);
    if matches!(kind, Kind::Id | Kind::OptionalId) {
        return match tag {
            TEXT => Some(Shown::Text(hex(column.id(row)).into())),
            _ if kind == Kind::Id => Some(Shown::Text("".into())),
            _ => None,
        };
    }
    Some(match tag {
        TEXT | OTHER => Shown::Text(String::from_utf8_lossy(column.text(data))),
        BOOL => Shown::Bool(data != 0),
        INT => of_int(data as i64, kind),
        DOUBLE => Shown::Double(f64::from_bits(data)),
        ARRAY => Shown::Array(elements(column.text(data))),
        _ => return None,
    })
}

fn of_int(int: i64, kind: Kind) -> Shown<'static> {
    let word = |words: &[&'static str]| match usize::try_from(int).ok().and_then(|at| words.get(at)) {
        Some(word) => Cow::Borrowed(*word),
        None => int.to_string().into(),
    };
    match kind {
        Kind::Duration => Shown::Text(duration(int).into()),
        Kind::SpanKind => Shown::Text(word(&KINDS)),
        Kind::Status => Shown::Text(word(&STATUSES)),
        _ => Shown::Int(int),
    }
}

fn elements(json: &[u8]) -> Vec<serde_json::Value> {
    let items: Vec<serde_json::Value> = serde_json::from_slice(json).unwrap_or_default();
    items.into_iter().filter(|item| item.is_string() || item.is_number() || item.is_boolean()).collect()
}

/// `1.2s`, `1h0m30s`, `250µs`, as Go writes them.
fn duration(ns: i64) -> String {
    let mut text = String::new();
    if ns < 0 {
        text.push('-');
    }
    let mut ns = ns.unsigned_abs();
    if ns < 60 * SECOND {
        match [(SECOND, "s"), (1_000_000, "ms"), (1_000, "µs")].into_iter().find(|(size, _)| ns >= *size) {
            Some((size, unit)) => put_decimal(&mut text, ns, size, unit),
            None if ns == 0 => text.push_str("0s"),
            None => put_decimal(&mut text, ns, 1, "ns"),
        }
        return text;
    }
    for (size, unit) in [(3_600 * SECOND, 'h'), (60 * SECOND, 'm')] {
        if ns >= size || text.ends_with('h') {
            let _ = write!(text, "{}{unit}", ns / size);
            ns %= size;
        }
    }
    put_decimal(&mut text, ns, SECOND, "s");
    text
}

fn put_decimal(text: &mut String, ns: u64, size: u64, unit: &str) {
    let (whole, part) = (ns / size, ns % size);
    let _ = match part {
        0 => write!(text, "{whole}"),
        _ => {
            let digits = format!("{part:0width$}", width = size.ilog10() as usize);
            write!(text, "{whole}.{}", digits.trim_end_matches('0'))
        }
    };
    text.push_str(unit);
}

#[cfg(test)]
mod tests {
    use super::duration;

    #[test]
    fn durations_are_written_as_go_does() {
        let cases = [
            (0, "0s"),
            (7, "7ns"),
            (1_500, "1.5µs"),
            (250_000, "250µs"),
            (1_200_000_000, "1.2s"),
            (-60_000_000_000, "-1m0s"),
            (3_630_000_000_000, "1h0m30s"),
            (3_600_000_000_001, "1h0m0.000000001s"),
        ];
        for (ns, text) in cases {
            assert_eq!(duration(ns), text);
        }
    }
}
