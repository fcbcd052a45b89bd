//! Exemplars: the span of a measurement, as labels.

use otelier_wire::any::attributes;
use otelier_wire::protobuf::{Value, fields};

use super::labels::put_label;
use super::{Names, millis, text};

/// OpenMetrics allows an exemplar's labels no more characters, names and values together.
const MAX_RUNES: usize = 128;

#[derive(Clone)]
pub struct Exemplar {
    /// Encoded as those of series.
    pub labels: Vec<u8>,
    pub value: f64,
    pub at_ms: i64,
}

/// Trace and span first; further attributes only where all of them fit.
pub fn read<N: Names>(encoded: &[u8], names: &mut N) -> Result<Exemplar, N::Error> {
    let mut labels: Vec<(String, String)> = Vec::new();
    let (mut value, mut time_ns) = (0.0, 0);
    for field in fields(encoded) {
        match (field.number, field.value) {
            (2, Value::Fixed64(ns)) => time_ns = ns,
            (3, Value::Fixed64(bits)) => value = f64::from_bits(bits),
            (6, Value::Fixed64(int)) => value = int as i64 as f64,
            (4, Value::Len(id)) if !id.is_empty() => labels.push(("span_id".into(), text::hex(id))),
            (5, Value::Len(id)) if !id.is_empty() => labels.push(("trace_id".into(), text::hex(id))),
            _ => {}
        }
    }
    let mut more = Vec::new();
    for attribute in attributes(encoded, 7) {
        more.push((names.label(attribute.key)?, text::of(attribute.value()).into_owned()));
    }
    let runes = |labels: &[(String, String)]| -> usize {
        labels.iter().map(|(name, value)| text::runes(name) + text::runes(value)).sum()
    };
    if runes(&labels) + runes(&more) <= MAX_RUNES {
        labels.append(&mut more);
    }
    labels.sort();
    let mut out = Vec::new();
    labels.iter().for_each(|(name, value)| put_label(name, &[value], &mut out));
    Ok(Exemplar { labels: out, value, at_ms: millis(time_ns) })
}
