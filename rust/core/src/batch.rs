//! `Batch`, `Intake`, `DecodeError` and `live_bytes` for Python; see `_core.pyi`.

use bytes::Bytes;
use otelier_wire::{self as wire, Limits, Metadata, Signal};
use pyo3::create_exception;
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyTuple};
use std::sync::Arc;

create_exception!(otelier._core, DecodeError, PyValueError, "Bytes that are not what they claim to be.");

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Batch>()?;
    module.add_class::<Intake>()?;
    module.add("DecodeError", module.py().get_type::<DecodeError>())?;
    module.add_function(wrap_pyfunction!(live_bytes, module)?)
}

#[pyfunction]
fn live_bytes() -> usize {
    wire::live_bytes()
}

pub fn signal_named(name: &str) -> PyResult<Signal> {
    let message = || format!("signal must be traces, metrics or logs, not {name:?}");
    Signal::from_name(name).ok_or_else(|| PyValueError::new_err(message()))
}

#[derive(Clone, Copy)]
enum Encoding {
    Protobuf,
    Json,
}

/// Reads foreign bytes with the GIL released.
fn read(py: Python<'_>, signal: &str, data: &[u8], encoding: Encoding, max_items: usize) -> PyResult<wire::Intake> {
    let signal = signal_named(signal)?;
    let limits = Limits { max_items, ..Limits::default() };
    py.detach(|| {
        let otlp = match encoding {
            Encoding::Protobuf => Bytes::copy_from_slice(data),
            Encoding::Json => wire::json_to_otlp(signal, data)?.into(),
        };
        wire::intake(signal, otlp, &limits)
    })
    .map_err(|error: wire::DecodeError| DecodeError::new_err(error.to_string()))
}

pub fn metadata_dict<'py>(py: Python<'py>, metadata: Option<&Metadata>) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    for (key, values) in metadata.into_iter().flatten() {
        dict.set_item(key, PyTuple::new(py, values)?)?;
    }
    Ok(dict)
}

#[pyclass(frozen, module = "otelier._core")]
pub struct Batch(pub wire::Batch);

#[pymethods]
impl Batch {
    #[staticmethod]
    #[pyo3(signature = (signal, data, max_items=200_000))]
    fn from_otlp(py: Python<'_>, signal: &str, data: &[u8], max_items: usize) -> PyResult<Batch> {
        let intake = read(py, signal, data, Encoding::Protobuf, max_items)?;
        Ok(Batch(wire::Batch::new(signal_named(signal)?, vec![intake.segment], None)))
    }

    #[staticmethod]
    #[pyo3(signature = (signal, data, max_items=200_000))]
    fn from_json(py: Python<'_>, signal: &str, data: &[u8], max_items: usize) -> PyResult<Batch> {
        let intake = read(py, signal, data, Encoding::Json, max_items)?;
        Ok(Batch(wire::Batch::new(signal_named(signal)?, vec![intake.segment], None)))
    }

    #[staticmethod]
    fn join(batches: Vec<PyRef<'_, Batch>>) -> PyResult<Batch> {
        let first = batches.first().ok_or_else(|| PyValueError::new_err("nothing to join"))?;
        let signal = first.0.signal();
        if let Some(other) = batches.iter().find(|b| b.0.signal() != signal) {
            let names = (signal.name(), other.0.signal().name());
            return Err(PyValueError::new_err(format!("cannot join {} with {}", names.0, names.1)));
        }
        Ok(Batch(wire::Batch::join(signal, batches.iter().map(|b| &b.0))))
    }

