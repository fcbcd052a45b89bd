//! What a scrape comes to, as samples for the store.

use std::sync::Arc;

use super::cache::{Cache, Outcome, Row};
use crate::samples::{Builder, Roster, Samples, TooLarge};

/// All of it as samples; `metadata`: of all families, too.
pub fn samples(cache: &Cache, outcome: &Outcome, metadata: bool) -> Result<Samples, TooLarge> {
    let mut builder = Builder::of_roster(cache.roster().clone())?;
    builder.reserve(outcome.rows.len());
    for Row { series, ms, bits, native, .. } in &outcome.rows {
        match native.checked_sub(1) {
            None => builder.sample(*series, *ms, *bits),
            Some(at) => {
                let message = builder.copy(&outcome.natives[at as usize])?;
                builder.histogram(*series, *ms, message);
            }
        }
    }
    for example in &outcome.exemplars {
        let own = builder.copy(&example.labels)?;
        builder.exemplar(example.series, example.ms, example.bits, own);
    }
    if metadata {
        for (family, known) in cache.families() {
            let family = builder.copy(family)?;
            let (help, unit) = (builder.copy(known.help.as_bytes())?, builder.copy(known.unit.as_bytes())?);
            builder.metadata(family, known.kind as u8, help, unit);
        }
    }
    Ok(builder.finish())
}

/// What the scraper says itself: the values of the roster's series, in order.
pub fn reports(roster: &Arc<Roster>, ms: i64, values: &[u64]) -> Result<Samples, TooLarge> {
    let mut builder = Builder::of_roster(roster.clone())?;
    values.iter().zip(0..roster.len() as u32).for_each(|(bits, number)| builder.sample(number, ms, *bits));
    Ok(builder.finish())
}
