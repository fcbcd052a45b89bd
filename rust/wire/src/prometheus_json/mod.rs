//! Series and their samples as Prometheus' HTTP API writes them: values are strings, times are seconds.
//!
//! What the functions append are the elements of `result`, with commas between them and no brackets around them.
//! Format: <https://prometheus.io/docs/prometheus/latest/querying/api/#expression-query-result-formats>

mod value;

pub use value::write_value;

use self::value::{SAMPLE, millionths, put, put_value};
use crate::json::number::write_unsigned;
use crate::json::text::escape;

/// A native histogram: what is in it, and its buckets that are not empty, lowest first.
pub struct Histogram {
    pub count: f64,
    pub sum: f64,
    pub buckets: Vec<Bucket>,
}

/// `rule`: which ends belong to it; 0 the upper, 1 the lower, 2 none, 3 both.
pub struct Bucket {
    pub rule: u8,
    pub lower: f64,
    pub upper: f64,
    pub count: f64,
}

/// Label sets as JSON objects.
pub trait Labels {
    fn count(&self) -> usize;
    fn write(&mut self, row: usize, out: &mut Vec<u8>);
}

/// Series that share their moments, row by row.
pub struct Table<'a> {
    pub times_ms: &'a [i64],
    /// Little-endian doubles, a row for each series.
    pub values: &'a [u8],
    /// For each value, whether it counts; `None`: all do.
    pub present: Option<&'a [u8]>,
    /// Row, column and what stands there; in this order.
    pub histograms: &'a [(usize, usize, Histogram)],
}

impl Table<'_> {
    /// Whether all parts are as large as they have to be for so many series.
    pub fn is_whole(&self, series: usize) -> bool {
        let cells = series * self.times_ms.len();
        self.values.len() == cells * 8
            && self.present.is_none_or(|present| present.len() == cells)
            && self.histograms.iter().all(|each| each.0 < series && each.1 < self.times_ms.len())
            && self.histograms.is_sorted_by_key(|each| (each.0, each.1))
    }

    /// `{"metric":{…},"values":[[1,"2"],…],"histograms":[…]},…`; the table must be whole.
    pub fn write_matrix(&self, labels: &mut impl Labels, out: &mut Vec<u8>) {
        let times = Times::new(self.times_ms);
        let width = self.times_ms.len();
        let mut histograms = self.histograms;
        let mut line = Line { bytes: [0; LINE + ABREAST * SAMPLE], at: 0 };
        out.reserve(self.values.len() * 4);
        for row in 0..labels.count() {
            separate(out, row > 0, b"{\"metric\":");
            labels.write(row, out);
            let cells = row * width..(row + 1) * width;
            let present = self.present.map(|present| &present[cells.clone()]);
            line.put_values(&times, &self.values[cells.start * 8..cells.end * 8], present, out);
            let here = histograms.partition_point(|each| each.0 == row);
            for (number, (_, column, histogram)) in histograms[..here].iter().enumerate() {
                out.extend_from_slice(if number == 0 { b",\"histograms\":[" } else { b"," });
                times.open(*column, out);
                write_histogram(histogram, out);
                out.push(b']');
            }
            if here > 0 {
                out.push(b']');
            }
            histograms = &histograms[here..];
            out.push(b'}');
        }
    }

    /// `{"metric":{…},"value":[1,"2"]},…` of the first moment; the table must be whole and have one.
    pub fn write_vector(&self, labels: &mut impl Labels, out: &mut Vec<u8>) {
        let times = Times::new(self.times_ms);
        let mut histograms = self.histograms.iter().peekable();
        for (row, value) in self.values.as_chunks().0.iter().enumerate() {
            separate(out, row > 0, b"{\"metric\":");
            labels.write(row, out);
            if let Some((_, column, histogram)) = histograms.next_if(|each| each.0 == row) {
                out.extend_from_slice(b",\"histogram\":");
                times.open(*column, out);
                write_histogram(histogram, out);
            } else {
                out.extend_from_slice(b",\"value\":");
                times.open(0, out);
                write_value(f64::from_le_bytes(*value), out);
            }
            out.extend_from_slice(b"]}");
        }
    }
}

