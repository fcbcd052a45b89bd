//! `SeriesView` for Python; see `_core.pyi`.

use std::collections::BTreeMap;

use otelier_segment::error::ReadError;
use otelier_series::labels;
use otelier_series::matcher::Matcher;
use otelier_series::ranges::{Function, Operator, Sliding, Steps};
use otelier_series::segment::Exemplar;
use otelier_series::view::{self, Cells, Failed, Fill, Grouping, Listed, Query, Room, TYPES};
use pyo3::create_exception;
use pyo3::exceptions::{PyMemoryError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyMemoryView, PySlice, PyString, PyTuple};

use crate::disk::Disk;
use crate::label_sets::{LabelSets, Shared};
use crate::spans::array;
use crate::view::raised;

create_exception!(otelier._core, TooManySamples, PyValueError, "A query asks for more samples than it may.");

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<SeriesView>()?;
    module.add("TooManySamples", module.py().get_type::<TooManySamples>())
}

fn failed(error: Failed) -> PyErr {
    match error {
        Failed::Read(error) => raised(error),
        Failed::TooMany => TooManySamples::new_err("the query selects more samples than it may"),
        Failed::NoRoom => PyMemoryError::new_err("there is no memory for the samples"),
        Failed::Moved => raised(ReadError::Stale("the manifest".into())),
    }
}

type Asked = Vec<(String, String, String)>;

fn matchers(asked: &Asked) -> PyResult<Vec<Matcher>> {
    let matcher = |(name, operator, value): &(String, String, String)| {
        Matcher::new(name, operator, value).map_err(|error| PyValueError::new_err(format!("{value:?}: {error}")))
    };
    asked.iter().map(matcher).collect()
}

fn all_matchers(selectors: &[Asked]) -> PyResult<Vec<Vec<Matcher>>> {
    selectors.iter().map(matchers).collect()
}

fn text<'py>(py: Python<'py>, bytes: &[u8]) -> Bound<'py, PyString> {
    PyString::new(py, &String::from_utf8_lossy(bytes))
}

fn label_set<'py>(py: Python<'py>, labels: &[u8]) -> PyResult<Bound<'py, PyTuple>> {
    let pairs = labels::pairs(labels).map(|(name, value)| (text(py, name), text(py, value)));
    PyTuple::new(py, pairs.collect::<Vec<_>>())
}

fn exemplar<'py>(py: Python<'py>, exemplar: &Exemplar) -> PyResult<(Bound<'py, PyTuple>, f64, i64)> {
    Ok((label_set(py, &exemplar.labels)?, f64::from_bits(exemplar.bits), exemplar.ms))
}

/// The floats of an answer: written where Python has them, without a copy.
#[derive(Default)]
struct Floats(Option<Py<PyBytes>>);

impl Room for Floats {
    fn with(&mut self, count: usize, fill: Fill) -> Result<(), Failed> {
        let mut failure = Failed::NoRoom;
        let made = Python::attach(|py| {
            let bytes = PyBytes::new_with(py, 8 * count, |out| {
                let filled = py.detach(|| fill(out.as_chunks_mut().0));
                filled.map_err(|error| {
                    failure = error;
                    PyMemoryError::new_err(())
                })
            });
            bytes.map(Bound::unbind)
        });
        self.0 = Some(made.map_err(|_| failure)?);
        Ok(())
    }
}

