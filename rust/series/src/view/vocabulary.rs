//! Names and values of labels without a question about series: nothing is looked at but dictionaries.

use std::collections::BTreeSet;
use std::sync::Arc;

use otelier_segment::error::ReadError;

use super::select::Failed;
use super::{Known, SeriesView};
use crate::hot::Store;
use crate::labels::pairs;
use crate::read::Segment;
use crate::segment::GROUP_ROWS;
use crate::soft::means;

impl SeriesView {
    /// Names of labels in all segments that overlap with the time, and in the log.
    pub(super) fn all_names(&self, tenant: &str, window: (i64, i64)) -> Result<BTreeSet<Vec<u8>>, Failed> {
        self.answer(|known| {
            let mut found = BTreeSet::new();
            for segment in self.of(tenant, window, known)? {
                let places: BTreeSet<u32> =
                    segment.summary.metrics.iter().flat_map(|metric| metric.labels.iter().copied()).collect();
                let names = places.iter().filter_map(|place| segment.summary.labels.get(*place as usize));
                found.extend(names.map(|name| name.clone().into_bytes()));
            }
            self.each_store(tenant, known, |store| found.extend(store.pairs.names().map(<[u8]>::to_vec)))?;
            Ok(found)
        })
    }

    /// Values of a label, and of the soft attributes that its name means, likewise.
    pub(super) fn all_values(
        &self,
        tenant: &str,
        name: &[u8],
        window: (i64, i64),
    ) -> Result<BTreeSet<Vec<u8>>, Failed> {
        self.answer(|known| {
            let mut found = BTreeSet::new();
            for segment in self.of(tenant, window, known)? {
                values_of(&segment, name, &mut found)?;
            }
            self.each_store(tenant, known, |store| {
                found.extend(store.pairs.values_of(name).map(<[u8]>::to_vec));
                // Sets are as many as targets, their keys few.
                if store.soft_keys().any(|key| means(name, key)) {
                    let soft = store.soft_sets().flat_map(pairs).filter(|(key, _)| means(name, key));
                    found.extend(soft.map(|(_, value)| value.to_vec()));
                }
            })?;
            Ok(found)
        })
    }

    /// What the log holds of a tenant, if the segments are still those that go with it.
    pub(super) fn each_store(&self, tenant: &str, known: &Known, see: impl FnMut(&Store)) -> Result<(), Failed> {
        let state = self.state.read();
        if !Arc::ptr_eq(&state.segments, &known.all) {
            return Err(Failed::Moved);
        }
        state.hot.stores(tenant).for_each(see);
        Ok(())
    }
}

fn values_of(segment: &Segment, name: &[u8], found: &mut BTreeSet<Vec<u8>>) -> Result<(), ReadError> {
    let label = segment.summary.labels.iter().position(|each| each.as_bytes() == name);
    let mut columns = Vec::from_iter(label.map(|place| segment.label(place as u32)).transpose()?);
    for key in segment.summary.soft.iter().filter(|key| means(name, key.as_bytes())) {
        columns.push(segment.soft(key)?);
    }
    for first in (0..segment.summary.series as usize).step_by(GROUP_ROWS) {
        for column in &columns {
            let Some(coded) = segment.coded(first, *column)? else { continue };
            for text in (0..coded.len() as u32).map(|code| coded.text(code)) {
                if !found.contains(text) {
                    found.insert(text.to_vec());
                }
            }
        }
    }
    Ok(())
}
