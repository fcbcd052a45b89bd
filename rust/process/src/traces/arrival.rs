//! What came in one segment, by trace: the features of each trace's spans and where they lie. No lock is held.

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use hashbrown::HashTable;
use otelier_wire::protobuf::Value;
use otelier_wire::{Index, Segment, Signal, Span};

use super::matcher::{Matchers, Scratch, set_bit, words};

pub type TraceId = [u8; 16];

/// No item, no slot.
pub const NONE: u32 = u32::MAX;

/// Where the items of a segment lie, and for each the next one of its trace.
pub struct Shape {
    pub index: Index,
    /// The groups that hold items, in order.
    pub scopes: Box<[u32]>,
    pub next: Box<[u32]>,
}

impl Shape {
    /// The group that holds an item.
    pub fn scope_of(&self, item: u32) -> usize {
        let behind = |scope: &u32| self.index.groups[*scope as usize].items.end <= item as usize;
        self.scopes[self.scopes.partition_point(behind)] as usize
    }

    /// Bytes that it takes besides the segment's.
    pub fn overhead(&self) -> usize {
        self.index.items.len() * 12 + self.index.groups.len() * size_of::<otelier_wire::index::Group>()
    }
}

/// The spans of one trace in one segment.
#[derive(Clone)]
pub struct Local {
    pub id: TraceId,
    pub hash: u64,
    pub first_item: u32,
    last_item: u32,
    pub features: Features,
}

/// What is known of a trace's spans, of some or of all.
#[derive(Clone, Copy)]
pub struct Features {
    pub first_start_ns: u64,
    pub last_end_ns: u64,
    /// Encoded, with the headers around them.
    pub bytes: u64,
    pub spans: u32,
    pub flags: u32,
    /// Bit n: OTLP's status code n was seen.
    pub status_codes: u8,
    pub root: bool,
}

impl Features {
    pub const NOTHING: Features = Features {
        first_start_ns: u64::MAX,
        last_end_ns: 0,
        bytes: 0,
        spans: 0,
        flags: 0,
        status_codes: 0,
        root: false,
    };

    #[inline]
    pub fn add(&mut self, more: &Features) {
        self.first_start_ns = self.first_start_ns.min(more.first_start_ns);
        self.last_end_ns = self.last_end_ns.max(more.last_end_ns);
        self.bytes += more.bytes;
        self.spans += more.spans;
        self.flags |= more.flags;
        self.status_codes |= more.status_codes;
        self.root |= more.root;
    }
}

pub struct Arrival {
    pub segment: Arc<Segment>,
    pub shape: Shape,
    pub locals: Vec<Local>,
    /// So many words per local.
    pub bits: Vec<u64>,
}

/// Turns segments into arrivals.
pub struct Scanner {
    pub matchers: Matchers,
    conditions: usize,
    hasher: RandomState,
}

impl Scanner {
    /// `conditions`: how many masks come with each batch, whose bits stand behind the matchers'.
    pub fn new(matchers: Matchers, conditions: usize) -> Scanner {
        Scanner { matchers, conditions, hasher: RandomState::new() }
    }

    /// Bits per trace.
    pub fn bits(&self) -> usize {
        self.matchers.len() + self.conditions
    }

    /// `masks`: per condition one byte per item of the batch, not 0 where it is true.
    pub fn scan(&self, segments: &[Arc<Segment>], masks: &[&[u8]]) -> Vec<Arrival> {
        let mut scratch = self.matchers.borrow();
        let mut from = 0;
        let mut arrivals = Vec::with_capacity(segments.len());
        for segment in segments.iter().filter(|segment| segment.items() > 0) {
            arrivals.push(self.scan_segment(segment, masks, from, &mut scratch));
            from += segment.items();
        }
        self.matchers.give_back(scratch);
        arrivals
    }

    pub fn hash(&self, id: &TraceId) -> u64 {
        self.hasher.hash_one(u128::from_ne_bytes(*id))
    }

