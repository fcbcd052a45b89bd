//! `GrpcClient`, `HttpClient` and `SendResult` for Python; see `_core.pyi`.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use otelier_transport::client::http::{Encoding, NoAnswer};
use otelier_transport::client::{self, options};
use otelier_transport::compress::{Algorithm, DecompressError, compress, decompress};
use pyo3::exceptions::{PyConnectionError, PyTimeoutError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::batch::Batch;

type Headers = Vec<(String, String)>;

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<SendResult>()?;
    module.add_class::<GrpcClient>()?;
    module.add_class::<HttpClient>()?;
    module.add_function(wrap_pyfunction!(snappy, module)?)?;
    module.add_function(wrap_pyfunction!(unsnappy, module)?)
}

#[pyfunction]
fn snappy<'py>(py: Python<'py>, data: &[u8]) -> PyResult<Bound<'py, PyBytes>> {
    let done = py.detach(|| compress(Algorithm::Snappy, None, std::iter::once(Bytes::copy_from_slice(data))));
    Ok(PyBytes::new(py, &done.map_err(|error| PyValueError::new_err(error.to_string()))?))
}

#[pyfunction]
fn unsnappy<'py>(py: Python<'py>, data: &[u8], max_bytes: usize) -> PyResult<Bound<'py, PyBytes>> {
    let done = py.detach(|| decompress(Algorithm::Snappy, data, max_bytes));
    let done = done.map_err(|error| match error {
        DecompressError::TooLarge => PyValueError::new_err(format!("longer than {max_bytes} bytes")),
        DecompressError::Corrupt(why) => PyValueError::new_err(why),
    });
    Ok(PyBytes::new(py, &done?))
}

#[pyclass(frozen, module = "otelier._core")]
struct SendResult(client::SendResult);

#[pymethods]
impl SendResult {
    #[getter]
    fn ok(&self) -> bool {
        self.0.ok
    }

    #[getter]
    fn code(&self) -> u32 {
        self.0.code
    }

    #[getter]
    fn message(&self) -> &str {
        &self.0.message
    }

    #[getter]
    fn retry_after_s(&self) -> Option<f64> {
        self.0.retry_after.map(|after| after.as_secs_f64())
    }

    #[getter]
    fn rejected(&self) -> u64 {
        self.0.rejected
    }

    #[getter]
    fn sent_bytes(&self) -> usize {
        self.0.sent_bytes
    }

    #[getter]
    fn answered(&self) -> bool {
        self.0.answered
    }

    fn __repr__(&self) -> String {
        let client::SendResult { ok, code, message, retry_after, rejected, sent_bytes, .. } = &self.0;
        let ok = if *ok { "True" } else { "False" };
        let after = retry_after.map_or("None".to_owned(), |after| after.as_secs_f64().to_string());
        format!(
            "SendResult(ok={ok}, code={code}, message={message:?}, retry_after_s={after}, rejected={rejected}, \
             sent_bytes={sent_bytes})"
        )
    }
}

#[pyclass(frozen, module = "otelier._core")]
struct GrpcClient(client::GrpcClient);

#[pymethods]
impl GrpcClient {
    #[new]
    fn new(py: Python<'_>, options: &[u8]) -> PyResult<GrpcClient> {
        py.detach(|| client::GrpcClient::new(options::parse(options)?)).map(GrpcClient).map_err(PyValueError::new_err)
    }

    fn send(&self, py: Python<'_>, batch: &Bound<'_, Batch>, headers: Headers, timeout_s: f64) -> SendResult {
        let batch = &batch.get().0;
        SendResult(py.detach(|| self.0.send(batch, &headers, timeout_s)))
    }

    fn check(&self, py: Python<'_>, headers: Headers, timeout_s: f64) -> SendResult {
        SendResult(py.detach(|| self.0.check(&headers, timeout_s)))
    }

    fn close(&self, py: Python<'_>) {
        py.detach(|| self.0.close());
    }
}

#[pyclass(frozen, module = "otelier._core")]
pub struct HttpClient(pub Arc<client::HttpClient>);

#[pymethods]
impl HttpClient {
    #[new]
    fn new(py: Python<'_>, options: &[u8]) -> PyResult<HttpClient> {
        py.detach(|| client::HttpClient::new(options::parse(options)?))
            .map(|made| HttpClient(Arc::new(made)))
            .map_err(PyValueError::new_err)
    }

    fn send(
        &self,
        py: Python<'_>,
        url: &str,
        batch: &Bound<'_, Batch>,
        encoding: &str,
        headers: Headers,
        timeout_s: f64,
    ) -> PyResult<SendResult> {
        let encoding = match encoding {
            "proto" => Encoding::Protobuf,
            "json" => Encoding::Json,
            other => return Err(PyValueError::new_err(format!("encoding must be proto or json, not {other:?}"))),
        };
        let batch = &batch.get().0;
        py.detach(|| self.0.send(url, batch, encoding, &headers, timeout_s))
            .map(SendResult)
            .map_err(PyValueError::new_err)
    }

    #[allow(clippy::type_complexity)]
    fn request<'py>(
        &self,
        py: Python<'py>,
        method: &str,
        url: &str,
        headers: Headers,
        body: &[u8],
        timeout_s: f64,
    ) -> PyResult<(u16, BTreeMap<String, String>, Bound<'py, PyBytes>)> {
        let answer = py.detach(|| self.0.request(method, url, &headers, Bytes::copy_from_slice(body), timeout_s));
        let answer = answer.map_err(no_answer)?;
        let mut found: BTreeMap<String, String> = BTreeMap::new();
        for (name, value) in &answer.headers {
            let value: Cow<str> = String::from_utf8_lossy(value.as_bytes());
            found
                .entry(name.as_str().to_owned())
                .and_modify(|all| {
                    all.push_str(", ");
                    all.push_str(&value);
                })
                .or_insert_with(|| value.clone().into_owned());
        }
        Ok((answer.status.as_u16(), found, PyBytes::new(py, &answer.body)))
    }

    fn close(&self, py: Python<'_>) {
        py.detach(|| self.0.close());
    }
}

/// Faults of the network are kinds of OSError.
fn no_answer(no: NoAnswer) -> PyErr {
    match no {
        NoAnswer::Unsendable(why) => PyValueError::new_err(why),
        NoAnswer::Failed(why) => PyConnectionError::new_err(why),
        NoAnswer::TimedOut(why) => PyTimeoutError::new_err(why),
    }
}
