//! Nothing acknowledged is missing, whatever the disk does; and series are counted.

use std::collections::{HashMap, HashSet};
use std::io;
use std::sync::Arc;
use std::thread;

use otelier_disk::generation::{self, Reader};
use otelier_disk::{Disk, Kind, LogOptions, Operations, SimulatedDisk, Sync};
use otelier_series::labels::{self, NAME};
use otelier_series::log::{Appended, Bounds, Limits, SeriesLog};
use otelier_series::record;
use otelier_series::samples::{Builder, Roster, Samples, Text, Why};

const BOUNDS: Bounds = Bounds { oldest_ms: 0, newest_ms: i64::MAX };
const LIMITS: Limits = Limits { series: 1_000_000, series_per_metric: 1_000_000, label_names: 1000 };

/// Tenant, series, ms.
type Key = (String, Vec<u8>, i64);
/// Bits of the values.
type Stored = HashMap<Key, u64>;

fn disk() -> Arc<SimulatedDisk> {
    Arc::new(SimulatedDisk::new(Operations::new(false, 0)))
}

fn open(disk: &Arc<SimulatedDisk>, sync: Sync, limits: Limits) -> io::Result<SeriesLog> {
    SeriesLog::open(disk.clone(), "log", LogOptions { sync, ..LogOptions::default() }, limits)
}

fn series(metric: &str, instance: u64) -> Vec<u8> {
    let mut out = Vec::new();
    labels::put(&mut out, NAME, metric.as_bytes());
    labels::put(&mut out, b"instance", instance.to_string().as_bytes());
    out
}

/// One sample of each series.
fn samples(all: &[Vec<u8>], ms: i64, bits: u64) -> Samples {
    let mut builder = Builder::default();
    for labels in all {
        let labels = builder.copy(labels).unwrap();
        let number = builder.series(labels, Text::default());
        builder.sample(number, ms, bits);
    }
    builder.finish()
}

fn roster(all: &[Vec<u8>]) -> Arc<Roster> {
    Arc::new(Roster::default().with(all.iter().map(Vec::as_slice)))
}

/// One sample of each of these numbers.
fn of_roster(roster: &Arc<Roster>, numbers: &[u32], ms: i64, bits: u64) -> Samples {
    let mut builder = Builder::of_roster(roster.clone()).unwrap();
    numbers.iter().for_each(|number| builder.sample(*number, ms, bits));
    builder.finish()
}

/// What the log holds, each generation read for itself; of equal times the last one counts.
fn stored(disk: &dyn Disk) -> io::Result<Stored> {
    let mut all = Stored::new();
    for number in generation::numbers(disk, "log")? {
        let mut reader = Reader::open(disk, &generation::path("log", number))?;
        let mut defined: HashMap<(String, u64, u32), Vec<u8>> = HashMap::new();
        let mut found = Vec::new();
        while let Some(each) = reader.next_record()? {
            assert_eq!(each.heading.kind, Kind::Series);
            let tenant = each.heading.tenant.to_string();
            let record = record::Record::decode(&each.otlp).unwrap();
            for each in record.definitions() {
                let before = defined.insert((tenant.clone(), record.epoch, each.id), each.labels.to_vec());
                assert!(before.is_none_or(|before| before == each.labels));
            }
            let mut columns = record::Samples::default();
            record.samples(&mut columns).unwrap();
            found.push((tenant, record.epoch, columns));
        }
        for (tenant, epoch, record::Samples { ids, ms, bits }) in found {
            for ((id, ms), bits) in ids.into_iter().zip(ms).zip(bits) {
                if let Some(labels) = defined.get(&(tenant.clone(), epoch, id)) {
                    all.insert((tenant.clone(), labels.clone(), ms), bits);
                }
            }
        }
    }
    Ok(all)
}

