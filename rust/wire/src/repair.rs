//! The slow path behind the check: rewrite a dirty request so that the rest of the code need not care.
//!
//! In what comes out, strings are valid UTF-8 (each maximal invalid run of bytes became one U+FFFD),
//! every item's ids are good (others were left out, and so were the scopes, resources and metrics
//! emptied by that), and a field of which there is one occurs once: messages were merged, and of
//! scalars and the members of a oneof the last one won, as protobuf says. Unknown fields are kept.

use std::ptr;

use crate::check::{Role, role};
use crate::ids::{self, IdFault, Ids};
use crate::protobuf::{Field, LEN, Value, fields, put_varint};
use crate::schema::{self, Kind, Message, Presence};
use crate::signal::Signal;

pub struct Repaired {
    pub bytes: Vec<u8>,
    pub items: usize,
    pub rejected: usize,
    /// Strings whose invalid UTF-8 was replaced.
    pub repaired: usize,
    /// Why items were rejected; empty if none was.
    pub reason: String,
}

/// Rewrites a request that has passed the check.
pub fn repair(signal: Signal, bytes: &[u8]) -> Repaired {
    let mut rewrite = Rewrite { out: Vec::with_capacity(bytes.len()), repaired: 0, faults: [0; IdFault::ALL.len()] };
    let count = rewrite.message(schema::request(signal), &[bytes]);
    Repaired {
        reason: rewrite.reason(signal),
        bytes: rewrite.out,
        items: count.kept,
        rejected: count.rejected,
        repaired: rewrite.repaired,
    }
}

struct Rewrite {
    out: Vec<u8>,
    repaired: usize,
    /// Items rejected, by rule.
    faults: [usize; IdFault::ALL.len()],
}

#[derive(Clone, Copy, Default)]
struct Count {
    kept: usize,
    rejected: usize,
}

impl Rewrite {
    /// `parts`: the occurrences of one message, to be merged.
    fn message(&mut self, message: &'static Message, parts: &[&[u8]]) -> Count {
        let last = Last::find(message, parts);
        let mut count = Count::default();
        for (at, field) in all(parts).enumerate() {
            let Some(known) = message.field(field.number) else {
                self.out.extend_from_slice(field.raw);
                continue;
            };
            let one = known.presence != Presence::Repeated;
            if one && !last.is(at, field.number) {
                continue;
            }
            match (&known.kind, field.value) {
                (Kind::Message(child), Value::Len(_)) if one => {
                    let since = last.since(field.number);
                    let same = all(parts).enumerate().filter(|(i, f)| *i >= since && f.number == field.number);
                    let merged: Vec<&[u8]> = same.filter_map(|(_, f)| content(&f)).collect();
                    self.child(field.number, child, &merged, &mut count);
                }
                (Kind::Message(child), Value::Len(content)) => self.child(field.number, child, &[content], &mut count),
                (Kind::Str, Value::Len(text)) => self.string(&field, text),
                _ => self.out.extend_from_slice(field.raw),
            }
        }
        count
    }

    fn child(&mut self, number: u32, child: &'static Message, parts: &[&[u8]], count: &mut Count) {
        let role = role(child);
        if role == Role::Item {
            if let Some(fault) = parts.iter().find_map(|item| item_fault(child, item)) {
                self.faults[fault as usize] += 1;
                count.rejected += 1;
                return;
            }
            count.kept += 1;
        }
        let (start, repaired) = (self.out.len(), self.repaired);
        put_varint(&mut self.out, (number << 3 | LEN) as usize);
        let prefix = self.out.len();
        put_varint(&mut self.out, parts.iter().map(|part| part.len()).sum());
        let body = self.out.len();
        let inner = self.message(child, parts);
        if role == Role::Container && inner.kept == 0 && inner.rejected > 0 {
            self.out.truncate(start);
            self.repaired = repaired;
        } else {
            let mut length = Vec::new();
            put_varint(&mut length, self.out.len() - body);
            self.out.splice(prefix..body, length);
        }
        count.kept += inner.kept;
        count.rejected += inner.rejected;
    }

    fn string(&mut self, field: &Field, text: &[u8]) {
        if simdutf8::basic::from_utf8(text).is_ok() {
            return self.out.extend_from_slice(field.raw);
        }
        let text = String::from_utf8_lossy(text);
        put_varint(&mut self.out, (field.number << 3 | LEN) as usize);
        put_varint(&mut self.out, text.len());
        self.out.extend_from_slice(text.as_bytes());
        self.repaired += 1;
    }

    fn reason(&self, signal: Signal) -> String {
        let broken = IdFault::ALL.into_iter().filter(|fault| self.faults[*fault as usize] > 0);
        let sentences = broken.map(|fault| match self.faults[fault as usize] {
            1 => format!("1 {} has {}", signal.item(), fault.text()),
            n => format!("{n} {}s have {}", signal.item(), fault.text()),
        });
        sentences.collect::<Vec<_>>().join("; ")
    }
}

/// Which occurrence of each field counts, by its place among all fields of the message.
struct Last {
    at: [usize; schema::MAX_NUMBER + 1],
    /// The member of the oneof that won, and where its last run of occurrences begins.
    member: u32,
    run: usize,
}

impl Last {
    fn find(message: &'static Message, parts: &[&[u8]]) -> Last {
        let mut last = Last { at: [usize::MAX; schema::MAX_NUMBER + 1], member: 0, run: 0 };
        for (at, field) in all(parts).enumerate() {
            let Some(known) = message.field(field.number) else { continue };
            if known.presence == Presence::Oneof && field.number != last.member {
                last.at[last.member as usize] = usize::MAX;
                (last.member, last.run) = (field.number, at);
            }
            last.at[field.number as usize] = at;
        }
        last
    }

    fn is(&self, at: usize, number: u32) -> bool {
        self.at[number as usize] == at
    }

    /// The first place whose content is merged into the last one.
    fn since(&self, number: u32) -> usize {
        if number == self.member { self.run } else { 0 }
    }
}

fn all<'a>(parts: &'a [&'a [u8]]) -> impl Iterator<Item = Field<'a>> + 'a {
    parts.iter().flat_map(|part| fields(part))
}

fn content<'a>(field: &Field<'a>) -> Option<&'a [u8]> {
    match field.value {
        Value::Len(content) => Some(content),
        _ => None,
    }
}

/// The rule that this item's ids, or those of its links or exemplars, break.
fn item_fault(item: &'static Message, bytes: &[u8]) -> Option<IdFault> {
    let own = ids::fault(item, &read_ids(item, bytes));
    own.or_else(|| {
        fields(bytes).find_map(|field| match (&item.field(field.number)?.kind, field.value) {
            (Kind::Message(child), Value::Len(part))
                if ptr::eq(*child, &schema::LINK) || ptr::eq(*child, &schema::EXEMPLAR) =>
            {
                ids::fault(child, &read_ids(child, part))
            }
            _ => None,
        })
    })
}

fn read_ids<'a>(message: &'static Message, bytes: &'a [u8]) -> Ids<'a> {
    let mut ids = Ids::default();
    for field in fields(bytes) {
        let Some(known) = message.field(field.number) else { continue };
        if let Value::Len(id) = field.value {
            ids.set(known, id);
        }
    }
    ids
}
