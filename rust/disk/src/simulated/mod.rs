//! A disk in memory that loses, at a crash, whatever a real one may lose.
//!
//! Reads see what was written. A crash keeps what was synced, and of the rest any part: each sector of each write by
//! itself, each creation, renaming and removal by itself. Nobody may rely on more.

mod loss;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io;
use std::sync::Arc;

use bytes::Bytes;
use parking_lot::{Mutex, MutexGuard};

use self::loss::{Change, Content, Dice, NameChange};
use crate::disk::{Disk, File, ReadAt, check_path, parent};
use crate::operations::Operations;
use crate::real::half;

#[derive(Debug)]
pub struct SimulatedDisk {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    operations: Operations,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    files: HashMap<u64, Content>,
    names: BTreeMap<String, u64>,
    directories: BTreeSet<String>,
    durable_names: BTreeMap<String, u64>,
    durable_directories: BTreeSet<String>,
    /// Changes of names since the directory was synced, in order.
    renamings: Vec<(String, NameChange)>,
    next_file: u64,
    crashes: u64,
    failed_syncs: u64,
}

impl SimulatedDisk {
    pub fn new(operations: Operations) -> SimulatedDisk {
        SimulatedDisk { shared: Arc::new(Shared { operations, state: Mutex::default() }) }
    }

    /// The power goes, and comes back. Files open before can't be used any more. The seed decides what survives.
    pub fn crash(&self, seed: u64) {
        let mut dice = Dice::new(seed);
        let mut state = self.shared.state.lock();
        let State { files, renamings, durable_names, durable_directories, .. } = &mut *state;
        // Some crashes lose everything, some nothing, most something.
        let chance = [0, 20, 50, 90, 100][dice.below(5)];
        for (_, change) in renamings.drain(..) {
            if dice.below(100) < chance {
                change.apply(durable_names, durable_directories);
            }
        }
        let mut ids: Vec<u64> = files.keys().copied().collect();
        ids.sort_unstable();
        for id in ids {
            if let Some(content) = files.get_mut(&id) {
                content.lose_some(&mut dice, chance);
                content.now = content.durable.clone();
            }
        }
        state.names = state.durable_names.clone();
        state.directories = state.durable_directories.clone();
        // A file whose directory did not survive can't be reached.
        let State { names, directories, durable_names, .. } = &mut *state;
        names.retain(|path, _| parent(path).is_empty() || directories.contains(parent(path)));
        durable_names.clone_from(names);
        state.crashes += 1;
    }

    fn open(&self, path: &str, id: u64, crashes: u64) -> Box<SimulatedFile> {
        Box::new(SimulatedFile { shared: self.shared.clone(), path: path.to_owned(), id, crashes })
    }
}

impl State {
    fn find(&self, path: &str) -> io::Result<u64> {
        self.names.get(path).copied().ok_or_else(|| not_found(path))
    }

    fn is_dir(&self, path: &str) -> bool {
        path.is_empty() || self.directories.contains(path)
    }

    fn change(&mut self, change: NameChange) {
        change.clone().apply(&mut self.names, &mut self.directories);
        self.renamings.push((parent(change.path()).to_owned(), change));
    }
}

impl Disk for SimulatedDisk {
    fn create(&self, path: &str) -> io::Result<Box<dyn File>> {
        check_path(path)?;
        self.shared.operations.run("create", path, || {
            let mut state = self.shared.state.lock();
            if state.names.contains_key(path) || state.is_dir(path) {
                return Err(exists(path));
            }
            if !state.is_dir(parent(path)) {
                return Err(not_found(path));
            }
            state.next_file += 1;
            let id = state.next_file;
            state.files.insert(id, Content::default());
            state.change(NameChange::Add(path.to_owned(), id));
            Ok(self.open(path, id, state.crashes) as Box<dyn File>)
        })
    }

    fn open_append(&self, path: &str) -> io::Result<Box<dyn File>> {
        check_path(path)?;
        self.shared.operations.run("open", path, || {
            let state = self.shared.state.lock();
            Ok(self.open(path, state.find(path)?, state.crashes) as Box<dyn File>)
        })
    }

    fn open_read(&self, path: &str) -> io::Result<Arc<dyn ReadAt>> {
        check_path(path)?;
        let state = self.shared.state.lock();
        Ok(Arc::new(*self.open(path, state.find(path)?, state.crashes)))
    }

    fn write_again(&self, path: &str, bytes: &[u8]) -> io::Result<()> {
        check_path(path)?;
        let mut file = self.shared.operations.run("write", path, || {
            let state = self.shared.state.lock();
            let file = self.open(path, state.find(path)?, state.crashes);
            drop(state);
            file.with(|content| {
                let change = Change::Write(0, bytes.to_vec());
                content.pending.push(change.clone());
                change.apply(&mut content.now);
            })?;
            Ok(file)
        })?;
        file.sync()
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        check_path(from).and_then(|()| check_path(to))?;
        self.shared.operations.run("rename", &format!("{from} {to}"), || {
            let mut state = self.shared.state.lock();
            let id = state.find(from)?;
            if parent(from) != parent(to) {
                return Err(io::Error::new(io::ErrorKind::Unsupported, "simulated: rename within one directory"));
            }
            state.change(NameChange::Rename(from.to_owned(), to.to_owned(), id));
            Ok(())
        })
    }

