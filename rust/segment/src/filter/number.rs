//! Integers and doubles: compared exactly, and doubles as text.

use std::cmp::Ordering;
use std::fmt::Write;

/// Compares without rounding the integer; `None` for NaN.
pub fn compare(int: i128, double: f64) -> Option<Ordering> {
    if double.is_nan() {
        return None;
    }
    // Casting saturates, and 2^127 lies far beyond every integer of ours.
    let whole = double.trunc() as i128;
    let fraction = double.fract();
    Some(int.cmp(&whole).then(if fraction > 0.0 {
        Ordering::Less
    } else if fraction < 0.0 {
        Ordering::Greater
    } else {
        Ordering::Equal
    }))
}

/// The shortest decimal that reads back as the same double; exponents as JavaScript and Go's JSON write them.
pub fn double_text(double: f64) -> String {
    let size = double.abs();
    let mut text = String::new();
    if double.is_nan() {
        return "NaN".into();
    } else if double.is_infinite() {
        return if double > 0.0 { "+Inf" } else { "-Inf" }.into();
    } else if size != 0.0 && !(1e-6..1e21).contains(&size) {
        let _ = write!(text, "{double:e}");
        if size > 1.0 {
            text = text.replace('e', "e+");
        }
    } else {
        let _ = write!(text, "{double}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comparing_rounds_nothing() {
        assert_eq!(compare(9_007_199_254_740_993, 9_007_199_254_740_992.0), Some(Ordering::Greater));
        assert_eq!(compare(3, 3.5), Some(Ordering::Less));
        assert_eq!(compare(-3, -3.5), Some(Ordering::Greater));
        assert_eq!(compare(3, 3.0), Some(Ordering::Equal));
        assert_eq!(compare(i128::from(u64::MAX), f64::INFINITY), Some(Ordering::Less));
        assert_eq!(compare(0, f64::NAN), None);
    }

    #[test]
    fn doubles_have_their_shortest_form() {
        let cases = [
            (72.5, "72.5"),
            (1.0, "1"),
            (-0.1, "-0.1"),
            (1e20, "100000000000000000000"),
            (1e21, "1e+21"),
            (1e-7, "1e-7"),
        ];
        for (double, text) in cases {
            assert_eq!(double_text(double), text);
        }
    }
}
