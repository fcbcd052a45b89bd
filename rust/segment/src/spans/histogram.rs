//! Sparse exponential histograms of any numbers: 64 buckets to a doubling (OpenTelemetry's scale 6), so quantiles are
//! within one percent.

use crate::index::mantissa_bounds;

/// Buckets per doubling.
const PER_DOUBLING: i32 = 64;
/// Added to exponents, so that the least positive double lies in bucket 1 or above.
const LEAST_EXPONENT: i32 = 1075;
/// Values of a cell up to which they are listed; above, counted by bucket.
const FEW: usize = 48;

/// 0 of zero; `k` of values from 2^((k − 1)/64 − 1075) to below 2^(k/64 − 1075); `-k` of values that are as far below zero.
#[inline]
pub fn number(value: f64) -> i32 {
    let bits = value.abs().to_bits();
    if bits == 0 {
        return 0;
    }
    let (mut exponent, mut mantissa) = ((bits >> 52) as i32 - 1023, bits << 11 | 1 << 63);
    if exponent == -1023 {
        // Subnormal: the first bit is not understood.
        let shift = (bits << 12).leading_zeros();
        (exponent, mantissa) = (-1023 - shift as i32, bits << 12 << shift);
    }
    let bounds = mantissa_bounds();
    // The mantissa's first bits say it but for one.
    let guess = GUESSES[(mantissa >> 55 & 0xff) as usize] as usize;
    let within = guess + usize::from(bounds.get(guess + 1).is_some_and(|bound| *bound <= mantissa));
    let number = PER_DOUBLING * (exponent + LEAST_EXPONENT) + within as i32 + 1;
    if value < 0.0 { -number } else { number }
}

/// By the eight bits behind a mantissa's first: the bucket of the least such mantissa.
static GUESSES: [u8; 256] = guesses();

const fn guesses() -> [u8; 256] {
    let bounds = mantissa_bounds();
    let mut guesses = [0; 256];
    let (mut at, mut bucket) = (0, 0);
    while at < 256 {
        let least = 1 << 63 | (at as u64) << 55;
        while bucket + 1 < bounds.len() && bounds[bucket + 1] <= least {
            bucket += 1;
        }
        guesses[at] = bucket as u8;
        at += 1;
    }
    guesses
}

/// The bucket of a duration's bucket in the roll-ups, which starts at one nanosecond.
pub fn of_duration(bucket: u32) -> i32 {
    if bucket == 0 { 0 } else { bucket as i32 + PER_DOUBLING * LEAST_EXPONENT }
}

/// Counts by bucket.
#[derive(Clone, Debug, Default)]
pub struct Histogram {
    zeros: u64,
    above: Counts,
    /// By the negated numbers.
    below: Counts,
}

impl Histogram {
    #[inline]
    pub fn add(&mut self, number: i32, count: u32) {
        match number {
            1.. => self.above.add(number, count),
            0 => self.zeros += u64::from(count),
            _ => self.below.add(-number, count),
        }
    }

    /// Buckets with their counts, in ascending order.
    pub fn finish(self) -> Vec<(i32, u64)> {
        let below = self.below.finish().into_iter().rev().map(|(number, count)| (-number, count));
        let zero = (self.zeros > 0).then_some((0, self.zeros));
        below.chain(zero).chain(self.above.finish()).collect()
    }
}

#[derive(Clone, Debug)]
enum Counts {
    /// The bucket of each value.
    Few(Vec<i32>),
    /// From a first bucket on.
    Many(i32, Vec<u32>),
}

impl Default for Counts {
    fn default() -> Counts {
        Counts::Few(Vec::new())
    }
}

impl Counts {
    #[inline]
    fn add(&mut self, number: i32, count: u32) {
        match self {
            Counts::Few(numbers) if count == 1 && numbers.len() < FEW => numbers.push(number),
            Counts::Few(numbers) => {
                let mut many = Counts::Many(number, vec![0; 1]);
                numbers.iter().for_each(|number| many.add(*number, 1));
                many.add(number, count);
                *self = many;
            }
            Counts::Many(first, counts) => match counts.get_mut((number.wrapping_sub(*first)) as u32 as usize) {
                Some(counted) => *counted = counted.saturating_add(count),
                None => {
                    widen(first, counts, number);
                    counts[(number - *first) as usize] += count;
                }
            },
        }
    }

    /// In ascending order.
    fn finish(self) -> Vec<(i32, u64)> {
        match self {
            Counts::Few(mut numbers) => {
                numbers.sort_unstable();
                numbers.chunk_by(|a, b| a == b).map(|same| (same[0], same.len() as u64)).collect()
            }
            Counts::Many(first, counts) => {
                (first..).zip(counts).filter(|(_, count)| *count > 0).map(|(at, count)| (at, count.into())).collect()
            }
        }
    }
}

fn widen(first: &mut i32, counts: &mut Vec<u32>, number: i32) {
    if number < *first {
        // Some room, because it comes more than once.
        let more = (*first - number) as usize + counts.len() / 2;
        counts.splice(0..0, std::iter::repeat_n(0, more));
        *first -= more as i32;
    } else {
        counts.resize((number - *first) as usize + 1, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::index::bucket;

    #[test]
    fn numbers_are_those_of_durations() {
        for duration in (0..53).flat_map(|bit| [1i64 << bit, (1 << bit) + (1 << bit) / 3, (1 << bit) - 1]) {
            assert_eq!(number(duration as f64), of_duration(bucket(duration)), "{duration}");
        }
    }

    #[test]
    fn buckets_hold_what_their_bounds_say() {
        let values = [1.0, 1.5, 0.3, 1e-300, 1e300, 5e-324, 2.2e-308, f64::MIN_POSITIVE, 7.0, f64::MAX];
        for value in values.into_iter().chain((1..2000).map(|at| f64::from(at) * 0.001)) {
            let number = number(value);
            let position = value.log2() * 64.0 + 64.0 * 1075.0;
            assert!((f64::from(number) - 1.0 - position.floor()).abs() <= 1.0, "{value}: {number} {position}");
            assert_eq!(super::number(-value), -number);
        }
        assert_eq!((number(0.0), number(-0.0)), (0, 0));
    }

    #[test]
    fn what_was_added_is_counted_whatever_the_order() {
        let mut histogram = Histogram::default();
        let mut expected = std::collections::BTreeMap::new();
        for at in 0..5000i32 {
            let number = (at * 7919) % 301 - 150;
            histogram.add(number, 1);
            *expected.entry(number).or_insert(0u64) += 1;
        }
        histogram.add(-70_000, 3);
        expected.insert(-70_000, 3);
        assert_eq!(histogram.finish(), expected.into_iter().collect::<Vec<_>>());
    }
}
