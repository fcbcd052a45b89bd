//! Which traces older segments have parts of, and which of their spans.

use hashbrown::{HashMap, HashSet};
use otelier_disk::Disk;

use super::Split;
use crate::decode::{Identity, identities};
use crate::index::{Index, TraceRows};
use crate::write::WriteError;
use crate::write::{Span, index_path};

pub fn identity(span: &Span) -> Identity {
    (span.trace_id, span.span_id, span.start_ns, span.kind)
}

/// Looks for the traces of these spans in the segments; answers which are there, and all spans that these have there.
pub fn look_up(disk: &dyn Disk, tenant: &str, recent: &[String], spans: &[Span]) -> (Split, HashSet<Identity>) {
    let (mut split, mut known) = (Split::default(), HashSet::new());
    let folder = format!("segments/{tenant}/traces/");
    let ids: HashSet<[u8; 16]> =
        if recent.is_empty() { HashSet::new() } else { spans.iter().map(|s| s.trace_id).collect() };
    for path in recent.iter().filter(|path| path.starts_with(&folder)) {
        // Merged into another meanwhile, damaged, or on a bad sector: whoever verifies says so. A flush must not stop for
        // it, because then the log fills and nothing is accepted any more; at worst a duplicate stays until the merge.
        let Ok(found) = find(disk, path, &ids) else { continue };
        for identity in found.into_iter().filter(|(trace_id, ..)| ids.contains(trace_id)) {
            split.insert(identity.0);
            known.insert(identity);
        }
    }
    (split, known)
}

fn find(disk: &dyn Disk, path: &str, ids: &HashSet<[u8; 16]>) -> Result<Vec<Identity>, WriteError> {
    let index = Index::new(disk.read(&index_path(path))?)?;
    let traces = index.traces()?;
    let runs: Vec<TraceRows> = ids.iter().flat_map(|id| traces.find(id)).copied().collect();
    if runs.is_empty() {
        return Ok(Vec::new());
    }
    let groups = index.summary()?.row_groups;
    let mut wanted: HashMap<usize, Vec<std::ops::Range<usize>>> = HashMap::new();
    for run in runs {
        let first = u64::from(run.first_row);
        let at = groups.partition_point(|group| group.first_row + group.rows <= first);
        let Some(group) = groups.get(at) else { continue };
        let start = (first - group.first_row) as usize;
        wanted.entry(at).or_default().push(start..start + run.rows as usize);
    }
    identities(disk.open_read(path)?, wanted).map_err(|error| WriteError::damaged(path, error))
}
