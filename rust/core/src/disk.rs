//! `Disk` and `Records` for Python; see `_core.pyi`.

use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use otelier_disk::{self as disk, Operations, RealDisk, SimulatedDisk};
use parking_lot::Mutex;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::PyBytes;

use crate::fetching::FetchingDisk;
use crate::os_error::os_error;

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Disk>()?;
    module.add_class::<Records>()
}

#[pyclass(frozen, module = "otelier._core")]
pub struct Disk {
    inner: Arc<dyn disk::Disk>,
    simulated: Option<Arc<SimulatedDisk>>,
    root: Option<PathBuf>,
}

impl Disk {
    pub fn inner(&self) -> &Arc<dyn disk::Disk> {
        &self.inner
    }
}

#[pymethods]
impl Disk {
    #[staticmethod]
    #[pyo3(signature = (root, *, die_after=0, trace=false))]
    fn real(root: PathBuf, die_after: u64, trace: bool) -> PyResult<Disk> {
        let disk = RealDisk::new(&root, Operations::new(trace, die_after)).map_err(|error| os_error(&error))?;
        Ok(Disk { inner: Arc::new(disk), simulated: None, root: Some(root) })
    }

    #[staticmethod]
    fn simulated() -> Disk {
        let disk = Arc::new(SimulatedDisk::new(Operations::new(true, 0)));
        Disk { inner: disk.clone(), simulated: Some(disk), root: None }
    }

    fn fetching(&self, directory: &str, fetch: Py<PyAny>, marker: &str) -> Disk {
        let Disk { inner, simulated, root } = self;
        let (simulated, root) = (simulated.clone(), root.clone());
        let fetching = FetchingDisk::new(inner.clone(), root.clone(), directory, fetch, marker);
        Disk { inner: Arc::new(fetching), simulated, root }
    }

    fn operations(&self) -> Vec<String> {
        self.inner.operations().names()
    }

    fn crash(&self, seed: u64) -> PyResult<()> {
        let disk = self.simulated.as_ref().ok_or_else(|| PyValueError::new_err("only a simulated disk can crash"))?;
        disk.crash(seed);
        Ok(())
    }

    fn fail(&self, pattern: &str, nth: u64, errno: i32) -> PyResult<()> {
        if nth == 0 {
            return Err(PyValueError::new_err("nth counts from 1"));
        }
        self.inner.operations().fail(pattern, nth, errno);
        Ok(())
    }

    fn list(&self, py: Python<'_>, directory: &str) -> PyResult<Vec<String>> {
        py.detach(|| self.inner.list(directory)).map_err(|error| os_error(&error))
    }

    fn exists(&self, path: &str) -> bool {
        self.inner.exists(path)
    }

    fn create_dir(&self, py: Python<'_>, path: &str) -> PyResult<()> {
        py.detach(|| disk::ensure_dir(&*self.inner, path)).map_err(|error| os_error(&error))
    }

    fn read<'py>(&self, py: Python<'py>, path: &str) -> PyResult<Bound<'py, PyBytes>> {
        let bytes = py.detach(|| self.inner.read(path)).map_err(|error| os_error(&error))?;
        Ok(PyBytes::new(py, &bytes))
    }

    fn replace(&self, py: Python<'_>, path: &str, data: &[u8]) -> PyResult<()> {
        py.detach(|| disk::replace(&*self.inner, path, &[data])).map_err(|error| os_error(&error))
    }

    fn rename(&self, py: Python<'_>, source: &str, target: &str) -> PyResult<()> {
        py.detach(|| self.inner.rename(source, target)).map_err(|error| os_error(&error))
    }

    fn unlink(&self, py: Python<'_>, path: &str) -> PyResult<()> {
        py.detach(|| self.inner.unlink(path)).map_err(|error| os_error(&error))
    }

    fn sync_dir(&self, py: Python<'_>, path: &str) -> PyResult<()> {
        py.detach(|| self.inner.sync_dir(path)).map_err(|error| os_error(&error))
    }

    fn size(&self, py: Python<'_>, path: &str) -> PyResult<u64> {
        py.detach(|| self.inner.open_read(path)?.len()).map_err(|error| os_error(&error))
    }
}

#[pyclass(frozen, module = "otelier._core")]
struct Records {
    inner: Mutex<disk::Records>,
    bodies: Vec<Bytes>,
    #[pyo3(get)]
    damage: String,
    #[pyo3(get)]
    torn_bytes: u64,
}

#[pymethods]
impl Records {
    #[new]
    fn new(py: Python<'_>, disk: &Disk, path: &str) -> PyResult<Records> {
        let opened = py.detach(|| disk::Records::open(disk.inner.clone(), path));
        let (records, found) = opened.map_err(|error| os_error(&error))?;
        let disk::records::Found { bodies, damage, torn_bytes } = found;
        Ok(Records { inner: Mutex::new(records), bodies, damage, torn_bytes })
    }

    #[getter]
    fn records<'py>(&self, py: Python<'py>) -> Vec<Bound<'py, PyBytes>> {
        self.bodies.iter().map(|body| PyBytes::new(py, body)).collect()
    }

    #[getter]
    fn size_bytes(&self, py: Python<'_>) -> u64 {
        py.detach(|| self.inner.lock().len())
    }

    fn append(&self, py: Python<'_>, body: &[u8]) -> PyResult<()> {
        py.detach(|| self.inner.lock().append(body)).map_err(|error| os_error(&error))
    }

    fn rewrite(&self, py: Python<'_>, bodies: Vec<PyBackedBytes>) -> PyResult<()> {
        let rewritten = py.detach(|| self.inner.lock().rewrite(bodies.iter().map(|body| &body[..])));
        rewritten.map_err(|error| os_error(&error))
    }
}
