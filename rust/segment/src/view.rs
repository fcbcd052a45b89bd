//! `View`: segments and live log as one, as of the newest refresh. Many threads ask while one refreshes.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Instant;

use hashbrown::HashSet;
use otelier_disk::Disk;
use otelier_wire::{Batch, Signal};
use parking_lot::{Mutex, RwLock};

use crate::assemble::Assembly;
use crate::error::ReadError;
use crate::filter::Filter;
use crate::hot::{Chunk, Hot, Visible};
use crate::listed::{Listed, Segments};
use crate::newest::{Block, TraceId, Traces, newest};
use crate::reader::{Cache, FileBlock, Part, Scanned, SegmentFile, facts, fetch, room};
use crate::spans::SplitsByTenant;
use crate::summary::{Summary, summarize};

/// Where the log lies on the disk.
const LOG: &str = "log";

/// Span name, span kind.
pub type Operation = (Arc<[u8]>, i32);

#[derive(Debug)]
pub struct View {
    disk: Arc<dyn Disk>,
    hot: Mutex<Hot>,
    pub(crate) cache: Arc<Cache>,
    snapshot: RwLock<Arc<Snapshot>>,
    /// Segments that can't be read, and why: questions are answered from the others.
    left_out: Mutex<BTreeMap<String, String>>,
    pub(crate) splits: SplitsByTenant,
}

/// What was there at a refresh; never changes.
#[derive(Debug, Default)]
pub(crate) struct Snapshot {
    hot: Visible,
    segments: Arc<Segments>,
}

impl Snapshot {
    pub fn chunks(&self, tenant: &str, signal: Signal) -> &[Arc<Chunk>] {
        self.hot.get(&(tenant.into(), signal)).map_or(&[], Vec::as_slice)
    }
}

impl View {
    /// Empty until the first refresh.
    pub fn new(disk: Arc<dyn Disk>) -> View {
        let cache = Arc::new(Cache::new(disk.clone(), room()));
        let (hot, left_out) = (Mutex::default(), Mutex::default());
        View { disk, hot, cache, snapshot: RwLock::default(), left_out, splits: SplitsByTenant::default() }
    }

    /// Takes on a state of the manifest and what has come to the log since. Calls that run meanwhile go on with what
    /// they began with.
    pub fn refresh(&self, paths: &[String], retired: u64) -> Result<(), ReadError> {
        self.refresh_with(paths, &[], retired)
    }

    /// The same; with least and greatest start of each segment, searches open those only that can matter.
    pub fn refresh_with(&self, paths: &[String], starts: &[(u64, u64)], retired: u64) -> Result<(), ReadError> {
        let mut hot = self.hot.lock();
        hot.refresh(&*self.disk, LOG, retired)?;
        let mut segments = self.snapshot().segments.clone();
        if segments.paths != paths {
            segments = Arc::new(Segments::new(paths, starts)?);
            let kept: HashSet<&str> = paths.iter().map(String::as_str).collect();
            self.cache.keep(|path| kept.contains(&**path));
            self.left_out.lock().retain(|path, _| kept.contains(&**path));
            self.splits.keep(segments.of.keys().map(|(tenant, _)| &**tenant).collect());
        }
        let snapshot = Arc::new(Snapshot { hot: hot.visible(retired), segments });
        *self.snapshot.write() = snapshot;
        Ok(())
    }

    /// Opens the newest segments, so that the next question need not wait for their indexes and footers.
    pub fn open_ahead(&self) {
        /// As much as about five million spans take: more is opened when it is asked for.
        const MOST_BYTES: usize = 96 << 20;
        let snapshot = self.snapshot();
        let mut listed: Vec<&Listed> = snapshot.segments.of.values().flatten().collect();
        listed.sort_unstable_by_key(|listed| Reverse(*listed.starts.end()));
        let mut bytes = 0;
        for listed in listed {
            if bytes > MOST_BYTES {
                return;
            }
            // What can't be read is told to those who ask.
            let Ok(file) = self.cache.get(&listed.path) else { continue };
            let _ = file.open_whole();
            bytes += file.weight();
        }
    }

