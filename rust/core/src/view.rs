//! `View` for Python; see `_core.pyi`.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::sync::atomic::Ordering;

use otelier_segment::error::ReadError;
use otelier_segment::filter;
use otelier_segment::logs::{self, By, Question};
use otelier_segment::newest::TraceId;
use otelier_segment::view as segment;
use pyo3::create_exception;
use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};

use crate::batch::Batch;
use crate::disk::Disk;
use crate::logs::{Counted, Found, Streams, counted, found, streams};
use crate::os_error::os_error;

create_exception!(otelier._core, StaleView, PyRuntimeError, "A file is gone: refresh with the newest manifest.");
create_exception!(otelier._core, DamagedFile, PyRuntimeError, "A file of the store is not what it should be.");

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<View>()?;
    module.add("StaleView", module.py().get_type::<StaleView>())?;
    module.add("DamagedFile", module.py().get_type::<DamagedFile>())
}

fn raised(error: ReadError) -> PyErr {
    match error {
        ReadError::Stale(_) => StaleView::new_err(error.to_string()),
        ReadError::Damaged { .. } => DamagedFile::new_err(error.to_string()),
        ReadError::Io { error, .. } => os_error(&error),
    }
}

fn trace_ids(ids: &[Vec<u8>]) -> PyResult<Vec<TraceId>> {
    let id = |id: &Vec<u8>| id.as_slice().try_into().map_err(|_| PyValueError::new_err("a trace id has 16 bytes"));
    ids.iter().map(id).collect()
}

fn text<'py>(py: Python<'py>, bytes: &[u8]) -> Bound<'py, PyString> {
    PyString::new(py, &String::from_utf8_lossy(bytes))
}

type Summary<'py> = (
    Bound<'py, PyBytes>,
    Bound<'py, PyString>,
    Bound<'py, PyString>,
    u64,
    u64,
    u64,
    u64,
    u64,
    Vec<(Bound<'py, PyString>, u64, u64)>,
);

#[pyclass(frozen, module = "otelier._core")]
pub struct View(segment::View);

#[pymethods]
impl View {
    #[new]
    fn new(disk: &Disk) -> View {
        View(segment::View::new(disk.inner().clone()))
    }

    #[pyo3(signature = (segments, retired, starts=Vec::new()))]
    fn refresh(&self, py: Python<'_>, segments: Vec<String>, retired: u64, starts: Vec<(u64, u64)>) -> PyResult<()> {
        py.detach(|| self.0.refresh_with(&segments, &starts, retired)).map_err(raised)
    }

    fn traces(&self, py: Python<'_>, tenant: &str, trace_ids: Vec<Vec<u8>>) -> PyResult<Batch> {
        let ids = self::trace_ids(&trace_ids)?;
        py.detach(|| self.0.traces(tenant, &ids)).map(Batch).map_err(raised)
    }

    fn left_out(&self) -> Vec<String> {
        self.0.left_out()
    }

    fn logs(&self, py: Python<'_>, tenant: &str, trace_ids: Vec<Vec<u8>>) -> PyResult<Batch> {
        let ids = self::trace_ids(&trace_ids)?;
        py.detach(|| self.0.logs(tenant, &ids)).map(Batch).map_err(raised)
    }