#[test]
fn what_was_acknowledged_is_there_after_any_failure_and_any_crash() -> io::Result<()> {
    for seed in 0..400_u64 {
        let mut dice = Dice(seed);
        let disk = disk();
        let mut log = open(&disk, Sync::Commit, LIMITS)?;
        let mut acknowledged = Stored::new();
        let lasting: Vec<_> = (0..8).map(|n| series("up", n)).collect();
        // Of both tenants, and of the log before a crash and after it: ids of one are not ids of another.
        let roster = roster(&lasting);
        for step in 0..30 {
            match dice.below(12) {
                0 => drop(log.rotate()),
                1 => {
                    disk.crash(dice.roll());
                    // Failures that are still to come end some day.
                    log = (0..20).find_map(|_| open(&disk, Sync::Commit, LIMITS).ok()).unwrap();
                }
                2..=4 => {
                    // One operation and some that follow it, as a disk does that is full or goes.
                    let first = dice.below(4) + 1;
                    let pattern = ["", "write", "sync", "create"][dice.below(4) as usize];
                    (first..first + dice.below(3)).for_each(|nth| disk.operations().fail(pattern, nth, 28));
                }
                _ => {
                    let tenant = ["a", "b"][dice.below(2) as usize];
                    let numbers: Vec<_> = (0..dice.below(4) + 1).map(|_| dice.below(8) as u32).collect();
                    let all: Vec<_> = numbers.iter().map(|number| lasting[*number as usize].clone()).collect();
                    let given = match dice.below(2) {
                        0 => of_roster(&roster, &numbers, step, seed),
                        _ => samples(&all, step, seed),
                    };
                    if log.append(tenant, &given, step, BOUNDS).is_ok() {
                        acknowledged.extend(all.into_iter().map(|labels| ((tenant.to_owned(), labels, step), seed)));
                    }
                }
            }
        }
        disk.crash(dice.roll());
        let stored = stored(&*disk)?;
        for (sample, bits) in acknowledged {
            assert_eq!(stored.get(&sample), Some(&bits), "{seed}: {sample:?}");
        }
    }
    Ok(())
}

#[test]
fn what_threads_have_appended_at_the_same_time_is_there() -> io::Result<()> {
    for seed in 0..20_u64 {
        let disk = disk();
        let log = open(&disk, Sync::Commit, LIMITS)?;
        let acknowledged: Vec<(Key, u64)> = thread::scope(|scope| {
            let append = |thread: u64| {
                let (log, disk) = (&log, &disk);
                scope.spawn(move || {
                    let mut dice = Dice(1000 * seed + thread);
                    let mut acknowledged = Vec::new();
                    for step in 0..60 {
                        let ms = (100 * step + thread) as i64;
                        let all: Vec<_> = (0..5).map(|_| series("up", dice.below(3 * step + 3))).collect();
                        match dice.below(20) {
                            0 => drop(log.rotate()),
                            1 => disk.operations().fail(["write", "sync"][dice.below(2) as usize], 1, 5),
                            _ => {}
                        }
                        if log.append("a", &samples(&all, ms, thread), ms, BOUNDS).is_ok() {
                            acknowledged.extend(all.into_iter().map(|labels| (("a".to_owned(), labels, ms), thread)));
                        }
                    }
                    acknowledged
                })
            };
            let threads: Vec<_> = (0..4).map(append).collect();
            threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
        });
        disk.crash(seed);
        let stored = stored(&*disk)?;
        assert!(!acknowledged.is_empty());
        for (sample, bits) in acknowledged {
            assert_eq!(stored.get(&sample), Some(&bits), "{seed}: {sample:?}");
        }
    }
    Ok(())
}

#[test]
fn a_generation_sealed_behind_its_back_takes_no_definitions_with_it() -> io::Result<()> {
    let disk = disk();
    let log = open(&disk, Sync::Never, LIMITS)?;
    let all = [series("up", 1)];
    log.append("a", &samples(&all, 1, 1), 1, BOUNDS)?;
    // As a thread does that syncs every second and fails.
    log.log().rotate();
    log.append("a", &samples(&all, 2, 2), 2, BOUNDS)?;
    disk.unlink(&generation::path("log", 1))?;
    let key = ("a".to_owned(), all[0].clone(), 2);
    assert_eq!(stored(&*disk)?.get(&key), Some(&2));
    Ok(())
}

