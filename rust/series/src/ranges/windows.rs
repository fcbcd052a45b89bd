//! Windows that slide along a grid of steps.

use std::ops::Range;

/// The window of step j has the samples with `end - length < time <= end`, where `end = first_end + j * step`.
#[derive(Clone, Copy, Debug)]
pub struct Steps {
    pub first_end: i64,
    /// 0: the same window at all steps.
    pub step: i64,
    pub count: usize,
    pub length: i64,
}

impl Steps {
    pub fn ends(&self) -> impl Iterator<Item = i64> {
        (0..self.count as i64).map(|number| self.first_end.saturating_add(self.step.saturating_mul(number)))
    }
}

/// How far the samples of a window are from its edges, in seconds, and what the change between them is multiplied with.
#[derive(Clone, Copy, Debug, Default)]
pub struct Reach {
    pub interval: f64,
    pub to_end: f64,
    /// Seconds from the first sample to the window's beginning, divided by `interval`.
    pub share: f64,
    /// What is between the edges that are reached, divided by `interval` and by the scale.
    pub factor: f64,
}

/// Which samples of a list of moments the windows have.
#[derive(Debug)]
pub struct Windows {
    /// By step, the first sample and the one behind the last.
    pub edges: Vec<(u32, u32)>,
    /// Steps whose windows have one more sample at the end and one less at the beginning than the one before.
    pub runs: Vec<Range<usize>>,
    /// By step, whether there are enough samples.
    pub there: Vec<bool>,
    pub any: bool,
    /// By step; of windows with two samples or more.
    pub reach: Vec<Reach>,
    /// By step, seconds between the last two samples.
    pub last_gap: Vec<f64>,
    /// What changes are divided by: the window's seconds, if they are told per second.
    pub scale: f64,
}

impl Windows {
    /// `least`: how many samples are enough. Where it is two, the reach is calculated.
    pub fn new(ms: &[i64], steps: &Steps, least: usize, scale: f64) -> Windows {
        let (mut low, mut high) = (0, 0);
        let mut edges = Vec::with_capacity(steps.count);
        for end in steps.ends() {
            let begin = end.saturating_sub(steps.length);
            low += ms[low..].iter().take_while(|each| **each <= begin).count();
            high = high.max(low);
            high += ms[high..].iter().take_while(|each| **each <= end).count();
            edges.push((low as u32, high as u32));
        }
        let mut runs: Vec<Range<usize>> = Vec::new();
        for (step, (low, high)) in edges.iter().enumerate() {
            match runs.last_mut() {
                Some(run) if edges[step - 1] == (low.wrapping_sub(1), high.wrapping_sub(1)) => run.end += 1,
                _ => runs.push(step..step + 1),
            }
        }
        let there: Vec<bool> = edges.iter().map(|(low, high)| (high - low) as usize >= least).collect();
        let (mut reach, mut last_gap) = (Vec::new(), Vec::new());
        if least == 2 {
            for ((low, high), end) in edges.iter().zip(steps.ends()) {
                let own = &ms[*low as usize..*high as usize];
                let [.., before, last] = own else {
                    reach.push(Reach::default());
                    last_gap.push(1.0);
                    continue;
                };
                reach.push(reach_of(own, end, steps.length, scale));
                last_gap.push((last - before) as f64 / 1000.0);
            }
        }
        Windows { any: there.contains(&true), edges, runs, there, reach, last_gap, scale }
    }

    /// The samples of each window.
    pub fn of<'a>(&'a self, values: &'a [f64]) -> impl Iterator<Item = &'a [f64]> {
        self.edges.iter().map(|(low, high)| &values[*low as usize..*high as usize])
    }
}

/// Differences of whole milliseconds: seconds since the epoch have only seven digits behind the point.
fn reach_of(ms: &[i64], end: i64, length: i64, scale: f64) -> Reach {
    let (first, last) = (ms[0], ms[ms.len() - 1]);
    let interval = ((last - first) as f64 / 1000.0).max(1e-3);
    let mean = interval / (ms.len() - 1) as f64;
    let edge = |distance: i64| {
        let distance = distance as f64 / 1000.0;
        if distance >= mean * 1.1 { mean / 2.0 } else { distance }
    };
    let (to_start, to_end) = (edge(first - end.saturating_sub(length)), edge(end - last));
    let factor = (interval + to_start + to_end) / interval / scale;
    Reach { interval, to_end, share: to_start / interval, factor }
}
