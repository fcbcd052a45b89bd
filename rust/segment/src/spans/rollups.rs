//! Aggregates out of roll-ups, segment by segment, where these say exactly what the spans would.

use super::aggregate::{Kind, Question};
use super::cells::{Cells, Many};
use super::groups::Groups;
use super::histogram::of_duration;
use super::scan::Places;
use crate::error::ReadError;
use crate::filter::value::Value;
use crate::filter::{Field, Filter, Intrinsic, Wanted};
use crate::index::{self, Cell, bucket_bounds};
use crate::reader::SegmentFile;

const MINUTE_NS: u64 = 60_000_000_000;
const ERROR: i32 = 2;

/// What roll-ups know of the spans in a cell.
struct Operation<'a> {
    /// Empty: none.
    service: &'a str,
    name: &'a str,
    kind: i32,
}

/// Counts what roll-ups can say; by file, whether they said all.
pub fn answer(
    places: &Places,
    question: &Question,
    groups: &mut Groups,
    cells: &mut Cells,
) -> Result<Vec<bool>, ReadError> {
    let mut answered = vec![false; places.files.len()];
    let Some(asked) = Asked::new(question) else { return Ok(answered) };
    for (number, file) in places.files.iter().enumerate() {
        let overlaps = file.summary.min_start_ns <= *question.window.end()
            && file.summary.max_start_ns >= *question.window.start();
        if overlaps && !has_repeats(places, number)? {
            answered[number] = asked.answer(file, groups, cells)?;
        }
    }
    Ok(answered)
}

/// Whether an earlier file has some of the spans, too: then the roll-ups count too many.
fn has_repeats(places: &Places, number: usize) -> Result<bool, ReadError> {
    for earlier in &places.files[..number] {
        if !places.files[number].repeats_of(earlier)?.is_empty() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// A question that roll-ups may answer.
struct Asked<'a> {
    question: &'a Question<'a>,
    /// Whether nothing but the service is asked of a span.
    by_service: bool,
}

impl<'a> Asked<'a> {
    fn new(question: &'a Question<'a>) -> Option<Asked<'a>> {
        let of_duration = Wanted { field: Field::Intrinsic(Intrinsic::DurationNs), of_parent: false };
        let value = match question.kind {
            Kind::Count => true,
            Kind::Sum => false,
            Kind::Histogram => question.value == Some(&of_duration) && !asks_status(question.filter),
        };
        let group = |group: &Wanted| match group.field {
            Field::Intrinsic(Intrinsic::Service) if !group.of_parent => Some(true),
            Field::Intrinsic(Intrinsic::Name | Intrinsic::Kind) if !group.of_parent => Some(false),
            _ => None,
        };
        let groups: Option<Vec<bool>> = question.groups.iter().map(group).collect();
        let mut by_service = groups?.into_iter().all(|service| service);
        let known = value && is_known(question.filter, &mut by_service);
        // The histograms of operations take as long to read as the spans themselves.
        (known && (by_service || question.kind == Kind::Count)).then_some(Asked { question, by_service })
    }

    /// Counts a file's cells; false, and nothing is counted, if they do not say enough.
    fn answer(&self, file: &SegmentFile, groups: &mut Groups, cells: &mut Cells) -> Result<bool, ReadError> {
        let rollups = match self.by_service {
            true => file.service_rollups(),
            false => file.rollup_counts()?,
        };
        let Some(rollups) = rollups else { return Ok(false) };
        let operations = if self.by_service { &[] } else { file.operations()? };
        let mut found = Vec::new();
        let mut verdicts: Vec<Option<[bool; 2]>> = Vec::new();
        for cell in &rollups.cells {
            let Some(operation) = self.operation(file, operations, cell) else { return Ok(false) };
            let place = cell.operation as usize;
            verdicts.resize(verdicts.len().max(place + 1), None);
            let [error, other] = match verdicts[place] {
                Some(verdict) => verdict,
                None => match self.verdict(&operation) {
                    Some(verdict) => *verdicts[place].insert(verdict),
                    None => return Ok(false),
                },
            };
            let errors = if error { cell.errors } else { 0 };
            let calls = errors + if other { cell.calls - cell.errors.min(cell.calls) } else { 0 };
            if calls == 0 {
                continue;
            }
            match self.step(cell) {
                Some(Some(step)) => found.push((cell, operation, step, calls)),
                Some(None) => {}
                None => return Ok(false),
            }
            // Durations of nothing and below are one in roll-ups.
            if self.question.kind == Kind::Histogram && cell.histogram.first().is_some_and(|(bucket, _)| *bucket == 0) {
                return Ok(false);
            }
        }
        for (cell, operation, step, calls) in found {
            let group = groups.number(&self.values(&operation));
            if self.question.kind == Kind::Count {
                cells.add_many(group, step, calls, None);
                continue;
            }
            let buckets: Vec<(i32, u64)> =
                cell.histogram.iter().map(|(bucket, count)| (of_duration(*bucket), (*count).into())).collect();
            let bounds = |entry: Option<&(u32, u32)>| entry.map_or((0.0, 0.0), |(bucket, _)| bucket_bounds(*bucket));
            let (least, greatest) = (bounds(cell.histogram.first()).0, bounds(cell.histogram.last()).1);
            let many = Many { sum: cell.sum_ns as f64, least, greatest, buckets: &buckets };
            cells.add_many(group, step, calls, Some(many));
        }
        Ok(true)
    }

    fn operation<'f>(
        &self,
        file: &'f SegmentFile,
        operations: &'f [index::Operation],
        cell: &Cell,
    ) -> Option<Operation<'f>> {
        let place = cell.operation as usize;
        if self.by_service {
            return file.summary.services.get(place).map(|service| Operation { service, name: "", kind: 0 });
        }
        operations.get(place).map(|of| Operation { service: &of.service, name: &of.name, kind: of.kind })
    }

    fn values<'f>(&self, operation: &Operation<'f>) -> Vec<Option<Value<'f>>> {
        let value = |group: &Wanted| match group.field {
            Field::Intrinsic(Intrinsic::Service) if operation.service.is_empty() => None,
            Field::Intrinsic(Intrinsic::Service) => Some(Value::Text(operation.service.as_bytes())),
            Field::Intrinsic(Intrinsic::Name) => Some(Value::Text(operation.name.as_bytes())),
            _ => Some(Value::Int(operation.kind.into())),
        };
        self.question.groups.iter().map(value).collect()
    }

    /// Whether spans with and without an error are meant; `None` if those without are not all alike.
    fn verdict(&self, operation: &Operation) -> Option<[bool; 2]> {
        let of = |status| holds(self.question.filter, operation, status);
        let other = of(0);
        [1, 3, -1].iter().all(|status| of(*status) == other).then(|| [of(ERROR), other])
    }

    /// The step in which all of a cell's spans start, `Some(None)` if that is none; `None` if they start in several.
    fn step(&self, cell: &Cell) -> Option<Option<u32>> {
        let minute = (cell.moment / 2).saturating_mul(MINUTE_NS);
        let (first, last) = match cell.moment % 2 {
            0 => (minute, minute),
            _ => (minute + 1, minute.saturating_add(MINUTE_NS - 1)),
        };
        let window = self.question.window;
        if last < *window.start() || first > *window.end() {
            return Some(None);
        }
        if !window.contains(&first) || !window.contains(&last) {
            return None;
        }
        let step = self.question.step(first);
        (step == self.question.step(last)).then_some(Some(step as u32))
    }
}

