//! Attributes of resources are labels for queries that name them, and for no others; the newest word counts.

use std::sync::Arc;

use otelier_disk::{Disk, LogOptions, Operations, SimulatedDisk, Sync};
use otelier_series::flush::{Target, WINDOW_MS, flush};
use otelier_series::labels;
use otelier_series::log::{Bounds, Limits, SeriesLog};
use otelier_series::matcher::Matcher;
use otelier_series::merge::merge;
use otelier_series::samples::Builder;
use otelier_series::segment::Written;
use otelier_series::view::{Listed, Query, SeriesView};

const FOREVER: Bounds = Bounds { oldest_ms: i64::MIN, newest_ms: i64::MAX };

struct Store {
    disk: Arc<dyn Disk>,
    log: SeriesLog,
    view: SeriesView,
    written: Vec<Written>,
    retired: u64,
}

fn set(pairs: &[(&str, &str)]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut pairs: Vec<_> = pairs.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes())).collect();
    labels::put_sorted(&mut out, &mut pairs).unwrap();
    out
}

impl Store {
    fn new() -> Store {
        let disk: Arc<dyn Disk> = Arc::new(SimulatedDisk::new(Operations::new(false, 0)));
        let max_wait = std::time::Duration::ZERO;
        let options = LogOptions { sync: Sync::Commit, max_unflushed_bytes: 1 << 30, max_wait, retired: 0 };
        let limits = Limits { series: 1000, series_per_metric: 1000, label_names: 1000 };
        let log = SeriesLog::open(disk.clone(), "log", options, limits).unwrap();
        let view = SeriesView::new(disk.clone(), "log");
        Store { disk, log, view, written: Vec::new(), retired: 0 }
    }

    fn append(&self, ms: i64, hard: &[(&str, &str)], soft: &[(&str, &str)]) {
        let mut builder = Builder::default();
        let (hard, soft) = (builder.copy(&set(hard)).unwrap(), builder.copy(&set(soft)).unwrap());
        let series = builder.series(hard, soft);
        builder.sample(series, ms, 1);
        self.log.append("t", &builder.finish(), ms, FOREVER).unwrap();
    }

    fn flush(&mut self) {
        self.retired = self.log.rotate();
        let generations: Vec<u64> = self.log.log().generations().iter().map(|(number, _)| *number).collect();
        let target = Target { disk: &*self.disk, segments: "segments", now_ns: self.retired, window_ms: WINDOW_MS };
        let flushed = flush(target, "log", &generations).unwrap();
        self.written.extend(flushed.segments);
        self.log.log().retire(self.retired).unwrap();
    }

    fn merge(&mut self) {
        let paths: Vec<String> = self.written.iter().map(|written| written.path.clone()).collect();
        self.written = merge(&self.disk, &paths, "segments", &[], 99).unwrap().into_iter().collect();
    }

    /// Label sets as text, and how many samples each has.
    fn select(&self, matchers: &[(&str, &str, &str)], names: &[&str]) -> Vec<(String, usize)> {
        let listed = self.written.iter().map(|written| {
            let (min_ms, max_ms) = (written.summary.min_ms, written.summary.max_ms);
            Listed { path: written.path.clone(), min_ms, max_ms, tenant: "t".into() }
        });
        self.view.refresh(listed.collect(), self.retired).unwrap();
        let matchers: Vec<Matcher> =
            matchers.iter().map(|(name, operator, value)| Matcher::new(name, operator, value).unwrap()).collect();
        let names: Vec<Vec<u8>> = names.iter().map(|name| name.as_bytes().to_vec()).collect();
        let query = Query { matchers: &matchers, names: &names, first_ms: 0, last_ms: i64::MAX, only_last: false };
        let selected = self.view.select("t", &query, 1000, &mut Vec::new()).unwrap();
        let text = |set: &[u32]| {
            let pair = |pair: &u32| {
                let (name, value) = selected.pairs.get(*pair);
                format!("{}={}", String::from_utf8_lossy(name), String::from_utf8_lossy(value))
            };
            set.iter().map(pair).collect::<Vec<_>>().join(",")
        };
        let groups = selected.groups.iter();
        let mut found: Vec<_> =
            groups.flat_map(|group| group.labels.iter().map(|set| (text(set), group.ms.len()))).collect();
        found.sort();
        found
    }
}

