//! A disk that stays full, or fails for long, gathers no files.

use std::io;
use std::sync::Arc;

use bytes::Bytes;
use otelier_disk::generation::{self, Reader};
use otelier_disk::{Disk, Log, LogOptions, Operations, SimulatedDisk};
use otelier_wire::Signal;

fn append(log: &Log) -> io::Result<()> {
    log.append("default", Signal::Logs, 5, 1, vec![Bytes::from_static(b"telemetry")])
}

fn records(disk: &dyn Disk) -> io::Result<usize> {
    let mut count = 0;
    for number in generation::numbers(disk, "log")? {
        let mut reader = Reader::open(disk, &generation::path("log", number))?;
        while reader.next_record()?.is_some() {
            count += 1;
        }
    }
    Ok(count)
}

#[test]
fn however_many_appends_fail_there_is_one_empty_generation_at_most() -> io::Result<()> {
    for (failing, errno) in [("write", 28), ("sync log/", 5)] {
        for before in 0..3 {
            let disk = Arc::new(SimulatedDisk::new(Operations::new(false, 0)));
            let log = Log::open(disk.clone(), "log", LogOptions::default())?;
            for _ in 0..before {
                append(&log)?;
            }
            for _ in 0..20 {
                disk.operations().fail(failing, 1, errno);
                assert_eq!(append(&log).err().and_then(|error| error.raw_os_error()), Some(errno));
            }
            assert!(log.generations().len() <= 2, "{failing}: {:?}", log.generations());
            append(&log)?;
            append(&log)?;
            assert_eq!(records(&*disk)?, before + 2, "{failing}");
            let numbers: Vec<u64> = (1..).take(disk.list("log")?.len()).collect();
            assert_eq!(generation::numbers(&*disk, "log")?, numbers, "a number or a name too many");
        }
    }
    Ok(())
}
