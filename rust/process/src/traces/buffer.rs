//! `TraceBuffer`: spans come in, traces fall due.

use std::collections::VecDeque;

use otelier_wire::Batch;
use serde::Deserialize;

use super::arrival::{Arrival, Local, NONE, TraceId};
use super::columns::Columns;
use super::decided::{Decision, Memory, NOT_SAMPLED, SAMPLED};
use super::emit::Writer;
use super::held::{Full, Store};
use super::matcher::{Wanted, words};
use super::rows::Rows;
use super::spill::Spill;
use super::take::Mark;

/// What the buffer is made for.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Options {
    /// From a trace's first span to its decision.
    pub wait_us: u64,
    /// From its root on, if that is earlier; 0: the root changes nothing.
    #[serde(default)]
    pub wait_after_root_us: u64,
    /// Keep a list of traces to which something came, for `touched`.
    #[serde(default)]
    pub touched: bool,
    /// Whether late spans follow the decision about their trace.
    #[serde(default)]
    pub remember: bool,
    /// Most ids of decided traces that are remembered together with those that wait.
    #[serde(default)]
    pub num_traces: usize,
    /// Decisions in caches of their own instead; 0: none.
    #[serde(default)]
    pub sampled_cache: usize,
    #[serde(default)]
    pub other_cache: usize,
    /// A trace that gets larger is dropped at once; 0: none is.
    #[serde(default)]
    pub max_trace_bytes: u64,
    /// Bytes in memory; 0: any number.
    #[serde(default)]
    pub budget_bytes: usize,
    /// Bytes on disk; 0: none.
    #[serde(default)]
    pub spill_bytes: u64,
    #[serde(default)]
    pub matchers: Vec<Wanted>,
    /// How many masks come with each batch.
    #[serde(default)]
    pub conditions: usize,
}

/// What became of a batch.
#[derive(Default)]
pub struct Added {
    pub new_traces: usize,
    /// Late spans of sampled traces: to be handed on now.
    pub late: Option<Batch>,
    pub late_dropped_spans: usize,
    /// Of each late part of a trace that is remembered by its id: microseconds since the decision.
    pub late_ages_us: Vec<u64>,
    /// Late spans whose decision was in a cache: sampled, others.
    pub cached_spans: [usize; 2],
    pub too_large_traces: usize,
    pub too_large_spans: usize,
    /// Journaled batches of which nothing waits any more.
    pub finished: Vec<u64>,
    /// Trace id and number of the batch, 24 bytes each: decided, in batches of which something still waits.
    pub pairs: Vec<u8>,
}

/// Figures of this moment.
#[derive(Clone, Copy, Debug, Default)]
pub struct Stats {
    pub traces: usize,
    pub remembered: usize,
    pub memory_bytes: usize,
    pub disk_bytes: u64,
}

/// A journaled batch: its key in the queue and its number in the journal.
pub(super) struct Ticket {
    pub key: u64,
    pub number: u64,
    /// Segments of it that are held.
    pub live: u32,
}

pub struct TraceBuffer {
    pub(super) options: Options,
    pub(super) rows: Rows,
    pub(super) store: Store,
    /// When, slot, serial number; those of rows that are gone are skipped.
    waiting: VecDeque<(u64, u32, u64)>,
    rooted: VecDeque<(u64, u32, u64)>,
    touched: Vec<(u32, u64)>,
    ids: Memory,
    sampled: Memory,
    others: Memory,
    pub(super) tickets: Vec<Option<Ticket>>,
    free_tickets: Vec<u32>,
}

impl TraceBuffer {
    pub fn new(options: Options, spill: Option<Spill>) -> TraceBuffer {
        TraceBuffer {
            rows: Rows::new(options.matchers.len() + options.conditions),
            store: Store::new(options.budget_bytes, spill.filter(|_| options.spill_bytes > 0)),
            options,
            waiting: VecDeque::new(),
            rooted: VecDeque::new(),
            touched: Vec::new(),
            ids: Memory::default(),
            sampled: Memory::default(),
            others: Memory::default(),
            tickets: Vec::new(),
            free_tickets: Vec::new(),
        }
    }

    fn bits(&self) -> usize {
        self.options.matchers.len() + self.options.conditions
    }

