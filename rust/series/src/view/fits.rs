//! Which rows of a segment's table of series have labels that fit.

use otelier_segment::error::ReadError;

use crate::labels::NAME;
use crate::matcher::Matcher;
use crate::pairs::NONE;
use crate::read::{Place, Segment, by_group};
use crate::segment::GROUP_ROWS;

/// A matcher and the column that it is about.
pub(super) struct Test<'a> {
    matcher: &'a Matcher,
    place: Place,
    /// Whether a row without the label passes.
    nothing: bool,
}

impl<'a> Test<'a> {
    /// `None` if no series of the metric has the label.
    pub fn of(
        segment: &Segment,
        metric: usize,
        matcher: &'a Matcher,
        nothing: bool,
    ) -> Result<Option<Test<'a>>, ReadError> {
        let labels = &segment.summary.metrics[metric].labels;
        let of_name = |place: &&u32| segment.summary.labels[**place as usize].as_bytes() == matcher.name;
        let place = labels.iter().find(of_name).map(|place| segment.label(*place)).transpose()?;
        Ok(place.map(|place| Test { matcher, place, nothing }))
    }

    /// Leaves those of some rows of one row group that pass.
    pub fn keep(&self, segment: &Segment, first: usize, fit: &mut Vec<usize>) -> Result<(), ReadError> {
        if fit.is_empty() {
            return Ok(());
        }
        let Some(coded) = segment.coded(first, self.place)? else {
            if !self.nothing {
                fit.clear();
            }
            return Ok(());
        };
        let base = first / GROUP_ROWS * GROUP_ROWS;
        let mut known: Vec<Option<bool>> = vec![None; coded.len()];
        fit.retain(|row| match coded.code(row - base) {
            NONE => self.nothing,
            code => *known[code as usize].get_or_insert_with(|| self.matcher.holds(coded.text(code))),
        });
        Ok(())
    }
}

/// Whether a series has labels that fit all matchers, whatever its times are. Soft attributes are no labels here.
pub fn has_series(segment: &Segment, matchers: &[Matcher]) -> Result<bool, ReadError> {
    let (of_name, others): (Vec<&Matcher>, Vec<&Matcher>) = matchers.iter().partition(|each| each.name == NAME);
    for (metric, described) in segment.summary.metrics.iter().enumerate() {
        let named = of_name.iter().all(|matcher| matcher.holds(described.name.as_bytes()));
        if named && metric_has_series(segment, metric, &others)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn metric_has_series(segment: &Segment, metric: usize, matchers: &[&Matcher]) -> Result<bool, ReadError> {
    let mut tests = Vec::new();
    for matcher in matchers {
        let nothing = matcher.holds(b"");
        match Test::of(segment, metric, matcher, nothing)? {
            None if !nothing => return Ok(false),
            test => tests.extend(test),
        }
    }
    for rows in by_group(segment.rows_of(metric)) {
        let (first, mut fit) = (rows.start, rows.collect::<Vec<usize>>());
        for test in &tests {
            test.keep(segment, first, &mut fit)?;
        }
        if !fit.is_empty() {
            return Ok(true);
        }
    }
    Ok(false)
}
