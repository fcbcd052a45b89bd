//! A generation is followed while it is written; what is carried counts from where it says.

use std::io;
use std::sync::Arc;

use bytes::Bytes;
use otelier_disk::{Carried, Disk, Kind, Log, LogOptions, Operations, SimulatedDisk, Tail, generation};
use otelier_wire::Signal;

const ALL: u64 = u64::MAX;

fn log() -> io::Result<(Arc<SimulatedDisk>, Arc<Log>, String)> {
    let disk = Arc::new(SimulatedDisk::new(Operations::new(false, 0)));
    let log = Log::open(disk.clone(), "log", LogOptions::default())?;
    Ok((disk, log, generation::path("log", 1)))
}

fn append(log: &Log, otlp: &'static [u8]) -> io::Result<()> {
    // In two parts, as joined batches are.
    let (a, b) = otlp.split_at(otlp.len() / 2);
    log.append("default", Signal::Logs, 5, 1, vec![Bytes::from_static(a), Bytes::from_static(b)])
}

fn polled(tail: &mut Tail, sealed: bool) -> io::Result<Vec<Bytes>> {
    Ok(tail.poll(sealed, ALL)?.into_iter().map(|record| record.otlp).collect())
}

#[test]
fn each_record_is_answered_once_at_the_place_where_it_lies() -> io::Result<()> {
    let (disk, log, path) = log()?;
    append(&log, b"one")?;
    let mut tail = Tail::open(&*disk, &path, 0)?;
    assert_eq!(polled(&mut tail, false)?, ["one"]);
    assert!(polled(&mut tail, false)?.is_empty());
    append(&log, b"two")?;
    append(&log, b"three")?;
    for record in tail.poll(false, ALL)? {
        assert_eq!(tail.source().read_at(record.offset, record.otlp.len())?, record.otlp);
    }
    let mut again = Tail::open(&*disk, &path, 0)?;
    let one_by_one: Vec<_> =
        (0..4).map(|_| again.poll(false, 1).map(|records| records.len())).collect::<Result<_, _>>()?;
    assert_eq!(one_by_one, [1, 1, 1, 0]);
    assert_eq!(again.offset(), tail.offset());
    Ok(())
}

#[test]
fn a_record_that_is_half_written_is_not_there_yet() -> io::Result<()> {
    let (disk, log, path) = log()?;
    append(&log, b"one")?;
    append(&log, b"two")?;
    let whole = disk.read(&path)?;
    let first = whole.len() / 2;
    disk.create("growing")?;
    let mut tail = Tail::open(&*disk, "growing", 0)?;
    let mut file = disk.open_append("growing")?;
    let mut found = Vec::new();
    for (at, byte) in whole.iter().enumerate() {
        assert_eq!(found.len(), at / first);
        file.write(&[&[*byte]])?;
        found.extend(polled(&mut tail, false)?);
    }
    assert_eq!(found, ["one", "two"]);
    assert_eq!(tail.damaged_bytes(), 0);
    Ok(())
}

#[test]
fn damage_is_skipped_as_soon_as_a_good_record_follows() -> io::Result<()> {
    let (disk, log, path) = log()?;
    append(&log, b"one")?;
    append(&log, b"two")?;
    let mut image = disk.read(&path)?.to_vec();
    let first = image.len() / 2;
    image[first - 1] ^= 1;
    disk.create("damaged")?.write(&[&image])?;
    let mut tail = Tail::open(&*disk, "damaged", 0)?;
    assert_eq!(polled(&mut tail, false)?, ["two"]);
    assert_eq!(tail.damaged_bytes(), first as u64);
    Ok(())
}

#[test]
fn what_was_cut_off_is_gone_and_nothing_takes_its_place() -> io::Result<()> {
    let (disk, log, path) = log()?;
    append(&log, b"one")?;
    disk.operations().fail("sync log", 1, 5);
    assert!(append(&log, b"lost").is_err());
    append(&log, b"two")?;
    let mut tail = Tail::open(&*disk, &path, 0)?;
    assert_eq!(polled(&mut tail, true)?, ["one"]);
    assert_eq!(log.generations().iter().map(|(number, _)| *number).collect::<Vec<_>>(), [1, 2]);
    Ok(())
}

#[test]
fn carried_records_lie_together_and_do_not_wait_for_room() -> io::Result<()> {
    let disk = Arc::new(SimulatedDisk::new(Operations::new(true, 0)));
    let options = LogOptions { max_unflushed_bytes: 1, max_wait: std::time::Duration::ZERO, ..LogOptions::default() };
    let log = Log::open(disk.clone(), "log", options)?;
    append(&log, b"one")?;
    assert!(append(&log, b"two").is_err());
    let sealed = log.rotate();
    let record = |otlp| Carried {
        tenant: "t".into(),
        signal: Signal::Traces,
        items: 3,
        first_ns: 1,
        last_ns: 9,
        from_generation: sealed,
        otlp: Bytes::from_static(otlp),
    };
    log.carry(vec![record(b"a"), record(b"b")])?;
    let path = generation::path("log", sealed + 1);
    assert_eq!(disk.operations().names().iter().filter(|name| **name == format!("sync {path}")).count(), 1);
    let records = Tail::open(&*disk, &path, 0)?.poll(false, ALL)?;
    assert_eq!(records.iter().map(|record| &record.otlp[..]).collect::<Vec<_>>(), [b"a", b"b"]);
    let heading = &records[0].heading;
    assert_eq!((heading.kind, heading.from_generation, heading.items), (Kind::Carried, sealed, 3));
    assert_eq!((heading.first_ns, heading.last_ns, log.oldest_ns()), (1, 9, 1));
    Ok(())
}
