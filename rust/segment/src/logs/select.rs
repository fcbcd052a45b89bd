//! A filter to a selection of rows.

use super::filter::{LogFilter, LogTest};
use crate::error::ReadError;
use crate::rows::Rows;

/// Rows that can be tested: a chunk of the log, a row group of a segment.
pub trait LogTable {
    /// Those rows of `among` for which the test holds. Reads nothing for others.
    fn test(&mut self, test: &LogTest, among: &Rows) -> Result<Rows, ReadError>;

    /// False if no row can match, as far as that is known without reading rows.
    fn may_hold(&mut self, test: &LogTest) -> Result<bool, ReadError>;
}

/// False if no row of the table can be meant.
pub fn may_match(table: &mut dyn LogTable, filter: &LogFilter) -> Result<bool, ReadError> {
    match filter {
        LogFilter::Test(test) => table.may_hold(test),
        LogFilter::Not(_) => Ok(true),
        LogFilter::All(parts) => {
            for part in parts {
                if !may_match(table, part)? {
                    return Ok(false);
                }
            }
            Ok(true)
        }
        LogFilter::Any(parts) => {
            for part in parts {
                if may_match(table, part)? {
                    return Ok(true);
                }
            }
            Ok(false)
        }
    }
}

/// The rows of `among` that the filter means.
pub fn select(table: &mut dyn LogTable, filter: &LogFilter, among: &Rows) -> Result<Rows, ReadError> {
    if among.is_empty() {
        return Ok(among.clone());
    }
    match filter {
        LogFilter::Test(test) => table.test(test, among),
        LogFilter::Not(part) => {
            let mut kept = among.clone();
            kept.remove(&select(table, part, among)?);
            Ok(kept)
        }
        LogFilter::All(parts) => parts.iter().try_fold(among.clone(), |kept, part| select(table, part, &kept)),
        LogFilter::Any(parts) => {
            let (mut found, mut open) = (Rows::none(among.len()), among.clone());
            for part in parts {
                let more = select(table, part, &open)?;
                open.remove(&more);
                found.add(&more);
            }
            Ok(found)
        }
    }
}