    fn search<'py>(
        &self,
        py: Python<'py>,
        tenant: &str,
        filter_json: &[u8],
        start_ns: u64,
        end_ns: u64,
        limit: usize,
    ) -> PyResult<Vec<(Bound<'py, PyBytes>, u64)>> {
        let filter = filter::parse(filter_json).map_err(PyValueError::new_err)?;
        let window: RangeInclusive<u64> = start_ns..=end_ns;
        let found = py.detach(|| self.0.search(tenant, &filter, &window, limit)).map_err(raised)?;
        Ok(found.into_iter().map(|(id, start)| (PyBytes::new(py, &id), start)).collect())
    }

    #[pyo3(signature = (tenant, filter_json, start_ns, end_ns, limit, *, oldest_first=false, max_looked=u64::MAX))]
    #[expect(clippy::too_many_arguments, reason = "keywords in Python")]
    fn search_logs<'py>(
        &self,
        py: Python<'py>,
        tenant: &str,
        filter_json: &[u8],
        start_ns: u64,
        end_ns: u64,
        limit: usize,
        oldest_first: bool,
        max_looked: u64,
    ) -> PyResult<Found<'py>> {
        let filter = logs::parse(filter_json).map_err(PyValueError::new_err)?;
        let question = Question { filter: &filter, window: start_ns..=end_ns, oldest_first, max_looked };
        let (records, looked) = py.detach(|| self.0.search_logs(tenant, &question, limit)).map_err(raised)?;
        Ok(found(py, &records, looked))
    }

    #[pyo3(signature = (tenant, filter_json, start_ns, end_ns, part_ns, by, *, sizes=false, max_looked=u64::MAX))]
    #[expect(clippy::too_many_arguments, reason = "keywords in Python")]
    fn count_logs<'py>(
        &self,
        py: Python<'py>,
        tenant: &str,
        filter_json: &[u8],
        start_ns: u64,
        end_ns: u64,
        part_ns: u64,
        by: Vec<String>,
        sizes: bool,
        max_looked: u64,
    ) -> PyResult<Counted<'py>> {
        let filter = logs::parse(filter_json).map_err(PyValueError::new_err)?;
        let question = Question { filter: &filter, window: start_ns..=end_ns, oldest_first: true, max_looked };
        let by: Vec<By> = by.iter().map(|name| By::new(name)).collect();
        let all = py.detach(|| self.0.count_logs(tenant, &question, part_ns, &by, sizes)).map_err(raised)?;
        Ok(counted(py, &all))
    }

    fn log_streams<'py>(&self, py: Python<'py>, tenant: &str, start_ns: u64, end_ns: u64) -> PyResult<Streams<'py>> {
        let all = py.detach(|| self.0.log_streams(tenant, &(start_ns..=end_ns))).map_err(raised)?;
        Ok(streams(py, &all))
    }

    fn summaries<'py>(&self, py: Python<'py>, tenant: &str, trace_ids: Vec<Vec<u8>>) -> PyResult<Vec<Summary<'py>>> {
        let ids = self::trace_ids(&trace_ids)?;
        let summaries = py.detach(|| self.0.summaries(tenant, &ids)).map_err(raised)?;
        let tuples = summaries.into_iter().map(|summary| {
            let services = summary.services.iter();
            (
                PyBytes::new(py, &summary.trace_id),
                text(py, &summary.root_service),
                text(py, &summary.root_name),
                summary.start_ns,
                summary.end_ns,
                summary.spans,
                summary.errors,
                summary.orphans,
                services.map(|(name, spans, errors)| (text(py, name), *spans, *errors)).collect(),
            )
        });
        Ok(tuples.collect())
    }

    fn hot_services<'py>(&self, py: Python<'py>, tenant: &str) -> Vec<Bound<'py, PyString>> {
        let services = py.detach(|| self.0.hot_services(tenant));
        services.iter().map(|service| text(py, service)).collect()
    }

    fn hot_operations<'py>(&self, py: Python<'py>, tenant: &str, service: &str) -> Vec<(Bound<'py, PyString>, i32)> {
        let operations = py.detach(|| self.0.hot_operations(tenant, service));
        operations.iter().map(|(name, kind)| (text(py, name), *kind)).collect()
    }

    fn hot_items(&self) -> usize {
        self.0.hot_items()
    }

    #[getter]
    fn scanned(&self) -> BTreeMap<&'static str, u64> {
        let scanned = self.0.scanned();
        let counters = [
            ("files", &scanned.files),
            ("row_groups", &scanned.row_groups),
            ("pages", &scanned.pages),
            ("bytes", &scanned.bytes),
        ];
        counters.into_iter().map(|(name, counter)| (name, counter.load(Ordering::Relaxed))).collect()
    }

    #[getter]
    fn damaged_bytes(&self) -> u64 {
        self.0.damaged_bytes()
    }
}