type GroupTuple<'py> = (LabelSets, Bound<'py, PyBytes>, Bound<'py, PyAny>, Option<Vec<Option<Bound<'py, PyBytes>>>>);
/// Names of labels, and whether these are left out.
type GroupingTuple = (String, Vec<String>, bool);
type RangedTuple<'py> = (LabelSets, Py<PyBytes>, Option<Bound<'py, PyBytes>>, LabelSets, u64);
type ExemplarsTuple<'py> = (Bound<'py, PyTuple>, Vec<(Bound<'py, PyTuple>, f64, i64)>);
type FamilyTuple<'py> = (Bound<'py, PyString>, &'static str, Bound<'py, PyString>, Bound<'py, PyString>);

#[pyclass(frozen, module = "otelier._core")]
pub struct SeriesView(view::SeriesView);

#[pymethods]
impl SeriesView {
    #[new]
    fn new(disk: &Disk, log_directory: &str) -> SeriesView {
        SeriesView(view::SeriesView::new(disk.inner().clone(), log_directory))
    }

    fn refresh(&self, py: Python<'_>, segments: Vec<(String, i64, i64, String)>, retired: u64) -> PyResult<()> {
        let listed = |(path, min_ms, max_ms, tenant)| Listed { path, min_ms, max_ms, tenant };
        let segments = segments.into_iter().map(listed).collect();
        py.detach(|| self.0.refresh(segments, retired)).map_err(raised)
    }

    #[expect(clippy::too_many_arguments, reason = "a query's parts")]
    fn select<'py>(
        &self,
        py: Python<'py>,
        tenant: &str,
        matchers: Asked,
        start_ms: i64,
        end_ms: i64,
        names: Vec<String>,
        max_samples: u64,
    ) -> PyResult<Vec<GroupTuple<'py>>> {
        let matchers = self::matchers(&matchers)?;
        let names = bytes(names);
        let first_ms = start_ms.saturating_add(1);
        let query = Query { matchers: &matchers, names: &names, first_ms, last_ms: end_ms, only_last: false };
        let mut room = Floats::default();
        let selected = py.detach(|| self.0.select(tenant, &query, max_samples, &mut room)).map_err(failed)?;
        let Some(floats) = room.0 else { return Ok(Vec::new()) };
        let floats = PyMemoryView::from(floats.bind(py))?;
        let (labels, rest): (Vec<_>, Vec<_>) =
            selected.groups.into_iter().map(|group| (group.labels, (group.ms, group.start, group.histograms))).unzip();
        let group = |(labels, (ms, start, histograms)): (LabelSets, (Vec<i64>, usize, Cells))| {
            let times = array(py, &ms, i64::to_le_bytes)?;
            let end = start + ms.len() * labels.parts().1.len();
            let values = floats.get_item(PySlice::new(py, 8 * start as isize, 8 * end as isize, 1))?;
            let message = |each: &Option<bytes::Bytes>| each.as_ref().map(|each| PyBytes::new(py, each));
            let histograms = histograms.as_ref().map(|cells| cells.iter().map(message).collect());
            Ok((labels, times, values, histograms))
        };
        LabelSets::several(selected.pairs, labels).zip(rest).map(group).collect()
    }

    #[expect(clippy::too_many_arguments, reason = "a query's parts")]
    fn range<'py>(
        &self,
        py: Python<'py>,
        tenant: &str,
        matchers: Asked,
        names: Vec<String>,
        function: &str,
        steps: (i64, i64, usize, i64),
        grouping: Option<GroupingTuple>,
        max_samples: u64,
    ) -> PyResult<Option<RangedTuple<'py>>> {
        let Some(function) = Function::named(function) else { return Ok(None) };
        let (operator, by, without) = grouping.unwrap_or_default();
        let (operator, by) = (Some(operator).filter(|operator| !operator.is_empty()), bytes(by));
        let grouping = match operator.as_deref().map(Operator::named) {
            None => None,
            Some(None) => return Ok(None),
            Some(Some(operator)) => Some(Grouping { operator, names: &by, without }),
        };
        let (matchers, names) = (self::matchers(&matchers)?, bytes(names));
        let (first_end, step, count, length) = steps;
        let steps = Steps { first_end, step, count, length };
        let Some(last_ms) = steps.ends().last() else { return Ok(None) };
        let first_ms = first_end.saturating_sub(length).saturating_add(1);
        let only_last = function == Function::Current && count == 1;
        let query = Query { matchers: &matchers, names: &names, first_ms, last_ms, only_last };
        let mut room = Floats::default();
        let sliding = || Sliding::new(function, steps);
        let found = py.detach(|| self.0.range(tenant, &query, &sliding, grouping, max_samples, &mut room));
        let (Some(found), Some(values)) = (found.map_err(failed)?, room.0) else { return Ok(None) };
        let there = found.there.map(|there| {
            PyBytes::new_with(py, there.len(), |out| {
                out.iter_mut().zip(&there).for_each(|(out, there)| *out = u8::from(*there));
                Ok(())
            })
        });
        let mut labels = LabelSets::several(found.pairs, [found.labels, found.series]);
        let (Some(own), Some(series)) = (labels.next(), labels.next()) else { return Ok(None) };
        Ok(Some((own, values, there.transpose()?, series, found.samples)))
    }

    #[expect(clippy::too_many_arguments, reason = "a question's parts")]
    fn series<'py>(
        &self,
        py: Python<'py>,
        tenant: &str,
        selectors: Vec<Asked>,
        start_ms: i64,
        end_ms: i64,
        names: Vec<String>,
        limit: usize,
    ) -> PyResult<Vec<Bound<'py, PyTuple>>> {
        let (selectors, names) = (all_matchers(&selectors)?, bytes(names));
        let found = py.detach(|| self.0.series(tenant, &selectors, (start_ms, end_ms), &names, limit));
        let found = found.map_err(failed)?;
        let shared = Shared::new(found.pairs);
        found.sets.iter().map(|set| shared.set(py, set)).collect()
    }

    fn label_names<'py>(
        &self,
        py: Python<'py>,
        tenant: &str,
        selectors: Vec<Asked>,
        start_ms: i64,
        end_ms: i64,
        soft: bool,
    ) -> PyResult<Vec<Bound<'py, PyString>>> {
        let selectors = all_matchers(&selectors)?;
        let names = py.detach(|| self.0.label_names(tenant, &selectors, (start_ms, end_ms), soft));
        Ok(names.map_err(failed)?.iter().map(|name| text(py, name)).collect())
    }

    #[expect(clippy::too_many_arguments, reason = "a question's parts")]
    fn label_values<'py>(
        &self,
        py: Python<'py>,
        tenant: &str,
        name: &str,
        selectors: Vec<Asked>,
        start_ms: i64,
        end_ms: i64,
        limit: usize,
    ) -> PyResult<Vec<Bound<'py, PyString>>> {
        let selectors = all_matchers(&selectors)?;
        let window = (start_ms, end_ms);
        let values = py.detach(|| self.0.label_values(tenant, name.as_bytes(), &selectors, window, limit));
        Ok(values.map_err(failed)?.iter().map(|value| text(py, value)).collect())
    }

    #[expect(clippy::too_many_arguments, reason = "a question's parts")]
    fn exemplars<'py>(
        &self,
        py: Python<'py>,
        tenant: &str,
        selectors: Vec<Asked>,
        start_ms: i64,
        end_ms: i64,
        limit: usize,
        naming: &str,
    ) -> PyResult<Vec<ExemplarsTuple<'py>>> {
        let selectors = all_matchers(&selectors)?;
        let found = py.detach(|| self.0.exemplars(tenant, &selectors, (start_ms, end_ms), limit, naming));
        let (pairs, found) = found.map_err(failed)?;
        let shared = Shared::new(pairs);
        let series = found.iter().map(|each| {
            let exemplars = each.exemplars.iter().map(|each| exemplar(py, each)).collect::<PyResult<_>>()?;
            Ok((shared.set(py, &each.labels)?, exemplars))
        });
        series.collect()
    }

    fn metadata<'py>(
        &self,
        py: Python<'py>,
        tenant: &str,
        metric: &str,
        limit: usize,
    ) -> PyResult<Vec<FamilyTuple<'py>>> {
        let found = py.detach(|| self.0.metadata(tenant, metric, limit)).map_err(failed)?;
        let family = |(name, family): &(Vec<u8>, otelier_series::hot::Family)| {
            let of = TYPES.get(usize::from(family.kind)).copied().unwrap_or(TYPES[0]);
            (text(py, name), of, text(py, &family.help), text(py, &family.unit))
        };
        Ok(found.iter().map(family).collect())
    }

    fn statistics(&self, py: Python<'_>, tenant: &str, limit: usize) -> PyResult<BTreeMap<&'static str, Py<PyAny>>> {
        let found = py.detach(|| self.0.statistics(tenant, limit)).map_err(failed)?;
        Ok(BTreeMap::from([
            ("series", found.series.into_pyobject(py)?.into_any().unbind()),
            ("samples", found.samples.into_pyobject(py)?.into_any().unbind()),
            ("label_pairs", found.label_pairs.into_pyobject(py)?.into_any().unbind()),
            ("min_ms", found.min_ms.into_pyobject(py)?.into_any().unbind()),
            ("max_ms", found.max_ms.into_pyobject(py)?.into_any().unbind()),
            ("by_metric", found.by_metric.into_pyobject(py)?.into_any().unbind()),
            ("values_by_label", found.values_by_label.into_pyobject(py)?.into_any().unbind()),
            ("bytes_by_label", found.bytes_by_label.into_pyobject(py)?.into_any().unbind()),
            ("by_pair", found.by_pair.into_pyobject(py)?.into_any().unbind()),
        ]))
    }

    fn hot_samples(&self) -> BTreeMap<String, usize> {
        self.0.logged().into_iter().map(|(tenant, count)| (tenant.to_string(), count)).collect()
    }

    fn left_out(&self) -> Vec<String> {
        self.0.left_out()
    }
}

fn bytes(texts: Vec<String>) -> Vec<Vec<u8>> {
    texts.into_iter().map(String::into_bytes).collect()
}
