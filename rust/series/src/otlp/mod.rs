//! OTLP metrics become [`Samples`]: series as remote write names them, with the attributes of their resource beside them, and
//! deltas added up.

mod deltas;

use otelier_process::remote_write::{self, Names, Options, Refused, STALE_BITS, Series, Table, text_of};
use otelier_wire::Batch;
use otelier_wire::any::attributes;

use crate::labels;
use crate::samples::{Builder, Samples, Text, TooLarge, Why};
use deltas::Deltas;
pub use deltas::Limits;

/// Translates batch after batch; remembers what deltas have added up to.
pub struct Translator {
    options: Options,
    deltas: Deltas,
}

/// Why a batch has become nothing.
pub enum Error<E> {
    /// Asking for a name failed.
    Names(E),
    TooLarge,
}

impl<E> From<TooLarge> for Error<E> {
    fn from(_: TooLarge) -> Error<E> {
        Error::TooLarge
    }
}

impl Translator {
    pub fn new(mut options: Options, limits: Limits) -> Translator {
        options.for_store = true;
        Translator { options, deltas: Deltas::new(limits) }
    }

    /// All series of a batch that arrived at `now_ms`, and data points without a translation. The deltas of a batch before that
    /// were not kept are given up.
    pub fn translate<N: Names>(
        &mut self,
        batch: &Batch,
        now_ms: i64,
        names: &mut N,
    ) -> Result<(Samples, Vec<Refused>), Error<N::Error>> {
        let (table, refused) = remote_write::translate(batch, &self.options, names).map_err(Error::Names)?;
        self.deltas.begin(now_ms);
        let mut builder = Builder::default();
        builder.reserve(table.len());
        // The resources of series next to each other are mostly one.
        let mut soft: (Option<&[u8]>, Text) = (None, Text::default());
        for series in table.all() {
            let resource = table.resource_of(series);
            if !same(resource, soft.0) {
                soft = (resource, resource.map_or(Ok(Text::default()), |resource| soft_set(resource, &mut builder))?);
            }
            self.series(series, soft.1, now_ms, &mut builder)?;
        }
        metadata(&table, &mut builder)?;
        Ok((builder.finish(), refused))
    }

    /// Whether the batch translated last had deltas, which count once they are kept.
    pub fn is_pending(&self) -> bool {
        self.deltas.is_pending()
    }

    /// The batch translated last is stored.
    pub fn keep(&mut self) {
        self.deltas.keep();
    }

    fn series(&mut self, series: &Series, soft: Text, now_ms: i64, builder: &mut Builder) -> Result<(), TooLarge> {
        let labels = builder.copy(&series.labels)?;
        let number = builder.series(labels, soft);
        for (value, at_ms) in &series.samples {
            let stale = value.to_bits() == STALE_BITS;
            let sample = if series.origin.delta && !stale {
                self.deltas.number(&series.labels, *value, *at_ms, now_ms)
            } else {
                Some((*value, *at_ms))
            };
            match sample {
                Some((value, at_ms)) => builder.sample(number, at_ms, value.to_bits()),
                None => builder.refusals().add(Why::Delta, 1, || labels::text(&series.labels)),
            }
        }
        for (at_ms, histogram) in &series.histograms {
            let stale = histogram.sum.to_bits() == STALE_BITS;
            let encoded = if series.origin.delta && !stale {
                let sum = self.deltas.histogram(&series.labels, histogram, *at_ms, now_ms);
                sum.map(|(sum, at_ms)| (sum.encode(at_ms), at_ms))
            } else {
                Some((histogram.encode(*at_ms), *at_ms))
            };
            match encoded {
                Some((message, at_ms)) => {
                    let message = builder.copy(&message)?;
                    builder.histogram(number, at_ms, message);
                }
                None => builder.refusals().add(Why::Delta, 1, || labels::text(&series.labels)),
            }
        }
        for exemplar in &series.exemplars {
            let mut pairs: Vec<(&[u8], &[u8])> = labels::pairs(&exemplar.labels).collect();
            let labels = put_first(&mut pairs, builder)?;
            builder.exemplar(number, exemplar.at_ms, exemplar.value.to_bits(), labels);
        }
        Ok(())
    }
}

/// The very same bytes.
fn same(one: Option<&[u8]>, other: Option<&[u8]>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => std::ptr::eq(one, other),
        (one, other) => one.is_none() && other.is_none(),
    }
}

/// The attributes of an encoded Resource; of equal keys the last one counts.
fn soft_set(resource: &[u8], builder: &mut Builder) -> Result<Text, TooLarge> {
    let mut all: Vec<_> = attributes(resource, 1).map(|each| (each.key, text_of(each.value()))).collect();
    all.reverse();
    let mut pairs: Vec<(&[u8], &[u8])> = all.iter().map(|(key, value)| (*key, value.as_bytes())).collect();
    put_first(&mut pairs, builder)
}

/// Writes labels; of equal names the first one counts.
fn put_first<'a>(pairs: &mut Vec<(&'a [u8], &'a [u8])>, builder: &mut Builder) -> Result<Text, TooLarge> {
    pairs.retain(|(name, _)| !name.is_empty());
    pairs.sort_by_key(|(name, _)| *name);
    pairs.dedup_by_key(|(name, _)| *name);
    let length = pairs.iter().map(|(name, value)| name.len() + value.len() + 20).sum();
    builder.write(length, |out| {
        // No name is there twice.
        let _ = labels::put_sorted(out, pairs);
    })
}

fn metadata(table: &Table, builder: &mut Builder) -> Result<(), TooLarge> {
    for family in table.families() {
        let mut keep = |text: &str| builder.copy(text.as_bytes());
        let (name, help, unit) = (keep(&family.name)?, keep(&family.help)?, keep(&family.unit)?);
        builder.metadata(name, family.kind, help, unit);
    }
    Ok(())
}
