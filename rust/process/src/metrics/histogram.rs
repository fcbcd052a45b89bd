//! A histogram of durations, explicit or exponential. Counts stop at their greatest number: a sender can claim that one
//! span stands for 2^56.

use super::exponential::Exponential;
use super::state::{Reader, Writer};

/// What histograms are made of, the same for all of a metric.
#[derive(Clone, Debug)]
pub struct Shape {
    pub unit: Unit,
    pub buckets: Buckets,
}

#[derive(Clone, Debug)]
pub enum Buckets {
    /// Upper bounds in nanoseconds, inclusive, ascending.
    Explicit(Vec<u64>),
    /// Most buckets.
    Exponential(usize),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    Milliseconds,
    Seconds,
}

impl Unit {
    pub fn named(name: &str) -> Option<Unit> {
        match name {
            "ms" => Some(Unit::Milliseconds),
            "s" => Some(Unit::Seconds),
            _ => None,
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Unit::Milliseconds => "ms",
            Unit::Seconds => "s",
        }
    }

    /// A duration in this unit.
    pub fn of(self, duration_ns: u64) -> f64 {
        duration_ns as f64 / self.ns()
    }

    fn ns(self) -> f64 {
        match self {
            Unit::Milliseconds => 1e6,
            Unit::Seconds => 1e9,
        }
    }
}

#[derive(Clone, Debug)]
pub struct Histogram {
    pub count: u64,
    /// Exact, so that the sum does not depend on the order of the spans.
    sum_ns: u128,
    pub counts: Counts,
}

#[derive(Clone, Debug)]
pub enum Counts {
    /// One more than bounds.
    Explicit(Box<[u64]>),
    Exponential(Box<Exponential>),
}

impl Histogram {
    pub fn new(shape: &Shape) -> Histogram {
        let counts = match &shape.buckets {
            Buckets::Explicit(bounds) => Counts::Explicit(vec![0; bounds.len() + 1].into()),
            Buckets::Exponential(max_size) => Counts::Exponential(Exponential::new(*max_size).into()),
        };
        Histogram { count: 0, sum_ns: 0, counts }
    }

    #[inline]
    pub fn record(&mut self, shape: &Shape, duration_ns: u64, times: u64) {
        self.count = self.count.saturating_add(times);
        self.sum_ns = self.sum_ns.saturating_add(u128::from(duration_ns) * u128::from(times));
        match (&mut self.counts, &shape.buckets) {
            (Counts::Explicit(counts), Buckets::Explicit(bounds)) => {
                // Looking at all of a dozen bounds is faster than guessing its way through them.
                let place = bounds.iter().filter(|bound| duration_ns > **bound).count();
                counts[place] = counts[place].saturating_add(times);
            }
            (Counts::Exponential(exponential), _) => exponential.record(shape.unit.of(duration_ns), times),
            _ => {}
        }
    }

    /// In the unit.
    pub fn sum(&self, unit: Unit) -> f64 {
        self.sum_ns as f64 / unit.ns()
    }

    pub fn merge(&mut self, other: &Histogram) {
        self.count = self.count.saturating_add(other.count);
        self.sum_ns = self.sum_ns.saturating_add(other.sum_ns);
        match (&mut self.counts, &other.counts) {
            (Counts::Explicit(counts), Counts::Explicit(more)) => {
                counts.iter_mut().zip(more).for_each(|(count, more)| *count = count.saturating_add(*more));
            }
            (Counts::Exponential(exponential), Counts::Exponential(more)) => exponential.merge(more),
            _ => {}
        }
    }

    pub fn save(&self, out: &mut Writer) {
        out.number(self.count);
        out.number(self.sum_ns as u64);
        out.number((self.sum_ns >> 64) as u64);
        match &self.counts {
            Counts::Explicit(counts) => counts.iter().for_each(|count| out.number(*count)),
            Counts::Exponential(exponential) => exponential.save(out),
        }
    }

    pub fn load(saved: &mut Reader, shape: &Shape) -> Option<Histogram> {
        let count = saved.number()?;
        let sum_ns = u128::from(saved.number()?) | u128::from(saved.number()?) << 64;
        let counts = match &shape.buckets {
            Buckets::Explicit(bounds) => {
                Counts::Explicit((0..=bounds.len()).map(|_| saved.number()).collect::<Option<_>>()?)
            }
            Buckets::Exponential(max_size) => Counts::Exponential(Exponential::load(saved, *max_size)?.into()),
        };
        Some(Histogram { count, sum_ns, counts })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_inclusive_and_sums_exact() {
        let shape = Shape { unit: Unit::Milliseconds, buckets: Buckets::Explicit(vec![10_000_000, 50_000_000]) };
        let mut histogram = Histogram::new(&shape);
        for duration in [10_000_000, 10_000_001, 50_000_000, 50_500_000, 0] {
            histogram.record(&shape, duration, 2);
        }
        let Counts::Explicit(counts) = &histogram.counts else { panic!("made explicit") };
        assert_eq!((histogram.count, &counts[..]), (10, &[4, 4, 2][..]));
        assert_eq!(histogram.sum(Unit::Milliseconds), 241.000_002);
        let before = histogram.clone();
        let mut out = Writer::default();
        before.save(&mut out);
        for _ in 0..300 {
            histogram.record(&shape, u64::MAX, 1 << 56);
        }
        let Counts::Explicit(counts) = &histogram.counts else { panic!("made explicit") };
        assert_eq!((histogram.count, counts[2], histogram.sum_ns), (u64::MAX, u64::MAX, u128::MAX));
        let loaded = Histogram::load(&mut Reader(&out.0), &shape).unwrap();
        assert_eq!(format!("{loaded:?}"), format!("{before:?}"));
    }
}