    /// All spans of these traces, each once.
    pub fn traces(&self, tenant: &str, trace_ids: &[TraceId]) -> Result<Batch, ReadError> {
        self.fetch(tenant, Signal::Traces, trace_ids)
    }

    /// All log records of these traces.
    pub fn logs(&self, tenant: &str, trace_ids: &[TraceId]) -> Result<Batch, ReadError> {
        self.fetch(tenant, Signal::Logs, trace_ids)
    }

    fn fetch(&self, tenant: &str, signal: Signal, trace_ids: &[TraceId]) -> Result<Batch, ReadError> {
        self.answer(|snapshot| self.fetch_of(snapshot, tenant, signal, trace_ids))
    }

    fn fetch_of(
        &self,
        snapshot: &Snapshot,
        tenant: &str,
        signal: Signal,
        trace_ids: &[TraceId],
    ) -> Result<Batch, ReadError> {
        let files = self.files(snapshot, tenant, signal)?;
        let mut assembly = Assembly::default();
        let mut trace_ids = trace_ids.to_vec();
        trace_ids.sort_unstable();
        trace_ids.dedup();
        let trace_ids: Arc<[TraceId]> = trace_ids.into();
        fetch(signal, Part::all(&files, &trace_ids)?, &trace_ids, &mut assembly)?;
        for trace_id in &*trace_ids {
            for chunk in snapshot.chunks(tenant, signal) {
                match signal {
                    Signal::Logs => chunk.logs(trace_id, &mut assembly)?,
                    _ => chunk.spans(trace_id, &mut assembly)?,
                }
            }
        }
        Ok(assembly.finish(signal))
    }

    /// The newest traces with a span that the filter means and that starts in `window`, newest first, each with the
    /// start of its newest such span.
    pub fn search(
        &self,
        tenant: &str,
        filter: &Arc<Filter>,
        window: &RangeInclusive<u64>,
        limit: usize,
    ) -> Result<Vec<(TraceId, u64)>, ReadError> {
        self.search_until(tenant, filter, window, limit, None).map(|traces| traces.found)
    }

    /// The same, but of what was looked at before a moment.
    pub(crate) fn search_until(
        &self,
        tenant: &str,
        filter: &Arc<Filter>,
        window: &RangeInclusive<u64>,
        limit: usize,
        deadline: Option<Instant>,
    ) -> Result<Traces, ReadError> {
        self.answer(|snapshot| {
            if filter.asks_trace() {
                return self.search_traces(snapshot, tenant, filter, window, limit, deadline);
            }
            let chunks = snapshot.chunks(tenant, Signal::Traces).iter().map(|chunk| chunk.clone() as Arc<dyn Block>);
            let listed = self.listed(snapshot, tenant, Signal::Traces);
            let files = listed.into_iter().map(|Listed { path, starts }| {
                let (cache, path, starts) = (self.cache.clone(), path.clone(), starts.clone());
                Arc::new(FileBlock { cache, path, starts }) as Arc<dyn Block>
            });
            newest(chunks.chain(files).collect(), filter, window, limit, deadline)
        })
    }

    /// In the order of `trace_ids`, without those of which nothing is there.
    pub fn summaries(&self, tenant: &str, trace_ids: &[TraceId]) -> Result<Vec<Summary>, ReadError> {
        self.answer(|snapshot| self.summaries_of(snapshot, tenant, trace_ids))
    }

