//! Calls, errors and durations by operation and minute, and which service calls which.

use std::collections::BTreeMap;
use std::io;

use otelier_wire::protobuf::{Cursor, put_varint};

use super::bucket::bucket_middle;
use super::{count, damaged, number};

/// Spans of one operation that start in one minute, those at its very beginning apart from the rest: so steps of time
/// can have either end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cell {
    /// Place in the summary's operations; where services are counted, in its services.
    pub operation: u32,
    /// Twice the minutes since 1970; one more for spans that start after the minute's first nanosecond.
    pub moment: u64,
    pub calls: u64,
    pub errors: u64,
    /// Of all durations; of a single call the middle of its bucket.
    pub sum_ns: u64,
    /// Bucket and how many durations are in it, sorted.
    pub histogram: Vec<(u32, u32)>,
}

/// Spans of one service that were called from another, by minute.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Dependency {
    /// Places in the summary's services.
    pub parent: u32,
    pub child: u32,
    pub minute: u64,
    pub calls: u64,
    pub errors: u64,
}

/// Both sorted by what stands first in them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rollups {
    pub cells: Vec<Cell>,
    pub dependencies: Vec<Dependency>,
}

/// No minute lies beyond it.
const MAX_MINUTE: u64 = 1 << 40;

impl Rollups {
    /// The same by service: `service` says which an operation is of, and never falls.
    pub fn by_service(&self, service: impl Fn(u32) -> u32) -> Rollups {
        let mut cells: BTreeMap<(u32, u64), (Cell, BTreeMap<u32, u32>)> = BTreeMap::new();
        for cell in &self.cells {
            let key = (service(cell.operation), cell.moment);
            let (sum, histogram) = cells.entry(key).or_default();
            sum.calls += cell.calls;
            sum.errors += cell.errors;
            sum.sum_ns = sum.sum_ns.saturating_add(cell.sum_ns);
            cell.histogram.iter().for_each(|(bucket, count)| *histogram.entry(*bucket).or_default() += count);
        }
        let cell = |((operation, moment), (sum, histogram)): (_, (Cell, BTreeMap<u32, u32>))| Cell {
            operation,
            moment,
            histogram: histogram.into_iter().collect(),
            ..sum
        };
        Rollups { cells: cells.into_iter().map(cell).collect(), dependencies: Vec::new() }
    }

    /// Columns of varints. Cells of one call, in quiet times most, take few bytes: no sum, one bucket.
    pub fn encode(&self) -> Vec<u8> {
        let first = |cells: &mut dyn Iterator<Item = u64>| cells.min().unwrap_or(0);
        let minutes = self.cells.iter().map(|cell| cell.moment / 2).chain(self.dependencies.iter().map(|d| d.minute));
        let first_minute = first(&mut minutes.into_iter());
        let mut out = Vec::new();
        put(&mut out, first_minute);
        put(&mut out, self.cells.len() as u64);
        let mut last = 0;
        for cell in &self.cells {
            put(&mut out, (cell.operation - last).into());
            last = cell.operation;
        }
        self.cells.iter().for_each(|cell| put(&mut out, cell.moment - 2 * first_minute));
        self.cells.iter().for_each(|cell| put(&mut out, cell.calls));
        self.cells.iter().for_each(|cell| put(&mut out, cell.errors));
        self.cells.iter().filter(|cell| cell.calls > 1).for_each(|cell| put(&mut out, cell.sum_ns));
        for cell in &self.cells {
            if cell.calls > 1 {
                put(&mut out, cell.histogram.len() as u64);
            }
            let mut last = 0;
            for (bucket, count) in &cell.histogram {
                put(&mut out, (bucket - last).into());
                last = *bucket;
                if cell.calls > 1 {
                    put(&mut out, (*count).into());
                }
            }
        }
        put(&mut out, self.dependencies.len() as u64);
        for dependency in &self.dependencies {
            let Dependency { parent, child, minute, calls, errors } = dependency;
            for value in [(*parent).into(), (*child).into(), minute - first_minute, *calls, *errors] {
                put(&mut out, value);
            }
        }
        out
    }

