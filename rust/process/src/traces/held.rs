//! The segments that waiting traces lie in: in memory, or on disk while memory is short; each freed with its last trace.
//!
//! Spans are not copied when they come: a segment holds spans of traces that began at about the same time, so it is
//! free about as early as a copy of them would be, and what is never kept is never copied.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;

use bytes::Bytes;
use hashbrown::HashMap;
use otelier_wire::{Live, Segment};

use super::arrival::{NONE, Shape};
use super::spill::{Spill, Spilled};

/// What was read back is kept up to this, because neighbours in time lie in the same segments.
const READ_BYTES: usize = 64 << 20;

enum Place {
    Memory(Arc<Segment>),
    Disk(Spilled),
}

pub struct Held {
    place: Place,
    pub shape: Shape,
    /// Parts of traces in it that are still wanted.
    live: u32,
    /// Which journaled batch it came with, or `NONE`.
    pub ticket: u32,
    serial: u64,
    _overhead: Live,
}

impl Held {
    pub fn segment(&self) -> Option<&Arc<Segment>> {
        match &self.place {
            Place::Memory(segment) => Some(segment),
            Place::Disk(_) => None,
        }
    }
}

/// Segments by slot.
pub struct Store {
    slots: Vec<Option<Held>>,
    free: Vec<u32>,
    /// Slot and serial number of those that came in memory, oldest first.
    order: VecDeque<(u32, u64)>,
    serial: u64,
    pub in_memory: usize,
    budget: usize,
    spill: Option<Spill>,
}

/// There is no room: bytes in memory and on disk, and the disk's error if that is why.
#[derive(Debug)]
pub struct Full {
    pub in_memory: usize,
    pub on_disk: u64,
    pub error: Option<io::Error>,
}

impl Store {
    /// `budget`: bytes in memory, 0 means any number.
    pub fn new(budget: usize, spill: Option<Spill>) -> Store {
        let budget = if budget == 0 { usize::MAX } else { budget };
        Store { slots: Vec::new(), free: Vec::new(), order: VecDeque::new(), serial: 0, in_memory: 0, budget, spill }
    }

    pub fn on_disk(&self) -> u64 {
        self.spill.as_ref().map_or(0, Spill::used)
    }

    /// Writes the oldest segments to disk until there is room for `bytes` more. What alone is too large has room where
    /// nothing else is in memory.
    pub fn make_room(&mut self, bytes: usize) -> Result<(), Full> {
        while self.in_memory.saturating_add(bytes) > self.budget && self.in_memory > 0 {
            let error = match self.spill_oldest() {
                Ok(true) => continue,
                Ok(false) => None,
                Err(error) => Some(error),
            };
            return Err(Full { in_memory: self.in_memory, on_disk: self.on_disk(), error });
        }
        Ok(())
    }

    /// Whether there was one and room for it.
    fn spill_oldest(&mut self) -> io::Result<bool> {
        let Some(spill) = &mut self.spill else { return Ok(false) };
        while let Some(&(slot, serial)) = self.order.front() {
            let held = self.slots[slot as usize].as_mut().filter(|held| held.serial == serial);
            if let Some(held) = held
                && let Place::Memory(segment) = &held.place
            {
                let Some(spilled) = spill.put(segment.bytes())? else { return Ok(false) };
                self.in_memory -= segment.bytes().len();
                held.place = Place::Disk(spilled);
                self.order.pop_front();
                return Ok(true);
            }
            self.order.pop_front();
        }
        Ok(false)
    }

    /// `live`: how many parts are wanted, at least one.
    pub fn put(&mut self, segment: Arc<Segment>, shape: Shape, live: u32, ticket: u32) -> u32 {
        self.serial += 1;
        self.in_memory += segment.bytes().len();
        let mut overhead = Live::default();
        overhead.add(shape.overhead());
        let serial = self.serial;
        let held = Held { place: Place::Memory(segment), shape, live, ticket, serial, _overhead: overhead };
        let slot = match self.free.pop() {
            Some(slot) => {
                self.slots[slot as usize] = Some(held);
                slot
            }
            None => {
                self.slots.push(Some(held));
                self.slots.len() as u32 - 1
            }
        };
        self.order.push_back((slot, serial));
        slot
    }

    pub fn get(&self, slot: u32) -> Option<&Held> {
        self.slots.get(slot as usize)?.as_ref()
    }

    /// One part is not wanted any more; answers the ticket of a segment that is free now.
    pub fn release(&mut self, slot: u32) -> Option<u32> {
        let held = self.slots[slot as usize].as_mut()?;
        held.live -= 1;
        if held.live > 0 {
            return None;
        }
        let held = self.slots[slot as usize].take()?;
        let ticket = held.ticket;
        match held.place {
            Place::Memory(segment) => self.in_memory -= segment.bytes().len(),
            Place::Disk(spilled) => {
                drop(spilled);
                if let Some(spill) = &mut self.spill {
                    spill.tidy();
                }
            }
        }
        self.free.push(slot);
        while let Some(&(slot, serial)) = self.order.front()
            && self.get(slot).is_none_or(|held| held.serial != serial)
        {
            self.order.pop_front();
        }
        (ticket != NONE).then_some(ticket)
    }
}

/// Segments read back from disk, for one run through many parts.
#[derive(Default)]
pub struct ReadBack {
    read: HashMap<u64, Bytes>,
    bytes: usize,
}

impl ReadBack {
    pub fn bytes(&mut self, held: &Held) -> io::Result<Bytes> {
        let spilled = match &held.place {
            Place::Memory(segment) => return Ok(segment.bytes().clone()),
            Place::Disk(spilled) => spilled,
        };
        if let Some(bytes) = self.read.get(&held.serial) {
            return Ok(bytes.clone());
        }
        let bytes = spilled.read()?;
        if self.bytes + bytes.len() > READ_BYTES {
            self.read.clear();
            self.bytes = 0;
        }
        self.bytes += bytes.len();
        self.read.insert(held.serial, bytes.clone());
        Ok(bytes)
    }
}
