//! OTLP metrics as the series of Prometheus's remote write, one walk over a batch.
//!
//! What becomes of values, buckets and labels is as the OpenTelemetry specification's compatibility rules say; what a
//! metric or an attribute is called is somebody else's decision (`Names`).
//! Rules: <https://opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics/>.

mod exemplar;
mod labels;
mod native;
mod points;
mod request;
mod series;
mod text;

use std::borrow::Cow;

use otelier_wire::any::{Attribute, attributes};
use otelier_wire::protobuf::{Value, fields};
use otelier_wire::{Any, Batch};
use serde::Deserialize;

use crate::message::{merged, messages, text_field};
pub use exemplar::Exemplar;
use labels::{Labels, Pairs};
pub use native::Histogram;
pub use points::STALE_BITS;
use points::{Kind, Reading};
pub use request::{Request, Version};
pub use series::{Family, Series, Table};
pub use text::of as text_of;

/// What things are called, asked once per name by a caller that remembers.
pub trait Names {
    /// Why asking failed; the walk ends with it.
    type Error;

    /// The name of a metric's family; empty if nothing of it can be in a name.
    fn metric(&mut self, name: &[u8], unit: &[u8], monotonic: bool, gauge: bool) -> Result<String, Self::Error>;

    /// The name of an attribute's label.
    fn label(&mut self, key: &[u8]) -> Result<String, Self::Error>;
}

/// How to write.
#[derive(Deserialize)]
pub struct Options {
    /// Names as series have them; they fill in what a series does not have.
    external_labels: Vec<(String, String)>,
    /// The name of the series that tells of a resource; empty: none is made.
    target_info: String,
    scope_info: bool,
    /// All resource attributes become labels of every series.
    resource_labels: bool,
    /// Keys of resource attributes that do.
    constant_labels: Vec<String>,
    /// Explicit histograms become native ones with custom buckets.
    custom_buckets: bool,
    /// … and stay classic ones as well.
    classic_too: bool,
    /// For a store that adds up deltas and keeps resources beside series: both are handed on.
    #[serde(skip)]
    pub for_store: bool,
}

/// Data points without a translation.
#[derive(Debug, PartialEq)]
pub struct Refused {
    pub points: usize,
    pub metric: String,
    pub why: Why,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Why {
    /// The temporality is not cumulative, or not known.
    Temporality,
    /// Nothing of the metric's name can be in a name.
    Name,
    /// An exponential histogram of this scale is coarser than any of Prometheus.
    Scale(i32),
}

/// All series of a batch, their samples in the order of time, and what has no translation.
pub fn translate<N: Names>(batch: &Batch, options: &Options, names: &mut N) -> Result<(Table, Vec<Refused>), N::Error> {
    let mut walk = Walk { options, names, table: Table::default(), refused: Vec::new() };
    for segment in batch.segments() {
        for group in messages(segment.bytes(), 1) {
            walk.resource(group)?;
        }
    }
    let Walk { mut table, refused, .. } = walk;
    table.in_order();
    Ok((table, refused))
}

struct Walk<'a, N> {
    options: &'a Options,
    names: &'a mut N,
    table: Table,
    refused: Vec<Refused>,
}

/// What the series of a scope have in common.
struct Around<'a> {
    /// From outside and from the scope: weaker than a point's own labels.
    weak: Pairs<'a>,
    /// `job` and `instance`: stronger.
    identity: Pairs<'a>,
    promoted: Vec<Attribute<'a>>,
}

const IDENTIFYING: [&[u8]; 3] = [b"service.name", b"service.namespace", b"service.instance.id"];

