//! Decided traces leave: the sampled as a batch, the others freed.

use std::io;

use otelier_wire::Batch;

use super::arrival::{NONE, TraceId};
use super::buffer::{TraceBuffer, put_pair};
use super::columns::Columns;
use super::decided::{Decision, SAMPLED};
use super::emit::Writer;
use super::held::ReadBack;
use super::rows::Row;

/// A fate beside those of decisions: not yet.
pub const WAIT_ON: u8 = 3;

/// What was taken.
#[derive(Default)]
pub struct Taken {
    /// Whole traces, one behind the other; none if nothing was sampled.
    pub batch: Option<Batch>,
    pub dropped_spans: usize,
    /// Spans of sampled traces that could not be read back from disk, and why.
    pub unreadable_spans: usize,
    pub unreadable: Option<io::Error>,
    /// Journaled batches of which nothing waits any more.
    pub finished: Vec<u64>,
    /// Trace id and number of the batch, 24 bytes each: taken, in batches of which something still waits.
    pub pairs: Vec<u8>,
}

/// A taken trace and the ticket of a segment that it was in.
pub(super) type Mark = (TraceId, u32);

impl TraceBuffer {
    /// `fates`: one per row of `columns`. What is sampled is copied out, or handed on as it came.
    pub fn take(&mut self, columns: &Columns, fates: &[u8], now_us: u64) -> Taken {
        let mut taken = Taken::default();
        let mut writer = Writer::default();
        let mut read_back = ReadBack::default();
        let mut marks = Vec::new();
        for (&(slot, serial), &fate) in columns.slots.iter().zip(fates) {
            if fate == WAIT_ON || self.rows.get(slot).is_none_or(|row| row.serial != serial) {
                continue;
            }
            if fate == SAMPLED {
                let failed = self.write(slot, &mut writer, &mut read_back);
                for (spans, error) in failed {
                    taken.unreadable_spans += spans;
                    taken.unreadable = Some(error);
                }
            }
            let Some(row) = self.let_go(slot, &mut marks, &mut taken.finished) else { continue };
            if fate != SAMPLED {
                taken.dropped_spans += row.features.spans as usize;
            }
            self.remember(row.id, Decision { fate, at_us: now_us });
        }
        self.shrink();
        self.put_pairs(&marks, &mut taken.pairs);
        taken.batch = writer.finish();
        taken
    }

    /// The spans of one row, which goes on waiting; none if it is gone.
    pub fn peek(&self, columns: &Columns, row: usize) -> io::Result<Option<Batch>> {
        let Some(&(slot, serial)) = columns.slots.get(row) else { return Ok(None) };
        if self.rows.get(slot).is_none_or(|row| row.serial != serial) {
            return Ok(None);
        }
        let mut writer = Writer::default();
        match self.write(slot, &mut writer, &mut ReadBack::default()).pop() {
            Some((_, error)) => Err(error),
            None => Ok(writer.finish()),
        }
    }

    /// Answers, for each part that can't be read, how many spans it has and why.
    fn write(&self, slot: u32, writer: &mut Writer, read_back: &mut ReadBack) -> Vec<(usize, io::Error)> {
        let mut failed = Vec::new();
        for part in self.rows.parts(slot) {
            let Some(held) = self.store.get(part.held) else { continue };
            match read_back.bytes(held) {
                Ok(bytes) => writer.part(&held.shape, &bytes, part.first_item, held.segment()),
                Err(error) => {
                    let next = |item: &u32| Some(held.shape.next[*item as usize]).filter(|next| *next != NONE);
                    failed.push((std::iter::successors(Some(part.first_item), next).count(), error));
                }
            }
        }
        writer.end_trace();
        failed
    }

    /// Takes a row out and frees its segments, as far as nobody else is in them.
    pub(super) fn let_go(&mut self, slot: u32, marks: &mut Vec<Mark>, finished: &mut Vec<u64>) -> Option<Row> {
        let id = self.rows.get(slot)?.id;
        let parts: Vec<u32> = self.rows.parts(slot).map(|part| part.held).collect();
        for held in parts {
            if let Some(ticket) = self.store.get(held).map(|held| held.ticket).filter(|ticket| *ticket != NONE) {
                marks.push((id, ticket));
            }
            if let Some(ticket) = self.store.release(held) {
                finished.extend(self.unuse_ticket(ticket));
            }
        }
        self.rows.remove(slot)
    }

    /// Of the marks, those in batches of which something still waits.
    pub(super) fn put_pairs(&self, marks: &[Mark], pairs: &mut Vec<u8>) {
        for (id, ticket) in marks {
            if let Some(open) = &self.tickets[*ticket as usize] {
                put_pair(pairs, id, open.number);
            }
        }
    }
}
