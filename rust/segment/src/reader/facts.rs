//! What summaries need of traces' rows: a few columns, and the pages that many traces share read once.

use std::ops::Range;
use std::sync::Arc;

use super::group::Group;
use super::part::Part;
use super::slice::{Slice, bytes, int};
use crate::error::ReadError;
use crate::newest::TraceId;
use crate::schema;
use crate::summary::{Fact, Parent};

/// STATUS_CODE_ERROR.
const ERROR: i64 = 2;

/// Of so many parts the pages are asked for before the first is read; more are read nearly as a whole.
const FEW: usize = 256;
const COLUMNS: [&str; 8] = [
    schema::TRACE_ID,
    schema::PARENT_DISTANCE,
    schema::PARENT_SPAN_ID,
    schema::START_NS,
    schema::DURATION_NS,
    schema::SERVICE,
    schema::STATUS_CODE,
    schema::NAME,
];

/// Adds the facts of all parts to those of their traces.
pub fn facts(parts: Vec<Part>, trace_ids: &[TraceId], facts: &mut [Vec<Fact>]) -> Result<(), ReadError> {
    let few = parts.len() <= FEW;
    let groups = Part::by_group(parts);
    // In the order of `groups`; none if there are many.
    let mut opened = Vec::new();
    for parts in groups.iter().filter(|_| few) {
        let runs: Vec<Range<usize>> = parts.iter().map(|part| part.run.rows.clone()).collect();
        let group = Group::open(&parts[0].file, parts[0].run.group)?;
        let mut columns: Vec<usize> = COLUMNS.iter().filter_map(|name| group.column(name)).collect();
        columns.sort_unstable();
        group.will_need_of(columns, &runs)?;
        opened.push(group);
    }
    let mut opened = opened.into_iter();
    for parts in &groups {
        let Some(first) = parts.first() else { continue };
        let mut group = match opened.next() {
            Some(group) => group,
            None => Group::open(&first.file, first.run.group)?,
        };
        for part in parts {
            if group.is_of(&trace_ids[part.trace], &part.run)? {
                group.facts(&part.run.rows, part.split, &mut facts[part.trace])?;
            }
        }
    }
    Ok(())
}

impl Group<'_> {
    fn facts(&mut self, rows: &Range<usize>, split: bool, facts: &mut Vec<Fact>) -> Result<(), ReadError> {
        let mut slice = |name| match self.column(name) {
            Some(column) => Slice::read(self, column, rows),
            None => Ok(None),
        };
        let (distances, parent_ids) = (slice(schema::PARENT_DISTANCE)?, slice(schema::PARENT_SPAN_ID)?);
        let (starts, durations) = (slice(schema::START_NS)?, slice(schema::DURATION_NS)?);
        let (services, codes, names) = (slice(schema::SERVICE)?, slice(schema::STATUS_CODE)?, slice(schema::NAME)?);
        // A parent that is named may be there after all: where spans are each other's parents.
        let by_id = split || parent_ids.is_some();
        let (span_ids, kinds) = if by_id { (slice(schema::SPAN_ID)?, slice(schema::KIND)?) } else { (None, None) };
        let mut service: Arc<[u8]> = Arc::default();
        for row in rows.clone() {
            let here = int(&distances, row) > 0;
            let parent = match bytes(&parent_ids, row).try_into() {
                _ if here => Parent::Here,
                Ok(id) => Parent::Named(id),
                Err(_) => Parent::None,
            };
            let name = bytes(&services, row);
            if *service != *name {
                service = name.into();
            }
            let start_ns = int(&starts, row) as u64;
            facts.push(Fact {
                span_id: by_id.then(|| bytes(&span_ids, row).try_into().unwrap_or_default()),
                kind: int(&kinds, row) as i32,
                parent,
                start_ns,
                end_ns: start_ns.wrapping_add(int(&durations, row) as u64),
                error: int(&codes, row) == ERROR,
                service: service.clone(),
                name: (!here).then(|| bytes(&names, row).into()),
            });
        }
        Ok(())
    }
}
