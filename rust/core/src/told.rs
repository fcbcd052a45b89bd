//! `Told` for Python; see `_core.pyi`.

use std::collections::BTreeMap;

use otelier_segment::spans as segment;
use otelier_segment::tempo::{self, Kind, Layout};
use pyo3::exceptions::{PyIndexError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};

use crate::spans::{Column, read_of};

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Told>()
}

/// Trace id, start, end, services with spans and errors, spans that matched, and first and last row of those told.
type Trace<'py> = (Bound<'py, PyBytes>, u64, u64, Vec<(Bound<'py, PyString>, u32, u32)>, usize, usize, usize);

#[pyclass(frozen, module = "otelier._core")]
pub struct Told(pub segment::Told);

/// Columns of times, durations, names, span ids, services and names of roots.
type Fixed = (usize, usize, usize, usize, usize, usize);

impl Told {
    fn written<T: Send>(
        &self,
        py: Python<'_>,
        fixed: Fixed,
        shown: Vec<(String, usize, String)>,
        spans: usize,
        write: impl FnOnce(&Layout) -> T + Send,
    ) -> PyResult<T> {
        let kind = |name: &str| {
            Ok(match name {
                "" => Kind::Plain,
                "duration" => Kind::Duration,
                "kind" => Kind::SpanKind,
                "status" => Kind::Status,
                "id" => Kind::Id,
                "optional id" => Kind::OptionalId,
                _ => return Err(PyValueError::new_err(format!("no column holds values of the kind {name:?}"))),
            })
        };
        let shown: Vec<(String, usize, Kind)> =
            shown.into_iter().map(|(key, column, name)| Ok((key, column, kind(&name)?))).collect::<PyResult<_>>()?;
        let (starts, durations, names, span_ids, root_services, root_names) = fixed;
        let layout = Layout { starts, durations, names, span_ids, root_services, root_names, shown: &shown, spans };
        if !layout.fits(&self.0) {
            return Err(PyValueError::new_err("there are no such columns"));
        }
        Ok(py.detach(|| write(&layout)))
    }
}

#[pymethods]
impl Told {
    fn __len__(&self) -> usize {
        self.0.traces.len()
    }

    #[getter]
    fn read(&self) -> BTreeMap<&'static str, u64> {
        read_of(&self.0.read)
    }

    fn column(&self, number: usize) -> PyResult<Column> {
        let column = self.0.columns.get(number).cloned();
        column.map(Column::new).ok_or_else(|| PyIndexError::new_err("there is a column for each field"))
    }

    fn traces<'py>(&self, py: Python<'py>) -> Vec<Trace<'py>> {
        let names = self.0.service_names.strings.iter();
        let names: Vec<_> = names.map(|name| PyString::new(py, &String::from_utf8_lossy(name))).collect();
        let of = |trace: &segment::Trace| {
            let services = &self.0.services[trace.services.clone()];
            let services =
                services.iter().map(|(name, spans, errors)| (names[*name as usize].clone(), *spans, *errors)).collect();
            let (first, end) = (trace.spans.start, trace.spans.end);
            (PyBytes::new(py, &trace.id), trace.start_ns, trace.end_ns, services, trace.matched, first, end)
        };
        self.0.traces.iter().map(of).collect()
    }

    #[pyo3(signature = (fixed, shown, spans, /, *, metrics))]
    fn tempo_json<'py>(
        &self,
        py: Python<'py>,
        fixed: Fixed,
        shown: Vec<(String, usize, String)>,
        spans: usize,
        metrics: &[u8],
    ) -> PyResult<Bound<'py, PyBytes>> {
        let json = self.written(py, fixed, shown, spans, |layout| tempo::json(&self.0, layout, metrics))?;
        Ok(PyBytes::new(py, &json))
    }

    #[pyo3(signature = (fixed, shown, spans, /, *, part_bytes))]
    fn tempo_protobuf<'py>(
        &self,
        py: Python<'py>,
        fixed: Fixed,
        shown: Vec<(String, usize, String)>,
        spans: usize,
        part_bytes: usize,
    ) -> PyResult<Vec<Bound<'py, PyBytes>>> {
        let parts = self.written(py, fixed, shown, spans, |layout| tempo::protobuf(&self.0, layout, part_bytes))?;
        Ok(parts.iter().map(|part| PyBytes::new(py, part)).collect())
    }
}
