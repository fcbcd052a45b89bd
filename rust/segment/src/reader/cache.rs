//! Open segments, some let go when they take too much memory.

use std::fs;
use std::sync::Arc;

use hashbrown::HashMap;
use otelier_disk::Disk;
use parking_lot::Mutex;

use super::file::{Scanned, SegmentFile};
use super::kept::Kept;
use crate::error::ReadError;
use crate::hash::hash_bytes;

/// What pages may take in memory: those of about a third of a million spans.
const KEPT_BYTES: usize = 128 << 20;

/// Which of them goes when there is no more room is left to chance: questions that look at all of them in turn would,
/// if the least used went, never find one that is still open.
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
    files: HashMap<Arc<str>, Entry>,
    bytes: usize,
    /// Counts what was let go.
    gone: u64,
}

#[derive(Debug)]
struct Entry {
    file: Arc<SegmentFile>,
    /// As of when it was last asked for: it grows with what is asked of it.
    weight: usize,
}

impl Cache {
    pub fn new(disk: Arc<dyn Disk>, max_bytes: usize) -> Cache {
        let kept = Arc::new(Kept::new(KEPT_BYTES));
        Cache { disk, max_bytes, scanned: Arc::default(), kept, open: Mutex::default() }
    }

    pub fn get(&self, path: &Arc<str>) -> Result<Arc<SegmentFile>, ReadError> {
        let known = self.open.lock().get(path, self.max_bytes);
        match known {
            Some(file) => Ok(file),
            // Two threads may open the same file: one of them wins.
            None => {
                let file = Arc::new(SegmentFile::open(&self.disk, path, &self.scanned, &self.kept)?);
                self.open.lock().put(path, file.clone(), self.max_bytes);
                Ok(file)
            }
        }
    }

    /// Closes what is not among these.
    pub fn keep(&self, kept: impl Fn(&Arc<str>) -> bool) {
        let mut open = self.open.lock();
        open.files.retain(|path, _| kept(path));
        open.bytes = open.files.values().map(|entry| entry.weight).sum();
    }
}

impl Open {
    fn get(&mut self, path: &Arc<str>, max_bytes: usize) -> Option<Arc<SegmentFile>> {
        let entry = self.files.get_mut(path)?;
        let (file, weight) = (entry.file.clone(), entry.file.weight());
        self.bytes = self.bytes + weight - std::mem::replace(&mut entry.weight, weight);
        self.shrink(path, max_bytes);
        Some(file)
    }

    fn put(&mut self, path: &Arc<str>, file: Arc<SegmentFile>, max_bytes: usize) {
        let weight = file.weight();
        self.bytes += weight;
        if let Some(old) = self.files.insert(path.clone(), Entry { file, weight }) {
            self.bytes -= old.weight;
        }
        self.shrink(path, max_bytes);
    }

    /// Lets others go than this one.
    fn shrink(&mut self, wanted: &Arc<str>, max_bytes: usize) {
        while self.bytes > max_bytes && self.files.len() > 1 {
            self.gone += 1;
            let drawn = hash_bytes(&self.gone.to_le_bytes()) % (self.files.len() as u64 - 1);
            let path = self.files.keys().filter(|path| *path != wanted).nth(drawn as usize).cloned();
            if let Some(entry) = path.and_then(|path| self.files.remove(&path)) {
                self.bytes -= entry.weight;
            }
        }
    }
}

/// How much the indexes and footers of open segments may take: an eighth of the memory that there is. Fifty million
/// spans have 400 MiB of them.
pub fn room() -> usize {
    const LEAST: usize = 256 << 20;
    const KIB: usize = 1 << 10;
    let told = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let total =
        told.lines().find_map(|line| line.strip_prefix("MemTotal:")?.trim().strip_suffix("kB")?.trim().parse().ok());
    // Of a container, in either version of control groups.
    let limits = ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"].into_iter();
    let limits = limits.filter_map(|path| fs::read_to_string(path).ok()?.trim().parse().ok());
    let memory = total.map(|total: usize| total.saturating_mul(KIB)).into_iter().chain(limits).min();
    memory.map_or(LEAST, |memory| memory / 8).max(LEAST)
}
