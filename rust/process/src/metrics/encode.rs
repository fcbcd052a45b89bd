//! Metrics as OTLP bytes. Fields are those of `opentelemetry/proto/metrics/v1/metrics.proto`.

use std::sync::Arc;

use otelier_wire::protobuf::{fields, put_varint, varint_len};
use otelier_wire::{Batch, Segment, Signal};

use super::attribute::put_field;
use super::histogram::{Buckets, Counts, Histogram, Shape, Unit};

/// A sampled span of a data point.
#[derive(Clone, Debug)]
pub struct Exemplar {
    pub trace_id: [u8; 16],
    pub span_id: [u8; 8],
    pub duration_ns: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Temporality {
    Delta = 1,
    Cumulative = 2,
}

/// The times of a data point.
#[derive(Clone, Copy, Debug)]
pub struct Window {
    pub start_ns: u64,
    pub end_ns: u64,
}

/// A segment ends with the resource that makes it this large: places in one are numbers of 32 bits.
const SEGMENT_BYTES: usize = 4 << 20;

/// Writes requests of metrics, and counts their data points.
#[derive(Default)]
pub struct Encoder {
    done: Vec<Arc<Segment>>,
    pub out: Vec<u8>,
    pub points: usize,
}

impl Encoder {
    /// All that was written.
    pub fn finish(mut self) -> Batch {
        self.close();
        Batch::new(Signal::Metrics, self.done, None)
    }

    fn close(&mut self) {
        if self.points > 0 {
            let out = std::mem::take(&mut self.out);
            self.done.push(Segment::new(out.into(), std::mem::take(&mut self.points)));
        }
    }

    /// A message in a counted field: whatever `write` appends.
    pub fn message(&mut self, tag: u8, write: impl FnOnce(&mut Encoder)) {
        self.out.push(tag);
        let start = self.out.len();
        write(self);
        let size = self.out.len() - start;
        let prefix = varint_len(size);
        // The size is known only now: make room for it.
        self.out.resize(start + size + prefix, 0);
        self.out.copy_within(start..start + size, start + prefix);
        let mut room = &mut self.out[start..start + prefix];
        let mut rest = size;
        while let [byte, more @ ..] = room {
            *byte = (rest & 0x7f) as u8 | if more.is_empty() { 0 } else { 0x80 };
            rest >>= 7;
            room = more;
        }
    }

    /// A ResourceMetrics with one scope; `resource` is an encoded Resource. Leaves nothing where there are no points.
    pub fn resource(&mut self, resource: &[u8], scope: &str, metrics: impl FnOnce(&mut Encoder)) {
        let (size, points) = (self.out.len(), self.points);
        self.message(0x0a, |it| {
            put_field(&mut it.out, 0x0a, resource);
            it.message(0x12, |it| {
                it.message(0x0a, |it| put_field(&mut it.out, 0x0a, scope.as_bytes()));
                metrics(it);
            });
        });
        if self.points == points {
            self.out.truncate(size);
        } else if self.out.len() >= SEGMENT_BYTES {
            self.close();
        }
    }

    /// A monotonic sum of whole numbers; left out where it has no points.
    pub fn sum(&mut self, name: &str, temporality: Temporality, points: impl FnOnce(&mut Encoder)) {
        self.metric(name, "", 0x3a, temporality, points, &[0x18, 1]);
    }

    pub fn histogram(
        &mut self,
        name: &str,
        shape: &Shape,
        temporality: Temporality,
        points: impl FnOnce(&mut Encoder),
    ) {
        let tag = if matches!(shape.buckets, Buckets::Explicit(_)) { 0x4a } else { 0x52 };
        self.metric(name, shape.unit.name(), tag, temporality, points, &[]);
    }

    fn metric(
        &mut self,
        name: &str,
        unit: &str,
        data_tag: u8,
        temporality: Temporality,
        points: impl FnOnce(&mut Encoder),
        rest: &[u8],
    ) {
        let (size, before) = (self.out.len(), self.points);
        self.message(0x12, |it| {
            put_field(&mut it.out, 0x0a, name.as_bytes());
            if !unit.is_empty() {
                put_field(&mut it.out, 0x1a, unit.as_bytes());
            }
            it.message(data_tag, |it| {
                points(it);
                it.out.extend_from_slice(&[0x10, temporality as u8]);
                it.out.extend_from_slice(rest);
            });
        });
        if self.points == before {
            self.out.truncate(size);
        }
    }

