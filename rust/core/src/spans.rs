//! `SpanTable`, `Column` and `Aggregate` for Python; see `_core.pyi`.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use otelier_segment::filter::{self, Wanted};
use otelier_segment::newest::TraceId;
use otelier_segment::spans::{self as segment, Budget, Kind, Read};
use pyo3::exceptions::{PyIndexError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList, PyString};

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<SpanTable>()?;
    module.add_class::<Column>()?;
    module.add_class::<Aggregate>()
}

pub fn fields(json: &[u8]) -> PyResult<Vec<Wanted>> {
    filter::parse_fields(json).map_err(PyValueError::new_err)
}

pub fn field(json: &[u8]) -> PyResult<Wanted> {
    filter::parse_field(json).map_err(PyValueError::new_err)
}

/// Ids that stand one behind the other.
pub fn trace_ids(ids: &[u8]) -> PyResult<Vec<TraceId>> {
    match ids.as_chunks() {
        (ids, []) => Ok(ids.to_vec()),
        _ => Err(PyValueError::new_err("trace ids are 16 bytes each, one behind the other")),
    }
}

pub fn budget(rows: usize, bytes: usize, timeout_ms: u64) -> Budget {
    Budget { rows, bytes, time: (timeout_ms > 0).then(|| Duration::from_millis(timeout_ms)) }
}

pub fn kind(name: &str, has_value: bool) -> PyResult<Kind> {
    match name {
        "count" => Ok(Kind::Count),
        "sum" | "histogram" if !has_value => Err(PyValueError::new_err(format!("kind {name} takes a value field"))),
        "sum" => Ok(Kind::Sum),
        "histogram" => Ok(Kind::Histogram),
        _ => Err(PyValueError::new_err(format!("kind is one of count, sum and histogram, not {name:?}"))),
    }
}

/// Steps are numbered by 32 bits.
pub fn check_steps(window: &RangeInclusive<u64>, step_ns: u64) -> PyResult<()> {
    if step_ns == 0 || window.end().saturating_sub(*window.start()) / step_ns > u32::MAX.into() {
        return Err(PyValueError::new_err("step_ns is at least 1, and the window has at most 2³² steps"));
    }
    Ok(())
}

/// Little endian, whatever the machine.
pub fn array<'py, T: Copy, const N: usize>(
    py: Python<'py>,
    values: &[T],
    bytes: impl Fn(T) -> [u8; N],
) -> PyResult<Bound<'py, PyBytes>> {
    PyBytes::new_with(py, N * values.len(), |out| {
        out.as_chunks_mut().0.iter_mut().zip(values).for_each(|(out, value)| *out = bytes(*value));
        Ok(())
    })
}

pub fn read_of(read: &Read) -> BTreeMap<&'static str, u64> {
    BTreeMap::from([
        ("spans", read.spans),
        ("hot_spans", read.hot_spans),
        ("files", read.files),
        ("row_groups", read.row_groups),
        ("pages", read.pages),
        ("bytes", read.bytes),
        ("skipped_files", read.skipped_files),
        ("skipped_row_groups", read.skipped_row_groups),
        ("rollup_files", read.rollup_files),
    ])
}

#[pyclass(frozen, module = "otelier._core")]
pub struct Column(Arc<segment::Column>);

impl Column {
    pub fn new(column: impl Into<Arc<segment::Column>>) -> Column {
        Column(column.into())
    }
}

/// Takes a table's columns, so that Python can share them.
pub fn columns(columns: &mut Vec<segment::Column>) -> Vec<Arc<segment::Column>> {
    std::mem::take(columns).into_iter().map(Arc::new).collect()
}

pub fn column(columns: &[Arc<segment::Column>], number: usize) -> PyResult<Column> {
    let column = columns.get(number).cloned().map(Column);
    column.ok_or_else(|| {
        PyIndexError::new_err(format!("there are {} columns, as many as fields were asked for", columns.len()))
    })
}

