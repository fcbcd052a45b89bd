//! What an expression about one item can see: the item's message and those around it, and what was found out before.

use std::cell::{Cell, RefCell};

use hashbrown::HashMap;
use otelier_wire::protobuf::{Value as Wire, fields};
use otelier_wire::{Any, Signal};

use crate::condition::Value;
use crate::condition::text::hex;
use crate::keys::{KeyId, Keys};
use crate::level::{Field, LEVELS, Level};
use crate::record::Record;

/// What a program needs to know of each level.
#[derive(Default)]
pub struct Needs {
    pub keys: [Keys; LEVELS],
    /// Levels whose messages are looked at.
    pub reads: [bool; LEVELS],
    /// Levels at which every attribute matters.
    pub all: [bool; LEVELS],
    /// Levels at which every attribute matters in messages that are longer than this.
    pub longest: [Option<usize>; LEVELS],
    /// Conditions that are the same for all items of a scope.
    pub shared: usize,
    /// Regular expressions whose answers are kept.
    pub memos: usize,
}

impl Needs {
    /// Whether all attributes of a message of this length need slots.
    #[inline]
    pub fn all(&self, level: Level, length: usize) -> bool {
        self.all[level as usize] || self.longest[level as usize].is_some_and(|longest| length > longest)
    }
}

/// Answers of one regular expression; values longer than this, and more than so many, are asked anew.
const MEMO_LEN: usize = 256;
const MEMO_COUNT: usize = 1024;

pub struct Scene<'s> {
    pub source: &'s [u8],
    pub signal: Signal,
    pub needs: &'s Needs,
    pub records: [Record; LEVELS],
    /// Answers of the conditions that are the same for all items of a scope.
    shared: Vec<Cell<Option<bool>>>,
    memos: Vec<RefCell<HashMap<Box<[u8]>, bool>>>,
}

impl<'s> Scene<'s> {
    pub fn new(signal: Signal, needs: &'s Needs) -> Scene<'s> {
        Scene {
            source: &[],
            signal,
            needs,
            records: Default::default(),
            shared: vec![Cell::new(None); needs.shared],
            memos: vec![RefCell::default(); needs.memos],
        }
    }

    /// Looks at a message of this level; `data` is the field of Metric in which a data point lies.
    #[inline]
    pub fn enter(&mut self, level: Level, content: &[u8], data: u32, all: bool) {
        let number = level.attributes(self.signal, data);
        self.records[level as usize].read(self.source, content, number, &self.needs.keys[level as usize], all);
    }

    /// Looks at the Resource of a resource's group or the Scope of a scope's, which may stand behind what it holds.
    pub fn enter_header(&mut self, level: Level, group: &[u8]) {
        if !self.needs.reads[level as usize] {
            return;
        }
        let header = fields(group).find_map(|field| match field.value {
            Wire::Len(content) if field.number == 1 => Some(content),
            _ => None,
        });
        match header {
            Some(content) => self.enter(level, content, 0, self.needs.all(level, content.len())),
            None => self.miss(level),
        }
    }

    /// There is no message of this level here.
    pub fn miss(&mut self, level: Level) {
        let number = level.attributes(self.signal, 0);
        self.records[level as usize].clear(number, &self.needs.keys[level as usize]);
    }

    /// Forgets what was true for the items of another scope.
    pub fn next_scope(&mut self) {
        self.shared.iter().for_each(|answer| answer.set(None));
    }

    #[inline]
    pub fn shared(&self, number: usize) -> &Cell<Option<bool>> {
        &self.shared[number]
    }

    /// The answer about `text`, asked at most once for most values.
    pub fn remembered(&self, memo: usize, text: &[u8], ask: impl FnOnce() -> bool) -> bool {
        let mut known = self.memos[memo].borrow_mut();
        if let Some(answer) = known.get(text) {
            return *answer;
        }
        let answer = ask();
        if text.len() <= MEMO_LEN && known.len() < MEMO_COUNT {
            known.insert(text.into(), answer);
        }
        answer
    }

    #[inline]
    pub fn attribute(&self, level: Level, key: KeyId) -> Value<'_> {
        let record = &self.records[level as usize];
        match record.find(key) {
            Some(slot) => Any::read(record.value(self.source, slot)).into(),
            None => Value::Nil,
        }
    }

    /// What isn't on the wire is its type's default.
    pub fn field(&self, level: Level, field: Field) -> Value<'_> {
        let wire = self.records[level as usize].field(self.source, field.number());
        let bytes = match wire {
            Some(Wire::Len(bytes)) => bytes,
            _ => &[],
        };
        let number = match wire {
            Some(Wire::Varint(number) | Wire::Fixed64(number)) => number as i64,
            Some(Wire::Fixed32(number)) => i64::from(number),
            _ => 0,
        };
        match field {
            Field::Str(_) => Value::Str(bytes.into()),
            Field::Int(_) | Field::Flags(_) | Field::Nanos(_) => Value::Int(number),
            Field::Time(_) => Value::Time(number),
            Field::Id(_, size) => Value::Bytes(id(bytes, size).into()),
            Field::HexId(_, size) => Value::Str(hex(id(bytes, size)).into_bytes().into()),
            Field::Any(_) => Any::read(bytes).into(),
            Field::StatusMessage => {
                let found = fields(bytes).find(|field| field.number == 2);
                Value::Str(match found.map(|field| field.value) {
                    Some(Wire::Len(text)) => text.into(),
                    _ => (&[][..]).into(),
                })
            }
            Field::StatusCode => {
                let found = fields(bytes).find(|field| field.number == 3);
                Value::Int(match found.map(|field| field.value) {
                    Some(Wire::Varint(code)) => code as i64,
                    _ => 0,
                })
            }
        }
    }
}

/// No id is one of zeros.
fn id(bytes: &[u8], size: usize) -> &[u8] {
    const NONE: [u8; 16] = [0; 16];
    if bytes.is_empty() { &NONE[..size] } else { bytes }
}
