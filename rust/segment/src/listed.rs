//! The segments that a manifest lists.

use std::ops::RangeInclusive;
use std::sync::Arc;

use hashbrown::HashMap;
use otelier_wire::Signal;

use crate::error::ReadError;

/// Where they lie on the disk.
const SEGMENTS: &str = "segments";

/// The manifest's paths, and the same by tenant and signal.
#[derive(Debug, Default)]
pub(crate) struct Segments {
    pub paths: Vec<String>,
    pub of: HashMap<(Arc<str>, Signal), Vec<Listed>>,
}

/// A segment that need not have been opened yet.
#[derive(Debug)]
pub(crate) struct Listed {
    pub path: Arc<str>,
    /// Least and greatest start of its items.
    pub starts: RangeInclusive<u64>,
}

impl Segments {
    pub fn new(paths: &[String], starts: &[(u64, u64)]) -> Result<Segments, ReadError> {
        let mut of: HashMap<_, Vec<Listed>> = HashMap::new();
        for (number, path) in paths.iter().enumerate() {
            let (first, last) = starts.get(number).copied().unwrap_or((0, u64::MAX));
            of.entry(place_of(path)?).or_default().push(Listed { path: path.as_str().into(), starts: first..=last });
        }
        Ok(Segments { paths: paths.to_vec(), of })
    }

    /// The segment that a file belongs to: itself, or what its index stands beside.
    pub fn of_file(&self, path: &str) -> Option<&str> {
        let stem = path.rsplit_once('.').map_or(path, |(stem, _)| stem);
        self.paths.iter().map(String::as_str).find(|segment| segment.strip_suffix(".parquet") == Some(stem))
    }
}

/// Tenant and signal of `segments/<tenant>/<signal>/<id>.parquet`.
fn place_of(path: &str) -> Result<(Arc<str>, Signal), ReadError> {
    let bad = || ReadError::damaged(path, "this is no segment's path");
    let mut parts = path.split('/');
    match (parts.next(), parts.next(), parts.next().and_then(Signal::from_name), parts.next(), parts.next()) {
        (Some(SEGMENTS), Some(tenant), Some(signal), Some(_), None) => Ok((tenant.into(), signal)),
        _ => Err(bad()),
    }
}
