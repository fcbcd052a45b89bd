//! How a log is kept, what is carried in it, and what happened to it.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use bytes::Bytes;
use otelier_wire::Signal;

use crate::generation::{Heading, Kind};

/// When what was written is made durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sync {
    /// Before an append returns.
    Commit,
    /// By a thread, this often; a power cut loses what came since.
    Interval(Duration),
    /// When the operating system likes.
    Never,
}

#[derive(Clone, Debug)]
pub struct LogOptions {
    pub sync: Sync,
    /// With so many bytes not retired, appends wait.
    pub max_unflushed_bytes: u64,
    /// How long they wait before they fail with EAGAIN.
    pub max_wait: Duration,
    /// No generation up to this one is written again, even if its file is gone: what the manifest says is retired.
    pub retired: u64,
}

impl Default for LogOptions {
    fn default() -> LogOptions {
        LogOptions { sync: Sync::Commit, max_unflushed_bytes: 256 << 20, max_wait: Duration::from_secs(5), retired: 0 }
    }
}

/// Telemetry that a flush takes over from an older generation.
#[derive(Clone, Debug)]
pub struct Carried {
    pub tenant: Arc<str>,
    pub signal: Signal,
    pub items: u32,
    pub first_ns: u64,
    pub last_ns: u64,
    pub from_generation: u64,
    pub otlp: Bytes,
}

/// "Try again": what a log says whose flush can't keep up.
pub const EAGAIN: i32 = if cfg!(target_os = "macos") { 35 } else { 11 };

/// What happened so far.
#[derive(Debug, Default)]
pub struct Counters {
    pub writes: AtomicU64,
    pub syncs: AtomicU64,
    pub failed_writes: AtomicU64,
    pub failed_syncs: AtomicU64,
    /// Appends refused because too much waits to be flushed.
    pub refused: AtomicU64,
}

impl Carried {
    pub(crate) fn into_record(self) -> (Heading, Vec<Bytes>) {
        let Carried { tenant, signal, items, first_ns, last_ns, from_generation, otlp } = self;
        (Heading { kind: Kind::Carried, signal, tenant, items, first_ns, last_ns, from_generation }, vec![otlp])
    }
}
