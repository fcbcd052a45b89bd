//! What questions want to know of a chunk before they look at its rows. Each part is made when it is first asked for: a
//! log that nobody reads costs nothing.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use hashbrown::HashSet;

use super::chunk::Chunk;
use super::shapes::Shapes;
use crate::error::ReadError;
use crate::filter::value::each_message;
use crate::filter::{Field, Part, Test};
use crate::hash::hash_bytes;
use crate::index::{Filter, each_entry};
use crate::newest::TraceId;
use crate::rows::Rows;
use crate::spans::TagName;

/// Of one chunk; a copy of a chunk that still grows begins anew.
#[derive(Clone, Debug, Default)]
pub struct Index {
    /// Scope, key and type of the attributes.
    pub names: OnceLock<BTreeSet<TagName>>,
    shapes: OnceLock<Shapes>,
    traces: OnceLock<Filter>,
    /// Over the attributes of spans, events and links; `None` if they could not be read: who reads them is told why.
    attributes: OnceLock<Option<Filter>>,
    /// Set by the first question that the filter over attributes would have helped.
    asked: OnceLock<()>,
}

impl Chunk {
    pub fn shapes_of(&self) -> &Shapes {
        self.index.shapes.get_or_init(|| Shapes::of(self))
    }

    /// False only if no row is one of this trace.
    pub fn may_have(&self, trace_id: &TraceId) -> bool {
        let filter = self.index.traces.get_or_init(|| {
            let new = |at: &usize| *at == 0 || self.id_in_order(*at) != self.id_in_order(*at - 1);
            let each: Vec<u64> = (0..self.rows()).filter(new).map(|at| hash_bytes(self.id_in_order(at))).collect();
            Filter::of_values(each.into_iter())
        });
        filter.may_hold(hash_bytes(trace_id))
    }

    fn id_in_order(&self, at: usize) -> &TraceId {
        &self.trace_ids[self.by_trace[at] as usize]
    }

    /// False only if the test holds for none of the items by their own attributes. What it takes to find that out pays
    /// from the second question on, and where no more rows will come.
    pub fn may_meet(&self, test: &Test) -> bool {
        let Field::Attribute(_, key) = &test.field else { return true };
        let made = &self.index.attributes;
        if made.get().is_none() && (!self.is_full() || self.index.asked.set(()).is_ok()) {
            return true;
        }
        // Others who ask meanwhile wait for it.
        let filter = made.get_or_init(|| self.filter_over_attributes().ok());
        filter.as_ref().is_none_or(|filter| filter.may_meet(key, &test.condition))
    }

    fn filter_over_attributes(&self) -> Result<Filter, ReadError> {
        // Keys are few and stand for themselves once; to find pairs that are there twice would take longer than they do.
        let (mut keys, mut entries, mut room) = (HashSet::new(), Vec::new(), Vec::new());
        self.each_item(&Rows::all(self.rows()), &|_| true, &mut |_, span| {
            let mut see = |attribute: &[u8]| {
                each_entry(attribute, &mut room, &mut |key, pair| {
                    keys.insert(key);
                    entries.push(pair);
                });
                false
            };
            each_message(span, 9, &mut see);
            for part in [Part::Event, Part::Link] {
                each_message(span, part.number(), &mut |message| each_message(message, part.attributes(), &mut see));
            }
        })?;
        entries.extend(keys);
        Ok(Filter::of_values(entries.into_iter()))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use otelier_disk::{Disk, Log, LogOptions, Operations, SimulatedDisk};
    use otelier_wire::Signal;
    use otelier_wire::protobuf::put_varint;

    use super::*;
    use crate::filter::{Comparison, Condition, Literal, Scope};
    use crate::hot::Hot;

    fn field(number: u8, content: &[u8]) -> Vec<u8> {
        let mut out = vec![number << 3 | 2];
        put_varint(&mut out, content.len());
        out.extend_from_slice(content);
        out
    }

    fn attribute(number: u8, key: &str, value: &str) -> Vec<u8> {
        field(number, &[field(1, key.as_bytes()), field(2, &field(1, value.as_bytes()))].concat())
    }

    /// A log of so many spans, each with an id of its own, the first with an event.
    fn chunks(spans: u32) -> Vec<Arc<Chunk>> {
        let span = |number: u32| {
            let id = [0, 0, 0, number].map(u32::to_be_bytes).concat();
            let event = if number == 0 { field(11, &attribute(3, "cause", "rain")) } else { Vec::new() };
            field(2, &[field(1, &id), attribute(9, "user", &format!("u{number}")), event].concat())
        };
        let request = field(1, &field(2, &(0..spans).flat_map(span).collect::<Vec<u8>>()));
        let disk: Arc<dyn Disk> = Arc::new(SimulatedDisk::new(Operations::new(false, 0)));
        let log = Log::open(disk.clone(), "log", LogOptions::default()).unwrap();
        log.append("default", Signal::Traces, 1, spans, vec![request.into()]).unwrap();
        let mut hot = Hot::default();
        hot.refresh(&*disk, "log", 0).unwrap();
        hot.visible(0).into_values().flatten().collect()
    }

    fn test(scope: Scope, key: &str, value: &str) -> Test {
        let equal = Condition::Compare(Comparison::Equal, Literal::Text(value.as_bytes().into()));
        Test::new(Field::Attribute(scope, key.as_bytes().into()), equal)
    }

    #[test]
    fn a_full_chunk_asked_again_refuses_what_it_does_not_have() {
        let [chunk] = &chunks(5_000)[..] else { panic!("one chunk is expected") };
        assert!(chunk.may_meet(&test(Scope::Span, "user", "nobody")), "not known before it was asked twice");
        let may = |scope, key, value| chunk.may_meet(&test(scope, key, value));
        assert!(!may(Scope::Span, "user", "nobody") && !may(Scope::Any, "cause", "snow"));
        assert!(may(Scope::Span, "user", "u4999") && may(Scope::Event, "cause", "rain"));
    }

    #[test]
    fn a_chunk_that_grows_is_looked_through() {
        let [chunk] = &chunks(100)[..] else { panic!("one chunk is expected") };
        assert!((0..3).all(|_| chunk.may_meet(&test(Scope::Span, "user", "nobody"))));
    }

    #[test]
    fn traces_of_other_chunks_are_refused() {
        let [chunk] = &chunks(5_000)[..] else { panic!("one chunk is expected") };
        let id = |number: u32| [0, 0, 0, number].map(u32::to_be_bytes).concat().try_into().unwrap();
        assert!((0..5_000).all(|number| chunk.may_have(&id(number))));
        assert!((5_000..15_000).filter(|number| chunk.may_have(&id(*number))).count() < 500);
    }
}
