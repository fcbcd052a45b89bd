//! What remote write brings as OTLP metrics, as the Collector's receiver makes them.
//!
//! `job` and `instance`, and what `target_info` said last of a target, become attributes of the resource. Series of classic
//! histograms and summaries may come in any number of requests, so each stays a metric of its own, a gauge of its own name.
//! Rules: <https://opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics/>.

use hashbrown::HashMap;

use crate::chunk::{CUSTOM, Native};
use crate::exposition::Kind;
use crate::exposition::cache::{Example, STALE};
use crate::exposition::native::put_exponential;
use crate::exposition::otlp::{CUMULATIVE, NO_VALUE, NS, attribute, put_exemplar};
use crate::exposition::put::{bytes, double, fixed64, message, string, varint};
use crate::labels::{NAME, pairs, value};
use crate::samples::{Part, Samples};

const SCOPE: &[u8] =
    b"github.com/open-telemetry/opentelemetry-collector-contrib/receiver/prometheusremotewritereceiver";
const TARGET_INFO: &[u8] = b"target_info";
/// Of a series, that become something else than attributes of its points.
const ELSEWHERE: [&[u8]; 5] = [NAME, b"job", b"instance", b"otel_scope_name", b"otel_scope_version"];
/// Targets of which attributes are known.
const MOST_TARGETS: usize = 1000;
const PARTS: [&[u8]; 4] = [b"_bucket", b"_count", b"_sum", b"_total"];

type Attributes = Vec<(Vec<u8>, Vec<u8>)>;

/// What is known of targets, from one request to the next.
#[derive(Debug, Default)]
pub struct Translator {
    /// By job and instance: attributes beside those two, and when they were used last.
    targets: HashMap<Vec<u8>, (Attributes, u64)>,
    requests: u64,
}

/// A request, and what is not in it: histograms that are gauges, which OTLP has not.
#[derive(Debug, Default)]
pub struct Translated {
    pub request: Vec<u8>,
    pub gauge_histograms: usize,
}

/// Metrics of one resource: scopes with their metrics, each in the order in which they came.
#[derive(Default)]
struct Resource<'a> {
    job: &'a [u8],
    instance: &'a [u8],
    scopes: Vec<(&'a [u8], &'a [u8], Vec<Metric<'a>>)>,
}

struct Metric<'a> {
    name: &'a [u8],
    shape: Shape,
    /// Encoded, each as a field.
    points: Vec<u8>,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Shape {
    Gauge,
    Sum,
    Histogram,
    Exponential,
}

/// Type, help, unit.
type About<'a> = (u8, &'a [u8], &'a [u8]);

impl Translator {
    /// An `ExportMetricsServiceRequest`; empty if there is nothing to say.
    pub fn translate(&mut self, samples: &Samples) -> Translated {
        self.requests += 1;
        let (mut resources, mut out) = (Vec::new(), Translated::default());
        let mut families: HashMap<&[u8], About<'_>> = HashMap::new();
        for part in samples.parts() {
            for each in part.metadata() {
                families.insert(part.text(each.family), (each.kind, part.text(each.help), part.text(each.unit)));
            }
        }
        let mut places = HashMap::new();
        for part in samples.parts() {
            self.part(part, &families, &mut resources, &mut places, &mut out);
        }
        for resource in resources.iter().filter(|resource| !resource.scopes.is_empty()) {
            let known = self.targets.get(&key_of(resource.job, resource.instance));
            message(&mut out.request, 1, |out| resource.put(out, known.map(|known| &known.0), &families));
        }
        out
    }

