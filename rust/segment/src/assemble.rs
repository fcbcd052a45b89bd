//! Items from many places to one encoded request: what has equal headers goes under one header.

use std::sync::Arc;

use hashbrown::{HashMap, HashSet};
use otelier_wire::protobuf::{put_varint, varint_len};
use otelier_wire::{Batch, Segment, Signal};

use crate::newest::TraceId;

/// A field 2 with a length: scopes in a resource, items in a scope.
const CHILD: u8 = 0x12;
const RESOURCE: u8 = 0x0a;

#[derive(Default)]
pub struct Assembly {
    resources: Vec<Resource>,
    resource_of: HashMap<Vec<u8>, usize>,
    /// What makes spans equal: trace id, span id, start, kind.
    seen: HashSet<(TraceId, [u8; 8], u64, i32)>,
    items: usize,
}

struct Resource {
    header: Box<[u8]>,
    scopes: Vec<Scope>,
    scope_of: HashMap<Vec<u8>, usize>,
}

struct Scope {
    header: Box<[u8]>,
    items: Vec<u8>,
}

/// Where an item goes; good for this assembly only.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    resource: usize,
    scope: usize,
}

impl Assembly {
    /// False if that span is in already.
    pub fn is_new(&mut self, trace_id: TraceId, span_id: [u8; 8], start_ns: u64, kind: i32) -> bool {
        self.seen.insert((trace_id, span_id, start_ns, kind))
    }

    /// Below these headers: a ResourceSpans without its scopes, a ScopeSpans without its spans (of logs likewise).
    pub fn place(&mut self, resource: &[u8], scope: &[u8]) -> Place {
        let new = self.resources.len();
        let resource_place = *self.resource_of.entry_ref(resource).or_insert(new);
        if resource_place == new {
            self.resources.push(Resource { header: resource.into(), scopes: Vec::new(), scope_of: HashMap::new() });
        }
        let resource = &mut self.resources[resource_place];
        let new = resource.scopes.len();
        let scope_place = *resource.scope_of.entry_ref(scope).or_insert(new);
        if scope_place == new {
            resource.scopes.push(Scope { header: scope.into(), items: Vec::new() });
        }
        Place { resource: resource_place, scope: scope_place }
    }

    /// An encoded item, without tag and length.
    pub fn add(&mut self, place: Place, item: &[u8]) {
        let items = &mut self.resources[place.resource].scopes[place.scope].items;
        items.push(CHILD);
        put_varint(items, item.len());
        items.extend_from_slice(item);
        self.items += 1;
    }

    pub fn finish(self, signal: Signal) -> Batch {
        if self.items == 0 {
            return Batch::new(signal, Vec::new(), None);
        }
        let mut out = Vec::new();
        for resource in &self.resources {
            let sizes: Vec<usize> =
                resource.scopes.iter().map(|scope| scope.header.len() + scope.items.len()).collect();
            let scopes: usize = sizes.iter().map(|size| 1 + varint_len(*size) + size).sum();
            out.push(RESOURCE);
            put_varint(&mut out, resource.header.len() + scopes);
            out.extend_from_slice(&resource.header);
            for (scope, size) in resource.scopes.iter().zip(sizes) {
                out.push(CHILD);
                put_varint(&mut out, size);
                out.extend_from_slice(&scope.header);
                out.extend_from_slice(&scope.items);
            }
        }
        let segment: Arc<Segment> = Segment::new(out.into(), self.items);
        Batch::new(signal, vec![segment], None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_with_equal_headers_share_them() {
        let mut assembly = Assembly::default();
        for (resource, scope, item) in [(b"r1", b"s1", b"a"), (b"r2", b"s1", b"b"), (b"r1", b"s1", b"c")] {
            let place = assembly.place(resource, scope);
            assembly.add(place, item);
        }
        let batch = assembly.finish(Signal::Traces);
        assert_eq!(batch.items(), 3);
        assert_eq!(batch.to_bytes()[..], b"\x0a\x0cr1\x12\x08s1\x12\x01a\x12\x01c\x0a\x09r2\x12\x05s1\x12\x01b"[..]);
    }

    #[test]
    fn a_span_is_new_once() {
        let mut assembly = Assembly::default();
        assert!(assembly.is_new([1; 16], [2; 8], 3, 4));
        assert!(!assembly.is_new([1; 16], [2; 8], 3, 4));
        assert!(assembly.is_new([1; 16], [2; 8], 3, 5));
    }
}
