//! rate, increase, delta, irate and idelta.
//!
//! A window's first and last sample are extrapolated to its edges: all the way if a sample is nearer than 1.1 mean
//! distances, else by half a distance; a counter not below zero.

use super::windows::Windows;

pub fn extrapolated(windows: &Windows, values: &[f64], counter: bool, out: &mut [f64]) {
    let resets = if counter { resets(values) } else { Vec::new() };
    let mut next = 0;
    for ((out, (low, high)), reach) in out.iter_mut().zip(&windows.edges).zip(&windows.reach) {
        if high - low < 2 {
            *out = 0.0;
            continue;
        }
        let first = values[*low as usize];
        let mut change = values[*high as usize - 1] - first;
        if !resets.is_empty() {
            // A window never begins before the one before it.
            next += resets[next..].iter().take_while(|at| **at <= *low).count();
            let own = resets[next..].iter().take_while(|at| **at < *high);
            own.for_each(|at| change += values[*at as usize - 1]);
        }
        // Where the way to the start would lead below zero, zero is where it begins.
        *out = if counter && first >= 0.0 && first < change * reach.share {
            let whole = reach.interval + reach.interval * (first / change) + reach.to_end;
            change * (whole / reach.interval / windows.scale)
        } else {
            change * reach.factor
        };
    }
}

/// Samples that are smaller than the one before.
fn resets(values: &[f64]) -> Vec<u32> {
    let is_reset = |at: &usize| values[*at] < values[*at - 1];
    if !values.windows(2).fold(false, |any, two| any | (two[1] < two[0])) {
        return Vec::new();
    }
    (1..values.len()).filter(is_reset).map(|at| at as u32).collect()
}

pub fn between_last_two(windows: &Windows, values: &[f64], counter: bool, out: &mut [f64]) {
    for ((out, samples), gap) in out.iter_mut().zip(windows.of(values)).zip(&windows.last_gap) {
        *out = match samples {
            [.., before, last] if !counter => last - before,
            [.., before, last] => (if last < before { *last } else { last - before }) / gap,
            _ => 0.0,
        };
    }
}
