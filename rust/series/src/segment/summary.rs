//! What a segment holds, in a JSON object that people can read, too.

use std::collections::BTreeMap;
use std::io;

use otelier_disk::Disk;
use otelier_disk::frame::{self, Frames};
use otelier_segment::index::format::{VERSION, check};
use otelier_segment::write::WriteError;
use serde::{Deserialize, Serialize};

use super::LEVEL;

/// Longer summaries are not believed.
const MAX_LENGTH: usize = 1 << 30;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    pub version: u32,
    pub tenant: String,
    pub series: u32,
    /// Floats.
    pub samples: u64,
    pub histograms: u64,
    pub exemplars: u64,
    /// Of all samples.
    pub min_ms: i64,
    pub max_ms: i64,
    /// Label names and keys of soft attributes, sorted: those that have columns.
    pub labels: Vec<String>,
    pub soft: Vec<String>,
    pub metrics: Vec<Metric>,
    /// The first series of each row group of the table of samples.
    pub sample_groups: Vec<u32>,
    /// By table: length and CRC-32C of its file.
    pub files: BTreeMap<String, (u64, u32)>,
}

/// In JSON an array of its fields.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "(String, u32, Vec<u32>)", into = "(String, u32, Vec<u32>)")]
pub struct Metric {
    /// Empty: series without a name.
    pub name: String,
    /// Its series go up to the next metric's first.
    pub first: u32,
    /// Which of the summary's labels its series have, in order.
    pub labels: Vec<u32>,
}

impl From<(String, u32, Vec<u32>)> for Metric {
    fn from((name, first, labels): (String, u32, Vec<u32>)) -> Metric {
        Metric { name, first, labels }
    }
}

impl From<Metric> for (String, u32, Vec<u32>) {
    fn from(metric: Metric) -> (String, u32, Vec<u32>) {
        (metric.name, metric.first, metric.labels)
    }
}

impl Summary {
    pub fn new(tenant: &str) -> Summary {
        let (min_ms, max_ms) = (i64::MAX, i64::MIN);
        Summary { version: VERSION, tenant: tenant.into(), min_ms, max_ms, ..Summary::default() }
    }

    /// Writes it durably.
    pub(super) fn write(&self, disk: &dyn Disk, path: &str) -> io::Result<u64> {
        let json = serde_json::to_vec(self)?;
        let mut body = (json.len() as u32).to_le_bytes().to_vec();
        body.extend_from_slice(&zstd::bulk::compress(&json, LEVEL)?);
        let mut bytes = Vec::new();
        frame::put(&mut bytes, &body)?;
        let mut file = disk.create(path)?;
        file.write(&[&bytes])?;
        file.sync()?;
        Ok(bytes.len() as u64)
    }

    /// From the segment's index.
    pub fn read(disk: &dyn Disk, path: &str) -> Result<Summary, WriteError> {
        let damaged = |what: &str| WriteError::damaged(path, what);
        let mut frames = Frames::of(disk.read(path)?)?;
        let frame = frames.next_frame()?.ok_or_else(|| damaged("its checksum is wrong"))?;
        let (length, packed) = frame.body.split_first_chunk().ok_or_else(|| damaged("it is too short"))?;
        let length = u32::from_le_bytes(*length) as usize;
        let json = Some(length).filter(|length| *length <= MAX_LENGTH);
        let json = json.and_then(|length| zstd::bulk::decompress(packed, length).ok());
        let json = json.ok_or_else(|| damaged("it can't be decompressed"))?;
        check(&json).map_err(|error| WriteError::of_index(path, error))?;
        let summary: Summary = serde_json::from_slice(&json).map_err(|error| damaged(&error.to_string()))?;
        match summary.fault() {
            None => Ok(summary),
            Some(what) => Err(damaged(what)),
        }
    }

    /// What can't be: readers rely on the rest.
    fn fault(&self) -> Option<&'static str> {
        let ascending = |numbers: &[u32], end: u32| {
            numbers.is_sorted_by(|a, b| a < b) && numbers.last().is_none_or(|last| *last < end)
        };
        let firsts: Vec<u32> = self.metrics.iter().map(|metric| metric.first).collect();
        let places = self.labels.len() as u32;
        if !ascending(&firsts, self.series)
            || firsts.first().is_some_and(|first| *first != 0)
            || !self.metrics.iter().all(|metric| ascending(&metric.labels, places))
        {
            return Some("its metrics are in disorder");
        }
        if self.sample_groups.first() != Some(&0) || !ascending(&self.sample_groups, self.series.max(1)) {
            return Some("its row groups are in disorder");
        }
        None
    }
}

/// A segment that is written and durable, though no manifest names it yet.
#[derive(Clone, Debug)]
pub struct Written {
    /// Of its index.
    pub path: String,
    pub summary: Summary,
    /// Of all files.
    pub bytes: u64,
}

impl Written {
    /// A segment on a disk.
    pub fn read(disk: &dyn Disk, path: &str) -> Result<Written, WriteError> {
        let summary = Summary::read(disk, path)?;
        let index = disk.open_read(path)?.len()?;
        let bytes = index + summary.files.values().map(|(length, _)| length).sum::<u64>();
        Ok(Written { path: path.into(), summary, bytes })
    }

    /// As the manifest names it: a JSON object.
    pub fn entry(&self) -> Result<Vec<u8>, WriteError> {
        let Summary { tenant, series, samples, histograms, exemplars, min_ms, max_ms, .. } = &self.summary;
        let entry = serde_json::json!({
            "path": self.path,
            "tenant": tenant,
            "rows": samples + histograms,
            "series": series,
            "samples": samples,
            "histograms": histograms,
            "exemplars": exemplars,
            "bytes": self.bytes,
            "min_ms": min_ms,
            "max_ms": max_ms,
        });
        serde_json::to_vec(&entry).map_err(|error| WriteError::Disk(io::Error::other(error)))
    }
}

#[cfg(test)]
mod tests {
    use otelier_disk::{Operations, SimulatedDisk};

    use super::*;

    #[test]
    fn a_format_that_is_not_known_is_no_damage() {
        let disk = SimulatedDisk::new(Operations::new(false, 0));
        Summary { version: 2, ..Summary::new("default") }.write(&disk, "a.index").unwrap();
        let Err(WriteError::Disk(error)) = Summary::read(&disk, "a.index") else {
            panic!("it was read, or is damaged")
        };
        assert_eq!(error.kind(), io::ErrorKind::Unsupported);
    }
}
