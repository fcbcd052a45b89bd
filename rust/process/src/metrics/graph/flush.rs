//! Metrics of the calls, and the state over a restart (docs/spec/aggregation-state.md).

use otelier_wire::Batch;

use super::super::encode::{Encoder, Temporality, Window};
use super::super::histogram::{Histogram, Unit};
use super::super::state::{Reader, Writer};
use super::edges::Edges;
use super::{Series, ServiceGraph};

const SCOPE: &str = "traces_service_graph";
const VERSION: u8 = 1;

impl ServiceGraph {
    /// All series as cumulative metrics.
    pub fn flush(&mut self, now_ns: u64) -> Batch {
        self.expire(now_ns);
        let mut encoder = Encoder::default();
        encoder.resource(&[], SCOPE, |it| {
            it.sum("traces_service_graph_request_total", Temporality::Cumulative, |it| {
                self.series.iter().for_each(|series| count(series, now_ns, it));
            });
            it.sum("traces_service_graph_request_failed_total", Temporality::Cumulative, |it| {
                self.series.iter().filter(|series| series.failed).for_each(|series| count(series, now_ns, it));
            });
            self.durations("traces_service_graph_request_server", |series| &series.server, now_ns, it);
            self.durations("traces_service_graph_request_client", |series| &series.client, now_ns, it);
        });
        self.forget(now_ns);
        encoder.finish()
    }

    fn durations(&self, name: &str, side: fn(&Series) -> &Histogram, now_ns: u64, encoder: &mut Encoder) {
        encoder.histogram(name, &self.shape, Temporality::Cumulative, |it| {
            for series in &self.series {
                let window = Window { start_ns: series.start_ns, end_ns: now_ns };
                it.histogram_point(&series.attributes, window, side(series), &[], &self.shape);
            }
        });
    }

    fn forget(&mut self, now_ns: u64) {
        let most_ns = self.options.series_expiration_ns;
        let before = self.series.len();
        self.series.retain(|series| now_ns.saturating_sub(series.last_seen_ns) < most_ns);
        if self.series.len() < before {
            self.counters.expired_series += (before - self.series.len()) as u64;
            self.index();
        }
    }

    fn index(&mut self) {
        let places = self.series.iter().enumerate().map(|(at, series)| (series.attributes.clone(), at));
        self.places = places.collect();
    }

    /// Series and edges that wait.
    pub fn snapshot(&self) -> Vec<u8> {
        let mut out = Writer::default();
        out.byte(VERSION);
        self.edges.save(&mut out);
        out.number(self.series.len() as u64);
        for series in &self.series {
            out.bytes(&series.attributes);
            out.number(series.start_ns);
            out.number(series.last_seen_ns);
            out.byte(u8::from(series.failed));
            series.client.save(&mut out);
            series.server.save(&mut out);
        }
        out.0
    }

    /// Takes over a snapshot of one with the same options. Says false, and has nothing, if it isn't one.
    pub fn restore(&mut self, snapshot: &[u8]) -> bool {
        let Some((edges, series)) = self.read(&mut Reader(snapshot)) else { return false };
        (self.edges, self.series) = (edges, series);
        self.index();
        true
    }

    fn read(&self, saved: &mut Reader) -> Option<(Edges, Vec<Series>)> {
        if saved.byte()? != VERSION {
            return None;
        }
        let edges = Edges::load(saved, self.options.dimensions.len())?;
        let mut all = Vec::new();
        for _ in 0..saved.number()? {
            all.push(Series {
                attributes: saved.bytes()?.to_vec(),
                start_ns: saved.number()?,
                last_seen_ns: saved.number()?,
                failed: saved.byte()? == 1,
                client: Histogram::load(saved, &self.shape)?,
                server: Histogram::load(saved, &self.shape)?,
            });
        }
        saved.0.is_empty().then_some((edges, all))
    }
}

fn count(series: &Series, now_ns: u64, encoder: &mut Encoder) {
    let window = Window { start_ns: series.start_ns, end_ns: now_ns };
    encoder.sum_point(&series.attributes, window, series.client.count, &[], Unit::Seconds);
}
