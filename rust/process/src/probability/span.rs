//! Spans: state in the trace state, priority in an attribute.

use otelier_wire::any::{Any, attribute};
use otelier_wire::protobuf::{Value, fields, put_varint};
use otelier_wire::span::ATTRIBUTES;

use super::threshold::{ALWAYS, NEVER, RANDOM_MAX};
use super::trace_state::TraceState;
use super::{Counts, Found, Mode, Priority, Randomness, Rule, Sampler, Source, hashed, of_trace_id};
use crate::probability::rewrite::Verdict;

const TRACE_ID: u32 = 1;
const TRACE_STATE: u32 = 3;

impl Sampler {
    /// One encoded span; what replaces it is put into `out`.
    pub(super) fn span(&self, span: &[u8], out: &mut Vec<u8>, counts: &mut Counts) -> Verdict {
        let (mut trace_id, mut text) = (&[][..], &[][..]);
        for field in fields(span) {
            match (field.number, field.value) {
                (TRACE_ID, Value::Len(id)) => trace_id = id,
                (TRACE_STATE, Value::Len(state)) => text = state,
                _ => {}
            }
        }
        let read = TraceState::read(text);
        let (found, mut written) = match (&self.rule, self.options.mode) {
            (Rule::Never, _) => {
                let found = Found { broken: read.is_none(), ..Found::of(Some((RANDOM_MAX, Source::TraceId))) };
                (found, Some(read.unwrap_or_default()))
            }
            (_, Mode::HashSeed) => self.hashed_span(trace_id, read),
            _ => match read {
                None => (Found::NOTHING, None),
                Some(state) => {
                    let given = state.state.randomness.as_ref().map(|given| (given.value(), Source::Explicit));
                    let of_id = of_trace_id(trace_id).map(|bits| (bits, Source::TraceId));
                    (Found::of(given.or(of_id)), Some(state))
                }
            },
        };
        let stays = self.decide(&found, written.as_mut().map(|written| &mut written.state), priority(span), counts);
        match written {
            _ if !stays => Verdict::Drop,
            None => Verdict::Keep,
            Some(written) => put(span, text, &written, out),
        }
    }

    /// The older mode: it leaves alone what others have sampled, and says what it decided by.
    fn hashed_span<'a>(&self, trace_id: &[u8], read: Option<TraceState<'a>>) -> (Found, Option<TraceState<'a>>) {
        let bits = of_trace_id(trace_id).map(|_| hashed(trace_id, self.options.hash_seed));
        let found = Found::of(bits.map(|bits| (bits, Source::TraceIdHash)));
        match read {
            Some(mut state) if state.state.threshold.is_none() && state.state.randomness.is_none() => {
                state.state.randomness = bits.map(Randomness::Made);
                (found, Some(state))
            }
            _ => (Found { broken: true, ..found }, None),
        }
    }
}

/// Zero leaves the span out, more makes it stay, all else means nothing.
fn priority(span: &[u8]) -> Priority {
    let value = match attribute(span, ATTRIBUTES, b"sampling.priority") {
        Some(Any::Int(value)) => value as f64,
        Some(Any::Double(value)) => value,
        Some(Any::Str(text)) => match std::str::from_utf8(text).ok().and_then(|text| text.parse().ok()) {
            Some(value) => value,
            None => return Priority::None,
        },
        _ => return Priority::None,
    };
    match value {
        0.0 => Priority::Threshold(NEVER),
        value if value > 0.0 => Priority::Threshold(ALWAYS),
        _ => Priority::None,
    }
}

/// The span with another trace state.
fn put(span: &[u8], before: &[u8], state: &TraceState, out: &mut Vec<u8>) -> Verdict {
    let mut text = Vec::with_capacity(before.len() + 40);
    state.put(&mut text);
    if text == before {
        return Verdict::Keep;
    }
    fields(span).filter(|field| field.number != TRACE_STATE).for_each(|field| out.extend_from_slice(field.raw));
    out.push((TRACE_STATE << 3 | 2) as u8);
    put_varint(out, text.len());
    out.extend_from_slice(&text);
    Verdict::Replace
}
