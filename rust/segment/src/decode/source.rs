//! A file on a disk as the Parquet crate reads files: only what it asks for.

use std::sync::Arc;

use bytes::buf::Reader;
use bytes::{Buf, Bytes};
use otelier_disk::ReadAt;
use parquet::errors::{ParquetError, Result};
use parquet::file::reader::{ChunkReader, Length};

/// Read at once where no length is asked for: a header.
const STEP: usize = 4096;

pub struct Source {
    file: Arc<dyn ReadAt>,
    length: u64,
}

impl Source {
    pub fn new(file: Arc<dyn ReadAt>) -> std::io::Result<Source> {
        Ok(Source { length: file.len()?, file })
    }
}

impl Length for Source {
    fn len(&self) -> u64 {
        self.length
    }
}

impl ChunkReader for Source {
    type T = Reader<Bytes>;

    fn get_read(&self, start: u64) -> Result<Reader<Bytes>> {
        Ok(self.file.read_at(start, STEP)?.reader())
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes> {
        let bytes = self.file.read_at(start, length)?;
        if bytes.len() == length { Ok(bytes) } else { Err(ParquetError::EOF("the file ends too early".into())) }
    }
}