    fn summaries_of(
        &self,
        snapshot: &Snapshot,
        tenant: &str,
        trace_ids: &[TraceId],
    ) -> Result<Vec<Summary>, ReadError> {
        let files = self.files(snapshot, tenant, Signal::Traces)?;
        let mut all = vec![Vec::new(); trace_ids.len()];
        let mut parts = Part::all(&files, trace_ids)?;
        let mut count = vec![0; trace_ids.len()];
        parts.iter().for_each(|part| count[part.trace] += 1);
        for (trace, trace_id) in trace_ids.iter().enumerate() {
            for chunk in snapshot.chunks(tenant, Signal::Traces) {
                chunk.facts(trace_id, &mut all[trace])?;
            }
        }
        parts.iter_mut().for_each(|part| part.split = count[part.trace] > 1 || !all[part.trace].is_empty());
        facts(parts, trace_ids, &mut all)?;
        Ok(trace_ids.iter().zip(all).filter_map(|(trace_id, facts)| summarize(*trace_id, facts)).collect())
    }

    /// Services (an empty one for spans that name none) of what is in the live log, each once, in order.
    pub fn hot_services(&self, tenant: &str) -> Vec<Arc<[u8]>> {
        let snapshot = self.snapshot();
        let chunks = snapshot.chunks(tenant, Signal::Traces).iter();
        // Equal ones are one in memory: most go before texts are compared.
        let mut seen = HashSet::new();
        let services =
            chunks.flat_map(|chunk| &chunk.shapes_of().services).filter(|service| seen.insert(service.as_ptr()));
        let services: BTreeSet<&Arc<[u8]>> = services.collect();
        services.into_iter().cloned().collect()
    }

    /// Name and kind of what a service (empty: spans that name none) does in the live log, each once, in order.
    pub fn hot_operations(&self, tenant: &str, service: &str) -> Vec<Operation> {
        let snapshot = self.snapshot();
        let mut seen = HashSet::new();
        let mut operations = BTreeSet::new();
        for chunk in snapshot.chunks(tenant, Signal::Traces) {
            let own = chunk.shapes_of().of_service(service.as_bytes()).map(|shape| &chunk.shapes[shape]);
            let new = own.filter(|shape| seen.insert((shape.name.as_ptr(), shape.kind)));
            operations.extend(new.map(|shape| (shape.name.clone(), shape.kind)));
        }
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

    /// What was read of segments so far.
    pub fn scanned(&self) -> &Scanned {
        &self.cache.scanned
    }

    fn files(&self, snapshot: &Snapshot, tenant: &str, signal: Signal) -> Result<Vec<Arc<SegmentFile>>, ReadError> {
        self.listed(snapshot, tenant, signal).into_iter().map(|listed| self.cache.get(&listed.path)).collect()
    }

    /// Without those that are left out.
    pub(crate) fn listed<'s>(&self, snapshot: &'s Snapshot, tenant: &str, signal: Signal) -> Vec<&'s Listed> {
        let all = snapshot.segments.of.get(&(tenant.into(), signal)).map_or(&[][..], Vec::as_slice);
        let left_out = self.left_out.lock();
        all.iter().filter(|listed| !left_out.contains_key(&*listed.path)).collect()
    }

    /// Asks the newest snapshot, without the segments that turn out to be damaged: one of them must not keep the rest
    /// from being found.
    pub(crate) fn answer<T>(&self, ask: impl Fn(&Snapshot) -> Result<T, ReadError>) -> Result<T, ReadError> {
        let mut tries = 0;
        loop {
            let snapshot = self.snapshot();
            let error = match ask(&snapshot) {
                Err(error @ (ReadError::Damaged { .. } | ReadError::Io { .. })) => error,
                answer => return answer,
            };
            let Some(segment) = error.blames().and_then(|path| snapshot.segments.of_file(path)) else {
                return Err(error);
            };
            // Another thread may have found the same; but nobody asks more often than there are segments.
            if tries > snapshot.segments.paths.len() {
                return Err(error);
            }
            self.left_out.lock().insert(segment.to_owned(), error.to_string());
            tries += 1;
        }
    }

    /// What is wrong with each segment that answers are made without.
    pub fn left_out(&self) -> Vec<String> {
        self.left_out.lock().values().cloned().collect()
    }

    fn snapshot(&self) -> Arc<Snapshot> {
        self.snapshot.read().clone()
    }
}
