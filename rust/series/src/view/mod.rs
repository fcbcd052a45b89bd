//! `SeriesView`: segments and log as one, as of the newest refresh. Many threads ask while one refreshes.

mod fits;
mod groups;
mod join;
mod logged;
mod lookups;
mod plan;
mod ranged;
mod segments;
mod select;
mod statistics;
mod timeline;
mod vocabulary;

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use otelier_disk::Disk;
use otelier_segment::error::ReadError;
use parking_lot::{Mutex, RwLock};

use crate::hot::Hot;
use crate::matcher::Matcher;
use crate::ranges::Sliding;
use crate::read::Segment;
use crate::soft::means;
pub use fits::has_series;
pub use groups::{Cells, Group};
use join::Joined;
pub use join::Query;
pub use logged::by_time;
use logged::{Extract, Wanted, extract, is_soft};
pub use lookups::{SeriesExemplars, SeriesFound, TYPES, read_exemplars, read_metadata};
use plan::{Part, Plan};
pub use ranged::{Grouping, Ranged};
use segments::Finder;
pub use select::{Failed, Fill, Room, Selected};
pub use statistics::Statistics;

/// What open segments may take in memory.
const MAX_BYTES: usize = 512 << 20;

/// A segment that need not have been opened yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    pub path: String,
    pub min_ms: i64,
    pub max_ms: i64,
    pub tenant: String,
}

#[derive(Debug)]
pub struct SeriesView {
    disk: Arc<dyn Disk>,
    log_directory: String,
    state: RwLock<State>,
    open: Mutex<Open>,
    /// Segments that can't be read, and why: questions are answered from the others.
    left_out: Mutex<BTreeMap<String, String>>,
}

#[derive(Debug, Default)]
struct State {
    segments: Arc<Vec<Listed>>,
    hot: Hot,
}

/// The segments that a question is asked of.
struct Known {
    all: Arc<Vec<Listed>>,
}

/// Open segments by path.
#[derive(Debug, Default)]
struct Open {
    files: BTreeMap<String, Opened>,
    now: u64,
}

#[derive(Debug)]
struct Opened {
    segment: Arc<Segment>,
    /// When it was used last, and how much memory it took before that.
    used: u64,
    bytes: usize,
}

/// What a question found: which segments have which series, and what the log says.
struct Answer {
    joined: Joined,
    segments: Vec<(Arc<Segment>, Vec<segments::Found>)>,
    logged: Vec<Extract>,
    /// Some matchers wait for soft attributes.
    waits: bool,
}

impl SeriesView {
    /// Empty until the first refresh.
    pub fn new(disk: Arc<dyn Disk>, log_directory: &str) -> SeriesView {
        SeriesView {
            disk,
            log_directory: log_directory.into(),
            state: RwLock::default(),
            open: Mutex::default(),
            left_out: Mutex::default(),
        }
    }

    /// Takes on a state of the manifest, whose segments come oldest first, and what has come to the log since.
    pub fn refresh(&self, segments: Vec<Listed>, retired: u64) -> Result<(), ReadError> {
        let mut state = self.state.write();
        state.hot.refresh(&*self.disk, &self.log_directory, retired)?;
        if *state.segments != segments {
            let kept: HashSet<&str> = segments.iter().map(|listed| &listed.path[..]).collect();
            self.open.lock().files.retain(|path, _| kept.contains(&path[..]));
            self.left_out.lock().retain(|path, _| kept.contains(&path[..]));
            state.segments = Arc::new(segments);
        }
        Ok(())
    }

    /// Series that fit all matchers, with their samples of the window, which are put into `room`; at most so many.
    pub fn select(
        &self,
        tenant: &str,
        query: &Query,
        max_samples: u64,
        room: &mut dyn Room,
    ) -> Result<Selected, Failed> {
        self.planned(tenant, query, |joined, plan| select::assemble(joined, plan, max_samples, room))
    }

    /// What the same series are worth at steps, maybe grouped; `None` if only their samples can tell.
    pub fn range(
        &self,
        tenant: &str,
        query: &Query,
        sliding: &dyn Fn() -> Sliding,
        grouping: Option<Grouping>,
        max_samples: u64,
        room: &mut dyn Room,
    ) -> Result<Option<Ranged>, Failed> {
        self.planned(tenant, query, |joined, plan| plan.range(joined, sliding(), grouping, max_samples, room))
    }

    fn planned<T>(
        &self,
        tenant: &str,
        query: &Query,
        mut read: impl FnMut(Joined, Plan) -> Result<T, Failed>,
    ) -> Result<T, Failed> {
        self.answer(|known| {
            let Answer { joined, segments, logged, waits } = self.find(tenant, query, Wanted::Samples, known)?;
            let parts: Vec<Part> = segments.iter().map(|(segment, found)| Part { segment, found }).collect();
            let keep = |joined: &Joined, series: u32| !waits || joined.holds(series, query.matchers);
            let plan = Plan::new(&joined, &parts, &logged, query, keep)?;
            read(joined, plan)
        })
    }

    /// The segments and the log's part of a question, which is copied out of the log.
    fn find(&self, tenant: &str, query: &Query, wanted: Wanted, listed: &Known) -> Result<Answer, Failed> {
        let (mut joined, mut waits) = (Joined::default(), false);
        let mut segments = Vec::new();
        let all = self.of(tenant, (query.first_ms, query.last_ms), listed)?;
        let soft_names = self.soft_names(tenant, query, &all);
        for segment in all {
            let mut finder = Finder::new(&segment, query, &soft_names, wanted == Wanted::Exemplars)?;
            let found = finder.find(&mut joined)?;
            waits |= finder.waits;
            segments.push((segment, found));
        }
        let state = self.state.read();
        if !Arc::ptr_eq(&state.segments, &listed.all) {
            return Err(Failed::Moved);
        }
        let logged: Vec<Extract> =
            state.hot.stores(tenant).map(|store| extract(store, query, wanted, &soft_names, &mut joined)).collect();
        drop(state);
        waits |= logged.iter().any(|extract| extract.waits);
        Ok(Answer { joined, segments, logged, waits })
    }

