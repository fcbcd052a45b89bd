//! Rows of numbers are written many at a time, and are the same as one by one.

use otelier_wire::prometheus_json::{Labels, Table, write_time, write_value};

struct Same(usize);

impl Labels for Same {
    fn count(&self) -> usize {
        self.0
    }

    fn write(&mut self, _row: usize, out: &mut Vec<u8>) {
        out.extend_from_slice(b"{}");
    }
}

/// Decimals of all lengths, numbers that are none, and what has a text of its own.
fn numbers(count: usize) -> Vec<f64> {
    let mut state: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    let odd = [0.0, -0.0, f64::NAN, f64::INFINITY, -f64::INFINITY, 5e-324, 1e300, 1e21, 1e16, 1e-5, 1e-6];
    let mut number = |at: usize| {
        let (digits, places) = (next() % 16, next() % 8);
        let decimal = (next() % 10u64.pow(digits as u32)) as f64 / 10f64.powi(places as i32);
        match at % 5 {
            0 => odd[at / 5 % odd.len()],
            1 => f64::from_bits(next()),
            2 => -decimal,
            3 => decimal.sqrt(),
            _ => decimal,
        }
    };
    (0..count).map(&mut number).collect()
}

#[test]
fn a_row_is_what_its_numbers_are_one_by_one() {
    for (rows, width) in [(1, 1), (3, 31), (3, 32), (2, 33), (5, 241)] {
        let values = numbers(rows * width);
        let bytes: Vec<u8> = values.iter().flat_map(|each| each.to_le_bytes()).collect();
        let times: Vec<i64> = (0..width as i64).map(|at| 1_700_000_000_000 + 15_001 * at).collect();
        let some: Vec<u8> = (0..values.len()).map(|at| u8::from(at % 7 != 3)).collect();
        for present in [None, Some(&some[..])] {
            let mut out = Vec::new();
            Table { times_ms: &times, values: &bytes, present, histograms: &[] }
                .write_matrix(&mut Same(rows), &mut out);
            let mut wanted = Vec::new();
            for row in 0..rows {
                wanted.extend_from_slice(if row == 0 {
                    b"{\"metric\":{},\"values\":["
                } else {
                    b",{\"metric\":{},\"values\":["
                });
                let mut first = true;
                for (column, time) in times.iter().enumerate() {
                    let cell = row * width + column;
                    if present.is_none_or(|present| present[cell] == 1) {
                        wanted.extend_from_slice(if first { b"[" } else { b",[" });
                        first = false;
                        write_time(*time, &mut wanted);
                        wanted.push(b',');
                        write_value(values[cell], &mut wanted);
                        wanted.push(b']');
                    }
                }
                wanted.extend_from_slice(b"]}");
            }
            assert_eq!(String::from_utf8(out).unwrap(), String::from_utf8(wanted).unwrap());
        }
    }
}

#[test]
fn decimals_have_as_many_digits_as_they_need() {
    for (number, text) in [
        (0.000001, "0.000001"),
        (0.000010, "0.00001"),
        (0.1, "0.1"),
        (-0.5, "-0.5"),
        (0.0, "0"),
        (1.0, "1"),
        (9.0, "9"),
        (10.0, "10"),
        (100.25, "100.25"),
        (9_999.999999, "9999.999999"),
        (10_000.0, "10000"),
        (12_345.6, "12345.6"),
        (100_000.01, "100000.01"),
        (999_999_999.999999, "999999999.999999"),
        (1_000_000_000.5, "1000000000.5"),
        (-1_000_000_000.0, "-1000000000"),
        (0.1234567, "0.1234567"),
        (50.034_499_999_999_994, "50.034499999999994"),
    ] {
        let mut out = Vec::new();
        write_value(number, &mut out);
        assert_eq!(String::from_utf8(out).unwrap(), format!("\"{text}\""));
    }
}

#[test]
fn every_number_reads_back() {
    for number in numbers(200_000).into_iter().filter(|number| number.is_finite()) {
        let mut out = Vec::new();
        write_value(number, &mut out);
        let text = String::from_utf8(out).unwrap();
        assert_eq!(text.trim_matches('"').parse::<f64>().unwrap().to_bits(), number.to_bits(), "{text}");
    }
}
