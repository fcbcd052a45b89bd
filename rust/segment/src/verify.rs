//! Whether a segment's files are what was written, to the last byte.

use std::io;

use otelier_disk::Disk;
use otelier_wire::Signal;
use parquet::file::reader::{FileReader, SerializedFileReader};

use crate::decode::{checked_file, decode};
use crate::index::{Index, Summary, TraceRows};
use crate::write::WriteError;
use crate::write::index_path;

/// Reads all of a segment; answers what is wrong with it, or nothing. Fails only if the disk does.
pub fn verify(disk: &dyn Disk, path: &str) -> io::Result<String> {
    match check(disk, path) {
        Ok(()) => Ok(String::new()),
        Err(WriteError::Damaged { path, what }) => Ok(format!("{path}: {what}")),
        Err(WriteError::Disk(error)) if error.kind() == io::ErrorKind::NotFound => Ok(format!("{path}: {error}")),
        Err(WriteError::Disk(error)) => Err(error),
    }
}

fn check(disk: &dyn Disk, path: &str) -> Result<(), WriteError> {
    let beside = index_path(path);
    let index_file = disk.read(&beside)?;
    let index = Index::new(index_file).map_err(|error| WriteError::damaged(&beside, error))?;
    let summary = check_index(&index).map_err(|error| WriteError::of_index(&beside, error))?;
    let file = checked_file(disk, path, &summary)?;
    let damaged = |what: String| WriteError::damaged(path, what);
    let reader = SerializedFileReader::new(file).map_err(|error| damaged(error.to_string()))?;
    let groups = reader.metadata().row_groups().iter().map(|group| group.num_rows() as u64);
    if !groups.eq(summary.row_groups.iter().map(|group| group.rows)) {
        return Err(damaged("row groups are not those of the index".into()));
    }
    let signal = Signal::from_name(&summary.signal).ok_or_else(|| damaged("no such signal".into()))?;
    decode(disk, path, signal).map(drop)
}

fn check_index(index: &Index) -> io::Result<Summary> {
    let summary = index.summary()?;
    let runs = index.traces()?;
    index.catalogue()?;
    index.rollups()?;
    index.service_rollups()?;
    index.filters()?;
    index.words()?;
    index.numbered()?;
    index.column_filters(summary.bytes)?;
    index.split_traces()?;
    let lies_in_one = |run: &TraceRows| {
        let first = u64::from(run.first_row);
        let after = summary.row_groups.partition_point(|group| group.first_row <= first);
        let group = after.checked_sub(1).map(|at| summary.row_groups[at]);
        group.is_some_and(|group| first + u64::from(run.rows) <= group.first_row + group.rows)
    };
    if !runs.runs().iter().all(lies_in_one) {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "a trace's rows lie in no row group"));
    }
    Ok(summary)
}
