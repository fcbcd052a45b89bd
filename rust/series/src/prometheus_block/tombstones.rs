//! What was deleted and is still in the chunks.

use std::collections::HashMap;
use std::io;

use otelier_disk::Disk;

use super::faults::{Fault, OpenError};
use super::pieces::{Cut, be32};

const MAGIC: u32 = 0x0130_ba30;
const HEADER: usize = 5;
const CHECKSUM: usize = 4;

/// By the number of a series: times, both ends included.
#[derive(Debug, Default)]
pub struct Tombstones(HashMap<u64, Vec<(i64, i64)>>);

impl Tombstones {
    /// None if there is no file. A damaged one is an error: what somebody has deleted must not come back.
    pub fn open(disk: &dyn Disk, path: &str) -> Result<Tombstones, OpenError> {
        let bytes = match disk.read(path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Tombstones::default()),
            Err(error) => return Err(OpenError::Disk(path.into(), error)),
        };
        let damaged = |offset: usize, what: &str| OpenError::Damaged(Fault::new(path, offset as u64, what));
        if be32(&bytes) != Some(MAGIC) || bytes.len() < HEADER + CHECKSUM || bytes[4] != 1 {
            return Err(damaged(0, "it is no file of tombstones"));
        }
        let (body, checksum) = bytes[HEADER..].split_at(bytes.len() - HEADER - CHECKSUM);
        if be32(checksum) != Some(crc32c::crc32c(body)) {
            return Err(damaged(HEADER, "it is damaged; without it what was deleted would be imported"));
        }
        let mut all: HashMap<u64, Vec<(i64, i64)>> = HashMap::new();
        let mut cut = Cut(body);
        while !cut.0.is_empty() {
            let at = bytes.len() - CHECKSUM - cut.0.len();
            let one = (|| Some((cut.unsigned()?, cut.signed()?, cut.signed()?)))();
            let (series, start, end) = one.ok_or_else(|| damaged(at, "it can't be read"))?;
            all.entry(series).or_default().push((start, end));
        }
        Ok(Tombstones(all))
    }

    pub fn of(&self, series: u64) -> &[(i64, i64)] {
        self.0.get(&series).map_or(&[], Vec::as_slice)
    }
}
