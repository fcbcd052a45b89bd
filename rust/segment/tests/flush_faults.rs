//! A flush goes on where it can, and says what it could not read.

mod made;

use std::sync::Arc;

use bytes::Bytes;
use made::{Chance, Store, request};
use otelier_disk::{Disk, Operations, SimulatedDisk, ensure_dir, generation, replace};
use otelier_segment::Flushed;
use otelier_segment::flush::{Options, flush};

fn flushed(store: &Store, recent: &[String]) -> Flushed {
    let sealed = store.log.rotate();
    let options = Options { log_directory: "log", generations: &[sealed], now_ns: 10, recent, ..Options::default() };
    flush(&*store.disk, &store.log, &options).unwrap()
}

#[test]
fn an_older_segment_that_can_not_be_read_does_not_stop_a_flush() {
    let otlp = request(&[1, 2, 3], 10, 1_000, &mut Chance(5));
    for part in [".index", ".parquet"] {
        let mut store = Store::new();
        store.append(otlp.clone());
        let sealed = store.flush();
        store.retire(sealed);
        store.append(otlp.clone());
        store.disk.operations().fail(&format!("read {}", store.segments[0].replace(".parquet", part)), 1, 5);
        let again = flushed(&store, &store.segments);
        assert_eq!((again.segments.len(), again.carried), (1, 0), "{part}");
    }
}

#[test]
fn bytes_behind_the_last_good_record_are_counted() {
    let mut chance = Chance(5);
    let mut store = Store::new();
    for at in 0..2 {
        store.append(request(&[at], 3, 1_000, &mut chance));
    }
    let path = generation::path("log", store.log.rotate());
    let whole = store.disk.read(&path).unwrap();
    assert_eq!(flushed(&store, &[]).torn_bytes, 0);
    // A bit of the last record is flipped.
    let mut rotten = whole.to_vec();
    *rotten.last_mut().unwrap() ^= 1;
    let disk: Arc<dyn Disk> = Arc::new(SimulatedDisk::new(Operations::new(false, 0)));
    ensure_dir(&*disk, "log").unwrap();
    replace(&*disk, &path, &[&Bytes::from(rotten)]).unwrap();
    store.disk = disk;
    let torn = flushed(&store, &[]);
    assert_eq!((torn.segments.len(), torn.damaged_bytes), (1, 0));
    assert!(torn.torn_bytes > 0 && torn.torn_bytes < whole.len() as u64, "{}", torn.torn_bytes);
}
