//! Who gets which item: a key of each item, the key's place on a ring of hashes, and the parts of a batch by owner.

mod attributes;
mod crc32;
mod identity;
mod service;
mod text;

use std::borrow::Cow;
use std::sync::atomic::{AtomicUsize, Ordering};

use otelier_wire::any::attributes as each_attribute;
use otelier_wire::index::Group;
use otelier_wire::protobuf::{Value, fields};
use otelier_wire::{Any, Batch, Index, Signal};

use crc32::Crc32;

type ToText = for<'a> fn(&Any<'a>) -> Cow<'a, [u8]>;

/// What items of one owner have in common. "Bare" is as older Collectors do: values without names, and only strings.
pub enum Key {
    /// The 16 bytes of the trace id. Log records without one go all to the next owner in turn.
    Trace,
    /// `service.name` of the resource, as `service.name=value|` or bare.
    Service { bare: bool },
    /// All attributes of the resource.
    Resource,
    /// The name of the metric.
    Metric,
    /// The time series: resource, scope, metric and the data point's attributes.
    Stream,
    /// `name=value|` of each, or bare, looked for in resource, scope and item in this order.
    Attributes { names: Vec<String>, bare: bool },
}

/// Points sorted by position, each owned by somebody. A hash belongs to the first point at or after it.
pub struct Ring {
    modulus: u32,
    positions: Vec<u32>,
    owners: Vec<u32>,
}

impl Ring {
    /// Errors say what is wrong with the points.
    pub fn new(modulus: u32, positions: Vec<u32>, owners: Vec<u32>) -> Result<Ring, String> {
        if modulus == 0 || positions.is_empty() || positions.len() != owners.len() {
            return Err("a ring needs a modulus, and points with one owner each".into());
        }
        if !positions.is_sorted() || positions.last() >= Some(&modulus) {
            return Err("the positions of a ring must ascend and be less than its modulus".into());
        }
        Ok(Ring { modulus, positions, owners })
    }

    #[inline]
    fn owner(&self, hash: u32) -> u32 {
        let place = hash % self.modulus;
        let next = self.positions.partition_point(|position| *position < place);
        self.owners[if next == self.positions.len() { 0 } else { next }]
    }

    fn count(&self) -> usize {
        self.owners.iter().max().map_or(0, |most| *most as usize + 1)
    }
}

pub struct Router {
    key: Key,
    ring: Ring,
    turn: AtomicUsize,
}

impl Router {
    pub fn new(key: Key, ring: Ring) -> Router {
        Router { key, ring, turn: AtomicUsize::new(0) }
    }

    /// The parts of a batch with their owners; owners without items are left out.
    pub fn split(&self, batch: &Batch) -> Vec<(usize, Batch)> {
        // One turn a call: what has no key stays together.
        let turn = self.turn.fetch_add(1, Ordering::Relaxed) % self.ring.count();
        batch.divide(self.ring.count(), |index, bytes, owners| {
            self.assign(batch.signal(), index, bytes, owners, turn as u32);
        })
    }

    /// The owner of a key, for tests of the ring.
    pub fn owner_of(&self, key: &[u8]) -> u32 {
        self.ring.owner(Crc32::new().add(key).value())
    }

    fn assign(&self, signal: Signal, index: &Index, bytes: &[u8], owners: &mut [u32], turn: u32) {
        match &self.key {
            Key::Trace => self.by_trace(signal, index, bytes, owners, turn),
            Key::Service { bare: true } => by_resource(index, bytes, owners, |resource| {
                self.ring.owner(Crc32::new().add(&service::name(resource, text::if_string)).value())
            }),
            Key::Service { bare: false } => by_resource(index, bytes, owners, |resource| {
                let name = service::name(resource, text::of);
                self.ring.owner(Crc32::new().add(b"service.name=").add(&name).add(b"|").value())
            }),
            Key::Resource => {
                by_resource(index, bytes, owners, |resource| self.ring.owner(identity::of_resource(resource)));
            }
            Key::Metric => {
                for (group, _) in levels(index).filter(|(_, level)| *level == METRIC_LEVEL) {
                    let owner = self.ring.owner(Crc32::new().add(metric_name(index, group, bytes)).value());
                    owners[group.items.clone()].fill(owner);
                }
            }
            Key::Stream => identity::of_streams(index, bytes, |item, hash| owners[item] = self.ring.owner(hash)),
            Key::Attributes { names, bare } => {
                attributes::hash(signal, names, *bare, index, bytes, |items, hash| {
                    owners[items].fill(self.ring.owner(hash));
                });
            }
        }
    }

    fn by_trace(&self, signal: Signal, index: &Index, bytes: &[u8], owners: &mut [u32], turn: u32) {
        // Spans of a trace often come together.
        let mut last: (&[u8], u32) = (&[], turn);
        for (item, owner) in owners.iter_mut().enumerate() {
            let id = trace_id(signal, index.item(item, bytes));
            if id != last.0 {
                let known = id.iter().any(|byte| *byte != 0);
                last = (id, if known { self.ring.owner(Crc32::new().add(id).value()) } else { turn });
            }
            *owner = last.1;
        }
    }
}

/// In metrics; the request is 0.
const METRIC_LEVEL: usize = 3;

/// All groups with their levels, outer before inner.
fn levels(index: &Index) -> impl Iterator<Item = (&Group, usize)> {
    let mut levels: Vec<usize> = Vec::with_capacity(index.groups.len());
    index.groups.iter().enumerate().map(move |(at, group)| {
        levels.push(if at == 0 { 0 } else { levels[group.parent] + 1 });
        (group, levels[at])
    })
}

fn by_resource(index: &Index, bytes: &[u8], owners: &mut [u32], mut owner: impl FnMut(&[u8]) -> u32) {
    for (group, _) in levels(index).filter(|(group, level)| *level == 1 && !group.items.is_empty()) {
        let owner = owner(head(index, group, bytes));
        owners[group.items.clone()].fill(owner);
    }
}

/// The Resource of a resource, the Scope of a scope; empty where there is none.
fn head<'a>(index: &Index, group: &Group, bytes: &'a [u8]) -> &'a [u8] {
    let heads = index.header(group, bytes).filter_map(|field| match (field.number, field.value) {
        (1, Value::Len(head)) => Some(head),
        _ => None,
    });
    heads.last().unwrap_or_default()
}

/// Field 1 of a metric lies where a resource has its Resource.
fn metric_name<'a>(index: &Index, group: &Group, bytes: &'a [u8]) -> &'a [u8] {
    head(index, group, bytes)
}

/// Empty where there is none.
#[inline]
fn trace_id(signal: Signal, item: &[u8]) -> &[u8] {
    let number = match (signal, item) {
        // Nearly all spans begin with it.
        (Signal::Traces, [0x0a, 16, rest @ ..]) if rest.len() >= 16 => return &rest[..16],
        (Signal::Traces, _) => 1,
        (Signal::Logs, _) => 9,
        (Signal::Metrics, _) => return &[],
    };
    let ids = fields(item).filter_map(|field| match field.value {
        Value::Len(id) if field.number == number => Some(id),
        _ => None,
    });
    ids.last().unwrap_or_default()
}
