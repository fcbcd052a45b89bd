//! Native histograms: sparse buckets, written as remote write's Histogram.

use std::collections::BTreeMap;

use otelier_wire::protobuf::{Cursor, Value, fields};

use super::request::{put_double, put_int, put_len, put_raw_varint};

/// The schema of a histogram whose bounds are listed.
pub const CUSTOM_SCHEMA: i32 = -53;
pub const MIN_SCALE: i32 = -4;
pub const MAX_SCALE: i32 = 8;
/// Where the data point gives none: what Prometheus itself takes.
pub const ZERO_THRESHOLD: f64 = 1e-128;
/// Empty buckets in a row up to this many are written out, more become a gap.
const MAX_GAP: i64 = 2;

#[derive(Clone, Default)]
pub struct Histogram {
    pub count: u64,
    pub sum: f64,
    pub schema: i32,
    pub zero_threshold: f64,
    pub zero_count: u64,
    pub positive: Buckets,
    pub negative: Buckets,
    /// Upper bounds, where the schema says so.
    pub custom_bounds: Vec<f64>,
}

/// Integer counts of buckets.
#[derive(Clone, Default)]
pub struct Buckets {
    /// Gap to the one before, length.
    spans: Vec<(i64, u64)>,
    /// Between neighbours.
    deltas: Vec<i64>,
}

impl Buckets {
    /// Of dense counts, `down` scales coarser; `first` is what has to be added to an index.
    pub fn dense(offset: i64, counts: &[u64], down: u32, first: i64) -> Buckets {
        let mut merged: BTreeMap<i64, u64> = BTreeMap::new();
        // Beyond that nothing changes, and there is no such shift.
        let down = down.min(i64::BITS - 1);
        for (index, count) in (offset..).zip(counts).filter(|(_, count)| **count > 0) {
            let count_here = merged.entry((index >> down) + first).or_default();
            *count_here = count_here.wrapping_add(*count);
        }
        Buckets::of(merged)
    }

    fn of(counts: BTreeMap<i64, u64>) -> Buckets {
        let mut buckets = Buckets::default();
        let (mut before, mut end) = (0_i64, 0);
        for (index, count) in counts {
            match buckets.spans.last_mut() {
                None => buckets.spans.push((index, 0)),
                Some(_) if index - end > MAX_GAP => buckets.spans.push((index - end, 0)),
                Some((_, length)) => {
                    for _ in end..index {
                        buckets.deltas.push(before.wrapping_neg());
                        before = 0;
                        *length += 1;
                    }
                }
            }
            buckets.deltas.push((count as i64).wrapping_sub(before));
            if let Some((_, length)) = buckets.spans.last_mut() {
                *length += 1;
            }
            (before, end) = (count as i64, index + 1);
        }
        buckets
    }

    /// Counts by index; empty buckets may be among them.
    fn counts(&self) -> impl Iterator<Item = (i64, u64)> {
        let indexes = self.spans.iter().scan(0_i64, |end, (gap, length)| {
            let first = end.wrapping_add(*gap);
            *end = first.wrapping_add(*length as i64);
            Some(first..*end)
        });
        let mut count = 0_i64;
        indexes.flatten().zip(&self.deltas).map(move |(index, delta)| {
            count = count.wrapping_add(*delta);
            (index, count as u64)
        })
    }

    /// Of OTLP's Buckets, whose bucket i ends where Prometheus's bucket i + 1 does.
    pub fn encoded(message: &[u8], down: u32) -> Buckets {
        let mut offset = 0;
        let mut counts = Vec::new();
        for field in fields(message) {
            match (field.number, field.value) {
                (1, Value::Varint(encoded)) => offset = unzigzag(encoded),
                (2, Value::Varint(count)) => counts.push(count),
                (2, Value::Len(packed)) => {
                    let mut rest = Cursor::new(packed);
                    while let Ok(count) = rest.varint() {
                        counts.push(count);
                    }
                }
                _ => {}
            }
        }
        Buckets::dense(offset.into(), &counts, down, 1)
    }

    fn put(&self, number: u32, out: &mut Vec<u8>) {
        for (gap, length) in &self.spans {
            let mut span = vec![0x08];
            put_raw_varint(zigzag(*gap), &mut span);
            put_int(2, *length, &mut span);
            put_len(number, &span, out);
        }
        let mut deltas = Vec::with_capacity(self.deltas.len());
        self.deltas.iter().for_each(|delta| put_raw_varint(zigzag(*delta), &mut deltas));
        if !deltas.is_empty() {
            put_len(number + 1, &deltas, out);
        }
    }
}

impl Histogram {
    /// Adds the observations of another. The coarser schema and the wider zero bucket hold then. False, and nothing is
    /// added, if the two can't be one: bounds that are listed must be the same.
    pub fn add(&mut self, other: &Histogram) -> bool {
        let custom = [&*self, other].map(|each| each.schema == CUSTOM_SCHEMA);
        if custom[0] != custom[1] || self.custom_bounds != other.custom_bounds {
            return false;
        }
        let schema = self.schema.min(other.schema);
        let threshold = self.zero_threshold.max(other.zero_threshold);
        let mut inside_zero = self.zero_count.wrapping_add(other.zero_count);
        let mut sum = |of: fn(&Histogram) -> &Buckets| {
            let mut counts: BTreeMap<i64, u64> = BTreeMap::new();
            for each in [&*self, other] {
                let coarser = |index: i64| {
                    if custom[0] { index } else { ((index - 1) >> (each.schema - schema)) + 1 }
                };
                for (index, count) in of(each).counts() {
                    let index = coarser(index);
                    let place = if !custom[0] && upper_bound(schema, index) <= threshold {
                        &mut inside_zero
                    } else {
                        counts.entry(index).or_default()
                    };
                    *place = place.wrapping_add(count);
                }
            }
            Buckets::of(counts.into_iter().filter(|(_, count)| *count > 0).collect())
        };
        let (positive, negative) = (sum(|each| &each.positive), sum(|each| &each.negative));
        self.count = self.count.wrapping_add(other.count);
        self.sum += other.sum;
        (self.schema, self.zero_threshold, self.zero_count) = (schema, threshold, inside_zero);
        (self.positive, self.negative) = (positive, negative);
        true
    }

    /// The message of both versions.
    pub fn encode(&self, at_ms: i64) -> Vec<u8> {
        let mut out = Vec::new();
        put_int(1, self.count, &mut out);
        put_double(3, self.sum, &mut out);
        put_int(4, zigzag(self.schema.into()), &mut out);
        put_double(5, self.zero_threshold, &mut out);
        put_int(6, self.zero_count, &mut out);
        self.negative.put(8, &mut out);
        self.positive.put(11, &mut out);
        put_int(15, at_ms as u64, &mut out);
        if !self.custom_bounds.is_empty() {
            let bounds: Vec<u8> = self.custom_bounds.iter().flat_map(|bound| bound.to_le_bytes()).collect();
            put_len(16, &bounds, &mut out);
        }
        out
    }
}

/// Of a bucket of an exponential schema.
fn upper_bound(schema: i32, index: i64) -> f64 {
    (index as f64 * (-f64::from(schema)).exp2()).exp2()
}

fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)) as u64
}

/// An sint32.
pub fn unzigzag(encoded: u64) -> i32 {
    let encoded = encoded as u32;
    (encoded >> 1) as i32 ^ -((encoded & 1) as i32)
}
