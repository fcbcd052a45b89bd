//! Finds series in a segment: by metric, then by codes of labels.

use std::sync::Arc;

use hashbrown::HashMap;
use otelier_segment::error::ReadError;

use super::fits::Test;
use super::join::{Joined, Query};
use crate::labels::NAME;
use crate::matcher::Matcher;
use crate::pairs::NONE;
use crate::read::{Coded, Place, Segment, by_group};
use crate::soft;

/// A series of a segment that fits.
#[derive(Clone, Copy, Debug)]
pub struct Found {
    /// In the join, and in the segment.
    pub series: u32,
    pub row: u32,
}

/// A column in a row group, and what its codes are in the join; NONE: not looked up yet.
type Translated = (Option<Arc<Coded>>, Vec<u32>);

pub struct Finder<'a> {
    segment: &'a Segment,
    query: &'a Query<'a>,
    /// By first row of a row group and column.
    translated: HashMap<(usize, usize), Translated>,
    /// By list of timestamps, whether some of it is asked for.
    met: HashMap<u32, bool>,
    /// Names that some source has attributes for: a matcher about a label that is not there waits for these.
    soft_names: &'a [&'a [u8]],
    /// Soft columns that the query names: name and column, the one that counts first.
    soft: Vec<(Vec<u8>, Place)>,
    /// All soft columns, if it matters whether a series has any: then they are the newest word about it.
    all_soft: Vec<Place>,
    /// Some matcher waits for what soft attributes say.
    pub waits: bool,
    /// Whether series without samples in the window count, too.
    at_any_time: bool,
}

