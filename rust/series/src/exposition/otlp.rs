//! What a scrape comes to, as OTLP metrics: as the Collector's prometheus receiver makes them.
//!
//! Rules: <https://opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics/>. Series of a histogram or a
//! summary become one point. Start times are those that the target says, else the time of the first point; a value that falls
//! begins anew.

use std::collections::HashMap;

use otelier_wire::protobuf::put_varint;

use super::Kind;
use super::cache::{Cache, Example, Outcome, Row, STALE, Series};
use super::native::put_exponential;
use super::put::{bytes, double, fixed64, message, string, varint};
use crate::labels::{NAME, pairs, value};

pub const SCOPE: &str = "github.com/open-telemetry/opentelemetry-collector-contrib/receiver/prometheusreceiver";
pub(crate) const NS: u64 = 1_000_000;
pub(crate) const CUMULATIVE: u64 = 2;
pub(crate) const NO_VALUE: u64 = 1;
/// Of the target; the resource says them.
const TARGET: [&[u8]; 2] = [b"job", b"instance"];
const TARGET_INFO: &[u8] = b"target_info";
const TRACE_BYTES: usize = 16;
const SPAN_BYTES: usize = 8;

/// How to write.
#[derive(Clone, Debug, Default)]
pub struct Target {
    /// Attributes of the resource.
    pub resource: Vec<(String, String)>,
    /// Names without units and `_total`.
    pub trim: bool,
}

/// A sample that the scraper says itself.
pub struct Report<'a> {
    pub labels: &'a [u8],
    pub ms: i64,
    pub bits: u64,
}

/// Points of one metric, still to be joined.
struct Group<'a> {
    kind: Kind,
    native: bool,
    points: Vec<Point<'a>>,
    places: HashMap<Vec<u8>, usize>,
}

/// All that is said about one set of labels at one time.
#[derive(Default)]
struct Point<'a> {
    labels: &'a [u8],
    ms: i64,
    start_ms: Option<i64>,
    value: u64,
    count: Option<f64>,
    sum: Option<f64>,
    /// Bounds of buckets with cumulative counts, or quantiles with values.
    parts: Vec<(f64, f64)>,
    native: &'a [u8],
    stale: bool,
    exemplars: Vec<&'a Example>,
}

