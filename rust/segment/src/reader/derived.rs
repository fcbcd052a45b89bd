//! Tests of what no column holds as it is asked for: times of events, ids of parents.

use super::columns::with_start;
use super::look::{Judge, Look};
use super::table::GroupTable;
use crate::error::ReadError;
use crate::filter::Test;
use crate::filter::value::Value;
use crate::rows::Rows;
use crate::schema;

impl GroupTable<'_> {
    /// Their column has distances to the start of the span.
    pub(super) fn event_times(&mut self, test: &Test, among: &Rows) -> Result<Rows, ReadError> {
        let mut found = Rows::none(among.len());
        let Some(events) = self.group.column(schema::EVENTS) else { return Ok(found) };
        let starts = self.group.starts(among)?;
        let rows: Vec<usize> = among.iter().collect();
        self.group.each_value(events, among, &mut |place, value| {
            if let Value::Text(fields) = value
                && test.holds_for_span(&with_start(fields, starts[place]))
            {
                found.insert(rows[place]);
            }
        })?;
        Ok(found)
    }

    /// The parent's id stands at the parent, if that is in the file, else at the row itself.
    pub(super) fn parents(&mut self, test: &Test, among: &Rows) -> Result<Rows, ReadError> {
        let mut found = Rows::none(among.len());
        if let Some(column) = self.group.column(schema::PARENT_SPAN_ID) {
            found = self.look(Look::new(test, column, Judge::Id, false), test, among)?;
        }
        let Some(distances) = self.group.column(schema::PARENT_DISTANCE) else { return Ok(found) };
        for (number, rows) in self.group.pages_with(distances, among)? {
            let page = self.group.page(distances, number)?;
            let damaged = |what| self.group.file.damaged(what);
            let values = page.all_values().map_err(damaged)?;
            let dictionary = self.group.dictionary(distances)?;
            for row in among.within(rows.clone()).filter(|row| page.has(row - rows.start)) {
                let distance = values.get(page.rank(row - rows.start), dictionary.as_deref());
                let Some(Value::Int(distance)) = distance else { continue };
                let parent = usize::try_from(distance).ok().and_then(|distance| row.checked_sub(distance));
                let parent = parent.ok_or_else(|| self.group.file.damaged("a parent lies before all rows"))?;
                if self.group.cell(schema::SPAN_ID, parent, |id| test.holds_for_id(id))? {
                    found.insert(row);
                }
            }
        }
        Ok(found)
    }
}
