//! Values as labels have them.

use std::borrow::Cow;

use otelier_wire::Any;
use otelier_wire::any::{attributes, items};
use otelier_wire::json::{escape, write_base64, write_hex};

/// Lists and maps as JSON; empty for no value.
pub fn of(value: Any<'_>) -> Cow<'_, str> {
    match value {
        Any::Empty => "".into(),
        Any::Str(text) => lossy(text),
        Any::Bool(yes) => if yes { "true" } else { "false" }.into(),
        Any::Int(int) => int.to_string().into(),
        Any::Double(double) => number(double).into(),
        Any::Bytes(bytes) => base64(bytes).into(),
        Any::List(_) | Any::Map(_) => {
            let mut out = Vec::new();
            json(value, &mut out);
            String::from_utf8_lossy(&out).into_owned().into()
        }
    }
}

/// Receivers repair text; so this copies nothing.
pub fn lossy(text: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(text)
}

/// A bucket's bound or a quantile: the shortest number that reads back, never with an exponent.
pub fn bound(bound: f64) -> String {
    match bound {
        f64::INFINITY => "+Inf".into(),
        f64::NEG_INFINITY => "-Inf".into(),
        0.0 => "0".into(),
        _ => bound.to_string(),
    }
}

/// With an exponent only where the Collector writes one, too: below 1e-6 and from 1e21 on.
fn number(double: f64) -> String {
    let size = double.abs();
    match double {
        f64::INFINITY => "+Inf".into(),
        f64::NEG_INFINITY => "-Inf".into(),
        _ if size != 0.0 && !(1e-6..1e21).contains(&size) && !double.is_nan() => {
            let text = format!("{double:e}");
            // Rust writes 1e21, the others 1e+21.
            if size >= 1.0 { text.replace('e', "e+") } else { text }
        }
        _ => double.to_string(),
    }
}

fn base64(bytes: &[u8]) -> String {
    let mut out = Vec::new();
    write_base64(bytes, &mut out);
    String::from_utf8_lossy(&out).into_owned()
}

/// Without spaces, keys in order.
fn json(value: Any, out: &mut Vec<u8>) {
    match value {
        Any::Empty => out.extend_from_slice(b"null"),
        Any::Str(text) => escape(text, out),
        Any::Bytes(bytes) => escape(base64(bytes).as_bytes(), out),
        Any::Bool(_) | Any::Int(_) | Any::Double(_) => out.extend_from_slice(of(value).as_bytes()),
        Any::List(list) => {
            out.push(b'[');
            for (at, item) in items(list).enumerate() {
                if at > 0 {
                    out.push(b',');
                }
                json(item, out);
            }
            out.push(b']');
        }
        Any::Map(map) => {
            let mut entries: Vec<_> = attributes(map, 1).collect();
            entries.sort_by_key(|entry| entry.key);
            out.push(b'{');
            for (at, entry) in entries.iter().enumerate() {
                // Of equal keys the last one counts.
                if entries.get(at + 1).is_some_and(|next| next.key == entry.key) {
                    continue;
                }
                if out.last() != Some(&b'{') {
                    out.push(b',');
                }
                escape(entry.key, out);
                out.push(b':');
                json(entry.value(), out);
            }
            out.push(b'}');
        }
    }
}

/// Characters of a text, as OpenMetrics counts them.
pub fn runes(text: &str) -> usize {
    text.chars().count()
}

/// Lower-case hex.
pub fn hex(bytes: &[u8]) -> String {
    let mut out = Vec::new();
    write_hex(bytes, &mut out);
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_an_exponent_only_at_the_far_ends() {
        for (value, text) in [
            (1.0, "1"),
            (0.1, "0.1"),
            (-0.000001, "-0.000001"),
            (1e-7, "1e-7"),
            (123456789012345680000.0, "123456789012345680000"),
            (1.5e21, "1.5e+21"),
            (f64::NAN, "NaN"),
            (f64::NEG_INFINITY, "-Inf"),
        ] {
            assert_eq!(number(value), text);
        }
        assert_eq!(bound(1e-9), "0.000000001");
    }
}