    fn unlink(&self, path: &str) -> io::Result<()> {
        check_path(path)?;
        self.shared.operations.run("unlink", path, || {
            let mut state = self.shared.state.lock();
            state.find(path)?;
            state.change(NameChange::Remove(path.to_owned()));
            Ok(())
        })
    }

    fn sync_dir(&self, path: &str) -> io::Result<()> {
        check_path(path)?;
        self.shared.operations.run("sync_dir", path, || {
            let mut state = self.shared.state.lock();
            if !state.is_dir(path) {
                return Err(not_found(path));
            }
            let State { renamings, durable_names, durable_directories, .. } = &mut *state;
            let (here, elsewhere): (Vec<_>, _) = renamings.drain(..).partition(|(directory, _)| directory == path);
            *renamings = elsewhere;
            here.into_iter().for_each(|(_, change)| change.apply(durable_names, durable_directories));
            Ok(())
        })
    }

    fn list(&self, path: &str) -> io::Result<Vec<String>> {
        check_path(path)?;
        let state = self.shared.state.lock();
        if !state.is_dir(path) {
            return Err(not_found(path));
        }
        let all = state.names.keys().chain(&state.directories).filter(|name| parent(name) == path);
        let mut names: Vec<String> = all.map(|name| name.rsplit('/').next().unwrap_or(name).to_owned()).collect();
        names.sort();
        Ok(names)
    }

    fn create_dir(&self, path: &str) -> io::Result<()> {
        check_path(path)?;
        self.shared.operations.run("create_dir", path, || {
            let mut state = self.shared.state.lock();
            if state.names.contains_key(path) || state.is_dir(path) {
                return Err(exists(path));
            }
            if !state.is_dir(parent(path)) {
                return Err(not_found(path));
            }
            state.change(NameChange::Directory(path.to_owned()));
            Ok(())
        })
    }

    fn exists(&self, path: &str) -> bool {
        let state = self.shared.state.lock();
        state.names.contains_key(path) || state.is_dir(path)
    }

    fn operations(&self) -> &Operations {
        &self.shared.operations
    }
}

/// An open file, for reading or for writing.
#[derive(Debug)]
struct SimulatedFile {
    shared: Arc<Shared>,
    path: String,
    id: u64,
    crashes: u64,
}

impl SimulatedFile {
    fn with<T>(&self, action: impl FnOnce(&mut Content) -> T) -> io::Result<T> {
        let mut state = self.state()?;
        state.files.get_mut(&self.id).map(action).ok_or_else(|| not_found(&self.path))
    }

    fn state(&self) -> io::Result<MutexGuard<'_, State>> {
        let state = self.shared.state.lock();
        if state.crashes == self.crashes {
            return Ok(state);
        }
        Err(io::Error::other(format!("{}: opened before the crash", self.path)))
    }

    fn put(&self, parts: &[&[u8]]) -> io::Result<()> {
        self.with(|content| {
            let change = Change::Write(content.now.len(), parts.concat());
            parts.iter().for_each(|part| content.now.extend_from_slice(part));
            content.pending.push(change);
        })
    }
}

impl File for SimulatedFile {
    fn write(&mut self, parts: &[&[u8]]) -> io::Result<()> {
        if let Err(error) = self.shared.operations.begin("write", &self.path) {
            self.put(&half(parts))?;
            return Err(error);
        }
        let outcome = self.put(parts);
        self.shared.operations.end("write", &self.path);
        outcome
    }

    fn sync(&mut self) -> io::Result<()> {
        if let Err(error) = self.shared.operations.begin("sync", &self.path) {
            let mut state = self.state()?;
            state.failed_syncs += 1;
            let mut dice = Dice::new(state.failed_syncs);
            let content = state.files.get_mut(&self.id).ok_or_else(|| not_found(&self.path))?;
            content.lose_some(&mut dice, 50);
            return Err(error);
        }
        let outcome = self.with(Content::sync);
        self.shared.operations.end("sync", &self.path);
        outcome
    }

    fn truncate(&mut self, len: u64) -> io::Result<()> {
        let len = usize::try_from(len).map_err(io::Error::other)?;
        self.shared.operations.run("truncate", &self.path, || {
            self.with(|content| {
                content.now.resize(len, 0);
                content.pending.push(Change::Truncate(len));
            })
        })
    }

    fn len(&self) -> io::Result<u64> {
        self.with(|content| content.now.len() as u64)
    }
}

impl ReadAt for SimulatedFile {
    fn read_at(&self, offset: u64, len: usize) -> io::Result<Bytes> {
        self.shared.operations.begin("read", &self.path)?;
        self.with(|content| {
            let start = usize::try_from(offset).unwrap_or(usize::MAX).min(content.now.len());
            let end = start.saturating_add(len).min(content.now.len());
            Bytes::copy_from_slice(&content.now[start..end])
        })
    }

    fn len(&self) -> io::Result<u64> {
        File::len(self)
    }
}

fn not_found(path: &str) -> io::Error {
    io::Error::new(io::ErrorKind::NotFound, format!("{path}: not found"))
}

fn exists(path: &str) -> io::Error {
    io::Error::new(io::ErrorKind::AlreadyExists, format!("{path}: exists"))
}
