//! `PrometheusBlock`, and chunks as Prometheus streams them, for Python; see `_core.pyi`.

use bytes::Bytes;
use otelier_series::chunk;
use otelier_series::exposition::backfill;
use otelier_series::prometheus_block::{Block, Faults, OpenError, Wal};
use otelier_series::segment::Histogram;
use parking_lot::Mutex;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::PyBytes;

use crate::disk::Disk;
use crate::os_error::os_error;
use crate::series_segments::{entry, unwritten};
use crate::series_write::Samples;
use crate::spans::array;

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<PrometheusBlock>()?;
    module.add_class::<PrometheusLog>()?;
    module.add_class::<Backfill>()?;
    module.add_function(wrap_pyfunction!(crc32c, module)?)?;
    module.add_function(wrap_pyfunction!(prometheus_chunks, module)?)?;
    module.add_function(wrap_pyfunction!(prometheus_unpacked, module)?)
}

#[pyclass(frozen, module = "otelier._core")]
struct PrometheusBlock(Mutex<Block>);

#[pymethods]
impl PrometheusBlock {
    #[new]
    fn new(py: Python<'_>, disk: &Disk, directory: &str) -> PyResult<PrometheusBlock> {
        py.detach(|| Block::open(disk.inner(), directory))
            .map(|block| PrometheusBlock(Mutex::new(block)))
            .map_err(unopened)
    }

    #[getter]
    fn range_ms(&self) -> Option<(i64, i64)> {
        self.0.lock().range()
    }

    #[expect(clippy::too_many_arguments, reason = "as other writers of segments")]
    fn write<'py>(
        &self,
        py: Python<'py>,
        target: &Disk,
        segments_dir: &str,
        tenant: &str,
        from_ms: i64,
        to_ms: i64,
        now_ns: u64,
    ) -> PyResult<Option<Bound<'py, PyBytes>>> {
        let write = || self.0.lock().write(&**target.inner(), segments_dir, tenant, (from_ms, to_ms), now_ns);
        py.detach(write).map_err(unwritten)?.map(|written| entry(py, &written)).transpose()
    }

    fn faults(&self) -> (usize, Vec<String>) {
        told(&self.0.lock().faults)
    }
}

fn told(faults: &Faults) -> (usize, Vec<String>) {
    (faults.count(), faults.kept.iter().map(ToString::to_string).collect())
}

fn unopened(error: OpenError) -> PyErr {
    match error {
        OpenError::Disk(file, error) => os_error(&std::io::Error::new(error.kind(), format!("{file}: {error}"))),
        OpenError::Damaged(fault) => PyValueError::new_err(fault.to_string()),
    }
}

#[pyclass(frozen, module = "otelier._core")]
struct PrometheusLog(Mutex<Wal>);

#[pymethods]
impl PrometheusLog {
    #[new]
    fn new(py: Python<'_>, disk: &Disk) -> PyResult<PrometheusLog> {
        let opened = py.detach(|| Wal::open(disk.inner().clone(), ""));
        opened.map(|wal| PrometheusLog(Mutex::new(wal))).map_err(unopened)
    }

    fn read(&self, py: Python<'_>) -> PyResult<Option<Samples>> {
        Ok(py.detach(|| self.0.lock().read()).map_err(unopened)?.map(Samples))
    }

    fn faults(&self) -> (usize, Vec<String>) {
        told(&self.0.lock().faults)
    }
}

/// Encoding, first and last time, data.
type Packed<'py> = (u8, i64, i64, Bound<'py, PyBytes>);

#[pyfunction]
fn prometheus_chunks<'py>(
    py: Python<'py>,
    times_ms: &[u8],
    values: &[u8],
    histograms: Vec<(i64, PyBackedBytes)>,
    most: usize,
) -> PyResult<Vec<Packed<'py>>> {
    let ((times, []), (values, [])) = (times_ms.as_chunks(), values.as_chunks()) else {
        return Err(PyValueError::new_err("times and values must be whole arrays of eight bytes each"));
    };
    if times.len() != values.len() || most == 0 {
        return Err(PyValueError::new_err("as many times as values are needed, and one sample a chunk at least"));
    }
    let times: Vec<i64> = times.iter().map(|eight| i64::from_le_bytes(*eight)).collect();
    let bits: Vec<u64> = values.iter().map(|eight| u64::from_le_bytes(*eight)).collect();
    let histograms = histograms.into_iter().map(|(ms, message)| Histogram { ms, message: Bytes::from_owner(message) });
    let histograms: Vec<Histogram> = histograms.collect();
    let all = py.detach(|| chunk::pack(&times, &bits, &histograms, most));
    let packed =
        |(encoding, first, last, data): (u8, i64, i64, Vec<u8>)| (encoding, first, last, PyBytes::new(py, &data));
    Ok(all.into_iter().map(packed).collect())
}

#[pyfunction]
fn crc32c(data: &[u8]) -> u32 {
    chunk::checksum(data)
}

/// Times, values, and histograms with their times.
type Unpacked<'py> = (Bound<'py, PyBytes>, Bound<'py, PyBytes>, Vec<(i64, Bound<'py, PyBytes>)>);

#[pyfunction]
fn prometheus_unpacked<'py>(py: Python<'py>, encoding: u8, data: &[u8]) -> PyResult<Unpacked<'py>> {
    let mut found = chunk::Unpacked::default();
    found.add(encoding, data).map_err(PyValueError::new_err)?;
    let (times, values) = (array(py, &found.ms, i64::to_le_bytes)?, array(py, &found.bits, u64::to_le_bytes)?);
    let histograms = found.histograms.iter().map(|each| (each.ms, PyBytes::new(py, &each.message)));
    Ok((times, values, histograms.collect()))
}

#[pyclass(frozen, module = "otelier._core")]
struct Backfill(Mutex<backfill::Backfill>);

#[pymethods]
impl Backfill {
    #[new]
    fn new() -> Backfill {
        Backfill(Mutex::default())
    }

    fn read(&self, py: Python<'_>, lines: PyBackedBytes) -> PyResult<Samples> {
        let read = py.detach(|| self.0.lock().read(&lines));
        read.map(Samples).map_err(|error| PyValueError::new_err(error.to_string()))
    }

    #[getter]
    fn ended(&self) -> bool {
        self.0.lock().ended
    }
}
