//! Values as text, as pdata's `Value.AsString` writes them: scalars plainly, bytes in base64, lists and maps as JSON.

use otelier_wire::Any;
use otelier_wire::any::{attributes, items};

/// Of `encoded`, an AnyValue.
pub fn as_string(any: Any) -> String {
    match any {
        Any::Empty => String::new(),
        Any::Str(text) => String::from_utf8_lossy(text).into_owned(),
        Any::Bool(yes) => yes.to_string(),
        Any::Int(int) => int.to_string(),
        Any::Double(double) => decimal(double),
        Any::Bytes(bytes) => base64(bytes),
        Any::List(_) | Any::Map(_) => {
            let mut out = String::new();
            // Go's encoder gives up on what JSON has no word for, and leaves nothing.
            if json(any, &mut out) { out } else { String::new() }
        }
    }
}

/// The shortest that reads back, with an exponent only where ECMAScript writes one.
fn decimal(double: f64) -> String {
    let size = double.abs();
    if double.is_nan() {
        return "json: unsupported value: NaN".into();
    }
    if double.is_infinite() {
        return format!("json: unsupported value: {}Inf", if double > 0.0 { '+' } else { '-' });
    }
    if size != 0.0 && !(1e-6..1e21).contains(&size) {
        let text = format!("{double:e}");
        return if text.contains("e-") { text } else { text.replace('e', "e+") };
    }
    double.to_string()
}

/// False where a number is not finite.
fn json(any: Any, out: &mut String) -> bool {
    match any {
        Any::Empty => out.push_str("null"),
        Any::Double(double) if !double.is_finite() => return false,
        Any::Bool(_) | Any::Int(_) | Any::Double(_) => out.push_str(&as_string(any)),
        Any::Str(text) => quoted(&String::from_utf8_lossy(text), out),
        Any::Bytes(bytes) => quoted(&base64(bytes), out),
        Any::List(list) => {
            out.push('[');
            for (at, item) in items(list).enumerate() {
                out.push_str(if at > 0 { "," } else { "" });
                if !json(item, out) {
                    return false;
                }
            }
            out.push(']');
        }
        Any::Map(map) => {
            // Go's maps have each key once, the last one's value, and are written in the order of keys.
            let mut entries: Vec<_> = attributes(map, 1).collect();
            entries.reverse();
            entries.sort_by_key(|entry| entry.key);
            entries.dedup_by_key(|entry| entry.key);
            out.push('{');
            for (at, entry) in entries.iter().enumerate() {
                out.push_str(if at > 0 { "," } else { "" });
                quoted(&String::from_utf8_lossy(entry.key), out);
                out.push(':');
                if !json(entry.value(), out) {
                    return false;
                }
            }
            out.push('}');
        }
    }
    true
}

/// As encoding/json does, which also escapes what HTML would mind.
fn quoted(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\0'..='\u{1f}' | '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                out.push_str(&format!("\\u{:04x}", c as u32));
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |nibble: u8| DIGITS[usize::from(nibble)] as char;
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for three in bytes.chunks(3) {
        let word = three.iter().enumerate().fold(0, |word, (at, byte)| word | u32::from(*byte) << (16 - 8 * at));
        for at in 0..4 {
            let digit = DIGITS[(word >> (18 - 6 * at) & 63) as usize];
            out.push(if at > three.len() { '=' } else { digit as char });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_ecmascript_does() {
        let written = [
            (0.0, "0"),
            (-1.5, "-1.5"),
            (1e20, "100000000000000000000"),
            (1e21, "1e+21"),
            (1e-6, "0.000001"),
            (1.5e-9, "1.5e-9"),
            (f64::NEG_INFINITY, "json: unsupported value: -Inf"),
        ];
        for (double, text) in written {
            assert_eq!(as_string(Any::Double(double)), text);
        }
    }

    #[test]
    fn bytes_are_base64_and_maps_json_in_order_of_keys() {
        for (bytes, text) in [(&b""[..], ""), (b"a", "YQ=="), (b"ab", "YWI="), (b"abc", "YWJj")] {
            assert_eq!(as_string(Any::Bytes(bytes)), text);
        }
        // {"b": [true, nil], "a": "<"}
        let map = b"\x0a\x0d\x0a\x01b\x12\x08\x2a\x06\x0a\x02\x10\x01\x0a\x00\x0a\x08\x0a\x01a\x12\x03\x0a\x01<";
        assert_eq!(as_string(Any::Map(map)), r#"{"a":"\u003c","b":[true,null]}"#);
    }
}
