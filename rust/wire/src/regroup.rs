//! Split, divide, select and the trace ids of a batch. Whole segments are shared, the others cut.

use std::sync::Arc;

use crate::batch::{Batch, Segment};
use crate::cutter::Cutter;
use crate::index::Index;
use crate::protobuf::{Value, fields};
use crate::signal::Signal;
use crate::span::Span;

impl Batch {
    /// Parts of exactly `max_items` items (0 counts as 1), the last one maybe fewer; whole segments are shared.
    pub fn split(&self, max_items: usize) -> Vec<Batch> {
        let max_items = max_items.max(1);
        let mut parts = Parts::of(self);
        let mut room = max_items;
        for segment in self.segments() {
            if segment.items() > room && room == 0 {
                parts.close();
                room = max_items;
            }
            if segment.items() <= room {
                room -= segment.items();
                parts.open.push(segment.clone());
                continue;
            }
            let mut cutter = Cutter::new(self.signal(), segment);
            let mut done = 0;
            while done < segment.items() {
                if room == 0 {
                    parts.close();
                    room = max_items;
                }
                let count = room.min(segment.items() - done);
                parts.open.push(cutter.part(done..done + count, done == 0));
                done += count;
                room -= count;
            }
        }
        parts.finish()
    }

    /// Parts of at most `max_bytes` encoded bytes, unless a single item with its headers is larger, or those headers
    /// are larger than half of it.
    pub fn split_bytes(&self, max_bytes: usize) -> Vec<Batch> {
        let mut parts = Parts::of(self);
        let mut room = max_bytes;
        for segment in self.segments() {
            let size = segment.bytes().len();
            if size > room {
                parts.close();
                room = max_bytes;
            }
            if size <= room || segment.items() < 2 {
                room = room.saturating_sub(size);
                parts.open.push(segment.clone());
                continue;
            }
            let mut cutter = Cutter::new(self.signal(), segment);
            for (number, range) in cutter.fit(max_bytes).into_iter().enumerate() {
                parts.close();
                let part = cutter.part(range, number == 0);
                room = max_bytes.saturating_sub(part.bytes().len());
                parts.open.push(part);
            }
        }
        parts.finish()
    }

    /// The items whose byte in `keep` is not 0, copied out so that they do not hold on to their requests.
    /// A segment of which all is kept is shared as it is. `None` unless `keep` has one byte per item.
    pub fn select(&self, keep: &[u8]) -> Option<Batch> {
        if keep.len() != self.items() {
            return None;
        }
        let mut rest = keep;
        let mut segments = Vec::new();
        for segment in self.segments() {
            let (mask, after) = rest.split_at(segment.items());
            rest = after;
            match mask.iter().filter(|keep| **keep != 0).count() {
                0 => {}
                all if all == mask.len() => segments.push(segment.clone()),
                _ => segments.push(Cutter::new(self.signal(), segment).select(mask)),
            }
        }
        Some(Batch::new(self.signal(), segments, self.metadata().cloned()))
    }

    /// Items by owner, for owners 0 to `count` - 1: parts with their owner, owners without items left out.
    ///
    /// `assign` says who owns each item of a segment. A segment whose items go all one way is shared as it is, the
    /// others are copied, so that no part holds on to what others got.
    pub fn divide(&self, count: usize, mut assign: impl FnMut(&Index, &[u8], &mut [u32])) -> Vec<(usize, Batch)> {
        let mut parts: Vec<Vec<Arc<Segment>>> = vec![Vec::new(); count];
        let (mut owners, mut seen) = (Vec::new(), vec![false; count]);
        for segment in self.segments().iter().filter(|segment| segment.items() > 0) {
            let mut cutter = Cutter::new(self.signal(), segment);
            owners.clear();
            owners.resize(segment.items(), 0);
            assign(cutter.index(), segment.bytes(), &mut owners);
            if owners.iter().all(|owner| *owner == owners[0]) {
                parts[owners[0] as usize].push(segment.clone());
                continue;
            }
            seen.fill(false);
            owners.iter().for_each(|owner| seen[*owner as usize] = true);
            for owner in (0..count).filter(|owner| seen[*owner]) {
                parts[owner].push(cutter.owned(&owners, owner as u32));
            }
        }
        let filled = parts.into_iter().enumerate().filter(|(_, segments)| !segments.is_empty());
        filled.map(|(owner, segments)| (owner, Batch::new(self.signal(), segments, self.metadata().cloned()))).collect()
    }

    /// 16 bytes per item, in order; all zero where a log record has none. `None` for metrics.
    pub fn trace_ids(&self) -> Option<Vec<u8>> {
        let number = match self.signal() {
            Signal::Traces => 1,
            Signal::Logs => 9,
            Signal::Metrics => return None,
        };
        let mut ids = Vec::with_capacity(16 * self.items());
        for segment in self.segments() {
            let index = Index::new(self.signal(), segment.bytes());
            for item in 0..index.items.len() {
                let mut found = fields(index.item(item, segment.bytes())).filter(|field| field.number == number);
                match found.next().map(|field| field.value) {
                    Some(Value::Len(id)) if id.len() == 16 => ids.extend_from_slice(id),
                    _ => ids.extend_from_slice(&[0; 16]),
                }
            }
        }
        Some(ids)
    }

    /// Ids of spans, and of their parents (zeros: none), 8 bytes per item each, in order. `None` unless they are spans.
    pub fn span_ids(&self) -> Option<(Vec<u8>, Vec<u8>)> {
        if self.signal() != Signal::Traces {
            return None;
        }
        let (mut ids, mut parents) = (Vec::with_capacity(8 * self.items()), Vec::with_capacity(8 * self.items()));
        for segment in self.segments() {
            let index = Index::new(Signal::Traces, segment.bytes());
            for item in 0..index.items.len() {
                let span = Span::read(index.item(item, segment.bytes()));
                for (id, all) in [(span.span_id, &mut ids), (span.parent_span_id, &mut parents)] {
                    all.extend_from_slice(<&[u8; 8]>::try_from(id).unwrap_or(&[0; 8]));
                }
            }
        }
        Some((ids, parents))
    }
}

/// The parts made so far, and the segments of the one being filled.
struct Parts<'a> {
    batch: &'a Batch,
    done: Vec<Batch>,
    open: Vec<Arc<Segment>>,
}

impl<'a> Parts<'a> {
    fn of(batch: &'a Batch) -> Parts<'a> {
        Parts { batch, done: Vec::new(), open: Vec::new() }
    }

    fn close(&mut self) {
        if !self.open.is_empty() {
            let segments = std::mem::take(&mut self.open);
            self.done.push(Batch::new(self.batch.signal(), segments, self.batch.metadata().cloned()));
        }
    }

    fn finish(mut self) -> Vec<Batch> {
        self.close();
        if self.done.is_empty() {
            self.done.push(self.batch.clone());
        }
        self.done
    }
}
