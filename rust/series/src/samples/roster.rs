//! The series of a source that says the same ones again and again, such as a target of scrapes.

use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use parking_lot::{Mutex, MutexGuard};

use super::{Series, Text};
use crate::labels;

const UNKNOWN: u32 = u32::MAX;

/// Who gave an id: no two are equal while the process lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Giver(u64);

impl Default for Giver {
    fn default() -> Giver {
        static LAST: AtomicU64 = AtomicU64::new(0);
        Giver(1 + LAST.fetch_add(1, Ordering::Relaxed))
    }
}

/// All parts of the source share it: so their label sets are not copied, and what a log calls the series is looked up once.
#[derive(Debug, Default)]
pub struct Roster {
    text: Bytes,
    series: Vec<Series>,
    ids: Mutex<Ids>,
}

/// What the last log that took a part calls the series.
#[derive(Clone, Debug, Default)]
pub struct Ids {
    giver: Option<Giver>,
    /// By number.
    of: Vec<u32>,
}

impl Roster {
    /// What is known and these, canonical label sets; the numbers of the first stay.
    pub fn with<'a>(&self, more: impl Iterator<Item = &'a [u8]>) -> Roster {
        let (mut text, mut series) = (self.text.to_vec(), self.series.clone());
        for labels in more {
            let place = Text { start: text.len() as u32, length: labels.len() as u32 };
            series.push(Series { hash: labels::hash(labels), labels: place, soft: Text::default() });
            text.extend_from_slice(labels);
        }
        Roster { text: text.into(), series, ids: Mutex::new(self.ids.lock().clone()) }
    }

    pub fn len(&self) -> usize {
        self.series.len()
    }

    pub fn is_empty(&self) -> bool {
        self.series.is_empty()
    }

    /// Canonical.
    #[inline]
    pub fn labels(&self, number: u32) -> &[u8] {
        let Text { start, length } = self.series[number as usize].labels;
        &self.text[start as usize..start as usize + length as usize]
    }

    /// Of the labels.
    #[inline]
    pub fn hash(&self, number: u32) -> u64 {
        self.series[number as usize].hash
    }

    /// All of them.
    pub fn series(&self) -> &[Series] {
        &self.series
    }

    /// What the label sets are slices of.
    pub fn text(&self) -> &Bytes {
        &self.text
    }

    /// The ids that this giver gave; none if the last was another.
    pub fn ids(&self, giver: Giver) -> MutexGuard<'_, Ids> {
        let mut ids = self.ids.lock();
        if ids.giver != Some(giver) {
            *ids = Ids { giver: Some(giver), of: Vec::new() };
        }
        ids.of.resize(self.series.len(), UNKNOWN);
        ids
    }
}

impl Ids {
    #[inline]
    pub fn get(&self, number: u32) -> Option<u32> {
        self.of.get(number as usize).copied().filter(|id| *id != UNKNOWN)
    }

    #[inline]
    pub fn set(&mut self, number: u32, id: u32) {
        if let Some(place) = self.of.get_mut(number as usize) {
            *place = id;
        }
    }
}
