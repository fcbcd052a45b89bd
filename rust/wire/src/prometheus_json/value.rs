//! Numbers as Go writes them in JSON: the shortest digits that read back, without an exponent where that is readable.

/// More than `[time,"value"],` ever is.
pub(super) const SAMPLE: usize = 96;

/// A number in quotes: the shortest digits that read back as the same, fixed from 1e-6 to below 1e21.
pub fn write_value(value: f64, out: &mut Vec<u8>) {
    let mut text = [0; SAMPLE];
    let len = put_value(value, millionths(value), &mut text);
    out.extend_from_slice(&text[..len]);
}

/// Some bytes at a place that is large enough, moved as one word.
#[inline(always)]
pub(super) fn put<const N: usize>(out: &mut [u8], at: usize, text: [u8; N]) {
    if let Some(place) = out[at..].first_chunk_mut() {
        *place = text;
    }
}

/// As [`write_value`], in a place that is large enough; how many bytes it takes.
#[inline]
pub(super) fn put_value(value: f64, millionths: u64, out: &mut [u8]) -> usize {
    out[0] = b'"';
    let mut at = 1;
    if millionths != NO_DECIMAL {
        out[1] = b'-';
        at += usize::from(value < 0.0);
        at += put_digits((millionths / 1_000_000) as u32, &mut out[at..]);
        at += put_fraction((millionths % 1_000_000) as u32, &mut out[at..]);
    } else if (1e-5..1e16).contains(&value.abs()) {
        // Here it has no exponent, only a fraction that whole numbers do without.
        let mut buffer = zmij::Buffer::new();
        let text = buffer.format_finite(value).as_bytes();
        let text = text.strip_suffix(b".0").unwrap_or(text);
        at += put_text(text, &mut out[at..]);
    } else {
        at += put_text(rare(value).as_bytes(), &mut out[at..]);
    }
    out[at] = b'"';
    at + 1
}

/// In place of millionths, of a number that is to be written another way.
const NO_DECIMAL: u64 = u64::MAX;

/// A number with at most six digits behind the point and not more than 15 in all, its sign apart, in millionths: no
/// other text of so few digits is the same number, so that this one, without its last zeros, is the shortest.
///
/// Without branches, so that many are looked at side by side.
#[inline]
pub(super) fn millionths(value: f64) -> u64 {
    const MOST: f64 = 1e9;
    /// Beside it numbers below 2^52 are whole, and their bits are its last ones.
    const WHOLE: f64 = (1u64 << 52) as f64;
    let size = value.abs();
    let beside = size * 1e6 + WHOLE;
    // Division of two numbers that are exact is right to the last bit, as reading the text would be.
    let same = (beside - WHOLE) / 1e6 == size;
    let is_decimal = same & (size < MOST) & (value.to_bits() != (-0.0f64).to_bits());
    if is_decimal { beside.to_bits() ^ WHOLE.to_bits() } else { NO_DECIMAL }
}

static PAIRS: [[u8; 2]; 100] = {
    let mut pairs = [[0; 2]; 100];
    let mut at = 0;
    while at < 100 {
        pairs[at] = [b'0' + (at / 10) as u8, b'0' + (at % 10) as u8];
        at += 1;
    }
    pairs
};

/// Of its last two digits.
#[inline]
fn pair(number: u32) -> [u8; 2] {
    PAIRS[(number % 100) as usize]
}

/// How many bytes a point and so many millionths take, without zeros at the end and none of nothing.
#[inline]
fn put_fraction(millionths: u32, out: &mut [u8]) -> usize {
    let ([a, b], [c, d], [e, f]) = (pair(millionths / 10_000), pair(millionths / 100), pair(millionths));
    let text = [b'.', a, b, c, d, e, f, b'0'];
    put(out, 0, text);
    let digits = (u64::from_le_bytes(text) >> 8) ^ 0x0030_3030_3030_3030;
    let count = 8 - digits.leading_zeros() as usize / 8;
    count + usize::from(count > 0)
}

