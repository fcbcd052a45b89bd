//! `QueueFile`: what a component has accepted and not handed on yet, on disk. See docs/spec/queue.md.
//!
//! Items and their ends are appended to a log. A generation is removed when no item in it or in an older one is alive.
//! One that lives on while many others come and go is copied forward, so that files are never much larger than what is
//! alive. What is young is kept in memory, too, up to a bound, so that a queue that flows reads nothing.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::sync::Arc;

use otelier_wire::{Batch, Metadata, Signal};
use parking_lot::Mutex;

use crate::commit::{Entry, Needs, Place};
use crate::disk::Disk;
use crate::frame::{Frame, Frames};
use crate::generation;
use crate::log::Log;
use crate::log_options::{LogOptions, Sync};
use crate::queue_record::{self as record, QueueRecord};

/// A generation is sealed when it is this large.
const GENERATION_BYTES: u64 = 32 << 20;

#[derive(Debug)]
pub struct QueueFile {
    disk: Arc<dyn Disk>,
    directory: String,
    log: Arc<Log>,
    cache_bytes: usize,
    generation_bytes: u64,
    state: Mutex<State>,
    /// Held while generations are sealed, copied forward and removed.
    tidying: Mutex<()>,
    damaged: u64,
}

/// What was alive when the queue was opened; `load` has the telemetry.
#[derive(Clone, Debug)]
pub struct Restored {
    pub key: u64,
    pub signal: Signal,
    pub items: usize,
    pub size: usize,
    pub metadata: Option<Arc<Metadata>>,
}

#[derive(Debug, Default)]
struct State {
    items: HashMap<u64, Item>,
    next_key: u64,
    /// How many items are alive in each generation, or may still come into one that is at least as young.
    alive: BTreeMap<u64, usize>,
    alive_bytes: u64,
    cached: usize,
}

#[derive(Debug)]
struct Item {
    place: Place,
    /// Of the frame.
    len: u64,
    /// If it is in memory.
    batch: Option<Batch>,
}

impl State {
    fn forget_in(&mut self, generation: u64) {
        if let Some(alive) = self.alive.get_mut(&generation) {
            *alive -= 1;
            if *alive == 0 {
                self.alive.remove(&generation);
            }
        }
    }
}

impl QueueFile {
    /// Opens the queue in a directory and answers what is alive in it, oldest first.
    ///
    /// `fsync`: what is put is durable when `put` returns; else it is written, and a power cut may lose it.
    pub fn open(
        disk: Arc<dyn Disk>,
        directory: &str,
        fsync: bool,
        cache_bytes: usize,
    ) -> io::Result<(QueueFile, Vec<Restored>)> {
        let sync = if fsync { Sync::Commit } else { Sync::Never };
        let options = LogOptions { sync, max_unflushed_bytes: u64::MAX, ..LogOptions::default() };
        let log = Log::open(disk.clone(), directory, options)?;
        let mut queue = QueueFile {
            disk,
            directory: directory.to_owned(),
            log,
            cache_bytes,
            generation_bytes: GENERATION_BYTES,
            state: Mutex::default(),
            tidying: Mutex::new(()),
            damaged: 0,
        };
        let restored = queue.restore()?;
        queue.remove_dead();
        Ok((queue, restored))
    }

    /// Seals generations when they are this large instead.
    pub fn with_generation_bytes(self, generation_bytes: u64) -> QueueFile {
        QueueFile { generation_bytes, ..self }
    }

    fn restore(&mut self) -> io::Result<Vec<Restored>> {
        let mut found: BTreeMap<Place, (u64, Restored)> = BTreeMap::new();
        for (generation, _) in self.log.generations() {
            let path = generation::path(&self.directory, generation);
            let mut frames = Frames::sealed(self.disk.open_read(&path)?, 0)?;
            while let Some(Frame { offset, body }) = frames.next_frame()? {
                match record::decode(&body) {
                    Some(QueueRecord::Item(batch)) => {
                        let (signal, items, size) = (batch.signal(), batch.items(), batch.size());
                        // Not the batch itself: there may be more than memory holds.
                        let restored = Restored { key: 0, signal, items, size, metadata: batch.metadata().cloned() };
                        found.insert(Place { generation, offset }, (frames.offset() - offset, restored));
                    }
                    Some(QueueRecord::Done(places)) => places.iter().for_each(|place| {
                        found.remove(place);
                    }),
                    None => self.damaged += body.len() as u64,
                }
            }
            self.damaged += frames.damaged_bytes();
        }
        let keyed = |(place, (len, restored))| Restored { key: self.remember(place, len, None), ..restored };
        Ok(found.into_iter().map(keyed).collect())
    }

    /// Takes a batch in; answers its key.
    pub fn put(&self, batch: &Batch, now_ns: u64) -> io::Result<u64> {
        let entry = Entry::new(record::item(batch, now_ns)?, now_ns, Needs::Commit);
        let len = entry.bytes();
        let youngest = self.expect();
        let written = self.log.write(entry);
        let key = written.map(|place| self.remember(place, len, Some(batch)));
        self.state.lock().forget_in(youngest);
        if self.log.open_bytes() >= self.generation_bytes
            && let Some(_tidying) = self.tidying.try_lock()
        {
            self.log.rotate();
        }
        key
    }

