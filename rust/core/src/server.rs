//! `Inbox`, `Delivery`, `HttpRequest`, `HttpStream`, `Server` and `start_runtime` for Python; see `_core.pyi`.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use otelier_transport::runtime;
use otelier_transport::server::{self as transport, Transport};
use parking_lot::Mutex;
use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};

use crate::batch::{Batch, signal_named};
use crate::os_error::os_error;

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Inbox>()?;
    module.add_class::<Delivery>()?;
    module.add_class::<HttpRequest>()?;
    module.add_class::<HttpStream>()?;
    module.add_class::<HttpSocket>()?;
    module.add_class::<Body>()?;
    module.add_class::<Server>()?;
    module.add_function(wrap_pyfunction!(start_runtime, module)?)
}

#[pyfunction]
fn start_runtime(threads: usize) -> PyResult<()> {
    runtime::start(threads).map_err(PyRuntimeError::new_err)
}

/// A length of time from Python; a negative one is none, an endless one is long.
fn duration(seconds: f64) -> Duration {
    const LONGEST_S: f64 = 1e9;
    Duration::try_from_secs_f64(seconds.clamp(0.0, LONGEST_S)).unwrap_or_default()
}

fn spent() -> PyErr {
    PyRuntimeError::new_err("it was answered already")
}

#[pyclass(frozen, module = "otelier._core")]
struct Inbox(Arc<transport::Inbox>);

#[pymethods]
impl Inbox {
    #[new]
    fn new(max_bytes: usize) -> Inbox {
        Inbox(transport::Inbox::new(max_bytes))
    }

    fn receive(&self, py: Python<'_>, signal: &str, max_bytes: usize, timeout_s: f64) -> PyResult<Option<Delivery>> {
        let signal = signal_named(signal)?;
        let delivery = py.detach(|| self.0.pop(signal, max_bytes, duration(timeout_s)));
        delivery.map(|d| Delivery::new(py, d)).transpose()
    }

    fn receive_http(&self, py: Python<'_>, timeout_s: f64) -> Option<HttpRequest> {
        py.detach(|| self.0.pop_http(duration(timeout_s))).map(HttpRequest::new)
    }

    fn waiting(&self, signal: &str) -> PyResult<usize> {
        Ok(self.0.waiting(signal_named(signal)?))
    }

    fn close(&self) {
        self.0.close();
    }

    #[getter]
    fn closed(&self) -> bool {
        self.0.is_closed()
    }
}

#[pyclass(frozen, module = "otelier._core")]
struct Delivery {
    batch: Py<Batch>,
    requests: usize,
    transport: Transport,
    open: Mutex<Option<transport::Delivery>>,
}

impl Delivery {
    fn new(py: Python<'_>, delivery: transport::Delivery) -> PyResult<Delivery> {
        Ok(Delivery {
            batch: Py::new(py, Batch(delivery.batch()))?,
            requests: delivery.requests(),
            transport: delivery.transport(),
            open: Mutex::new(Some(delivery)),
        })
    }

    fn take(&self) -> PyResult<transport::Delivery> {
        self.open.lock().take().ok_or_else(spent)
    }
}

#[pymethods]
impl Delivery {
    #[getter]
    fn batch(&self, py: Python<'_>) -> Py<Batch> {
        self.batch.clone_ref(py)
    }

    #[getter]
    fn requests(&self) -> usize {
        self.requests
    }

    #[getter]
    fn transport(&self) -> &'static str {
        match self.transport {
            Transport::Grpc => "grpc",
            Transport::Http => "http",
        }
    }

    // The GIL is kept while answering: it takes a microsecond, and to get the GIL back may take milliseconds.
    #[pyo3(signature = (rejected=0, message=""))]
    fn accept(&self, rejected: usize, message: &str) -> PyResult<()> {
        self.take()?.accept(rejected, message);
        Ok(())
    }

    #[pyo3(signature = (message, *, retryable, retry_after_s=None, invalid=false))]
    fn refuse(&self, message: &str, retryable: bool, retry_after_s: Option<f64>, invalid: bool) -> PyResult<()> {
        self.take()?.refuse(message, retryable, invalid, retry_after_s.map(duration));
        Ok(())
    }

    fn parts(&self, py: Python<'_>) -> PyResult<Vec<Delivery>> {
        self.take()?.parts().into_iter().map(|part| Delivery::new(py, part)).collect()
    }

    fn __repr__(&self) -> String {
        format!("<Delivery over {}: {} requests>", self.transport(), self.requests)
    }
}

#[pyclass(frozen, module = "otelier._core")]
pub struct HttpRequest {
    #[pyo3(get)]
    method: String,
    #[pyo3(get)]
    path: String,
    #[pyo3(get)]
    query: String,
    headers: Vec<(String, String)>,
    pub body: bytes::Bytes,
    open: Mutex<Option<transport::HttpRequest>>,
}

impl HttpRequest {
    fn new(request: transport::HttpRequest) -> HttpRequest {
        let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
        let headers = request.headers.iter().map(|(name, value)| (name.to_string(), text(value.as_bytes())));
        HttpRequest {
            method: request.method.clone(),
            path: request.path.clone(),
            query: request.query.clone(),
            headers: headers.collect(),
            body: request.body.clone(),
            open: Mutex::new(Some(request)),
        }
    }
}

