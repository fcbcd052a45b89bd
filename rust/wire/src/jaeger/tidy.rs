//! What makes a stored trace easier to read.

use std::collections::{HashMap, HashSet};

use super::span::{US, Writer};
use super::{Headers, Shown, SpanId, Trace};
use crate::any::Any;

const CLIENT: i32 = 3;
const SERVER: i32 = 2;

impl<'a> Trace<'a> {
    pub fn tidy(&mut self, headers: &Headers) {
        let ids: HashSet<SpanId> = self.spans.iter().map(|shown| shown.id).collect();
        if ids.len() < self.spans.len() {
            let mut groups = self.by_id();
            for group in groups.iter_mut().filter(|group| group.len() > 1) {
                let (mut writer, mut seen) = (Writer::new(self, false), HashSet::new());
                group.retain(|shown| {
                    let mut written = Vec::new();
                    writer.put(shown, &headers.scopes[shown.scope], &mut written);
                    seen.insert(written)
                });
            }
            self.renamed = unshare(&mut groups, ids);
            self.spans = groups.into_iter().flatten().collect();
        }
        self.spans.sort_by_key(|shown| shown.span.start_ns / US);
    }

    /// Takes the spans, those of an id together.
    fn by_id(&mut self) -> Vec<Vec<Shown<'a>>> {
        let (mut groups, mut group_of) = (Vec::<Vec<Shown>>::new(), HashMap::new());
        for shown in self.spans.drain(..) {
            let group = *group_of.entry(shown.id).or_insert(groups.len());
            if group == groups.len() {
                groups.push(Vec::new());
            }
            groups[group].push(shown);
        }
        groups
    }
}

/// Gives the server's half of a span that client and server share an id that is not `taken`; answers the new ones.
fn unshare(groups: &mut [Vec<Shown>], mut taken: HashSet<SpanId>) -> HashMap<SpanId, SpanId> {
    let (mut renamed, mut free) = (HashMap::new(), 0u64);
    for group in groups.iter_mut().filter(|group| group.len() > 1) {
        if !group.iter().any(|shown| shown.is(b"client", CLIENT)) {
            continue;
        }
        for server in group.iter_mut().filter(|shown| shown.is(b"server", SERVER)) {
            free += 1;
            while !taken.insert(free.to_be_bytes()) {
                free += 1;
            }
            renamed.insert(server.id, free.to_be_bytes());
            (server.id, server.is_half) = (free.to_be_bytes(), true);
        }
    }
    renamed
}

impl Shown<'_> {
    /// Whether it is of this kind: by the tag that clients without OTLP's field send, or by the field.
    fn is(&self, name: &[u8], kind: i32) -> bool {
        let tag = self.span.attributes().find(|attribute| attribute.key == b"span.kind");
        tag.map_or(self.span.kind == kind, |tag| tag.value() == Any::Str(name))
    }
}
