//! One append: samples of known and new series become a record.

use super::outcome::Appended;
use super::tenant::{Found, Limits, Tenant};
use super::{Bounds, seconds};
use crate::labels;
use crate::record::Encoder;
use crate::samples::{Ids, Part, Samples, Why};

/// What is to be written, and what is true once it is durable.
#[derive(Debug, Default)]
pub struct Taken {
    pub encoder: Encoder,
    pub outcome: Appended,
    pub news: News,
}

#[derive(Debug, Default)]
pub struct News {
    /// Ids, and the hash of their soft sets.
    pub definitions: Vec<(u32, u32)>,
    /// Names, and the hash of what was said of them.
    pub families: Vec<(Box<[u8]>, u64)>,
}

/// When and by which rules samples are taken.
#[derive(Clone, Copy)]
pub struct Terms<'a> {
    /// As a serial.
    pub epoch: u32,
    pub now_ms: i64,
    pub bounds: Bounds,
    pub limits: &'a Limits,
}

/// Finds the ids of all series, new ones included, and encodes what is within the bounds.
pub fn take(tenant: &mut Tenant, samples: &Samples, terms: Terms<'_>) -> Taken {
    let mut taken = Taken::default();
    taken.outcome.refused = samples.refused();
    taken.encoder.reserve(samples.samples());
    for part in samples.parts() {
        let ids = vec![None; part.series().len()];
        let mut known = part.roster().map(|roster| roster.ids(tenant.giver()));
        let now_s = seconds(terms.now_ms);
        let known = known.as_deref_mut();
        Taking { tenant, terms, now_s, part, ids, known, last: None, taken: &mut taken }.take();
    }
    taken
}

struct Taking<'a> {
    tenant: &'a mut Tenant,
    terms: Terms<'a>,
    now_s: u32,
    part: &'a Part,
    /// What was found for the series of the part that were asked for.
    ids: Vec<Option<Found>>,
    /// Ids that were found for the same source before.
    known: Option<&'a mut Ids>,
    /// The series that was found last.
    last: Option<u32>,
    taken: &'a mut Taken,
}

impl Taking<'_> {
    fn take(mut self) {
        let part = self.part;
        for (series, ms, bits) in part.samples() {
            if let Some(id) = self.admit(series, ms) {
                self.taken.encoder.sample(id, ms, bits);
                self.taken.outcome.samples += 1;
            }
        }
        for histogram in part.histograms() {
            if let Some(id) = self.admit(histogram.series, histogram.ms) {
                self.taken.encoder.histogram(id, histogram.ms, part.text(histogram.message));
                self.taken.outcome.histograms += 1;
            }
        }
        for exemplar in part.exemplars() {
            let Bounds { oldest_ms, newest_ms } = self.terms.bounds;
            let in_time = (oldest_ms..=newest_ms).contains(&exemplar.ms);
            if in_time && let Found::Id(id) = self.find(exemplar.series) {
                self.taken.encoder.exemplar(id, exemplar.ms, exemplar.bits, part.text(exemplar.labels));
                self.taken.outcome.exemplars += 1;
            }
        }
        self.say();
    }

    /// The id for a sample or histogram of this time; counts what is not taken, and what is folded.
    #[inline]
    fn admit(&mut self, series: u32, ms: i64) -> Option<u32> {
        let why = if ms < self.terms.bounds.oldest_ms {
            Why::Old
        } else if ms > self.terms.bounds.newest_ms {
            Why::Future
        } else {
            match self.find(series) {
                Found::Id(id) => return Some(id),
                Found::Overflow(id) => {
                    self.taken.outcome.folded += 1;
                    return Some(id);
                }
                Found::TooMany => Why::Limit,
                Found::TooManyNames => Why::Names,
            }
        };
        let labels = self.part.series()[series as usize].labels;
        self.taken.outcome.refused.add(why, 1, || labels::text(self.part.text(labels)));
        None
    }

    #[inline]
    fn find(&mut self, number: u32) -> Found {
        if let Some(found) = self.ids[number as usize] {
            return found;
        }
        let series = self.part.series()[number as usize];
        let known = self.known.as_ref().and_then(|known| known.get(number)).filter(|id| self.tenant.is_active(*id));
        let found = match known {
            Some(id) => Found::Id(id),
            None => self.tenant.find(self.last, series.hash, self.part.text(series.labels), self.terms.limits),
        };
        if let (None, Found::Id(id), Some(ids)) = (known, found, &mut self.known) {
            ids.set(number, id);
        }
        match found {
            Found::Id(id) => {
                self.last = Some(id);
                self.used(id, self.part.text(series.soft));
            }
            Found::Overflow(id) => self.used(id, &[]),
            Found::TooMany | Found::TooManyNames => {}
        }
        self.ids[number as usize] = Some(found);
        found
    }

    /// Defines a series in this record, unless it is defined durably.
    #[inline]
    fn used(&mut self, id: u32, soft: &[u8]) {
        let soft_hash = if soft.is_empty() { 0 } else { labels::hash(soft) as u32 | 1 };
        if self.tenant.used(id, self.now_s, self.terms.epoch, soft_hash) {
            self.taken.encoder.define(id, self.tenant.labels(id), soft);
            self.taken.news.definitions.push((id, soft_hash));
        }
    }

    /// Metadata that was not yet said in this epoch.
    fn say(&mut self) {
        for about in self.part.metadata() {
            let [family, help, unit] = [about.family, about.help, about.unit].map(|text| self.part.text(text));
            let said = labels::hash(&[&[about.kind], help, b"\0", unit].concat());
            if self.tenant.said(family, self.terms.epoch) != Some(said) {
                self.taken.encoder.metadata(family, about.kind, help, unit);
                self.taken.news.families.push((family.into(), said));
            }
        }
    }
}