    /// Takes in all that came, or nothing. `journaled`: key and number of the batch in its journal.
    pub fn add(&mut self, arrivals: Vec<Arrival>, now_us: u64, journaled: Option<(u64, u64)>) -> Result<Added, Full> {
        self.store.make_room(arrivals.iter().map(|arrival| arrival.segment.bytes().len()).sum())?;
        let ticket = journaled.map_or(NONE, |(key, number)| self.open_ticket(key, number));
        let mut work = Work::default();
        for arrival in arrivals {
            self.add_segment(arrival, now_us, ticket, &mut work);
        }
        let Work { mut added, late, marks } = work;
        added.late = late.finish();
        if ticket != NONE {
            added.finished.extend(self.unuse_ticket(ticket));
        }
        self.put_pairs(&marks, &mut added.pairs);
        self.shrink();
        Ok(added)
    }

    fn add_segment(&mut self, arrival: Arrival, now_us: u64, ticket: u32, work: &mut Work) {
        let Arrival { segment, shape, locals, bits } = arrival;
        // Number of the local and slot of its row, if it has one.
        let mut wanted = Vec::with_capacity(locals.len());
        for (at, local) in locals.iter().enumerate() {
            let slot = self.rows.find(local.hash, &local.id);
            match slot.is_none().then(|| self.decision(local, now_us, &mut work.added)).flatten() {
                None => wanted.push((at, slot)),
                Some(SAMPLED) => {
                    work.late.part(&shape, segment.bytes(), local.first_item, Some(&segment));
                    work.late.end_trace();
                    work.marks.extend((ticket != NONE).then_some((local.id, ticket)));
                }
                Some(_) => {
                    work.added.late_dropped_spans += local.features.spans as usize;
                    work.marks.extend((ticket != NONE).then_some((local.id, ticket)));
                }
            }
        }
        if wanted.is_empty() {
            return;
        }
        let words = words(self.bits());
        let held = self.store.put(segment, shape, wanted.len() as u32, ticket);
        self.use_ticket(ticket);
        let mut too_large = Vec::new();
        for (at, slot) in wanted {
            let local = &locals[at];
            let slot = slot.unwrap_or_else(|| self.begin(local, now_us, &mut work.added));
            self.note(slot, local, now_us);
            self.rows.add(slot, local, &bits[at * words..][..words], held);
            let limit = self.options.max_trace_bytes;
            if limit > 0 && self.rows.get(slot).is_some_and(|row| row.features.bytes > limit) {
                too_large.push(slot);
            }
        }
        for slot in too_large {
            self.drop_too_large(slot, now_us, work);
        }
    }

    /// A new trace.
    fn begin(&mut self, local: &Local, now_us: u64, added: &mut Added) -> u32 {
        let slot = self.rows.insert(local, now_us);
        added.new_traces += 1;
        if let Some(row) = self.rows.get(slot) {
            self.waiting.push_back((now_us + self.options.wait_us, slot, row.serial));
        }
        slot
    }

    /// Lists what may decide the trace earlier.
    fn note(&mut self, slot: u32, local: &Local, now_us: u64) {
        let after_root = self.options.wait_after_root_us;
        let touches = self.options.touched;
        let Some(row) = self.rows.get_mut(slot) else { return };
        if after_root > 0 && local.features.root && !row.features.root {
            self.rooted.push_back((now_us + after_root, slot, row.serial));
        }
        if touches && !row.touched {
            row.touched = true;
            self.touched.push((slot, row.serial));
        }
    }

    fn drop_too_large(&mut self, slot: u32, now_us: u64, work: &mut Work) {
        if let Some(row) = self.let_go(slot, &mut work.marks, &mut work.added.finished) {
            work.added.too_large_traces += 1;
            work.added.too_large_spans += row.features.spans as usize;
            self.remember(row.id, Decision { fate: NOT_SAMPLED, at_us: now_us });
        }
    }

    // -- what was decided ---------------------------------------------------------------------

    /// What was decided about a trace, if that is known.
    fn decision(&mut self, local: &Local, now_us: u64, added: &mut Added) -> Option<u8> {
        if let Some(known) = self.ids.get(&local.id) {
            added.late_ages_us.push(now_us.saturating_sub(known.at_us));
            return Some(known.fate);
        }
        let cached = self.sampled.touch(&local.id).or_else(|| self.others.touch(&local.id))?;
        added.cached_spans[usize::from(cached.fate != SAMPLED)] += local.features.spans as usize;
        Some(cached.fate)
    }

