//! `Samples`, `SeriesLog` and `Appended` for Python; see `_core.pyi`.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use otelier_disk::LogOptions;
use otelier_series::labels;
use otelier_series::log::{self, Bounds, Limits};
use otelier_series::remote_write::{self, Version};
use otelier_series::samples::{self, Builder, Part, Refusals, Text};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::pybacked::{PyBackedBytes, PyBackedStr};
use pyo3::types::PyBytes;

use crate::disk::Disk;
use crate::log::{counted, seconds, sync_named};
use crate::os_error::os_error;
use crate::server::HttpRequest;

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Samples>()?;
    module.add_class::<Appended>()?;
    module.add_class::<SeriesLog>()
}

type Labels = Vec<(String, String)>;
/// (time, value), (time, message), (time, value, labels).
type Said = (Vec<(i64, f64)>, Vec<(i64, Py<PyBytes>)>, Vec<(i64, f64, Labels)>);
/// Reason, an example, count.
type Rejected = Vec<(&'static str, String, usize)>;

fn rejected(refusals: &Refusals) -> Rejected {
    refusals.all().iter().map(|each| (each.why.word(), each.example.clone(), each.count)).collect()
}

#[pyclass(frozen, module = "otelier._core")]
pub struct Samples(pub samples::Samples);

pub fn too_large(_: samples::TooLarge) -> PyErr {
    PyValueError::new_err("the samples say more than one record can hold: take fewer at once")
}

#[pymethods]
impl Samples {
    #[staticmethod]
    fn of_remote_write(py: Python<'_>, body: PyBackedBytes, version: u8) -> PyResult<Samples> {
        read(py, Bytes::from_owner(body), version)
    }

    #[staticmethod]
    fn of_request(py: Python<'_>, request: &HttpRequest, version: u8) -> PyResult<Samples> {
        read(py, request.body.clone(), version)
    }

    #[staticmethod]
    fn of_arrays(all: Vec<Vec<(PyBackedStr, PyBackedStr)>>, times_ms: &[u8], values: &[u8]) -> PyResult<Samples> {
        let ((times, []), (values, [])) = (times_ms.as_chunks(), values.as_chunks()) else {
            return Err(PyValueError::new_err("times and values must be whole arrays of eight bytes each"));
        };
        if times.len() != all.len() || values.len() != all.len() {
            let text = format!("{} label sets, {} times and {} values", all.len(), times.len(), values.len());
            return Err(PyValueError::new_err(text));
        }
        let mut builder = Builder::default();
        let mut encoded = Vec::new();
        for ((set, ms), value) in all.iter().zip(times).zip(values) {
            let mut pairs = set.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes())).collect();
            encoded.clear();
            labels::put_sorted(&mut encoded, &mut pairs).map_err(|labels::Twice(name)| {
                PyValueError::new_err(format!("two labels are called {:?}", String::from_utf8_lossy(name)))
            })?;
            if labels::value(&encoded, labels::NAME).is_none() {
                return Err(PyValueError::new_err(format!("no __name__: {}", labels::text(&encoded))));
            }
            let labels = builder.copy(&encoded).map_err(too_large)?;
            let series = builder.series(labels, Text::default());
            builder.sample(series, i64::from_le_bytes(*ms), u64::from_le_bytes(*value));
        }
        Ok(Samples(builder.finish()))
    }

    #[staticmethod]
    fn joined(parts: Vec<PyRef<'_, Samples>>) -> Samples {
        Samples(samples::Samples::joined(parts.iter().map(|part| &part.0)))
    }

    #[getter]
    fn samples(&self) -> usize {
        self.0.samples()
    }

    #[getter]
    fn histograms(&self) -> usize {
        self.0.histograms()
    }

    #[getter]
    fn exemplars(&self) -> usize {
        self.0.exemplars()
    }

    #[getter]
    fn series(&self) -> usize {
        self.0.series()
    }

    #[getter]
    fn refused(&self) -> Rejected {
        rejected(&self.0.refused())
    }

    fn contents(&self, py: Python<'_>) -> Vec<(Labels, Labels, Said)> {
        let mut all: Vec<(Labels, Labels, Said)> = Vec::new();
        for part in self.0.parts() {
            let first = all.len();
            let named = |text: Text| pairs(part, text);
            all.extend(part.series().iter().map(|each| (named(each.labels), named(each.soft), Said::default())));
            for (series, ms, bits) in part.samples() {
                all[first + series as usize].2.0.push((ms, f64::from_bits(bits)));
            }
            for each in part.histograms() {
                let message = PyBytes::new(py, part.text(each.message)).unbind();
                all[first + each.series as usize].2.1.push((each.ms, message));
            }
            for each in part.exemplars() {
                let said = (each.ms, f64::from_bits(each.bits), named(each.labels));
                all[first + each.series as usize].2.2.push(said);
            }
        }
        // Of a scrape's series some may have gone.
        all.retain(|(_, _, (floats, natives, examples))| {
            !(floats.is_empty() && natives.is_empty() && examples.is_empty())
        });
        all
    }

    fn metadata(&self) -> Vec<(String, u8, String, String)> {
        let mut all = Vec::new();
        for part in self.0.parts() {
            let text = |text: Text| String::from_utf8_lossy(part.text(text)).into_owned();
            let said = part.metadata().iter();
            all.extend(said.map(|each| (text(each.family), each.kind, text(each.help), text(each.unit))));
        }
        all
    }
}

