//! Encoded items on their way from a row group to an assembly.

use std::ops::Range;

use crate::assemble::Assembly;
use crate::newest::TraceId;

/// In the order in which they were read.
#[derive(Default)]
pub struct Items {
    bytes: Vec<u8>,
    places: Vec<Place>,
}

/// What makes a span itself: trace id, span id, start, kind.
pub type SpanKey = (TraceId, [u8; 8], u64, i32);

struct Place {
    span: Option<SpanKey>,
    resource: Range<usize>,
    scope: Range<usize>,
    item: Range<usize>,
}

impl Items {
    /// An item under its headers. Of spans with equal keys the first counts.
    pub fn add(&mut self, span: Option<SpanKey>, resource: &[u8], scope: &[u8], item: &[u8]) {
        let mut put = |bytes: &[u8]| {
            let start = self.bytes.len();
            self.bytes.extend_from_slice(bytes);
            start..self.bytes.len()
        };
        let (resource, scope, item) = (put(resource), put(scope), put(item));
        self.places.push(Place { span, resource, scope, item });
    }

    pub fn put_into(&self, assembly: &mut Assembly) {
        for place in &self.places {
            let is_new = place.span.is_none_or(|(trace, span, start, kind)| assembly.is_new(trace, span, start, kind));
            if is_new {
                let under = assembly.place(&self.bytes[place.resource.clone()], &self.bytes[place.scope.clone()]);
                assembly.add(under, &self.bytes[place.item.clone()]);
            }
        }
    }
}
