//! What a series is worth at each step of a query: its current value, or a function of the samples in a window.
//!
//! The results are Prometheus' own to the last bit, sums compensated in the same order. Native histograms are none of
//! this module's business: who asks about them gets their samples.

mod over_time;
mod rates;
mod totals;
mod windows;

pub use totals::{Operator, Totals};
pub use windows::{Steps, Windows};

use crate::exposition::cache::STALE;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Function {
    /// The last sample, unless it says that the series has ended.
    Current,
    Rate,
    Increase,
    Delta,
    Irate,
    Idelta,
    Average,
    Sum,
    Least,
    Most,
    Count,
    First,
    Last,
}

impl Function {
    /// `None` for those that only samples can answer; no name: the current value.
    pub fn named(name: &str) -> Option<Function> {
        Some(match name {
            "" => Function::Current,
            "rate" => Function::Rate,
            "increase" => Function::Increase,
            "delta" => Function::Delta,
            "irate" => Function::Irate,
            "idelta" => Function::Idelta,
            "avg_over_time" => Function::Average,
            "sum_over_time" => Function::Sum,
            "min_over_time" => Function::Least,
            "max_over_time" => Function::Most,
            "count_over_time" => Function::Count,
            "first_over_time" => Function::First,
            "last_over_time" => Function::Last,
            _ => return None,
        })
    }

    /// Samples that a window must have.
    fn least(self) -> usize {
        match self {
            Function::Rate | Function::Increase | Function::Delta | Function::Irate | Function::Idelta => 2,
            _ => 1,
        }
    }
}

/// One function over series after series.
#[derive(Debug)]
pub struct Sliding {
    pub function: Function,
    pub steps: Steps,
    /// Windows of a series without its stale markers, of the last that had some.
    gaps: Option<(Vec<i64>, Windows)>,
    kept: Vec<f64>,
    lost: Vec<f64>,
}

impl Sliding {
    pub fn new(function: Function, steps: Steps) -> Sliding {
        Sliding { function, steps, gaps: None, kept: Vec::new(), lost: vec![0.0; steps.count] }
    }

    /// For series with these moments, ascending.
    pub fn windows(&self, ms: &[i64]) -> Windows {
        let scale = if self.function == Function::Rate { self.steps.length as f64 / 1000.0 } else { 1.0 };
        Windows::new(ms, &self.steps, self.function.least(), scale)
    }

    /// Values by step and where there are any; `windows` are those of `ms`. False if there is nothing at any step.
    pub fn apply(
        &mut self,
        ms: &[i64],
        windows: &Windows,
        values: &[f64],
        out: &mut [f64],
        there: &mut [bool],
    ) -> bool {
        let stale = values.iter().any(|value| value.to_bits() == STALE);
        if self.function == Function::Current {
            there.copy_from_slice(&windows.there);
            over_time::last(windows, values, out);
            if stale {
                out.iter().zip(there.iter_mut()).for_each(|(value, there)| *there &= value.to_bits() != STALE);
                return there.contains(&true);
            }
            return windows.any;
        }
        if !stale {
            there.copy_from_slice(&windows.there);
            run(self.function, windows, values, out, &mut self.lost);
            return windows.any;
        }
        let left = || ms.iter().zip(values).filter(|(_, value)| value.to_bits() != STALE);
        let ms: Vec<i64> = left().map(|(ms, _)| *ms).collect();
        self.kept.clear();
        self.kept.extend(left().map(|(_, value)| *value));
        let known = self.gaps.take().filter(|(known, _)| *known == ms);
        let (ms, windows) = known.unwrap_or_else(|| {
            let windows = self.windows(&ms);
            (ms, windows)
        });
        there.copy_from_slice(&windows.there);
        run(self.function, &windows, &self.kept, out, &mut self.lost);
        let any = windows.any;
        self.gaps = Some((ms, windows));
        any
    }
}

/// `lost` has room for a number by step.
fn run(function: Function, windows: &Windows, values: &[f64], out: &mut [f64], lost: &mut [f64]) {
    match function {
        Function::Rate | Function::Increase => rates::extrapolated(windows, values, true, out),
        Function::Delta => rates::extrapolated(windows, values, false, out),
        Function::Irate => rates::between_last_two(windows, values, true, out),
        Function::Idelta => rates::between_last_two(windows, values, false, out),
        Function::Average => over_time::average(windows, values, out, lost),
        Function::Sum => over_time::sum(windows, values, out, lost),
        Function::Least => over_time::extreme(windows, values, |new, old| new < old, out),
        Function::Most => over_time::extreme(windows, values, |new, old| new > old, out),
        Function::Count => over_time::count(windows, out),
        Function::First => over_time::first(windows, values, out),
        Function::Last | Function::Current => over_time::last(windows, values, out),
    }
}
