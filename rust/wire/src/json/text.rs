//! The alphabets of OTLP/JSON: JSON strings (RFC 8259), hex and base64 (RFC 4648), both ways.

/// Length of the longest prefix without `"`, `\` and control characters: text that needs no escape.
pub fn plain_len(text: &[u8]) -> usize {
    const ONES: u64 = u64::MAX / 255;
    const HIGH: u64 = ONES << 7;
    // The high bit of each byte that is less than `n`, right up to the first such byte.
    let below = |word: u64, n: u64| word.wrapping_sub(ONES * n) & !word & HIGH;
    let equal = |word: u64, byte: u8| below(word ^ (ONES * byte as u64), 1);
    let mut len = 0;
    while let Some(chunk) = text[len..].first_chunk() {
        let word = u64::from_le_bytes(*chunk);
        let found = below(word, 0x20) | equal(word, b'"') | equal(word, b'\\');
        if found != 0 {
            return len + found.trailing_zeros() as usize / 8;
        }
        len += 8;
    }
    let rest = &text[len..];
    len + rest.iter().position(|&b| b < 0x20 || b == b'"' || b == b'\\').unwrap_or(rest.len())
}

/// Append what the JSON string starting at `at`, behind its opening quote, means; the position behind its closing quote.
///
/// Bytes outside of escapes are copied as they are, be they UTF-8 or not; half of a surrogate pair becomes U+FFFD.
/// An error is the position and what was expected there.
pub fn unescape(text: &[u8], mut at: usize, out: &mut Vec<u8>) -> Result<usize, (usize, &'static str)> {
    loop {
        let rest = text.get(at..).unwrap_or_default();
        let plain = plain_len(rest);
        let (copied, rest) = rest.split_at(plain);
        out.extend_from_slice(copied);
        at += plain;
        match rest {
            [b'"', ..] => return Ok(at + 1),
            [b'\\', b'u', ..] => {
                let (c, next) = unicode_escape(text, at)?;
                out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                at = next;
            }
            [b'\\', short, ..] => {
                out.push(match short {
                    b'"' | b'\\' | b'/' => *short,
                    b'b' => 8,
                    b'f' => 12,
                    b'n' => b'\n',
                    b'r' => b'\r',
                    b't' => b'\t',
                    _ => return Err((at + 1, "one of \" \\ / b f n r t u after the backslash")),
                });
                at += 2;
            }
            [] | [b'\\'] => return Err((text.len(), "the closing quote of a string")),
            _ => return Err((at, "control characters in strings to be escaped")),
        }
    }
}

/// The character of the `\uXXXX` at `at`, or of it and the one behind it, and the position behind.
fn unicode_escape(text: &[u8], at: usize) -> Result<(char, usize), (usize, &'static str)> {
    let unit = |at: usize| -> Option<u32> {
        let [b'\\', b'u', digits @ ..] = text.get(at..at + 6)? else { return None };
        digits.iter().try_fold(0, |unit, &digit| Some(unit << 4 | (digit as char).to_digit(16)?))
    };
    let first = unit(at).ok_or((at + 2, "four hex digits after \\u"))?;
    if let (0xD800..0xDC00, Some(second @ 0xDC00..0xE000)) = (first, unit(at + 6)) {
        let code = 0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00);
        return Ok((char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER), at + 12));
    }
    Ok((char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER), at + 6))
}

/// Append `text` as a JSON string with its quotes.
pub fn escape(mut text: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    loop {
        let (plain, rest) = text.split_at(plain_len(text));
        out.extend_from_slice(plain);
        let Some((&special, rest)) = rest.split_first() else { break };
        match special {
            b'"' | b'\\' => out.extend_from_slice(&[b'\\', special]),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            _ => {
                out.extend_from_slice(b"\\u00");
                write_hex(&[special], out);
            }
        }
        text = rest;
    }
    out.push(b'"');
}

const HEX: &[u8; 16] = b"0123456789abcdef";

/// Append `bytes` in lower-case hex.
pub fn write_hex(bytes: &[u8], out: &mut Vec<u8>) {
    out.extend(bytes.iter().flat_map(|b| [HEX[(b >> 4) as usize], HEX[(b & 15) as usize]]));
}

/// Append what hex `text` of either case means; None, and nothing appended, if it is none.
pub fn read_hex(text: &[u8], out: &mut Vec<u8>) -> Option<()> {
    const VALUES: [u8; 256] = values(HEX, b"0123456789ABCDEF");
    let pairs = text.chunks_exact(2);
    if !pairs.remainder().is_empty() {
        return None;
    }
    let start = out.len();
    let mut bad = 0;
    out.extend(pairs.map(|pair| {
        let (high, low) = (VALUES[pair[0] as usize], VALUES[pair[1] as usize]);
        bad |= high | low;
        high << 4 | low
    }));
    if bad == INVALID {
        out.truncate(start);
        return None;
    }
    Some(())
}

