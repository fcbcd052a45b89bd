//! New segments out of the spans of chosen traces: whole traces one behind the other, headers as they came.

use std::sync::Arc;

use otelier_wire::protobuf::{put_varint, varint_len};
use otelier_wire::{Batch, Segment, Signal};

use super::arrival::{NONE, Shape};

/// A segment ends with the trace that makes it this large, so that nobody downstream has to cut a huge one.
const SEGMENT_BYTES: usize = 512 << 10;
/// And with the part of a trace that makes it this large.
const MAX_SEGMENT_BYTES: usize = 256 << 20;
/// A segment of one trace alone is handed on as it is, unless it is small: then copying is cheaper for those downstream.
const SHARED_BYTES: usize = 8 << 10;

#[derive(Default)]
pub struct Writer {
    done: Vec<Arc<Segment>>,
    out: Vec<u8>,
    items: usize,
    /// Items of the part being written and the scopes that they are in.
    part: Vec<u32>,
    runs: Vec<Run>,
}

/// Neighbouring items of one scope.
struct Run {
    scope: usize,
    items: std::ops::Range<usize>,
    content: usize,
}

impl Writer {
    /// The items of one trace in a segment, from `first` on. `segment`: if it is in memory.
    pub fn part(&mut self, shape: &Shape, bytes: &[u8], first: u32, segment: Option<&Arc<Segment>>) {
        self.part.clear();
        let mut item = first;
        while item != NONE {
            self.part.push(item);
            item = shape.next[item as usize];
        }
        if let Some(segment) = segment
            && self.part.len() == segment.items()
            && bytes.len() >= SHARED_BYTES
        {
            self.close();
            self.done.push(segment.clone());
            return;
        }
        self.items += self.part.len();
        self.find_runs(shape);
        let mut rest = &self.runs[..];
        while let [first, ..] = rest {
            let parent = shape.index.groups[first.scope].parent;
            let count = rest.iter().take_while(|run| shape.index.groups[run.scope].parent == parent).count();
            let (runs, after) = rest.split_at(count);
            rest = after;
            let resource = &shape.index.groups[parent];
            let content = resource.header_len + runs.iter().map(|run| framed(run.content)).sum::<usize>();
            self.out.push(resource.tag);
            put_varint(&mut self.out, content);
            shape.index.put_header(resource, bytes, &mut self.out);
            for run in runs {
                let scope = &shape.index.groups[run.scope];
                self.out.push(scope.tag);
                put_varint(&mut self.out, run.content);
                shape.index.put_header(scope, bytes, &mut self.out);
                for item in &self.part[run.items.clone()] {
                    shape.index.put_item(*item as usize, bytes, &mut self.out);
                }
            }
        }
        if self.out.len() >= MAX_SEGMENT_BYTES {
            self.close();
        }
    }

    fn find_runs(&mut self, shape: &Shape) {
        self.runs.clear();
        let mut end = 0;
        for (at, &item) in self.part.iter().enumerate() {
            if item as usize >= end {
                let scope = shape.scope_of(item);
                let group = &shape.index.groups[scope];
                end = group.items.end;
                self.runs.push(Run { scope, items: at..at, content: group.header_len });
            }
            if let Some(run) = self.runs.last_mut() {
                run.items.end = at + 1;
                run.content += shape.index.item_len(item as usize);
            }
        }
    }

    pub fn end_trace(&mut self) {
        if self.out.len() >= SEGMENT_BYTES {
            self.close();
        }
    }

    fn close(&mut self) {
        if self.items > 0 {
            // Segments live on for long, room for more would be wasted.
            let mut out = std::mem::take(&mut self.out);
            out.shrink_to_fit();
            self.done.push(Segment::new(out.into(), self.items));
            self.items = 0;
        }
    }

    /// None if there is no item.
    pub fn finish(mut self) -> Option<Batch> {
        self.close();
        (!self.done.is_empty()).then(|| Batch::new(Signal::Traces, self.done, None))
    }
}

/// Size of a group with its one-byte tag and its length.
fn framed(content: usize) -> usize {
    1 + varint_len(content) + content
}
