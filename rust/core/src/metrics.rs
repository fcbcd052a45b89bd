//! `SpanMetrics` and `ServiceGraph` for Python; see `_core.pyi`.

use otelier_process::metrics::{graph, spans};
use parking_lot::Mutex;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};

use crate::batch::Batch;

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<SpanMetrics>()?;
    module.add_class::<ServiceGraph>()
}

#[pyclass(frozen, module = "otelier._core")]
struct SpanMetrics(Mutex<spans::SpanMetrics>);

#[pymethods]
impl SpanMetrics {
    #[new]
    fn new(options: &[u8]) -> PyResult<SpanMetrics> {
        spans::SpanMetrics::new(options).map(Mutex::new).map(SpanMetrics).map_err(PyValueError::new_err)
    }

    fn consume(&self, py: Python<'_>, batch: &Batch, now_ns: u64) {
        py.detach(|| self.0.lock().consume(&batch.0, now_ns));
    }

    fn flush(&self, py: Python<'_>, now_ns: u64) -> Batch {
        Batch(py.detach(|| self.0.lock().flush(now_ns)))
    }

    fn confirm(&self, py: Python<'_>, arrived: bool) {
        py.detach(|| self.0.lock().confirm(arrived));
    }

    fn snapshot<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &py.detach(|| self.0.lock().snapshot()))
    }

    fn restore(&self, py: Python<'_>, snapshot: &[u8]) -> bool {
        py.detach(|| self.0.lock().restore(snapshot))
    }

    fn has_unwritten(&self, py: Python<'_>) -> bool {
        py.detach(|| self.0.lock().has_unwritten())
    }

    fn stats<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let (counters, size) = py.detach(|| {
            let metrics = self.0.lock();
            (metrics.counters(), metrics.size())
        });
        let stats = PyDict::new(py);
        stats.set_item("spans", counters.spans)?;
        stats.set_item("without_service", counters.without_service)?;
        stats.set_item("overflowed", counters.overflowed)?;
        stats.set_item("evicted_resources", counters.evicted_resources)?;
        stats.set_item("expired_resources", counters.expired_resources)?;
        stats.set_item("expired_series", counters.expired_series)?;
        stats.set_item("resources", size.resources)?;
        stats.set_item("series", size.series)?;
        Ok(stats)
    }
}

#[pyclass(frozen, module = "otelier._core")]
struct ServiceGraph(Mutex<graph::ServiceGraph>);

#[pymethods]
impl ServiceGraph {
    #[new]
    fn new(options: &[u8]) -> PyResult<ServiceGraph> {
        graph::ServiceGraph::new(options).map(Mutex::new).map(ServiceGraph).map_err(PyValueError::new_err)
    }

    fn consume(&self, py: Python<'_>, batch: &Batch, now_ns: u64) {
        py.detach(|| self.0.lock().consume(&batch.0, now_ns));
    }

    fn finish(&self, py: Python<'_>, now_ns: u64) {
        py.detach(|| self.0.lock().finish(now_ns));
    }

    fn flush(&self, py: Python<'_>, now_ns: u64) -> Batch {
        Batch(py.detach(|| self.0.lock().flush(now_ns)))
    }

    /// Cumulative metrics come again with every flush.
    fn confirm(&self, _arrived: bool) {}

    /// Counts are written with the first point.
    fn has_unwritten(&self) -> bool {
        false
    }

    fn snapshot<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &py.detach(|| self.0.lock().snapshot()))
    }

    fn restore(&self, py: Python<'_>, snapshot: &[u8]) -> bool {
        py.detach(|| self.0.lock().restore(snapshot))
    }

    fn stats<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let (counters, (series, waiting)) = py.detach(|| {
            let graph = self.0.lock();
            (graph.counters(), graph.sizes())
        });
        let stats = PyDict::new(py);
        stats.set_item("total_edges", counters.edges)?;
        stats.set_item("expired_edges", counters.expired_edges)?;
        stats.set_item("dropped_spans", counters.dropped_spans)?;
        stats.set_item("without_service", counters.without_service)?;
        stats.set_item("expired_series", counters.expired_series)?;
        stats.set_item("series", series)?;
        stats.set_item("waiting", waiting)?;
        Ok(stats)
    }
}