#[pymethods]
impl HttpRequest {
    /// By lower-case name; several values of one name are joined by `, `.
    #[getter]
    fn headers<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let mut joined: HashMap<&str, String> = HashMap::new();
        for (name, value) in &self.headers {
            let entry = joined.entry(name).or_default();
            if !entry.is_empty() {
                entry.push_str(", ");
            }
            entry.push_str(value);
        }
        let dict = PyDict::new(py);
        joined.into_iter().try_for_each(|(name, value)| dict.set_item(name, value))?;
        Ok(dict)
    }

    #[getter]
    fn body<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.body)
    }

    #[getter]
    fn size(&self) -> usize {
        self.body.len()
    }

    #[getter]
    fn abandoned(&self) -> bool {
        self.open.lock().as_ref().is_some_and(transport::HttpRequest::is_abandoned)
    }

    fn respond(&self, status: u16, headers: Vec<(String, String)>, body: Given) -> PyResult<()> {
        let request = self.open.lock().take().ok_or_else(spent)?;
        let body = match body {
            Given::Made(body) => body.get().0.clone(),
            Given::Bytes(body) => body.into(),
        };
        request.respond(status, &headers, body).map_err(PyValueError::new_err)
    }

    fn upgrade(&self, headers: Vec<(String, String)>) -> PyResult<HttpSocket> {
        let request = self.open.lock().take().ok_or_else(spent)?;
        let socket = request.upgrade(&headers).map_err(PyValueError::new_err)?;
        Ok(HttpSocket(Mutex::new(Some(Arc::new(socket)))))
    }

    fn stream(&self, status: u16, headers: Vec<(String, String)>) -> PyResult<HttpStream> {
        let request = self.open.lock().take().ok_or_else(spent)?;
        let stream = request.stream(status, &headers).map_err(PyValueError::new_err)?;
        Ok(HttpStream(Mutex::new(Some(stream))))
    }
}

/// An answer that the core made: it is sent as it lies.
#[pyclass(frozen, module = "otelier._core")]
pub struct Body(bytes::Bytes);

impl From<Vec<u8>> for Body {
    fn from(bytes: Vec<u8>) -> Body {
        Body(bytes.into())
    }
}

#[pymethods]
impl Body {
    fn __len__(&self) -> usize {
        self.0.len()
    }

    fn __bytes__<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.0)
    }
}

#[derive(FromPyObject)]
enum Given {
    Made(Py<Body>),
    Bytes(Vec<u8>),
}

#[pyclass(frozen, module = "otelier._core")]
struct HttpSocket(Mutex<Option<Arc<transport::HttpSocket>>>);

impl HttpSocket {
    fn open(&self) -> PyResult<Arc<transport::HttpSocket>> {
        self.0.lock().clone().ok_or_else(spent)
    }
}

#[pymethods]
impl HttpSocket {
    fn send(&self, py: Python<'_>, data: &[u8]) -> PyResult<bool> {
        let (socket, data) = (self.open()?, bytes::Bytes::copy_from_slice(data));
        Ok(py.detach(|| socket.send(data)))
    }

    fn receive<'py>(&self, py: Python<'py>, timeout_s: f64) -> PyResult<Option<Bound<'py, PyBytes>>> {
        let socket = self.open()?;
        let received = py.detach(|| socket.receive(duration(timeout_s)));
        Ok(received.map(|data| PyBytes::new(py, &data)))
    }

    fn close(&self) {
        self.0.lock().take();
    }
}

#[pyclass(frozen, module = "otelier._core")]
struct HttpStream(Mutex<Option<transport::HttpStream>>);

#[pymethods]
impl HttpStream {
    fn send(&self, py: Python<'_>, data: &[u8]) -> PyResult<bool> {
        let data = bytes::Bytes::copy_from_slice(data);
        py.detach(|| self.0.lock().as_ref().map(|stream| stream.send(data))).ok_or_else(spent)
    }

    fn close(&self) {
        self.0.lock().take();
    }

    fn finish(&self, py: Python<'_>, trailers: Vec<(String, String)>) -> PyResult<()> {
        py.detach(|| self.0.lock().take().map(|stream| stream.finish(&trailers)))
            .ok_or_else(spent)?
            .map_err(PyValueError::new_err)
    }
}

#[pyclass(frozen, module = "otelier._core")]
struct Server(transport::Server);

#[pymethods]
impl Server {
    #[new]
    fn new(py: Python<'_>, options: &[u8], inbox: &Inbox) -> PyResult<Server> {
        let inbox = inbox.0.clone();
        py.detach(|| transport::Server::start(options, inbox)).map(Server).map_err(|error| match error {
            transport::StartError::Options(message) => PyValueError::new_err(message),
            transport::StartError::Io(error) => os_error(&error),
        })
    }

    #[getter]
    fn address(&self) -> (String, u16) {
        let address = self.0.address();
        (address.ip().to_string(), address.port())
    }

    fn stop(&self, py: Python<'_>, grace_s: f64) {
        py.detach(|| self.0.stop(duration(grace_s)));
    }

    fn counters(&self) -> Vec<(&'static str, HashMap<&'static str, &'static str>, u64)> {
        let counts = self.0.counters().into_iter();
        counts.map(|(name, labels, value)| (name, labels.into_iter().collect(), value)).collect()
    }
}
