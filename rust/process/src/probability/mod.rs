//! Consistent probability sampling of spans and log records: who stays, and what is written down about it.
//!
//! An item stays if its randomness (56 bits) is at least the threshold (the probability of being left out, as a part
//! of 2⁵⁶). Both may stand in the item: in the `ot` member of a span's trace state as `rv` and `th`, in a log record's
//! attributes. Specification: <https://opentelemetry.io/docs/specs/otel/trace/tracestate-probability-sampling/>. How
//! errors, priorities and the older hash mode work is the Collector's.

mod record;
mod rewrite;
mod span;
mod threshold;
mod trace_state;

use std::sync::Arc;

use otelier_wire::{Batch, Segment, Signal};
use threshold::{ALWAYS, BITS, NEVER, RANDOM_MAX};

/// How the threshold of an item is found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Mode {
    /// Of 14 bits of a hash; nothing may stand in the item yet.
    HashSeed,
    /// This part of what comes, whatever was left out before.
    Proportional,
    /// So much that, with what was left out before, this part of all is left.
    Equalizing,
}

/// What the user chose.
#[derive(Clone, Debug)]
pub struct Options {
    pub mode: Mode,
    /// 0 to 100.
    pub percentage: f32,
    pub hash_seed: u32,
    /// Items without usable randomness are left out; otherwise they stay.
    pub fail_closed: bool,
    /// Hexadecimal digits of a threshold, 1 to 14.
    pub precision: u32,
    /// Log records, hash mode: hash this attribute where there is no trace id; empty for none.
    pub from_attribute: String,
    /// Log records, hash mode: hash the attribute even where there is a trace id.
    pub ignore_trace_id: bool,
    /// Log records: an attribute that gives the percentage; empty for none.
    pub priority_attribute: String,
}

/// Where an item's randomness came from, or what went over it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    Missing,
    TraceIdHash,
    TraceId,
    Explicit,
    Attribute,
    Priority,
}

/// Items by source: [left out, stay].
pub type Counts = [[u64; 2]; 6];

/// What an item says about how it was sampled so far; written back if it stays.
#[derive(Clone, Debug, Default)]
struct State<'a> {
    threshold: Option<Threshold<'a>>,
    randomness: Option<Randomness<'a>>,
}

#[derive(Clone, Copy, Debug)]
struct Threshold<'a> {
    value: u64,
    /// As it stands there; empty if it is new.
    digits: &'a [u8],
}

impl Threshold<'_> {
    fn put(&self, out: &mut Vec<u8>) {
        match self.digits {
            [] => threshold::put_threshold(self.value, out),
            digits => out.extend_from_slice(digits),
        }
    }
}

#[derive(Clone, Debug)]
enum Randomness<'a> {
    /// As it stands there: 14 hexadecimal digits.
    Given(u64, &'a [u8]),
    Made(u64),
}

impl Randomness<'_> {
    fn value(&self) -> u64 {
        match self {
            Randomness::Given(value, _) | Randomness::Made(value) => *value,
        }
    }

    fn put(&self, out: &mut Vec<u8>) {
        match self {
            Randomness::Given(_, digits) => out.extend_from_slice(digits),
            Randomness::Made(value) => out.extend_from_slice(format!("{value:014x}").as_bytes()),
        }
    }
}

/// What an item is judged by.
struct Found {
    /// None if there is none, which counts as the greatest.
    randomness: Option<u64>,
    source: Source,
    /// What the item says is of no use, whatever its randomness.
    broken: bool,
}

impl Found {
    const NOTHING: Found = Found { randomness: None, source: Source::Missing, broken: true };

    fn of(randomness: Option<(u64, Source)>) -> Found {
        let source = randomness.map_or(Source::Missing, |(_, source)| source);
        Found { randomness: randomness.map(|(bits, _)| bits), source, broken: false }
    }
}

/// What an item may override its probability with.
enum Priority {
    None,
    Threshold(u64),
}

/// Decides; see `Options`.
pub struct Sampler {
    options: Options,
    rule: Rule,
}

enum Rule {
    Never,
    Hash(u64),
    Proportional(f64),
    Equalizing(u64),
}

impl Sampler {
    pub fn new(options: Options) -> Sampler {
        let rule = rule(&options);
        Sampler { options, rule }
    }

