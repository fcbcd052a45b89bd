//! Row groups as blocks of a search.

use std::ops::RangeInclusive;
use std::sync::Arc;

use super::cache::Cache;
use super::catalogue::candidates;
use super::file::SegmentFile;
use super::group::Group;
use super::look::equal_to;
use super::table::GroupTable;
use super::values::Values;
use crate::error::ReadError;
use crate::filter::{Field, Filter, Scope};
use crate::newest::{Block, Newest};
use crate::rows::Rows;
use crate::schema::{self, AttributeType};
use crate::select::{may_match, rows};

/// A file that is opened when it is due.
pub struct FileBlock {
    pub cache: Arc<Cache>,
    pub path: Arc<str>,
    pub starts: RangeInclusive<u64>,
}

struct GroupBlock {
    file: Arc<SegmentFile>,
    number: usize,
}

impl Block for FileBlock {
    fn starts(&self) -> RangeInclusive<u64> {
        self.starts.clone()
    }

    fn parts(&self, filter: &Filter) -> Result<Option<Vec<Arc<dyn Block>>>, ReadError> {
        let file = self.cache.get(&self.path)?;
        let may = candidates(filter, &file.catalogue);
        if may.contains(&true) {
            will_need(&file, filter)?;
        }
        let numbers = (0..file.summary.row_groups.len()).filter(|number| may.get(*number).copied().unwrap_or(true));
        let block = |number| Arc::new(GroupBlock { file: file.clone(), number }) as Arc<dyn Block>;
        Ok(Some(numbers.map(block).collect()))
    }

    fn search(&self, filter: &Filter, window: &RangeInclusive<u64>, newest: &mut Newest) -> Result<(), ReadError> {
        self.parts(filter)?.unwrap_or_default().iter().try_for_each(|part| part.search(filter, window, newest))
    }
}

/// Has the filters of attributes that are looked for fetched, those of a column in one piece.
fn will_need(file: &SegmentFile, filter: &Filter) -> Result<(), ReadError> {
    let mut keys = Vec::new();
    keys_of(filter, &mut keys);
    let columns = keys.into_iter().flat_map(|key| {
        let key = std::str::from_utf8(key).unwrap_or_default();
        [schema::attribute_column_name(AttributeType::Text, key), schema::numbered_column_name(key)]
    });
    let ranges: Vec<_> = columns.filter_map(|column| file.column_filters.range(&column)).collect();
    file.will_need(&ranges)
}

impl Block for GroupBlock {
    fn starts(&self) -> RangeInclusive<u64> {
        let group = &self.file.summary.row_groups[self.number];
        group.min_start_ns..=group.max_start_ns
    }

    fn search(&self, filter: &Filter, window: &RangeInclusive<u64>, newest: &mut Newest) -> Result<(), ReadError> {
        let file = &*self.file;
        let mut table = GroupTable::new(Group::open(file, self.number)?);
        if !may_match(&mut table, filter)? {
            return Ok(());
        }
        let among = due(&mut table.group, window, newest)?;
        let found = rows(&mut table, filter, &among)?;
        if found.is_empty() {
            return Ok(());
        }
        let mut hits = starts(&mut table.group, &found)?;
        hits.retain(|(start, _)| window.contains(start) && newest.wants(*start));
        hits.sort_unstable_by_key(|(start, row)| (std::cmp::Reverse(*start), *row));
        for (start, row) in hits {
            if !newest.wants(start) {
                break;
            }
            let id = table.group.cell(schema::TRACE_ID, row, |id| <[u8; 16]>::try_from(id))?;
            newest.offer(id.map_err(|_| file.damaged("a trace id of another length"))?, start);
        }
        Ok(())
    }
}

/// Keys of attributes that must be equal to a text.
fn keys_of<'f>(filter: &'f Filter, keys: &mut Vec<&'f [u8]>) {
    match filter {
        Filter::Test(test) => match &test.field {
            Field::Attribute(Scope::Span | Scope::Any, key) if equal_to(test).is_some() => keys.push(key),
            _ => {}
        },
        Filter::All(parts) => parts.iter().for_each(|part| keys_of(part, keys)),
        _ => {}
    }
}

/// Rows of pages some of whose starts can still change the answer.
fn due(group: &mut Group, window: &RangeInclusive<u64>, newest: &Newest) -> Result<Rows, ReadError> {
    let column = group.needed(schema::START_NS)?;
    let Some(bounds) = group.bounds(column)? else { return Ok(Rows::all(group.rows)) };
    let mut due = Rows::none(group.rows);
    for (number, rows) in group.pages_of(column, 0..group.rows)? {
        let (least, greatest) = bounds[number];
        // Bounds are signed, times are not: bounds with different signs say nothing.
        let known = (least < 0) == (greatest < 0);
        let (least, greatest) = (least as u64, greatest as u64);
        let excluded = least > *window.end() || greatest < *window.start() || !newest.wants(greatest);
        if !known || !excluded {
            due.insert_range(rows);
        }
    }
    Ok(due)
}

fn starts(group: &mut Group, found: &Rows) -> Result<Vec<(u64, usize)>, ReadError> {
    let column = group.needed(schema::START_NS)?;
    let mut hits = Vec::with_capacity(found.count());
    for (number, rows) in group.pages_of(column, 0..group.rows)? {
        let first = rows.start;
        let Some(last) = found.within(rows.clone()).last() else { continue };
        let page = group.page(column, number)?;
        match &*page.some_values(0..last + 1 - first).map_err(|what| group.file.damaged(what))?.0 {
            Values::Int64(values) => {
                hits.extend(found.within(rows).filter_map(|row| Some((*values.get(row - first)? as u64, row))));
            }
            _ => return Err(group.file.damaged("starts are no integers")),
        }
    }
    Ok(hits)
}
