//! `View` for Python; see `_core.pyi`.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use otelier_segment::error::ReadError;
use otelier_segment::filter::{self, Filter};
use otelier_segment::logs::{self, By};
use otelier_segment::newest::TraceId;
use otelier_segment::spans::{Asked, Contrast, Question, Top};
use otelier_segment::view as segment;
use pyo3::create_exception;
use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};

use crate::batch::Batch;
use crate::comparison::Comparison;
use crate::disk::Disk;
use crate::logs::{Counted, Found, Streams, counted, found, streams};
use crate::os_error::os_error;
use crate::spans::{self, Aggregate, Column, SpanTable};
use crate::sql::{self, LogTable, PartTable};
use crate::told::Told;

create_exception!(otelier._core, StaleView, PyRuntimeError, "A file is gone: refresh with the newest manifest.");
create_exception!(otelier._core, DamagedFile, PyRuntimeError, "A file of the store is not what it should be.");

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<View>()?;
    module.add("StaleView", module.py().get_type::<StaleView>())?;
    module.add("DamagedFile", module.py().get_type::<DamagedFile>())
}

pub fn raised(error: ReadError) -> PyErr {
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

fn filter(json: &[u8]) -> PyResult<Filter> {
    filter::parse(json).map_err(PyValueError::new_err)
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

    fn open_ahead(&self, py: Python<'_>) {
        py.detach(|| self.0.open_ahead());
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
        let filter = Arc::new(self::filter(filter_json)?);
        let window: RangeInclusive<u64> = start_ns..=end_ns;
        let found = py.detach(|| self.0.search(tenant, &filter, &window, limit)).map_err(raised)?;
        Ok(found.into_iter().map(|(id, start)| (PyBytes::new(py, &id), start)).collect())
    }

    #[pyo3(signature = (tenant, filter_json, start_ns, end_ns, limit, *, oldest_first=false, max_bytes=usize::MAX, max_looked=u64::MAX, timeout_ms=0))]
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
        max_bytes: usize,
        max_looked: u64,
        timeout_ms: u64,
    ) -> PyResult<Found<'py>> {
        let filter = logs::parse(filter_json).map_err(PyValueError::new_err)?;
        let question = logs::Question {
            filter: &filter,
            window: start_ns..=end_ns,
            oldest_first,
            max_looked,
            deadline: spans::budget(0, 0, timeout_ms).deadline(),
        };
        let all = py.detach(|| self.0.search_logs(tenant, &question, limit, max_bytes)).map_err(raised)?;
        Ok(found(py, &all))
    }

    #[pyo3(signature = (tenant, filter_json, start_ns, end_ns, part_ns, by, *, sizes=false, max_looked=u64::MAX, timeout_ms=0))]
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
        timeout_ms: u64,
    ) -> PyResult<Counted<'py>> {
        let filter = logs::parse(filter_json).map_err(PyValueError::new_err)?;
        let question = logs::Question {
            filter: &filter,
            window: start_ns..=end_ns,
            oldest_first: true,
            max_looked,
            deadline: spans::budget(0, 0, timeout_ms).deadline(),
        };
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

    #[pyo3(signature = (
        tenant, filter_json, fields_json, start_ns, end_ns, *, newest=0, max_rows=10_000_000, max_bytes=1 << 30,
        timeout_ms=0
    ))]
    #[expect(clippy::too_many_arguments, reason = "Python's keywords")]
    fn gather(
        &self,
        py: Python<'_>,
        tenant: &str,
        filter_json: &[u8],
        fields_json: &[u8],
        start_ns: u64,
        end_ns: u64,
        newest: usize,
        max_rows: usize,
        max_bytes: usize,
        timeout_ms: u64,
    ) -> PyResult<SpanTable> {
        let (filter, fields) = (Arc::new(self::filter(filter_json)?), spans::fields(fields_json)?);
        let (window, budget) = (start_ns..=end_ns, spans::budget(max_rows, max_bytes, timeout_ms));
        let table = py.detach(|| self.0.gather(tenant, &filter, &fields, &window, newest, budget));
        table.map(SpanTable::new).map_err(raised)
    }

    #[pyo3(signature = (tenant, trace_ids, fields_json, *, max_rows=10_000_000, max_bytes=1 << 30))]
    fn spans_of(
        &self,
        py: Python<'_>,
        tenant: &str,
        trace_ids: &[u8],
        fields_json: &[u8],
        max_rows: usize,
        max_bytes: usize,
    ) -> PyResult<SpanTable> {
        let (ids, fields) = (spans::trace_ids(trace_ids)?, spans::fields(fields_json)?);
        let table = py.detach(|| self.0.spans_of(tenant, &ids, &fields, spans::budget(max_rows, max_bytes, 0)));
        table.map(SpanTable::new).map_err(raised)
    }

    #[expect(clippy::too_many_arguments, reason = "keywords in Python")]
    #[pyo3(signature = (tenant, trace_ids, filter_json, fields_json, start_ns, end_ns, *, spans))]
    fn told(
        &self,
        py: Python<'_>,
        tenant: &str,
        trace_ids: &[u8],
        filter_json: &[u8],
        fields_json: &[u8],
        start_ns: u64,
        end_ns: u64,
        spans: usize,
    ) -> PyResult<Told> {
        let (filter, fields, ids) =
            (self::filter(filter_json)?, spans::fields(fields_json)?, spans::trace_ids(trace_ids)?);
        let asked = Arc::new(Asked { filter, window: start_ns..=end_ns, fields, most: spans });
        py.detach(|| self.0.told(tenant, &ids, &asked)).map(Told).map_err(raised)
    }

    #[pyo3(signature = (
        tenant, filter_json, group_json, start_ns, end_ns, step_ns, value_json=None, kind="count", *, rollups=true,
        top=None, max_cells=1_000_000, timeout_ms=0
    ))]
    #[expect(clippy::too_many_arguments, reason = "Python's keywords")]
    fn aggregate(
        &self,
        py: Python<'_>,
        tenant: &str,
        filter_json: &[u8],
        group_json: &[u8],
        start_ns: u64,
        end_ns: u64,
        step_ns: u64,
        value_json: Option<&[u8]>,
        kind: &str,
        rollups: bool,
        top: Option<(usize, bool)>,
        max_cells: usize,
        timeout_ms: u64,
    ) -> PyResult<Aggregate> {
        let (filter, groups) = (self::filter(filter_json)?, spans::fields(group_json)?);
        let (value, window) = (value_json.map(spans::field).transpose()?, start_ns..=end_ns);
        let time = spans::budget(0, 0, timeout_ms).time;
        let question = Question {
            filter: &filter,
            groups: &groups,
            window: &window,
            step_ns,
            value: value.as_ref(),
            kind: spans::kind(kind, value.is_some())?,
            rollups,
            top: top.map(|(groups, largest)| Top { groups, largest }),
            max_cells,
            time,
        };
        spans::check_steps(&window, step_ns)?;
        py.detach(|| self.0.aggregate(tenant, &question)).map(Aggregate::new).map_err(raised)
    }

    #[pyo3(signature = (
        tenant, filter_json, selection_json, fields_json, start_ns, end_ns, step_ns, top, *, max_values=100_000,
        max_values_in_all=10_000_000, max_points=20_000_000, timeout_ms=0
    ))]
    #[expect(clippy::too_many_arguments, reason = "Python's keywords")]
    fn compare(
        &self,
        py: Python<'_>,
        tenant: &str,
        filter_json: &[u8],
        selection_json: &[u8],
        fields_json: &[u8],
        start_ns: u64,
        end_ns: u64,
        step_ns: u64,
        top: usize,
        max_values: usize,
        max_values_in_all: usize,
        max_points: usize,
        timeout_ms: u64,
    ) -> PyResult<Comparison> {
        let (filter, selection) = (self::filter(filter_json)?, self::filter(selection_json)?);
        let asked = Contrast {
            filter: &filter,
            selection: &selection,
            fields: &spans::fields(fields_json)?,
            window: &(start_ns..=end_ns),
            step_ns,
            top,
            max_values,
            max_values_in_all,
            max_points,
            time: spans::budget(0, 0, timeout_ms).time,
        };
        spans::check_steps(asked.window, step_ns)?;
        py.detach(|| self.0.compare(tenant, &asked)).map(Comparison::new).map_err(raised)
    }

    #[pyo3(signature = (tenant, start_ns, end_ns, limit=10_000))]
    fn tag_names(
        &self,
        py: Python<'_>,
        tenant: &str,
        start_ns: u64,
        end_ns: u64,
        limit: usize,
    ) -> PyResult<Vec<(String, String, String)>> {
        py.detach(|| self.0.tag_names(tenant, &(start_ns..=end_ns), limit)).map_err(raised)
    }

    #[pyo3(signature = (tenant, field_json, filter_json, start_ns, end_ns, limit=1000))]
    #[expect(clippy::too_many_arguments, reason = "Python's")]
    fn tag_values(
        &self,
        py: Python<'_>,
        tenant: &str,
        field_json: &[u8],
        filter_json: &[u8],
        start_ns: u64,
        end_ns: u64,
        limit: usize,
    ) -> PyResult<Column> {
        let (field, filter) = (spans::field(field_json)?, self::filter(filter_json)?);
        let column = py.detach(|| self.0.tag_values(tenant, &field, &filter, &(start_ns..=end_ns), limit));
        column.map(Column::new).map_err(raised)
    }

    #[pyo3(signature = (
        tenant, part, filter_json, fields_json, part_fields_json, start_ns, end_ns, *, max_rows=10_000_000,
        max_bytes=1 << 30, timeout_ms=0
    ))]
    #[expect(clippy::too_many_arguments, reason = "Python's keywords")]
    fn gather_parts(
        &self,
        py: Python<'_>,
        tenant: &str,
        part: &str,
        filter_json: &[u8],
        fields_json: &[u8],
        part_fields_json: &[u8],
        start_ns: u64,
        end_ns: u64,
        max_rows: usize,
        max_bytes: usize,
        timeout_ms: u64,
    ) -> PyResult<PartTable> {
        let (part, part_fields) = (sql::part(part)?, sql::part_fields(part_fields_json)?);
        let (filter, fields) = (self::filter(filter_json)?, spans::fields(fields_json)?);
        let (window, budget) = (start_ns..=end_ns, spans::budget(max_rows, max_bytes, timeout_ms));
        let table = py.detach(|| self.0.gather_parts(tenant, part, &filter, &fields, &part_fields, &window, budget));
        PartTable::new(py, table.map_err(raised)?)
    }

    #[pyo3(signature = (
        tenant, filter_json, fields_json, start_ns, end_ns, *, max_rows=1_000_000, max_bytes=1 << 30, timeout_ms=0
    ))]
    #[expect(clippy::too_many_arguments, reason = "Python's keywords")]
    fn gather_logs(
        &self,
        py: Python<'_>,
        tenant: &str,
        filter_json: &[u8],
        fields_json: &[u8],
        start_ns: u64,
        end_ns: u64,
        max_rows: usize,
        max_bytes: usize,
        timeout_ms: u64,
    ) -> PyResult<LogTable> {
        let filter = logs::parse(filter_json).map_err(PyValueError::new_err)?;
        let fields = logs::parse_fields(fields_json).map_err(PyValueError::new_err)?;
        let budget = spans::budget(max_rows, max_bytes, timeout_ms);
        let question = logs::Question {
            filter: &filter,
            window: start_ns..=end_ns,
            oldest_first: false,
            max_looked: u64::MAX,
            deadline: budget.deadline(),
        };
        let table = py.detach(|| self.0.gather_logs(tenant, &question, &fields, budget));
        table.map(LogTable::new).map_err(raised)
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
