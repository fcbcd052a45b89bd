//! What targets of a scrape answer: Prometheus's text formats, OpenMetrics, and delimited protobuf.
//!
//! A parser walks an answer once and tells a `Sink` about families and samples. A series is named by its **key**, the bytes
//! that stand for name and labels in the answer: whoever has seen a key before needs no labels, and so nothing is decoded
//! for a series that was scraped before.
//!
//! Formats: <https://prometheus.io/docs/instrumenting/exposition_formats/>,
//! <https://prometheus.io/docs/specs/om/open_metrics_spec/>. Where they leave something open, what Prometheus 3 takes is taken.

pub mod backfill;
pub mod cache;
mod go_float;
mod labels;
mod line;
pub(crate) mod native;
pub mod otlp;
pub mod protobuf;
pub(crate) mod put;
pub mod stored;
pub mod text;

use std::borrow::Cow;
use std::fmt;

pub use cache::{Cache, Finish, Outcome, Row};

/// How an answer is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// 0.0.4 and 1.0.0: the latter only allows more names, which are always taken.
    Text,
    OpenMetrics,
    Protobuf,
}

/// What a family is said to be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kind {
    #[default]
    Unknown,
    Counter,
    Gauge,
    Histogram,
    GaugeHistogram,
    Summary,
    Info,
    StateSet,
}

impl Kind {
    pub fn name(self) -> &'static str {
        match self {
            Kind::Unknown => "unknown",
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram => "histogram",
            Kind::GaugeHistogram => "gaugehistogram",
            Kind::Summary => "summary",
            Kind::Info => "info",
            Kind::StateSet => "stateset",
        }
    }

    fn named(name: &[u8]) -> Option<Kind> {
        Some(match name {
            b"unknown" | b"untyped" => Kind::Unknown,
            b"counter" => Kind::Counter,
            b"gauge" => Kind::Gauge,
            b"histogram" => Kind::Histogram,
            b"gaugehistogram" => Kind::GaugeHistogram,
            b"summary" => Kind::Summary,
            b"info" => Kind::Info,
            b"stateset" => Kind::StateSet,
            _ => return None,
        })
    }
}

/// Why an answer can't be taken. Lines count from 1; 0 where there are none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    pub line: usize,
    pub what: String,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.line == 0 { f.write_str(&self.what) } else { write!(f, "line {}: {}", self.line, self.what) }
    }
}

/// (name, value), with `__name__` among them; in the order of the answer, each name once.
pub type Pairs<'a> = Vec<(Cow<'a, str>, Cow<'a, str>)>;

/// What a sample says.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    Float(f64),
    /// A message `io.prometheus.write.v2.Histogram`, without a timestamp, and how many buckets it has.
    Native(Vec<u8>, usize),
}

/// An example of what was counted.
#[derive(Clone, Debug, PartialEq)]
pub struct Exemplar<'a> {
    pub labels: Pairs<'a>,
    pub value: f64,
    pub ms: Option<i64>,
}

/// A family, as far as it is known when a sample comes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Family<'a> {
    pub name: &'a [u8],
    pub kind: Kind,
}

pub struct Sample<'a, 'k> {
    pub key: &'k [u8],
    pub value: Value,
    pub ms: Option<i64>,
    pub exemplars: Vec<Exemplar<'a>>,
    /// When the counting began, where the format says it of the sample.
    pub created_ms: Option<i64>,
    /// Of the last family that was announced; whether the sample belongs to it its name says.
    pub family: Family<'a>,
}

/// Takes what a parser finds.
pub trait Sink {
    /// How long the next key is, if the line begins with the one that is expected next.
    fn expected(&self, line: &[u8]) -> Option<usize>;
    fn kind(&mut self, family: &[u8], kind: Kind);
    fn help(&mut self, family: &[u8], text: Cow<'_, str>);
    fn unit(&mut self, family: &[u8], unit: &[u8]);
    /// `labels` decodes the key; an error is about this sample.
    fn sample<'a>(
        &mut self,
        sample: Sample<'a, '_>,
        labels: &mut dyn FnMut() -> Result<Pairs<'a>, String>,
    ) -> Result<(), String>;
}

/// What protobuf has more than text.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wanted {
    /// Take native histograms; otherwise only the classic buckets.
    pub native: bool,
    /// Take the classic buckets of native histograms, too.
    pub classic_too: bool,
}

/// Walk the whole of an answer.
pub fn parse(body: &[u8], format: Format, wanted: Wanted, sink: &mut impl Sink) -> Result<(), Error> {
    match format {
        Format::Text => text::parse(body, false, sink),
        Format::OpenMetrics => text::parse(body, true, sink),
        Format::Protobuf => protobuf::parse(body, wanted, sink),
    }
}

#[cfg(test)]
mod tests;
