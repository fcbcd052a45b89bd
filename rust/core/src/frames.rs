//! Reading a records file without opening it for writing, for Python; see `_core.pyi`.

use std::io;

use otelier_disk::Frames;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::disk::Disk;
use crate::os_error::os_error;

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(read_records, module)?)?;
    module.add_function(wrap_pyfunction!(damaged_bytes, module)?)
}

#[pyfunction]
#[pyo3(signature = (disk, path, limit=0))]
fn read_records<'py>(py: Python<'py>, disk: &Disk, path: &str, limit: usize) -> PyResult<Vec<Bound<'py, PyBytes>>> {
    let read = || -> io::Result<_> {
        let mut frames = Frames::sealed(disk.inner().open_read(path)?, 0)?;
        let mut bodies = Vec::new();
        while limit == 0 || bodies.len() < limit {
            let Some(frame) = frames.next_frame()? else { break };
            bodies.push(frame.body);
        }
        Ok(bodies)
    };
    let bodies = py.detach(read).map_err(|error| os_error(&error))?;
    Ok(bodies.iter().map(|body| PyBytes::new(py, body)).collect())
}

#[pyfunction]
fn damaged_bytes(py: Python<'_>, disk: &Disk, path: &str) -> PyResult<u64> {
    let read = || -> io::Result<u64> {
        let mut frames = Frames::sealed(disk.inner().open_read(path)?, 0)?;
        while frames.next_frame()?.is_some() {}
        Ok(frames.damaged_bytes())
    };
    py.detach(read).map_err(|error| os_error(&error))
}
