//! `Router` for Python; see `_core.pyi`.

use otelier_process::route::{self, Key, Ring};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::batch::Batch;

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Router>()
}

#[pyclass(frozen, module = "otelier._core")]
struct Router(route::Router);

#[pymethods]
impl Router {
    #[new]
    #[pyo3(signature = (key, modulus, positions, owners, *, attributes=vec![], bare=false))]
    fn new(
        key: &str,
        modulus: u32,
        positions: Vec<u32>,
        owners: Vec<u32>,
        attributes: Vec<String>,
        bare: bool,
    ) -> PyResult<Router> {
        let key = match key {
            "traceID" => Key::Trace,
            "service" => Key::Service { bare },
            "resource" => Key::Resource,
            "metric" => Key::Metric,
            "streamID" => Key::Stream,
            "attributes" => Key::Attributes { names: attributes, bare },
            other => return Err(PyValueError::new_err(format!("unknown routing key {other:?}"))),
        };
        let ring = Ring::new(modulus, positions, owners).map_err(PyValueError::new_err)?;
        Ok(Router(route::Router::new(key, ring)))
    }

    fn split(&self, py: Python<'_>, batch: &Bound<'_, Batch>) -> Vec<(usize, Batch)> {
        let batch = &batch.get().0;
        py.detach(|| self.0.split(batch).into_iter().map(|(owner, part)| (owner, Batch(part))).collect())
    }

    fn owner_of(&self, key: &[u8]) -> u32 {
        self.0.owner_of(key)
    }
}
