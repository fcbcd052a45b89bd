//! The state over a restart. Format: docs/spec/span-metrics-state.md.

use super::super::histogram::Histogram;
use super::super::state::{Reader, Writer};
use super::SpanMetrics;

const VERSION: u8 = 1;

impl SpanMetrics {
    /// All series with their counts, but without exemplars, and without what a flush gave and nobody has confirmed.
    pub fn snapshot(&self) -> Vec<u8> {
        let mut out = Writer::default();
        out.byte(VERSION);
        out.number(self.resources.all().len() as u64);
        for resource in self.resources.all() {
            out.bytes(&resource.encoded);
            out.number(resource.last_seen_ns);
            for table in &resource.tables {
                out.number(table.len() as u64);
                for series in table.series() {
                    out.bytes(&series.key);
                    out.bytes(&series.attributes);
                    out.number(series.start_ns);
                    out.number(series.last_seen_ns);
                    out.byte(u8::from(series.begun));
                    out.number(series.value.count);
                    out.byte(u8::from(series.value.histogram.is_some()));
                    if let Some(histogram) = &series.value.histogram {
                        histogram.save(&mut out);
                    }
                }
            }
        }
        out.0
    }

    /// Takes over a snapshot of one with the same options. Says false, and has nothing, if it isn't one.
    pub fn restore(&mut self, snapshot: &[u8]) -> bool {
        let restored = self.read(&mut Reader(snapshot)).is_some();
        if !restored {
            self.resources.retain(|_| false);
        }
        restored
    }

    fn read(&mut self, saved: &mut Reader) -> Option<()> {
        if saved.byte()? != VERSION {
            return None;
        }
        let hasher = self.resources.hasher().clone();
        for _ in 0..saved.number()? {
            let encoded = saved.bytes()?;
            let resource = self.resources.at(encoded, saved.number()?);
            for table in &mut resource.tables {
                for _ in 0..saved.number()? {
                    let (key, attributes) = (saved.bytes()?, saved.bytes()?);
                    let at = table.add(&hasher, key, attributes.to_vec(), saved.number()?);
                    let series = &mut table.series_mut()[at];
                    series.last_seen_ns = saved.number()?;
                    series.begun = saved.byte()? == 1;
                    series.value.count = saved.number()?;
                    if saved.byte()? == 1 {
                        series.value.histogram = Some(Histogram::load(saved, self.shape.as_ref()?)?);
                    }
                }
            }
        }
        saved.0.is_empty().then_some(())
    }
}
