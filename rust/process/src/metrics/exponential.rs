//! The exponential histogram of the OpenTelemetry metrics data model, base-2, upper-inclusive buckets.
//!
//! Bucket `index` at `scale` holds `(base^index, base^(index+1)]` with `base = 2^(2^-scale)`. The scale begins at 20
//! and goes down by one, which merges buckets in pairs, while what was recorded needs more than `max_size` buckets.
//! Source: <https://opentelemetry.io/docs/specs/otel/metrics/data-model/#exponentialhistogram>.

use std::collections::VecDeque;

use super::state::{Reader, Writer};

const MAX_SCALE: i32 = 20;
const MIN_SCALE: i32 = -10;

#[derive(Clone, Debug)]
pub struct Exponential {
    pub scale: i32,
    pub zeros: u64,
    pub min: f64,
    pub max: f64,
    /// Index of the first bucket.
    pub offset: i32,
    pub buckets: VecDeque<u64>,
    max_size: usize,
}

impl Exponential {
    pub fn new(max_size: usize) -> Exponential {
        let buckets = VecDeque::new();
        Exponential { scale: MAX_SCALE, zeros: 0, min: f64::INFINITY, max: 0.0, offset: 0, buckets, max_size }
    }

    /// Counts a value that is not negative.
    pub fn record(&mut self, value: f64, times: u64) {
        self.min = self.min.min(value);
        self.max = self.max.max(value);
        if value == 0.0 {
            self.zeros = self.zeros.saturating_add(times);
            return;
        }
        loop {
            let at = index(value, self.scale);
            if self.fits(at, at) {
                self.add(at, times);
                return;
            }
            self.halve();
        }
    }

    /// Adds what another one has counted.
    pub fn merge(&mut self, other: &Exponential) {
        self.zeros = self.zeros.saturating_add(other.zeros);
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
        if other.buckets.is_empty() {
            return;
        }
        let mut other = other.clone();
        loop {
            while self.scale > other.scale {
                self.halve();
            }
            while other.scale > self.scale {
                other.halve();
            }
            if self.fits(other.offset, other.offset + other.buckets.len() as i32 - 1) {
                break;
            }
            self.halve();
        }
        for (at, count) in (other.offset..).zip(&other.buckets) {
            self.add(at, *count);
        }
    }

    fn fits(&self, low: i32, high: i32) -> bool {
        let (first, last) = match self.buckets.len() {
            0 => (low, high),
            count => (self.offset.min(low), (self.offset + count as i32 - 1).max(high)),
        };
        ((last - first) as usize) < self.max_size || self.scale <= MIN_SCALE
    }

    fn add(&mut self, at: i32, times: u64) {
        if self.buckets.is_empty() {
            self.offset = at;
        }
        while at < self.offset {
            self.buckets.push_front(0);
            self.offset -= 1;
        }
        let place = (at - self.offset) as usize;
        if place >= self.buckets.len() {
            self.buckets.resize(place + 1, 0);
        }
        self.buckets[place] = self.buckets[place].saturating_add(times);
    }

    fn halve(&mut self) {
        let (offset, buckets) = (self.offset, std::mem::take(&mut self.buckets));
        self.scale -= 1;
        for (at, count) in (offset..).zip(buckets) {
            self.add(at >> 1, count);
        }
    }

    pub fn save(&self, out: &mut Writer) {
        let numbers = [self.scale as u32 as u64, self.zeros, self.min.to_bits(), self.max.to_bits()];
        numbers.into_iter().for_each(|number| out.number(number));
        out.number(self.offset as u32 as u64);
        out.number(self.buckets.len() as u64);
        self.buckets.iter().for_each(|count| out.number(*count));
    }

    pub fn load(saved: &mut Reader, max_size: usize) -> Option<Exponential> {
        let (scale, zeros) = (saved.number()? as u32 as i32, saved.number()?);
        let (min, max) = (f64::from_bits(saved.number()?), f64::from_bits(saved.number()?));
        let (offset, count) = (saved.number()? as u32 as i32, saved.number()?);
        let buckets = (0..count).map(|_| saved.number()).collect::<Option<_>>()?;
        Some(Exponential { scale, zeros, min, max, offset, buckets, max_size })
    }
}

/// The bucket of a positive value. Exact powers of two are computed without rounding: they are bounds.
fn index(value: f64, scale: i32) -> i32 {
    let bits = value.to_bits();
    let exponent = ((bits >> 52 & 0x7ff) as i32) - 1023;
    let power_of_two = bits & ((1 << 52) - 1) == 0;
    if scale <= 0 {
        return (exponent - i32::from(power_of_two)) >> -scale;
    }
    if power_of_two {
        return (exponent << scale) - 1;
    }
    let scaled = value.ln() * (std::f64::consts::LOG2_E * f64::from(1 << scale));
    scaled.floor() as i32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recorded(max_size: usize, values: &[f64]) -> Exponential {
        let mut histogram = Exponential::new(max_size);
        values.iter().for_each(|value| histogram.record(*value, 1));
        histogram
    }

    #[test]
    fn values_fall_into_the_buckets_of_the_data_model() {
        let one = recorded(4, &[1.0]);
        assert_eq!((one.scale, one.offset, Vec::from(one.buckets)), (20, -1, vec![1]));
        let near = recorded(4, &[0.002, 0.0021]);
        assert_eq!((near.scale, near.offset, Vec::from(near.buckets)), (5, -287, vec![1, 0, 1]));
        let far = recorded(4, &[0.001, 0.002, 1.0, 0.0, 0.0045]);
        assert_eq!((far.scale, far.offset, far.zeros), (-2, -3, 1));
        assert_eq!((Vec::from(far.buckets), far.min, far.max), (vec![2, 1, 1], 0.0, 1.0));
    }

    #[test]
    fn every_value_lies_within_its_bucket() {
        let mut value = 1e-9;
        while value < 1e9 {
            for scale in [-3, -1, 0, 1, 4, 8] {
                let base = 2f64.powf(2f64.powi(-scale));
                let at = f64::from(index(value, scale));
                let (low, high) = (base.powf(at), base.powf(at + 1.0));
                assert!(low * (1.0 - 1e-9) < value && value <= high * (1.0 + 1e-9), "{value} at {scale}");
            }
            value *= 1.37;
        }
    }

    #[test]
    fn merging_counts_as_recording_does() {
        let (left, right) = ([0.5, 3.0, 0.0], [1000.0, 0.0001]);
        let mut merged = recorded(8, &left);
        merged.merge(&recorded(8, &right));
        let all = recorded(8, &[left.as_slice(), &right].concat());
        assert_eq!((merged.scale, merged.offset, merged.zeros), (all.scale, all.offset, all.zeros));
        assert_eq!((merged.buckets, merged.min, merged.max), (all.buckets, all.min, all.max));
    }
}
