//! Where the rows of traces lie.

use std::ops::Range;
use std::sync::Arc;

use super::file::SegmentFile;
use super::group::Group;
use crate::error::ReadError;
use crate::index::TraceRows;
use crate::newest::TraceId;
use crate::schema;

/// Rows of one trace in a row group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    pub group: usize,
    pub rows: Range<usize>,
}

/// A run of rows of one of the traces that are asked for.
#[derive(Clone, Debug)]
pub struct Part {
    pub file: Arc<SegmentFile>,
    /// Of the file, among those that are asked: of spans that are there twice, the first counts.
    pub number: usize,
    pub run: Run,
    /// Which of the traces.
    pub trace: usize,
    /// Whether it has other parts: then spans must be told apart by their ids.
    pub split: bool,
}

impl Part {
    /// The parts of these traces, or of some whose ids begin alike, in these files.
    pub fn all(files: &[Arc<SegmentFile>], trace_ids: &[TraceId]) -> Result<Vec<Part>, ReadError> {
        let mut parts = Vec::new();
        for (number, file) in files.iter().enumerate() {
            for (trace, trace_id) in trace_ids.iter().enumerate() {
                let runs = file.runs(trace_id)?.into_iter();
                parts.extend(runs.map(|run| Part { file: file.clone(), number, run, trace, split: false }));
            }
        }
        Ok(parts)
    }

    /// Those of a row group together, so that each is opened once; in the order of rows.
    pub fn by_group(mut parts: Vec<Part>) -> Vec<Vec<Part>> {
        parts.sort_by_key(Part::place);
        parts.chunk_by(|a, b| a.number == b.number && a.run.group == b.run.group).map(<[Part]>::to_vec).collect()
    }

    fn place(&self) -> (usize, usize, usize) {
        (self.number, self.run.group, self.run.rows.start)
    }
}

impl SegmentFile {
    fn runs(&self, trace_id: &TraceId) -> Result<Vec<Run>, ReadError> {
        self.traces.find(trace_id).iter().map(|run| self.run(run)).collect()
    }

    /// Where a run lies: in one row group.
    pub fn run(&self, run: &TraceRows) -> Result<Run, ReadError> {
        let groups = &self.summary.row_groups;
        let (first_row, rows) = (u64::from(run.first_row), u64::from(run.rows));
        let group = groups.partition_point(|group| group.first_row <= first_row).checked_sub(1);
        let found = group.and_then(|group| {
            let start = first_row - groups[group].first_row;
            (start + rows <= groups[group].rows).then_some(Run { group, rows: start as usize..(start + rows) as usize })
        });
        found.ok_or_else(|| self.damaged("a trace's rows lie in no row group"))
    }
}

impl Group<'_> {
    /// Whether a run is this trace's, and not one's whose id begins alike.
    pub fn is_of(&mut self, trace_id: &TraceId, run: &Run) -> Result<bool, ReadError> {
        self.cell(schema::TRACE_ID, run.rows.start, |id| id == trace_id)
    }
}
