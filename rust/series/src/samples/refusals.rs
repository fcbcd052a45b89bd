//! What was not taken, and why.

/// Why something was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// A series without `__name__`.
    Name,
    /// A label's name is empty, or a name or value is no UTF-8.
    Label,
    /// Two labels have one name.
    Twice,
    /// A reference to a symbol that is not there, or half a pair.
    Symbol,
    /// A series with neither samples nor histograms.
    Empty,
    /// A histogram that can't be.
    Histogram,
    /// A delta of a series more than can be remembered.
    Delta,
    /// Older than what is kept.
    Old,
    /// Too far in the future.
    Future,
    /// More series than may be, those for the overflow included.
    Limit,
    /// More names of labels than may be.
    Names,
}

impl Why {
    /// One word, as counters have it.
    pub fn word(self) -> &'static str {
        match self {
            Why::Name => "missing_name",
            Why::Label => "invalid_label",
            Why::Twice => "duplicate_label",
            Why::Symbol => "invalid_symbol",
            Why::Empty => "no_samples",
            Why::Histogram => "invalid_histogram",
            Why::Delta => "delta_limit",
            Why::Old => "too_old",
            Why::Future => "too_far_in_future",
            Why::Limit => "series_limit",
            Why::Names => "label_name_limit",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub why: Why,
    /// The first series that it happened to, as people write it.
    pub example: String,
    /// Samples and histograms; of a series without any: 1.
    pub count: usize,
}

/// One for each reason.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Refusals(Vec<Refusal>);

impl Refusals {
    /// `count`: samples and histograms of a series; 0 counts as one.
    pub fn add(&mut self, why: Why, count: usize, example: impl FnOnce() -> String) {
        let count = count.max(1);
        match self.0.iter_mut().find(|refusal| refusal.why == why) {
            Some(known) => known.count += count,
            None => self.0.push(Refusal { why, example: example(), count }),
        }
    }

    pub fn merge(&mut self, other: &Refusals) {
        other.0.iter().for_each(|refusal| self.add(refusal.why, refusal.count, || refusal.example.clone()));
    }

    pub fn all(&self) -> &[Refusal] {
        &self.0
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
