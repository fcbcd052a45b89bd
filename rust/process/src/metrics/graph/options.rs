//! What the service graph is asked for, as Python says it.

use serde::Deserialize;

use super::super::histogram::{Buckets, Shape, Unit};

/// The JSON object of `ServiceGraph`; times in nanoseconds.
#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub struct Options {
    /// Upper bounds; without them histograms are exponential.
    pub bounds_ns: Option<Vec<u64>>,
    pub max_size: usize,
    /// Attributes that become `client_…` and `server_…`.
    pub dimensions: Vec<String>,
    pub ttl_ns: u64,
    /// Spans that wait for their pair.
    pub max_items: usize,
    /// Attributes of a client that name whom it calls; none: no virtual nodes.
    pub peer_attributes: Vec<String>,
    /// Whether series have `virtual_node`.
    pub extra_label: bool,
    pub database_attributes: Vec<String>,
    pub series_expiration_ns: u64,
}

impl Options {
    pub fn parse(json: &[u8]) -> Result<Options, String> {
        serde_json::from_slice(json).map_err(|error| format!("service graph: {error}"))
    }

    pub fn shape(&self) -> Shape {
        let buckets = match &self.bounds_ns {
            Some(bounds) => Buckets::Explicit(bounds.clone()),
            None => Buckets::Exponential(self.max_size),
        };
        Shape { unit: Unit::Seconds, buckets }
    }
}
