//! `Comparison` for Python; see `_core.pyi`.

use std::collections::BTreeMap;
use std::sync::Arc;

use otelier_segment::spans as segment;
use pyo3::exceptions::PyIndexError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::spans::{Column, array, column, read_of};

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Comparison>()
}

#[pyclass(frozen, module = "otelier._core")]
pub struct Comparison {
    comparison: segment::Comparison,
    values: Vec<Arc<segment::Column>>,
}

impl Comparison {
    pub fn new(mut comparison: segment::Comparison) -> Comparison {
        let values = comparison.fields.iter_mut().map(|field| Arc::new(std::mem::take(&mut field.values))).collect();
        Comparison { comparison, values }
    }

    fn of(&self, field: usize) -> PyResult<&segment::Compared> {
        let fields = &self.comparison.fields;
        fields.get(field).ok_or_else(|| PyIndexError::new_err(format!("there are {} fields", fields.len())))
    }
}

#[pymethods]
impl Comparison {
    fn __len__(&self) -> usize {
        self.values.len()
    }

    fn values(&self, field: usize) -> PyResult<Column> {
        column(&self.values, field)
    }

    fn of_first(&self, field: usize) -> PyResult<usize> {
        Ok(self.of(field)?.of_first)
    }

    fn counts<'py>(&self, py: Python<'py>, field: usize) -> PyResult<Bound<'py, PyBytes>> {
        array(py, &self.of(field)?.counts, u64::to_le_bytes)
    }

    fn totals<'py>(&self, py: Python<'py>, field: usize) -> PyResult<Bound<'py, PyBytes>> {
        array(py, &self.of(field)?.totals, u64::to_le_bytes)
    }

    fn cut(&self, field: usize) -> PyResult<bool> {
        Ok(self.of(field)?.cut)
    }

    #[getter]
    fn partial(&self) -> &'static str {
        self.comparison.partial
    }

    #[getter]
    fn read(&self) -> BTreeMap<&'static str, u64> {
        read_of(&self.comparison.read)
    }
}
