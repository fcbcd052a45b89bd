//! `Log` for Python; see `_core.pyi`.

use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use otelier_disk::generation::Reader;
use otelier_disk::{self as disk, Kind, LogOptions, LogRecord, Sync};
use otelier_wire as wire;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::batch::Batch;
use crate::disk::Disk;
use crate::os_error::os_error;

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Log>()?;
    module.add_function(wrap_pyfunction!(read_generation, module)?)
}

/// Kind, tenant, telemetry, first and last arrival, generation before.
type Record = (&'static str, String, Batch, u64, u64, u64);

#[pyfunction]
fn read_generation(py: Python<'_>, disk: &Disk, path: &str) -> PyResult<(Vec<Record>, u64, u64)> {
    let read = || -> io::Result<(Vec<Record>, u64, u64)> {
        let mut reader = Reader::open(&**disk.inner(), path)?;
        let mut records = Vec::new();
        while let Some(LogRecord { heading, otlp, .. }) = reader.next_record()? {
            let kind = match heading.kind {
                Kind::Telemetry => "telemetry",
                Kind::Carried => "carried",
                Kind::Series => "series",
            };
            let segment = wire::Segment::new(otlp, heading.items as usize);
            let batch = Batch(wire::Batch::new(heading.signal, vec![segment], None));
            let disk::generation::Heading { tenant, first_ns, last_ns, from_generation, .. } = heading;
            records.push((kind, tenant.to_string(), batch, first_ns, last_ns, from_generation));
        }
        Ok((records, reader.damaged_bytes(), reader.torn_bytes()))
    };
    py.detach(read).map_err(|error| os_error(&error))
}

#[pyclass(frozen, module = "otelier._core")]
pub struct Log(pub Arc<disk::Log>);

pub fn seconds(value: f64, name: &str) -> PyResult<Duration> {
    Duration::try_from_secs_f64(value)
        .map_err(|_| PyValueError::new_err(format!("{name}: not a length of time: {value}")))
}

pub fn sync_named(name: &str, interval_s: f64) -> PyResult<Sync> {
    match name {
        "commit" => Ok(Sync::Commit),
        "interval" => Ok(Sync::Interval(seconds(interval_s, "interval_s")?)),
        "never" => Ok(Sync::Never),
        _ => Err(PyValueError::new_err(format!("sync must be commit, interval or never, not {name:?}"))),
    }
}

pub fn counted(counters: &disk::Counters) -> HashMap<&'static str, u64> {
    let disk::Counters { writes, syncs, failed_writes, failed_syncs, refused } = counters;
    let named = [
        ("writes", writes),
        ("syncs", syncs),
        ("failed_writes", failed_writes),
        ("failed_syncs", failed_syncs),
        ("refused", refused),
    ];
    named.into_iter().map(|(name, counter)| (name, counter.load(Ordering::Relaxed))).collect()
}

#[pymethods]
impl Log {
    #[new]
    #[pyo3(signature = (disk, directory, *, sync="commit", interval_s=1.0, max_unflushed_bytes=268_435_456, max_wait_s=5.0, retired=0))]
    #[expect(clippy::too_many_arguments, reason = "keywords in Python")]
    fn new(
        py: Python<'_>,
        disk: &Disk,
        directory: &str,
        sync: &str,
        interval_s: f64,
        max_unflushed_bytes: u64,
        max_wait_s: f64,
        retired: u64,
    ) -> PyResult<Log> {
        let sync = sync_named(sync, interval_s)?;
        let options = LogOptions { sync, max_unflushed_bytes, max_wait: seconds(max_wait_s, "max_wait_s")?, retired };
        let opened = py.detach(|| disk::Log::open(disk.inner().clone(), directory, options));
        opened.map(Log).map_err(|error| os_error(&error))
    }

    fn append(&self, py: Python<'_>, tenant: &str, batch: &Batch, now_ns: u64) -> PyResult<()> {
        let batch = &batch.0;
        let items = u32::try_from(batch.items()).map_err(|_| PyValueError::new_err("too many items for one record"))?;
        let parts = batch.segments().iter().map(|segment| segment.bytes().clone()).collect();
        let appended = py.detach(|| self.0.append(tenant, batch.signal(), now_ns, items, parts));
        appended.map_err(|error| os_error(&error))
    }

    fn rotate(&self, py: Python<'_>) -> u64 {
        py.detach(|| self.0.rotate())
    }

    fn generations(&self) -> Vec<(u64, u64)> {
        self.0.generations()
    }

    fn retire(&self, py: Python<'_>, generation: u64) -> PyResult<()> {
        py.detach(|| self.0.retire(generation)).map_err(|error| os_error(&error))
    }

    #[getter]
    fn unflushed_bytes(&self) -> u64 {
        self.0.unflushed_bytes()
    }

    #[getter]
    fn oldest_ns(&self) -> u64 {
        self.0.oldest_ns()
    }

    fn counters(&self) -> HashMap<&'static str, u64> {
        counted(&self.0.counters)
    }

    fn close(&self, py: Python<'_>) {
        py.detach(|| self.0.close());
    }
}