impl<'a> Finder<'a> {
    pub fn new(
        segment: &'a Segment,
        query: &'a Query<'a>,
        soft_names: &'a [&'a [u8]],
        at_any_time: bool,
    ) -> Result<Finder<'a>, ReadError> {
        let mut soft_columns = Vec::new();
        for name in soft_names {
            let keys = segment.summary.soft.iter().map(|key| (key.as_bytes(), key));
            let exact = keys.clone().filter(|(key, _)| key == name);
            let others = keys.filter(|(key, _)| key != name && soft::means(name, key));
            for (_, key) in exact.chain(others) {
                soft_columns.push((name.to_vec(), segment.soft(key)?));
            }
        }
        let all_soft = segment.summary.soft.iter().filter(|_| !soft_names.is_empty()).map(|key| segment.soft(key));
        let all_soft = all_soft.collect::<Result<_, _>>()?;
        let (translated, met) = (HashMap::new(), HashMap::new());
        Ok(Finder {
            segment,
            query,
            translated,
            met,
            soft_names,
            soft: soft_columns,
            all_soft,
            waits: false,
            at_any_time,
        })
    }

    /// In the order of rows.
    pub fn find(&mut self, joined: &mut Joined) -> Result<Vec<Found>, ReadError> {
        let mut found = Vec::new();
        let metrics = &self.segment.summary.metrics;
        let of_name = |matcher: &&Matcher| matcher.name == NAME;
        let wanted = self.query.matchers.iter().filter(of_name).find_map(Matcher::only);
        let places = match wanted {
            Some(wanted) => {
                let at = metrics.partition_point(|metric| metric.name.as_bytes() < wanted);
                at..(at + 1).min(metrics.len())
            }
            None => 0..metrics.len(),
        };
        for at in places {
            let name = metrics[at].name.as_bytes();
            if self.query.matchers.iter().filter(of_name).all(|matcher| matcher.holds(name)) {
                self.find_metric(at, joined, &mut found)?;
            }
        }
        Ok(found)
    }

    fn find_metric(&mut self, metric: usize, joined: &mut Joined, found: &mut Vec<Found>) -> Result<(), ReadError> {
        let Some(tests) = self.tests(metric)? else { return Ok(()) };
        let places = &self.segment.summary.metrics[metric].labels;
        let columns: Vec<(Place, u32)> = places
            .iter()
            .map(|place| {
                let name = joined.pairs.name_number(self.segment.summary.labels[*place as usize].as_bytes());
                Ok((self.segment.label(*place)?, name))
            })
            .collect::<Result<_, ReadError>>()?;
        for rows in by_group(self.segment.rows_of(metric)) {
            let (first, mut fit) = (rows.start, rows.clone().collect::<Vec<usize>>());
            for test in &tests {
                test.keep(self.segment, first, &mut fit)?;
            }
            if !self.at_any_time {
                self.keep_met(&mut fit)?;
            }
            if fit.is_empty() {
                continue;
            }
            let before = found.len();
            let mut sets = vec![NONE; fit.len() * columns.len()];
            for (number, (place, name)) in columns.iter().enumerate() {
                let column = sets.iter_mut().skip(number).step_by(columns.len());
                self.translate(*place, *name, first, &fit, joined, column)?;
            }
            joined.reserve(fit.len());
            let mut set = Vec::with_capacity(columns.len());
            for (at, row) in fit.iter().enumerate() {
                set.clear();
                set.extend(sets[at * columns.len()..(at + 1) * columns.len()].iter().filter(|pair| **pair != NONE));
                found.push(Found { series: joined.add(&set), row: *row as u32 });
            }
            self.add_soft(first, &found[before..], joined)?;
        }
        Ok(())
    }

    /// `None` if no series of the metric can fit.
    fn tests(&mut self, metric: usize) -> Result<Option<Vec<Test<'a>>>, ReadError> {
        let query = self.query;
        let mut tests = Vec::new();
        for matcher in query.matchers.iter().filter(|matcher| matcher.name != NAME) {
            let may_be_soft = self.soft_names.contains(&&matcher.name[..]);
            self.waits |= may_be_soft;
            let nothing = may_be_soft || matcher.holds(b"");
            match Test::of(self.segment, metric, matcher, nothing)? {
                None if !nothing => return Ok(None),
                test => tests.extend(test),
            }
        }
        Ok(Some(tests))
    }

    /// Those with samples in the window.
    fn keep_met(&mut self, fit: &mut Vec<usize>) -> Result<(), ReadError> {
        let mut error = None;
        let (segment, query, natives) = (self.segment, self.query, self.segment.natives()?);
        let met = &mut self.met;
        // Neighbours mostly have the same.
        let mut last = None;
        let mut is_met = |row: usize| -> Result<bool, ReadError> {
            let list = segment.list_of(row)?;
            let floats = match last {
                Some((same, known)) if same == list => known,
                _ => match met.get(&list) {
                    Some(known) => *known,
                    None => {
                        let known = query.meets(&segment.lists()?.get(list)?);
                        met.insert(list, known);
                        known
                    }
                },
            };
            last = Some((list, floats));
            Ok(floats || natives.is_some_and(|natives| query.meets(natives.times(row as u32))))
        };
        fit.retain(|row| {
            is_met(*row).unwrap_or_else(|found| {
                error = Some(found);
                false
            })
        });
        error.map_or(Ok(()), Err)
    }

    fn translate<'b>(
        &mut self,
        place: Place,
        name: u32,
        first: usize,
        fit: &[usize],
        joined: &mut Joined,
        out: impl Iterator<Item = &'b mut u32>,
    ) -> Result<(), ReadError> {
        let base = first / crate::segment::GROUP_ROWS * crate::segment::GROUP_ROWS;
        let key = (base, place.number());
        if !self.translated.contains_key(&key) {
            let coded = self.segment.coded(first, place)?;
            let codes = coded.as_ref().map_or(0, |coded| coded.len());
            self.translated.insert(key, (coded, vec![NONE; codes]));
        }
        let Some((Some(coded), known)) = self.translated.get_mut(&key) else { return Ok(()) };
        for (row, out) in fit.iter().zip(out) {
            let code = coded.code(row - base);
            if code != NONE {
                let pair = &mut known[code as usize];
                if *pair == NONE {
                    *pair = joined.pairs.intern(name, coded.text(code));
                }
                *out = *pair;
            }
        }
        Ok(())
    }

    fn add_soft(&mut self, first: usize, found: &[Found], joined: &mut Joined) -> Result<(), ReadError> {
        if self.all_soft.is_empty() {
            return Ok(());
        }
        let rows: Vec<usize> = found.iter().map(|found| found.row as usize).collect();
        let mut all: Vec<Vec<u32>> = vec![Vec::new(); rows.len()];
        for (name, place) in self.soft.clone() {
            let name = joined.pairs.name_number(&name);
            let mut column = vec![NONE; rows.len()];
            self.soft_column(place, name, first, &rows, joined, &mut column)?;
            all.iter_mut().zip(column).filter(|(_, pair)| *pair != NONE).for_each(|(of, pair)| of.push(pair));
        }
        let base = first / crate::segment::GROUP_ROWS * crate::segment::GROUP_ROWS;
        let columns = self.all_soft.iter().map(|place| self.segment.coded(first, *place));
        let columns: Vec<Arc<Coded>> = columns.filter_map(Result::transpose).collect::<Result<_, _>>()?;
        for (found, pairs) in found.iter().zip(all) {
            let row = found.row as usize - base;
            if !pairs.is_empty() || columns.iter().any(|column| column.code(row) != NONE) {
                joined.set_soft(found.series, pairs);
            }
        }
        Ok(())
    }

    /// Names differ for one column, so nothing is kept of these.
    fn soft_column(
        &self,
        place: Place,
        name: u32,
        first: usize,
        rows: &[usize],
        joined: &mut Joined,
        out: &mut [u32],
    ) -> Result<(), ReadError> {
        let base = first / crate::segment::GROUP_ROWS * crate::segment::GROUP_ROWS;
        let Some(coded) = self.segment.coded(first, place)? else { return Ok(()) };
        for (row, out) in rows.iter().zip(out) {
            let code = coded.code(row - base);
            if code != NONE {
                *out = joined.pairs.intern(name, coded.text(code));
            }
        }
        Ok(())
    }
}
