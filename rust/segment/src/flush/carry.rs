//! Traces that go on, out of old generations into a new one.

use std::collections::BTreeMap;

use otelier_disk::Carried;
use otelier_wire::Signal;
use otelier_wire::protobuf::{put_varint, varint_len};

use super::Arrived;
use crate::write::{Headers, Span};

/// Arrivals this close together are carried as one.
const TICK_NS: u64 = 1_000_000_000;
/// A record is not much larger than this.
const MAX_BYTES: usize = 4 << 20;

/// The spans as encoded requests, with the first and last arrival of what is in each, rounded to seconds.
pub fn carry(tenant: &str, arrived: &Arrived, headers: &Headers, spans: &[&Span], from: u64) -> Vec<Carried> {
    let mut alike: BTreeMap<(u64, u64), Vec<&Span>> = BTreeMap::new();
    for span in spans {
        let (first, last) = arrived.times[span.place.record as usize];
        alike.entry((first / TICK_NS, last / TICK_NS)).or_default().push(span);
    }
    let mut carried = Vec::new();
    for (_, spans) in alike {
        let mut rest = &spans[..];
        while !rest.is_empty() {
            let mut bytes = 0;
            let fits = rest.iter().take_while(|span| {
                let fits = bytes < MAX_BYTES;
                bytes += span.place.bytes(&arrived.records).len();
                fits
            });
            let (now, later) = rest.split_at(fits.count());
            rest = later;
            let times = now.iter().map(|span| arrived.times[span.place.record as usize]);
            let (first_ns, last_ns) = times.fold((u64::MAX, 0), |all, time| (all.0.min(time.0), all.1.max(time.1)));
            carried.push(Carried {
                tenant: tenant.into(),
                signal: Signal::Traces,
                items: now.len() as u32,
                first_ns,
                last_ns,
                from_generation: from,
                otlp: request(arrived, headers, now).into(),
            });
        }
    }
    carried
}

/// Spans under their resources and scopes, each of which occurs once.
fn request(arrived: &Arrived, headers: &Headers, spans: &[&Span]) -> Vec<u8> {
    let mut resources: BTreeMap<u32, BTreeMap<u32, Vec<&Span>>> = BTreeMap::new();
    for span in spans {
        resources.entry(span.around.resource).or_default().entry(span.around.scope).or_default().push(span);
    }
    let mut out = Vec::new();
    let (mut inner, mut scope_bytes) = (Vec::new(), Vec::new());
    for (resource, scopes) in resources {
        inner.clear();
        inner.extend_from_slice(headers.resources().get(resource as usize));
        for (scope, spans) in scopes {
            scope_bytes.clear();
            scope_bytes.extend_from_slice(headers.scopes().get(scope as usize));
            spans.iter().for_each(|span| put(&mut scope_bytes, 2, span.place.bytes(&arrived.records)));
            put(&mut inner, 2, &scope_bytes);
        }
        put(&mut out, 1, &inner);
    }
    out
}

fn put(out: &mut Vec<u8>, number: u8, content: &[u8]) {
    out.reserve(1 + varint_len(content.len()) + content.len());
    out.push(number << 3 | 2);
    put_varint(out, content.len());
    out.extend_from_slice(content);
}