    /// The items that stay, with what is now to be said about them. Data points pass as they are.
    pub fn sample(&self, batch: &Batch) -> (Batch, Counts) {
        let mut counts = Counts::default();
        let mut segments: Vec<Arc<Segment>> = Vec::new();
        for segment in batch.segments() {
            let rewritten = match batch.signal() {
                Signal::Traces => rewrite::segment(segment, |item, out| self.span(item, out, &mut counts)),
                Signal::Logs => rewrite::segment(segment, |item, out| self.record(item, out, &mut counts)),
                Signal::Metrics => Some(segment.clone()),
            };
            segments.extend(rewritten);
        }
        (Batch::new(batch.signal(), segments, batch.metadata().cloned()), counts)
    }

    /// The end of every decision. `state` is what to write back, if anything may be: it gets its new threshold.
    fn decide(&self, found: &Found, mut state: Option<&mut State>, priority: Priority, counts: &mut Counts) -> bool {
        let mut usable = !found.broken && found.randomness.is_some();
        let randomness = found.randomness.unwrap_or(RANDOM_MAX);
        if usable
            && let Some(state) = state.as_deref_mut()
            && state.threshold.is_some_and(|threshold| randomness < threshold.value)
        {
            // It says that it was left out, but here it is: what it says is of no use.
            state.threshold = None;
            usable = false;
        }
        let mut threshold = match (usable, self.options.fail_closed) {
            (true, _) => self.threshold(state.as_ref().and_then(|state| state.threshold).map(|before| before.value)),
            (false, true) => NEVER,
            (false, false) => ALWAYS,
        };
        let mut source = found.source;
        if let Priority::Threshold(instead) = priority {
            (threshold, source) = (instead, Source::Priority);
        }
        let stays = randomness >= threshold;
        counts[source as usize][usize::from(stays)] += 1;
        if stays
            && let Some(state) = state
            // What was left out already can't be made up for.
            && state.threshold.is_none_or(|before| before.value <= threshold)
        {
            state.threshold = Some(Threshold { value: threshold, digits: &[] });
        }
        stays
    }

    fn threshold(&self, before: Option<u64>) -> u64 {
        match self.rule {
            Rule::Never => NEVER,
            Rule::Hash(threshold) => threshold,
            Rule::Equalizing(threshold) => before.map_or(threshold, |before| before.max(threshold)),
            Rule::Proportional(ratio) => {
                let product = before.map_or(1.0, threshold::probability) * ratio;
                threshold::of_probability(product, self.options.precision).unwrap_or(NEVER)
            }
        }
    }
}

fn rule(options: &Options) -> Rule {
    let percentage = options.percentage.min(100.0);
    let ratio = (f64::from(percentage) / 100.0).max(threshold::MIN_PROBABILITY);
    if percentage <= 0.0 {
        return Rule::Never;
    }
    match options.mode {
        Mode::Proportional => Rule::Proportional(ratio),
        Mode::Equalizing => Rule::Equalizing(threshold::of_probability(ratio, options.precision).unwrap_or(NEVER)),
        // In 32 bits and cut off, as ever, so that the same items stay.
        Mode::HashSeed => match (percentage * (BUCKETS as f32 / 100.0)) as u64 {
            0 => Rule::Never,
            taken => Rule::Hash((BUCKETS - taken) << (BITS - BUCKET_BITS)),
        },
    }
}

const BUCKET_BITS: u32 = 14;
const BUCKETS: u64 = 1 << BUCKET_BITS;

/// 56 bits of which the first 14 decide, made of FNV-1a (32 bits) over the seed and `data`.
fn hashed(data: &[u8], seed: u32) -> u64 {
    let mut hash: u32 = 0x811c_9dc5;
    for byte in seed.to_le_bytes().iter().chain(data) {
        hash = (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193);
    }
    let (bucket, rest) = (u64::from(hash) & (BUCKETS - 1), u64::from(hash >> (32 - BUCKET_BITS)));
    (BUCKETS - 1 - bucket) << 42 | (rest ^ rest << 10) << 14 | bucket
}

/// The last 56 bits of a trace id; none for one that is all zero or not there.
fn of_trace_id(id: &[u8]) -> Option<u64> {
    let id: &[u8; 16] = id.try_into().ok()?;
    let all = u128::from_be_bytes(*id);
    (all != 0).then_some(all as u64 & (NEVER - 1))
}