/// The same in the log, in segments, in both, and merged.
fn everywhere(check: impl Fn(&Store)) {
    let up = |job| [("__name__", "up"), ("job", job)];
    for stage in 0..4 {
        let mut store = Store::new();
        store.append(1, &up("a"), &[("k8s.pod.name", "old"), ("pod", "soft")]);
        store.append(1, &[("__name__", "up"), ("job", "b"), ("pod", "hard")], &[("pod", "soft")]);
        if stage > 0 {
            store.flush();
        }
        store.append(2, &up("a"), &[("k8s.pod.name", "new")]);
        store.append(2, &up("c"), &[]);
        if stage > 1 {
            store.flush();
        }
        if stage > 2 {
            store.merge();
        }
        check(&store);
    }
}

fn owned(expected: &[(&str, usize)]) -> Vec<(String, usize)> {
    expected.iter().map(|(text, count)| ((*text).to_owned(), *count)).collect()
}

#[test]
fn a_query_that_names_no_attribute_sees_none() {
    everywhere(|store| {
        let expected = [("__name__=up,job=a", 2), ("__name__=up,job=b,pod=hard", 1), ("__name__=up,job=c", 1)];
        assert_eq!(store.select(&[("__name__", "=", "up")], &[]), owned(&expected));
    });
}

#[test]
fn named_attributes_are_labels_in_their_newest_form_where_no_label_has_the_name() {
    everywhere(|store| {
        let expected =
            [("__name__=up,job=a,k8s_pod_name=new", 2), ("__name__=up,job=b,pod=hard", 1), ("__name__=up,job=c", 1)];
        assert_eq!(store.select(&[("__name__", "=", "up")], &["k8s_pod_name"]), owned(&expected));
        assert_eq!(store.select(&[], &["job", "k8s.pod.name"])[0].0, "__name__=up,job=a,k8s.pod.name=new");
        let named = store.select(&[("job", "=", "b")], &["pod"]);
        assert_eq!(named, owned(&[("__name__=up,job=b,pod=hard", 1)]));
    });
}

#[test]
fn matchers_see_the_newest_attribute_alone() {
    everywhere(|store| {
        let found = owned(&[("__name__=up,job=a,k8s_pod_name=new", 2)]);
        assert_eq!(store.select(&[("k8s_pod_name", "=", "new")], &[]), found);
        assert_eq!(store.select(&[("k8s_pod_name", "=~", ".+")], &[]), found);
        assert_eq!(store.select(&[("k8s_pod_name", "=", "old")], &[]), []);
        let without = store.select(&[("k8s_pod_name", "=", "")], &[]);
        assert_eq!(without, owned(&[("__name__=up,job=b,pod=hard", 1), ("__name__=up,job=c", 1)]));
        assert_eq!(store.select(&[("pod", "=", "soft")], &[]).len(), 0);
        assert_eq!(store.select(&[("pod", "=", "hard")], &[]).len(), 1);
    });
}

#[test]
fn a_flush_writes_a_segment_for_each_two_hours() {
    let mut store = Store::new();
    for ms in [WINDOW_MS - 1, WINDOW_MS, 3 * WINDOW_MS, 3 * WINDOW_MS + 1] {
        store.append(ms, &[("__name__", "up")], &[]);
    }
    store.flush();
    let windows: Vec<_> = store.written.iter().map(|each| (each.summary.min_ms, each.summary.max_ms)).collect();
    let expected = [(WINDOW_MS - 1, WINDOW_MS - 1), (WINDOW_MS, WINDOW_MS), (3 * WINDOW_MS, 3 * WINDOW_MS + 1)];
    assert_eq!(windows, expected);
    assert_eq!(store.select(&[], &[]), owned(&[("__name__=up", 4)]));
}
