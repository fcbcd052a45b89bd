//! Sums, means and extremes of the samples in each window.
//!
//! Sums are Neumaier's: what each addition loses is summed apart. As two numbers' sum and what it lost can be found without
//! comparing them (Knuth's TwoSum), many windows are summed side by side.

use super::windows::Windows;

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

/// By step, the sum of its window that begins with its first sample, and what it lost.
fn sums(windows: &Windows, values: &[f64], sum: &mut [f64], lost: &mut [f64]) {
    for run in &windows.runs {
        let (low, high) = windows.edges[run.start];
        let (low, high) = (low as usize, high as usize);
        let (sum, lost) = (&mut sum[run.clone()], &mut lost[run.clone()]);
        lost.fill(0.0);
        if low == high {
            sum.fill(0.0);
        } else if let ([sum], [lost]) = (&mut *sum, &mut *lost) {
            let first = Sum { sum: values[low], lost: 0.0 };
            let total = values[low + 1..high].iter().fold(first, |total, more| added(total, *more));
            (*sum, *lost) = (total.sum, total.lost);
        } else {
            let len = sum.len();
            sum.copy_from_slice(&values[low..low + len]);
            for from in low + 1..high {
                let more = &values[from..from + len];
                for ((sum, lost), more) in sum.iter_mut().zip(lost.iter_mut()).zip(more) {
                    let (new, gone) = two_sum(*sum, *more);
                    *sum = new;
                    *lost += gone;
                }
            }
        }
    }
}

pub fn sum(windows: &Windows, values: &[f64], out: &mut [f64], lost: &mut [f64]) {
    sums(windows, values, out, lost);
    // A sum that is infinite once never is a number again.
    out.iter_mut().zip(lost).filter(|(sum, _)| sum.is_finite()).for_each(|(sum, lost)| *sum += *lost);
}

pub fn average(windows: &Windows, values: &[f64], out: &mut [f64], lost: &mut [f64]) {
    sums(windows, values, out, lost);
    for ((out, lost), (low, high)) in out.iter_mut().zip(lost).zip(&windows.edges) {
        let count = f64::from(high - low);
        *out = if out.is_finite() {
            *out / count + *lost / count
        } else {
            running_mean(&values[*low as usize..*high as usize])
        };
    }
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