impl<N: Names> Walk<'_, N> {
    fn resource(&mut self, group: &[u8]) -> Result<(), N::Error> {
        let options = self.options;
        let resource = merged(group, 1);
        let promote = |key: &[u8]| {
            options.resource_labels || options.constant_labels.iter().any(|constant| constant.as_bytes() == key)
        };
        let external: Pairs = options.external_labels.iter().map(|(k, v)| (Cow::from(k), Cow::from(v))).collect();
        let mut around = Around {
            weak: external.clone(),
            identity: identity(&resource),
            promoted: attributes(&resource, 1).filter(|attribute| promote(attribute.key)).collect(),
        };
        let mut newest_ns = 0;
        self.table.come_from(options.for_store.then_some(&resource));
        for scope_group in messages(group, 2) {
            around.weak.clone_from(&external);
            if options.scope_info {
                self.scope(&merged(scope_group, 1), &mut around.weak)?;
            }
            for metric in messages(scope_group, 2) {
                newest_ns = newest_ns.max(self.metric(metric, &around)?);
            }
        }
        self.table.come_from(None);
        self.table.now.delta = false;
        if newest_ns > 0 && !options.target_info.is_empty() {
            self.target_info(&resource, external, &around.identity, newest_ns)?;
        }
        Ok(())
    }

    /// `otel_scope_…`.
    fn scope(&mut self, scope: &[u8], weak: &mut Pairs<'_>) -> Result<(), N::Error> {
        for attribute in attributes(scope, 3) {
            let name = self.names.label(&[b"otel_scope_", attribute.key].concat())?;
            weak.push((name.into(), text::of(attribute.value()).into_owned().into()));
        }
        weak.push(("otel_scope_name".into(), text::lossy(text_field(scope, 1)).into_owned().into()));
        weak.push(("otel_scope_version".into(), text::lossy(text_field(scope, 2)).into_owned().into()));
        Ok(())
    }

    fn target_info(
        &mut self,
        resource: &[u8],
        external: Pairs<'_>,
        identity: &Pairs<'_>,
        newest_ns: u64,
    ) -> Result<(), N::Error> {
        let about: Vec<Attribute> =
            attributes(resource, 1).filter(|attribute| !IDENTIFYING.contains(&attribute.key)).collect();
        let own = self.attributes(about.iter().copied())?;
        let mut pairs = external;
        pairs.extend(own);
        pairs.extend(identity.iter().cloned());
        if about.is_empty() || !pairs.iter().any(|(name, _)| name == "job" || name == "instance") {
            return Ok(());
        }
        let name = &self.options.target_info;
        let family = self.table.family(Family::about_targets(name));
        let labels = Labels::of(pairs, name);
        self.table.series(family, |out| labels.named("", out)).add(1.0, millis(newest_ns));
        Ok(())
    }

    /// Answers the newest time of a data point in ns, 0 without one.
    fn metric(&mut self, metric: &[u8], around: &Around<'_>) -> Result<u64, N::Error> {
        let Some(kind) = fields(metric).filter_map(|field| Kind::of(field.number)).last() else { return Ok(0) };
        let data = merged(metric, kind as u32);
        let points = || messages(&data, 1);
        let newest_ns = points().map(points::time_ns).max().unwrap_or(0);
        let name = text_field(metric, 1);
        let refuse = |points, why| Refused { points, metric: text::lossy(name).into_owned(), why };
        let temporality = if kind.has_temporality() { number(&data, 2) } else { CUMULATIVE };
        self.table.now.delta = temporality == DELTA;
        if temporality != CUMULATIVE && !(temporality == DELTA && self.options.for_store) {
            self.refused.push(refuse(points().count(), Why::Temporality));
            return Ok(newest_ns);
        }
        let monotonic = kind == Kind::Sum && number(&data, 3) != 0;
        let unit = text_field(metric, 3);
        let called = self.names.metric(name, unit, monotonic, kind == Kind::Gauge)?;
        if called.is_empty() {
            self.refused.push(refuse(points().count(), Why::Name));
            return Ok(newest_ns);
        }
        let family = self.table.family(Family::new(&called, kind.family(monotonic), text_field(metric, 2), unit));
        for point in points() {
            let labels = self.labels(point, kind, around, &called)?;
            let exemplars = self.exemplars(point, kind)?;
            let reading = Reading { point, labels: &labels, family, exemplars };
            match kind {
                Kind::Gauge | Kind::Sum => reading.number(monotonic, &mut self.table),
                Kind::Summary => reading.summary(&mut self.table),
                Kind::Histogram => {
                    let (custom, classic) = (self.options.custom_buckets, self.options.classic_too);
                    reading.histogram(custom, !custom || classic, &mut self.table);
                }
                Kind::Exponential => {
                    if let Err(scale) = reading.exponential(&mut self.table) {
                        self.refused.push(refuse(1, Why::Scale(scale)));
                    }
                }
            }
        }
        Ok(newest_ns)
    }

    fn labels<'p>(
        &mut self,
        point: &'p [u8],
        kind: Kind,
        around: &Around<'p>,
        called: &'p str,
    ) -> Result<Labels<'p>, N::Error> {
        let own = attributes(point, kind.attributes());
        let mut pairs = around.weak.clone();
        if around.promoted.is_empty() {
            pairs.extend(self.attributes(own)?);
        } else {
            let mut last: Vec<Attribute> = own.chain(around.promoted.iter().copied()).collect();
            // In a stable order, so that the last of equal keys comes first.
            last.reverse();
            last.sort_by_key(|attribute| attribute.key);
            last.dedup_by_key(|attribute| attribute.key);
            pairs.extend(self.attributes(last.into_iter())?);
        }
        pairs.extend(around.identity.iter().cloned());
        Ok(Labels::of(pairs, called))
    }

    /// Labels; values whose names have become the same are joined by `;`, in the order of their keys.
    fn attributes<'p>(&mut self, found: impl Iterator<Item = Attribute<'p>>) -> Result<Pairs<'p>, N::Error> {
        let mut sorted: Vec<Attribute> = found.collect();
        sorted.sort_by_key(|attribute| attribute.key);
        let mut pairs: Pairs = Vec::with_capacity(sorted.len());
        for attribute in sorted {
            let value = text::of(attribute.value());
            if value.is_empty() {
                continue;
            }
            pairs.push((self.names.label(attribute.key)?.into(), value));
        }
        pairs.sort_by(|(name, _), (other, _)| name.cmp(other));
        pairs.dedup_by(|(name, value), (before_name, before)| {
            if name == before_name && value != before {
                let joined = before.to_mut();
                joined.push(';');
                joined.push_str(value);
            }
            name == before_name
        });
        Ok(pairs)
    }

    fn exemplars(&mut self, point: &[u8], kind: Kind) -> Result<Vec<exemplar::Exemplar>, N::Error> {
        let Some(number) = kind.exemplars() else { return Ok(Vec::new()) };
        messages(point, number).map(|found| exemplar::read(found, self.names)).collect()
    }
}

/// `job` and `instance`, as far as the resource says.
fn identity(resource: &[u8]) -> Pairs<'static> {
    let found = |key: &[u8]| {
        let last = attributes(resource, 1).filter(|attribute| attribute.key == key).last();
        text::of(last.map_or(Any::Empty, |attribute| attribute.value())).into_owned()
    };
    let [service, namespace, instance] = IDENTIFYING.map(found);
    let mut pairs: Pairs = Vec::new();
    if !service.is_empty() {
        let job = if namespace.is_empty() { service } else { format!("{namespace}/{service}") };
        pairs.push(("job".into(), job.into()));
    }
    if !instance.is_empty() {
        pairs.push(("instance".into(), instance.into()));
    }
    pairs
}

const DELTA: u64 = 1;
const CUMULATIVE: u64 = 2;

/// The last one counts.
fn number(message: &[u8], number: u32) -> u64 {
    let found = fields(message).filter_map(|field| match field.value {
        Value::Varint(value) if field.number == number => Some(value),
        _ => None,
    });
    found.last().unwrap_or(0)
}

/// Of a time in ns.
fn millis(ns: u64) -> i64 {
    (ns / 1_000_000) as i64
}
