//! A file of samples with timestamps in OpenMetrics text, part by part, as samples for the store.

use std::borrow::Cow;

use bytes::Bytes;
use hashbrown::HashMap;

use super::text::part;
use super::{Error, Exemplar, Family, Kind, Pairs, Sample, Sink, Value};
use crate::labels::{Twice, put_sorted};
use crate::samples::{Builder, Samples, Text, TooLarge};

/// What goes on from one part to the next.
#[derive(Debug, Default)]
pub struct Backfill {
    /// Lines so far.
    lines: usize,
    name: Vec<u8>,
    kind: Kind,
    /// Whether `# EOF` came.
    pub ended: bool,
}

impl Backfill {
    /// The next lines, all of them whole.
    pub fn read(&mut self, lines: &[u8]) -> Result<Samples, Error> {
        let whole = |what: &str, line| Error { line, what: what.into() };
        if self.ended && !lines.is_empty() {
            return Err(whole("there is more behind `# EOF`", self.lines + 1));
        }
        let name = self.name.clone();
        let builder = Builder::new(Bytes::new()).map_err(|TooLarge| whole("too much at once", self.lines))?;
        let mut reading = Reading { builder, known: HashMap::new(), families: HashMap::new() };
        let family = Family { name: &name, kind: self.kind };
        let end = part(lines, true, family, &mut reading)
            .map_err(|error| Error { line: self.lines + error.line, ..error })?;
        self.lines += end.lines;
        self.ended = end.ended;
        self.kind = end.family.kind;
        self.name = end.family.name.to_vec();
        let Reading { mut builder, families, .. } = reading;
        for (family, (kind, help, unit)) in families {
            let copied = (|| Ok((builder.copy(&family)?, builder.copy(&help)?, builder.copy(&unit)?)))();
            let (family, help, unit) = copied.map_err(|TooLarge| whole("too much at once", self.lines))?;
            builder.metadata(family, kind as u8, help, unit);
        }
        Ok(builder.finish())
    }
}

struct Reading {
    builder: Builder,
    /// Series by what stands in the text.
    known: HashMap<Box<[u8]>, u32>,
    /// Type, help, unit.
    families: HashMap<Vec<u8>, (Kind, Vec<u8>, Vec<u8>)>,
}

impl Reading {
    fn labels(&mut self, pairs: &Pairs<'_>) -> Result<Text, String> {
        let mut encoded = Vec::new();
        let mut all = pairs.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes())).collect();
        put_sorted(&mut encoded, &mut all)
            .map_err(|Twice(name)| format!("two labels are called {:?}", String::from_utf8_lossy(name)))?;
        self.builder.copy(&encoded).map_err(|TooLarge| "too much at once".into())
    }

    fn example(&mut self, series: u32, exemplar: &Exemplar<'_>, ms: i64) -> Result<(), String> {
        let labels = self.labels(&exemplar.labels)?;
        self.builder.exemplar(series, exemplar.ms.unwrap_or(ms), exemplar.value.to_bits(), labels);
        Ok(())
    }
}

impl Sink for Reading {
    fn expected(&self, _: &[u8]) -> Option<usize> {
        None
    }

    fn kind(&mut self, family: &[u8], kind: Kind) {
        self.families.entry_ref(family).or_default().0 = kind;
    }

    fn help(&mut self, family: &[u8], text: Cow<'_, str>) {
        self.families.entry_ref(family).or_default().1 = text.as_bytes().to_vec();
    }

    fn unit(&mut self, family: &[u8], unit: &[u8]) {
        self.families.entry_ref(family).or_default().2 = unit.to_vec();
    }

    fn sample<'a>(
        &mut self,
        sample: Sample<'a, '_>,
        labels: &mut dyn FnMut() -> Result<Pairs<'a>, String>,
    ) -> Result<(), String> {
        let ms = sample.ms.ok_or("a sample without a timestamp: when was it?")?;
        let series = match self.known.get(sample.key) {
            Some(series) => *series,
            None => {
                let text = self.labels(&labels()?)?;
                let series = self.builder.series(text, Text::default());
                self.known.insert(sample.key.into(), series);
                series
            }
        };
        if let Value::Float(value) = sample.value {
            self.builder.sample(series, ms, value.to_bits());
        }
        for exemplar in &sample.exemplars {
            self.example(series, exemplar, ms)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_may_come_in_parts() {
        let mut backfill = Backfill::default();
        let first = backfill
            .read(b"# TYPE a counter\n# HELP a What.\na_total{x=\"1\"} 3 10\na_total{x=\"1\"} 4 20.5\n")
            .unwrap();
        let second = backfill.read(b"a_total{x=\"2\"} 5 30 # {trace_id=\"t\"} 1 29\n# EOF\n").unwrap();
        assert_eq!((first.samples(), first.series(), second.samples(), second.exemplars()), (2, 1, 1, 1));
        let times: Vec<_> =
            first.parts()[0].samples().map(|(series, ms, bits)| (series, ms, f64::from_bits(bits))).collect();
        assert_eq!(times, [(0, 10_000, 3.0), (0, 20_500, 4.0)]);
        assert!(backfill.ended);
        assert_eq!(backfill.read(b"a 1 1\n").unwrap_err().line, 7);
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line() {
        let mut backfill = Backfill::default();
        backfill.read(b"a 1 1\n").unwrap();
        let error = backfill.read(b"a 2 2\nb 3\n").unwrap_err();
        assert_eq!(error.to_string(), "line 3: a sample without a timestamp: when was it?");
    }
}
