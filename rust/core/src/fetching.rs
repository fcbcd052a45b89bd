//! A disk some of whose files lie elsewhere until somebody wants to read them: then Python brings them.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use otelier_disk::{Disk, Over, ReadAt};
use pyo3::prelude::*;

/// Somebody else who fetches may take a file away that was fetched just now, where there is room for few.
const TRIES: usize = 8;

#[derive(Debug)]
pub struct FetchingDisk {
    inner: Arc<dyn Disk>,
    /// Of a real disk, a file that says that what is here is a cache.
    marker: Option<(PathBuf, PathBuf)>,
    /// Files below it may be elsewhere; ends with `/`.
    directory: String,
    /// Called with the path of a file that is not here; returns when it is.
    fetch: Py<PyAny>,
}

impl FetchingDisk {
    pub fn new(
        inner: Arc<dyn Disk>,
        root: Option<PathBuf>,
        directory: &str,
        fetch: Py<PyAny>,
        marker: &str,
    ) -> FetchingDisk {
        let marker = root.map(|root| (root.join(marker), root));
        FetchingDisk { inner, marker, directory: format!("{directory}/"), fetch }
    }

    /// What was opened last stays longest.
    fn note_use(&self, path: &str) {
        if let Some((marker, root)) = &self.marker
            && marker.exists()
            && let Ok(file) = fs::File::open(root.join(path))
        {
            // Of no weight: at worst the file is fetched again.
            let _ = file.set_modified(SystemTime::now());
        }
    }
}

impl Over for FetchingDisk {
    fn below(&self) -> &dyn Disk {
        &*self.inner
    }

    fn open_over(&self, path: &str) -> io::Result<Arc<dyn ReadAt>> {
        if !path.starts_with(&self.directory) {
            return self.inner.open_read(path);
        }
        for _ in 0..TRIES {
            match self.inner.open_read(path) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    Python::attach(|py| self.fetch.call1(py, (path,)).map(drop)).map_err(io::Error::from)?;
                }
                opened => {
                    self.note_use(path);
                    return opened;
                }
            }
        }
        self.inner.open_read(path)
    }
}
