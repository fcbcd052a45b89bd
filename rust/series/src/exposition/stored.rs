//! What a scrape comes to, as samples for the store.

use super::cache::{Cache, Outcome, Row};
use super::otlp::Report;
use crate::samples::{Builder, Samples, TooLarge};

/// All of it as samples; `metadata`: of all families, too.
pub fn samples(cache: &Cache, outcome: &Outcome, reports: &[Report<'_>], metadata: bool) -> Result<Samples, TooLarge> {
    let mut builder = Builder::new(bytes::Bytes::new())?;
    builder.reserve(outcome.rows.len() + reports.len());
    let nothing = builder.copy(b"")?;
    for Row { series, ms, bits, native, .. } in &outcome.rows {
        let labels = builder.copy(&cache.series(*series).labels)?;
        let number = builder.series(labels, nothing);
        match native.checked_sub(1) {
            None => builder.sample(number, *ms, *bits),
            Some(at) => {
                let message = builder.copy(&outcome.natives[at as usize])?;
                builder.histogram(number, *ms, message);
            }
        }
    }
    for example in &outcome.exemplars {
        let labels = builder.copy(&cache.series(example.series).labels)?;
        let number = builder.series(labels, nothing);
        let own = builder.copy(&example.labels)?;
        builder.exemplar(number, example.ms, example.bits, own);
    }
    for report in reports {
        let labels = builder.copy(report.labels)?;
        let number = builder.series(labels, nothing);
        builder.sample(number, report.ms, report.bits);
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
