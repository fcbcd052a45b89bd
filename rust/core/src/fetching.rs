//! A disk some of whose files lie elsewhere until somebody wants to read them: then Python brings them.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use otelier_disk::{Disk, File, Operations, ReadAt};
use pyo3::prelude::*;

#[derive(Debug)]
pub struct FetchingDisk {
    inner: Arc<dyn Disk>,
    /// Of a real disk.
    root: Option<PathBuf>,
    /// Files below it may be elsewhere; ends with `/`.
    directory: String,
    /// Called with the path of a file that is not here; returns when it is.
    fetch: Py<PyAny>,
}

impl FetchingDisk {
    pub fn new(inner: Arc<dyn Disk>, root: Option<PathBuf>, directory: String, fetch: Py<PyAny>) -> FetchingDisk {
        FetchingDisk { inner, root, directory: format!("{directory}/"), fetch }
    }

    /// What was opened last stays longest.
    fn note_use(&self, path: &str) {
        if let Some(root) = &self.root
            && let Ok(file) = fs::File::open(root.join(path))
        {
            // Of no weight: at worst the file is fetched again.
            let _ = file.set_modified(SystemTime::now());
        }
    }
}

impl Disk for FetchingDisk {
    fn create(&self, path: &str) -> io::Result<Box<dyn File>> {
        self.inner.create(path)
    }

    fn open_append(&self, path: &str) -> io::Result<Box<dyn File>> {
        self.inner.open_append(path)
    }

    fn open_read(&self, path: &str) -> io::Result<Arc<dyn ReadAt>> {
        if !path.starts_with(&self.directory) {
            return self.inner.open_read(path);
        }
        match self.inner.open_read(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Python::attach(|py| self.fetch.call1(py, (path,)).map(drop)).map_err(io::Error::from)?;
                self.inner.open_read(path)
            }
            opened => {
                self.note_use(path);
                opened
            }
        }
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.inner.rename(from, to)
    }

    fn unlink(&self, path: &str) -> io::Result<()> {
        self.inner.unlink(path)
    }

    fn sync_dir(&self, path: &str) -> io::Result<()> {
        self.inner.sync_dir(path)
    }

    fn list(&self, path: &str) -> io::Result<Vec<String>> {
        self.inner.list(path)
    }

    fn create_dir(&self, path: &str) -> io::Result<()> {
        self.inner.create_dir(path)
    }

    fn exists(&self, path: &str) -> bool {
        self.inner.exists(path)
    }

    fn operations(&self) -> &Operations {
        self.inner.operations()
    }
}
