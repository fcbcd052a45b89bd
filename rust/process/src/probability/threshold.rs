//! Thresholds and randomness: numbers of 56 bits, written as up to 14 hexadecimal digits.

pub const BITS: u32 = 56;
const DIGITS: i32 = 14;
/// Above every randomness.
pub const NEVER: u64 = 1 << BITS;
pub const ALWAYS: u64 = 0;
pub const RANDOM_MAX: u64 = NEVER - 1;
pub const MIN_PROBABILITY: f64 = 1.0 / NEVER as f64;

/// The probability of staying.
pub fn probability(threshold: u64) -> f64 {
    (NEVER - threshold) as f64 / NEVER as f64
}

/// The threshold of a probability, rounded to `precision` digits behind leading zeros or `f`s; none if there is none.
pub fn of_probability(probability: f64, precision: u32) -> Option<u64> {
    if !(MIN_PROBABILITY..=1.0).contains(&probability) {
        return None;
    }
    if probability == 1.0 {
        return Some(ALWAYS);
    }
    let leading = (-exponent(probability) / 4).max(-exponent(1.0 - probability) / 4);
    let kept = (precision as i32 + leading).min(DIGITS);
    let mut threshold = NEVER - (probability * NEVER as f64).round() as u64;
    let cut = 4 * (DIGITS - kept);
    if cut > 0 {
        threshold = (threshold + (1 << (cut - 1))) >> cut << cut;
    }
    Some(threshold)
}

/// The exponent `e` with value = m × 2ᵉ and m from ½ to 1; 0 for 0.
fn exponent(value: f64) -> i32 {
    match (value.to_bits() >> 52 & 0x7ff) as i32 {
        0 => 0,
        biased => biased - 1022,
    }
}

/// Digits from the left; those that are missing are zero.
pub fn read_threshold(digits: &[u8]) -> Option<u64> {
    let value = hexadecimal(digits)?;
    Some(value << (4 * (DIGITS as usize - digits.len())))
}

/// Exactly 14 digits.
pub fn read_randomness(digits: &[u8]) -> Option<u64> {
    if digits.len() == DIGITS as usize { hexadecimal(digits) } else { None }
}

fn hexadecimal(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() || digits.len() > DIGITS as usize {
        return None;
    }
    digits.iter().try_fold(0, |value, digit| Some(value << 4 | u64::from((*digit as char).to_digit(16)?)))
}

/// Without trailing zeros.
pub fn put_threshold(threshold: u64, out: &mut Vec<u8>) {
    let digits = format!("{threshold:014x}");
    let short = digits.trim_end_matches('0');
    out.extend_from_slice(if short.is_empty() { "0" } else { short }.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(threshold: u64) -> String {
        let mut out = Vec::new();
        put_threshold(threshold, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_probability_has_its_threshold() {
        for (percent, precision, digits) in
            [(100.0, 4, "0"), (50.0, 4, "8"), (25.0, 4, "c"), (20.0, 4, "cccd"), (1.0, 4, "fd70a"), (0.3, 4, "ff3b64")]
        {
            assert_eq!(written(of_probability(percent / 100.0, precision).unwrap()), digits);
        }
        assert_eq!(of_probability(0.0, 4), None);
        assert_eq!(of_probability(1.5, 4), None);
        assert_eq!(of_probability(f64::NAN, 4), None);
    }

    #[test]
    fn what_is_written_is_read_back() {
        for threshold in [0, 1 << 52, 0xc << 52, 0xfd70a << 36, RANDOM_MAX] {
            assert_eq!(read_threshold(written(threshold).as_bytes()), Some(threshold));
        }
        assert_eq!(read_threshold(b""), None);
        assert_eq!(read_threshold(b"+1"), None);
        assert_eq!(read_threshold(b"000000000000000"), None);
        assert_eq!(read_randomness(b"9B8233f7e3a151"), Some(0x9b_8233_f7e3_a151));
        assert_eq!(read_randomness(b"9b8233"), None);
    }
}
