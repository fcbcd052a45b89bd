//! `flush`, `merge` and what can be asked of segments, for Python; see `_core.pyi`.

use std::collections::BTreeMap;

use otelier_segment::index::Index;
use otelier_segment::{self as segment, Keep, WriteError};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::batch::{Batch, signal_named};
use crate::disk::Disk;
use crate::log::Log;
use crate::os_error::os_error;
use crate::series_segments::unwritten;
use crate::spans;

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Flushed>()?;
    module.add_function(wrap_pyfunction!(flush, module)?)?;
    module.add_function(wrap_pyfunction!(merge, module)?)?;
    module.add_function(wrap_pyfunction!(may_hold, module)?)?;
    module.add_function(wrap_pyfunction!(verify_segment, module)?)?;
    module.add_function(wrap_pyfunction!(segment_summary, module)?)?;
    module.add_function(wrap_pyfunction!(read_segment, module)?)
}

#[pyclass(frozen, module = "otelier._core")]
struct Flushed(segment::Flushed);

#[pymethods]
impl Flushed {
    #[getter]
    fn segments<'py>(&self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyBytes>>> {
        let json = |written| segment::flush::manifest_entry(written).map_err(unwritten);
        self.0.segments.iter().map(|written| Ok(PyBytes::new(py, &json(written)?))).collect()
    }

    #[getter]
    fn carried(&self) -> usize {
        self.0.carried
    }

    #[getter]
    fn duplicates(&self) -> usize {
        self.0.duplicates
    }

    #[getter]
    fn left_out(&self) -> usize {
        self.0.left_out
    }

    #[getter]
    fn damaged_bytes(&self) -> u64 {
        self.0.damaged_bytes
    }

    #[getter]
    fn torn_bytes(&self) -> u64 {
        self.0.torn_bytes
    }

    #[getter]
    fn items(&self) -> BTreeMap<&'static str, usize> {
        self.0.items.clone()
    }
}

#[pyfunction]
#[pyo3(signature = (disk, log, generations, *, now_ns, idle_ns, max_open_ns, recent=vec![]))]
#[expect(clippy::too_many_arguments, reason = "keywords in Python")]
fn flush(
    py: Python<'_>,
    disk: &Disk,
    log: &Log,
    generations: Vec<u64>,
    now_ns: u64,
    idle_ns: u64,
    max_open_ns: u64,
    recent: Vec<String>,
) -> PyResult<Flushed> {
    let flushed = py.detach(|| {
        let log_directory = log.0.directory();
        let (generations, recent) = (&generations[..], &recent[..]);
        let options = segment::flush::Options { log_directory, generations, now_ns, idle_ns, max_open_ns, recent };
        segment::flush(&**disk.inner(), &log.0, &options)
    });
    flushed.map(Flushed).map_err(unwritten)
}

#[pyfunction]
#[pyo3(signature = (disk, tenant, signal, paths, *, without=None, only=None, least_severity=i32::MAX))]
#[expect(clippy::too_many_arguments, reason = "keywords in Python")]
fn merge(
    py: Python<'_>,
    disk: &Disk,
    tenant: &str,
    signal: &str,
    paths: Vec<String>,
    without: Option<&[u8]>,
    only: Option<&[u8]>,
    least_severity: i32,
) -> PyResult<Flushed> {
    let signal = signal_named(signal)?;
    let keep = match (without, only) {
        (None, None) => Keep::All,
        (Some(ids), None) => Keep::Without(spans::trace_ids(ids)?.into_iter().collect()),
        (None, Some(ids)) => Keep::Only(spans::trace_ids(ids)?.into_iter().collect(), least_severity),
        (Some(_), Some(_)) => return Err(PyValueError::new_err("either `without` or `only`")),
    };
    py.detach(|| segment::merge(&**disk.inner(), tenant, signal, &paths, &keep)).map(Flushed).map_err(unwritten)
}

#[pyfunction]
fn may_hold(py: Python<'_>, disk: &Disk, path: &str, trace_ids: &[u8]) -> PyResult<bool> {
    let ids = spans::trace_ids(trace_ids)?;
    py.detach(|| segment::may_hold(&**disk.inner(), path, &ids)).map_err(unwritten)
}

#[pyfunction]
fn verify_segment(py: Python<'_>, disk: &Disk, path: &str) -> PyResult<String> {
    py.detach(|| segment::verify(&**disk.inner(), path)).map_err(|error| os_error(&error))
}

#[pyfunction]
fn segment_summary<'py>(py: Python<'py>, disk: &Disk, path: &str) -> PyResult<Bound<'py, PyBytes>> {
    let read = || -> Result<Vec<u8>, WriteError> {
        let beside = segment::write::index_path(path);
        let damaged = |error| WriteError::of_index(&beside, error);
        let index = Index::new(disk.inner().read(&beside)?).map_err(damaged)?;
        index.summary().and_then(|summary| summary.encode()).map_err(damaged)
    };
    Ok(PyBytes::new(py, &py.detach(read).map_err(unwritten)?))
}

#[pyfunction]
fn read_segment(py: Python<'_>, disk: &Disk, path: &str, signal: &str) -> PyResult<Batch> {
    let signal = signal_named(signal)?;
    py.detach(|| segment::read(&**disk.inner(), path, signal)).map(Batch).map_err(unwritten)
}