/// A whole `ExportMetricsServiceRequest`; empty if there is nothing to say.
pub fn request(cache: &mut Cache, outcome: &Outcome, reports: &[Report<'_>], target: &Target) -> Vec<u8> {
    let starts: Vec<_> = outcome.rows.iter().map(|row| cache.start_of(row)).collect();
    let cache = &*cache;
    let mut exemplars: HashMap<u32, Vec<&Example>> = HashMap::new();
    outcome.exemplars.iter().for_each(|one| exemplars.entry(one.series).or_default().push(one));
    let mut order: Vec<(Vec<u8>, Group<'_>)> = Vec::new();
    let mut places: HashMap<Vec<u8>, usize> = HashMap::new();
    let mut resource = target.resource.clone();
    for (row, start_ms) in outcome.rows.iter().zip(starts) {
        let (series, labels) = (cache.series(row.series), cache.labels(row.series));
        if value(labels, NAME) == Some(TARGET_INFO) {
            add_info(labels, &mut resource);
            continue;
        }
        let found = Found::new(cache, series, labels);
        let place = *places
            .entry([found.metric, &[found.kind as u8, u8::from(row.native > 0)]].concat())
            .or_insert_with(|| {
                let group =
                    Group { kind: found.kind, native: row.native > 0, points: Vec::new(), places: HashMap::new() };
                order.push((found.metric.to_vec(), group));
                order.len() - 1
            });
        order[place].1.add(&found, row, labels, start_ms, outcome, exemplars.remove(&row.series).unwrap_or_default());
    }
    for report in reports {
        let name = value(report.labels, NAME).unwrap_or_default();
        let point = Point { labels: report.labels, ms: report.ms, value: report.bits, ..Point::default() };
        let points = vec![Point { stale: report.bits == STALE, ..point }];
        order.push((name.to_vec(), Group { kind: Kind::Gauge, native: false, points, places: HashMap::new() }));
    }
    let mut scope = Vec::new();
    message(&mut scope, 1, |out| {
        string(out, 1, SCOPE.as_bytes());
        string(out, 2, env!("CARGO_PKG_VERSION").as_bytes());
    });
    for (name, group) in &order {
        message(&mut scope, 2, |out| put_metric(out, name, group, cache, target.trim));
    }
    let mut out = Vec::new();
    message(&mut out, 1, |out| {
        message(out, 1, |out| resource.iter().for_each(|(k, v)| attribute(out, 1, k.as_bytes(), v.as_bytes())));
        bytes(out, 2, &scope);
    });
    out
}

fn add_info(labels: &[u8], resource: &mut Vec<(String, String)>) {
    for (name, value) in pairs(labels).filter(|(name, _)| *name != NAME && !TARGET.contains(name)) {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        if !resource.iter().any(|(key, _)| key.as_bytes() == name) {
            resource.push((text(name), text(value)));
        }
    }
}

/// What a series is of its metric.
struct Found<'a> {
    metric: &'a [u8],
    kind: Kind,
    part: Part,
}

#[derive(Clone, Copy, PartialEq)]
enum Part {
    Value,
    Count,
    Sum,
    /// Of a bucket or a quantile.
    At(f64),
    Created,
}

impl<'a> Found<'a> {
    fn new(cache: &Cache, series: &'a Series, labels: &'a [u8]) -> Found<'a> {
        let name = value(labels, NAME).unwrap_or_default();
        let family: &'a [u8] = &series.family;
        let kind = cache.metadata(family).map_or(Kind::Unknown, |known| known.kind);
        let number = |label: &[u8]| value(labels, label).and_then(|v| std::str::from_utf8(v).ok()?.parse().ok());
        let suffix = name.strip_prefix(family).filter(|_| !family.is_empty()).unwrap_or_default();
        let part = match (kind, suffix) {
            (Kind::Histogram | Kind::Summary, b"_count") => Part::Count,
            (Kind::Histogram | Kind::Summary, b"_sum") => Part::Sum,
            (Kind::Histogram, b"_bucket") => number(b"le").map_or(Part::Value, Part::At),
            (Kind::Summary, b"") => number(b"quantile").map_or(Part::Value, Part::At),
            (Kind::Histogram | Kind::Summary | Kind::Counter, b"_created") => Part::Created,
            _ => Part::Value,
        };
        match part {
            Part::Value if kind == Kind::Histogram && suffix.is_empty() => Found { metric: name, kind, part },
            // A name that fits no part of its family stands for itself.
            Part::Value if matches!(kind, Kind::Histogram | Kind::Summary | Kind::GaugeHistogram) => {
                Found { metric: name, kind: Kind::Unknown, part }
            }
            Part::Value => Found { metric: name, kind, part },
            Part::Created if kind == Kind::Counter => Found { metric: name, kind: Kind::Gauge, part: Part::Value },
            _ => Found { metric: family, kind, part },
        }
    }
}

impl<'a> Group<'a> {
    fn add(
        &mut self,
        found: &Found<'_>,
        row: &Row,
        labels: &'a [u8],
        start_ms: Option<i64>,
        outcome: &'a Outcome,
        exemplars: Vec<&'a Example>,
    ) {
        let place = self.place(found, row, labels);
        let point = &mut self.points[place];
        point.exemplars.extend(exemplars);
        point.stale |= row.native == 0 && row.bits == STALE;
        let number = f64::from_bits(row.bits);
        match found.part {
            Part::Value => {
                (point.value, point.start_ms) = (row.bits, start_ms);
                if let Some(at) = row.native.checked_sub(1) {
                    point.native = &outcome.natives[at as usize];
                }
            }
            Part::Count => (point.count, point.start_ms) = (Some(number), point.start_ms.or(start_ms)),
            Part::Sum => point.sum = Some(number),
            Part::At(at) => point.parts.push((at, number)),
            Part::Created => point.start_ms = Some((number * 1000.0) as i64).filter(|_| number > 0.0),
        }
    }

