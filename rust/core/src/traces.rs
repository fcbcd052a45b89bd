//! `TraceBuffer` for Python; see `_core.pyi`.

use std::collections::BTreeMap;

use otelier_process::traces::{self, Added, Full, Matchers, Options, Scanner, Spill, Taken};
use parking_lot::Mutex;
use pyo3::create_exception;
use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::PyBytes;

use crate::batch::Batch;
use crate::disk::Disk;
use crate::os_error::os_error;

create_exception!(otelier._core, BufferFull, PyRuntimeError, "No room in memory, and none on disk.");

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<TraceBuffer>()?;
    module.add_class::<TraceColumns>()?;
    module.add_class::<AddedTraces>()?;
    module.add_class::<TakenTraces>()?;
    module.add("BufferFull", module.py().get_type::<BufferFull>())
}

fn full(why: Full) -> PyErr {
    let mib = |bytes: u64| bytes >> 20;
    let disk = why.error.map_or_else(String::new, |error| format!(" (the disk says: {error})"));
    let text = format!("{} MiB wait in memory and {} MiB on disk{disk}", mib(why.in_memory as u64), mib(why.on_disk));
    BufferFull::new_err(text)
}

fn bytes<'py, T: Copy, const N: usize>(py: Python<'py>, column: &[T], encode: fn(T) -> [u8; N]) -> Bound<'py, PyBytes> {
    let encoded: Vec<u8> = column.iter().flat_map(|value| encode(*value)).collect();
    PyBytes::new(py, &encoded)
}

#[pyclass(frozen, module = "otelier._core")]
struct TraceBuffer {
    scanner: Scanner,
    conditions: usize,
    inner: Mutex<traces::TraceBuffer>,
}

#[pymethods]
impl TraceBuffer {
    #[new]
    #[pyo3(signature = (options, disk=None))]
    fn new(options: &[u8], disk: Option<&Disk>) -> PyResult<TraceBuffer> {
        let options: Options = serde_json::from_slice(options).map_err(|e| PyValueError::new_err(e.to_string()))?;
        let matchers = Matchers::new(&options.matchers).map_err(PyValueError::new_err)?;
        let spill = disk.map(|disk| Spill::new(disk.inner().clone(), options.spill_bytes));
        let (scanner, conditions) = (Scanner::new(matchers, options.conditions), options.conditions);
        Ok(TraceBuffer { scanner, conditions, inner: Mutex::new(traces::TraceBuffer::new(options, spill)) })
    }

    #[pyo3(signature = (batch, now_us, *, journaled=None, masks=Vec::new()))]
    fn add(
        &self,
        py: Python<'_>,
        batch: &Batch,
        now_us: u64,
        journaled: Option<(u64, u64)>,
        masks: Vec<PyBackedBytes>,
    ) -> PyResult<AddedTraces> {
        if masks.len() != self.conditions || masks.iter().any(|mask| mask.len() != batch.0.items()) {
            let (count, items) = (self.conditions, batch.0.items());
            return Err(PyValueError::new_err(format!("masks must be {count} of {items} bytes each")));
        }
        let added = py.detach(|| {
            let masks: Vec<&[u8]> = masks.iter().map(|mask| &**mask).collect();
            let arrivals = self.scanner.scan(batch.0.segments(), &masks);
            self.inner.lock().add(arrivals, now_us, journaled)
        });
        added.map(AddedTraces).map_err(full)
    }

    fn make_room(&self, py: Python<'_>, size_bytes: usize) -> PyResult<()> {
        py.detach(|| self.inner.lock().make_room(size_bytes)).map_err(full)
    }

    fn due(&self, py: Python<'_>, now_us: u64) -> TraceColumns {
        TraceColumns(py.detach(|| self.inner.lock().due(now_us)))
    }

    fn touched(&self, py: Python<'_>) -> TraceColumns {
        TraceColumns(py.detach(|| self.inner.lock().touched()))
    }

    fn peek(&self, py: Python<'_>, columns: &TraceColumns, row: usize) -> PyResult<Option<Batch>> {
        let found = py.detach(|| self.inner.lock().peek(&columns.0, row)).map_err(|error| os_error(&error))?;
        Ok(found.map(Batch))
    }

