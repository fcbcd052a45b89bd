//! `View`: segments and live log as one, as of the newest refresh. Many threads ask while one refreshes.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::sync::Arc;

use otelier_disk::Disk;
use otelier_wire::{Batch, Signal};
use parking_lot::{Mutex, RwLock};

use crate::assemble::Assembly;
use crate::error::ReadError;
use crate::filter::Filter;
use crate::hot::{Chunk, Hot, Visible};
use crate::newest::{Block, TraceId, newest};
use crate::summary::{Summary, summarize};

/// Where the log lies on the disk.
const LOG: &str = "log";

/// Service, span name, span kind.
pub type Operation = (Arc<[u8]>, Arc<[u8]>, i32);

#[derive(Debug)]
pub struct View {
    disk: Arc<dyn Disk>,
    hot: Mutex<Hot>,
    snapshot: RwLock<Arc<Snapshot>>,
}

/// What was there at a refresh; never changes.
#[derive(Debug, Default)]
struct Snapshot {
    hot: Visible,
}

impl Snapshot {
    fn chunks(&self, tenant: &str, signal: Signal) -> &[Arc<Chunk>] {
        self.hot.get(&(tenant.into(), signal)).map_or(&[], Vec::as_slice)
    }
}

impl View {
    /// Empty until the first refresh.
    pub fn new(disk: Arc<dyn Disk>) -> View {
        View { disk, hot: Mutex::default(), snapshot: RwLock::default() }
    }

    /// Takes on a state of the manifest and what has come to the log since. Calls that run meanwhile go on with what
    /// they began with.
    pub fn refresh(&self, _segments: &[String], retired: u64) -> Result<(), ReadError> {
        let mut hot = self.hot.lock();
        hot.refresh(&*self.disk, LOG, retired)?;
        let snapshot = Arc::new(Snapshot { hot: hot.visible(retired) });
        *self.snapshot.write() = snapshot;
        Ok(())
    }

    /// All spans of these traces, each once.
    pub fn traces(&self, tenant: &str, trace_ids: &[TraceId]) -> Result<Batch, ReadError> {
        let snapshot = self.snapshot();
        let mut assembly = Assembly::default();
        for trace_id in trace_ids {
            for chunk in snapshot.chunks(tenant, Signal::Traces) {
                chunk.spans(trace_id, &mut assembly)?;
            }
        }
        Ok(assembly.finish(Signal::Traces))
    }

    /// All log records of these traces.
    pub fn logs(&self, tenant: &str, trace_ids: &[TraceId]) -> Result<Batch, ReadError> {
        let snapshot = self.snapshot();
        let mut assembly = Assembly::default();
        for trace_id in trace_ids {
            for chunk in snapshot.chunks(tenant, Signal::Logs) {
                chunk.logs(trace_id, &mut assembly)?;
            }
        }
        Ok(assembly.finish(Signal::Logs))
    }

    /// The newest traces with a span that the filter means and that starts in `window`, newest first, each with the
    /// start of its newest such span.
    pub fn search(
        &self,
        tenant: &str,
        filter: &Filter,
        window: &RangeInclusive<u64>,
        limit: usize,
    ) -> Result<Vec<(TraceId, u64)>, ReadError> {
        let snapshot = self.snapshot();
        let chunks = snapshot.chunks(tenant, Signal::Traces);
        let blocks = chunks.iter().map(|chunk| &**chunk as &dyn Block).collect();
        newest(blocks, filter, window, limit)
    }

    /// In the order of `trace_ids`, without those of which nothing is there.
    pub fn summaries(&self, tenant: &str, trace_ids: &[TraceId]) -> Result<Vec<Summary>, ReadError> {
        let snapshot = self.snapshot();
        let mut summaries = Vec::with_capacity(trace_ids.len());
        for trace_id in trace_ids {
            let mut facts = Vec::new();
            for chunk in snapshot.chunks(tenant, Signal::Traces) {
                chunk.facts(trace_id, &mut facts)?;
            }
            summaries.extend(summarize(*trace_id, facts));
        }
        Ok(summaries)
    }

    /// Service (empty if none), name and kind of what is in the live log, each once, in order.
    pub fn hot_operations(&self, tenant: &str) -> Vec<Operation> {
        let snapshot = self.snapshot();
        let shapes = snapshot.chunks(tenant, Signal::Traces).iter().flat_map(|chunk| &chunk.shapes);
        let operations: BTreeSet<Operation> =
            shapes.map(|shape| (shape.service().unwrap_or_default().into(), shape.name.clone(), shape.kind)).collect();
        operations.into_iter().collect()
    }

    /// Items in the live log, of all tenants and signals.
    pub fn hot_items(&self) -> usize {
        self.snapshot().hot.values().flatten().map(|chunk| chunk.rows()).sum()
    }

    /// Bytes of the live log that could not be read.
    pub fn damaged_bytes(&self) -> u64 {
        self.hot.lock().damaged_bytes()
    }

    fn snapshot(&self) -> Arc<Snapshot> {
        self.snapshot.read().clone()
    }
}
