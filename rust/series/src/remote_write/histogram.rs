//! Native histograms: the message of both versions is the same. It is kept as it is, if it can be.
//!
//! What can be is what Prometheus takes: <https://prometheus.io/docs/specs/native_histograms/>.

use otelier_wire::protobuf::{Cursor, Value};

use super::{Stop, each};
use crate::chunk::CUSTOM;
use crate::record::unzigzag;

#[derive(Default)]
struct Message {
    count: Number,
    sum: f64,
    schema: i64,
    zero_threshold: f64,
    zero_count: Number,
    negative: Buckets,
    positive: Buckets,
    ms: i64,
    bounds: Vec<f64>,
}

/// As integers, or as floats.
#[derive(Clone, Copy)]
enum Number {
    Int(u64),
    Float(f64),
}

impl Default for Number {
    fn default() -> Number {
        Number::Int(0)
    }
}

#[derive(Default)]
struct Buckets {
    /// Offset and length.
    spans: Vec<(i64, u64)>,
    deltas: Vec<i64>,
    counts: Vec<f64>,
}

/// Its time in ms; None if the histogram can't be.
pub fn read(content: &[u8]) -> Result<Option<i64>, Stop> {
    let mut found = Message::default();
    each(content, |number, value| {
        match (number, value) {
            (1, Value::Varint(count)) => found.count = Number::Int(count),
            (2, Value::Fixed64(bits)) => found.count = Number::Float(f64::from_bits(bits)),
            (3, Value::Fixed64(bits)) => found.sum = f64::from_bits(bits),
            (4, Value::Varint(encoded)) => found.schema = i64::from(unzigzag(encoded) as i32),
            (5, Value::Fixed64(bits)) => found.zero_threshold = f64::from_bits(bits),
            (6, Value::Varint(count)) => found.zero_count = Number::Int(count),
            (7, Value::Fixed64(bits)) => found.zero_count = Number::Float(f64::from_bits(bits)),
            (15, Value::Varint(ms)) => found.ms = ms as i64,
            (16, value) => doubles(value, &mut found.bounds)?,
            (8, Value::Len(span)) => found.negative.span(span)?,
            (9, value) => signed(value, &mut found.negative.deltas)?,
            (10, value) => doubles(value, &mut found.negative.counts)?,
            (11, Value::Len(span)) => found.positive.span(span)?,
            (12, value) => signed(value, &mut found.positive.deltas)?,
            (13, value) => doubles(value, &mut found.positive.counts)?,
            _ => {}
        }
        Ok(())
    })?;
    Ok(found.is_possible().then_some(found.ms))
}

impl Message {
    fn is_possible(&self) -> bool {
        let schema = if self.schema == CUSTOM { self.has_bounds() } else { (-4..=8).contains(&self.schema) };
        schema && self.counts_fit()
    }

    fn has_bounds(&self) -> bool {
        let zero = match self.zero_count {
            Number::Int(count) => count == 0,
            Number::Float(count) => count == 0.0,
        };
        let ascending = self.bounds.windows(2).all(|two| two[0] < two[1]);
        let last = self.positive.spans.iter().map(|(offset, length)| offset.saturating_add_unsigned(*length));
        let fits = last.fold(0_i64, i64::saturating_add) <= self.bounds.len() as i64 + 1;
        let first = self.positive.spans.first().is_none_or(|(offset, _)| *offset >= 0);
        let finite = self.bounds.iter().all(|bound| !bound.is_nan()) && self.bounds.last() != Some(&f64::INFINITY);
        zero && self.zero_threshold == 0.0 && self.negative.spans.is_empty() && ascending && fits && first && finite
    }

    fn counts_fit(&self) -> bool {
        match self.count {
            Number::Int(count) => {
                let zero = match self.zero_count {
                    Number::Int(zero) => Some(zero),
                    Number::Float(zero) => (zero == 0.0).then_some(0),
                };
                let inside = [zero, self.negative.integers(), self.positive.integers()];
                let sum = inside.into_iter().try_fold(0_u64, |sum, part| sum.checked_add(part?));
                // Observations that are no number are in no bucket.
                sum.is_some_and(|sum| if self.sum.is_nan() { sum <= count } else { sum == count })
            }
            Number::Float(count) => {
                let zero = match self.zero_count {
                    Number::Int(zero) => zero == 0,
                    Number::Float(zero) => may_be(zero),
                };
                zero && may_be(count) && self.negative.are_floats() && self.positive.are_floats()
            }
        }
    }
}

impl Buckets {
    fn span(&mut self, content: &[u8]) -> Result<(), Stop> {
        let mut span = (0, 0);
        each(content, |number, value| {
            match (number, value) {
                (1, Value::Varint(offset)) => span.0 = i64::from(unzigzag(offset) as i32),
                (2, Value::Varint(length)) => span.1 = length,
                _ => {}
            }
            Ok(())
        })?;
        self.spans.push(span);
        Ok(())
    }

    /// Spans name as many buckets as there are, in ascending order.
    fn span_over(&self, buckets: usize) -> bool {
        let sum = self.spans.iter().try_fold(0_u64, |sum, (_, length)| sum.checked_add(*length));
        sum == Some(buckets as u64) && self.spans.iter().skip(1).all(|(offset, _)| *offset >= 0)
    }

    /// The sum of all buckets. None if they can't be.
    fn integers(&self) -> Option<u64> {
        let mut count = 0_i64;
        let sum = self.deltas.iter().try_fold(0_u64, |sum, delta| {
            count = count.checked_add(*delta)?;
            sum.checked_add(u64::try_from(count).ok()?)
        });
        sum.filter(|_| self.counts.is_empty() && self.span_over(self.deltas.len()))
    }

    fn are_floats(&self) -> bool {
        self.counts.iter().all(|count| may_be(*count)) && self.deltas.is_empty() && self.span_over(self.counts.len())
    }
}

/// A count of observations, or no number.
fn may_be(count: f64) -> bool {
    count >= 0.0 || count.is_nan()
}

fn signed(value: Value<'_>, out: &mut Vec<i64>) -> Result<(), Stop> {
    match value {
        Value::Varint(one) => out.push(unzigzag(one)),
        Value::Len(packed) => {
            let mut cursor = Cursor::new(packed);
            while !cursor.is_empty() {
                out.push(unzigzag(cursor.varint()?));
            }
        }
        _ => {}
    }
    Ok(())
}

fn doubles(value: Value<'_>, out: &mut Vec<f64>) -> Result<(), Stop> {
    match value {
        Value::Fixed64(bits) => out.push(f64::from_bits(bits)),
        Value::Len(packed) => out.extend(packed.as_chunks().0.iter().map(|eight| f64::from_le_bytes(*eight))),
        _ => {}
    }
    Ok(())
}