    /// `attributes`: KeyValues as field 1.
    pub fn sum_point(&mut self, attributes: &[u8], window: Window, value: u64, exemplars: &[Exemplar], unit: Unit) {
        self.points += 1;
        self.message(0x0a, |it| {
            it.times(window);
            it.exemplars(0x2a, exemplars, window, unit);
            // `as_int` has a sign.
            it.fixed(0x31, value.min(i64::MAX as u64));
            it.attributes(0x3a, attributes);
        });
    }

    pub fn histogram_point(
        &mut self,
        attributes: &[u8],
        window: Window,
        histogram: &Histogram,
        exemplars: &[Exemplar],
        shape: &Shape,
    ) {
        self.points += 1;
        self.message(0x0a, |it| match (&histogram.counts, &shape.buckets) {
            (Counts::Explicit(counts), Buckets::Explicit(bounds)) => {
                it.times(window);
                it.count_and_sum(histogram, shape.unit);
                it.packed(0x32, counts.iter().copied());
                it.packed(0x3a, bounds.iter().map(|bound| shape.unit.of(*bound).to_bits()));
                it.exemplars(0x42, exemplars, window, shape.unit);
                it.attributes(0x4a, attributes);
            }
            (Counts::Exponential(exponential), _) => {
                it.attributes(0x0a, attributes);
                it.times(window);
                it.count_and_sum(histogram, shape.unit);
                // Without buckets there is nothing to scale.
                it.signed(0x30, if exponential.buckets.is_empty() { 0 } else { exponential.scale });
                it.fixed(0x39, exponential.zeros);
                it.message(0x42, |it| {
                    it.signed(0x08, exponential.offset);
                    it.message(0x12, |it| {
                        exponential.buckets.iter().for_each(|count| put_varint(&mut it.out, *count as usize));
                    });
                });
                it.message(0x4a, |_| ());
                it.exemplars(0x5a, exemplars, window, shape.unit);
                if histogram.count > 0 {
                    it.fixed(0x61, exponential.min.to_bits());
                    it.fixed(0x69, exponential.max.to_bits());
                }
            }
            _ => {}
        });
    }

    fn times(&mut self, window: Window) {
        self.fixed(0x11, window.start_ns);
        self.fixed(0x19, window.end_ns);
    }

    fn count_and_sum(&mut self, histogram: &Histogram, unit: Unit) {
        self.fixed(0x21, histogram.count);
        self.fixed(0x29, histogram.sum(unit).to_bits());
    }

    fn exemplars(&mut self, tag: u8, exemplars: &[Exemplar], window: Window, unit: Unit) {
        for exemplar in exemplars {
            self.message(tag, |it| {
                it.fixed(0x11, window.end_ns);
                it.fixed(0x19, unit.of(exemplar.duration_ns).to_bits());
                put_field(&mut it.out, 0x22, &exemplar.span_id);
                put_field(&mut it.out, 0x2a, &exemplar.trace_id);
            });
        }
    }

    fn attributes(&mut self, tag: u8, attributes: &[u8]) {
        for field in fields(attributes) {
            self.out.push(tag);
            self.out.extend_from_slice(&field.raw[1..]);
        }
    }

    fn fixed(&mut self, tag: u8, value: u64) {
        self.out.push(tag);
        self.out.extend_from_slice(&value.to_le_bytes());
    }

    fn packed(&mut self, tag: u8, values: impl ExactSizeIterator<Item = u64>) {
        self.out.push(tag);
        put_varint(&mut self.out, values.len() * 8);
        values.for_each(|value| self.out.extend_from_slice(&value.to_le_bytes()));
    }

    /// A zigzag varint.
    fn signed(&mut self, tag: u8, value: i32) {
        self.out.push(tag);
        put_varint(&mut self.out, ((value << 1) ^ (value >> 31)) as u32 as usize);
    }
}
