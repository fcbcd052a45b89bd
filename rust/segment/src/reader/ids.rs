//! Ids of a row group's spans as columns.

use super::group::Group;
use crate::error::ReadError;
use crate::filter::value::Value;
use crate::rows::Rows;
use crate::schema;
use crate::spans::Column;

impl Group<'_> {
    pub fn fill_ids(&mut self, name: &'static str, rows: &Rows, out: &mut Column, at: usize) -> Result<(), ReadError> {
        let Some(column) = self.column(name) else { return Ok(()) };
        self.each_value(column, rows, &mut |place, value| {
            if let Value::Text(id) = value {
                out.set_id(at + place, id);
            }
        })
    }

    /// The parent's id stands at the parent, if that is in the file, else at the row itself.
    pub fn fill_parent_ids(&mut self, rows: &Rows, out: &mut Column, at: usize) -> Result<(), ReadError> {
        self.fill_ids(schema::PARENT_SPAN_ID, rows, out, at)?;
        let Some(distances) = self.column(schema::PARENT_DISTANCE) else { return Ok(()) };
        let ids: Vec<usize> = rows.iter().collect();
        let mut parents = Vec::new();
        self.each_value(distances, rows, &mut |place, value| {
            if let Value::Int(distance) = value {
                parents.push((place, ids[place].checked_sub(distance as usize)));
            }
        })?;
        let mut wanted = Rows::none(self.rows);
        for (_, parent) in &parents {
            wanted.insert(parent.ok_or_else(|| self.file.damaged("a parent lies before all rows"))?);
        }
        let mut of_parents = Column::new(8);
        of_parents.extend(wanted.count());
        self.fill_ids(schema::SPAN_ID, &wanted, &mut of_parents, 0)?;
        let mut places = vec![0u32; self.rows];
        wanted.iter().enumerate().for_each(|(place, row)| places[row] = place as u32);
        for (place, parent) in parents {
            if let Some(parent) = parent {
                out.set_id(at + place, of_parents.id(places[parent] as usize));
            }
        }
        Ok(())
    }
}