    pub fn decode(content: &[u8]) -> io::Result<Rollups> {
        Rollups::decode_parts(content, true)
    }

    /// Cells without sums and histograms, and no dependencies.
    pub fn decode_counts(content: &[u8]) -> io::Result<Rollups> {
        Rollups::decode_parts(content, false)
    }

    fn decode_parts(content: &[u8], all: bool) -> io::Result<Rollups> {
        let mut cursor = Cursor::new(content);
        if cursor.is_empty() {
            return Ok(Rollups::default());
        }
        let first_minute = number(&mut cursor)?;
        let many = count(&mut cursor)?;
        let mut cells = vec![Cell::default(); many];
        let mut operation = 0u32;
        for cell in &mut cells {
            operation = operation.saturating_add(number(&mut cursor)? as u32);
            cell.operation = operation;
        }
        for cell in &mut cells {
            cell.moment = (2 * first_minute.min(MAX_MINUTE)).saturating_add(number(&mut cursor)?);
        }
        for cell in &mut cells {
            cell.calls = number(&mut cursor)?;
        }
        for cell in &mut cells {
            cell.errors = number(&mut cursor)?;
        }
        if !all {
            return Ok(Rollups { cells, dependencies: Vec::new() });
        }
        for cell in cells.iter_mut().filter(|cell| cell.calls > 1) {
            cell.sum_ns = number(&mut cursor)?;
        }
        for cell in &mut cells {
            cell.histogram = histogram(&mut cursor, cell.calls)?;
            if let (1, [(bucket, _)]) = (cell.calls, &cell.histogram[..]) {
                cell.sum_ns = bucket_middle(*bucket);
            }
        }
        let mut dependencies = Vec::new();
        for _ in 0..count(&mut cursor)? {
            let mut next = || number(&mut cursor);
            let (parent, child, minute) = (next()? as u32, next()? as u32, first_minute.saturating_add(next()?));
            dependencies.push(Dependency { parent, child, minute, calls: next()?, errors: next()? });
        }
        if !cursor.is_empty() {
            return Err(damaged("roll-ups are longer than they say"));
        }
        Ok(Rollups { cells, dependencies })
    }
}

fn histogram(cursor: &mut Cursor, calls: u64) -> io::Result<Vec<(u32, u32)>> {
    let buckets = if calls > 1 { count(cursor)? } else { 1 };
    let (mut bucket, mut histogram) = (0u32, Vec::with_capacity(buckets));
    for _ in 0..buckets {
        bucket = bucket.saturating_add(number(cursor)? as u32);
        let count = if calls > 1 { number(cursor)? } else { calls };
        // A segment has fewer rows.
        histogram.push((bucket, u32::try_from(count).unwrap_or(u32::MAX)));
    }
    Ok(histogram)
}

fn put(out: &mut Vec<u8>, value: u64) {
    put_varint(out, value as usize);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rollups_read_back_as_they_were() {
        let cells = vec![
            Cell {
                operation: 0,
                moment: 59_666_668,
                calls: 3,
                errors: 1,
                sum_ns: 77,
                histogram: vec![(0, 1), (300, 2)],
            },
            Cell {
                operation: 4,
                moment: 59_666_667,
                calls: 1,
                errors: 0,
                sum_ns: bucket_middle(700),
                histogram: vec![(700, 1)],
            },
        ];
        let dependencies = vec![Dependency { parent: 1, child: 2, minute: 29_833_335, calls: 9, errors: 2 }];
        let rollups = Rollups { cells, dependencies };
        let encoded = rollups.encode();
        assert_eq!(Rollups::decode(&encoded).unwrap(), rollups);
        assert!((1..encoded.len()).all(|length| Rollups::decode(&encoded[..length]).is_err()));
        assert_eq!(Rollups::decode(&Rollups::default().encode()).unwrap(), Rollups::default());
    }
}
