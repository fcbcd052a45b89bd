//! What became of samples that were appended.

use crate::samples::Refusals;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Appended {
    /// Taken, folded ones among them.
    pub samples: usize,
    pub histograms: usize,
    pub exemplars: usize,
    /// Samples and histograms whose series is over a limit: they went to the overflow series of their metric.
    pub folded: usize,
    /// What was not taken, since it was parsed.
    pub refused: Refusals,
}

impl Appended {
    pub fn items(&self) -> usize {
        self.samples + self.histograms
    }
}
