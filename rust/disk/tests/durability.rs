//! What replaces something durable is durable before the other goes, however a log or queue syncs.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use otelier_disk::generation::{self, Reader};
use otelier_disk::{Carried, Disk, Log, LogOptions, Operations, Over, QueueFile, ReadAt, SimulatedDisk, Sync};
use otelier_wire::{Batch, Segment, Signal};

fn disk() -> Arc<SimulatedDisk> {
    Arc::new(SimulatedDisk::new(Operations::new(false, 0)))
}

#[test]
fn what_is_carried_survives_a_power_cut_in_every_mode() -> io::Result<()> {
    for sync in [Sync::Commit, Sync::Interval(Duration::from_secs(3600)), Sync::Never] {
        for seed in 0..20 {
            let disk = disk();
            let log = Log::open(disk.clone(), "log", LogOptions { sync, ..LogOptions::default() })?;
            log.append("default", Signal::Traces, 5, 1, vec![Bytes::from_static(b"span")])?;
            let from_generation = log.rotate();
            log.carry(vec![Carried {
                tenant: "default".into(),
                signal: Signal::Traces,
                items: 1,
                first_ns: 5,
                last_ns: 5,
                from_generation,
                otlp: Bytes::from_static(b"span"),
            }])?;
            log.retire(from_generation)?;
            disk.crash(seed);
            let mut reader = Reader::open(&*disk, &generation::path("log", from_generation + 1))?;
            let carried = reader.next_record()?.map(|record| record.otlp);
            assert_eq!(carried.as_deref(), Some(&b"span"[..]), "{sync:?} {seed}");
        }
    }
    Ok(())
}

fn batch(byte: u8) -> Batch {
    Batch::new(Signal::Logs, vec![Segment::new(vec![byte; 1_000].into(), 1)], None)
}

/// A queue with one old item; whatever else was put is done, and fills the files until the old one is copied forward.
fn flowing(disk: Arc<dyn Disk>, cache_bytes: usize) -> io::Result<(QueueFile, u64)> {
    let queue = QueueFile::open(disk, "queue", false, cache_bytes)?.0.with_generation_bytes(4_000);
    let old = queue.put(&batch(1), 5)?;
    Ok((queue, old))
}

fn flow(queue: &QueueFile) -> io::Result<()> {
    for _ in 0..40 {
        queue.done(&[queue.put(&batch(2), 5)?]);
    }
    Ok(())
}

#[test]
fn what_is_copied_forward_survives_a_power_cut_even_if_nothing_else_is_synced() -> io::Result<()> {
    for seed in 0..20 {
        let disk = disk();
        let (queue, _) = flowing(disk.clone(), 0)?;
        flow(&queue)?;
        assert!(!disk.exists(&generation::path("queue", 1)), "it was not copied forward");
        disk.crash(seed);
        let (again, restored) = QueueFile::open(disk, "queue", false, 0)?;
        // Others may be offered once more.
        let loaded: Vec<Batch> = restored.iter().map(|item| again.load(item.key)).collect::<io::Result<_>>()?;
        assert!(loaded.iter().any(|each| each.segments()[0].bytes()[0] == 1), "{seed}");
    }
    Ok(())
}

/// Does something when a generation is opened for the first time after it was told.
#[derive(Debug)]
struct Interrupting {
    disk: Arc<SimulatedDisk>,
    queue: parking_lot::Mutex<Option<Arc<QueueFile>>>,
    armed: AtomicBool,
}

impl Over for Interrupting {
    fn below(&self) -> &dyn Disk {
        &*self.disk
    }

    fn open_over(&self, path: &str) -> io::Result<Arc<dyn ReadAt>> {
        if self.armed.swap(false, Ordering::SeqCst) {
            let queue = self.queue.lock().take();
            queue.map_or(Ok(()), |queue| flow(&queue))?;
        }
        self.disk.open_read(path)
    }
}

#[test]
fn an_item_is_loaded_although_it_is_copied_forward_at_that_moment() -> io::Result<()> {
    let simulated = disk();
    let disk = Arc::new(Interrupting { disk: simulated.clone(), queue: Default::default(), armed: false.into() });
    let (queue, old) = flowing(disk.clone(), 0)?;
    let queue = Arc::new(queue);
    *disk.queue.lock() = Some(queue.clone());
    disk.armed.store(true, Ordering::SeqCst);
    assert_eq!(queue.load(old)?.segments()[0].bytes()[0], 1);
    assert!(!simulated.exists(&generation::path("queue", 1)), "it was not copied forward meanwhile");
    queue.done(&[old]);
    assert_eq!(queue.load(old).map_err(|error| error.kind()).err(), Some(io::ErrorKind::NotFound));
    Ok(())
}
