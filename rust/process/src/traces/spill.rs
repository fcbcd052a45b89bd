//! Where segments go while memory is short: files without names, bounded in bytes, given back when nothing in them is
//! needed any more. Nothing here is durable: a process that dies leaves nothing behind.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use otelier_disk::{Disk, File, ReadAt};

/// A file is given back as a whole, so none is large, or much of what may be used.
const FILE_BYTES: u64 = 64 << 20;
const FILES: u64 = 8;

static NUMBER: AtomicU64 = AtomicU64::new(0);

pub struct Spill {
    disk: Arc<dyn Disk>,
    limit: u64,
    used: Arc<AtomicU64>,
    open: Option<(Box<dyn File>, Arc<Unnamed>)>,
}

/// A file that ends with the last one who may read it.
struct Unnamed {
    reader: Arc<dyn ReadAt>,
    len: AtomicU64,
    used: Arc<AtomicU64>,
}

impl Drop for Unnamed {
    fn drop(&mut self) {
        self.used.fetch_sub(self.len.load(Ordering::Relaxed), Ordering::Relaxed);
    }
}

/// Bytes on disk.
pub struct Spilled {
    file: Arc<Unnamed>,
    offset: u64,
    len: usize,
}

impl Spilled {
    pub fn read(&self) -> io::Result<Bytes> {
        let bytes = self.file.reader.read_at(self.offset, self.len)?;
        if bytes.len() < self.len {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(bytes)
    }
}

impl Spill {
    pub fn new(disk: Arc<dyn Disk>, limit: u64) -> Spill {
        Spill { disk, limit, used: Arc::default(), open: None }
    }

    /// Bytes on disk now.
    pub fn used(&self) -> u64 {
        self.used.load(Ordering::Relaxed)
    }

    /// Gives back the file that is written if nobody needs what is in it.
    pub fn tidy(&mut self) {
        if self.open.as_ref().is_some_and(|(_, file)| Arc::strong_count(file) == 1) {
            self.open = None;
        }
    }

    /// None if the bound is reached.
    pub fn put(&mut self, bytes: &[u8]) -> io::Result<Option<Spilled>> {
        let len = bytes.len() as u64;
        let full = FILE_BYTES.min(self.limit / FILES);
        if self.open.as_ref().is_some_and(|(_, file)| file.len.load(Ordering::Relaxed) >= full) {
            self.open = None;
        }
        if self.used() + len > self.limit {
            return Ok(None);
        }
        let (writer, file) = match &mut self.open {
            Some(open) => open,
            None => self.open.insert(create(&*self.disk, &self.used)?),
        };
        if let Err(error) = writer.write(&[bytes]) {
            self.open = None;
            return Err(error);
        }
        self.used.fetch_add(len, Ordering::Relaxed);
        let offset = file.len.fetch_add(len, Ordering::Relaxed);
        Ok(Some(Spilled { file: file.clone(), offset, len: bytes.len() }))
    }
}

fn create(disk: &dyn Disk, used: &Arc<AtomicU64>) -> io::Result<(Box<dyn File>, Arc<Unnamed>)> {
    loop {
        let path = format!("otelier-spill-{}-{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        let writer = match disk.create(&path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
            created => created?,
        };
        let reader = disk.open_read(&path);
        disk.unlink(&path)?;
        return Ok((writer, Arc::new(Unnamed { reader: reader?, len: AtomicU64::new(0), used: used.clone() })));
    }
}
