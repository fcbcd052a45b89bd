//! `PartTable` and `LogTable` for Python: what SQL's views are made of besides spans; see `_core.pyi`.

use std::collections::BTreeMap;
use std::sync::Arc;

use otelier_segment::filter::Part;
use otelier_segment::logs::LogColumns;
use otelier_segment::spans::{self as segment, PartField};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::spans::{Column, SpanTable, array, column, columns, read_of};

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<PartTable>()?;
    module.add_class::<LogTable>()
}

pub fn part(name: &str) -> PyResult<Part> {
    match name {
        "event" => Ok(Part::Event),
        "link" => Ok(Part::Link),
        _ => Err(PyValueError::new_err(format!("a part is an event or a link, not {name:?}"))),
    }
}

pub fn part_fields(json: &[u8]) -> PyResult<Vec<PartField>> {
    segment::parse_part_fields(json).map_err(PyValueError::new_err)
}

#[pyclass(frozen, module = "otelier._core")]
pub struct PartTable {
    spans: Py<SpanTable>,
    span_rows: Vec<u32>,
    columns: Vec<Arc<segment::Column>>,
}

impl PartTable {
    pub fn new(py: Python<'_>, mut table: segment::PartTable) -> PyResult<PartTable> {
        let columns = columns(&mut table.columns);
        Ok(PartTable { spans: Py::new(py, SpanTable::new(table.spans))?, span_rows: table.span_rows, columns })
    }
}

#[pymethods]
impl PartTable {
    #[getter]
    fn rows(&self) -> usize {
        self.span_rows.len()
    }

    #[getter]
    fn spans(&self, py: Python<'_>) -> Py<SpanTable> {
        self.spans.clone_ref(py)
    }

    #[getter]
    fn span_rows<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        array(py, &self.span_rows, u32::to_le_bytes)
    }

    fn column(&self, number: usize) -> PyResult<Column> {
        column(&self.columns, number)
    }
}

#[pyclass(frozen, module = "otelier._core")]
pub struct LogTable {
    table: LogColumns,
    columns: Vec<Arc<segment::Column>>,
}

impl LogTable {
    pub fn new(mut table: LogColumns) -> LogTable {
        let columns = columns(&mut table.columns);
        LogTable { table, columns }
    }
}

#[pymethods]
impl LogTable {
    #[getter]
    fn rows(&self) -> usize {
        self.table.rows
    }

    #[getter]
    fn partial(&self) -> &'static str {
        self.table.partial
    }

    #[getter]
    fn read(&self) -> BTreeMap<&'static str, u64> {
        let mut read = read_of(&self.table.read);
        let looked = self.table.looked;
        read.extend([
            ("records", looked.records),
            ("row_groups", looked.row_groups),
            ("skipped_row_groups", looked.skipped),
        ]);
        read
    }

    fn column(&self, number: usize) -> PyResult<Column> {
        column(&self.columns, number)
    }
}