    fn scan_segment(&self, segment: &Arc<Segment>, masks: &[&[u8]], from: usize, scratch: &mut Scratch) -> Arrival {
        let bytes = segment.bytes();
        let index = Index::new(Signal::Traces, bytes);
        let words = words(self.bits());
        let mut by_id = ByTrace { table: HashTable::new(), locals: Vec::new(), bits: Vec::new(), last: usize::MAX };
        let mut next = vec![NONE; index.items.len()].into_boxed_slice();
        let mut resource_bits = (0, vec![0u64; words]);
        let mut scopes = Vec::new();
        for (number, scope) in index.groups.iter().enumerate() {
            if !scope.holds_items || scope.items.is_empty() {
                continue;
            }
            scopes.push(number as u32);
            let resource = &index.groups[scope.parent];
            if !self.matchers.is_empty() && resource_bits.0 != scope.parent {
                resource_bits = (scope.parent, vec![0; words]);
                for field in index.header(resource, bytes).filter(|field| field.number == 1) {
                    if let Value::Len(content) = field.value {
                        self.matchers.look_at_resource(content, scratch, &mut resource_bits.1);
                    }
                }
            }
            // Tag and a length of two bytes for either group.
            let headers = (scope.header_len + resource.header_len + 6) as u64;
            for item in scope.items.clone() {
                let span = Span::read(index.item(item, bytes));
                let at = by_id.find(&span.trace(), item as u32, words, |id| self.hash(id));
                let local = &mut by_id.locals[at];
                let mut size = index.item_len(item) as u64;
                if local.features.spans == 0 || (local.last_item as usize) < scope.items.start {
                    size += headers;
                }
                if local.features.spans > 0 {
                    next[local.last_item as usize] = item as u32;
                }
                local.last_item = item as u32;
                local.features.add(&features(&span, size));
                if words > 0 {
                    let bits = &mut by_id.bits[at * words..][..words];
                    bits.iter_mut().zip(&resource_bits.1).for_each(|(bits, more)| *bits |= more);
                    self.matchers.look_at_span(&span, scratch, bits);
                    for (condition, mask) in masks.iter().enumerate() {
                        if mask[from + item] != 0 {
                            set_bit(bits, self.matchers.len() + condition);
                        }
                    }
                }
            }
        }
        let ByTrace { locals, bits, .. } = by_id;
        Arrival { segment: segment.clone(), shape: Shape { index, scopes: scopes.into(), next }, locals, bits }
    }
}

#[inline]
fn features(span: &Span, bytes: u64) -> Features {
    Features {
        first_start_ns: span.start_ns,
        last_end_ns: span.end_ns,
        bytes,
        spans: 1,
        flags: span.flags,
        status_codes: 1 << span.status_code.clamp(0, 7),
        root: span.is_root(),
    }
}

/// The traces of one segment; neighbours are often of the same.
struct ByTrace {
    table: HashTable<u32>,
    locals: Vec<Local>,
    bits: Vec<u64>,
    last: usize,
}

impl ByTrace {
    #[inline]
    fn find(&mut self, id: &TraceId, item: u32, words: usize, hash: impl Fn(&TraceId) -> u64) -> usize {
        if let Some(local) = self.locals.get(self.last)
            && local.id == *id
        {
            return self.last;
        }
        let hashed = hash(id);
        let locals = &self.locals;
        if let Some(at) = self.table.find(hashed, |at| locals[*at as usize].id == *id) {
            self.last = *at as usize;
            return self.last;
        }
        self.last = self.locals.len();
        self.table.insert_unique(hashed, self.last as u32, |at| locals[*at as usize].hash);
        self.locals.push(Local {
            id: *id,
            hash: hashed,
            first_item: item,
            last_item: item,
            features: Features::NOTHING,
        });
        self.bits.resize(self.bits.len() + words, 0);
        self.last
    }
}
