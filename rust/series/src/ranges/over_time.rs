//! Sums, means and extremes of the samples in each window.
//!
//! Sums are Neumaier's: what each addition loses is summed apart. As two numbers' sum and what it lost can be found without
//! comparing them (Knuth's TwoSum), several windows are summed side by side.

use super::windows::Windows;

/// Windows that are summed side by side.
const LANES: usize = 8;

/// A sum and what it lost.
#[derive(Clone, Copy, Debug, Default)]
struct Sum {
    sum: f64,
    lost: f64,
}

/// The sum of two numbers and what it lost.
#[inline(always)]
pub fn two_sum(a: f64, b: f64) -> (f64, f64) {
    let sum = a + b;
    let of_b = sum - a;
    let of_a = sum - of_b;
    (sum, (a - of_a) + (b - of_b))
}

/// Neumaier's step as Prometheus takes it: an infinite sum has lost nothing.
fn added(total: Sum, more: f64) -> Sum {
    let (sum, lost) = two_sum(total.sum, more);
    if sum.is_infinite() { Sum { sum, lost: 0.0 } } else { Sum { sum, lost: total.lost + lost } }
}

/// Calls `see` with each step and the sum of its window that begins with its first sample.
fn sums(windows: &Windows, values: &[f64], mut see: impl FnMut(usize, Sum)) {
    let mut step = 0;
    for chunk in windows.edges.chunks(LANES) {
        let (low, high) = chunk[0];
        let count = (high - low) as usize;
        // Mostly each window has one more sample at its end and one less at its beginning.
        let slides = |(number, edges): (usize, &(u32, u32))| *edges == (low + number as u32, high + number as u32);
        if chunk.len() == LANES && count > 0 && chunk.iter().enumerate().all(slides) {
            let own = &values[low as usize..high as usize + LANES - 1];
            let mut sum: [f64; LANES] = std::array::from_fn(|lane| own[lane]);
            let mut lost = [0.0; LANES];
            for more in own.windows(LANES).skip(1) {
                for lane in 0..LANES {
                    let (new, gone) = two_sum(sum[lane], more[lane]);
                    sum[lane] = new;
                    lost[lane] += gone;
                }
            }
            for lane in 0..LANES {
                see(step + lane, Sum { sum: sum[lane], lost: lost[lane] });
            }
        } else {
            for (lane, (low, high)) in chunk.iter().enumerate() {
                let own = &values[*low as usize..*high as usize];
                let first = Sum { sum: own.first().copied().unwrap_or(0.0), lost: 0.0 };
                see(step + lane, own.iter().skip(1).fold(first, |total, more| added(total, *more)));
            }
        }
        step += chunk.len();
    }
}

pub fn sum(windows: &Windows, values: &[f64], out: &mut [f64]) {
    // A sum that is infinite once never is a number again.
    sums(windows, values, |step, Sum { sum, lost }| out[step] = if sum.is_finite() { sum + lost } else { sum });
}

pub fn average(windows: &Windows, values: &[f64], out: &mut [f64]) {
    sums(windows, values, |step, Sum { sum, lost }| {
        let (low, high) = windows.edges[step];
        let count = f64::from(high - low);
        out[step] = if sum.is_finite() {
            sum / count + lost / count
        } else {
            running_mean(&values[low as usize..high as usize])
        };
    });
}

/// Also of numbers whose sum is too large.
fn running_mean(values: &[f64]) -> f64 {
    let Some((first, rest)) = values.split_first() else { return 0.0 };
    let mut total = Sum { sum: *first, lost: 0.0 };
    let (mut running, mut count) = (false, 1.0);
    for value in rest {
        count += 1.0;
        if !running {
            let next = added(total, *value);
            if !next.sum.is_infinite() {
                total = next;
                continue;
            }
            running = true;
            total = Sum { sum: total.sum / (count - 1.0), lost: total.lost / (count - 1.0) };
        }
        let share = (count - 1.0) / count;
        total = added(Sum { sum: share * total.sum, lost: share * total.lost }, value / count);
    }
    if running { total.sum + total.lost } else { total.sum / count + total.lost / count }
}

/// NaN only of nothing but NaN.
pub fn extreme(windows: &Windows, values: &[f64], beats: impl Fn(f64, f64) -> bool, out: &mut [f64]) {
    for (out, samples) in out.iter_mut().zip(windows.of(values)) {
        let best = |best: f64, value: &f64| if beats(*value, best) || best.is_nan() { *value } else { best };
        *out = samples.split_first().map_or(0.0, |(first, rest)| rest.iter().fold(*first, best));
    }
}

pub fn count(windows: &Windows, out: &mut [f64]) {
    out.iter_mut().zip(&windows.edges).for_each(|(out, (low, high))| *out = f64::from(high - low));
}

pub fn first(windows: &Windows, values: &[f64], out: &mut [f64]) {
    out.iter_mut().zip(windows.of(values)).for_each(|(out, samples)| *out = samples.first().copied().unwrap_or(0.0));
}

pub fn last(windows: &Windows, values: &[f64], out: &mut [f64]) {
    out.iter_mut().zip(windows.of(values)).for_each(|(out, samples)| *out = samples.last().copied().unwrap_or(0.0));
}
