//! Numbers of OTLP/JSON: whole numbers in any spelling of JSON, exactly, and doubles.

use std::io::Write;

/// The end of the JSON number (RFC 8259, 6) that starts at `at`; an error is the position and what was expected there.
pub fn number_end(text: &[u8], mut at: usize) -> Result<usize, (usize, &'static str)> {
    let is = |at: usize, set: &[u8]| text.get(at).is_some_and(|b| set.contains(b));
    let digits = |start: usize| match text.iter().skip(start).take_while(|b| b.is_ascii_digit()).count() {
        0 => Err((start.min(text.len()), "a digit")),
        n => Ok(start + n),
    };
    at += is(at, b"-") as usize;
    let start = at;
    at = digits(start)?;
    if at > start + 1 && is(start, b"0") {
        return Err((start, "a number without leading zeros"));
    }
    if is(at, b".") {
        at = digits(at + 1)?;
    }
    if is(at, b"eE") {
        at = digits(at + 1 + is(at + 1, b"+-") as usize)?;
    }
    Ok(at)
}

/// The value of a decimal number, also like `1.50e1`; None if it isn't one, isn't whole or has more than 64 bits.
pub fn read_integer(text: &[u8]) -> Option<i128> {
    let unsigned = text.strip_prefix(b"-").unwrap_or(text);
    let digits = unsigned.iter().all(u8::is_ascii_digit);
    let magnitude = match unsigned.len() {
        0 => None,
        1..=19 if digits => Some(unsigned.iter().fold(0, |value, digit| 10 * value + u64::from(digit - b'0'))),
        _ => read_whole(std::str::from_utf8(unsigned).ok()?),
    };
    let magnitude = i128::from(magnitude?);
    Some(if unsigned.len() < text.len() { -magnitude } else { magnitude })
}

/// The value of decimal digits, with a fraction, an exponent, both or none, if it is whole.
fn read_whole(text: &str) -> Option<u64> {
    let (decimal, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (whole, fraction) = decimal.split_once('.').unwrap_or((decimal, "0"));
    if whole.is_empty() || fraction.is_empty() {
        return None;
    }
    let fraction = fraction.trim_end_matches('0');
    let mut value = whole.bytes().chain(fraction.bytes()).try_fold(0u128, |value, digit| {
        let digit = char::from(digit).to_digit(10)?;
        value.checked_mul(10)?.checked_add(digit.into())
    })?;
    let exponent: i32 = exponent.parse().ok()?;
    let mut shift = exponent.checked_sub(i32::try_from(fraction.len()).ok()?)?;
    while shift != 0 && value != 0 {
        if shift > 0 {
            value = value.checked_mul(10)?;
        } else if value % 10 == 0 {
            value /= 10;
        } else {
            return None;
        }
        shift -= shift.signum();
    }
    u64::try_from(value).ok()
}

/// The value of a JSON number or of protobuf's three words for doubles that JSON has no number for.
pub fn read_double(text: &[u8]) -> Option<f64> {
    match text {
        b"NaN" => Some(f64::NAN),
        b"Infinity" => Some(f64::INFINITY),
        b"-Infinity" => Some(f64::NEG_INFINITY),
        _ if number_end(text, 0) == Ok(text.len()) => std::str::from_utf8(text).ok()?.parse().ok(),
        _ => None,
    }
}

/// Append a double as `read_double` takes it, words in quotes.
pub fn write_double(value: f64, out: &mut Vec<u8>) {
    match value {
        f64::INFINITY => out.extend_from_slice(b"\"Infinity\""),
        f64::NEG_INFINITY => out.extend_from_slice(b"\"-Infinity\""),
        _ if value.is_nan() => out.extend_from_slice(b"\"NaN\""),
        // `Debug` is the shortest text that reads back as the same double, with an exponent where that is shorter.
        _ => write!(out, "{value:?}").expect("a Vec takes all that is written to it"),
    }
}

/// Append a whole number in decimal digits.
pub fn write_integer(value: i64, out: &mut Vec<u8>) {
    if value < 0 {
        out.push(b'-');
    }
    write_unsigned(value.unsigned_abs(), out);
}

/// Append a whole number in decimal digits.
pub fn write_unsigned(mut value: u64, out: &mut Vec<u8>) {
    let mut digits = [0; 20];
    let mut start = digits.len();
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + (value % 10) as u8;
        value /= 10;
        start -= 1;
        if value == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[start..]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_are_exact_in_every_spelling() {
        for (text, value) in [
            ("0", 0),
            ("-0", 0),
            ("007", 7),
            ("18446744073709551615", u64::MAX as i128),
            ("-9223372036854775808", i64::MIN as i128),
            ("9007199254740993.000000000000000000000000000", 9007199254740993),
            ("1.8446744073709551615e19", u64::MAX as i128),
            ("1844674407370955161500.0e-2", u64::MAX as i128),
            ("00018446744073709551615", u64::MAX as i128),
            ("12E+2", 1200),
            ("-1.50e1", -15),
            ("120e-1", 12),
            ("0e999999999", 0),
            ("0.0e-999999999", 0),
        ] {
            assert_eq!(read_integer(text.as_bytes()), Some(value), "{text}");
        }
        for text in [
            "",
            "-",
            "+1",
            "--1",
            "1.",
            ".5",
            "1.5",
            "1e",
            "1e-1",
            "1e20",
            "1e99999999999",
            "18446744073709551616",
            "0x1",
            "1_0",
            " 1",
            "1 ",
            "NaN",
            "1e5.0",
            "1.-5",
            "é",
        ] {
            assert_eq!(read_integer(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn whole_numbers_are_written_to_their_ends() {
        for value in [0, 9, 10, -1, 1 << 53, i64::MAX, i64::MIN] {
            let mut out = Vec::new();
            write_integer(value, &mut out);
            assert_eq!(out, value.to_string().into_bytes());
        }
        let mut out = Vec::new();
        write_unsigned(u64::MAX, &mut out);
        assert_eq!(out, u64::MAX.to_string().into_bytes());
    }

    #[test]
    fn doubles_read_back_as_written() {
        for value in
            [0.0, -0.0, 0.1, 1e300, -1e-300, f64::MAX, f64::MIN_POSITIVE, 5e-324, 1e16, f64::INFINITY, f64::NAN]
        {
            let mut out = Vec::new();
            write_double(value, &mut out);
            let text = out.strip_prefix(b"\"").and_then(|t| t.strip_suffix(b"\"")).unwrap_or(&out);
            assert_eq!(read_double(text).map(f64::to_bits), Some(value.to_bits()), "{value}");
        }
        for text in ["", "nan", "inf", "infinity", "+1", "1.", ".5", "01", "1e", "-", "1 "] {
            assert_eq!(read_double(text.as_bytes()), None, "{text}");
        }
    }
}
