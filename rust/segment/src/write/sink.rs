//! A segment's files on a disk.

use std::io::{self, Write};

use otelier_disk::{Disk, File, disk::parent, ensure_dir};
use otelier_wire::Signal;

use crate::index::Summary;

/// Bytes gathered before they are written.
const CHUNK: usize = 1 << 20;

/// Writes a new file from front to back and checks it while it goes by.
#[derive(Debug)]
pub struct Sink {
    file: Box<dyn File>,
    waiting: Vec<u8>,
    length: u64,
    crc32c: u32,
}

impl Sink {
    pub fn create(disk: &dyn Disk, path: &str) -> io::Result<Sink> {
        Ok(Sink { file: disk.create(path)?, waiting: Vec::with_capacity(CHUNK), length: 0, crc32c: 0 })
    }

    /// Makes the bytes durable; answers how many there are, and their checksum.
    pub fn finish(mut self) -> io::Result<(u64, u32)> {
        self.write_out()?;
        self.file.sync()?;
        Ok((self.length, self.crc32c))
    }

    fn write_out(&mut self) -> io::Result<()> {
        if !self.waiting.is_empty() {
            self.file.write(&[&self.waiting])?;
            self.waiting.clear();
        }
        Ok(())
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.crc32c = crc32c::crc32c_append(self.crc32c, bytes);
        self.length += bytes.len() as u64;
        self.waiting.extend_from_slice(bytes);
        if self.waiting.len() >= CHUNK {
            self.write_out()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A segment that is written and durable, though no manifest names it yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    pub path: String,
    pub tenant: String,
    pub signal: Signal,
    pub rows: u64,
    /// Of both files.
    pub bytes: u64,
    pub min_start_ns: u64,
    pub max_start_ns: u64,
}

impl Written {
    pub fn new(path: String, signal: Signal, summary: &Summary, bytes: u64) -> Written {
        let Summary { tenant, rows, min_start_ns, max_start_ns, .. } = summary.clone();
        Written { path, tenant, signal, rows, bytes, min_start_ns, max_start_ns }
    }
}

/// The path of a new segment's Parquet file, in a directory that is there and durable. `seed` tells segments apart.
pub fn new_path(disk: &dyn Disk, tenant: &str, signal: &str, min_start_ns: u64, seed: u64) -> io::Result<String> {
    let directory = format!("segments/{tenant}/{signal}");
    ensure_dir(disk, &directory)?;
    let name = |attempt| format!("{directory}/{min_start_ns:020}-{:016x}.parquet", crate::hash::mix(seed, attempt));
    let free = |path: &String| !disk.exists(path) && !disk.exists(&index_path(path));
    (0..).map(name).find(free).ok_or_else(|| io::Error::other("no name is free"))
}

/// The index beside a segment's Parquet file.
pub fn index_path(path: &str) -> String {
    format!("{}.index", path.strip_suffix(".parquet").unwrap_or(path))
}

/// Writes the index durably, and makes both files' names last.
pub fn finish_segment(disk: &dyn Disk, path: &str, index: &[u8]) -> io::Result<()> {
    let mut file = disk.create(&index_path(path))?;
    file.write(&[index])?;
    file.sync()?;
    disk.sync_dir(parent(path))
}