    /// The names in the query that are attributes of some series.
    fn soft_names<'a>(&self, tenant: &str, query: &'a Query, segments: &[Arc<Segment>]) -> Vec<&'a [u8]> {
        let written = |name: &[u8]| {
            segments.iter().any(|segment| segment.summary.soft.iter().any(|key| means(name, key.as_bytes())))
        };
        let state = self.state.read();
        let logged = |name: &[u8]| state.hot.stores(tenant).any(|store| is_soft(store, name));
        query.soft_names().filter(|name| written(name) || logged(name)).collect()
    }

    fn segment(&self, path: &str) -> Result<Arc<Segment>, ReadError> {
        let mut open = self.open.lock();
        open.now += 1;
        let now = open.now;
        if let Some(opened) = open.files.get_mut(path) {
            opened.used = now;
            return Ok(opened.segment.clone());
        }
        drop(open);
        let segment = Arc::new(Segment::open(&self.disk, path)?);
        self.open.lock().files.insert(path.into(), Opened { segment: segment.clone(), used: now, bytes: 0 });
        Ok(segment)
    }

    /// The segments of a tenant with samples in a time.
    fn of(&self, tenant: &str, window: (i64, i64), known: &Known) -> Result<Vec<Arc<Segment>>, ReadError> {
        let left_out = self.left_out.lock().clone();
        let meant = |listed: &&Listed| {
            let overlaps = listed.max_ms >= window.0 && listed.min_ms <= window.1;
            listed.tenant == tenant && overlaps && !left_out.contains_key(&listed.path)
        };
        known.all.iter().filter(meant).map(|listed| self.segment(&listed.path)).collect()
    }

    /// Asks without the segments that turn out to be damaged: one of them must not keep the rest from being found.
    fn answer<T>(&self, mut ask: impl FnMut(&Known) -> Result<T, Failed>) -> Result<T, Failed> {
        let began = self.open.lock().now;
        loop {
            let known = Known { all: self.state.read().segments.clone() };
            let error = match ask(&known) {
                Err(Failed::Moved) => continue,
                Err(Failed::Read(error @ (ReadError::Damaged { .. } | ReadError::Io { .. }))) => error,
                answer => {
                    self.open.lock().shrink(began);
                    return answer;
                }
            };
            let stem = |path: &str| path.split('.').next().unwrap_or_default().to_owned();
            let blamed = error.blames().map(stem);
            match known.all.iter().find(|listed| Some(stem(&listed.path)) == blamed) {
                Some(listed) => self.left_out.lock().insert(listed.path.clone(), error.to_string()),
                None => return Err(error.into()),
            };
        }
    }

    /// All series that fit, whatever soft attributes say.
    fn joined(&self, tenant: &str, query: &Query) -> Result<Joined, Failed> {
        self.answer(|known| Ok(self.find(tenant, query, Wanted::Labels, known)?.joined))
    }

    /// How many samples the log and the segments of the newest two hours hold, and their first and last time.
    fn extent(&self, tenant: &str) -> (u64, Option<i64>, Option<i64>) {
        let state = self.state.read();
        let own = || state.segments.iter().filter(|listed| listed.tenant == tenant);
        let stamps = || state.hot.stores(tenant).flat_map(|store| store.stamps.iter().copied());
        let last = own().map(|listed| listed.max_ms).chain(stamps()).max();
        let first = own().map(|listed| listed.min_ms).chain(stamps()).min();
        let logged: usize = state.hot.stores(tenant).map(|store| store.samples()).sum();
        let newest: Vec<String> = own()
            .filter(|listed| last.is_some_and(|last| listed.max_ms >= last.saturating_sub(statistics::ACTIVE_MS)))
            .map(|listed| listed.path.clone())
            .collect();
        drop(state);
        let samples = |path: String| self.segment(&path).map_or(0, |segment| segment.summary.samples);
        (logged as u64 + newest.into_iter().map(samples).sum::<u64>(), first, last)
    }

    /// What is wrong with each segment that answers are made without.
    pub fn left_out(&self) -> Vec<String> {
        self.left_out.lock().values().cloned().collect()
    }

    /// Samples of each tenant that are in the log.
    pub fn logged(&self) -> BTreeMap<Arc<str>, usize> {
        self.state.read().hot.samples()
    }
}

impl Open {
    /// Lets go of those that were used least. What was used since a moment may have grown.
    fn shrink(&mut self, since: u64) {
        for opened in self.files.values_mut().filter(|opened| opened.used > since) {
            opened.bytes = opened.segment.size();
        }
        let mut bytes: usize = self.files.values().map(|opened| opened.bytes).sum();
        while bytes > MAX_BYTES && self.files.len() > 1 {
            let oldest = self.files.iter().min_by_key(|(_, opened)| opened.used).map(|(path, _)| path.clone());
            let Some(opened) = oldest.and_then(|path| self.files.remove(&path)) else { return };
            bytes = bytes.saturating_sub(opened.bytes);
        }
    }
}

/// Matchers of several selectors: a series has to fit one of them.
pub type Selectors = [Vec<Matcher>];
