//! Metrics of what was counted, and what is forgotten afterwards.

use otelier_wire::Batch;

use super::super::encode::{Encoder, Exemplar, Window};
use super::SpanMetrics;
use super::resources::{Family, Resource};
use super::series::{Series, Table};

const SCOPE: &str = "spanmetricsconnector";

impl SpanMetrics {
    /// All series as metrics.
    ///
    /// Cumulative: the first point of a new series' counts is 0, so that backends see them rise; all series come again
    /// with every flush. Delta: what came since the last flush; `confirm` says what became of it.
    pub fn flush(&mut self, now_ns: u64) -> Batch {
        let mut encoder = Encoder::default();
        for resource in self.resources.all() {
            self.encode(resource, now_ns, &mut encoder);
        }
        let delta = self.options.delta;
        for series in self.resources.all_mut().iter_mut().flat_map(Resource::series_mut) {
            series.begun = true;
            if !delta {
                series.value.exemplars = Vec::new();
            } else if series.value.count > 0 {
                series.written = Some((series.start_ns, std::mem::take(&mut series.value)).into());
                series.start_ns = now_ns;
            }
        }
        if !delta {
            self.forget(now_ns);
        }
        encoder.finish()
    }

    /// Delta: whether what the last flush gave has arrived; if not, the next one gives it again.
    pub fn confirm(&mut self, arrived: bool) {
        let max_exemplars = self.options.exemplars;
        for series in self.resources.all_mut().iter_mut().flat_map(Resource::series_mut) {
            let Some(written) = series.written.take() else { continue };
            if !arrived {
                let (start_ns, value) = *written;
                series.start_ns = start_ns;
                series.value.put_back(value, max_exemplars);
            }
        }
        if self.options.delta && arrived {
            self.forget_remembered();
        }
    }

    fn encode(&self, resource: &Resource, now_ns: u64, encoder: &mut Encoder) {
        let temporality = self.options.temporality();
        let spans = &resource.tables[Family::Spans as usize];
        let durations = &resource.tables[Family::Durations as usize];
        encoder.resource(&resource.encoded, SCOPE, |it| {
            it.sum(&self.options.calls, temporality, |it| self.counts(spans, now_ns, it));
            if let Some(shape) = &self.shape {
                let table = if self.durations.is_some() { durations } else { spans };
                it.histogram(&self.options.duration, shape, temporality, |it| {
                    for series in self.due(table) {
                        if let Some(histogram) = &series.value.histogram {
                            let exemplars = self.exemplars(series);
                            it.histogram_point(&series.attributes, window(series, now_ns), histogram, exemplars, shape);
                        }
                    }
                });
            }
            if let Some(name) = &self.options.events {
                let events = &resource.tables[Family::Events as usize];
                it.sum(name, temporality, |it| self.counts(events, now_ns, it));
            }
        });
    }

    fn counts(&self, table: &Table, now_ns: u64, encoder: &mut Encoder) {
        for series in self.due(table) {
            let count = if series.begun || self.options.delta { series.value.count } else { 0 };
            encoder.sum_point(&series.attributes, window(series, now_ns), count, self.exemplars(series), self.unit);
        }
    }

    fn due<'t>(&self, table: &'t Table) -> impl Iterator<Item = &'t Series> {
        let delta = self.options.delta;
        table.series().iter().filter(move |series| !delta || series.value.count > 0)
    }

    fn exemplars<'s>(&self, series: &'s Series) -> &'s [Exemplar] {
        &series.value.exemplars
    }

    /// What was not seen for too long, and resources beyond the limit, the longest unseen first.
    fn forget(&mut self, now_ns: u64) {
        let age = |seen_ns: u64| now_ns.saturating_sub(seen_ns);
        let series_ns = self.options.series_expiration_ns;
        if series_ns > 0 {
            let resources = self.resources.all_mut().iter_mut();
            let tables = resources.flat_map(|resource| &mut resource.tables);
            let expired = tables.map(|table| table.retain(|series| age(series.last_seen_ns) < series_ns));
            self.counters.expired_series += expired.sum::<usize>() as u64;
        }
        let resource_ns = self.options.resource_expiration_ns;
        if resource_ns > 0 {
            let expired = self.resources.retain(|resource| age(resource.last_seen_ns) < resource_ns);
            self.counters.expired_resources += expired as u64;
        }
        let most = self.options.max_resources;
        let count = self.resources.all().len();
        if most > 0 && count > most {
            let mut seen: Vec<u64> = self.resources.all().iter().map(|resource| resource.last_seen_ns).collect();
            let mut left = count - most;
            let newest_evicted = *seen.select_nth_unstable(left - 1).1;
            // Many may have been seen at the same time: no more of them go than there are too many.
            let evicted = self.resources.retain(|resource| {
                let goes = left > 0 && resource.last_seen_ns <= newest_evicted;
                left -= usize::from(goes);
                !goes
            });
            self.counters.evicted_resources += evicted as u64;
        }
    }

    /// Delta: of series without anything new only the start of their next point is left; so many of them are kept.
    fn forget_remembered(&mut self) {
        let tables = || self.resources.all().iter().flat_map(|resource| &resource.tables);
        let mut starts: Vec<u64> = tables().flat_map(|table| table.series()).map(|series| series.start_ns).collect();
        let most = self.options.max_remembered;
        if starts.len() <= most {
            return;
        }
        let surplus = starts.len() - most;
        let newest_forgotten = *starts.select_nth_unstable(surplus - 1).1;
        let mut left = surplus;
        for resource in self.resources.all_mut() {
            for table in &mut resource.tables {
                table.retain(|series| {
                    let forgotten = left > 0 && series.value.count == 0 && series.start_ns <= newest_forgotten;
                    left -= usize::from(forgotten);
                    !forgotten
                });
            }
        }
        self.resources.retain(|resource| resource.tables.iter().any(|table| table.len() > 0));
    }
}

impl Resource {
    fn series_mut(&mut self) -> impl Iterator<Item = &mut Series> {
        self.tables.iter_mut().flat_map(|table| table.series_mut())
    }
}

fn window(series: &Series, now_ns: u64) -> Window {
    Window { start_ns: series.start_ns, end_ns: now_ns }
}
