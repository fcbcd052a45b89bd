//! Open segments, the least used let go when they take too much memory.

use std::sync::Arc;

use hashbrown::HashMap;
use otelier_disk::Disk;
use parking_lot::Mutex;

use super::file::{Scanned, SegmentFile};
use super::kept::Kept;
use crate::error::ReadError;

/// What pages may take in memory: those of about a third of a million spans.
const KEPT_BYTES: usize = 128 << 20;

#[derive(Debug)]
pub struct Cache {
    disk: Arc<dyn Disk>,
    max_bytes: usize,
    pub scanned: Arc<Scanned>,
    kept: Arc<Kept>,
    open: Mutex<Open>,
}

#[derive(Debug, Default)]
struct Open {
    files: HashMap<Arc<str>, (Arc<SegmentFile>, u64)>,
    bytes: usize,
    /// Counts uses.
    now: u64,
}

impl Cache {
    pub fn new(disk: Arc<dyn Disk>, max_bytes: usize) -> Cache {
        let kept = Arc::new(Kept::new(KEPT_BYTES));
        Cache { disk, max_bytes, scanned: Arc::default(), kept, open: Mutex::default() }
    }

    pub fn get(&self, path: &Arc<str>) -> Result<Arc<SegmentFile>, ReadError> {
        {
            let mut open = self.open.lock();
            open.now += 1;
            let now = open.now;
            if let Some((file, used)) = open.files.get_mut(path) {
                *used = now;
                return Ok(file.clone());
            }
        }
        // Two threads may open the same file: one of them wins.
        let file = Arc::new(SegmentFile::open(&self.disk, path, &self.scanned, &self.kept)?);
        let mut open = self.open.lock();
        let now = open.now;
        open.bytes += file.weight();
        if let Some((old, _)) = open.files.insert(path.clone(), (file.clone(), now)) {
            open.bytes -= old.weight();
        }
        open.shrink(self.max_bytes);
        Ok(file)
    }

    /// Closes what is not among these.
    pub fn keep(&self, kept: impl Fn(&Arc<str>) -> bool) {
        let mut open = self.open.lock();
        open.files.retain(|path, _| kept(path));
        open.bytes = open.files.values().map(|(file, _)| file.weight()).sum();
    }
}

impl Open {
    fn shrink(&mut self, max_bytes: usize) {
        while self.bytes > max_bytes && self.files.len() > 1 {
            let oldest = self.files.iter().min_by_key(|(_, (_, used))| *used).map(|(path, _)| path.clone());
            let Some(path) = oldest else { return };
            if let Some((file, _)) = self.files.remove(&path) {
                self.bytes -= file.weight();
            }
        }
    }
}
