//! A field's values counted in whatever table.

use super::tally::{NOWHERE, Tally};
use crate::error::ReadError;
use crate::filter::{Condition, Field, Test, Wanted};
use crate::rows::Rows;
use crate::select::Table;

/// Stands for a text that was not looked at yet.
const UNSEEN: u32 = u32::MAX - 2;

/// Counts the values that `rows` have of a field, by the class of each row of the table (none: the first one).
pub fn count(
    table: &mut dyn Table,
    wanted: &Wanted,
    rows: &Rows,
    classes: &[u32],
    tally: &mut Tally,
) -> Result<(), ReadError> {
    let mut rest = if wanted.of_parent { rows.clone() } else { table.tally(&wanted.field, rows, classes, tally)? };
    if rest.is_empty() {
        return Ok(());
    }
    if let (Field::Attribute(..), false) = (&wanted.field, wanted.of_parent) {
        let exists = Test::new(wanted.field.clone(), Condition::Exists);
        rest = if table.may_hold(&exists)? { table.test(&exists, &rest)? } else { return Ok(()) };
    }
    let mut column = wanted.column();
    wanted.append(table, &rest, &mut column)?;
    let mut of_text = Vec::new();
    for (place, row) in rest.iter().enumerate() {
        let entry = match column.width {
            0 => (column.tags[place], column.data[place]),
            _ => column.id_entry(place),
        };
        of_text.resize(of_text.len().max(column.texts.strings.len()), UNSEEN);
        let slot = match of_text.get_mut(entry.1 as usize).filter(|_| entry.0 == super::column::TEXT) {
            Some(slot) => {
                if *slot == UNSEEN {
                    *slot = tally.slot_of(entry, &column);
                }
                *slot
            }
            None if entry.0 == super::column::ABSENT => NOWHERE,
            None => tally.slot_of(entry, &column),
        };
        tally.add(slot, classes.get(row).copied().unwrap_or_default());
    }
    Ok(())
}
