//! `cargo run --release --example reads`: bytes a sample of a segment like a real scrape, and CPU time of selections.

use std::sync::Arc;
use std::time::Instant;

use otelier_disk::{Disk, Operations, RealDisk};
use otelier_series::labels;
use otelier_series::matcher::Matcher;
use otelier_series::segment::{Input, Names, Writer, Written};
use otelier_series::view::{Listed, Query, SeriesView};

const STEP_MS: i64 = 15_000;
const COUNT: usize = 480;

struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }

    fn unit(&mut self) -> f64 {
        self.below(1 << 31) as f64 / (1u64 << 31) as f64
    }
}

fn set(pairs: &[(&str, &str)]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut pairs: Vec<_> = pairs.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes())).collect();
    labels::put_sorted(&mut out, &mut pairs).expect("names differ");
    out
}

/// Of 100 series 56 never change; most of the others are counters, some of them reset, some gauges, a few with digits
/// behind the point or none of decimals at all.
fn values(kind: usize, random: &mut Random) -> Vec<u64> {
    let mut value = random.below(100_000) as f64;
    let reset = if random.below(10) == 0 { random.below(COUNT as u64) as usize } else { COUNT };
    let rate = 1 + random.below(200);
    let value_at = |at: usize| {
        match kind {
            0..56 => {}
            56..80 => value = if at == reset { 0.0 } else { value + random.below(rate) as f64 },
            80..86 => value += if random.below(8) == 0 { random.below(5) as f64 } else { 0.0 },
            86..92 => value = ((value * 100.0).round() + random.below(150) as f64) / 100.0,
            92..97 => value = (value + random.below(9) as f64 * 4096.0 - 16384.0).max(0.0),
            _ => value = random.unit() * 50.0,
        }
        value.to_bits()
    };
    (0..COUNT).map(value_at).collect()
}

fn segment(disk: &dyn Disk, metrics: usize, targets: usize, start_ms: i64, only: Option<usize>) -> Written {
    let mut random = Random(7);
    let times: Vec<Vec<i64>> = (0..targets)
        .map(|target| {
            (0..COUNT as i64)
                .map(|at| start_ms + at * STEP_MS + if only.is_some() { 0 } else { target as i64 * 137 })
                .collect()
        })
        .collect();
    let mut all = Vec::new();
    for metric in 0..metrics {
        for target in 0..targets {
            let (name, instance) =
                (format!("metric_{metric:04}_total"), format!("10.0.{}.{}:9100", target / 250, target % 250));
            let device = format!("dev{}", metric % 7);
            let job = format!("job-{}", target % 5);
            let labels = set(&[("__name__", &name), ("instance", &instance), ("job", &job), ("device", &device)]);
            all.push((labels, target, only.unwrap_or(random.below(100) as usize)));
        }
    }
    all.sort_by(|a, b| otelier_series::order::compare(&a.0, &b.0));
    let mut names = Names::default();
    all.iter().for_each(|(labels, ..)| names.add(labels, b""));
    let mut writer = Writer::new(disk, "segments", "default", &names, start_ms as u64, 1).expect("a disk");
    for (labels, target, kind) in &all {
        let bits = values(*kind, &mut random);
        writer.put(&Input { labels, ms: &times[*target], bits: &bits, ..Input::default() }).expect("a disk");
    }
    writer.finish(0).expect("a disk")
}

fn view(disk: &Arc<dyn Disk>, written: &Written) -> SeriesView {
    let view = SeriesView::new(disk.clone(), "log");
    let summary = &written.summary;
    let (min_ms, max_ms, tenant) = (summary.min_ms, summary.max_ms, summary.tenant.clone());
    view.refresh(vec![Listed { path: written.path.clone(), min_ms, max_ms, tenant }], 0).expect("a disk");
    view
}

fn main() {
    let root = std::env::temp_dir().join(format!("otelier-series-{}", std::process::id()));
    let disk: Arc<dyn Disk> = Arc::new(RealDisk::new(&root, Operations::new(false, 0)).expect("a directory"));
    let start = Instant::now();
    let real = segment(&*disk, 1000, 20, 1_700_000_000_000, None);
    println!("written in {:?}, values made too", start.elapsed());
    for (name, (bytes, _)) in &real.summary.files {
        println!("{name:10} {bytes:10} bytes, {:.4} a sample", *bytes as f64 / real.summary.samples as f64);
    }
    println!("{:.4} bytes a sample in all", real.bytes as f64 / real.summary.samples as f64);
    let large = segment(&*disk, 10, 10_000, 1_800_000_000_000, Some(60));
    println!("counters: {:.4} bytes a sample in all", large.bytes as f64 / large.summary.samples as f64);
    let view = view(&disk, &large);
    let matchers = [Matcher::new("__name__", "=", "metric_0004_total").expect("a matcher")];
    let last_ms = large.summary.max_ms;
    for (what, length) in [("1 h", 3_600_000), ("5 m", 300_000), ("2 h", 7_200_000)] {
        let query =
            Query { matchers: &matchers, names: &[], first_ms: last_ms - length + 1, last_ms, only_last: false };
        for _ in 0..4 {
            let start = Instant::now();
            let found = view.select("default", &query, u64::MAX, &mut Vec::new()).expect("a segment");
            let group = &found.groups[0];
            println!("select {what}: {} × {} in {:?}", group.ms.len(), group.labels.len(), start.elapsed());
        }
    }
    for _ in 0..3 {
        let start = Instant::now();
        let found = view.label_values("default", b"instance", &[], (0, i64::MAX), 0).expect("a segment");
        println!("label_values: {} in {:?}", found.len(), start.elapsed());
    }
    let _ = std::fs::remove_dir_all(root);
}
