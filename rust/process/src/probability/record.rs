//! Log records: state and priority in attributes.

use otelier_wire::any::{Any, attribute};
use otelier_wire::protobuf::{Value, fields, put_varint};
use otelier_wire::{Attribute, any};

use super::threshold::RANDOM_MAX;
use super::threshold::{of_probability, read_randomness, read_threshold};
use super::{Counts, Found, Mode, Priority, Randomness, Rule, Sampler, Source, State, Threshold, hashed, of_trace_id};
use crate::probability::rewrite::Verdict;

const ATTRIBUTES: u32 = 6;
const TRACE_ID: u32 = 9;
const RANDOMNESS: &[u8] = b"sampling.randomness";
const THRESHOLD: &[u8] = b"sampling.threshold";

impl Sampler {
    /// One encoded log record; what replaces it is put into `out`.
    pub(super) fn record(&self, record: &[u8], out: &mut Vec<u8>, counts: &mut Counts) -> Verdict {
        let read = read_state(record);
        let trace_id = fields(record).find_map(|field| match field.value {
            Value::Len(id) if field.number == TRACE_ID => Some(id),
            _ => None,
        });
        let trace_id = trace_id.filter(|id| of_trace_id(id).is_some());
        let (found, mut written) = match (&self.rule, self.options.mode) {
            (Rule::Never, _) => {
                let found = Found { broken: read.is_none(), ..Found::of(Some((RANDOM_MAX, Source::TraceId))) };
                (found, Some(read.unwrap_or_default()))
            }
            (_, Mode::HashSeed) => self.hashed_record(record, trace_id, read),
            _ => match read {
                None => (Found::NOTHING, None),
                Some(state) => {
                    let given = state.randomness.as_ref().map(|given| (given.value(), Source::Explicit));
                    let of_id = trace_id.and_then(of_trace_id).map(|bits| (bits, Source::TraceId));
                    (Found::of(given.or(of_id)), Some(state))
                }
            },
        };
        let stays = self.decide(&found, written.as_mut(), self.priority(record), counts);
        match written {
            _ if !stays => Verdict::Drop,
            None => Verdict::Keep,
            Some(state) => put(record, &state, out),
        }
    }

    fn hashed_record<'a>(
        &self,
        record: &[u8],
        trace_id: Option<&[u8]>,
        read: Option<State<'a>>,
    ) -> (Found, Option<State<'a>>) {
        let seed = self.options.hash_seed;
        let of_id = trace_id.filter(|_| !self.options.ignore_trace_id);
        let bits = match of_id {
            Some(id) => Some((hashed(id, seed), Source::TraceIdHash)),
            None => self.hashed_attribute(record).map(|bits| (bits, Source::Attribute)),
        };
        let found = Found::of(bits);
        match read {
            Some(mut state) if state.threshold.is_none() && state.randomness.is_none() => {
                state.randomness = found.randomness.map(Randomness::Made);
                (found, Some(state))
            }
            // It can't be read, or others have sampled it: leave it alone.
            _ => (Found { broken: true, ..found }, None),
        }
    }

    fn hashed_attribute(&self, record: &[u8]) -> Option<u64> {
        let key = self.options.from_attribute.as_bytes();
        if key.is_empty() {
            return None;
        }
        let text = match attribute(record, ATTRIBUTES, key)? {
            Any::Str(bytes) | Any::Bytes(bytes) => {
                return (!bytes.is_empty()).then(|| hashed(bytes, self.options.hash_seed));
            }
            Any::Bool(value) => value.to_string(),
            Any::Int(value) => value.to_string(),
            Any::Double(value) => number(value),
            _ => return None,
        };
        Some(hashed(text.as_bytes(), self.options.hash_seed))
    }

    fn priority(&self, record: &[u8]) -> Priority {
        let key = self.options.priority_attribute.as_bytes();
        let percentage = match (!key.is_empty()).then(|| attribute(record, ATTRIBUTES, key)).flatten() {
            Some(Any::Int(value)) => value as f64,
            Some(Any::Double(value)) => value,
            _ => return Priority::None,
        };
        of_probability(percentage / 100.0, self.options.precision).map_or(Priority::None, Priority::Threshold)
    }
}

/// A number as JSON has it, large and small ones with an exponent.
fn number(value: f64) -> String {
    let size = value.abs();
    if size == 0.0 || (1e-6..1e21).contains(&size) {
        format!("{value}")
    } else {
        format!("{value:e}").replace("e", if size < 1.0 { "e" } else { "e+" })
    }
}

/// None if what stands there can't be read. What isn't text, or is empty, counts as not there.
fn read_state(record: &[u8]) -> Option<State<'_>> {
    let text = |key| match attribute(record, ATTRIBUTES, key) {
        Some(Any::Str(text)) if !text.is_empty() => Some(text),
        _ => None,
    };
    let mut state = State::default();
    if let Some(digits) = text(THRESHOLD) {
        state.threshold = Some(Threshold { value: read_threshold(digits)?, digits });
    }
    if let Some(digits) = text(RANDOMNESS) {
        state.randomness = Some(Randomness::Given(read_randomness(digits)?, digits));
    }
    Some(state)
}

/// The record with both attributes set, each where it stood or at the end.
fn put(record: &[u8], state: &State, out: &mut Vec<u8>) -> Verdict {
    let mut wanted: Vec<(&[u8], Vec<u8>)> = Vec::with_capacity(2);
    if let Some(randomness) = &state.randomness {
        let mut text = Vec::with_capacity(14);
        randomness.put(&mut text);
        wanted.push((RANDOMNESS, text));
    }
    if let Some(threshold) = &state.threshold {
        let mut text = Vec::with_capacity(14);
        threshold.put(&mut text);
        wanted.push((THRESHOLD, text));
    }
    wanted.retain(|(key, text)| any::attribute(record, ATTRIBUTES, key) != Some(Any::Str(text)));
    if wanted.is_empty() {
        return Verdict::Keep;
    }
    for field in fields(record) {
        let key = match field.value {
            Value::Len(content) if field.number == ATTRIBUTES => Attribute::read(content, field.raw).key,
            _ => &[],
        };
        match wanted.iter().position(|(wanted, _)| *wanted == key) {
            Some(at) => put_attribute(&wanted.remove(at), out),
            None => out.extend_from_slice(field.raw),
        }
    }
    wanted.iter().for_each(|pair| put_attribute(pair, out));
    Verdict::Replace
}

/// All lengths are below 128.
fn put_attribute((key, text): &(&[u8], Vec<u8>), out: &mut Vec<u8>) {
    out.push((ATTRIBUTES << 3 | 2) as u8);
    put_varint(out, 2 + key.len() + 4 + text.len());
    out.push(0x0a);
    put_varint(out, key.len());
    out.extend_from_slice(key);
    out.push(0x12);
    put_varint(out, 2 + text.len());
    out.push(0x0a);
    put_varint(out, text.len());
    out.extend_from_slice(text);
}
