//! What waits for a group commit, and what became of it.

use std::collections::{HashMap, VecDeque};
use std::io;

use bytes::Bytes;

use crate::generation::Heading;

/// Written with one sync, if so much waits.
const BATCH_BYTES: u64 = 4 << 20;

/// Records that are written together, into one generation.
#[derive(Debug)]
pub(crate) struct Entry {
    pub parts: Vec<Bytes>,
    bytes: u64,
    pub first_ns: u64,
    pub needs: Needs,
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
