//! `Samples`: what came in at one time, parsed once, not yet stored.

mod builder;
mod refusals;
mod roster;

use std::sync::Arc;

use bytes::Bytes;

pub use builder::{Builder, Mark, TooLarge};
pub use refusals::{Refusal, Refusals, Why};
pub use roster::{Giver, Ids, Roster};

/// Immutable; copies and joins cost nothing.
#[derive(Clone, Debug, Default)]
pub struct Samples {
    parts: Vec<Arc<Part>>,
}

/// What one source has said. Series are numbered from 0 on within it.
#[derive(Debug, Default)]
pub struct Part {
    /// What texts are slices of: the bytes that came, and what was written anew.
    body: Bytes,
    written: Vec<u8>,
    series: Vec<Series>,
    /// Instead of series of its own.
    roster: Option<Arc<Roster>>,
    /// Of each sample: its series, time, and value's bits.
    series_of: Vec<u32>,
    ms: Vec<i64>,
    bits: Vec<u64>,
    histograms: Vec<Histogram>,
    exemplars: Vec<Exemplar>,
    metadata: Vec<Metadata>,
    refusals: Refusals,
}

/// Bytes of a part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Text {
    /// In the body, then in what was written.
    start: u32,
    length: u32,
}

#[derive(Clone, Copy, Debug)]
pub struct Series {
    /// Of the labels; 0: nobody has asked for it yet.
    pub hash: u64,
    /// A canonical label set.
    pub labels: Text,
    /// Empty: nothing is said of it.
    pub soft: Text,
}

#[derive(Clone, Copy, Debug)]
pub struct Histogram {
    pub series: u32,
    pub ms: i64,
    /// An encoded `io.prometheus.write.v2.Histogram`.
    pub message: Text,
}

#[derive(Clone, Copy, Debug)]
pub struct Exemplar {
    pub series: u32,
    pub ms: i64,
    pub bits: u64,
    pub labels: Text,
}

#[derive(Clone, Copy, Debug)]
pub struct Metadata {
    pub family: Text,
    /// As in remote write.
    pub kind: u8,
    pub help: Text,
    pub unit: Text,
}

impl Samples {
    pub fn joined<'a>(all: impl Iterator<Item = &'a Samples>) -> Samples {
        Samples { parts: all.flat_map(|each| each.parts.iter().cloned()).collect() }
    }

    pub fn parts(&self) -> &[Arc<Part>] {
        &self.parts
    }

    pub fn samples(&self) -> usize {
        self.parts.iter().map(|part| part.ms.len()).sum()
    }

    pub fn histograms(&self) -> usize {
        self.parts.iter().map(|part| part.histograms.len()).sum()
    }

    pub fn exemplars(&self) -> usize {
        self.parts.iter().map(|part| part.exemplars.len()).sum()
    }

    /// The same series in two places counts twice; of a roster all count.
    pub fn series(&self) -> usize {
        self.parts.iter().map(|part| part.series().len()).sum()
    }

    /// What was left out when this was parsed.
    pub fn refused(&self) -> Refusals {
        let mut all = Refusals::default();
        self.parts.iter().for_each(|part| all.merge(&part.refusals));
        all
    }
}

impl Part {
    #[inline]
    pub fn text(&self, text: Text) -> &[u8] {
        let (start, length) = (text.start as usize, text.length as usize);
        match start.checked_sub(self.body.len()) {
            None => &self.body[start..start + length],
            Some(start) => &self.written[start..start + length],
        }
    }

    pub fn series(&self) -> &[Series] {
        self.roster.as_ref().map_or(&self.series, |roster| roster.series())
    }

    pub fn roster(&self) -> Option<&Arc<Roster>> {
        self.roster.as_ref()
    }

    /// (series, ms, bits) of each, in the order in which they came.
    pub fn samples(&self) -> impl ExactSizeIterator<Item = (u32, i64, u64)> {
        let times = self.ms.iter().zip(&self.bits);
        self.series_of.iter().zip(times).map(|(series, (ms, bits))| (*series, *ms, *bits))
    }

    pub fn histograms(&self) -> &[Histogram] {
        &self.histograms
    }

    pub fn exemplars(&self) -> &[Exemplar] {
        &self.exemplars
    }

    pub fn metadata(&self) -> &[Metadata] {
        &self.metadata
    }
}
