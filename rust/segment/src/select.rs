//! A filter to a selection of rows. Whatever asks about spans starts here: searches, columns, aggregates.

use std::ops::RangeInclusive;
use std::sync::Arc;

use crate::error::ReadError;
use crate::filter::{Field, Filter, Test};
use crate::rows::Rows;
use crate::spans::{Column, Tally, TraceRoot, Tree, whole};

/// Rows that can be tested and read: a chunk of the log, a row group of a segment, whole traces out of both.
pub trait Table: Send {
    fn rows(&self) -> usize;

    /// Those rows of `among` for which the test holds. Reads nothing for others.
    fn test(&mut self, test: &Test, among: &Rows) -> Result<Rows, ReadError>;

    /// False if no row can match, as far as that is known without reading rows.
    fn may_hold(&mut self, test: &Test) -> Result<bool, ReadError>;

    /// Those rows of `among` that may match, as far as that is known without reading rows.
    fn candidates(&mut self, filter: &Filter, among: &Rows) -> Result<Rows, ReadError> {
        Ok(if may_match(self, filter)? { among.clone() } else { Rows::none(among.len()) })
    }

    /// The rows that start in `window`.
    fn within(&mut self, window: &RangeInclusive<u64>) -> Result<Rows, ReadError>;

    /// Between which times its rows start, as far as that is known without reading.
    fn starts(&self) -> RangeInclusive<u64> {
        0..=u64::MAX
    }

    /// Puts the field's values of `rows` into a column, from row `at` on, which have none yet.
    fn fill(&mut self, field: &Field, rows: &Rows, out: &mut Column, at: usize) -> Result<(), ReadError>;

    /// Counts the values that `rows` have of a field as they lie, by the class of each row of the table (none: the
    /// first one); answers rows that were left out: here all.
    fn tally(&mut self, _field: &Field, rows: &Rows, _classes: &[u32], _tally: &mut Tally) -> Result<Rows, ReadError> {
        Ok(rows.clone())
    }

    /// `None` if it does not hold whole traces: then no span has relatives. Without parents there are no orphans either.
    fn tree(&mut self, with_parents: bool) -> Result<Option<Arc<Tree>>, ReadError>;

    /// The traces that have some of these rows, in order; else as `tree`.
    fn roots(&mut self, rows: &Rows) -> Result<Option<Vec<TraceRoot>>, ReadError> {
        Ok(self.tree(true)?.map(|tree| tree.roots(rows)))
    }
}

/// The rows of `among` that the filter means.
pub fn select(table: &mut dyn Table, filter: &Filter, among: &Rows) -> Result<Rows, ReadError> {
    let among = table.candidates(filter, among)?;
    rows(table, filter, &among)
}

/// False if the filter means none of its rows, as far as that is known without reading them.
pub fn may_match(table: &mut (impl Table + ?Sized), filter: &Filter) -> Result<bool, ReadError> {
    match filter {
        Filter::Test(test) => table.may_hold(test),
        Filter::Not(_) => Ok(true),
        Filter::Has(_, part) => may_match(table, part),
        Filter::All(parts) => {
            for part in parts {
                if !may_match(table, part)? {
                    return Ok(false);
                }
            }
            Ok(true)
        }
        Filter::Any(parts) => {
            for part in parts {
                if may_match(table, part)? {
                    return Ok(true);
                }
            }
            Ok(false)
        }
    }
}

/// As `select`, where it is known that some may match.
pub fn rows(table: &mut dyn Table, filter: &Filter, among: &Rows) -> Result<Rows, ReadError> {
    if among.is_empty() {
        return Ok(among.clone());
    }
    match filter {
        Filter::Test(test) => match test.field {
            Field::Whole(field) => whole::test(table, test, field, among),
            _ => table.test(test, among),
        },
        Filter::Has(relation, part) => {
            let Some(tree) = table.tree(relation.takes_parents())? else { return Ok(Rows::none(among.len())) };
            let of = rows(table, part, &tree.whole(among))?;
            let mut found = tree.related(*relation, &of);
            found.retain(among);
            Ok(found)
        }
        Filter::Not(part) => {
            let mut kept = among.clone();
            kept.remove(&rows(table, part, among)?);
            Ok(kept)
        }
        Filter::All(parts) => parts.iter().try_fold(among.clone(), |kept, part| rows(table, part, &kept)),
        Filter::Any(parts) => {
            let (mut found, mut open) = (Rows::none(among.len()), among.clone());
            for part in parts {
                let more = rows(table, part, &open)?;
                open.remove(&more);
                found.add(&more);
            }
            Ok(found)
        }
    }
}
