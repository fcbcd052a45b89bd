//! `SeriesLog`: samples that were accepted, durable when an append returns; see docs/spec/metrics-log.md.
//!
//! Series are known by ids within an epoch. Whoever uses a series that is not yet durably defined in the epoch defines it in
//! the own record, so no record relies on another that may still fail.

mod arena;
mod outcome;
mod tenant;

use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use otelier_disk::generation::is_tenant;
use otelier_disk::{Disk, Log, LogOptions};
use parking_lot::{Mutex, RwLock};

use crate::labels;
use crate::samples::Samples;
pub use outcome::Appended;
pub use tenant::Limits;
use tenant::Tenant;

/// What may be taken.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// The least and the greatest time of a sample, in ms.
    pub oldest_ms: i64,
    pub newest_ms: i64,
}

#[derive(Debug)]
pub struct SeriesLog {
    log: Arc<Log>,
    limits: Limits,
    /// Held by appends until they are durable, so that a rotation parts epochs.
    epoch: RwLock<Epoch>,
    tenants: RwLock<HashMap<String, Arc<Mutex<Tenant>>>>,
    /// The newest clock that an append has told.
    now_ms: AtomicI64,
}

#[derive(Debug)]
struct Epoch {
    /// Counted up from 1 while the process lives.
    serial: u32,
    /// The generation that has its records; 0 if none is durable yet.
    generation: AtomicU64,
}

impl Epoch {
    fn first() -> Epoch {
        Epoch { serial: 1, generation: AtomicU64::new(0) }
    }

    fn next(&self) -> Epoch {
        Epoch { serial: self.serial.wrapping_add(1).max(1), ..Epoch::first() }
    }

    /// As records have it.
    fn number(&self) -> u64 {
        labels::hash(&self.serial.to_le_bytes())
    }

    /// A record is durable in `generation`. False if others are in another one.
    fn is_in(&self, generation: u64) -> bool {
        let before = self.generation.compare_exchange(0, generation, Ordering::AcqRel, Ordering::Acquire);
        before.is_ok_and(|_| true) || before == Err(generation)
    }
}

impl SeriesLog {
    pub fn open(disk: Arc<dyn Disk>, directory: &str, options: LogOptions, limits: Limits) -> io::Result<SeriesLog> {
        Ok(SeriesLog {
            log: Log::open(disk, directory, options)?,
            limits,
            epoch: RwLock::new(Epoch::first()),
            tenants: RwLock::default(),
            now_ms: AtomicI64::new(0),
        })
    }

    /// Generations, counters, what waits: as any log. Not for appending or rotating.
    pub fn log(&self) -> &Arc<Log> {
        &self.log
    }

    /// Takes what can be taken; that is durable then. Fails with EAGAIN if too much waits to be flushed; with whatever the
    /// disk says, and nothing is kept then.
    pub fn append(&self, tenant: &str, samples: &Samples, now_ms: i64, bounds: Bounds) -> io::Result<Appended> {
        if !is_tenant(tenant) {
            let text = format!("a tenant is 1 to 63 of A-Z, a-z, 0-9, _ and -, not {tenant:?}");
            return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
        }
        // Before the epoch is held: the flush that makes room rotates first.
        self.log.wait_for_room()?;
        self.now_ms.fetch_max(now_ms, Ordering::Relaxed);
        let known = self.tenant(tenant);
        let now_ns = u64::try_from(now_ms).unwrap_or(0).saturating_mul(1_000_000);
        loop {
            let epoch = self.epoch.read();
            let taken = known.lock().take(samples, epoch.serial, now_ms, bounds, &self.limits);
            let items = u32::try_from(taken.outcome.items()).map_err(io::Error::other)?;
            let payload = taken.encoder.finish(epoch.number());
            if payload.is_empty() {
                return Ok(taken.outcome);
            }
            let written = self.log.append_series(tenant, now_ns, items, payload);
            if written.as_ref().is_ok_and(|generation| epoch.is_in(*generation)) {
                known.lock().defined(taken.news, epoch.serial);
                return Ok(taken.outcome);
            }
            let serial = epoch.serial;
            drop(epoch);
            self.end_epoch(serial);
            // What this record relied on is in an older generation, which was sealed behind our back: written once more.
            written?;
        }
    }

    /// Seals the open generation. After that no record is added to the generation answered, or to an older one.
    pub fn rotate(&self) -> u64 {
        let mut epoch = self.epoch.write();
        let last = self.log.rotate();
        *epoch = epoch.next();
        let now_s = seconds(self.now_ms.load(Ordering::Relaxed));
        for tenant in self.tenants.read().values() {
            tenant.lock().forget_idle(now_s);
        }
        last
    }

    /// The metrics with the most active series, and how many they have.
    pub fn active(&self, tenant: &str, limit: usize) -> Vec<(String, usize)> {
        let known = self.tenants.read().get(tenant).cloned();
        known.map_or_else(Vec::new, |known| known.lock().active(limit))
    }

    /// How many series of a tenant are active.
    pub fn active_series(&self, tenant: &str) -> usize {
        let known = self.tenants.read().get(tenant).cloned();
        known.map_or(0, |known| known.lock().active_series())
    }

    /// Nothing is appended any more.
    pub fn close(&self) {
        self.log.close();
    }

    /// Ends the epoch, unless somebody else has.
    fn end_epoch(&self, serial: u32) {
        let mut epoch = self.epoch.write();
        if epoch.serial == serial {
            *epoch = epoch.next();
        }
    }

    fn tenant(&self, name: &str) -> Arc<Mutex<Tenant>> {
        if let Some(known) = self.tenants.read().get(name) {
            return known.clone();
        }
        self.tenants.write().entry(name.to_owned()).or_default().clone()
    }
}

/// Of a clock; never 0.
fn seconds(ms: i64) -> u32 {
    u32::try_from(ms / 1000).unwrap_or(0).max(1)
}
