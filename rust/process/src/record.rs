//! One message with attributes while it is looked at and edited: where its parts lie, and what shall stand there instead.
//!
//! Only attributes that the program names get a slot, unless all are asked for; everything without a slot or a cut is
//! copied as it is, in runs. Of equal keys the first counts, as everywhere in the Collector.

use otelier_wire::Attribute;
use otelier_wire::protobuf::{Cursor, LEN, Value, fields, put_varint, varint_len};

use crate::keys::{KeyId, Keys};

/// A range of the source, or of what the record made itself.
#[derive(Clone, Copy, Debug, Default)]
struct Part {
    start: u32,
    end: u32,
    made: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Kept,
    Changed,
    New,
    Gone,
}

#[derive(Clone, Copy, Debug)]
struct Slot {
    /// The whole field in the source.
    start: u32,
    end: u32,
    key: Part,
    value: Part,
    id: Option<KeyId>,
    state: State,
}

/// Something else to stand in place of a range of the source; at its end, if it is new.
#[derive(Clone, Copy, Debug)]
struct Cut {
    start: u32,
    end: u32,
    part: Part,
    number: u32,
}

/// The highest field number that is noted.
const HIGHEST: usize = 16;

#[derive(Default)]
pub struct Record {
    start: u32,
    end: u32,
    /// The attributes' field.
    number: u32,
    slots: Vec<Slot>,
    /// By key, the first slot that holds it, counted from 1.
    first: Vec<u32>,
    /// Where the field of each number lies, tag included; 0..0 if nowhere. Of repeated ones the last.
    fields: [(u32, u32); HIGHEST + 1],
    /// In place of fields that may occur once.
    cuts: Vec<Cut>,
    /// In place of single ones of a repeated field, of which there may be many.
    ranges: Vec<Cut>,
    made: Vec<u8>,
    changed: bool,
    /// Reused by `write`.
    order: Vec<Cut>,
}

impl Record {
    /// Reads the message `content`, which lies in `source`. Attributes are its fields `number`; those not in `keys` are
    /// passed over, unless `all` is set.
    #[inline]
    pub fn read(&mut self, source: &[u8], content: &[u8], number: u32, keys: &Keys, all: bool) {
        let start = offset(source, content);
        self.clear(number, keys);
        (self.start, self.end) = (start, start + content.len() as u32);
        let attribute = (number << 3 | LEN) as u8;
        let mut cursor = Cursor::new(content);
        loop {
            // Attributes are most of a message.
            while let [tag, length @ 0..0x80, rest @ ..] = cursor.rest
                && *tag == attribute
                && let Some((inside, rest)) = rest.split_at_checked(usize::from(*length))
            {
                let passed = match inside {
                    [0x0a, length @ 0..0x80, text @ ..] => {
                        !all && text.get(..usize::from(*length)).is_some_and(|key| !keys.may_have(key))
                    }
                    _ => false,
                };
                if !passed {
                    let raw = &cursor.rest[..2 + usize::from(*length)];
                    self.note(source, Attribute::read(inside, raw), keys, all);
                }
                cursor.rest = rest;
            }
            let before = cursor.rest;
            let Ok(tag) = cursor.tag() else { return };
            let Ok(value) = cursor.value(tag, u32::MAX) else { return };
            let raw = &before[..before.len() - cursor.rest.len()];
            match value {
                Value::Len(inside) if tag.number() == number => {
                    self.note(source, Attribute::read(inside, raw), keys, all);
                }
                _ if tag.number() as usize <= HIGHEST => {
                    let at = offset(source, raw);
                    self.fields[tag.number() as usize] = (at, at + raw.len() as u32);
                }
                _ => {}
            }
        }
    }

    /// A message that isn't there: `at` is where it would be.
    pub fn clear(&mut self, number: u32, keys: &Keys) {
        self.slots.clear();
        self.first.clear();
        self.first.resize(keys.len(), 0);
        self.fields = [(0, 0); HIGHEST + 1];
        self.cuts.clear();
        self.ranges.clear();
        self.made.clear();
        (self.start, self.end, self.number, self.changed) = (0, 0, number, false);
    }

