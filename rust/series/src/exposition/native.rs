//! Native histograms of the store as points of an OTLP exponential histogram.

use otelier_wire::protobuf::{Cursor, Value, fields};

use super::put::{bytes, double, fixed64, message, varint};
use crate::record::{unzigzag, zigzag};

/// One side: where runs of buckets are, and what is in them.
#[derive(Default)]
struct Side {
    spans: Vec<(i64, usize)>,
    counts: Vec<u64>,
}

/// Count, sum, scale, zero bucket and buckets of an `io.prometheus.write.v2.Histogram`; nothing of times.
pub fn put_exponential(out: &mut Vec<u8>, native: &[u8]) {
    let (mut negative, mut positive) = (Side::default(), Side::default());
    for field in fields(native) {
        match (field.number, field.value) {
            (1, Value::Varint(count)) => fixed64(out, 4, count),
            (2, Value::Fixed64(bits)) => fixed64(out, 4, f64::from_bits(bits) as u64),
            (3, Value::Fixed64(bits)) => double(out, 5, f64::from_bits(bits)),
            (4, Value::Varint(schema)) => varint(out, 6, schema),
            (5, Value::Fixed64(bits)) => double(out, 14, f64::from_bits(bits)),
            (6, Value::Varint(count)) => fixed64(out, 7, count),
            (7, Value::Fixed64(bits)) => fixed64(out, 7, f64::from_bits(bits) as u64),
            (8, Value::Len(span)) => negative.span(span),
            (9, value) => negative.deltas(value),
            (10, value) => negative.floats(value),
            (11, Value::Len(span)) => positive.span(span),
            (12, value) => positive.deltas(value),
            (13, value) => positive.floats(value),
            _ => {}
        }
    }
    positive.put(out, 8);
    negative.put(out, 9);
}

impl Side {
    fn span(&mut self, span: &[u8]) {
        let (mut offset, mut length) = (0, 0);
        for field in fields(span) {
            match (field.number, field.value) {
                (1, Value::Varint(encoded)) => offset = unzigzag(encoded),
                (2, Value::Varint(count)) => length = count as usize,
                _ => {}
            }
        }
        self.spans.push((offset, length));
    }

    fn deltas(&mut self, value: Value<'_>) {
        let mut add = |encoded: u64| {
            let before = self.counts.last().copied().unwrap_or(0);
            self.counts.push(before.saturating_add_signed(unzigzag(encoded)));
        };
        match value {
            Value::Varint(encoded) => add(encoded),
            Value::Len(packed) => {
                let mut cursor = Cursor::new(packed);
                while let Ok(encoded) = cursor.varint() {
                    add(encoded);
                }
            }
            _ => {}
        }
    }

    fn floats(&mut self, value: Value<'_>) {
        match value {
            Value::Fixed64(bits) => self.counts.push(f64::from_bits(bits) as u64),
            Value::Len(packed) => {
                let counts = packed.chunks_exact(8).map(|c| f64::from_le_bytes(c.try_into().expect("eight bytes")));
                self.counts.extend(counts.map(|count| count as u64));
            }
            _ => {}
        }
    }

    fn put(&self, out: &mut Vec<u8>, number: usize) {
        const MOST: i64 = 1 << 16;
        let Some((first, _)) = self.spans.first() else { return };
        let mut packed = Vec::new();
        let mut counts = self.counts.iter();
        for (n, (gap, length)) in self.spans.iter().enumerate() {
            // Offsets beyond the first say how many buckets are empty in between.
            let empty = if n == 0 { 0 } else { (*gap).clamp(0, MOST) };
            packed.extend(std::iter::repeat_n(0u8, empty as usize));
            for count in counts.by_ref().take(*length) {
                otelier_wire::protobuf::put_varint(&mut packed, *count as usize);
            }
        }
        message(out, number, |out| {
            // OTLP's bucket of an index ends where Prometheus's of the next one does.
            varint(out, 1, zigzag(first - 1));
            bytes(out, 2, &packed);
        });
    }
}
