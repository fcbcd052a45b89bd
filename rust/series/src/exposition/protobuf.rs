//! Delimited messages `io.prometheus.client.MetricFamily`, the only format that has native histograms.
//!
//! Field numbers: <https://github.com/prometheus/client_model/blob/master/io/prometheus/client/metrics.proto>.

use otelier_wire::protobuf::{Cursor, Value as Wire, fields, put_varint};

use super::go_float::open_metrics as float_text;
use super::{Error, Exemplar, Family, Kind, Pairs, Sample, Sink, Value, Wanted};

const MS_PER_S: i64 = 1000;
const NS_PER_MS: i64 = 1_000_000;
/// Type numbers of `MetricType`.
const KINDS: [Kind; 6] =
    [Kind::Counter, Kind::Gauge, Kind::Summary, Kind::Unknown, Kind::Histogram, Kind::GaugeHistogram];

pub fn parse(body: &[u8], wanted: Wanted, sink: &mut impl Sink) -> Result<(), Error> {
    let mut cursor = Cursor::new(body);
    let mut number = 0;
    while !cursor.is_empty() {
        number += 1;
        let wrong = |what: String| Error { line: 0, what: format!("message {number}: {what}") };
        let message = cursor.bytes().map_err(|fault| wrong(fault.what.text().into()))?;
        check(message).map_err(wrong)?;
        family(message, wanted, sink).map_err(wrong)?;
    }
    Ok(())
}

/// Whether the fields can be walked; what they hold is looked at when it is needed.
fn check(message: &[u8]) -> Result<(), String> {
    let mut cursor = Cursor::new(message);
    while !cursor.is_empty() {
        let tag = cursor.tag().map_err(|fault| fault.what.text())?;
        cursor.value(tag, 8).map_err(|fault| fault.what.text())?;
    }
    Ok(())
}

fn text(bytes: &[u8]) -> Result<&str, String> {
    std::str::from_utf8(bytes).map_err(|_| format!("{:?} is not UTF-8", String::from_utf8_lossy(bytes)))
}

fn family(message: &[u8], wanted: Wanted, sink: &mut impl Sink) -> Result<(), String> {
    let (mut name, mut help, mut unit, mut kind) = ("", "", &b""[..], Kind::Counter);
    for field in fields(message) {
        match (field.number, field.value) {
            (1, Wire::Len(bytes)) => name = text(bytes)?,
            (2, Wire::Len(bytes)) => help = text(bytes)?,
            (3, Wire::Varint(number)) => {
                kind = *KINDS.get(number as usize).ok_or_else(|| format!("{number} is no type of a metric"))?;
            }
            (5, Wire::Len(bytes)) => unit = bytes,
            _ => {}
        }
    }
    if name.is_empty() {
        return Err("the family has no name".into());
    }
    sink.kind(name.as_bytes(), kind);
    sink.help(name.as_bytes(), help.into());
    if !unit.is_empty() {
        sink.unit(name.as_bytes(), unit);
    }
    let mut metrics = Metrics { name, kind, wanted, key: Vec::new(), sink };
    for field in fields(message) {
        if let (4, Wire::Len(metric)) = (field.number, field.value) {
            metrics.metric(metric)?;
        }
    }
    Ok(())
}

struct Metrics<'a, 's, S> {
    name: &'a str,
    kind: Kind,
    wanted: Wanted,
    key: Vec<u8>,
    sink: &'s mut S,
}

/// One metric, its labels still encoded.
#[derive(Default)]
struct Metric<'a> {
    labels: Vec<&'a [u8]>,
    ms: Option<i64>,
    created_ms: Option<i64>,
}

