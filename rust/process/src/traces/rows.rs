//! Waiting traces by slot, and the places of their spans.

use hashbrown::HashTable;
use otelier_wire::Live;

use super::arrival::{Features, Local, NONE, TraceId};
use super::matcher::words;

/// A trace that waits.
pub struct Row {
    pub id: TraceId,
    hash: u64,
    pub features: Features,
    pub arrived_us: u64,
    /// Tells this trace from an earlier one in the same slot.
    pub serial: u64,
    first_part: u32,
    last_part: u32,
    /// Something came since it was looked at last.
    pub touched: bool,
    /// Handed out for its decision.
    pub due: bool,
    _own: Live,
}

/// Bytes that a trace takes besides its spans, of which the smallest are smaller: its row, its places in the index and
/// among those that wait, and one part.
const OWN_BYTES: usize = size_of::<Option<Row>>() + 8 + 24 + size_of::<Part>();

/// Spans of a trace in one segment.
#[derive(Clone, Copy)]
pub struct Part {
    pub held: u32,
    pub first_item: u32,
    next: u32,
}

pub struct Rows {
    by_id: HashTable<u32>,
    rows: Vec<Option<Row>>,
    free_rows: Vec<u32>,
    /// By slot, so many words each.
    bits: Vec<u64>,
    words: usize,
    parts: Vec<Part>,
    free_parts: u32,
    serial: u64,
}

impl Rows {
    pub fn new(bits: usize) -> Rows {
        Rows {
            by_id: HashTable::new(),
            rows: Vec::new(),
            free_rows: Vec::new(),
            bits: Vec::new(),
            words: words(bits),
            parts: Vec::new(),
            free_parts: NONE,
            serial: 0,
        }
    }

    pub fn len(&self) -> usize {
        self.by_id.len()
    }

    pub fn get(&self, slot: u32) -> Option<&Row> {
        self.rows.get(slot as usize)?.as_ref()
    }

    pub fn get_mut(&mut self, slot: u32) -> Option<&mut Row> {
        self.rows.get_mut(slot as usize)?.as_mut()
    }

    pub fn bits(&self, slot: u32) -> &[u64] {
        &self.bits[slot as usize * self.words..][..self.words]
    }

    pub fn find(&self, hash: u64, id: &TraceId) -> Option<u32> {
        let same = |slot: &u32| self.get(*slot).is_some_and(|row| row.id == *id);
        self.by_id.find(hash, same).copied()
    }

    /// A new trace, without parts and features yet.
    pub fn insert(&mut self, local: &Local, now_us: u64) -> u32 {
        self.serial += 1;
        let mut own = Live::default();
        own.add(OWN_BYTES + 8 * self.words);
        let row = Row {
            id: local.id,
            hash: local.hash,
            features: Features::NOTHING,
            arrived_us: now_us,
            serial: self.serial,
            first_part: NONE,
            last_part: NONE,
            touched: false,
            due: false,
            _own: own,
        };
        let slot = match self.free_rows.pop() {
            Some(slot) => {
                self.rows[slot as usize] = Some(row);
                slot
            }
            None => {
                self.rows.push(Some(row));
                self.bits.resize(self.rows.len() * self.words, 0);
                self.rows.len() as u32 - 1
            }
        };
        self.bits[slot as usize * self.words..][..self.words].fill(0);
        let rows = &self.rows;
        let hash = |slot: &u32| rows[*slot as usize].as_ref().map_or(0, |row| row.hash);
        self.by_id.insert_unique(local.hash, slot, hash);
        slot
    }

    /// Adds what came of a trace in one segment.
    pub fn add(&mut self, slot: u32, local: &Local, bits: &[u64], held: u32) {
        let part = Part { held, first_item: local.first_item, next: NONE };
        let at = match self.free_parts {
            NONE => {
                self.parts.push(part);
                self.parts.len() as u32 - 1
            }
            free => {
                self.free_parts = self.parts[free as usize].next;
                self.parts[free as usize] = part;
                free
            }
        };
        let Some(row) = self.rows[slot as usize].as_mut() else { return };
        match row.last_part {
            NONE => row.first_part = at,
            last => self.parts[last as usize].next = at,
        }
        row.last_part = at;
        row.features.add(&local.features);
        let own = &mut self.bits[slot as usize * self.words..][..self.words];
        own.iter_mut().zip(bits).for_each(|(own, more)| *own |= more);
    }

    /// The parts of a trace, in the order they came.
    pub fn parts(&self, slot: u32) -> impl Iterator<Item = Part> + '_ {
        let mut at = self.get(slot).map_or(NONE, |row| row.first_part);
        std::iter::from_fn(move || {
            let part = *self.parts.get(at as usize)?;
            at = part.next;
            Some(part)
        })
    }

    /// Takes a trace out; its parts' places are free.
    pub fn remove(&mut self, slot: u32) -> Option<Row> {
        let row = self.rows.get_mut(slot as usize)?.take()?;
        if let Ok(entry) = self.by_id.find_entry(row.hash, |other| *other == slot) {
            entry.remove();
        }
        if row.last_part != NONE {
            self.parts[row.last_part as usize].next = self.free_parts;
            self.free_parts = row.first_part;
        }
        self.free_rows.push(slot);
        Some(row)
    }
}