    fn take(&self, py: Python<'_>, columns: &TraceColumns, fates: &[u8], now_us: u64) -> PyResult<TakenTraces> {
        if fates.len() != columns.0.len() {
            let (given, rows) = (fates.len(), columns.0.len());
            return Err(PyValueError::new_err(format!("fates must have one byte per row: {rows}, not {given}")));
        }
        Ok(TakenTraces(py.detach(|| self.inner.lock().take(&columns.0, fates, now_us))))
    }

    fn decisions<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &py.detach(|| self.inner.lock().decisions()))
    }

    fn restore(&self, py: Python<'_>, decisions: &[u8], now_us: u64) {
        py.detach(|| self.inner.lock().restore(decisions, now_us));
    }

    fn stats(&self, py: Python<'_>) -> BTreeMap<&'static str, u64> {
        let stats = py.detach(|| self.inner.lock().stats());
        BTreeMap::from([
            ("traces", stats.traces as u64),
            ("remembered", stats.remembered as u64),
            ("memory_bytes", stats.memory_bytes as u64),
            ("disk_bytes", stats.disk_bytes),
        ])
    }
}

#[pyclass(frozen, module = "otelier._core")]
struct TraceColumns(traces::Columns);

#[pymethods]
impl TraceColumns {
    fn __len__(&self) -> usize {
        self.0.len()
    }

    #[getter]
    fn trace_ids<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.0.trace_ids)
    }

    #[getter]
    fn first_start_ns<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        bytes(py, &self.0.first_start_ns, u64::to_le_bytes)
    }

    #[getter]
    fn last_end_ns<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        bytes(py, &self.0.last_end_ns, u64::to_le_bytes)
    }

    #[getter]
    fn spans<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        bytes(py, &self.0.spans, i64::to_le_bytes)
    }

    #[getter]
    fn size_bytes<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        bytes(py, &self.0.size_bytes, i64::to_le_bytes)
    }

    #[getter]
    fn status_codes<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.0.status_codes)
    }

    #[getter]
    fn flags<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        bytes(py, &self.0.flags, u32::to_le_bytes)
    }

    #[getter]
    fn arrived_us<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        bytes(py, &self.0.arrived_us, u64::to_le_bytes)
    }

    #[getter]
    fn matches<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.0.matches)
    }
}

#[pyclass(frozen, module = "otelier._core")]
struct AddedTraces(Added);

#[pymethods]
impl AddedTraces {
    #[getter]
    fn new_traces(&self) -> usize {
        self.0.new_traces
    }

    #[getter]
    fn late(&self) -> Option<Batch> {
        self.0.late.clone().map(Batch)
    }

    #[getter]
    fn late_dropped_spans(&self) -> usize {
        self.0.late_dropped_spans
    }

    #[getter]
    fn late_ages_us(&self) -> Vec<u64> {
        self.0.late_ages_us.clone()
    }

    #[getter]
    fn cached_spans(&self) -> (usize, usize) {
        self.0.cached_spans.into()
    }

    #[getter]
    fn too_large(&self) -> (usize, usize) {
        (self.0.too_large_traces, self.0.too_large_spans)
    }

    #[getter]
    fn finished(&self) -> Vec<u64> {
        self.0.finished.clone()
    }

    #[getter]
    fn pairs<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.0.pairs)
    }
}

#[pyclass(frozen, module = "otelier._core")]
struct TakenTraces(Taken);

#[pymethods]
impl TakenTraces {
    #[getter]
    fn batch(&self) -> Option<Batch> {
        self.0.batch.clone().map(Batch)
    }

    #[getter]
    fn dropped_spans(&self) -> usize {
        self.0.dropped_spans
    }

    #[getter]
    fn unreadable_spans(&self) -> usize {
        self.0.unreadable_spans
    }

    #[getter]
    fn unreadable(&self) -> String {
        self.0.unreadable.as_ref().map_or_else(String::new, ToString::to_string)
    }

    #[getter]
    fn finished(&self) -> Vec<u64> {
        self.0.finished.clone()
    }

    #[getter]
    fn pairs<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.0.pairs)
    }
}
