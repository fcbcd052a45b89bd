//! How many spans a sampled one stands for, by the threshold in its W3C tracestate (`ot=th:…`).
//!
//! Source: <https://opentelemetry.io/docs/specs/otel/trace/tracestate-probability-sampling/>. A threshold of 14
//! hexadecimal digits, trailing zeros left out, rejects so many of 2^56.

const THRESHOLDS: u64 = 1 << 56;

/// The spans that this one stands for; None where it doesn't say. What is no whole number is rounded up or down with
/// the right probability; the span's own id decides, so that the same span counts the same whenever it is asked.
#[inline]
pub fn adjusted(trace_state: &[u8], span_id: &[u8]) -> Option<u64> {
    if trace_state.is_empty() {
        return None;
    }
    // Subtracted as integers: the greatest threshold is one less than 2^56, and a double has no room for that.
    let count = THRESHOLDS as f64 / (THRESHOLDS - threshold(trace_state)?) as f64;
    let rest = count.fract() * u64::MAX as f64;
    let random = mixed(u64::from_le_bytes(span_id.try_into().unwrap_or_default()));
    Some(count as u64 + u64::from((random as f64) < rest))
}

fn threshold(trace_state: &[u8]) -> Option<u64> {
    let mut members = trace_state.split(|byte| *byte == b',').map(|member| member.trim_ascii());
    let ours = members.find_map(|member| member.strip_prefix(b"ot="))?;
    let digits = ours.split(|byte| *byte == b';').find_map(|field| field.strip_prefix(b"th:"))?;
    if digits.is_empty() || digits.len() > 14 {
        return None;
    }
    let mut threshold = 0;
    for digit in digits {
        let digit = match digit {
            b'0'..=b'9' => digit - b'0',
            b'a'..=b'f' => digit - b'a' + 10,
            _ => return None,
        };
        threshold = threshold << 4 | u64::from(digit);
    }
    Some(threshold << (4 * (14 - digits.len())))
}

/// The finalizer of splitmix64 (Steele, Lea, Flood 2014): every bit of the id moves every bit of the result.
fn mixed(mut bits: u64) -> u64 {
    bits = (bits ^ bits >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ bits >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ bits >> 31
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thresholds_say_how_many_spans_one_stands_for() {
        let cases = [
            ("ot=th:8", Some(2)),
            ("foo=1, ot=rv:ffffffffffffff;th:c ,bar=2", Some(4)),
            ("ot=th:0", Some(1)),
            ("ot=th:ffffffffffffff", Some(1 << 56)),
            ("ot=th:fffffffffffffe", Some(1 << 55)),
            ("ot=th:", None),
            ("ot=th:8x", None),
            ("ot=th:123456789abcdef", None),
            ("ot=rv:1", None),
            ("th:8", None),
            ("", None),
        ];
        for (state, expected) in cases {
            assert_eq!(adjusted(state.as_bytes(), &[1; 8]), expected, "{state}");
        }
    }

    #[test]
    fn fractions_come_out_right_on_the_average() {
        let spans = 0u64..30_000;
        let total: u64 =
            spans.map(|id| adjusted(b"ot=th:4", &id.wrapping_mul(77_777_777).to_le_bytes()).unwrap()).sum();
        assert!((39_500..40_500).contains(&total), "{total}");
    }
}