fn read(py: Python<'_>, body: Bytes, version: u8) -> PyResult<Samples> {
    let version = match version {
        1 => Version::One,
        2 => Version::Two,
        _ => return Err(PyValueError::new_err(format!("version must be 1 or 2, not {version}"))),
    };
    let read = py.detach(|| remote_write::read(body, version));
    read.map(Samples).map_err(|error| PyValueError::new_err(error.to_string()))
}

fn pairs(part: &Part, text: Text) -> Labels {
    let read = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    labels::pairs(part.text(text)).map(|(name, value)| (read(name), read(value))).collect()
}

#[pyclass(frozen, get_all, module = "otelier._core")]
struct Appended {
    samples: usize,
    histograms: usize,
    exemplars: usize,
    folded: usize,
    rejected: Rejected,
}

#[pyclass(frozen, module = "otelier._core")]
pub struct SeriesLog(pub Arc<log::SeriesLog>);

#[pymethods]
impl SeriesLog {
    #[new]
    #[pyo3(signature = (disk, directory, *, sync="commit", interval_s=1.0, max_unflushed_bytes=268_435_456,
                        max_wait_s=5.0, retired=0, max_series=5_000_000, max_series_per_metric=200_000,
                        max_label_names=5_000))]
    #[expect(clippy::too_many_arguments, reason = "keywords in Python")]
    fn new(
        py: Python<'_>,
        disk: &Disk,
        directory: &str,
        sync: &str,
        interval_s: f64,
        max_unflushed_bytes: u64,
        max_wait_s: f64,
        retired: u64,
        max_series: usize,
        max_series_per_metric: usize,
        max_label_names: usize,
    ) -> PyResult<SeriesLog> {
        let sync = sync_named(sync, interval_s)?;
        let options = LogOptions { sync, max_unflushed_bytes, max_wait: seconds(max_wait_s, "max_wait_s")?, retired };
        let limits =
            Limits { series: max_series, series_per_metric: max_series_per_metric, label_names: max_label_names };
        let opened = py.detach(|| log::SeriesLog::open(disk.inner().clone(), directory, options, limits));
        opened.map(|log| SeriesLog(Arc::new(log))).map_err(|error| os_error(&error))
    }

    fn append(
        &self,
        py: Python<'_>,
        tenant: &str,
        samples: &Samples,
        now_ms: i64,
        oldest_ms: i64,
        newest_ms: i64,
    ) -> PyResult<Appended> {
        let bounds = Bounds { oldest_ms, newest_ms };
        let appended = py.detach(|| self.0.append(tenant, &samples.0, now_ms, bounds));
        let log::Appended { samples, histograms, exemplars, folded, refused } =
            appended.map_err(|error| os_error(&error))?;
        Ok(Appended { samples, histograms, exemplars, folded, rejected: rejected(&refused) })
    }

    fn rotate(&self, py: Python<'_>) -> u64 {
        py.detach(|| self.0.rotate())
    }

    fn active(&self, py: Python<'_>, tenant: &str, limit: usize) -> Vec<(String, usize)> {
        py.detach(|| self.0.active(tenant, limit))
    }

    fn active_series(&self, py: Python<'_>, tenant: &str) -> usize {
        py.detach(|| self.0.active_series(tenant))
    }

    fn generations(&self) -> Vec<(u64, u64)> {
        self.0.log().generations()
    }

    fn retire(&self, py: Python<'_>, generation: u64) -> PyResult<()> {
        py.detach(|| self.0.log().retire(generation)).map_err(|error| os_error(&error))
    }

    #[getter]
    fn unflushed_bytes(&self) -> u64 {
        self.0.log().unflushed_bytes()
    }

    #[getter]
    fn oldest_ns(&self) -> u64 {
        self.0.log().oldest_ns()
    }

    fn counters(&self) -> HashMap<&'static str, u64> {
        counted(&self.0.log().counters)
    }

    fn close(&self, py: Python<'_>) {
        py.detach(|| self.0.close());
    }
}