    pub fn remember(&mut self, id: TraceId, decision: Decision) {
        if !self.options.remember {
            return;
        }
        let (cache, size) = match decision.fate {
            SAMPLED => (&mut self.sampled, self.options.sampled_cache),
            _ => (&mut self.others, self.options.other_cache),
        };
        if size > 0 {
            cache.put(id, decision);
            cache.shrink(size);
        } else {
            self.ids.put(id, decision);
        }
    }

    /// Ids of decided traces leave when newer ones need their place.
    pub(super) fn shrink(&mut self) {
        self.ids.shrink(self.options.num_traces.saturating_sub(self.rows.len()));
    }

    /// All that is remembered, 17 bytes each: id, fate; oldest first.
    pub fn decisions(&self) -> Vec<u8> {
        let mut out = Vec::new();
        for (id, decision) in self.ids.entries().chain(self.sampled.entries()).chain(self.others.entries()) {
            out.extend_from_slice(id);
            out.push(decision.fate);
        }
        out
    }

    /// As `decisions` gave them.
    pub fn restore(&mut self, decisions: &[u8], now_us: u64) {
        for entry in decisions.as_chunks::<17>().0 {
            let mut id = TraceId::default();
            id.copy_from_slice(&entry[..16]);
            self.remember(id, Decision { fate: entry[16], at_us: now_us });
        }
        self.shrink();
    }

    // -- what falls due -----------------------------------------------------------------------

    /// Traces whose time is over, the first to be due first; each is answered once. They stay until they are taken, and
    /// what comes of them meanwhile is taken with them.
    pub fn due(&mut self, now_us: u64) -> Columns {
        let mut slots = Vec::new();
        for queue in [&mut self.rooted, &mut self.waiting] {
            while let Some(&(due_us, slot, serial)) = queue.front()
                && due_us <= now_us
            {
                queue.pop_front();
                if let Some(row) = self.rows.get_mut(slot)
                    && row.serial == serial
                    && !row.due
                {
                    row.due = true;
                    slots.push((slot, serial));
                }
            }
        }
        Columns::new(&self.rows, slots, self.bits())
    }

    /// Traces to which something came since they were asked for here, and that are not due.
    pub fn touched(&mut self) -> Columns {
        let mut slots = Vec::new();
        for (slot, serial) in std::mem::take(&mut self.touched) {
            if let Some(row) = self.rows.get_mut(slot)
                && row.serial == serial
            {
                row.touched = false;
                if !row.due {
                    slots.push((slot, serial));
                }
            }
        }
        Columns::new(&self.rows, slots, self.bits())
    }

    pub fn stats(&self) -> Stats {
        Stats {
            traces: self.rows.len(),
            remembered: self.ids.len() + self.sampled.len() + self.others.len(),
            memory_bytes: self.store.in_memory,
            disk_bytes: self.store.on_disk(),
        }
    }

    /// Whether a batch of so many bytes would be taken now.
    pub fn make_room(&mut self, bytes: usize) -> Result<(), Full> {
        self.store.make_room(bytes)
    }

    // -- journaled batches --------------------------------------------------------------------

    /// In use until the batch is taken in.
    fn open_ticket(&mut self, key: u64, number: u64) -> u32 {
        let ticket = Some(Ticket { key, number, live: 1 });
        match self.free_tickets.pop() {
            Some(at) => {
                self.tickets[at as usize] = ticket;
                at
            }
            None => {
                self.tickets.push(ticket);
                self.tickets.len() as u32 - 1
            }
        }
    }

    fn use_ticket(&mut self, ticket: u32) {
        if let Some(Some(open)) = self.tickets.get_mut(ticket as usize) {
            open.live += 1;
        }
    }

    /// A segment of the batch is free, or the batch is taken in; answers its key if that was the last use.
    pub(super) fn unuse_ticket(&mut self, ticket: u32) -> Option<u64> {
        let open = self.tickets[ticket as usize].as_mut()?;
        open.live -= 1;
        let key = (open.live == 0).then_some(open.key)?;
        self.tickets[ticket as usize] = None;
        self.free_tickets.push(ticket);
        Some(key)
    }
}

/// While a batch is taken in.
#[derive(Default)]
struct Work {
    added: Added,
    late: Writer,
    marks: Vec<Mark>,
}

pub(super) fn put_pair(out: &mut Vec<u8>, id: &TraceId, number: u64) {
    out.extend_from_slice(id);
    out.extend_from_slice(&number.to_le_bytes());
}
