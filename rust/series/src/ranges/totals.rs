//! Series made one by step: sums, means, extremes and counts of groups.

use super::over_time::two_sum;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    Sum,
    Average,
    Least,
    Most,
    Count,
    Group,
}

impl Operator {
    pub fn named(name: &str) -> Option<Operator> {
        Some(match name {
            "sum" => Operator::Sum,
            "avg" => Operator::Average,
            "min" => Operator::Least,
            "max" => Operator::Most,
            "count" => Operator::Count,
            "group" => Operator::Group,
            _ => return None,
        })
    }
}

/// Groups × steps; series are added one after the other, sums are compensated.
#[derive(Debug)]
pub struct Totals {
    operator: Operator,
    steps: usize,
    values: Vec<f64>,
    lost: Vec<f64>,
    counts: Vec<u32>,
}

impl Totals {
    pub fn new(operator: Operator, groups: usize, steps: usize) -> Totals {
        let is_sum = matches!(operator, Operator::Sum | Operator::Average);
        let cells = groups * steps;
        let lost = vec![0.0; if is_sum { cells } else { 0 }];
        Totals { operator, steps, values: vec![0.0; cells], lost, counts: vec![0; cells] }
    }

    pub fn add(&mut self, group: usize, values: &[f64], there: &[bool]) {
        let cells = group * self.steps..(group + 1) * self.steps;
        let (totals, counts) = (&mut self.values[cells.clone()], &mut self.counts[cells.clone()]);
        match self.operator {
            Operator::Sum | Operator::Average => {
                let lost = &mut self.lost[cells];
                let cells = totals.iter_mut().zip(lost).zip(values);
                if !there.contains(&false) && !counts.contains(&0) {
                    cells.for_each(|((total, lost), value)| put(total, lost, *value));
                } else {
                    for ((((total, lost), value), there), count) in cells.zip(there).zip(&*counts) {
                        match (there, count) {
                            (true, 0) => *total = *value,
                            (true, _) => put(total, lost, *value),
                            (false, _) => {}
                        }
                    }
                }
            }
            Operator::Least => best(totals, counts, values, there, |new, old| new < old),
            Operator::Most => best(totals, counts, values, there, |new, old| new > old),
            Operator::Count | Operator::Group => {}
        }
        counts.iter_mut().zip(there).for_each(|(count, there)| *count += u32::from(*there));
    }

    /// Values, and where there are any; `None` if a mean needs another way, because the sum was too large.
    pub fn finish(mut self) -> Option<(Vec<f64>, Vec<bool>)> {
        for at in 0..self.values.len() {
            let (value, count) = (self.values[at], f64::from(self.counts[at].max(1)));
            self.values[at] = match self.operator {
                Operator::Sum if value.is_finite() => value + self.lost[at],
                Operator::Average if value.is_infinite() => return None,
                Operator::Average if value.is_finite() => value / count + self.lost[at] / count,
                Operator::Count => count,
                Operator::Group => 1.0,
                _ => value,
            };
        }
        Some((self.values, self.counts.iter().map(|count| *count > 0).collect()))
    }
}

#[inline(always)]
fn put(total: &mut f64, lost: &mut f64, value: f64) {
    let (sum, gone) = two_sum(*total, value);
    *total = sum;
    *lost += gone;
}

/// NaN only of nothing but NaN.
fn best(totals: &mut [f64], counts: &[u32], values: &[f64], there: &[bool], beats: impl Fn(f64, f64) -> bool) {
    for (((total, count), value), there) in totals.iter_mut().zip(counts).zip(values).zip(there) {
        if *there && (*count == 0 || beats(*value, *total) || total.is_nan()) {
            *total = *value;
        }
    }
}