    #[inline(never)]
    fn note(&mut self, source: &[u8], attribute: Attribute, keys: &Keys, all: bool) {
        let id = keys.find(attribute.key);
        if id.is_none() && !all {
            return;
        }
        let start = offset(source, attribute.raw);
        let part = |bytes: &[u8]| {
            let start = if bytes.is_empty() { 0 } else { offset(source, bytes) };
            Part { start, end: start + bytes.len() as u32, made: false }
        };
        let (key, value) = (part(attribute.key), part(attribute.encoded()));
        let end = start + attribute.raw.len() as u32;
        self.add(Slot { start, end, key, value, id, state: State::Kept });
    }

    fn add(&mut self, slot: Slot) {
        self.slots.push(slot);
        if let Some(first) = slot.id.and_then(|id| self.first.get_mut(usize::from(id)))
            && *first == 0
        {
            *first = self.slots.len() as u32;
        }
    }

    /// Whether anything is not as it was.
    #[inline]
    pub fn changed(&self) -> bool {
        self.changed
    }

    #[inline]
    pub fn find(&self, key: KeyId) -> Option<usize> {
        match self.first[usize::from(key)] {
            0 => None,
            number => Some(number as usize - 1),
        }
    }

    /// The next attribute at `from` or behind it that is there and has a slot.
    pub fn next_slot(&self, from: usize) -> Option<usize> {
        (from..self.slots.len()).find(|at| self.slots[*at].state != State::Gone)
    }

    pub fn key<'a>(&'a self, source: &'a [u8], slot: usize) -> &'a [u8] {
        self.bytes(source, self.slots[slot].key)
    }

    pub fn id(&self, slot: usize) -> Option<KeyId> {
        self.slots[slot].id
    }

    /// The encoded AnyValue.
    pub fn value<'a>(&'a self, source: &'a [u8], slot: usize) -> &'a [u8] {
        self.bytes(source, self.slots[slot].value)
    }

    fn bytes<'a>(&'a self, source: &'a [u8], part: Part) -> &'a [u8] {
        let from = if part.made { &self.made } else { source };
        &from[part.start as usize..part.end as usize]
    }

    fn make(&mut self, bytes: &[u8]) -> Part {
        let start = self.made.len() as u32;
        self.made.extend_from_slice(bytes);
        Part { start, end: self.made.len() as u32, made: true }
    }

    pub fn replace(&mut self, slot: usize, value: &[u8]) {
        self.slots[slot].value = self.make(value);
        if self.slots[slot].state == State::Kept {
            self.slots[slot].state = State::Changed;
        }
        self.changed = true;
    }

    /// Adds an attribute whose key isn't there yet.
    pub fn insert(&mut self, keys: &Keys, key: KeyId, value: &[u8]) {
        let (key_part, value) = (self.make(keys.name(key)), self.make(value));
        self.add(Slot { start: 0, end: 0, key: key_part, value, id: Some(key), state: State::New });
        self.changed = true;
    }

    pub fn delete(&mut self, slot: usize) {
        let id = self.slots[slot].id;
        self.slots[slot].state = State::Gone;
        self.changed = true;
        if let Some(id) = id
            && self.first[usize::from(id)] == slot as u32 + 1
        {
            // All before it are gone: to look only behind it keeps many of one key from costing the square of that.
            let same = |at: &usize| self.slots[*at].id == Some(id) && self.slots[*at].state != State::Gone;
            let next = (slot + 1..self.slots.len()).find(same);
            self.first[usize::from(id)] = next.map_or(0, |next| next as u32 + 1);
        }
    }

    /// A field that may occur once, if it is there.
    pub fn field<'a>(&'a self, source: &'a [u8], number: u32) -> Option<Value<'a>> {
        let raw = match self.cuts.iter().find(|cut| cut.number == number) {
            Some(cut) => self.bytes(source, cut.part),
            None => {
                let (start, end) = self.fields[number as usize];
                &source[start as usize..end as usize]
            }
        };
        fields(raw).next().map(|field| field.value)
    }