#[test]
fn a_series_is_defined_once_in_an_epoch() -> io::Result<()> {
    let disk = disk();
    let log = open(&disk, Sync::Commit, LIMITS)?;
    let all = [series("up", 1), series("up", 2)];
    for ms in 0..5 {
        log.append("a", &samples(&all, ms, 1), ms, BOUNDS)?;
    }
    log.rotate();
    log.append("a", &samples(&all, 9, 1), 9, BOUNDS)?;
    let mut definitions = Vec::new();
    for number in generation::numbers(&*disk, "log")? {
        let mut reader = Reader::open(&*disk, &generation::path("log", number))?;
        while let Some(each) = reader.next_record()? {
            definitions.push(record::Record::decode(&each.otlp).unwrap().definitions().count());
        }
    }
    assert_eq!(definitions, [2, 0, 0, 0, 0, 2]);
    Ok(())
}

#[test]
fn a_soft_set_is_said_again_when_it_changes_only() -> io::Result<()> {
    let disk = disk();
    let log = open(&disk, Sync::Commit, LIMITS)?;
    let append = |ms: i64, pod: Option<&str>| {
        let mut builder = Builder::default();
        let labels = builder.copy(&series("up", 1)).unwrap();
        let mut soft = Vec::new();
        pod.iter().for_each(|pod| labels::put(&mut soft, b"k8s.pod.name", pod.as_bytes()));
        let soft = builder.copy(&soft).unwrap();
        let number = builder.series(labels, soft);
        builder.sample(number, ms, 1);
        log.append("a", &builder.finish(), ms, BOUNDS)
    };
    for (ms, pod) in [Some("x"), Some("x"), None, Some("y"), Some("y")].into_iter().enumerate() {
        append(ms as i64, pod)?;
    }
    let mut reader = Reader::open(&*disk, &generation::path("log", 1))?;
    let mut said = Vec::new();
    while let Some(each) = reader.next_record()? {
        let record = record::Record::decode(&each.otlp).unwrap();
        said.push(record.definitions().map(|each| each.soft.to_vec()).next());
    }
    let pods: Vec<Option<&[u8]>> =
        said.iter().map(|soft| soft.as_deref().and_then(|soft| labels::value(soft, b"k8s.pod.name"))).collect();
    assert_eq!(pods, [Some(&b"x"[..]), None, None, Some(&b"y"[..]), None]);
    Ok(())
}

#[test]
fn samples_out_of_the_bounds_are_refused_and_told() -> io::Result<()> {
    let log = open(&disk(), Sync::Commit, LIMITS)?;
    let all = [series("up", 1), series("up", 2)];
    let bounds = Bounds { oldest_ms: 10, newest_ms: 20 };
    for (ms, why) in [(9, Some(Why::Old)), (10, None), (20, None), (21, Some(Why::Future))] {
        let Appended { samples, refused, .. } = log.append("a", &samples(&all, ms, 1), 1, bounds)?;
        let told: Vec<_> = refused.all().iter().map(|each| (each.why, each.count, each.example.clone())).collect();
        match why {
            None => assert_eq!((samples, told.len()), (2, 0)),
            Some(why) => assert_eq!((samples, told), (0, vec![(why, 2, "up{instance=\"1\"}".to_owned())])),
        }
    }
    // Series without a sample that was taken are not counted.
    assert_eq!(log.active_series("a"), 2);
    Ok(())
}

