//! How many records a filter means, by labels and parts of time.

use std::sync::Arc;

use hashbrown::HashMap;

use super::group::GroupLogs;
use super::hot::each_item;
use super::labels::{Label, stream_labels};
use super::record::LogFields;
use super::walk::{Listed, Looked, Question, Taker};
use crate::error::ReadError;
use crate::hot::Chunk;
use crate::reader::{Cache, SegmentFile};
use crate::rows::Rows;
use crate::schema;

/// What records are counted by.
#[derive(Clone, Debug)]
pub enum By {
    /// All labels of the stream.
    Stream,
    Label(Label),
}

impl By {
    /// `*`, or a label's name.
    pub fn new(name: &str) -> By {
        if name == "*" { By::Stream } else { By::Label(Label::new(name)) }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    pub group: u32,
    /// Which part of the time.
    pub part: u64,
    pub records: u64,
    /// Of their lines, if that is asked for.
    pub bytes: u64,
}

/// Name and text of a label.
pub type Pair = (Vec<u8>, Vec<u8>);

#[derive(Debug, Default)]
pub struct Counted {
    /// The labels of each group; those without a text are left out.
    pub groups: Vec<Vec<Pair>>,
    pub counts: Vec<Count>,
    pub looked: Looked,
}

struct Counter<'q> {
    question: &'q Question<'q>,
    part_ns: u64,
    by: &'q [By],
    sizes: bool,
    /// Texts, and streams' headers, by number; of labels 0 is no text.
    texts: HashMap<Box<[u8]>, u32>,
    known: Vec<Box<[u8]>>,
    groups: HashMap<Box<[u32]>, u32>,
    ids: Vec<Box<[u32]>>,
    counts: Vec<Count>,
    place_of: HashMap<(u32, u64), usize>,
    /// Of each group: the part of time that was counted last, and its place.
    last: Vec<(u64, usize)>,
}

impl Counter<'_> {
    fn text(&mut self, text: &[u8]) -> u32 {
        if let Some(number) = self.texts.get(text) {
            return *number;
        }
        let number = self.known.len() as u32;
        self.known.push(text.into());
        self.texts.insert(text.into(), number);
        number
    }

    fn group_of(&mut self, ids: &[u32]) -> u32 {
        if let Some(group) = self.groups.get(ids) {
            return *group;
        }
        let group = self.ids.len() as u32;
        self.ids.push(ids.into());
        self.groups.insert(ids.into(), group);
        self.last.push((u64::MAX, 0));
        group
    }

    fn count(&mut self, group: u32, time_ns: u64, bytes: u64) {
        let part = (time_ns - self.question.window.start()) / self.part_ns;
        let (last, mut place) = self.last[group as usize];
        if last != part {
            let next = self.counts.len();
            place = *self.place_of.entry((group, part)).or_insert(next);
            if place == next {
                self.counts.push(Count { group, part, ..Count::default() });
            }
            self.last[group as usize] = (part, place);
        }
        let count = &mut self.counts[place];
        count.records += 1;
        count.bytes += bytes;
    }

    fn finish(self, looked: Looked) -> Counted {
        let groups = self.ids.iter().map(|ids| {
            let mut pairs: Vec<Pair> = Vec::new();
            for (by, id) in self.by.iter().zip(ids) {
                let text = &self.known[*id as usize];
                match by {
                    By::Stream => pairs.extend(stream_labels(text)),
                    By::Label(label) if !text.is_empty() => pairs.push((label.name.to_vec(), text.to_vec())),
                    By::Label(_) => {}
                }
            }
            pairs
        });
        Counted { groups: groups.collect(), counts: self.counts, looked }
    }
}

impl Taker for Counter<'_> {
    fn wants(&self, _time_ns: u64) -> bool {
        true
    }

    fn chunk(&mut self, chunk: &Arc<Chunk>, found: &Rows) -> Result<(), ReadError> {
        let (by, mut ids) = (self.by, vec![0; self.by.len()]);
        each_item(chunk, found, &|_| {}, &mut |row, shape, item| {
            for (id, by) in ids.iter_mut().zip(by) {
                *id = match by {
                    By::Stream => self.text(&shape.resource),
                    By::Label(label) => {
                        let text = label.of_record(&shape.resource, &shape.scope, item, <[u8]>::to_vec);
                        self.text(&text)
                    }
                };
            }
            let group = self.group_of(&ids);
            let bytes = if self.sizes { LogFields::read(item).line().len() as u64 } else { 0 };
            self.count(group, chunk.starts[row], bytes);
        })
    }

    fn group(
        &mut self,
        _file: &Arc<SegmentFile>,
        logs: &mut GroupLogs,
        found: &Rows,
        (first, times): (usize, &[u64]),
    ) -> Result<(), ReadError> {
        let width = self.by.len();
        let mut ids = vec![0; width * times.len()];
        for (at, by) in self.by.iter().enumerate() {
            let put = &mut |row: usize, id: u32| ids[(row - first) * width + at] = id;
            match by {
                By::Stream => logs.resources(found, &mut |header| self.text(header), put)?,
                By::Label(label) => logs.label(label, found, &mut |text| self.text(text), put)?,
            }
        }
        let mut sizes = if self.sizes { vec![0; times.len()] } else { Vec::new() };
        if self.sizes {
            logs.each_line(found, &mut |row, line| sizes[row - first] = line.len() as u64)?;
        }
        let (mut known, mut group) = (None, 0);
        for at in found.iter().map(|row| row - first) {
            let own = &ids[at * width..(at + 1) * width];
            if known != Some(own) {
                group = self.group_of(own);
                known = Some(own);
            }
            self.count(group, times[at], sizes.get(at).copied().unwrap_or_default());
        }
        Ok(())
    }
}

/// Counts in parts of `part_ns` from the window's beginning on.
pub fn count(
    question: &Question,
    part_ns: u64,
    by: &[By],
    sizes: bool,
    chunks: &[Arc<Chunk>],
    files: Vec<Listed>,
    cache: &Cache,
) -> Result<Counted, ReadError> {
    let mut counter = Counter {
        question,
        part_ns: part_ns.max(1),
        by,
        sizes,
        texts: HashMap::new(),
        known: Vec::new(),
        groups: HashMap::new(),
        ids: Vec::new(),
        counts: Vec::new(),
        place_of: HashMap::new(),
        last: Vec::new(),
    };
    let looked = question.walk(chunks, files, cache, &mut counter)?;
    Ok(counter.finish(looked))
}

/// Which resources there are, and about how much is in the chunks and row groups that have records in a window.
#[derive(Debug, Default)]
pub struct Streams {
    /// Headers: ResourceLogs without their scopes.
    pub resources: Vec<Box<[u8]>>,
    pub records: u64,
    pub bytes: u64,
    pub row_groups: u64,
}

impl Streams {
    pub fn add_chunk(&mut self, chunk: &Chunk) {
        for shape in &chunk.shapes {
            self.resources.push((*shape.resource).into());
        }
        self.records += chunk.rows() as u64;
        self.bytes += chunk.items.iter().map(|item| u64::from(item.end - item.start)).sum::<u64>();
    }

    pub fn add_group(&mut self, logs: &mut GroupLogs) -> Result<(), ReadError> {
        logs.each_resource(&mut |header| self.resources.push(header.into()))?;
        self.records += logs.group.rows as u64;
        self.bytes += logs.group.column(schema::BODY).map_or(0, |column| logs.group.chunk(column).len);
        self.row_groups += 1;
        Ok(())
    }
}
