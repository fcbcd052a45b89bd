//! Collects what one source says.

use std::sync::Arc;

use bytes::Bytes;

use super::{Exemplar, Histogram, Metadata, Part, Refusals, Roster, Samples, Series, Text};

/// Text written anew is bounded: a request may name a long symbol a million times.
const MAX_WRITTEN: usize = 256 << 20;
const MAX_BODY: usize = 1 << 30;

/// The body, or what it would grow to, is larger than a record may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLarge;

/// See [`Samples`]. Whatever is said of a series must follow it.
#[derive(Debug, Default)]
pub struct Builder {
    part: Part,
}

/// How much there was.
#[derive(Clone, Copy, Debug)]
pub struct Mark {
    samples: usize,
    histograms: usize,
    exemplars: usize,
}

impl Builder {
    /// `body`: the bytes that came, whose slices may be kept as they are.
    pub fn new(body: Bytes) -> Result<Builder, TooLarge> {
        if body.len() > MAX_BODY {
            return Err(TooLarge);
        }
        Ok(Builder { part: Part { body, ..Part::default() } })
    }

    /// Of a source whose series are these, by their numbers there.
    pub fn of_roster(roster: Arc<Roster>) -> Result<Builder, TooLarge> {
        let mut builder = Builder::new(roster.text().clone())?;
        builder.part.roster = Some(roster);
        Ok(builder)
    }

    /// Room for so many series with one sample each.
    pub fn reserve(&mut self, series: usize) {
        if self.part.roster.is_none() {
            self.part.series.reserve(series);
        }
        self.part.series_of.reserve(series);
        self.part.ms.reserve(series);
        self.part.bits.reserve(series);
    }

    /// A slice of the body as it lies there.
    #[inline]
    pub fn lying(&self, slice: &[u8]) -> Text {
        if slice.is_empty() {
            // It may lie anywhere: a field that was not there is empty, too.
            return Text { start: 0, length: 0 };
        }
        let start = slice.as_ptr() as usize - self.part.body.as_ptr() as usize;
        debug_assert!(start + slice.len() <= self.part.body.len());
        Text { start: start as u32, length: slice.len() as u32 }
    }

    /// Keeps a copy.
    pub fn copy(&mut self, text: &[u8]) -> Result<Text, TooLarge> {
        self.write(text.len(), |out| out.extend_from_slice(text))
    }

    /// Keeps what `write` appends, of about `length` bytes.
    #[inline]
    pub fn write(&mut self, length: usize, write: impl FnOnce(&mut Vec<u8>)) -> Result<Text, TooLarge> {
        let before = self.part.written.len();
        if before + length > MAX_WRITTEN {
            return Err(TooLarge);
        }
        write(&mut self.part.written);
        let length = self.part.written.len() - before;
        Ok(Text { start: (self.part.body.len() + before) as u32, length: length as u32 })
    }

    pub fn text(&self, text: Text) -> &[u8] {
        self.part.text(text)
    }

    /// The number that the next series gets.
    #[inline]
    pub fn next_series(&self) -> u32 {
        self.part.series.len() as u32
    }

    /// A canonical label set, and a soft one.
    #[inline]
    pub fn series(&mut self, labels: Text, soft: Text) -> u32 {
        self.hashed_series(0, labels, soft)
    }

    /// The same where the hash of the labels is known.
    #[inline]
    pub fn hashed_series(&mut self, hash: u64, labels: Text, soft: Text) -> u32 {
        debug_assert!(self.part.roster.is_none(), "its series are all there are");
        let number = self.next_series();
        self.part.series.push(Series { hash, labels, soft });
        number
    }

    #[inline]
    pub fn sample(&mut self, series: u32, ms: i64, bits: u64) {
        self.part.series_of.push(series);
        self.part.ms.push(ms);
        self.part.bits.push(bits);
    }

    pub fn histogram(&mut self, series: u32, ms: i64, message: Text) {
        self.part.histograms.push(Histogram { series, ms, message });
    }

    pub fn exemplar(&mut self, series: u32, ms: i64, bits: u64, labels: Text) {
        self.part.exemplars.push(Exemplar { series, ms, bits, labels });
    }

    pub fn metadata(&mut self, family: Text, kind: u8, help: Text, unit: Text) {
        self.part.metadata.push(Metadata { family, kind, help, unit });
    }

    pub fn refusals(&mut self) -> &mut Refusals {
        &mut self.part.refusals
    }

    #[inline]
    pub fn mark(&self) -> Mark {
        let Part { ms, histograms, exemplars, .. } = &self.part;
        Mark { samples: ms.len(), histograms: histograms.len(), exemplars: exemplars.len() }
    }

    /// Samples and histograms that came since.
    #[inline]
    pub fn since(&self, mark: Mark) -> usize {
        self.part.ms.len() - mark.samples + self.part.histograms.len() - mark.histograms
    }

    /// Nothing came since, exemplars neither.
    #[inline]
    pub fn is_at(&self, mark: Mark) -> bool {
        self.since(mark) == 0 && self.part.exemplars.len() == mark.exemplars
    }

    /// Forgets what came since.
    pub fn back_to(&mut self, mark: Mark) {
        let Part { series_of, ms, bits, histograms, exemplars, .. } = &mut self.part;
        series_of.truncate(mark.samples);
        ms.truncate(mark.samples);
        bits.truncate(mark.samples);
        histograms.truncate(mark.histograms);
        exemplars.truncate(mark.exemplars);
    }

    pub fn finish(self) -> Samples {
        Samples { parts: vec![Arc::new(self.part)] }
    }
}
