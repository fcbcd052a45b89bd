//! Follows the log's files while another process writes, seals and unlinks them.

use std::io;
use std::sync::Arc;

use hashbrown::HashMap;
use otelier_disk::{Disk, Kind, LogRecord, Tail, generation};
use otelier_wire::Signal;

use super::build::{Builder, Texts};
use super::chunk::Chunk;
use crate::error::ReadError;

/// Read of a generation at once.
const POLL_BYTES: u64 = 16 << 20;

/// The chunks that count, by tenant and signal.
pub type Visible = HashMap<(Arc<str>, Signal), Vec<Arc<Chunk>>>;

/// What is known of the log so far.
#[derive(Debug, Default)]
pub struct Hot {
    generations: Vec<Generation>,
    texts: Texts,
}

#[derive(Debug)]
struct Generation {
    number: u64,
    tail: Tail,
    path: Arc<str>,
    parts: HashMap<Part, Chunks>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Part {
    tenant: Arc<str>,
    signal: Signal,
    /// What was carried over counts from when this generation is retired; 0: at once.
    from_generation: u64,
}

#[derive(Debug, Default)]
struct Chunks {
    full: Vec<Arc<Chunk>>,
    /// The one that grows, and as it was published last.
    open: Option<(Builder, Arc<Chunk>)>,
}

impl Hot {
    /// Reads what has come since. Generations up to `retired` are in segments: they are forgotten.
    ///
    /// Stale if a generation vanishes meanwhile: then a newer manifest says where its items are.
    pub fn refresh(&mut self, disk: &dyn Disk, directory: &str, retired: u64) -> Result<(), ReadError> {
        let numbers = match generation::numbers(disk, directory) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            numbers => numbers.map_err(|error| ReadError::io(directory, error))?,
        };
        let before = self.generations.len();
        self.generations.retain(|generation| generation.number > retired);
        if self.generations.len() < before {
            self.texts.sweep();
        }
        for number in &numbers {
            if *number > retired && !self.generations.iter().any(|known| known.number == *number) {
                self.generations.push(Generation::open(disk, directory, *number)?);
            }
        }
        let youngest = numbers.last().copied().unwrap_or_default();
        for generation in &mut self.generations {
            let io = |error| ReadError::io(&generation::path(directory, generation.number), error);
            let sealed = generation.number < youngest;
            if sealed && generation.tail.source().len().map_err(io)? < generation.tail.offset() {
                // The writer took back what it could not make durable: so is everything that was read of it.
                *generation = Generation::open(disk, directory, generation.number)?;
            }
            generation.read(sealed, &mut self.texts)?;
        }
        Ok(())
    }

    /// What counts when the generations up to `retired` are retired.
    pub fn visible(&self, retired: u64) -> Visible {
        let mut visible = Visible::new();
        for generation in &self.generations {
            for (part, chunks) in &generation.parts {
                if part.from_generation <= retired {
                    let all = visible.entry((part.tenant.clone(), part.signal)).or_default();
                    all.extend(chunks.full.iter().cloned());
                    all.extend(chunks.open.iter().map(|(_, published)| published.clone()));
                }
            }
        }
        visible
    }

    /// Bytes of the log that could not be read.
    pub fn damaged_bytes(&self) -> u64 {
        self.generations.iter().map(|generation| generation.tail.damaged_bytes()).sum()
    }
}

impl Generation {
    fn open(disk: &dyn Disk, directory: &str, number: u64) -> Result<Generation, ReadError> {
        let path = generation::path(directory, number);
        let tail = Tail::open(disk, &path, 0).map_err(|error| ReadError::io(&path, error))?;
        Ok(Generation { number, tail, path: path.into(), parts: HashMap::new() })
    }

    fn read(&mut self, sealed: bool, texts: &mut Texts) -> Result<(), ReadError> {
        loop {
            let records = self.tail.poll(sealed, POLL_BYTES);
            let records = records.map_err(|error| ReadError::io(&self.path, error))?;
            if records.is_empty() {
                break;
            }
            for record in &records {
                self.add(record, texts);
            }
        }
        for chunks in self.parts.values_mut() {
            chunks.publish();
        }
        Ok(())
    }

    fn add(&mut self, record: &LogRecord, texts: &mut Texts) {
        let heading = &record.heading;
        let from_generation = if heading.kind == Kind::Carried { heading.from_generation } else { 0 };
        let part = Part { tenant: heading.tenant.clone(), signal: heading.signal, from_generation };
        if heading.signal == Signal::Metrics {
            return;
        }
        let chunks = self.parts.entry(part).or_default();
        let (builder, _) = chunks.open.get_or_insert_with(|| {
            let chunk = Chunk::new(self.tail.source().clone(), self.path.clone());
            (Builder::new(chunk.clone()), Arc::new(chunk))
        });
        builder.add(heading.signal, record, texts);
        if builder.chunk.is_full() {
            chunks.full.push(builder.publish());
            chunks.open = None;
        }
    }
}

impl Chunks {
    fn publish(&mut self) {
        if let Some((builder, published)) = &mut self.open
            && builder.changed
        {
            *published = builder.publish();
        }
    }
}
