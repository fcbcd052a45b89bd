//! Calls between services, of client and server spans that belong together: the work of the `servicegraph` connector.

mod edges;
mod flush;
mod options;

use hashbrown::{DefaultHashBuilder, HashMap};
use otelier_wire::any::{self, Any};
use otelier_wire::{Batch, Span};

use super::attribute::{put_attribute, put_text, put_text_attribute};
use super::histogram::{Histogram, Shape};
use crate::message::{merged, messages};
use edges::{Connection, Edge, Edges, Key};
use options::Options;

const CLIENT: usize = 0;
const SERVER: usize = 1;
const SPAN_ATTRIBUTES: u32 = 9;

/// Pairs spans and counts calls. Give it batches, and now and then ask for metrics.
pub struct ServiceGraph {
    options: Options,
    shape: Shape,
    edges: Edges,
    /// By their attributes, in the order of their coming.
    series: Vec<Series>,
    places: HashMap<Vec<u8>, usize, DefaultHashBuilder>,
    counters: Counters,
}

struct Series {
    /// KeyValues as field 1, which also tell it apart.
    attributes: Vec<u8>,
    start_ns: u64,
    last_seen_ns: u64,
    failed: bool,
    client: Histogram,
    server: Histogram,
}

/// What happened since the beginning.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counters {
    /// Calls of which one side came.
    pub edges: u64,
    /// Of these, those whose other side did not come in time.
    pub expired_edges: u64,
    /// Spans not looked at, because too many wait.
    pub dropped_spans: u64,
    /// Spans whose resource has no `service.name`.
    pub without_service: u64,
    pub expired_series: u64,
}

/// A span of one side of a call.
struct Side<'a> {
    at: usize,
    messaging: bool,
    service: &'a [u8],
    resource: &'a [u8],
    span: Span<'a>,
}

impl ServiceGraph {
    /// `options`: the JSON object of `Options`. Raises what is wrong in a sentence.
    pub fn new(options: &[u8]) -> Result<ServiceGraph, String> {
        let options = Options::parse(options)?;
        let shape = options.shape();
        let (edges, series, places) = (Edges::default(), Vec::new(), HashMap::default());
        Ok(ServiceGraph { options, shape, edges, series, places, counters: Counters::default() })
    }

    /// Looks for both sides of calls in a batch of traces.
    pub fn consume(&mut self, batch: &Batch, now_ns: u64) {
        self.expire(now_ns);
        for segment in batch.segments() {
            for resource_spans in messages(segment.bytes(), 1) {
                self.consume_resource(resource_spans, now_ns);
            }
        }
    }

    /// Counts what waits as if its time were over.
    pub fn finish(&mut self, now_ns: u64) {
        while let Some((key, edge)) = self.edges.next_expired(u64::MAX, 0) {
            self.expired(&key, edge, now_ns);
        }
    }

    pub fn counters(&self) -> Counters {
        self.counters
    }

    /// Series, and edges that wait.
    pub fn sizes(&self) -> (usize, usize) {
        (self.series.len(), self.edges.len())
    }

    fn consume_resource(&mut self, resource_spans: &[u8], now_ns: u64) {
        let resource = &*merged(resource_spans, 1);
        let spans = || messages(resource_spans, 2).flat_map(|scope| messages(scope, 2));
        let Some(service) = any::attribute(resource, 1, b"service.name") else {
            self.counters.without_service += spans().count() as u64;
            return;
        };
        let service = text(service);
        for content in spans() {
            let span = Span::read(content);
            let (at, messaging) = match span.kind {
                2 => (SERVER, false),
                3 => (CLIENT, false),
                4 => (CLIENT, true),
                5 => (SERVER, true),
                _ => continue,
            };
            self.side(&Side { at, messaging, service: &service, resource, span }, now_ns);
        }
    }

    fn side(&mut self, side: &Side, now_ns: u64) {
        let span = &side.span;
        let mut key: Key = [0; 24];
        key[..16].copy_from_slice(&span.trace());
        let id = if side.at == CLIENT { span.span_id } else { span.parent_span_id };
        let id: [u8; 8] = id.try_into().unwrap_or_default();
        key[16..].copy_from_slice(&id);
        if let Some(edge) = self.edges.get(&key) {
            fill(&self.options, edge, side);
            if edge.is_complete()
                && let Some(edge) = self.edges.remove(&key)
            {
                self.count(&edge, "", now_ns);
            }
            return;
        }
        if self.edges.len() >= self.options.max_items {
            self.counters.dropped_spans += 1;
            return;
        }
        self.counters.edges += 1;
        let dimensions = vec![[None, None]; self.options.dimensions.len()];
        let mut edge = Edge { dimensions, ..Edge::default() };
        fill(&self.options, &mut edge, side);
        // A call of a database has no other side, so it would wait in vain.
        if edge.is_complete() {
            self.count(&edge, "", now_ns);
        } else {
            self.edges.add(key, edge, now_ns.saturating_add(self.options.ttl_ns));
        }
    }