    /// The batch of a key. NotFound if it is done.
    pub fn load(&self, key: u64) -> io::Result<Batch> {
        let mut before = None;
        loop {
            let (place, len) = match self.state.lock().items.get(&key) {
                Some(Item { batch: Some(batch), .. }) => return Ok(batch.clone()),
                Some(item) => (item.place, item.len),
                None => return Err(io::Error::new(io::ErrorKind::NotFound, format!("no item has the key {key}"))),
            };
            match self.read(place, len) {
                // It may have been copied forward meanwhile, and the file be gone for that.
                Err(error) if error.kind() == io::ErrorKind::NotFound && before != Some(place) => before = Some(place),
                read => return read,
            }
        }
    }

    /// These items were handed on, or given up: they need not be kept. If that can't be written, they will be offered
    /// once more after a restart.
    pub fn done(&self, keys: &[u64]) {
        let mut ended = Vec::with_capacity(keys.len());
        {
            let mut state = self.state.lock();
            for key in keys {
                if let Some(item) = state.items.remove(key) {
                    state.alive_bytes -= item.len;
                    state.cached -= item.batch.map_or(0, |batch| batch.size());
                    ended.push(item.place);
                }
            }
        }
        let youngest = self.expect();
        if !ended.is_empty()
            && let Ok(frame) = record::done(&ended)
        {
            let _ = self.log.write(Entry::new(vec![frame], 0, Needs::Nothing));
        }
        {
            let mut state = self.state.lock();
            ended.iter().for_each(|place| state.forget_in(place.generation));
            state.forget_in(youngest);
        }
        if let Some(_tidying) = self.tidying.try_lock() {
            self.remove_dead();
            self.copy_forward();
        }
    }

    /// Bytes of all files.
    pub fn disk_bytes(&self) -> u64 {
        self.log.unflushed_bytes()
    }

    /// Bytes that could not be read at the opening.
    pub fn damaged_bytes(&self) -> u64 {
        self.damaged
    }

    /// Makes everything durable, unless it was opened without `fsync`, and ends. What is alive stays.
    pub fn close(&self) {
        self.log.close();
    }

    fn remember(&self, place: Place, len: u64, batch: Option<&Batch>) -> u64 {
        let mut state = self.state.lock();
        let batch = batch.filter(|batch| state.cached + batch.size() <= self.cache_bytes).cloned();
        state.cached += batch.as_ref().map_or(0, Batch::size);
        state.alive_bytes += len;
        *state.alive.entry(place.generation).or_default() += 1;
        let key = state.next_key;
        state.next_key += 1;
        state.items.insert(key, Item { place, len, batch });
        key
    }

    /// Something will be written, which comes into this generation or a younger one: keeps them until it is forgotten.
    fn expect(&self) -> u64 {
        let youngest = self.log.youngest();
        *self.state.lock().alive.entry(youngest).or_default() += 1;
        youngest
    }

    /// Removes the oldest generations as long as nothing in them is alive. The youngest stays: its number must not be
    /// given again.
    fn remove_dead(&self) {
        let generations = self.log.generations();
        let [older @ .., _] = &generations[..] else { return };
        // In this order: whoever is not counted yet writes into the youngest of them or a younger one.
        let first_alive = self.state.lock().alive.keys().next().copied().unwrap_or(u64::MAX);
        if let Some((dead, _)) = older.iter().take_while(|(number, _)| *number < first_alive).last() {
            // A file that can't be removed now is removed with the next one.
            let _ = self.log.retire(*dead);
        }
    }

    /// Writes what is alive in the oldest generation again, if the files hold much that is dead.
    fn copy_forward(&self) {
        let generations = self.log.generations();
        let [(oldest, _), _, ..] = generations[..] else { return };
        let (due, alive) = {
            let state = self.state.lock();
            let due: Vec<(u64, Place, u64)> = state
                .items
                .iter()
                .filter(|(_, item)| item.place.generation == oldest)
                .map(|(key, item)| (*key, item.place, item.len))
                .collect();
            (due, state.alive_bytes)
        };
        if self.disk_bytes() <= 2 * alive + 4 * self.generation_bytes {
            return;
        }
        for (key, place, len) in due {
            if self.copy(key, place, len).is_err() {
                return; // there will be another occasion
            }
        }
        self.remove_dead();
    }

    fn copy(&self, key: u64, old: Place, len: u64) -> io::Result<()> {
        let path = generation::path(&self.directory, old.generation);
        let frame = self.disk.open_read(&path)?.read_at(old.offset, len as usize)?;
        let youngest = self.expect();
        let written = self.log.write(Entry::new(vec![frame, record::done(&[old])?], 0, Needs::Sync));
        let mut state = self.state.lock();
        state.forget_in(youngest);
        let new = written?;
        if let Some(item) = state.items.get_mut(&key) {
            item.place = new;
            *state.alive.entry(new.generation).or_default() += 1;
            state.forget_in(old.generation);
            return Ok(());
        }
        drop(state);
        // It was done meanwhile, at its old place.
        self.log.write(Entry::new(vec![record::done(&[new])?], 0, Needs::Nothing)).map(|_| ())
    }

    fn read(&self, place: Place, len: u64) -> io::Result<Batch> {
        let path = generation::path(&self.directory, place.generation);
        let bytes = self.disk.open_read(&path)?.read_at(place.offset, len as usize)?;
        match Frames::of(bytes)?.next_frame()?.and_then(|frame| record::decode(&frame.body)) {
            Some(QueueRecord::Item(batch)) => Ok(batch),
            _ => Err(io::Error::new(io::ErrorKind::InvalidData, format!("{path}: damaged at {}", place.offset))),
        }
    }
}