    fn place(&mut self, found: &Found<'_>, row: &Row, labels: &'a [u8]) -> usize {
        if found.part == Part::Value {
            self.points.push(Point { labels, ms: row.ms, ..Point::default() });
            return self.points.len() - 1;
        }
        let mut key = row.ms.to_le_bytes().to_vec();
        for (name, value) in own_labels(labels, self.kind) {
            bytes(&mut key, 1, name);
            bytes(&mut key, 2, value);
        }
        let points = &mut self.points;
        *self.places.entry(key).or_insert_with(|| {
            points.push(Point { labels, ms: row.ms, ..Point::default() });
            points.len() - 1
        })
    }
}

fn own_labels(labels: &[u8], kind: Kind) -> impl Iterator<Item = (&[u8], &[u8])> {
    pairs(labels).filter(move |(name, _)| {
        let part = matches!((kind, *name), (Kind::Histogram, b"le") | (Kind::Summary, b"quantile"));
        *name != NAME && !TARGET.contains(name) && !part
    })
}

fn put_metric(out: &mut Vec<u8>, name: &[u8], group: &Group<'_>, cache: &Cache, trim: bool) {
    let family = name.strip_suffix(b"_total").unwrap_or(name);
    let known = cache.metadata(name).or_else(|| cache.metadata(family)).cloned().unwrap_or_default();
    string(out, 1, if trim { trimmed(name, &known.unit, group.kind) } else { name });
    string(out, 2, known.help.as_bytes());
    string(out, 3, known.unit.as_bytes());
    let kind = group.kind;
    match kind {
        Kind::Counter | Kind::Info | Kind::StateSet => message(out, 7, |out| {
            group.points.iter().for_each(|point| message(out, 1, |out| put_number(out, point, kind)));
            varint(out, 2, CUMULATIVE);
            varint(out, 3, u64::from(kind == Kind::Counter));
        }),
        Kind::Histogram if group.native => message(out, 10, |out| {
            for point in &group.points {
                message(out, 1, |out| {
                    own_labels(point.labels, kind).for_each(|(name, value)| attribute(out, 1, name, value));
                    put_times(out, point, true);
                    put_exponential(out, point.native);
                    put_flags(out, 10, point);
                    point.exemplars.iter().for_each(|one| message(out, 11, |out| put_exemplar(out, one)));
                });
            }
            varint(out, 2, CUMULATIVE);
        }),
        Kind::Histogram => message(out, 9, |out| {
            group.points.iter().for_each(|point| message(out, 1, |out| put_histogram(out, point)));
            varint(out, 2, CUMULATIVE);
        }),
        Kind::Summary => message(out, 11, |out| {
            group.points.iter().for_each(|point| message(out, 1, |out| put_summary(out, point)));
        }),
        _ => message(out, 5, |out| {
            group.points.iter().for_each(|point| message(out, 1, |out| put_number(out, point, kind)));
        }),
    }
    attribute(out, 12, b"prometheus.type", kind.name().as_bytes());
}

fn trimmed<'n>(name: &'n [u8], unit: &str, kind: Kind) -> &'n [u8] {
    let name = if kind == Kind::Counter { name.strip_suffix(b"_total").unwrap_or(name) } else { name };
    let without = name.strip_suffix(unit.as_bytes()).and_then(|before| before.strip_suffix(b"_"));
    if unit.is_empty() { name } else { without.unwrap_or(name) }
}

fn put_times(out: &mut Vec<u8>, point: &Point<'_>, starts: bool) {
    if let Some(start) = point.start_ms.filter(|_| starts) {
        fixed64(out, 2, start.max(0) as u64 * NS);
    }
    fixed64(out, 3, point.ms.max(0) as u64 * NS);
}

