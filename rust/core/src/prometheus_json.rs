//! Prometheus' JSON of vectors and matrices for Python; see `_core.pyi`.

use otelier_wire::prometheus_json::{Bucket, Histogram, Table, write_labels};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList, PyString, PyTuple};

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(matrix_json, module)?)?;
    module.add_function(wrap_pyfunction!(vector_json, module)?)
}

/// Row, column, count, sum, and rule, lower and upper bound and count of each bucket.
type Cell = (usize, usize, f64, f64, Vec<(u8, f64, f64, f64)>);

#[pyfunction]
fn matrix_json<'py>(
    py: Python<'py>,
    labels: &Bound<'py, PyList>,
    times_ms: &[u8],
    values: &[u8],
    present: &[u8],
    histograms: Vec<Cell>,
) -> PyResult<Bound<'py, PyBytes>> {
    written(py, labels, times_ms, values, present, histograms, |table, out| table.write_matrix(out))
}

#[pyfunction]
fn vector_json<'py>(
    py: Python<'py>,
    labels: &Bound<'py, PyList>,
    time_ms: i64,
    values: &[u8],
    present: &[u8],
    histograms: Vec<Cell>,
) -> PyResult<Bound<'py, PyBytes>> {
    written(py, labels, &time_ms.to_le_bytes(), values, present, histograms, |table, out| table.write_vector(out))
}

fn written<'py>(
    py: Python<'py>,
    labels: &Bound<'py, PyList>,
    times_ms: &[u8],
    values: &[u8],
    present: &[u8],
    histograms: Vec<Cell>,
    write: fn(&Table<'_>, &mut Vec<u8>),
) -> PyResult<Bound<'py, PyBytes>> {
    let labels = labels.iter().map(|each| label_set(&each)).collect::<PyResult<Vec<_>>>()?;
    let out = py.detach(|| {
        let times: Vec<i64> = times_ms.as_chunks().0.iter().map(|each| i64::from_le_bytes(*each)).collect();
        let histograms: Vec<_> = histograms.into_iter().map(histogram).collect();
        let table = Table { labels: &labels, times_ms: &times, values, present, histograms: &histograms };
        table.is_whole().then(|| {
            let mut out = Vec::new();
            write(&table, &mut out);
            out
        })
    });
    let out = out.ok_or_else(|| PyValueError::new_err("labels, times and values are not of the same shape"))?;
    Ok(PyBytes::new(py, &out))
}

fn histogram((row, column, count, sum, buckets): Cell) -> (usize, usize, Histogram) {
    let buckets = buckets.into_iter().map(|(rule, lower, upper, count)| Bucket { rule, lower, upper, count });
    (row, column, Histogram { count, sum, buckets: buckets.collect() })
}

/// A tuple of pairs as a JSON object; what is no UTF-8 becomes U+FFFD.
fn label_set(labels: &Bound<'_, PyAny>) -> PyResult<Vec<u8>> {
    let mut pairs = Vec::with_capacity(8);
    for pair in labels.cast::<PyTuple>()?.iter_borrowed() {
        let (name, value): (Bound<'_, PyString>, Bound<'_, PyString>) = pair.extract()?;
        pairs.push((name, value));
    }
    let texts: Vec<_> = pairs.iter().map(|(name, value)| (name.to_string_lossy(), value.to_string_lossy())).collect();
    let mut out = Vec::with_capacity(128);
    write_labels(texts.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes())), &mut out);
    Ok(out)
}
