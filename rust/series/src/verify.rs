//! Whether a segment's files are what was written, to the last byte.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use otelier_disk::Disk;
use otelier_segment::error::ReadError;

use crate::order::compare;
use crate::read::{Natives, Rows, Segment};
use crate::segment::Table;
use crate::view::{read_exemplars, read_metadata};

/// Reads all of a segment; answers what is wrong with it. Fails only if the disk does.
pub fn verify(disk: &Arc<dyn Disk>, path: &str) -> io::Result<Vec<String>> {
    match check(disk, path) {
        Ok(faults) => Ok(faults),
        Err(ReadError::Io { error, .. }) => Err(error),
        Err(error) => Ok(vec![error.to_string()]),
    }
}

fn check(disk: &Arc<dyn Disk>, path: &str) -> Result<Vec<String>, ReadError> {
    let segment = Segment::open(disk, path)?;
    let mut faults = Vec::new();
    for table in Table::ALL {
        let Some((length, crc32c)) = segment.summary.files.get(table.name()) else { continue };
        let file = table.path(path);
        let bytes = disk.read(&file).map_err(|error| ReadError::io(&file, error))?;
        if (bytes.len() as u64, crc32c::crc32c(&bytes)) != (*length, *crc32c) {
            faults.push(format!("{file}: length or checksum is not that of the index"));
        }
    }
    if !faults.is_empty() {
        return Ok(faults);
    }
    let (mut samples, mut histograms, mut exemplars) = (0, 0, 0);
    let natives = Natives::open(&segment)?;
    read_exemplars(&segment, |_, _| exemplars += 1)?;
    read_metadata(&segment, &mut BTreeMap::new())?;
    let mut rows = Rows::new(segment);
    let mut before: Option<Vec<u8>> = None;
    while let Some(row) = rows.next_row()? {
        samples += row.bits.len() as u64;
        if let Some(natives) = &natives {
            histograms += natives.messages(row.number, 0..natives.times(row.number).len())?.len() as u64;
        }
        if before.is_some_and(|before| compare(&before, &row.labels) != Ordering::Less) {
            faults.push(format!("{path}: series {} is out of order", row.number));
        }
        before = Some(row.labels);
    }
    let summary = &rows.segment.summary;
    if (samples, histograms, exemplars) != (summary.samples, summary.histograms, summary.exemplars) {
        faults.push(format!("{path}: there are more or fewer samples than it says"));
    }
    Ok(faults)
}
