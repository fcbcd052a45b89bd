//! Calls, durations and events of spans, counted per series: the work of the `spanmetrics` connector.

mod adjusted;
mod consume;
mod dimensions;
mod flush;
mod options;
mod resources;
mod series;
mod snapshot;

use otelier_wire::Batch;

use super::histogram::{Shape, Unit};
use dimensions::{Dimensions, Names};
use options::Options;
use resources::Resources;

/// Aggregates spans. Give it batches, and now and then ask for metrics.
pub struct SpanMetrics {
    options: Options,
    shape: Option<Shape>,
    unit: Unit,
    names: Names,
    /// Of calls; of durations, too, unless `durations` are told apart otherwise.
    spans: Dimensions,
    durations: Option<Dimensions>,
    events: Dimensions,
    fixed: Fixed,
    resources: Resources,
    counters: Counters,
}

/// Which of the attributes that every series has are written.
#[derive(Debug)]
struct Fixed {
    service: bool,
    name: bool,
    kind: bool,
    status: bool,
    /// `collector.instance.id`; empty: none.
    instance_id: String,
}

/// What happened since the beginning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Spans counted.
    pub spans: u64,
    /// Spans whose resource has no `service.name`, so that they are not counted.
    pub without_service: u64,
    /// Measurements of series beyond the limit.
    pub overflowed: u64,
    /// Resources forgotten because there were too many, and for their age.
    pub evicted_resources: u64,
    pub expired_resources: u64,
    pub expired_series: u64,
}

/// How much there is now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Size {
    pub resources: usize,
    pub series: usize,
}

impl SpanMetrics {
    /// `options`: the JSON object of `Options`. Raises what is wrong in a sentence.
    pub fn new(options: &[u8]) -> Result<SpanMetrics, String> {
        let options = Options::parse(options)?;
        let shape = options.shape()?;
        let unit = Unit::named(&options.unit).unwrap_or(Unit::Milliseconds);
        let mut names = Names::default();
        let spans = names.dimensions(&[&options.dimensions, &options.calls_dimensions])?;
        let apart = !options.calls_dimensions.is_empty() || !options.duration_dimensions.is_empty();
        let apart = apart && shape.is_some();
        let durations = match apart {
            true => Some(names.dimensions(&[&options.dimensions, &options.duration_dimensions])?),
            false => None,
        };
        let events = match options.events {
            Some(_) => names.dimensions(&[&options.dimensions, &options.event_dimensions])?,
            None => Dimensions::default(),
        };
        let written = |name: &str| !options.exclude.iter().any(|excluded| excluded == name);
        let instance_id = written("collector.instance.id").then(|| options.instance_id.clone());
        let fixed = Fixed {
            service: written("service.name"),
            name: written("span.name"),
            kind: written("span.kind"),
            status: written("status.code"),
            instance_id: instance_id.unwrap_or_default(),
        };
        let resources = Resources::new(options.resource_keys.clone());
        let counters = Counters::default();
        Ok(SpanMetrics { options, shape, unit, names, spans, durations, events, fixed, resources, counters })
    }

    /// Counts the spans of a batch of traces.
    pub fn consume(&mut self, batch: &Batch, now_ns: u64) {
        for segment in batch.segments() {
            self.consume_request(segment.bytes(), now_ns);
        }
    }

    pub fn counters(&self) -> Counters {
        self.counters
    }

    pub fn size(&self) -> Size {
        let tables = self.resources.all().iter().flat_map(|resource| &resource.tables);
        Size { resources: self.resources.all().len(), series: tables.map(|table| table.len()).sum() }
    }

    /// Whether there are series whose count has not been written yet.
    pub fn has_unwritten(&self) -> bool {
        let tables = self.resources.all().iter().flat_map(|resource| &resource.tables);
        tables.flat_map(|table| table.series()).any(|series| match self.options.delta {
            true => series.value.count > 0,
            false => !series.begun,
        })
    }
}
