//! One data point becomes samples and histograms.

use std::borrow::Cow;

use otelier_wire::protobuf::{Value, fields};

use super::exemplar::Exemplar;
use super::labels::Labels;
use super::native::{self, Buckets, Histogram};
use super::series::Table;
use super::{millis, text};
use crate::message::{merged, messages};

/// Which of a Metric's fields its data is; the value is the field's number.
#[derive(Clone, Copy, PartialEq)]
pub enum Kind {
    Gauge = 5,
    Sum = 7,
    Histogram = 9,
    Exponential = 10,
    Summary = 11,
}

impl Kind {
    pub fn of(number: u32) -> Option<Kind> {
        Some(match number {
            5 => Kind::Gauge,
            7 => Kind::Sum,
            9 => Kind::Histogram,
            10 => Kind::Exponential,
            11 => Kind::Summary,
            _ => return None,
        })
    }

    pub fn has_temporality(self) -> bool {
        !matches!(self, Kind::Gauge | Kind::Summary)
    }

    /// As in remote write.
    pub fn family(self, monotonic: bool) -> u8 {
        match self {
            Kind::Sum if monotonic => 1,
            Kind::Sum | Kind::Gauge => 2,
            Kind::Histogram | Kind::Exponential => 3,
            Kind::Summary => 5,
        }
    }

    /// The number of a data point's attributes.
    pub fn attributes(self) -> u32 {
        match self {
            Kind::Gauge | Kind::Sum | Kind::Summary => 7,
            Kind::Histogram => 9,
            Kind::Exponential => 1,
        }
    }

    /// The number of a data point's exemplars.
    pub fn exemplars(self) -> Option<u32> {
        match self {
            Kind::Gauge | Kind::Summary => None,
            Kind::Sum => Some(5),
            Kind::Histogram => Some(8),
            Kind::Exponential => Some(11),
        }
    }
}

/// The NaN that ends a series.
pub const STALE_BITS: u64 = 0x7ff0_0000_0000_0002;
/// The flag of a data point that only says that its series ends.
const NO_VALUE: u64 = 1;

/// Every kind of data point has it at the same place.
pub fn time_ns(point: &[u8]) -> u64 {
    fixed(point, 3).unwrap_or(0)
}

/// A data point, and what is known of the series that it makes.
pub struct Reading<'a> {
    pub point: &'a [u8],
    pub labels: &'a Labels<'a>,
    pub family: usize,
    pub exemplars: Vec<Exemplar>,
}

