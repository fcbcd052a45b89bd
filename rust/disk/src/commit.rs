//! The parts of a group commit: who waits, and the one writer of the open generation.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::Bytes;

use crate::disk::{Disk, File};
use crate::generation::{self, Heading};
use crate::log::Generation;
use crate::log_options::{Counters, Sync};

/// Written with one sync, if so much waits.
const BATCH_BYTES: u64 = 4 << 20;

/// Records that are written together, into one generation.
#[derive(Debug)]
pub(crate) struct Entry {
    parts: Vec<Bytes>,
    bytes: u64,
    first_ns: u64,
    needs: Needs,
}

/// When an entry must be durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Needs {
    /// Some day.
    Nothing,
    /// Before it is acknowledged, if the log syncs every commit.
    Commit,
    /// Before it is acknowledged, however the log syncs: what it replaces may be durable, and is removed then.
    Sync,
}

/// Where an entry begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub generation: u64,
    pub offset: u64,
}

impl Entry {
    /// Whole frames, one behind the other. `first_ns`: the oldest arrival among them.
    pub fn new(parts: Vec<Bytes>, first_ns: u64, needs: Needs) -> Entry {
        let bytes = parts.iter().map(|part: &Bytes| part.len() as u64).sum();
        Entry { parts, bytes, first_ns, needs }
    }

    pub fn of_records(records: &[(Heading, Vec<Bytes>)], needs: Needs) -> io::Result<Entry> {
        let mut parts = Vec::with_capacity(records.iter().map(|(_, otlp)| 1 + otlp.len()).sum());
        for (heading, otlp) in records {
            parts.push(heading.encode(otlp)?.into());
            parts.extend(otlp.iter().cloned());
        }
        let first_ns = records.iter().map(|(heading, _)| heading.first_ns).min().unwrap_or(0);
        Ok(Entry::new(parts, first_ns, needs))
    }

    pub fn bytes(&self) -> u64 {
        self.bytes
    }
}

/// An error that many can be told.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    errno: Option<i32>,
    kind: io::ErrorKind,
    text: String,
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Failure {
        Failure { errno: error.raw_os_error(), kind: error.kind(), text: error.to_string() }
    }
}

impl From<Failure> for io::Error {
    fn from(failure: Failure) -> io::Error {
        match failure.errno {
            Some(errno) => io::Error::from_raw_os_error(errno),
            None => io::Error::new(failure.kind, failure.text),
        }
    }
}

/// Entries in order, and what became of them.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    waiting: VecDeque<Entry>,
    pushed: u64,
    resolved: u64,
    outcomes: HashMap<u64, Result<Place, Failure>>,
}

impl Queue {
    /// Answers a ticket for `outcome`.
    pub fn push(&mut self, entry: Entry) -> u64 {
        self.waiting.push_back(entry);
        self.pushed += 1;
        self.pushed - 1
    }

    /// None while the entry waits. Answered once.
    pub fn outcome(&mut self, ticket: u64) -> Option<io::Result<Place>> {
        self.outcomes.remove(&ticket).map(|outcome| outcome.map_err(io::Error::from))
    }

    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// The next batch. It must be resolved before another is taken.
    pub fn take(&mut self) -> Vec<Entry> {
        let mut bytes = 0;
        let fits = |entry: &&Entry| {
            let first = bytes == 0;
            bytes += entry.bytes;
            first || bytes <= BATCH_BYTES
        };
        let count = self.waiting.iter().take_while(fits).count();
        self.waiting.drain(..count).collect()
    }

    /// `outcome`: where the batch begins.
    pub fn resolve(&mut self, entries: &[Entry], outcome: Result<Place, Failure>) {
        let mut outcome = outcome;
        for entry in entries {
            self.outcomes.insert(self.resolved, outcome.clone());
            self.resolved += 1;
            if let Ok(place) = &mut outcome {
                place.offset += entry.bytes;
            }
        }
    }
}

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
        Writer { disk, directory: directory.to_owned(), sync, next, open: None, sealed: Vec::new() }
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
        counters.writes.fetch_add(1, Ordering::Relaxed);
        let written = self.opened().and_then(|open| {
            open.file.write(&parts)?;
            open.dirty = true;
            Ok(())
        });
        if let Err(error) = written {
            counters.failed_writes.fetch_add(1, Ordering::Relaxed);
            self.cut_off();
            return Err(error.into());
        }
        let must_sync = |entry: &Entry| match entry.needs {
            Needs::Nothing => false,
            Needs::Commit => self.sync == Sync::Commit,
            Needs::Sync => true,
        };
        if entries.iter().any(must_sync) {
            counters.syncs.fetch_add(1, Ordering::Relaxed);
            if let Err(error) = self.sync_open() {
                counters.failed_syncs.fetch_add(1, Ordering::Relaxed);
                self.cut_off();
                self.seal();
                return Err(error.into());
            }
        }
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