    /// Puts `raw`, an encoded field with its tag or nothing, in place of the field `number`.
    pub fn set_field(&mut self, number: u32, raw: &[u8]) {
        let part = self.make(raw);
        self.changed = true;
        if let Some(cut) = self.cuts.iter_mut().find(|cut| cut.number == number) {
            cut.part = part;
            return;
        }
        let (mut start, mut end) = self.fields[number as usize];
        if start == end {
            (start, end) = (self.end, self.end);
        }
        self.cuts.push(Cut { start, end, part, number });
    }

    /// Puts `raw` in place of a range of the source, one of a repeated field.
    pub fn set_range(&mut self, source: &[u8], range: &[u8], raw: &[u8]) {
        let start = offset(source, range);
        let part = self.make(raw);
        self.ranges.push(Cut { start, end: start + range.len() as u32, part, number: 0 });
        self.changed = true;
    }

    /// What stands instead of the fields that were set, in any order.
    pub fn new_fields<'a>(&'a self, source: &'a [u8]) -> impl Iterator<Item = (u32, &'a [u8])> + 'a {
        self.cuts.iter().map(move |cut| (cut.number, self.bytes(source, cut.part)))
    }

    /// Appends the message as it shall be.
    pub fn write(&mut self, source: &[u8], out: &mut Vec<u8>) {
        let mut order = std::mem::take(&mut self.order);
        order.clear();
        for (at, slot) in self.slots.iter().enumerate() {
            match slot.state {
                State::Kept | State::New => {}
                State::Gone if slot.start == slot.end => {}
                // A slot to be written is told by a part that is none: `number` is its place.
                _ => order.push(Cut { start: slot.start, end: slot.end, part: NO_PART, number: at as u32 }),
            }
        }
        if !(self.cuts.is_empty() && self.ranges.is_empty()) {
            order.extend_from_slice(&self.cuts);
            order.extend_from_slice(&self.ranges);
            order.sort_by_key(|cut| cut.start);
        }
        let mut copied = self.start as usize;
        for cut in &order {
            out.extend_from_slice(&source[copied..cut.start as usize]);
            copied = cut.end as usize;
            if cut.part.end == NO_PART.end {
                self.put_slot(source, cut.number as usize, out);
            } else {
                out.extend_from_slice(self.bytes(source, cut.part));
            }
        }
        out.extend_from_slice(&source[copied..self.end as usize]);
        for (at, slot) in self.slots.iter().enumerate() {
            if slot.state == State::New {
                self.put_slot(source, at, out);
            }
        }
        self.order = order;
    }

    fn put_slot(&self, source: &[u8], at: usize, out: &mut Vec<u8>) {
        let slot = &self.slots[at];
        if slot.state == State::Gone {
            return;
        }
        let (key, value) = (self.bytes(source, slot.key), self.bytes(source, slot.value));
        let framed = |content: usize| 1 + varint_len(content) + content;
        // What a KeyValue may have besides.
        let raw = &source[slot.start as usize..slot.end as usize];
        let besides = fields(raw).filter_map(|field| if let Value::Len(old) = field.value { Some(old) } else { None });
        let besides = besides.flat_map(fields).filter(|field| field.number > 2);
        let besides_len: usize = besides.clone().map(|field| field.raw.len()).sum();
        out.push((self.number << 3 | LEN) as u8);
        put_varint(out, framed(key.len()) + framed(value.len()) + besides_len);
        out.push(0x0a);
        put_varint(out, key.len());
        out.extend_from_slice(key);
        out.push(0x12);
        put_varint(out, value.len());
        out.extend_from_slice(value);
        besides.for_each(|field| out.extend_from_slice(field.raw));
    }
}

const NO_PART: Part = Part { start: u32::MAX, end: u32::MAX, made: false };

/// Where `part` of `source` begins. Segments are smaller than 4 GiB.
#[inline]
fn offset(source: &[u8], part: &[u8]) -> u32 {
    (part.as_ptr() as usize - source.as_ptr() as usize) as u32
}
