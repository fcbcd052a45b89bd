//! A segment of spans or log records without some of them, and with others in the place of some.

use std::sync::Arc;

use otelier_wire::Segment;
use otelier_wire::protobuf::{Value, fields, put_varint};

/// What becomes of an item.
pub enum Verdict {
    Keep,
    Drop,
    /// By what was put into the buffer.
    Replace,
}

/// Field numbers of what holds items, from the request inwards; the items are the last.
const LEVELS: [u32; 3] = [1, 2, 2];

/// None if nothing is left. Scopes and resources without items go. `judge` gets each item and an empty buffer.
pub fn segment(segment: &Arc<Segment>, judge: impl FnMut(&[u8], &mut Vec<u8>) -> Verdict) -> Option<Arc<Segment>> {
    let mut pass = Pass { judge, item: Vec::new(), inner: [Vec::new(), Vec::new()], kept: 0, changed: false };
    let mut out = Vec::with_capacity(segment.bytes().len());
    pass.group(segment.bytes(), 0, &mut out);
    match pass {
        Pass { kept: 0, .. } => None,
        Pass { changed: false, .. } => Some(segment.clone()),
        Pass { kept, .. } => Some(Segment::new(out.into(), kept)),
    }
}

struct Pass<J> {
    judge: J,
    item: Vec<u8>,
    /// Buffers of the groups below the request, used again and again.
    inner: [Vec<u8>; 2],
    kept: usize,
    changed: bool,
}

impl<J: FnMut(&[u8], &mut Vec<u8>) -> Verdict> Pass<J> {
    /// Puts the content of a group at `level`; answers whether an item is left in it.
    fn group(&mut self, content: &[u8], level: usize, out: &mut Vec<u8>) -> bool {
        let before = self.kept;
        for field in fields(content) {
            match field.value {
                Value::Len(child) if field.number == LEVELS[level] && level == 2 => self.item(child, field.raw, out),
                Value::Len(child) if field.number == LEVELS[level] => {
                    let mut inner = std::mem::take(&mut self.inner[level]);
                    inner.clear();
                    if self.group(child, level + 1, &mut inner) {
                        put(LEVELS[level], &inner, out);
                    } else {
                        self.changed = true;
                    }
                    self.inner[level] = inner;
                }
                _ => out.extend_from_slice(field.raw),
            }
        }
        self.kept > before
    }

    fn item(&mut self, item: &[u8], raw: &[u8], out: &mut Vec<u8>) {
        self.item.clear();
        let verdict = (self.judge)(item, &mut self.item);
        self.changed |= !matches!(verdict, Verdict::Keep);
        match verdict {
            Verdict::Drop => return,
            Verdict::Keep => out.extend_from_slice(raw),
            Verdict::Replace => put(LEVELS[2], &self.item, out),
        }
        self.kept += 1;
    }
}

fn put(number: u32, content: &[u8], out: &mut Vec<u8>) {
    out.push((number << 3 | 2) as u8);
    put_varint(out, content.len());
    out.extend_from_slice(content);
}
