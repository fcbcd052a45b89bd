//! The newest or the oldest records that a filter means.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::fetch::{Needs, records};
use super::group::GroupLogs;
use super::hot::{each_item, record};
use super::record::Record;
use super::walk::{Listed, Looked, Place, Question, Taker};
use crate::error::ReadError;
use crate::hot::Chunk;
use crate::reader::{Cache, Group, SegmentFile};
use crate::rows::Rows;
use crate::schema::PAGE_ROWS;

/// Up to `limit` places, by rank of their times.
struct Best<'q> {
    question: &'q Question<'q>,
    limit: usize,
    /// Of equal times the one that was found first.
    places: BTreeMap<(u64, u64), Place>,
    number: u64,
}

impl Best<'_> {
    fn offer(&mut self, time_ns: u64, place: impl FnOnce() -> Place) {
        if !self.wants(time_ns) {
            return;
        }
        self.number += 1;
        self.places.insert((self.question.rank(time_ns), u64::MAX - self.number), place());
        if self.places.len() > self.limit {
            self.places.pop_first();
        }
    }
}

impl Taker for Best<'_> {
    fn wants(&self, time_ns: u64) -> bool {
        let worst = self.places.first_key_value().map(|((rank, _), _)| *rank);
        self.places.len() < self.limit || worst.is_some_and(|worst| self.question.rank(time_ns) > worst)
    }

    fn chunk(&mut self, chunk: &Arc<Chunk>, found: &Rows) -> Result<(), ReadError> {
        for row in found.iter() {
            self.offer(chunk.starts[row], || Place::Chunk(chunk.clone(), row));
        }
        Ok(())
    }

    fn group(
        &mut self,
        file: &Arc<SegmentFile>,
        logs: &mut GroupLogs,
        found: &Rows,
        (first, times): (usize, &[u64]),
    ) -> Result<(), ReadError> {
        let number = logs.group.number;
        let mut rows: Vec<usize> = found.iter().collect();
        if !self.question.oldest_first {
            // From the end: most of the others are not wanted then.
            rows.reverse();
        }
        for row in rows {
            let time = times.get(row - first).copied().unwrap_or_default();
            self.offer(time, || Place::Group(file.clone(), number, row));
        }
        Ok(())
    }
}

/// Up to `limit` records in the order of the question, and what was read for them.
pub fn search(
    question: &Question,
    limit: usize,
    chunks: &[Arc<Chunk>],
    files: Vec<Listed>,
    cache: &Cache,
) -> Result<(Vec<Record>, Looked), ReadError> {
    let mut best = Best { question, limit, places: BTreeMap::new(), number: 0 };
    let looked = question.walk(chunks, files, cache, &mut best)?;
    let places: Vec<Place> = best.places.into_values().rev().collect();
    Ok((read(&places)?, looked))
}

/// Rows, and the places of their records in the answer.
type Wanted = Vec<(usize, usize)>;
/// Number of the file, row group, page.
type Near = (u64, usize, usize);

/// Those that lie near each other are read together. A record that the log's writer took back is left out.
fn read(places: &[Place]) -> Result<Vec<Record>, ReadError> {
    let mut read: Vec<Option<Record>> = places.iter().map(|_| None).collect();
    let mut of_chunks: BTreeMap<usize, (Arc<Chunk>, Wanted)> = BTreeMap::new();
    let mut of_groups: BTreeMap<Near, (Arc<SegmentFile>, Wanted)> = BTreeMap::new();
    for (at, place) in places.iter().enumerate() {
        match place {
            Place::Chunk(chunk, row) => {
                let (_, rows) =
                    of_chunks.entry(Arc::as_ptr(chunk) as usize).or_insert_with(|| (chunk.clone(), Vec::new()));
                rows.push((*row, at));
            }
            Place::Group(file, group, row) => {
                let near = (file.number, *group, row / PAGE_ROWS);
                of_groups.entry(near).or_insert_with(|| (file.clone(), Vec::new())).1.push((*row, at));
            }
        }
    }
    for (chunk, rows) in of_chunks.into_values() {
        let mut among = Rows::none(chunk.rows());
        let mut at_of = BTreeMap::new();
        for (row, at) in rows {
            among.insert(row);
            at_of.insert(row, at);
        }
        each_item(&chunk, &among, &|_| {}, &mut |row, shape, item| {
            if let Some(at) = at_of.get(&row) {
                read[*at] = Some(record(shape, item));
            }
        })?;
    }
    for ((_, number, _), (file, mut rows)) in of_groups {
        rows.sort_unstable();
        let wanted: Vec<usize> = rows.iter().map(|(row, _)| *row).collect();
        let found = records(&mut Group::open(&file, number)?, &wanted, Needs::ALL)?;
        found.into_iter().zip(rows).for_each(|(record, (_, at))| read[at] = Some(record));
    }
    Ok(read.into_iter().flatten().collect())
}