#[pymethods]
impl Column {
    #[getter]
    fn tags<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.0.tags)
    }

    #[getter]
    fn data<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        array(py, &self.0.data, u64::to_le_bytes)
    }

    #[getter]
    fn raw<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.0.raw)
    }

    #[getter]
    fn texts<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        PyList::new(
            py,
            self.0
                .texts
                .strings
                .iter()
                .map(|text| PyString::new(py, &String::from_utf8_lossy(text)))
                .collect::<Vec<_>>(),
        )
    }

    fn __len__(&self) -> usize {
        self.0.len()
    }
}

#[pyclass(frozen, module = "otelier._core")]
pub struct SpanTable {
    table: segment::SpanTable,
    columns: Vec<Arc<segment::Column>>,
}

impl SpanTable {
    pub fn new(mut table: segment::SpanTable) -> SpanTable {
        let columns = columns(&mut table.columns);
        SpanTable { table, columns }
    }
}

#[pymethods]
impl SpanTable {
    #[getter]
    fn rows(&self) -> usize {
        self.table.rows()
    }

    #[getter]
    fn trace_codes<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        array(py, &self.table.trace_codes, u32::to_le_bytes)
    }

    #[getter]
    fn trace_ids<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, self.table.trace_ids.as_flattened())
    }

    #[getter]
    fn parents<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        array(py, &self.table.parents, i32::to_le_bytes)
    }

    #[getter]
    fn descendants<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        array(py, &self.table.descendants, u32::to_le_bytes)
    }

    #[getter]
    fn partial(&self) -> &'static str {
        self.table.partial
    }

    #[getter]
    fn read(&self) -> BTreeMap<&'static str, u64> {
        read_of(&self.table.read)
    }

    fn column(&self, number: usize) -> PyResult<Column> {
        column(&self.columns, number)
    }
}

#[pyclass(frozen, module = "otelier._core")]
pub struct Aggregate {
    aggregate: segment::Aggregate,
    groups: Vec<Arc<segment::Column>>,
}

impl Aggregate {
    pub fn new(mut aggregate: segment::Aggregate) -> Aggregate {
        let groups = columns(&mut aggregate.group_columns);
        Aggregate { aggregate, groups }
    }
}

#[pymethods]
impl Aggregate {
    #[getter]
    fn groups(&self) -> usize {
        self.aggregate.groups
    }

    #[getter]
    fn group_columns(&self) -> Vec<Column> {
        self.groups.iter().cloned().map(Column).collect()
    }

    #[getter]
    fn cell_groups<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        array(py, &self.aggregate.cell_groups, u32::to_le_bytes)
    }

    #[getter]
    fn cell_steps<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        array(py, &self.aggregate.cell_steps, u32::to_le_bytes)
    }

    #[getter]
    fn counts<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        array(py, &self.aggregate.counts, u64::to_le_bytes)
    }

    #[getter]
    fn sums<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        array(py, &self.aggregate.sums, f64::to_le_bytes)
    }

    #[getter]
    fn mins<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        array(py, &self.aggregate.mins, f64::to_le_bytes)
    }

    #[getter]
    fn maxs<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        array(py, &self.aggregate.maxs, f64::to_le_bytes)
    }

    #[getter]
    fn bucket_offsets<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        array(py, &self.aggregate.bucket_offsets, u64::to_le_bytes)
    }

    #[getter]
    fn bucket_numbers<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        array(py, &self.aggregate.bucket_numbers, i32::to_le_bytes)
    }

    #[getter]
    fn bucket_counts<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        array(py, &self.aggregate.bucket_counts, u64::to_le_bytes)
    }

    #[getter]
    fn partial(&self) -> &'static str {
        self.aggregate.partial
    }

    #[getter]
    fn read(&self) -> BTreeMap<&'static str, u64> {
        read_of(&self.aggregate.read)
    }
}
