//! What span metrics are asked for, as Python says it.

use serde::Deserialize;

use super::super::encode::Temporality;
use super::super::histogram::{Buckets, Shape, Unit};

/// The JSON object of `SpanMetrics`; times in nanoseconds, 0 where there is no limit.
#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub struct Options {
    /// Names of the metrics; no `events` means that events are not counted.
    pub calls: String,
    pub duration: String,
    pub events: Option<String>,
    /// `ms` or `s`.
    pub unit: String,
    /// Upper bounds; neither they nor `max_size` means that durations are not recorded.
    pub bounds_ns: Option<Vec<u64>>,
    pub max_size: Option<usize>,
    /// Of all metrics, then those of one.
    pub dimensions: Vec<Dimension>,
    pub calls_dimensions: Vec<Dimension>,
    pub duration_dimensions: Vec<Dimension>,
    pub event_dimensions: Vec<Dimension>,
    /// Attributes that every series would have otherwise.
    pub exclude: Vec<String>,
    /// Value of `collector.instance.id`; empty: no such attribute.
    pub instance_id: String,
    /// Names of the instrumentation scopes that become attributes.
    pub scopes: Vec<String>,
    /// Whether `sampling.method` becomes an attribute.
    pub sampling_method: bool,
    pub delta: bool,
    /// Exemplars per data point.
    pub exemplars: usize,
    /// Series per resource and metric; those beyond share one.
    pub cardinality_limit: usize,
    pub max_resources: usize,
    /// Attributes that tell resources apart; none: all of them.
    pub resource_keys: Vec<String>,
    pub resource_expiration_ns: u64,
    pub series_expiration_ns: u64,
    /// Delta only: series remembered over a flush.
    pub max_remembered: usize,
}

#[derive(Deserialize, Debug)]
#[serde(untagged, deny_unknown_fields)]
pub enum Dimension {
    Named {
        name: String,
        default: Option<String>,
    },
    /// All attributes whose keys match a regular expression.
    Matching {
        pattern: String,
    },
}

impl Options {
    /// Raises what is wrong in a sentence.
    pub fn parse(json: &[u8]) -> Result<Options, String> {
        serde_json::from_slice(json).map_err(|error| format!("span metrics: {error}"))
    }

    pub fn temporality(&self) -> Temporality {
        if self.delta { Temporality::Delta } else { Temporality::Cumulative }
    }

    /// None where durations are not recorded.
    pub fn shape(&self) -> Result<Option<Shape>, String> {
        let unit = Unit::named(&self.unit).ok_or("span metrics: unit must be ms or s")?;
        let buckets = match (&self.bounds_ns, self.max_size) {
            (Some(bounds), None) => Buckets::Explicit(bounds.clone()),
            (None, Some(max_size)) => Buckets::Exponential(max_size),
            (None, None) => return Ok(None),
            _ => return Err("span metrics: bounds_ns or max_size, not both".into()),
        };
        Ok(Some(Shape { unit, buckets }))
    }
}