    fn part<'a>(
        &mut self,
        part: &'a Part,
        families: &HashMap<&'a [u8], About<'a>>,
        resources: &mut Vec<Resource<'a>>,
        places: &mut HashMap<Vec<u8>, usize>,
        out: &mut Translated,
    ) {
        let mut points: Vec<Points> = part.series().iter().map(|_| Points::default()).collect();
        for (series, ms, bits) in part.samples() {
            points[series as usize].floats.push((ms, bits));
        }
        for each in part.histograms() {
            points[each.series as usize].natives.push((each.ms, part.text(each.message)));
        }
        for each in part.exemplars() {
            let labels = part.text(each.labels).to_vec();
            let example = Example { series: each.series, ms: each.ms, bits: each.bits, labels };
            points[each.series as usize].exemplars.push(example);
        }
        for (series, points) in part.series().iter().zip(points) {
            let labels = part.text(series.labels);
            let of = |name: &[u8]| value(labels, name).unwrap_or_default();
            let (job, instance, name) = (of(b"job"), of(b"instance"), of(NAME));
            let key = key_of(job, instance);
            if name == TARGET_INFO {
                self.learn(key, labels);
                continue;
            }
            if let Some(known) = self.targets.get_mut(&key) {
                known.1 = self.requests;
            }
            let place = *places.entry(key).or_insert_with(|| {
                resources.push(Resource { job, instance, scopes: Vec::new() });
                resources.len() - 1
            });
            let resource = &mut resources[place];
            let scope = (of(b"otel_scope_name"), of(b"otel_scope_version"));
            let kind = about(families, name).map_or(0, |about| about.0);
            let shape = if kind == Kind::Counter as u8 { Shape::Sum } else { Shape::Gauge };
            for (number, (ms, bits)) in points.floats.iter().enumerate() {
                let exemplars = if number + 1 == points.floats.len() { &points.exemplars[..] } else { &[] };
                let metric = resource.metric(scope, name, shape);
                message(&mut metric.points, 1, |out| put_number(out, labels, *ms, *bits, exemplars));
            }
            for (number, (ms, native)) in points.natives.iter().enumerate() {
                let read = Native::read(native);
                if read.is_gauge {
                    out.gauge_histograms += 1;
                    continue;
                }
                let exemplars = if number + 1 == points.natives.len() { &points.exemplars[..] } else { &[] };
                if read.layout.schema == CUSTOM {
                    let metric = resource.metric(scope, name, Shape::Histogram);
                    message(&mut metric.points, 1, |out| put_histogram(out, labels, *ms, &read, exemplars));
                } else {
                    let metric = resource.metric(scope, name, Shape::Exponential);
                    let stale = read.sum == STALE;
                    message(&mut metric.points, 1, |out| put_fine(out, labels, *ms, native, stale, exemplars));
                }
            }
        }
    }

    fn learn(&mut self, key: Vec<u8>, labels: &[u8]) {
        let own = pairs(labels).filter(|(name, _)| !ELSEWHERE[..3].contains(name));
        let attributes = own.map(|(name, value)| (name.to_vec(), value.to_vec())).collect();
        self.targets.insert(key, (attributes, self.requests));
        if self.targets.len() > MOST_TARGETS
            && let Some(oldest) = self.targets.iter().min_by_key(|(_, known)| known.1).map(|(key, _)| key.clone())
        {
            self.targets.remove(&oldest);
        }
    }
}

/// What there is of a series.
#[derive(Default)]
struct Points<'a> {
    floats: Vec<(i64, u64)>,
    natives: Vec<(i64, &'a [u8])>,
    exemplars: Vec<Example>,
}

fn key_of(job: &[u8], instance: &[u8]) -> Vec<u8> {
    [job, b"\xff", instance].concat()
}

/// Of the metric, or of the family that it is a part of.
fn about<'a>(families: &HashMap<&'a [u8], About<'a>>, name: &[u8]) -> Option<About<'a>> {
    let family = || PARTS.iter().find_map(|part| families.get(name.strip_suffix(*part)?));
    families.get(name).or_else(family).copied()
}

