//! `QueueFile` for Python; see `_core.pyi`.

use otelier_disk as disk;
use parking_lot::Mutex;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::batch::{Batch, metadata_dict};
use crate::disk::Disk;
use crate::os_error::os_error;

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<QueueFile>()
}

/// Key, signal, items, bytes, metadata.
type Restored<'py> = (u64, &'static str, usize, usize, Bound<'py, PyDict>);

#[pyclass(frozen, module = "otelier._core")]
struct QueueFile {
    inner: disk::QueueFile,
    restored: Mutex<Vec<disk::queue::Restored>>,
}

#[pymethods]
impl QueueFile {
    #[new]
    #[pyo3(signature = (disk, directory, *, fsync, cache_bytes=67_108_864))]
    fn new(py: Python<'_>, disk: &Disk, directory: &str, fsync: bool, cache_bytes: usize) -> PyResult<QueueFile> {
        let opened = py.detach(|| disk::QueueFile::open(disk.inner().clone(), directory, fsync, cache_bytes));
        let (inner, restored) = opened.map_err(|error| os_error(&error))?;
        Ok(QueueFile { inner, restored: Mutex::new(restored) })
    }

    fn restored<'py>(&self, py: Python<'py>) -> PyResult<Vec<Restored<'py>>> {
        let restored = std::mem::take(&mut *self.restored.lock());
        let tuple = |item: disk::queue::Restored| {
            let metadata = metadata_dict(py, item.metadata.as_deref())?;
            Ok((item.key, item.signal.name(), item.items, item.size, metadata))
        };
        restored.into_iter().map(tuple).collect()
    }

    fn put(&self, py: Python<'_>, batch: &Batch, now_ns: u64) -> PyResult<u64> {
        py.detach(|| self.inner.put(&batch.0, now_ns)).map_err(|error| os_error(&error))
    }

    fn load(&self, py: Python<'_>, key: u64) -> PyResult<Batch> {
        py.detach(|| self.inner.load(key)).map(Batch).map_err(|error| os_error(&error))
    }

    fn done(&self, py: Python<'_>, keys: Vec<u64>) {
        py.detach(|| self.inner.done(&keys));
    }

    #[getter]
    fn disk_bytes(&self) -> u64 {
        self.inner.disk_bytes()
    }

    #[getter]
    fn damaged_bytes(&self) -> u64 {
        self.inner.damaged_bytes()
    }

    fn close(&self, py: Python<'_>) {
        py.detach(|| self.inner.close());
    }
}