#[test]
fn series_over_the_limit_are_folded_into_one_for_each_metric() -> io::Result<()> {
    let disk = disk();
    let log = open(&disk, Sync::Commit, Limits { series: 25, series_per_metric: 10, label_names: 1000 })?;
    let mut all: Vec<_> = (0..15).map(|instance| series("up", instance)).collect();
    let appended = log.append("a", &samples(&all, 1, 1), 1, BOUNDS)?;
    assert_eq!((appended.samples, appended.folded), (15, 5));
    assert_eq!(log.active("a", 9), [("up".to_owned(), 11)]);
    all.extend((0..15).flat_map(|instance| [series("down", instance), series("left", instance)]));
    let appended = log.append("a", &samples(&all, 2, 1), 2, BOUNDS)?;
    // Room was for seven of each; then come their overflows.
    assert_eq!((appended.samples, appended.folded), (45, 5 + 8 + 8));
    assert!(appended.refused.is_empty());
    assert_eq!(log.active_series("a"), 27);
    // A series that is known is not folded, one that was folded is so again.
    assert_eq!(log.append("a", &samples(&all, 3, 1), 3, BOUNDS)?.folded, 21);
    let stored = stored(&*disk)?;
    let overflows: HashSet<String> = stored.keys().map(|(_, labels, _)| labels::text(labels)).collect();
    assert!(overflows.contains("up{__overflow__=\"true\"}") && overflows.contains("left{__overflow__=\"true\"}"));
    // Another tenant has its own.
    assert_eq!(log.append("b", &samples(&all[..9], 1, 1), 1, BOUNDS)?.folded, 0);
    Ok(())
}

#[test]
fn series_that_are_idle_for_long_make_room_for_others() -> io::Result<()> {
    const MINUTE: i64 = 60_000;
    let disk = disk();
    let log = open(&disk, Sync::Commit, Limits { series: 10, series_per_metric: 10, label_names: 1000 })?;
    let old: Vec<_> = (0..10).map(|instance| series("up", instance)).collect();
    let new: Vec<_> = (100..110).map(|instance| series("up", instance)).collect();
    log.append("a", &samples(&old, MINUTE, 1), MINUTE, BOUNDS)?;
    // One goes on.
    log.append("a", &samples(&old[..1], 20 * MINUTE, 1), 20 * MINUTE, BOUNDS)?;
    log.rotate();
    assert_eq!(log.active_series("a"), 1);
    let appended = log.append("a", &samples(&new, 20 * MINUTE, 2), 20 * MINUTE, BOUNDS)?;
    assert_eq!((appended.samples, appended.folded), (10, 1));
    let key = |labels: &Vec<u8>| ("a".to_owned(), labels.clone(), 20 * MINUTE);
    let stored = stored(&*disk)?;
    assert_eq!(stored.get(&key(&old[0])), Some(&1));
    assert!(new[..9].iter().all(|labels| stored.get(&key(labels)) == Some(&2)));
    Ok(())
}

#[test]
fn ids_that_a_source_remembers_are_those_of_its_series_however_they_change() -> io::Result<()> {
    let disk = disk();
    let log = open(&disk, Sync::Commit, LIMITS)?;
    let others: Vec<_> = (0..50).map(|n| series("other", n)).collect();
    let lasting: Vec<_> = (0..3).map(|n| series("up", n)).collect();
    let first = roster(&lasting[..2]);
    log.append("a", &samples(&others, 1, 1), 1, BOUNDS)?;
    log.append("a", &of_roster(&first, &[0, 1], 1, 1), 1, BOUNDS)?;
    // The others are idle and given up, and so ids change.
    let later = 3_600_000;
    log.append("a", &of_roster(&first, &[1], later, 2), later, BOUNDS)?;
    log.rotate();
    log.append("a", &samples(&others, later + 1, 3), later + 1, BOUNDS)?;
    let more = Arc::new(first.with([&*lasting[2]].into_iter()));
    log.append("a", &of_roster(&more, &[0, 1, 2], later + 1, 4), later + 1, BOUNDS)?;
    let stored = stored(&*disk)?;
    for labels in lasting {
        assert_eq!(stored.get(&("a".into(), labels, later + 1)), Some(&4));
    }
    Ok(())
}

#[test]
fn a_name_that_may_not_be_a_folder_is_no_tenant() -> io::Result<()> {
    let log = open(&disk(), Sync::Commit, LIMITS)?;
    let refused = log.append("../a", &samples(&[series("up", 1)], 1, 1), 1, BOUNDS);
    assert_eq!(refused.map_err(|error| error.kind()), Err(io::ErrorKind::InvalidInput));
    Ok(())
}

struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        self.0 >> 33
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.roll() % bound
    }
}