impl<'a> Resource<'a> {
    fn metric(&mut self, scope: (&'a [u8], &'a [u8]), name: &'a [u8], shape: Shape) -> &mut Metric<'a> {
        let found = self.scopes.iter().position(|each| (each.0, each.1) == scope);
        let place = found.unwrap_or_else(|| {
            self.scopes.push((scope.0, scope.1, Vec::new()));
            self.scopes.len() - 1
        });
        let metrics = &mut self.scopes[place].2;
        // Series of a metric mostly come one behind the other.
        let found = metrics.iter().rposition(|each| each.shape == shape && each.name == name);
        let place = found.unwrap_or_else(|| {
            metrics.push(Metric { name, shape, points: Vec::new() });
            metrics.len() - 1
        });
        &mut metrics[place]
    }

    fn put(&self, out: &mut Vec<u8>, more: Option<&Attributes>, families: &HashMap<&[u8], About<'_>>) {
        message(out, 1, |out| {
            if !self.instance.is_empty() {
                attribute(out, 1, b"service.instance.id", self.instance);
            }
            let parts: Vec<&[u8]> = self.job.split(|byte| *byte == b'/').collect();
            if let [namespace, name] = parts[..] {
                attribute(out, 1, b"service.namespace", namespace);
                attribute(out, 1, b"service.name", name);
            } else if !self.job.is_empty() {
                attribute(out, 1, b"service.name", self.job);
            }
            more.into_iter().flatten().for_each(|(name, value)| attribute(out, 1, name, value));
        });
        for (name, version, metrics) in &self.scopes {
            message(out, 2, |out| {
                message(out, 1, |out| {
                    string(out, 1, if name.is_empty() { SCOPE } else { name });
                    let own = env!("CARGO_PKG_VERSION").as_bytes();
                    string(out, 2, if name.is_empty() && version.is_empty() { own } else { version });
                });
                metrics.iter().for_each(|metric| message(out, 2, |out| metric.put(out, about(families, metric.name))));
            });
        }
    }
}

impl Metric<'_> {
    fn put(&self, out: &mut Vec<u8>, about: Option<About<'_>>) {
        let (kind, help, unit) = about.unwrap_or_default();
        string(out, 1, self.name);
        string(out, 2, help);
        string(out, 3, unit);
        let number = match self.shape {
            Shape::Gauge => 5,
            Shape::Sum => 7,
            Shape::Histogram => 9,
            Shape::Exponential => 10,
        };
        message(out, number, |out| {
            out.extend_from_slice(&self.points);
            if self.shape != Shape::Gauge {
                varint(out, 2, CUMULATIVE);
            }
            if self.shape == Shape::Sum {
                varint(out, 3, 1);
            }
        });
        let kinds = [Kind::Counter, Kind::Gauge, Kind::Histogram, Kind::GaugeHistogram, Kind::Summary, Kind::Info];
        let kind = kinds.into_iter().find(|each| *each as u8 == kind).unwrap_or_default();
        attribute(out, 12, b"prometheus.type", kind.name().as_bytes());
    }
}

fn put_attributes(out: &mut Vec<u8>, number: usize, labels: &[u8]) {
    let own = pairs(labels).filter(|(name, _)| !ELSEWHERE.contains(name));
    own.for_each(|(name, value)| attribute(out, number, name, value));
}

fn put_exemplars(out: &mut Vec<u8>, number: usize, exemplars: &[Example]) {
    exemplars.iter().for_each(|one| message(out, number, |out| put_exemplar(out, one)));
}

fn put_time(out: &mut Vec<u8>, ms: i64) {
    fixed64(out, 3, ms.max(0) as u64 * NS);
}

fn put_number(out: &mut Vec<u8>, labels: &[u8], ms: i64, bits: u64, exemplars: &[Example]) {
    put_time(out, ms);
    if bits != STALE {
        fixed64(out, 4, bits);
    }
    put_exemplars(out, 5, exemplars);
    put_attributes(out, 7, labels);
    if bits == STALE {
        varint(out, 8, NO_VALUE);
    }
}

fn put_histogram(out: &mut Vec<u8>, labels: &[u8], ms: i64, native: &Native, exemplars: &[Example]) {
    put_time(out, ms);
    put_exemplars(out, 8, exemplars);
    put_attributes(out, 9, labels);
    if native.sum == STALE {
        varint(out, 10, NO_VALUE);
        return;
    }
    fixed64(out, 4, native.whole(native.count));
    double(out, 5, f64::from_bits(native.sum));
    let mut counts = vec![0_u64; native.layout.bounds.len() + 1];
    for (index, count) in native.counts() {
        if let Some(bucket) = usize::try_from(index).ok().and_then(|index| counts.get_mut(index)) {
            *bucket = count;
        }
    }
    bytes(out, 6, &counts.iter().flat_map(|count| count.to_le_bytes()).collect::<Vec<u8>>());
    bytes(out, 7, &native.layout.bounds.iter().flat_map(|bound| bound.to_le_bytes()).collect::<Vec<u8>>());
}

fn put_fine(out: &mut Vec<u8>, labels: &[u8], ms: i64, native: &[u8], stale: bool, exemplars: &[Example]) {
    put_attributes(out, 1, labels);
    put_time(out, ms);
    put_exemplars(out, 11, exemplars);
    if stale {
        varint(out, 10, NO_VALUE);
    } else {
        put_exponential(out, native);
    }
}
