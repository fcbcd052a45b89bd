//! The check of a plain attribute, nearly without branches.
//!
//! Attributes are most of what is sent: some 20 a span, of types and lengths in no order that a
//! processor could guess, so a check that branches on them spends most of its time on wrong guesses.
//! This one reads fixed windows, masks what is not its own, and branches once on the verdict.

const HIGH: u64 = 0x8080_8080_8080_8080;
const WINDOW: usize = 256;
/// Attributes up to this many bytes are looked at in one go.
const SHORT: usize = 48;

/// Kinds of values, as places in a word of four lengths.
const NO_KIND: u8 = 0;
const STRING: u8 = 16;
const VARINT: u8 = 32;
const DOUBLE: u8 = 48;
const NO_LENGTH: u64 = 0xffff;

/// The kind by an AnyValue's tag.
static KINDS: [u8; 256] = {
    let mut kinds = [NO_KIND; 256];
    kinds[0x0a] = STRING;
    kinds[0x10] = VARINT;
    kinds[0x18] = VARINT;
    kinds[0x21] = DOUBLE;
    kinds
};

/// What an attribute's bytes are found to be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Found {
    /// One key and one value: a string, boolean, integer or double; the strings are ASCII.
    Plain,
    /// The same, but these two ranges (key, and string value or nothing) need a closer look.
    Text((usize, usize), (usize, usize)),
    /// Anything else, good or bad.
    Other,
}

/// Looks at the KeyValue in the first `length` bytes of `rest`; what follows it does not matter, but is read.
#[inline(always)]
pub fn look(rest: &[u8], length: usize) -> Found {
    let Some(window) = rest.first_chunk::<WINDOW>() else { return Found::Other };
    let first_len = usize::from(window[1] & 0x7f);
    let second = 2 + first_len;
    let second_len = usize::from(window[second + 1] & 0x7f);
    if (window[1] | window[second + 1]) >= 0x80 || second + 2 + second_len != length {
        return Found::Other;
    }
    let (key, key_len, value, value_len) = match (window[0], window[second]) {
        (0x0a, 0x12) => (0, first_len, second + 2, second_len),
        (0x12, 0x0a) => (second, second_len, 2, first_len),
        _ => return Found::Other,
    };
    let (kind, first_word) = (KINDS[usize::from(window[value])], word(window, value + 1));
    // The first byte without the highest bit ends a varint; the word shows eight, longer ones are left to others.
    let varint_bits = u64::from((!first_word & HIGH).trailing_zeros());
    let varint_len = varint_bits / 8 + 1 + (varint_bits & 64) * 16;
    // The length that a value of each kind must have, 16 bits each: a shift does not guess, an `if` would.
    let lengths = NO_LENGTH | (2 + (first_word & 0xff)) << STRING | (1 + varint_len) << VARINT | 9 << DOUBLE;
    if lengths >> kind & 0xffff != value_len as u64 {
        return Found::Other;
    }
    let is_string = kind == STRING;
    // Tags and lengths under 128 are ASCII as well: of a string attribute, look at all at once.
    let (start, count) = if is_string { (0, length) } else { (key, 2 + key_len) };
    if count <= SHORT && high_bits(window, start, count) == 0 {
        return Found::Plain;
    }
    let text_len = if is_string { value_len - 2 } else { 0 };
    Found::Text((key + 2, key + 2 + key_len), (value + 2, value + 2 + text_len))
}

/// The highest bits of `count` bytes from `start`, at most `SHORT`, in any order.
#[inline(always)]
fn high_bits(window: &[u8; WINDOW], start: usize, count: usize) -> u64 {
    let mask = &MASKS[count.min(SHORT)];
    (0..SHORT / 8).fold(0, |seen, i| seen | word(window, start + 8 * i) & mask[i])
}

#[inline(always)]
fn word(window: &[u8; WINDOW], start: usize) -> u64 {
    match window.get(start..).and_then(|bytes| bytes.first_chunk()) {
        Some(bytes) => u64::from_le_bytes(*bytes),
        None => u64::MAX,
    }
}

/// By a number of bytes: the highest bits of so many of the first bytes of some words.
static MASKS: [[u64; SHORT / 8]; SHORT + 1] = {
    let mut masks = [[0; SHORT / 8]; SHORT + 1];
    let mut count = 0;
    while count <= SHORT {
        let mut byte = 0;
        while byte < count {
            masks[count][byte / 8] |= 0x80 << (8 * (byte % 8));
            byte += 1;
        }
        count += 1;
    }
    masks
};

