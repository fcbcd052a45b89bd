//! What summaries of traces are made of.

use std::ops::Range;

use super::super::column::Column;
use crate::error::ReadError;
use crate::filter::value::Value;
use crate::filter::{Field, Intrinsic};
use crate::rows::Rows;
use crate::select::Table;

/// STATUS_CODE_ERROR.
const ERROR: u64 = 2;

/// Fields of whole traces' rows.
#[derive(Default)]
pub struct Facts {
    pub starts: Column,
    durations: Column,
    statuses: Column,
    pub services: Column,
}

impl Facts {
    pub fn read(table: &mut dyn Table, rows: &Rows) -> Result<Facts, ReadError> {
        let mut facts = Facts::default();
        let fields = [
            (Intrinsic::StartNs, &mut facts.starts),
            (Intrinsic::DurationNs, &mut facts.durations),
            (Intrinsic::Status, &mut facts.statuses),
            (Intrinsic::Service, &mut facts.services),
        ];
        for (field, column) in fields {
            column.extend(rows.count());
            table.fill(&Field::Intrinsic(field), rows, column, 0)?;
        }
        // Spans whose resource names no service are counted, too.
        let nameless = facts.services.entry(Value::Text(b""));
        facts.services.set_missing(0..rows.count(), nameless);
        Ok(facts)
    }

    /// Start and end of a trace whose rows stand here.
    pub fn times(&self, rows: Range<usize>) -> (u64, u64) {
        let starts = &self.starts.data[rows.clone()];
        let ends = starts.iter().zip(&self.durations.data[rows]).map(|(start, length)| start.wrapping_add(*length));
        (starts.iter().min().copied().unwrap_or_default(), ends.max().unwrap_or_default())
    }

    /// By the number of a service: its place among the names.
    pub fn ranks(&self) -> Vec<u32> {
        let names = &self.services.texts.strings;
        let mut sorted: Vec<u32> = (0..names.len() as u32).collect();
        sorted.sort_unstable_by_key(|service| names.get(*service as usize));
        let mut ranks = vec![0; names.len()];
        sorted.iter().zip(0..).for_each(|(service, rank)| ranks[*service as usize] = rank);
        ranks
    }

    /// Appends the services of a trace whose rows stand here, by name. `own` is room to sort them in.
    pub fn services(
        &self,
        rows: Range<usize>,
        ranks: &[u32],
        own: &mut Vec<(u32, u32, u32)>,
        out: &mut Vec<(u32, u32, u32)>,
    ) -> Range<usize> {
        let first = out.len();
        own.clear();
        own.extend(
            self.services.data[rows.clone()]
                .iter()
                .zip(&self.statuses.data[rows])
                .map(|(service, status)| (ranks[*service as usize], *service as u32, u32::from(*status == ERROR))),
        );
        own.sort_unstable();
        let of_one = own.chunk_by(|(a, ..), (b, ..)| a == b);
        out.extend(of_one.map(|spans| {
            let errors = spans.iter().map(|(.., error)| error).sum();
            (spans[0].1, spans.len() as u32, errors)
        }));
        first..out.len()
    }
}
