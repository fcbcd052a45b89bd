//! `RemoteWriter` for Python; see `_core.pyi`.

use std::collections::HashMap;

use otelier_process::remote_write::{Names, Options, Version, Why, translate};
use parking_lot::Mutex;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::batch::Batch;

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<RemoteWriter>()
}

/// Names that are remembered; hostile telemetry has no end of them, nor of their length.
const MAX_KNOWN: usize = 10_000;
const MAX_KNOWN_LEN: usize = 256;

#[pyclass(frozen, module = "otelier._core")]
struct RemoteWriter {
    options: Options,
    version: Version,
    names: Mutex<Known>,
}

/// A request: body, data points, samples, histograms, exemplars.
type Request = (Py<PyBytes>, usize, usize, usize, usize);
/// Data points, name of the metric, the reason's word, the scale.
pub type Refused = (usize, String, &'static str, i32);

#[pymethods]
impl RemoteWriter {
    #[new]
    fn new(
        options: &[u8],
        version: u8,
        metadata: bool,
        metric_name: Py<PyAny>,
        label_name: Py<PyAny>,
    ) -> PyResult<Self> {
        let options = serde_json::from_slice(options).map_err(|error| PyValueError::new_err(error.to_string()))?;
        let version = if version == 2 { Version::Two } else { Version::One { metadata } };
        let names = Known::new(metric_name, label_name);
        Ok(RemoteWriter { options, version, names: Mutex::new(names) })
    }

    fn write(
        &self,
        py: Python<'_>,
        batch: &Batch,
        lanes: usize,
        max_bytes: usize,
    ) -> PyResult<(usize, Vec<Vec<Request>>, Vec<Refused>)> {
        let (series, requests, refused) = py.detach(|| {
            let (table, refused) = translate(&batch.0, &self.options, &mut *self.names.lock())?;
            PyResult::Ok((table.len(), table.requests(lanes, self.version, max_bytes), refused))
        })?;
        let for_python = |lane: Vec<otelier_process::remote_write::Request>| {
            lane.into_iter()
                .map(|it| (PyBytes::new(py, &it.body).unbind(), it.points, it.samples, it.histograms, it.exemplars))
                .collect()
        };
        Ok((series, requests.into_iter().map(for_python).collect(), refused.into_iter().map(told).collect()))
    }
}

pub fn told(each: otelier_process::remote_write::Refused) -> Refused {
    match each.why {
        Why::Temporality => (each.points, each.metric, "temporality", 0),
        Why::Name => (each.points, each.metric, "name", 0),
        Why::Scale(scale) => (each.points, each.metric, "scale", scale),
    }
}

/// Asks Python for each name once.
pub struct Known {
    metric_name: Py<PyAny>,
    label_name: Py<PyAny>,
    metrics: HashMap<(Vec<u8>, Vec<u8>, bool, bool), String>,
    labels: HashMap<Vec<u8>, String>,
}

impl Known {
    pub fn new(metric_name: Py<PyAny>, label_name: Py<PyAny>) -> Known {
        Known { metric_name, label_name, metrics: HashMap::new(), labels: HashMap::new() }
    }
}

impl Names for Known {
    type Error = PyErr;

    fn metric(&mut self, name: &[u8], unit: &[u8], monotonic: bool, gauge: bool) -> PyResult<String> {
        let key = (name.to_vec(), unit.to_vec(), monotonic, gauge);
        if let Some(known) = self.metrics.get(&key) {
            return Ok(known.clone());
        }
        let (name, unit) = (String::from_utf8_lossy(name), String::from_utf8_lossy(unit));
        let called: String =
            Python::attach(|py| self.metric_name.call1(py, (name, unit, monotonic, gauge))?.extract(py))?;
        if key.0.len() + key.1.len() <= MAX_KNOWN_LEN {
            if self.metrics.len() >= MAX_KNOWN {
                self.metrics.clear();
            }
            self.metrics.insert(key, called.clone());
        }
        Ok(called)
    }

    fn label(&mut self, key: &[u8]) -> PyResult<String> {
        if let Some(known) = self.labels.get(key) {
            return Ok(known.clone());
        }
        let called: String =
            Python::attach(|py| self.label_name.call1(py, (String::from_utf8_lossy(key),))?.extract(py))?;
        if key.len() <= MAX_KNOWN_LEN {
            if self.labels.len() >= MAX_KNOWN {
                self.labels.clear();
            }
            self.labels.insert(key.to_vec(), called.clone());
        }
        Ok(called)
    }
}
