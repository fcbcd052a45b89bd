//! What a list of results says of a trace, from a few facts about each span.

use std::sync::Arc;

use hashbrown::{HashMap, HashSet};

use crate::newest::TraceId;

/// What a summary needs of a span.
#[derive(Clone, Debug)]
pub struct Fact {
    /// Needed where a trace lies in several places, and of spans that name a parent not found in theirs.
    pub span_id: Option<[u8; 8]>,
    pub kind: i32,
    pub parent: Parent,
    pub start_ns: u64,
    pub end_ns: u64,
    pub error: bool,
    /// Empty if the resource has none.
    pub service: Arc<[u8]>,
    /// Needed where the parent is not `Here`.
    pub name: Option<Arc<[u8]>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parent {
    None,
    /// Known to be in the trace.
    Here,
    Named([u8; 8]),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    pub trace_id: TraceId,
    pub root_service: Arc<[u8]>,
    pub root_name: Arc<[u8]>,
    pub start_ns: u64,
    pub end_ns: u64,
    pub spans: u64,
    pub errors: u64,
    /// Spans that name a parent which is not there.
    pub orphans: u64,
    /// Name, spans and errors of each service, by name.
    pub services: Vec<(Arc<[u8]>, u64, u64)>,
}

/// `None` without facts. The root is the first span without a parent; if none is there, the first whose parent is not;
/// if there is none of these either, the first.
pub fn summarize(trace_id: TraceId, mut facts: Vec<Fact>) -> Option<Summary> {
    let mut seen = HashSet::new();
    facts.retain(|fact| fact.span_id.is_none_or(|id| seen.insert((id, fact.start_ns, fact.kind))));
    let ids: HashSet<[u8; 8]> = facts.iter().filter_map(|fact| fact.span_id).collect();
    let orphaned = |fact: &Fact| match fact.parent {
        Parent::Named(id) => !ids.contains(&id),
        Parent::None | Parent::Here => false,
    };
    let rank = |fact: &Fact| match fact.parent {
        Parent::None => 0,
        Parent::Named(_) if orphaned(fact) => 1,
        _ => 2,
    };
    let root = facts.iter().min_by_key(|fact| (rank(fact), fact.start_ns))?;
    let mut services: HashMap<&Arc<[u8]>, (u64, u64)> = HashMap::new();
    for fact in &facts {
        let (spans, errors) = services.entry(&fact.service).or_default();
        *spans += 1;
        *errors += u64::from(fact.error);
    }
    let mut services: Vec<_> =
        services.into_iter().map(|(name, (spans, errors))| (name.clone(), spans, errors)).collect();
    services.sort();
    Some(Summary {
        trace_id,
        root_service: root.service.clone(),
        root_name: root.name.clone().unwrap_or_default(),
        start_ns: facts.iter().map(|fact| fact.start_ns).min().unwrap_or_default(),
        end_ns: facts.iter().map(|fact| fact.end_ns).max().unwrap_or_default(),
        spans: facts.len() as u64,
        errors: facts.iter().filter(|fact| fact.error).count() as u64,
        orphans: facts.iter().filter(|fact| orphaned(fact)).count() as u64,
        services,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fact(id: u8, parent: Parent, start_ns: u64, service: &str) -> Fact {
        Fact {
            span_id: Some([id; 8]),
            kind: 1,
            parent,
            start_ns,
            end_ns: start_ns + 10,
            error: id.is_multiple_of(2),
            service: service.as_bytes().into(),
            name: Some(vec![b'a' + id].into()),
        }
    }

    #[test]
    fn the_root_is_the_first_span_without_a_parent() {
        let facts = vec![
            fact(3, Parent::Named([9; 8]), 1, "x"),
            fact(2, Parent::Named([1; 8]), 2, "y"),
            fact(1, Parent::None, 3, "x"),
            fact(1, Parent::None, 3, "x"),
        ];
        let summary = summarize([7; 16], facts).unwrap();
        assert_eq!((&summary.root_service[..], &summary.root_name[..]), (&b"x"[..], &b"b"[..]));
        assert_eq!((summary.start_ns, summary.end_ns), (1, 13));
        assert_eq!((summary.spans, summary.errors, summary.orphans), (3, 1, 1));
        assert_eq!(summary.services, [(b"x"[..].into(), 2, 0), (b"y"[..].into(), 1, 1)]);
    }

    #[test]
    fn without_a_root_the_first_orphan_stands_for_it() {
        let facts = vec![fact(2, Parent::Named([3; 8]), 1, "x"), fact(3, Parent::Named([9; 8]), 2, "y")];
        assert_eq!(&summarize([7; 16], facts).unwrap().root_service[..], b"y");
        assert_eq!(summarize([7; 16], Vec::new()), None);
    }
}
