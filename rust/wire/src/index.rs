//! Where the items of a segment lie and under which headers: one walk, no item entered.
//!
//! A group is a message that only holds items: the request itself, a resource, a scope, and in
//! metrics also a metric and its data (gauge, sum, …). What of it is not a child is its header.

use std::ops::Range;

use crate::protobuf::{Field, Value, fields};
use crate::signal::Signal;

pub struct Group {
    /// The enclosing group; the request is its own.
    pub parent: usize,
    /// The group's one-byte tag; 0 for the request.
    pub tag: u8,
    /// All items in it, also those of its groups.
    pub items: Range<usize>,
    pub holds_items: bool,
    pub header_len: usize,
    header: Range<usize>,
}

/// Groups in the order of their tags, outer before inner; items in wire order.
#[derive(Default)]
pub struct Index {
    pub groups: Vec<Group>,
    /// Byte ranges of whole fields. A segment is smaller than 4 GiB.
    pub items: Vec<Range<u32>>,
    headers: Vec<Range<u32>>,
}

/// Whether this field of a group at `level` (the request is 0) is a group or an item.
pub fn is_child(signal: Signal, level: usize, number: u32) -> bool {
    match (signal, level) {
        (_, 0) => number == 1,
        (_, 1 | 2) => number == 2,
        (Signal::Metrics, 3) => matches!(number, 5 | 7 | 9 | 10 | 11),
        _ => number == 1,
    }
}

/// The level whose children are items.
pub fn item_level(signal: Signal) -> usize {
    if signal == Signal::Metrics { 4 } else { 2 }
}

impl Index {
    /// `bytes` must have passed the check.
    pub fn new(signal: Signal, bytes: &[u8]) -> Index {
        let mut index = Index::default();
        index.group(signal, 0, 0, 0, 0, bytes);
        index
    }

    fn group(&mut self, signal: Signal, level: usize, parent: usize, tag: u8, start: usize, content: &[u8]) {
        let holds_items = level == item_level(signal);
        let (first_item, first_header) = (self.items.len(), self.headers.len());
        let header_len = self.note_header(signal, level, start, content);
        let this = self.groups.len();
        let header = first_header..self.headers.len();
        self.groups.push(Group { parent, tag, items: first_item..first_item, holds_items, header_len, header });
        let mut end = start;
        for field in fields(content) {
            end += field.raw.len();
            let Value::Len(child) = field.value else { continue };
            if !is_child(signal, level, field.number) {
                continue;
            }
            if holds_items {
                self.items.push(range(end - field.raw.len()..end));
            } else {
                let tag = (field.number << 3 | 2) as u8;
                self.group(signal, level + 1, this, tag, end - child.len(), child);
            }
        }
        self.groups[this].items.end = self.items.len();
    }

    /// Notes what is not a child, neighbours as one range; answers its length.
    fn note_header(&mut self, signal: Signal, level: usize, start: usize, content: &[u8]) -> usize {
        let first = self.headers.len();
        let (mut end, mut total) = (start, 0);
        for Field { number, raw, .. } in fields(content) {
            let from = end;
            end += raw.len();
            if is_child(signal, level, number) {
                continue;
            }
            total += raw.len();
            match self.headers[first..].last_mut() {
                Some(last) if last.end as usize == from => last.end = end as u32,
                _ => self.headers.push(range(from..end)),
            }
        }
        total
    }

    pub fn item_len(&self, item: usize) -> usize {
        self.items[item].len()
    }

    /// Appends the group's header to `out`.
    pub fn put_header(&self, group: &Group, bytes: &[u8], out: &mut Vec<u8>) {
        for part in &self.headers[group.header.clone()] {
            out.extend_from_slice(slice(bytes, part));
        }
    }

    /// The fields of the group's header, such as field 1: the Resource of a resource, the Scope of a scope.
    pub fn header<'a>(&self, group: &Group, bytes: &'a [u8]) -> impl Iterator<Item = Field<'a>> + use<'a, '_> {
        self.headers[group.header.clone()].iter().flat_map(|part| fields(slice(bytes, part)))
    }

    pub fn put_item(&self, item: usize, bytes: &[u8], out: &mut Vec<u8>) {
        out.extend_from_slice(slice(bytes, &self.items[item]));
    }

    /// The encoded item itself, without tag and length.
    pub fn item<'a>(&self, item: usize, bytes: &'a [u8]) -> &'a [u8] {
        match fields(slice(bytes, &self.items[item])).next() {
            Some(Field { value: Value::Len(content), .. }) => content,
            _ => &[],
        }
    }
}

fn range(range: Range<usize>) -> Range<u32> {
    range.start as u32..range.end as u32
}

fn slice<'a>(bytes: &'a [u8], range: &Range<u32>) -> &'a [u8] {
    &bytes[range.start as usize..range.end as usize]
}