fn put_flags(out: &mut Vec<u8>, number: usize, point: &Point<'_>) {
    if point.stale {
        varint(out, number, NO_VALUE);
    }
}

fn put_number(out: &mut Vec<u8>, point: &Point<'_>, kind: Kind) {
    put_times(out, point, kind == Kind::Counter);
    if !point.stale {
        double(out, 4, f64::from_bits(point.value));
    }
    point.exemplars.iter().for_each(|one| message(out, 5, |out| put_exemplar(out, one)));
    own_labels(point.labels, kind).for_each(|(name, value)| attribute(out, 7, name, value));
    put_flags(out, 8, point);
}

fn put_histogram(out: &mut Vec<u8>, point: &Point<'_>) {
    put_times(out, point, true);
    let mut parts = point.parts.clone();
    parts.sort_by(|a, b| a.0.total_cmp(&b.0));
    if !point.stale {
        let infinite = parts.last().filter(|(bound, _)| *bound == f64::INFINITY).map(|(_, count)| *count);
        let count = point.count.or(infinite).unwrap_or(0.0);
        fixed64(out, 4, count as u64);
        if let Some(sum) = point.sum {
            double(out, 5, sum);
        }
        if infinite.is_none() && !parts.is_empty() {
            parts.push((f64::INFINITY, count));
        }
        let mut before = 0.0;
        let mut counts = Vec::with_capacity(8 * parts.len());
        for (_, cumulative) in &parts {
            counts.extend_from_slice(&((cumulative - before).max(0.0) as u64).to_le_bytes());
            before = *cumulative;
        }
        bytes(out, 6, &counts);
        let bounds: Vec<u8> =
            parts.iter().filter(|(b, _)| *b != f64::INFINITY).flat_map(|(b, _)| b.to_le_bytes()).collect();
        bytes(out, 7, &bounds);
    }
    point.exemplars.iter().for_each(|one| message(out, 8, |out| put_exemplar(out, one)));
    own_labels(point.labels, Kind::Histogram).for_each(|(name, value)| attribute(out, 9, name, value));
    put_flags(out, 10, point);
}

fn put_summary(out: &mut Vec<u8>, point: &Point<'_>) {
    put_times(out, point, true);
    if !point.stale {
        fixed64(out, 4, point.count.unwrap_or(0.0) as u64);
        double(out, 5, point.sum.unwrap_or(0.0));
        for (quantile, value) in &point.parts {
            message(out, 6, |out| {
                double(out, 1, *quantile);
                double(out, 2, *value);
            });
        }
    }
    own_labels(point.labels, Kind::Summary).for_each(|(name, value)| attribute(out, 7, name, value));
    put_flags(out, 8, point);
}

pub(crate) fn put_exemplar(out: &mut Vec<u8>, one: &Example) {
    fixed64(out, 2, one.ms.max(0) as u64 * NS);
    double(out, 3, f64::from_bits(one.bits));
    for (name, value) in pairs(&one.labels) {
        match (name, unhex(value)) {
            (b"trace_id", Some(id)) if id.len() == TRACE_BYTES => bytes(out, 5, &id),
            (b"span_id", Some(id)) if id.len() == SPAN_BYTES => bytes(out, 4, &id),
            _ => attribute(out, 7, name, value),
        }
    }
}

fn unhex(text: &[u8]) -> Option<Vec<u8>> {
    let digit = |c: u8| (c as char).to_digit(16).map(|d| d as u8);
    text.chunks(2).map(|two| Some(digit(two[0])? << 4 | digit(*two.get(1)?)?)).collect()
}

pub(crate) fn attribute(out: &mut Vec<u8>, number: usize, key: &[u8], value: &[u8]) {
    message(out, number, |out| {
        string(out, 1, key);
        message(out, 2, |out| {
            // Also an empty text is one.
            put_varint(out, 1 << 3 | 2);
            put_varint(out, value.len());
            out.extend_from_slice(value);
        });
    });
}
