//! The newest or the oldest records that a filter means.

use std::collections::BTreeMap;
use std::sync::Arc;

use hashbrown::HashMap;

use super::fetch::{Needs, records};
use super::group::GroupLogs;
use super::hot::{each_item, record};
use super::record::Record;
use super::walk::{Listed, Looked, Place, Question, Taker};
use crate::error::ReadError;
use crate::hot::Chunk;
use crate::reader::{Cache, Group, SegmentFile, passed_here};
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

/// Records in the order of the question.
#[derive(Debug, Default)]
pub struct Found {
    pub records: Vec<Record>,
    /// Records that come after these are left out, because all together are too large.
    pub more: bool,
    pub looked: Looked,
}

/// Up to `limit` records, and one at least, but no more than take about `max_bytes`.
pub fn search(
    question: &Question,
    limit: usize,
    max_bytes: usize,
    chunks: &[Arc<Chunk>],
    files: Vec<Listed>,
    cache: &Cache,
) -> Result<Found, ReadError> {
    let mut best = Best { question, limit, places: BTreeMap::new(), number: 0 };
    let mut looked = question.walk(chunks, files, cache, &mut best)?;
    let places: Vec<Place> = best.places.into_values().rev().collect();
    let before = passed_here();
    let answer = read(&places, max_bytes)?;
    looked.bytes += passed_here() - before;
    Ok(Found { more: answer.end < places.len(), records: answer.records.into_iter().flatten().collect(), looked })
}

/// Records by their places in the answer, which ends sooner the more bytes they have.
struct Answer {
    records: Vec<Option<Record>>,
    /// Places from here on are left out.
    end: usize,
    held: usize,
    bytes: usize,
    max_bytes: usize,
}

impl Answer {
    fn put(&mut self, at: usize, record: Record) {
        if at >= self.end {
            return;
        }
        self.held += 1;
        self.bytes += record.size();
        self.records[at] = Some(record);
        while self.bytes > self.max_bytes && self.held > 1 {
            self.end -= 1;
            if let Some(record) = self.records[self.end].take() {
                self.held -= 1;
                self.bytes -= record.size();
            }
        }
    }
}

/// Rows, and the places of their records in the answer.
type Wanted = Vec<(usize, usize)>;
/// Number of the file, row group, page.
type Near = (u64, usize, usize);

enum Source {
    Chunk(Arc<Chunk>),
    Group(Arc<SegmentFile>, usize),
}

/// Those that lie near each other are read together. A record that the log's writer took back is left out.
fn read(places: &[Place], max_bytes: usize) -> Result<Answer, ReadError> {
    let mut answer = Answer { records: vec![None; places.len()], end: places.len(), held: 0, bytes: 0, max_bytes };
    // In the order of their first places: when the answer is full, the others needn't be read.
    let mut sources: Vec<(Source, Wanted)> = Vec::new();
    let (mut of_chunks, mut of_groups) = (HashMap::<usize, usize>::new(), HashMap::<Near, usize>::new());
    for (at, place) in places.iter().enumerate() {
        let next = sources.len();
        let (number, row) = match place {
            Place::Chunk(chunk, row) => (*of_chunks.entry(Arc::as_ptr(chunk) as usize).or_insert(next), *row),
            Place::Group(file, group, row) => {
                (*of_groups.entry((file.number, *group, row / PAGE_ROWS)).or_insert(next), *row)
            }
        };
        if number == next {
            sources.push((place.source(), Vec::new()));
        }
        sources[number].1.push((row, at));
    }
    for (source, mut wanted) in sources {
        wanted.retain(|(_, at)| *at < answer.end);
        wanted.sort_unstable();
        match source {
            _ if wanted.is_empty() => {}
            Source::Chunk(chunk) => {
                let mut among = Rows::none(chunk.rows());
                wanted.iter().for_each(|(row, _)| among.insert(*row));
                let mut at_of: BTreeMap<usize, usize> = wanted.into_iter().collect();
                each_item(&chunk, &among, &|_| {}, &mut |row, shape, item| {
                    if let Some(at) = at_of.remove(&row).filter(|at| *at < answer.end) {
                        answer.put(at, record(shape, item));
                    }
                })?;
            }
            Source::Group(file, number) => {
                let rows: Vec<usize> = wanted.iter().map(|(row, _)| *row).collect();
                records(&mut Group::open(&file, number)?, &rows, Needs::ALL, &mut |place, record| {
                    answer.put(wanted[place].1, record);
                })?;
            }
        }
    }
    Ok(answer)
}

impl Place {
    fn source(&self) -> Source {
        match self {
            Place::Chunk(chunk, _) => Source::Chunk(chunk.clone()),
            Place::Group(file, group, _) => Source::Group(file.clone(), *group),
        }
    }
}
