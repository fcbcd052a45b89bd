//! `Log`: what was accepted, durable when an append returns. Group commit without a delay: whoever finds nobody writing
//! writes for all who wait, with one sync; meanwhile the next ones gather.
//!
//! A log is a directory of generations. One is open and grows; the others are sealed and wait to be flushed and retired.
//! Opening a log reads no telemetry: the next append begins a new generation.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use bytes::Bytes;
use otelier_wire::Signal;
use parking_lot::{Condvar, Mutex, MutexGuard};

use crate::commit::{Entry, Needs, Place, Queue};
use crate::disk::{Disk, ensure_dir};
use crate::generation::{self, Heading, Kind};
use crate::log_options::{Carried, Counters, EAGAIN, LogOptions, Sync};
use crate::writer::Writer;

#[derive(Clone, Debug)]
pub(crate) struct Generation {
    pub number: u64,
    pub bytes: u64,
    /// Arrival of the oldest record in it, of the first if it was found at the opening; 0 if that can't be read.
    pub first_ns: u64,
}

#[derive(Debug)]
pub struct Log {
    disk: Arc<dyn Disk>,
    directory: String,
    options: LogOptions,
    pub(crate) state: Mutex<State>,
    /// A batch is done, or a turn is free.
    turn: Condvar,
    /// Something was retired.
    room: Condvar,
    pub counters: Counters,
}

#[derive(Debug)]
pub(crate) struct State {
    pub queue: Queue,
    /// None while somebody writes or syncs, without the lock.
    writer: Option<Writer>,
    /// The open generation as it was after the last batch.
    open: Option<Generation>,
    /// Threads that want the writer for themselves; nobody begins a batch then.
    exclusive: usize,
    sealed: Vec<Generation>,
    /// Bytes of sealed generations found at the opening and not retired yet.
    inherited: u64,
    /// Bytes appended since and not retired, those waiting to be written included.
    unflushed: u64,
    closed: bool,
}

impl Log {
    pub fn open(disk: Arc<dyn Disk>, directory: &str, options: LogOptions) -> io::Result<Arc<Log>> {
        ensure_dir(&*disk, directory)?;
        let mut sealed = Vec::new();
        let mut last = options.retired;
        for number in generation::numbers(&*disk, directory)? {
            let path = generation::path(directory, number);
            let file = disk.open_read(&path)?;
            let first_ns = generation::first_arrival(&*file).unwrap_or(0);
            sealed.push(Generation { number, bytes: file.len()?, first_ns });
            last = last.max(number);
        }
        let inherited = sealed.iter().map(|generation| generation.bytes).sum();
        let writer = Writer::new(disk.clone(), directory, last + 1, options.sync);
        let state = State {
            queue: Queue::default(),
            writer: Some(writer),
            open: None,
            exclusive: 0,
            sealed,
            inherited,
            unflushed: 0,
            closed: false,
        };
        let log = Arc::new(Log {
            disk,
            directory: directory.to_owned(),
            options,
            state: Mutex::new(state),
            turn: Condvar::new(),
            room: Condvar::new(),
            counters: Counters::default(),
        });
        if let Sync::Interval(interval) = log.options.sync {
            log.sync_every(interval)?;
        }
        Ok(log)
    }

    /// Where its generations are on the disk.
    pub fn directory(&self) -> &str {
        &self.directory
    }

    /// Telemetry that arrived at `now_ns`: `parts` are encoded requests of the signal, one behind the other one request.
    /// Fails with EAGAIN if too much waits to be flushed; with whatever the disk says, and nothing is kept then.
    pub fn append(&self, tenant: &str, signal: Signal, now_ns: u64, items: u32, parts: Vec<Bytes>) -> io::Result<()> {
        let heading = Heading {
            kind: Kind::Telemetry,
            signal,
            tenant: tenant.into(),
            items,
            first_ns: now_ns,
            last_ns: now_ns,
            from_generation: 0,
        };
        let entry = Entry::of_records(&[(heading, parts)], Needs::Commit)?;
        self.commit(self.admit(self.state.lock())?, entry).map(|_| ())
    }

    /// Waits until an append would be taken. Fails with EAGAIN if that takes too long.
    pub fn wait_for_room(&self) -> io::Result<()> {
        self.admit(self.state.lock()).map(drop)
    }

    /// A record of series, which never waits for room: ask for it before, where no flush waits for you. Answers the generation
    /// that has it.
    pub fn append_series(&self, tenant: &str, now_ns: u64, items: u32, payload: Vec<Bytes>) -> io::Result<u64> {
        let heading = Heading {
            kind: Kind::Series,
            signal: Signal::Metrics,
            tenant: tenant.into(),
            items,
            first_ns: now_ns,
            last_ns: now_ns,
            from_generation: 0,
        };
        let entry = Entry::of_records(&[(heading, payload)], Needs::Commit)?;
        self.write(entry).map(|place| place.generation)
    }

    /// Writes all these records into one generation, durable however the log syncs; they count once `from_generation` is
    /// retired. Never waits for room, because room is made by the flush that carries.
    pub fn carry(&self, records: Vec<Carried>) -> io::Result<()> {
        let records: Vec<(Heading, Vec<Bytes>)> = records.into_iter().map(Carried::into_record).collect();
        let entry = Entry::of_records(&records, Needs::Sync)?;
        self.write(entry).map(|_| ())
    }

    /// Writes an entry, which never waits for room.
    pub(crate) fn write(&self, entry: Entry) -> io::Result<Place> {
        self.commit(self.state.lock(), entry)
    }

    /// Seals the open generation. After that no record is added to the generation answered, or to an older one.
    /// If none is open: the youngest there is, or was.
    pub fn rotate(&self) -> u64 {
        self.exclusively(|writer| {
            writer.sync_if_needed(&self.counters);
            writer.seal();
            writer.last()
        })
    }