/// How many digits a number has, which are put there.
#[inline]
fn put_digits(number: u32, out: &mut [u8]) -> usize {
    if number < 10_000 {
        let ([a, b], [c, d]) = (pair(number / 100), pair(number));
        let text = u32::from_le_bytes([a, b, c, d]);
        // The last digit stays, also of 0.
        let zeros = (text ^ 0x0030_3030).trailing_zeros() as usize / 8;
        put(out, 0, (text >> (8 * zeros)).to_le_bytes());
        return 4 - zeros;
    }
    let count = number.ilog10() as usize + 1;
    let mut left = number;
    let mut at = count;
    while at >= 2 {
        put(out, at - 2, pair(left));
        left /= 100;
        at -= 2;
    }
    if at == 1 {
        out[0] = b'0' + left as u8;
    }
    count
}

/// A text, most often of 16 to 24 bytes, which are moved as words.
#[inline]
fn put_text(text: &[u8], out: &mut [u8]) -> usize {
    if let (Some(first), Some(last), ..=24) = (text.first_chunk::<16>(), text.last_chunk::<8>(), text.len()) {
        put(out, 0, *first);
        put(out, text.len() - 8, *last);
    } else {
        out[..text.len()].copy_from_slice(text);
    }
    text.len()
}

#[cold]
fn rare(value: f64) -> String {
    let size = value.abs();
    if value.is_nan() {
        "NaN".into()
    } else if size == f64::INFINITY {
        if value > 0.0 { "+Inf".into() } else { "-Inf".into() }
    } else if size == 0.0 || (1e-6..1e21).contains(&size) {
        value.to_string()
    } else {
        let text = format!("{value:e}");
        let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        let (sign, exponent) = exponent.strip_prefix('-').map_or(('+', exponent), |positive| ('-', positive));
        format!("{digits}e{sign}{exponent:0>2}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(value: f64) -> String {
        let mut out = Vec::new();
        write_value(value, &mut out);
        String::from_utf8(out).unwrap().trim_matches('"').to_owned()
    }

    #[test]
    fn values_are_fixed_between_their_bounds_and_have_an_exponent_beyond() {
        for (number, text) in [
            (0.0, "0"),
            (-0.0, "-0"),
            (1.0, "1"),
            (-12.5, "-12.5"),
            (0.1 + 0.2, "0.30000000000000004"),
            (1e-6, "0.000001"),
            (1.5e-6, "0.0000015"),
            (1e-6f64.next_down(), "9.999999999999997e-07"),
            (1e-100, "1e-100"),
            (123456789e3, "123456789000"),
            (1e15, "1000000000000000"),
            (1e16, "10000000000000000"),
            (1e20, "100000000000000000000"),
            (999999999999999900000.0, "999999999999999900000"),
            (1e21, "1e+21"),
            (-1.25e300, "-1.25e+300"),
            (5e-324, "5e-324"),
            (f64::INFINITY, "+Inf"),
            (f64::NEG_INFINITY, "-Inf"),
            (f64::NAN, "NaN"),
            (f64::from_bits(0x7ff0000000000002), "NaN"),
        ] {
            assert_eq!(value(number), text);
        }
    }

    #[test]
    fn values_read_back_and_are_as_short_as_those_of_the_standard_library() {
        let mut bits: u64 = 0x9e3779b97f4a7c15;
        for _ in 0..200_000 {
            bits = bits.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            let number = f64::from_bits(bits);
            for number in [number, (bits % 1_000_000_007) as f64 / 1000.0, (bits >> 20) as f64] {
                if number.is_finite() {
                    let text = value(number);
                    assert_eq!(text.parse::<f64>().unwrap().to_bits(), number.to_bits(), "{text}");
                    let digits = |text: &str| {
                        let mantissa = text.split('e').next().unwrap().replace(['-', '.'], "");
                        mantissa.trim_start_matches('0').trim_end_matches('0').len()
                    };
                    assert_eq!(digits(&text), digits(&format!("{number:e}")), "{text}");
                }
            }
        }
    }
}