/// Whether the filter asks for nothing but what roll-ups know; `by_service` stays if that is the service alone.
fn is_known(filter: &Filter, by_service: &mut bool) -> bool {
    match filter {
        Filter::All(parts) | Filter::Any(parts) => parts.iter().all(|part| is_known(part, by_service)),
        Filter::Not(part) => is_known(part, by_service),
        Filter::Has(..) => false,
        Filter::Test(test) => match test.field {
            Field::Intrinsic(Intrinsic::Service | Intrinsic::Status) => true,
            Field::Intrinsic(Intrinsic::Name | Intrinsic::Kind) => {
                *by_service = false;
                true
            }
            _ => false,
        },
    }
}

fn asks_status(filter: &Filter) -> bool {
    match filter {
        Filter::All(parts) | Filter::Any(parts) => parts.iter().any(asks_status),
        Filter::Not(part) | Filter::Has(_, part) => asks_status(part),
        Filter::Test(test) => test.field == Field::Intrinsic(Intrinsic::Status),
    }
}

fn holds(filter: &Filter, operation: &Operation, status: i32) -> bool {
    match filter {
        Filter::All(parts) => parts.iter().all(|part| holds(part, operation, status)),
        Filter::Any(parts) => parts.iter().any(|part| holds(part, operation, status)),
        Filter::Not(part) => !holds(part, operation, status),
        Filter::Has(..) => false,
        Filter::Test(test) => match test.field {
            Field::Intrinsic(Intrinsic::Service) => {
                !operation.service.is_empty() && test.condition.holds(Value::Text(operation.service.as_bytes()))
            }
            Field::Intrinsic(Intrinsic::Name) => test.holds_for_text(operation.name.as_bytes()),
            Field::Intrinsic(Intrinsic::Kind) => test.holds_for_int(operation.kind.into()),
            Field::Intrinsic(Intrinsic::Status) => test.holds_for_int(status.into()),
            _ => false,
        },
    }
}