/// Texts `[seconds,` of all moments, written once; each with room behind it, so that all are copied in one piece.
struct Times(Vec<([u8; TIME], usize)>);

/// Of `[-9223372036854775.808,"`.
const TIME: usize = 24;

impl Times {
    fn new(times_ms: &[i64]) -> Times {
        let mut text = Vec::with_capacity(TIME);
        let padded = |time: &i64| {
            text.clear();
            text.push(b'[');
            write_time(*time, &mut text);
            text.push(b',');
            let len = text.len();
            text.resize(TIME, b'"');
            (text.first_chunk().copied().unwrap_or([0; TIME]), len)
        };
        Times(times_ms.iter().map(padded).collect())
    }

    fn open(&self, column: usize, out: &mut Vec<u8>) {
        let (text, len) = &self.0[column];
        out.extend_from_slice(&text[..*len]);
    }
}

/// Bytes that wait until they are many, so that each few need not be asked whether there is room for them.
struct Line {
    bytes: [u8; LINE + ABREAST * SAMPLE],
    at: usize,
}

const LINE: usize = 4_096;
/// Numbers that are looked at side by side.
const ABREAST: usize = 32;

impl Line {
    /// `,"values":[…]`, if there are any.
    fn put_values(&mut self, times: &Times, values: &[u8], present: Option<&[u8]>, out: &mut Vec<u8>) {
        if present.is_some_and(|present| !present.contains(&1)) || values.is_empty() {
            return;
        }
        out.extend_from_slice(b",\"values\":[");
        let mut numbers = [0.0; ABREAST];
        for (group, values) in values.as_chunks().0.chunks(ABREAST).enumerate() {
            numbers.iter_mut().zip(values).for_each(|(number, bytes)| *number = f64::from_le_bytes(*bytes));
            let millionths = numbers.map(millionths);
            for (at, column) in (0..values.len()).zip(group * ABREAST..) {
                if present.is_none_or(|present| present[column] != 0) {
                    self.put_sample(&times.0[column], numbers[at], millionths[at]);
                }
            }
            if self.at >= LINE {
                self.flush(out);
            }
        }
        self.flush(out);
        // In place of the last comma.
        out.pop();
        out.push(b']');
    }

    fn flush(&mut self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.bytes[..self.at]);
        self.at = 0;
    }

    /// `[time,"value"],`; `millionths` are those of the value.
    #[inline]
    fn put_sample(&mut self, (time, len): &([u8; TIME], usize), value: f64, millionths: u64) {
        let place = &mut self.bytes[self.at..self.at + SAMPLE];
        put(place, 0, *time);
        let end = len + put_value(value, millionths, &mut place[*len..]);
        put(place, end, *b"],");
        self.at += end + 2;
    }
}

/// `"name":"value"`.
pub fn write_label(name: &[u8], value: &[u8], out: &mut Vec<u8>) {
    escape(name, out);
    out.push(b':');
    escape(value, out);
}

/// Seconds with a fraction of three digits, or without one.
pub fn write_time(ms: i64, out: &mut Vec<u8>) {
    if ms < 0 {
        out.push(b'-');
    }
    let (seconds, rest) = (ms.unsigned_abs() / 1000, ms.unsigned_abs() % 1000);
    write_unsigned(seconds, out);
    if rest != 0 {
        out.extend_from_slice(&[b'.', digit(rest / 100), digit(rest / 10 % 10), digit(rest % 10)]);
    }
}

fn digit(value: u64) -> u8 {
    b'0' + value as u8
}