    fn expire(&mut self, now_ns: u64) {
        while let Some((key, edge)) = self.edges.next_expired(now_ns, self.options.ttl_ns) {
            self.expired(&key, edge, now_ns);
        }
    }

    /// A side that nobody has named is a virtual node: `user` before a root, or whom the client says it calls.
    fn expired(&mut self, key: &Key, mut edge: Edge, now_ns: u64) {
        self.counters.expired_edges += 1;
        if self.options.peer_attributes.is_empty() {
            return;
        }
        edge.connection = Connection::VirtualNode;
        if edge.client.is_empty() && key[16..] == [0; 8] {
            edge.client = b"user".to_vec();
            self.count(&edge, "client", now_ns);
        } else if edge.server.is_empty() {
            edge.server = if edge.peer.is_empty() { b"unknown".to_vec() } else { edge.peer.clone() };
            self.count(&edge, "server", now_ns);
        }
    }

    fn count(&mut self, edge: &Edge, virtual_node: &str, now_ns: u64) {
        let attributes = self.attributes(edge, virtual_node);
        let at = match self.places.get(&attributes) {
            Some(at) => *at,
            None => {
                self.series.push(Series {
                    attributes: attributes.clone(),
                    start_ns: now_ns,
                    last_seen_ns: now_ns,
                    failed: edge.failed,
                    client: Histogram::new(&self.shape),
                    server: Histogram::new(&self.shape),
                });
                self.places.insert(attributes, self.series.len() - 1);
                self.series.len() - 1
            }
        };
        let series = &mut self.series[at];
        series.last_seen_ns = now_ns;
        series.client.record(&self.shape, edge.client_ns, 1);
        series.server.record(&self.shape, edge.server_ns, 1);
    }

    fn attributes(&self, edge: &Edge, virtual_node: &str) -> Vec<u8> {
        let mut out = Vec::with_capacity(128);
        put_text_attribute(&mut out, b"client", &edge.client);
        put_text_attribute(&mut out, b"server", &edge.server);
        put_text_attribute(&mut out, b"connection_type", edge.connection.text().as_bytes());
        put_attribute(&mut out, b"failed", &[0x10, u8::from(edge.failed)]);
        for (name, sides) in self.options.dimensions.iter().zip(&edge.dimensions) {
            for (prefix, value) in ["client_", "server_"].into_iter().zip(sides) {
                if let Some(value) = value {
                    put_text_attribute(&mut out, format!("{prefix}{name}").as_bytes(), value);
                }
            }
        }
        if self.options.extra_label {
            put_text_attribute(&mut out, b"virtual_node", virtual_node.as_bytes());
        }
        out
    }
}

/// Adds what one side knows about the call.
fn fill(options: &Options, edge: &mut Edge, side: &Side) {
    let span = &side.span;
    let duration_ns = span.end_ns.saturating_sub(span.start_ns);
    edge.failed |= span.status_code == 2;
    edge.connection = if side.messaging { Connection::Messaging } else { Connection::Direct };
    for (name, sides) in options.dimensions.iter().zip(&mut edge.dimensions) {
        if let Some(value) = of_resource_or_span(side, name) {
            sides[side.at] = Some(value);
        }
    }
    if side.at == SERVER {
        edge.server = side.service.to_vec();
        edge.server_ns = duration_ns;
        return;
    }
    edge.client = side.service.to_vec();
    edge.client_ns = duration_ns;
    let mut peers = options.peer_attributes.iter();
    edge.peer = peers.find_map(|name| of_span(side, name)).unwrap_or_default();
    let mut databases = options.database_attributes.iter();
    if let Some(name) = databases.find_map(|name| of_resource_or_span(side, name)) {
        edge.connection = Connection::Database;
        edge.server = name;
        edge.server_ns = duration_ns;
    }
}

fn of_span(side: &Side, name: &str) -> Option<Vec<u8>> {
    any::attribute(side.span.content, SPAN_ATTRIBUTES, name.as_bytes()).map(text)
}

fn of_resource_or_span(side: &Side, name: &str) -> Option<Vec<u8>> {
    any::attribute(side.resource, 1, name.as_bytes()).map(text).or_else(|| of_span(side, name))
}

fn text(value: Any) -> Vec<u8> {
    let mut out = Vec::new();
    put_text(value, &mut out);
    out
}
