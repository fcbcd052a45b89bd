//! New segments out of unchanged ranges of an old one.
//!
//! Items and headers are copied, never re-encoded; a group's header is repeated in every part that
//! holds items of it. Groups without any item, and unknown fields of the request, go with the first part.

use std::ops::Range;
use std::sync::Arc;

use crate::batch::Segment;
use crate::index::Index;
use crate::protobuf::{put_varint, varint_len};
use crate::signal::Signal;

/// Cuts one segment; parts are asked for from front to back.
pub struct Cutter<'a> {
    bytes: &'a [u8],
    index: Index,
    /// The size of each group's content in the part being made; none outside of it.
    sizes: Vec<Option<usize>>,
    /// The group that holds the first item of the next part.
    group: usize,
}

/// What a part gets besides items and the headers they need.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Besides {
    Nothing,
    RequestHeader,
    RequestHeaderAndEmptyGroups,
}

impl<'a> Cutter<'a> {
    pub fn new(signal: Signal, segment: &'a Segment) -> Cutter<'a> {
        let index = Index::new(signal, segment.bytes());
        Cutter { bytes: segment.bytes(), sizes: vec![None; index.groups.len()], index, group: 0 }
    }

    /// The items of `range`; the first part also holds what belongs to no item.
    pub fn part(&mut self, range: Range<usize>, first: bool) -> Arc<Segment> {
        if first {
            return self.copy(&self.all(), range, Besides::RequestHeaderAndEmptyGroups, |_| true);
        }
        self.group = self.group_of(range.start, self.group);
        let mut groups = self.ancestors(self.group);
        let inside = self.index.groups[self.group..].iter().take_while(|group| group.items.start < range.end);
        groups.extend(self.group..self.group + inside.count());
        self.copy(&groups, range, Besides::Nothing, |_| true)
    }

    /// The items whose byte in `keep` is not 0, of which there must be one.
    pub fn select(&mut self, keep: &[u8]) -> Arc<Segment> {
        self.copy(&self.all(), 0..keep.len(), Besides::RequestHeader, |item| keep[item] != 0)
    }

    /// The items of one owner, who must have one; `owners` has one for each item.
    pub fn owned(&mut self, owners: &[u32], owner: u32) -> Arc<Segment> {
        self.copy(&self.all(), 0..owners.len(), Besides::RequestHeader, |item| owners[item] == owner)
    }

    pub fn index(&self) -> &Index {
        &self.index
    }

    /// Ranges of items, front to back, whose parts have at most `max_bytes`, unless one item alone is larger.
    /// The first may be empty, if what belongs to no item leaves no room for the first one. Where headers take more
    /// than half of that, a part may be twice its headers, or a long header for each of many items would fill memory.
    pub fn fit(&mut self, max_bytes: usize) -> Vec<Range<usize>> {
        let mut extra = self.extra();
        let mut ranges = Vec::new();
        let (mut start, mut group) = (0, 0);
        while start < self.index.items.len() {
            group = self.group_of(start, group);
            let mut chain = Chain::open(self, group, extra);
            let limit = max_bytes.max(2 * (chain.size() - extra));
            let mut end = start;
            while end < self.index.items.len() {
                chain.go_to(self, self.group_of(end, chain.group()));
                let size = chain.add(self.index.item_len(end));
                if size > limit && (end > start || extra > 0) {
                    break;
                }
                end += 1;
            }
            ranges.push(start..end);
            (start, extra) = (end, 0);
        }
        ranges
    }

    /// Bytes that what belongs to no item adds to the first part, at most.
    fn extra(&mut self) -> usize {
        self.measure(&self.all(), 0..0, Besides::RequestHeaderAndEmptyGroups, |_| true);
        let size = self.sizes[0].unwrap_or(0);
        self.sizes.fill(None);
        size
    }

    fn all(&self) -> Vec<usize> {
        (0..self.index.groups.len()).collect()
    }

    /// The group that holds `item`, which is not before the group `from`.
    fn group_of(&self, item: usize, from: usize) -> usize {
        let holds = |group: &usize| {
            let group = &self.index.groups[*group];
            group.holds_items && group.items.contains(&item)
        };
        (from..self.index.groups.len()).find(holds).unwrap_or(0)
    }

    /// The groups around `group`, outermost first.
    fn ancestors(&self, mut group: usize) -> Vec<usize> {
        let mut found = Vec::new();
        while group != 0 {
            group = self.index.groups[group].parent;
            found.push(group);
        }
        found.reverse();
        found
    }

    /// A segment of the items of `range` that `keep` likes; `groups` are those that hold them, outer before inner.
    fn copy(
        &mut self,
        groups: &[usize],
        range: Range<usize>,
        besides: Besides,
        keep: impl Fn(usize) -> bool,
    ) -> Arc<Segment> {
        let count = self.measure(groups, range.clone(), besides, &keep);
        let mut out = Vec::with_capacity(self.sizes[0].unwrap_or(0));
        for &at in groups {
            let Some(size) = self.sizes[at].take() else { continue };
            let group = &self.index.groups[at];
            if at != 0 {
                out.push(group.tag);
                put_varint(&mut out, size);
            }
            if at != 0 || besides != Besides::Nothing {
                self.index.put_header(group, self.bytes, &mut out);
            }
            if group.holds_items {
                let items = both(&group.items, &range).filter(|item| keep(*item));
                items.for_each(|item| self.index.put_item(item, self.bytes, &mut out));
            }
        }
        Segment::new(out.into(), count)
    }

    /// Fills `sizes`, inner groups before outer; answers the number of items.
    fn measure(
        &mut self,
        groups: &[usize],
        range: Range<usize>,
        besides: Besides,
        keep: impl Fn(usize) -> bool,
    ) -> usize {
        let mut count = 0;
        for &at in groups.iter().rev() {
            let group = &self.index.groups[at];
            let mut size = self.sizes[at];
            if group.holds_items {
                for item in both(&group.items, &range).filter(|item| keep(*item)) {
                    size = Some(size.unwrap_or(0) + self.index.item_len(item));
                    count += 1;
                }
            }
            if besides == Besides::RequestHeaderAndEmptyGroups && group.items.is_empty() {
                size = size.or(Some(0));
            }
            if at == 0 {
                let header = if besides == Besides::Nothing { 0 } else { group.header_len };
                self.sizes[0] = Some(size.unwrap_or(0) + header);
            } else if let Some(content) = size {
                let content = content + group.header_len;
                self.sizes[at] = Some(content);
                *self.sizes[group.parent].get_or_insert(0) += framed(content);
            }
        }
        count
    }
}

/// The groups open around the next item and how much each holds so far, for the exact size of a part.
struct Chain {
    groups: Vec<usize>,
    /// Without the next inner one.
    sizes: Vec<usize>,
}

impl Chain {
    fn open(cutter: &Cutter, group: usize, request_size: usize) -> Chain {
        let mut chain = Chain { groups: vec![0], sizes: vec![request_size] };
        chain.go_to(cutter, group);
        chain
    }