    #[getter]
    fn signal(&self) -> &'static str {
        self.0.signal().name()
    }

    #[getter]
    fn items(&self) -> usize {
        self.0.items()
    }

    #[getter]
    fn size_bytes(&self) -> usize {
        self.0.size()
    }

    #[getter]
    fn metadata<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        metadata_dict(py, self.0.metadata().map(|metadata| &**metadata))
    }

    fn with_metadata(&self, metadata: &Bound<'_, PyAny>) -> PyResult<Batch> {
        let mut pairs = Metadata::new();
        for pair in metadata.call_method0("items")?.try_iter()? {
            let (key, values): (String, Bound<'_, PyAny>) = pair?.extract()?;
            if values.is_instance_of::<pyo3::types::PyString>() {
                return Err(PyTypeError::new_err(format!("metadata {key:?}: a sequence of strings, not a string")));
            }
            pairs.push((key.to_lowercase(), values.extract()?));
        }
        pairs.sort();
        Ok(Batch(self.0.with_metadata((!pairs.is_empty()).then(|| Arc::new(pairs)))))
    }

    fn __len__(&self) -> usize {
        self.0.items()
    }

    fn __repr__(&self) -> String {
        let batch = &self.0;
        format!("<Batch {}: {} items, {} bytes>", batch.signal().name(), batch.items(), batch.size())
    }

    fn to_otlp<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        PyBytes::new_with(py, self.0.size(), |mut out| {
            for segment in self.0.segments() {
                let (head, rest) = out.split_at_mut(segment.bytes().len());
                head.copy_from_slice(segment.bytes());
                out = rest;
            }
            Ok(())
        })
    }

    #[pyo3(signature = (mapping="otlp"))]
    fn to_json<'py>(&self, py: Python<'py>, mapping: &str) -> PyResult<Bound<'py, PyBytes>> {
        let mapping = match mapping {
            "otlp" => wire::Mapping::Otlp,
            "protobuf" => wire::Mapping::Protobuf,
            _ => return Err(PyValueError::new_err(format!("mapping must be otlp or protobuf, not {mapping:?}"))),
        };
        Ok(PyBytes::new(py, &py.detach(|| wire::otlp_to_json(self.0.signal(), self.0.segments(), mapping))))
    }

    #[pyo3(signature = (*, raw))]
    fn to_jaeger<'py>(&self, py: Python<'py>, raw: bool) -> PyResult<Vec<(Bound<'py, PyBytes>, Bound<'py, PyBytes>)>> {
        if self.0.signal() != Signal::Traces {
            return Err(PyValueError::new_err("only traces are traces"));
        }
        let traces = py.detach(|| wire::traces_to_jaeger(self.0.segments(), raw));
        Ok(traces.iter().map(|(id, json)| (PyBytes::new(py, id), PyBytes::new(py, json))).collect())
    }

    fn split(&self, py: Python<'_>, max_items: usize) -> PyResult<Vec<Batch>> {
        if max_items == 0 {
            return Err(PyValueError::new_err("max_items must be at least 1"));
        }
        Ok(py.detach(|| self.0.split(max_items).into_iter().map(Batch).collect()))
    }

    fn split_bytes(&self, py: Python<'_>, max_bytes: usize) -> PyResult<Vec<Batch>> {
        if max_bytes == 0 {
            return Err(PyValueError::new_err("max_bytes must be at least 1"));
        }
        Ok(py.detach(|| self.0.split_bytes(max_bytes).into_iter().map(Batch).collect()))
    }

    fn select(&self, py: Python<'_>, keep: &[u8]) -> PyResult<Batch> {
        let selected = py.detach(|| self.0.select(keep));
        let message = || format!("keep must have one byte per item: {}, not {}", self.0.items(), keep.len());
        selected.map(Batch).ok_or_else(|| PyValueError::new_err(message()))
    }

    fn trace_ids<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let ids = py.detach(|| self.0.trace_ids());
        let ids = ids.ok_or_else(|| PyValueError::new_err("data points have no trace id"))?;
        Ok(PyBytes::new(py, &ids))
    }

    fn span_ids<'py>(&self, py: Python<'py>) -> PyResult<(Bound<'py, PyBytes>, Bound<'py, PyBytes>)> {
        let ids = py.detach(|| self.0.span_ids());
        let (ids, parents) = ids.ok_or_else(|| PyValueError::new_err("only spans have span ids"))?;
        Ok((PyBytes::new(py, &ids), PyBytes::new(py, &parents)))
    }

    fn digest(&self, py: Python<'_>) -> u64 {
        py.detach(|| self.0.digest())
    }
}

#[pyclass(frozen, module = "otelier._core")]
pub struct Intake {
    signal: Signal,
    found: wire::Intake,
}

#[pymethods]
impl Intake {
    #[staticmethod]
    #[pyo3(signature = (signal, data, encoding="protobuf", max_items=200_000))]
    fn read(py: Python<'_>, signal: &str, data: &[u8], encoding: &str, max_items: usize) -> PyResult<Intake> {
        let encoding = match encoding {
            "protobuf" => Encoding::Protobuf,
            "json" => Encoding::Json,
            _ => return Err(PyValueError::new_err(format!("encoding must be protobuf or json, not {encoding:?}"))),
        };
        let found = read(py, signal, data, encoding, max_items)?;
        Ok(Intake { signal: signal_named(signal)?, found })
    }

    #[getter]
    fn batch(&self) -> Batch {
        Batch(wire::Batch::new(self.signal, vec![self.found.segment.clone()], None))
    }

    #[getter]
    fn rejected(&self) -> usize {
        self.found.rejected
    }

    #[getter]
    fn repaired(&self) -> usize {
        self.found.repaired
    }

    #[getter]
    fn reason(&self) -> &str {
        &self.found.reason
    }
}
