//! `flush_series`, `merge_series` and what can be asked of segments of series, for Python; see `_core.pyi`.

use otelier_segment::WriteError;
use otelier_series::merge::Tombstone;
use otelier_series::segment::{Written, files};
use otelier_series::{flush, merge, verify};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::disk::Disk;
use crate::os_error::os_error;
use crate::series_write::SeriesLog;

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<SeriesFlushed>()?;
    module.add_function(wrap_pyfunction!(flush_series, module)?)?;
    module.add_function(wrap_pyfunction!(merge_series, module)?)?;
    module.add_function(wrap_pyfunction!(has_deleted_series, module)?)?;
    module.add_function(wrap_pyfunction!(verify_series, module)?)?;
    module.add_function(wrap_pyfunction!(series_summary, module)?)?;
    module.add_function(wrap_pyfunction!(series_files, module)?)
}

pub fn unwritten(error: WriteError) -> PyErr {
    match error {
        WriteError::Disk(error) => os_error(&error),
        damaged => PyValueError::new_err(damaged.to_string()),
    }
}

pub fn entry<'py>(py: Python<'py>, written: &Written) -> PyResult<Bound<'py, PyBytes>> {
    Ok(PyBytes::new(py, &written.entry().map_err(unwritten)?))
}

#[pyclass(frozen, module = "otelier._core")]
struct SeriesFlushed(flush::Flushed);

#[pymethods]
impl SeriesFlushed {
    #[getter]
    fn segments<'py>(&self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyBytes>>> {
        self.0.segments.iter().map(|written| entry(py, written)).collect()
    }

    #[getter]
    fn samples(&self) -> u64 {
        self.0.samples
    }

    #[getter]
    fn damaged_bytes(&self) -> u64 {
        self.0.damaged_bytes
    }

    #[getter]
    fn torn_bytes(&self) -> u64 {
        self.0.torn_bytes
    }
}

#[pyfunction]
#[pyo3(signature = (disk, log, generations, segments_dir, now_ns, window_ms=flush::WINDOW_MS))]
fn flush_series(
    py: Python<'_>,
    disk: &Disk,
    log: &SeriesLog,
    generations: Vec<u64>,
    segments_dir: &str,
    now_ns: u64,
    window_ms: i64,
) -> PyResult<SeriesFlushed> {
    if window_ms < 1 {
        return Err(PyValueError::new_err("a window takes a millisecond at least"));
    }
    let directory = log.0.log().directory();
    let target = flush::Target { disk: &**disk.inner(), segments: segments_dir, now_ns, window_ms };
    let flushed = py.detach(|| flush::flush(target, directory, &generations));
    flushed.map(SeriesFlushed).map_err(unwritten)
}

#[pyfunction]
fn merge_series<'py>(
    py: Python<'py>,
    disk: &Disk,
    paths: Vec<String>,
    segments_dir: &str,
    deleted: &[u8],
    now_ns: u64,
) -> PyResult<Vec<Bound<'py, PyBytes>>> {
    let deleted = Tombstone::parse(deleted).map_err(PyValueError::new_err)?;
    let merged = py.detach(|| merge::merge(disk.inner(), &paths, segments_dir, &deleted, now_ns));
    merged.map_err(unwritten)?.iter().map(|written| entry(py, written)).collect()
}

#[pyfunction]
fn has_deleted_series(py: Python<'_>, disk: &Disk, path: &str, deleted: &[u8]) -> PyResult<bool> {
    let deleted = Tombstone::parse(deleted).map_err(PyValueError::new_err)?;
    py.detach(|| merge::concerned(disk.inner(), path, &deleted)).map_err(unwritten)
}

#[pyfunction]
fn verify_series(py: Python<'_>, disk: &Disk, path: &str) -> PyResult<Vec<String>> {
    py.detach(|| verify::verify(disk.inner(), path)).map_err(|error| os_error(&error))
}

#[pyfunction]
fn series_summary<'py>(py: Python<'py>, disk: &Disk, path: &str) -> PyResult<Bound<'py, PyBytes>> {
    entry(py, &py.detach(|| Written::read(&**disk.inner(), path)).map_err(unwritten)?)
}

#[pyfunction]
fn series_files(path: &str) -> Vec<String> {
    files(path)
}