    fn group(&self) -> usize {
        self.groups[self.groups.len() - 1]
    }

    /// Closes and opens groups until `group` is the innermost.
    fn go_to(&mut self, cutter: &Cutter, group: usize) {
        if self.group() == group {
            return;
        }
        let mut path = cutter.ancestors(group);
        path.push(group);
        let common = path.iter().zip(&self.groups).take_while(|(new, old)| new == old).count();
        while self.groups.len() > common {
            self.groups.pop();
            let closed = self.sizes.pop().unwrap_or(0);
            if let Some(outer) = self.sizes.last_mut() {
                *outer += framed(closed);
            }
        }
        for &opened in &path[common..] {
            self.groups.push(opened);
            self.sizes.push(cutter.index.groups[opened].header_len);
        }
    }

    /// Adds an item to the innermost group; answers the size of the whole part.
    fn add(&mut self, item_len: usize) -> usize {
        let innermost = self.sizes.len() - 1;
        self.sizes[innermost] += item_len;
        self.size()
    }

    fn size(&self) -> usize {
        self.sizes.iter().rev().copied().reduce(|inner, outer| outer + framed(inner)).unwrap_or(0)
    }
}

/// Size of a group with its one-byte tag and its length.
fn framed(content: usize) -> usize {
    1 + varint_len(content) + content
}

fn both(a: &Range<usize>, b: &Range<usize>) -> Range<usize> {
    a.start.max(b.start)..a.end.min(b.end)
}
