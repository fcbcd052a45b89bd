//! The one writer of a log's open generation.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use crate::commit::{Entry, Failure, Needs, Place};
use crate::disk::{Disk, File};
use crate::generation;
use crate::log::Generation;
use crate::log_options::{Counters, Sync};

/// Whether the disk takes something is found out here, once it has failed.
const TRIAL: &str = "trial";

/// Writes the open generation; whoever holds it is the only one.
#[derive(Debug)]
pub(crate) struct Writer {
    disk: Arc<dyn Disk>,
    directory: String,
    sync: Sync,
    /// The next generation's number.
    next: u64,
    open: Option<Open>,
    sealed: Vec<Generation>,
    /// The last write or sync has failed.
    failing: bool,
}

#[derive(Debug)]
struct Open {
    file: Box<dyn File>,
    generation: Generation,
    /// The directory holds its name, whatever happens.
    named: bool,
    /// Something was written and not synced.
    dirty: bool,
}

impl Writer {
    pub fn new(disk: Arc<dyn Disk>, directory: &str, next: u64, sync: Sync) -> Writer {
        let directory = directory.to_owned();
        Writer { disk, directory, sync, next, open: None, sealed: Vec::new(), failing: false }
    }

    /// The open generation.
    pub fn generation(&self) -> Option<&Generation> {
        self.open.as_ref().map(|open| &open.generation)
    }

    /// The youngest generation there is, or was.
    pub fn last(&self) -> u64 {
        self.next - 1
    }

    /// Generations sealed since this was asked last.
    pub fn take_sealed(&mut self) -> Vec<Generation> {
        std::mem::take(&mut self.sealed)
    }

    /// No byte comes into the open generation any more; the next write begins another.
    pub fn seal(&mut self) {
        self.sealed.extend(self.open.take().map(|open| open.generation));
    }

    /// All entries or, after an error, none of them. Answers where they begin.
    pub fn write(&mut self, entries: &[Entry], counters: &Counters) -> Result<Place, Failure> {
        let parts: Vec<&[u8]> = entries.iter().flat_map(|entry| entry.parts.iter().map(|part| &part[..])).collect();
        let bytes: u64 = entries.iter().map(Entry::bytes).sum();
        if bytes == 0 {
            return Ok(Place::default());
        }
        let must_sync = entries.iter().any(|entry| match entry.needs {
            Needs::Nothing => false,
            Needs::Commit => self.sync == Sync::Commit,
            Needs::Sync => true,
        });
        counters.writes.fetch_add(1, Ordering::Relaxed);
        let written = self.try_elsewhere(&parts, must_sync).and_then(|()| self.opened()).and_then(|open| {
            open.file.write(&parts)?;
            open.dirty = true;
            Ok(())
        });
        if let Err(error) = written {
            counters.failed_writes.fetch_add(1, Ordering::Relaxed);
            self.cut_off();
            return Err(error.into());
        }
        if must_sync {
            counters.syncs.fetch_add(1, Ordering::Relaxed);
            if let Err(error) = self.sync_open() {
                counters.failed_syncs.fetch_add(1, Ordering::Relaxed);
                self.cut_off();
                self.seal();
                return Err(error.into());
            }
        }
        self.failing = false;
        let Some(open) = &mut self.open else { return Ok(Place::default()) };
        let Generation { number, bytes: before, first_ns } = &mut open.generation;
        let place = Place { generation: *number, offset: *before };
        let oldest = entries.iter().map(|entry| entry.first_ns).min().unwrap_or(0);
        *first_ns = if *before == 0 { oldest } else { oldest.min(*first_ns) };
        *before += bytes;
        Ok(place)
    }

    /// What was acknowledged before it was synced, if anything was. A file whose sync failed is sealed.
    pub fn sync_if_needed(&mut self, counters: &Counters) {
        if self.sync == Sync::Never || self.open.as_ref().is_none_or(|open| !open.dirty) {
            return;
        }
        counters.syncs.fetch_add(1, Ordering::Relaxed);
        if self.sync_open().is_err() {
            counters.failed_syncs.fetch_add(1, Ordering::Relaxed);
            self.seal();
        }
    }

    /// Each failure may seal a generation, since somebody may have read what was in it. So that a disk that stays full does
    /// not gather empty ones, the next is begun only when a file that nobody reads could take the same.
    fn try_elsewhere(&self, parts: &[&[u8]], must_sync: bool) -> io::Result<()> {
        if !self.failing || self.open.is_some() {
            return Ok(());
        }
        let path = format!("{}/{TRIAL}", self.directory);
        // One that could not be removed.
        let _ = self.disk.unlink(&path);
        let mut file = self.disk.create(&path)?;
        let written = file.write(parts).and_then(|()| if must_sync { file.sync() } else { Ok(()) });
        drop(file);
        let _ = self.disk.unlink(&path);
        written
    }

    fn opened(&mut self) -> io::Result<&mut Open> {
        let open = match self.open.take() {
            Some(open) => open,
            None => self.begin()?,
        };
        Ok(self.open.insert(open))
    }

    fn begin(&mut self) -> io::Result<Open> {
        loop {
            let number = self.next;
            let created = self.disk.create(&generation::path(&self.directory, number));
            if created.is_ok() || matches!(&created, Err(error) if error.kind() == io::ErrorKind::AlreadyExists) {
                self.next += 1;
            }
            match created {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                created => {
                    let generation = Generation { number, bytes: 0, first_ns: 0 };
                    return Ok(Open { file: created?, generation, named: false, dirty: false });
                }
            }
        }
    }

    fn sync_open(&mut self) -> io::Result<()> {
        let Some(open) = &mut self.open else { return Ok(()) };
        open.file.sync()?;
        open.dirty = false;
        if !open.named {
            self.disk.sync_dir(&self.directory)?;
            open.named = true;
        }
        Ok(())
    }

    /// Removes what a failed write or sync left behind the last good record. Somebody may have read it already, who must
    /// not find something else in its place: so the generation is sealed, unless nothing was written.
    fn cut_off(&mut self) {
        self.failing = true;
        let Some(open) = &mut self.open else { return };
        let good = open.generation.bytes;
        if open.file.len().is_ok_and(|len| len == good) {
            return;
        }
        // If this fails, too, the file has a torn tail, with which every reader copes.
        let _ = open.file.truncate(good);
        self.seal();
    }
}