/// Whether no byte has its highest bit set. Most strings are short: two words that may overlap, no loop.
#[inline(always)]
pub fn is_ascii(bytes: &[u8]) -> bool {
    const WIDE: u128 = (HIGH as u128) << 64 | HIGH as u128;
    if let (Some(first), Some(last)) = (bytes.first_chunk(), bytes.last_chunk()) {
        let ends = u128::from_le_bytes(*first) | u128::from_le_bytes(*last);
        return ends & WIDE == 0 && (bytes.len() <= 32 || bytes[16..bytes.len() - 16].is_ascii());
    }
    if let (Some(first), Some(last)) = (bytes.first_chunk(), bytes.last_chunk()) {
        return (u64::from_le_bytes(*first) | u64::from_le_bytes(*last)) & HIGH == 0;
    }
    bytes.iter().fold(0, |seen, byte| seen | byte) < 0x80
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(tag: u8, content: &[u8]) -> Vec<u8> {
        [&[tag, content.len() as u8], content].concat()
    }

    fn seen(parts: &[&[u8]]) -> Found {
        let attribute = parts.concat();
        look(&[&attribute[..], &[0xff; 2 * WINDOW]].concat(), attribute.len())
    }

    #[test]
    fn every_scalar_value_is_plain_in_either_order() {
        let key = field(0x0a, b"http.status_code");
        let varints =
            [&[0x00][..], &[0x7f], &[0x80, 0x01], &[0xff, 0xff, 0x03], &[0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 1]];
        let mut values: Vec<Vec<u8>> = varints.iter().map(|digits| [&[0x18], *digits].concat()).collect();
        values.extend([vec![0x10, 1], [&[0x21][..], &[0xff; 8]].concat(), field(0x0a, b""), field(0x0a, &[b'x'; 20])]);
        for value in values {
            let value = field(0x12, &value);
            assert_eq!(seen(&[&key, &value]), Found::Plain, "{value:x?}");
            assert_eq!(seen(&[&value, &key]), Found::Plain, "{value:x?}");
        }
    }

    #[test]
    fn high_bytes_and_long_strings_are_looked_at_again() {
        for text in ["é".to_string(), "x".repeat(40), "x".repeat(31) + "é", "x".repeat(120)] {
            let value = field(0x12, &field(0x0a, text.as_bytes()));
            let end = 5 + 2 + 2 + text.len();
            let found = seen(&[&field(0x0a, b"key"), &value]);
            assert_eq!(found, Found::Text((2, 5), (9, end)), "{text}");
            let found = seen(&[&field(0x0a, text.as_bytes()), &field(0x12, &[0x18, 1])]);
            assert_eq!(found == Found::Plain, text.is_ascii() && text.len() < 47, "{text}");
        }
    }

    #[test]
    fn what_is_not_exactly_a_key_and_a_scalar_is_other() {
        let key = field(0x0a, b"key");
        let bad: [&[u8]; 12] = [
            &[],
            &[0x18],
            &[0x18, 0x80],
            &[0x18, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80],
            &[0x18, 0x01, 0x01],
            &[0x18, 0x80, 0x01, 0x01],
            &[0x21, 0, 0, 0, 0, 0, 0, 0],
            &[0x21, 0, 0, 0, 0, 0, 0, 0, 0, 0],
            &[0x0a],
            &[0x0a, 0x01],
            &[0x0a, 0x01, b'x', b'y'],
            &[0x2a, 0x00],
        ];
        for value in bad {
            assert_eq!(seen(&[&key, &field(0x12, value)]), Found::Other, "{value:x?}");
        }
        assert_eq!(seen(&[&key]), Found::Other);
        assert_eq!(seen(&[&key, &key]), Found::Other);
        assert_eq!(seen(&[&key, &field(0x12, &[0x18, 1]), &[0x50, 1]]), Found::Other);
        assert_eq!(look(&[], 0), Found::Other);
    }

    #[test]
    fn ascii_is_told_at_every_length_and_place() {
        for length in 0..100 {
            let text = vec![b'x'; length];
            assert!(is_ascii(&text));
            for at in 0..length {
                let mut text = text.clone();
                text[at] = 0x80;
                assert!(!is_ascii(&text), "{at} of {length}");
            }
        }
    }
}