    /// Numbers and bytes, oldest first, the open one last.
    pub fn generations(&self) -> Vec<(u64, u64)> {
        let state = self.state.lock();
        state.sealed.iter().chain(&state.open).map(|generation| (generation.number, generation.bytes)).collect()
    }

    /// Bytes in the open generation.
    pub(crate) fn open_bytes(&self) -> u64 {
        self.state.lock().open.as_ref().map_or(0, |open| open.bytes)
    }

    /// The youngest generation there is; none of those to come is older.
    pub(crate) fn youngest(&self) -> u64 {
        let state = self.state.lock();
        state.open.as_ref().or(state.sealed.last()).map_or(self.options.retired, |generation| generation.number)
    }

    /// Forgets and removes the generations up to this one, which must be sealed. The names may come back after a crash.
    pub fn retire(&self, generation: u64) -> io::Result<()> {
        let due: Vec<Generation> = {
            let state = self.state.lock();
            if state.open.as_ref().is_some_and(|open| open.number <= generation) {
                let text = format!("generation {generation} is not sealed: rotate first");
                return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
            }
            state.sealed.iter().filter(|sealed| sealed.number <= generation).cloned().collect()
        };
        for retired in due {
            match self.disk.unlink(&generation::path(&self.directory, retired.number)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
            let mut state = self.state.lock();
            let before = state.sealed.len();
            state.sealed.retain(|sealed| sealed.number != retired.number);
            if state.sealed.len() < before {
                let inherited = state.inherited.min(retired.bytes);
                state.inherited -= inherited;
                state.unflushed = state.unflushed.saturating_sub(retired.bytes - inherited);
            }
            self.room.notify_all();
        }
        Ok(())
    }

    /// Bytes of all generations, and of what waits to be written.
    pub fn unflushed_bytes(&self) -> u64 {
        let state = self.state.lock();
        state.inherited + state.unflushed
    }

    /// When the oldest telemetry arrived that is not retired; 0 if there is none.
    pub fn oldest_ns(&self) -> u64 {
        let state = self.state.lock();
        // What can't be read is as old as can be.
        state.sealed.iter().chain(&state.open).map(|generation| generation.first_ns.max(1)).min().unwrap_or(0)
    }

    /// Makes everything durable, unless with [`Sync::Never`], and ends the log. Later appends fail.
    pub fn close(&self) {
        let mut state = self.state.lock();
        state.closed = true;
        self.room.notify_all();
        while !state.queue.is_empty() {
            state = self.take_turn(state);
        }
        drop(state);
        self.rotate();
    }

    /// Waits until the bytes that are not flushed are below the bound. A large append passes like a small one then.
    fn admit<'a>(&'a self, mut state: MutexGuard<'a, State>) -> io::Result<MutexGuard<'a, State>> {
        let full = |state: &State| {
            // What a crash left counts half: after a start writes must be accepted at once.
            !state.closed && state.inherited / 2 + state.unflushed >= self.options.max_unflushed_bytes
        };
        if full(&state) {
            let until = Instant::now() + self.options.max_wait;
            if self.room.wait_while_until(&mut state, |state| full(state), until).timed_out() {
                self.counters.refused.fetch_add(1, Ordering::Relaxed);
                return Err(io::Error::from_raw_os_error(EAGAIN));
            }
        }
        Ok(state)
    }

    fn commit<'a>(&'a self, mut state: MutexGuard<'a, State>, entry: Entry) -> io::Result<Place> {
        if state.closed {
            return Err(io::Error::other("the log is closed"));
        }
        let bytes = entry.bytes();
        state.unflushed += bytes;
        let ticket = state.queue.push(entry);
        loop {
            if let Some(outcome) = state.queue.outcome(ticket) {
                if outcome.is_err() {
                    state.unflushed = state.unflushed.saturating_sub(bytes);
                }
                return outcome;
            }
            state = self.take_turn(state);
        }
    }

    /// Writes for all who wait, or waits for whoever does so now.
    fn take_turn<'a>(&'a self, mut state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
        let free = if state.exclusive == 0 { state.writer.take() } else { None };
        let Some(mut writer) = free else {
            self.turn.wait(&mut state);
            return state;
        };
        let entries = state.queue.take();
        let outcome = MutexGuard::unlocked(&mut state, || writer.write(&entries, &self.counters));
        state.queue.resolve(&entries, outcome);
        self.put_back(&mut state, writer);
        state
    }

    /// Does something with the writer while nobody writes.
    fn exclusively<T>(&self, action: impl FnOnce(&mut Writer) -> T) -> T {
        let mut state = self.state.lock();
        state.exclusive += 1;
        let mut writer = loop {
            match state.writer.take() {
                Some(writer) => break writer,
                None => self.turn.wait(&mut state),
            }
        };
        state.exclusive -= 1;
        let outcome = MutexGuard::unlocked(&mut state, || action(&mut writer));
        self.put_back(&mut state, writer);
        outcome
    }

    fn put_back(&self, state: &mut State, mut writer: Writer) {
        state.sealed.extend(writer.take_sealed());
        state.open = writer.generation().cloned();
        state.writer = Some(writer);
        self.turn.notify_all();
    }

    fn sync_every(self: &Arc<Log>, interval: Duration) -> io::Result<()> {
        let log = Arc::downgrade(self);
        let run = move || {
            loop {
                thread::sleep(interval);
                let Some(log) = log.upgrade() else { return };
                if log.state.lock().closed {
                    return;
                }
                log.exclusively(|writer| writer.sync_if_needed(&log.counters));
            }
        };
        thread::Builder::new().name("otelier-log-sync".to_owned()).spawn(run).map(|_| ())
    }
}