impl<'a, S: Sink> Metrics<'a, '_, S> {
    fn metric(&mut self, message: &'a [u8]) -> Result<(), String> {
        check(message)?;
        let mut metric = Metric::default();
        let mut payload = None;
        for field in fields(message) {
            match (field.number, field.value) {
                (1, Wire::Len(label)) => metric.labels.push(label),
                (6, Wire::Varint(ms)) => metric.ms = Some(ms as i64).filter(|ms| *ms != 0),
                (2 | 3 | 4 | 5 | 7, Wire::Len(inner)) => payload = Some((field.number, inner)),
                _ => {}
            }
        }
        let Some((number, inner)) = payload else { return Ok(()) };
        check(inner)?;
        match number {
            2 | 5 => self.put(&metric, "", None, number_of(inner, 1), Vec::new()),
            3 => {
                metric.created_ms = timestamp(inner, 3);
                let exemplars = exemplars(inner, 2)?;
                self.put(&metric, "", None, number_of(inner, 1), exemplars)
            }
            4 => self.summary(&mut metric, inner),
            _ => self.histogram(&mut metric, inner),
        }
    }

    fn summary(&mut self, metric: &mut Metric<'a>, inner: &'a [u8]) -> Result<(), String> {
        metric.created_ms = timestamp(inner, 4);
        self.put(metric, "_count", None, unsigned(inner, 1) as f64, Vec::new())?;
        self.put(metric, "_sum", None, number_of(inner, 2), Vec::new())?;
        for field in fields(inner) {
            if let (3, Wire::Len(quantile)) = (field.number, field.value) {
                check(quantile)?;
                let at = float_text(number_of(quantile, 1));
                self.put(metric, "", Some(("quantile", at)), number_of(quantile, 2), Vec::new())?;
            }
        }
        Ok(())
    }

    fn histogram(&mut self, metric: &mut Metric<'a>, inner: &'a [u8]) -> Result<(), String> {
        metric.created_ms = timestamp(inner, 15);
        if self.wanted.native && is_native(inner) {
            let (message, buckets) = native(inner)?;
            let exemplars = exemplars(inner, 16)?;
            self.sample(metric, "", None, Value::Native(message, buckets), exemplars)?;
            if !self.wanted.classic_too {
                return Ok(());
            }
        }
        let count = either(inner, 1, 4);
        self.put(metric, "_count", None, count, Vec::new())?;
        self.put(metric, "_sum", None, number_of(inner, 2), Vec::new())?;
        let mut last = None;
        for field in fields(inner) {
            if let (3, Wire::Len(bucket)) = (field.number, field.value) {
                check(bucket)?;
                let bound = number_of(bucket, 2);
                last = Some(bound);
                let exemplars = exemplars(bucket, 3)?;
                self.put(metric, "_bucket", Some(("le", float_text(bound))), either(bucket, 1, 4), exemplars)?;
            }
        }
        if last != Some(f64::INFINITY) {
            self.put(metric, "_bucket", Some(("le", "+Inf".into())), count, Vec::new())?;
        }
        Ok(())
    }

    fn put(
        &mut self,
        metric: &Metric<'a>,
        suffix: &str,
        extra: Option<(&'static str, String)>,
        value: f64,
        exemplars: Vec<Exemplar<'a>>,
    ) -> Result<(), String> {
        self.sample(metric, suffix, extra, Value::Float(value), exemplars)
    }

    fn sample(
        &mut self,
        metric: &Metric<'a>,
        suffix: &str,
        extra: Option<(&'static str, String)>,
        value: Value,
        exemplars: Vec<Exemplar<'a>>,
    ) -> Result<(), String> {
        self.key.clear();
        for part in [self.name.as_bytes(), suffix.as_bytes()] {
            self.key.extend_from_slice(part);
        }
        // A native histogram and the count of a classic one must not be taken for one series.
        self.key.push(u8::from(matches!(value, Value::Native(..))));
        metric.labels.iter().for_each(|label| {
            put_varint(&mut self.key, label.len());
            self.key.extend_from_slice(label);
        });
        if let Some((_, value)) = &extra {
            self.key.extend_from_slice(value.as_bytes());
        }
        let name = self.name;
        let sample = Sample {
            key: &self.key,
            value,
            ms: metric.ms,
            exemplars,
            created_ms: metric.created_ms,
            family: Family { name: name.as_bytes(), kind: self.kind },
        };
        self.sink.sample(sample, &mut || {
            let full = if suffix.is_empty() { name.into() } else { format!("{name}{suffix}").into() };
            let mut pairs: Pairs<'a> = vec![("__name__".into(), full)];
            for label in &metric.labels {
                push_label(label, &mut pairs)?;
            }
            if let Some((name, value)) = &extra {
                pairs.push(((*name).into(), value.clone().into()));
            }
            Ok(pairs)
        })
    }
}

fn push_label<'a>(label: &'a [u8], pairs: &mut Pairs<'a>) -> Result<(), String> {
    check(label)?;
    let (mut name, mut value) = ("", "");
    for field in fields(label) {
        match (field.number, field.value) {
            (1, Wire::Len(bytes)) => name = text(bytes)?,
            (2, Wire::Len(bytes)) => value = text(bytes)?,
            _ => {}
        }
    }
    if name.is_empty() || pairs.iter().any(|(each, _)| each == name) {
        return Err(format!("label {name:?} is given twice, or has no name"));
    }
    if !value.is_empty() {
        pairs.push((name.into(), value.into()));
    }
    Ok(())
}

