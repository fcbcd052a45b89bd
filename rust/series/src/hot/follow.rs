//! Follows the log's files while another process writes, seals and unlinks them.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use hashbrown::HashMap;
use otelier_disk::generation::LogRecord;
use otelier_disk::{Disk, Kind, Tail, generation};
use otelier_segment::error::ReadError;

use super::Store;
use crate::record::Record;

/// Read of a generation at once.
const POLL_BYTES: u64 = 16 << 20;

/// What is known of the log so far, generation by generation.
#[derive(Debug, Default)]
pub struct Hot {
    generations: Vec<Generation>,
}

#[derive(Debug)]
struct Generation {
    number: u64,
    tail: Tail,
    path: String,
    stores: HashMap<Arc<str>, Store>,
    strange_bytes: u64,
}

impl Hot {
    /// Reads what has come since. Generations up to `retired` are in segments: they are forgotten.
    ///
    /// Stale if a generation vanishes meanwhile: then a newer manifest says where its samples are.
    pub fn refresh(&mut self, disk: &dyn Disk, directory: &str, retired: u64) -> Result<(), ReadError> {
        let numbers = match generation::numbers(disk, directory) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            numbers => numbers.map_err(|error| ReadError::io(directory, error))?,
        };
        self.generations.retain(|generation| generation.number > retired);
        for number in &numbers {
            if *number > retired && !self.generations.iter().any(|known| known.number == *number) {
                self.generations.push(Generation::open(disk, directory, *number)?);
            }
        }
        let youngest = numbers.last().copied().unwrap_or_default();
        for generation in &mut self.generations {
            let sealed = generation.number < youngest;
            let len = generation.tail.source().len().map_err(|error| ReadError::io(&generation.path, error))?;
            if sealed && len < generation.tail.offset() {
                // The writer took back what it could not make durable: so is everything that was read of it.
                *generation = Generation::open(disk, directory, generation.number)?;
            }
            generation.read(sealed)?;
        }
        Ok(())
    }

    /// Of a tenant, oldest first.
    pub fn stores<'a>(&'a self, tenant: &'a str) -> impl Iterator<Item = &'a Store> {
        self.generations.iter().filter_map(move |generation| generation.stores.get(tenant))
    }

    /// Samples of each tenant.
    pub fn samples(&self) -> BTreeMap<Arc<str>, usize> {
        let mut found = BTreeMap::new();
        for (tenant, store) in self.generations.iter().flat_map(|generation| &generation.stores) {
            *found.entry(tenant.clone()).or_insert(0) += store.samples();
        }
        found
    }

    /// Bytes of the log that could not be read.
    pub fn damaged_bytes(&self) -> u64 {
        self.generations.iter().map(|each| each.tail.damaged_bytes() + each.strange_bytes).sum()
    }
}

impl Generation {
    fn open(disk: &dyn Disk, directory: &str, number: u64) -> Result<Generation, ReadError> {
        let path = generation::path(directory, number);
        let tail = Tail::open(disk, &path, 0).map_err(|error| ReadError::io(&path, error))?;
        Ok(Generation { number, tail, path, stores: HashMap::new(), strange_bytes: 0 })
    }

    fn read(&mut self, sealed: bool) -> Result<(), ReadError> {
        loop {
            let records = self.tail.poll(sealed, POLL_BYTES);
            let records = records.map_err(|error| ReadError::io(&self.path, error))?;
            if records.is_empty() {
                return Ok(());
            }
            for LogRecord { heading, otlp, .. } in &records {
                let record = Some(otlp).filter(|_| heading.kind == Kind::Series).and_then(Record::decode);
                let store = self.stores.entry(heading.tenant.clone()).or_default();
                if !record.is_some_and(|record| store.add(&record)) {
                    self.strange_bytes += otlp.len() as u64;
                }
            }
        }
    }
}