const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const BASE64_URL: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// Append `bytes` in padded standard base64.
pub fn write_base64(bytes: &[u8], out: &mut Vec<u8>) {
    for group in bytes.chunks(3) {
        let bits = group.iter().fold(0, |bits, &b| bits << 8 | b as usize) << (8 * (3 - group.len()));
        let mut digits = [18, 12, 6, 0].map(|shift| BASE64[bits >> shift & 63]);
        digits[group.len() + 1..].fill(b'=');
        out.extend_from_slice(&digits);
    }
}

/// Append what base64 `text` of either alphabet, padded or not, means; None if it is none.
pub fn read_base64(text: &[u8], out: &mut Vec<u8>) -> Option<()> {
    const VALUES: [u8; 256] = values(BASE64, BASE64_URL);
    let padding = text.iter().rev().take(2).take_while(|&&b| b == b'=').count();
    let digits = &text[..text.len() - padding];
    if digits.len() % 4 == 1 || padding != 0 && text.len() & 3 != 0 {
        return None;
    }
    for group in digits.chunks(4) {
        let mut bits = 0;
        for &digit in group {
            let value = VALUES[digit as usize];
            if value == INVALID {
                return None;
            }
            bits = bits << 6 | value as u32;
        }
        let bytes = (bits << (6 * (4 - group.len()) + 8)).to_be_bytes();
        out.extend_from_slice(&bytes[..group.len() * 3 / 4]);
    }
    Some(())
}

const INVALID: u8 = 255;

/// The value of each digit of two alphabets.
const fn values(one: &[u8], other: &[u8]) -> [u8; 256] {
    let mut values = [INVALID; 256];
    let mut i = 0;
    while i < one.len() {
        values[one[i] as usize] = i as u8;
        values[other[i] as usize] = i as u8;
        i += 1;
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meant(json: &[u8]) -> Result<String, (usize, &'static str)> {
        let mut out = Vec::new();
        let end = unescape(json, 1, &mut out)?;
        assert_eq!(end, json.len());
        Ok(String::from_utf8(out).unwrap())
    }

    #[test]
    fn plain_len_finds_the_first_special_byte_at_every_offset() {
        for special in [b'"', b'\\', 0, 0x1f] {
            for len in 0..40 {
                let mut text = vec![0xff; len];
                assert_eq!(plain_len(&text), len);
                text.push(special);
                text.extend_from_slice(b"\x01\x21\"\\rest\x7f\x80");
                assert_eq!(plain_len(&text), len);
            }
        }
    }

    #[test]
    fn every_byte_survives_escaping() {
        let text: String = (0..=0x2ff).filter_map(char::from_u32).collect();
        let mut json = Vec::new();
        escape(text.as_bytes(), &mut json);
        assert_eq!(meant(&json), Ok(text));
    }

    #[test]
    fn half_surrogate_pairs_become_replacement_characters() {
        for (json, text) in [
            (r#""\uD83D\uDE00""#, "😀"),
            (r#""\ud83d""#, "\u{fffd}"),
            (r#""\uDE00\uD83D""#, "\u{fffd}\u{fffd}"),
            (r#""\uD83D\uD83D\uDE00""#, "\u{fffd}😀"),
            (r#""\uD83Dx\u0041\/""#, "\u{fffd}xA/"),
        ] {
            assert_eq!(meant(json.as_bytes()).as_deref(), Ok(text), "{json}");
        }
        for json in [r#""\u12g4""#, r#""\u12"#, r#""\x""#, r#""\"#, r#"""#, "\"\n\"", "\"abc"] {
            assert!(meant(json.as_bytes()).is_err(), "{json}");
        }
    }

    #[test]
    fn base64_of_every_length_and_form() {
        for len in 0..9 {
            let bytes: Vec<u8> = (0..len).map(|i| 0xf7 + i).collect();
            let mut text = Vec::new();
            write_base64(&bytes, &mut text);
            let url = String::from_utf8(text.clone()).unwrap().replace('+', "-").replace('/', "_").into_bytes();
            let bare = text.iter().filter(|b| **b != b'=').copied().collect();
            for form in [text, url, bare] {
                let mut back = Vec::new();
                assert_eq!(read_base64(&form, &mut back), Some(()));
                assert_eq!(back, bytes);
            }
        }
        for bad in ["A", "AB=", "AB===", "A===", "=", "AB C", "AAAAA", "AA==AA=="] {
            assert_eq!(read_base64(bad.as_bytes(), &mut Vec::new()), None, "{bad}");
        }
    }

    #[test]
    fn hex_of_either_case_and_nothing_else() {
        let mut out = b"before".to_vec();
        assert_eq!(read_hex(b"00aFFa", &mut out), Some(()));
        for bad in ["0", "0g", "é", "  "] {
            assert_eq!(read_hex(bad.as_bytes(), &mut out), None, "{bad}");
        }
        assert_eq!(out, b"before\x00\xaf\xfa");
    }
}