fn exemplars(message: &[u8], number: u32) -> Result<Vec<Exemplar<'_>>, String> {
    let mut out = Vec::new();
    for field in fields(message) {
        if let Wire::Len(exemplar) = field.value
            && field.number == number
        {
            check(exemplar)?;
            let mut labels = Pairs::new();
            for inner in fields(exemplar) {
                if let (1, Wire::Len(label)) = (inner.number, inner.value) {
                    push_label(label, &mut labels)?;
                }
            }
            out.push(Exemplar { labels, value: number_of(exemplar, 2), ms: timestamp(exemplar, 3) });
        }
    }
    Ok(out)
}

/// A `google.protobuf.Timestamp` field.
fn timestamp(message: &[u8], number: u32) -> Option<i64> {
    let found = fields(message).find(|field| field.number == number)?;
    let Wire::Len(inner) = found.value else { return None };
    let (mut seconds, mut nanos) = (0, 0);
    for field in fields(inner) {
        match (field.number, field.value) {
            (1, Wire::Varint(value)) => seconds = value as i64,
            (2, Wire::Varint(value)) => nanos = value as i64,
            _ => {}
        }
    }
    Some(seconds.saturating_mul(MS_PER_S).saturating_add(nanos / NS_PER_MS))
}

fn number_of(message: &[u8], number: u32) -> f64 {
    let found = fields(message).filter(|field| field.number == number).last();
    match found.map(|field| field.value) {
        Some(Wire::Fixed64(bits)) => f64::from_bits(bits),
        _ => 0.0,
    }
}

fn unsigned(message: &[u8], number: u32) -> u64 {
    let found = fields(message).filter(|field| field.number == number).last();
    match found.map(|field| field.value) {
        Some(Wire::Varint(value)) => value,
        _ => 0,
    }
}

/// The float of a field, or the integer of another where that is not above 0.
fn either(message: &[u8], integer: u32, float: u32) -> f64 {
    let exact = number_of(message, float);
    if exact > 0.0 { exact } else { unsigned(message, integer) as f64 }
}

/// As client_golang tells them apart: a classic one has no span and no zero bucket.
fn is_native(message: &[u8]) -> bool {
    fields(message).any(|field| match (field.number, field.value) {
        (9 | 12, Wire::Len(_)) => true,
        (6 | 8, Wire::Fixed64(bits)) => f64::from_bits(bits) > 0.0,
        (7, Wire::Varint(count)) => count > 0,
        _ => false,
    })
}

/// As `io.prometheus.write.v2.Histogram`: the same parts under other numbers. Answers the number of buckets, too.
fn native(message: &[u8]) -> Result<(Vec<u8>, usize), String> {
    let float = number_of(message, 4) > 0.0 || fields(message).any(|f| matches!(f.number, 11 | 14));
    let mut out = Vec::with_capacity(message.len());
    let mut buckets = 0;
    for field in fields(message) {
        let number = match field.number {
            1 if !float => 1,
            4 if float => 2,
            2 => 3,
            5 => 4,
            6 => 5,
            7 if !float => 6,
            8 if float => 7,
            9 => 8,
            10 if !float => 9,
            11 if float => 10,
            12 => 11,
            13 if !float => 12,
            14 if float => 13,
            _ => continue,
        };
        if matches!(field.number, 9 | 12) {
            let Wire::Len(span) = field.value else { return Err("a span is no message".into()) };
            check(span)?;
            buckets += unsigned(span, 2) as usize;
        }
        put_field(&mut out, number, field.value)?;
    }
    Ok((out, buckets))
}

fn put_field(out: &mut Vec<u8>, number: usize, value: Wire<'_>) -> Result<(), String> {
    match value {
        Wire::Varint(value) => {
            put_varint(out, number << 3);
            put_varint(out, value as usize);
        }
        Wire::Fixed64(bits) => {
            put_varint(out, number << 3 | 1);
            out.extend_from_slice(&bits.to_le_bytes());
        }
        Wire::Len(bytes) => {
            put_varint(out, number << 3 | 2);
            put_varint(out, bytes.len());
            out.extend_from_slice(bytes);
        }
        Wire::Fixed32(_) | Wire::Group(_) => return Err("a part of a native histogram has another wire type".into()),
    }
    Ok(())
}