impl Reading<'_> {
    pub fn number(self, monotonic: bool, table: &mut Table) {
        let value = fields(self.point).filter_map(|field| match (field.number, field.value) {
            (4, Value::Fixed64(bits)) => Some(f64::from_bits(bits)),
            (6, Value::Fixed64(int)) => Some(int as i64 as f64),
            _ => None,
        });
        let value = self.or_stale(value.last().unwrap_or(0.0), 8);
        let series = table.series(self.family, |out| self.labels.named("", out));
        series.add(value, self.at_ms());
        series.points += 1;
        if monotonic {
            series.exemplars.extend(self.exemplars);
        }
    }

    /// `_sum`, `_count` and the quantiles.
    pub fn summary(self, table: &mut Table) {
        let sum = f64::from_bits(fixed(self.point, 5).unwrap_or(0));
        let count = fixed(self.point, 4).unwrap_or(0) as f64;
        table.series(self.family, |out| self.labels.named("_sum", out)).add(self.or_stale(sum, 8), self.at_ms());
        let counted = table.series(self.family, |out| self.labels.named("_count", out));
        counted.add(self.or_stale(count, 8), self.at_ms());
        counted.points += 1;
        for each in messages(self.point, 6) {
            let [quantile, value] = [1, 2].map(|number| f64::from_bits(fixed(each, number).unwrap_or(0)));
            let quantile = text::bound(quantile);
            let series = table.series(self.family, |out| self.labels.with("", "quantile", &quantile, out));
            series.add(self.or_stale(value, 8), self.at_ms());
        }
    }

    /// As a native histogram with the bounds as they are, as classic series, or both.
    pub fn histogram(self, custom: bool, classic: bool, table: &mut Table) {
        let bounds: Vec<f64> = doubles(self.point, 7);
        let counts: Vec<u64> = doubles(self.point, 6).into_iter().map(f64::to_bits).collect();
        if classic {
            self.classic(&bounds, &counts, table);
        }
        if custom {
            let ended = self.ended(10);
            let histogram = Histogram {
                count: fixed(self.point, 4).unwrap_or(0),
                sum: f64::from_bits(fixed(self.point, 5).unwrap_or(0)),
                schema: native::CUSTOM_SCHEMA,
                positive: if ended { Buckets::default() } else { Buckets::dense(0, &counts, 0, 0) },
                custom_bounds: bounds,
                ..Histogram::default()
            };
            self.native(histogram, ended, usize::from(!classic), table);
        }
    }

    /// `_sum`, `_count` and a cumulative `_bucket` for each bound.
    fn classic(&self, bounds: &[f64], counts: &[u64], table: &mut Table) {
        let at_ms = self.at_ms();
        let ended = self.ended(10);
        let value = |value: f64| if ended { f64::from_bits(STALE_BITS) } else { value };
        if let Some(sum) = fixed(self.point, 5) {
            table.series(self.family, |out| self.labels.named("_sum", out)).add(value(f64::from_bits(sum)), at_ms);
        }
        let count = fixed(self.point, 4).unwrap_or(0) as f64;
        let counted = table.series(self.family, |out| self.labels.named("_count", out));
        counted.add(value(count), at_ms);
        counted.points += 1;
        let mut below = 0_u64;
        let finite = bounds.len().min(counts.len());
        let place = |exemplar: &Exemplar| bounds.partition_point(|bound| *bound < exemplar.value).min(finite);
        let mut placed: Vec<_> = self.exemplars.iter().map(|exemplar| (place(exemplar), exemplar)).collect();
        placed.sort_by_key(|(at, _)| *at);
        let mut placed = placed.into_iter().peekable();
        let mut bucket = |at: usize, bound: f64, inside: f64| {
            let bound = text::bound(bound);
            let series = table.series(self.family, |out| self.labels.with("_bucket", "le", &bound, out));
            series.add(value(inside), at_ms);
            while let Some((_, exemplar)) = placed.next_if(|(place, _)| *place == at) {
                series.exemplars.push(exemplar.clone());
            }
        };
        for (at, (bound, inside)) in bounds.iter().zip(counts).enumerate() {
            below = below.wrapping_add(*inside);
            bucket(at, *bound, below as f64);
        }
        bucket(finite, f64::INFINITY, count);
    }

    /// As a native histogram. Refuses a scale that Prometheus does not have.
    pub fn exponential(self, table: &mut Table) -> Result<(), i32> {
        let mut scale = 0;
        let mut histogram = Histogram { zero_threshold: native::ZERO_THRESHOLD, ..Histogram::default() };
        for field in fields(self.point) {
            match (field.number, field.value) {
                (4, Value::Fixed64(count)) => histogram.count = count,
                (5, Value::Fixed64(bits)) => histogram.sum = f64::from_bits(bits),
                (6, Value::Varint(encoded)) => scale = native::unzigzag(encoded),
                (7, Value::Fixed64(count)) => histogram.zero_count = count,
                (14, Value::Fixed64(bits)) if f64::from_bits(bits) != 0.0 => {
                    histogram.zero_threshold = f64::from_bits(bits);
                }
                _ => {}
            }
        }
        if scale < native::MIN_SCALE {
            return Err(scale);
        }
        let down = (scale - native::MAX_SCALE).max(0);
        histogram.schema = scale - down;
        let buckets = |number| Buckets::encoded(&merged(self.point, number), down as u32);
        (histogram.positive, histogram.negative) = (buckets(8), buckets(9));
        let ended = self.ended(10);
        self.native(histogram, ended, 1, table);
        Ok(())
    }

    fn native(self, mut histogram: Histogram, ended: bool, points: usize, table: &mut Table) {
        if ended {
            (histogram.count, histogram.sum) = (STALE_BITS, f64::from_bits(STALE_BITS));
        }
        let at_ms = self.at_ms();
        let series = table.series(self.family, |out| self.labels.named("", out));
        series.histograms.push((at_ms, histogram));
        series.exemplars.extend(self.exemplars);
        series.points += points;
    }

    fn at_ms(&self) -> i64 {
        millis(time_ns(self.point))
    }

    fn ended(&self, flags: u32) -> bool {
        super::number(self.point, flags) & NO_VALUE != 0
    }

    fn or_stale(&self, value: f64, flags: u32) -> f64 {
        if self.ended(flags) { f64::from_bits(STALE_BITS) } else { value }
    }
}

/// The last one counts.
fn fixed(message: &[u8], number: u32) -> Option<u64> {
    let found = fields(message).filter_map(|field| match field.value {
        Value::Fixed64(bits) if field.number == number => Some(bits),
        _ => None,
    });
    found.last()
}

/// A repeated field of eight bytes each, packed or not.
fn doubles(message: &[u8], number: u32) -> Vec<f64> {
    let mut found = Vec::new();
    for field in fields(message).filter(|field| field.number == number) {
        let bytes: Cow<[u8]> = match field.value {
            Value::Len(packed) => packed.into(),
            Value::Fixed64(bits) => bits.to_le_bytes().to_vec().into(),
            _ => continue,
        };
        found.extend(bytes.as_chunks().0.iter().map(|eight| f64::from_le_bytes(*eight)));
    }
    found
}