fn write_histogram(histogram: &Histogram, out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"count\":");
    write_value(histogram.count, out);
    out.extend_from_slice(b",\"sum\":");
    write_value(histogram.sum, out);
    for (number, bucket) in histogram.buckets.iter().enumerate() {
        out.extend_from_slice(if number == 0 { b",\"buckets\":[[" } else { b",[" });
        write_unsigned(bucket.rule.into(), out);
        for part in [bucket.lower, bucket.upper, bucket.count] {
            out.push(b',');
            write_value(part, out);
        }
        out.push(b']');
    }
    out.extend_from_slice(if histogram.buckets.is_empty() { b"}" } else { b"]}" });
}

fn separate(out: &mut Vec<u8>, needed: bool, next: &[u8]) {
    if needed {
        out.push(b',');
    }
    out.extend_from_slice(next);
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Labels for &[&str] {
        fn count(&self) -> usize {
            self.len()
        }

        fn write(&mut self, row: usize, out: &mut Vec<u8>) {
            out.extend_from_slice(self[row].as_bytes());
        }
    }

    #[test]
    fn times_have_three_digits_of_a_fraction_or_none() {
        for (ms, text) in [
            (0, "0"),
            (1, "0.001"),
            (1100, "1.100"),
            (-1, "-0.001"),
            (-1500, "-1.500"),
            (1_700_000_000_123, "1700000000.123"),
            (i64::MIN, "-9223372036854775.808"),
        ] {
            let mut out = Vec::new();
            write_time(ms, &mut out);
            assert_eq!(String::from_utf8(out).unwrap(), text);
        }
    }

    #[test]
    fn a_matrix_has_values_where_they_are_present_and_histograms_behind_them() {
        let values: Vec<u8> = [1.0, 2.0, 3.0, 4.0].iter().flat_map(|each: &f64| each.to_le_bytes()).collect();
        let bucket = Bucket { rule: 3, lower: -0.5, upper: 0.5, count: 2.0 };
        let full = Histogram { count: 2.0, sum: 1.5, buckets: vec![bucket] };
        let table = Table {
            times_ms: &[1000, 2500],
            values: &values,
            present: Some(&[1, 1, 0, 1]),
            histograms: &[(1, 0, full)],
        };
        assert!(table.is_whole(2));
        let mut out = Vec::new();
        table.write_matrix(&mut &["{}", r#"{"a":"b"}"#][..], &mut out);
        assert_eq!(
            String::from_utf8(out).unwrap(),
            concat!(
                r#"{"metric":{},"values":[[1,"1"],[2.500,"2"]]},"#,
                r#"{"metric":{"a":"b"},"values":[[2.500,"4"]],"#,
                r#""histograms":[[1,{"count":"2","sum":"1.5","buckets":[[3,"-0.5","0.5","2"]]}]]}"#
            )
        );
    }

    #[test]
    fn a_vector_has_one_value_or_histogram_a_series() {
        let empty = Histogram { count: 0.0, sum: f64::NAN, buckets: Vec::new() };
        let table = Table { times_ms: &[1], values: &[0; 16], present: Some(&[1, 0]), histograms: &[(1, 0, empty)] };
        let mut out = Vec::new();
        table.write_vector(&mut &["{}", "{}"][..], &mut out);
        assert_eq!(
            String::from_utf8(out).unwrap(),
            r#"{"metric":{},"value":[0.001,"0"]},{"metric":{},"histogram":[0.001,{"count":"0","sum":"NaN"}]}"#
        );
    }

    #[test]
    fn labels_are_escaped() {
        let mut out = Vec::new();
        write_label(b"a\"b", "é\n".as_bytes(), &mut out);
        assert_eq!(String::from_utf8(out).unwrap(), r#""a\"b":"é\n""#);
    }

    #[test]
    fn a_table_with_parts_of_other_sizes_is_not_whole() {
        let table = Table { times_ms: &[1], values: &[0; 8], present: Some(&[1]), histograms: &[] };
        assert!(table.is_whole(1));
        assert!(!Table { values: &[0; 7], ..table }.is_whole(1));
        assert!(!Table { present: Some(&[]), ..table }.is_whole(1) && !table.is_whole(2));
    }
}
