//! What was decided before Python saw it: requests by outcome, refusals by reason, connections.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use otelier_wire::Signal;

/// How a request of a signal ended.
#[derive(Clone, Copy, Debug)]
pub enum Outcome {
    Accepted,
    /// May be sent again.
    Refused,
    /// Can't be taken.
    Failed,
}

/// Why a request of a signal did not reach a pipeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    Undecodable,
    TooLarge,
    TooManyItems,
    UnsupportedEncoding,
    UnsupportedMediaType,
    SlowBody,
    InboxFull,
    Stopping,
    /// The client's deadline passed before it was answered.
    Deadline,
    /// The client has gone before it was answered.
    Cancelled,
}

/// Why a connection was not served, or not any longer.
#[derive(Clone, Copy, Debug)]
pub enum Refusal {
    TooMany,
    TooManyFromOneAddress,
    TlsHandshake,
    /// Plain text where TLS is spoken, or HTTP/1.1 where gRPC is.
    WrongProtocol,
    SlowHeaders,
    TooManyResets,
}

const OUTCOMES: [&str; 3] = ["accepted", "refused", "failed"];
const REASONS: [&str; 10] = [
    "undecodable",
    "too_large",
    "too_many_items",
    "unsupported_encoding",
    "unsupported_media_type",
    "slow_body",
    "inbox_full",
    "stopping",
    "deadline",
    "cancelled",
];
const REFUSALS: [&str; 6] =
    ["too_many", "too_many_from_one_address", "tls_handshake", "wrong_protocol", "slow_headers", "too_many_resets"];

#[derive(Default)]
struct OfSignal {
    outcomes: [AtomicU64; OUTCOMES.len()],
    reasons: [AtomicU64; REASONS.len()],
    rejected: AtomicU64,
    repaired: AtomicU64,
    received: AtomicU64,
}

#[derive(Default)]
pub struct Counters {
    signals: [OfSignal; 3],
    refusals: [AtomicU64; REFUSALS.len()],
    pub connections_open: AtomicU64,
}

/// (name, labels, value).
pub type Count = (&'static str, Vec<(&'static str, &'static str)>, u64);

fn add(counters: &[AtomicU64], which: usize) {
    if let Some(counter) = counters.get(which) {
        counter.fetch_add(1, Relaxed);
    }
}

impl Counters {
    fn of(&self, signal: Signal) -> &OfSignal {
        let [traces, metrics, logs] = &self.signals;
        match signal {
            Signal::Traces => traces,
            Signal::Metrics => metrics,
            Signal::Logs => logs,
        }
    }

    pub fn ended(&self, signal: Signal, outcome: Outcome) {
        add(&self.of(signal).outcomes, outcome as usize);
    }

    pub fn refused(&self, signal: Signal, reason: Reason) {
        add(&self.of(signal).reasons, reason as usize);
    }

    pub fn checked(&self, signal: Signal, rejected: usize, repaired: usize) {
        if rejected + repaired > 0 {
            self.of(signal).rejected.fetch_add(rejected as u64, Relaxed);
            self.of(signal).repaired.fetch_add(repaired as u64, Relaxed);
        }
    }

    pub fn received(&self, signal: Signal, bytes: usize) {
        self.of(signal).received.fetch_add(bytes as u64, Relaxed);
    }

    pub fn connection_refused(&self, refusal: Refusal) {
        add(&self.refusals, refusal as usize);
    }

    pub fn read(&self) -> Vec<Count> {
        let mut all: Vec<Count> = Vec::new();
        for signal in Signal::ALL {
            let (name, of) = (signal.name(), self.of(signal));
            let outcomes = OUTCOMES.iter().zip(&of.outcomes);
            all.extend(outcomes.map(|(o, n)| ("requests", vec![("signal", name), ("outcome", *o)], n.load(Relaxed))));
            let reasons = REASONS.iter().zip(&of.reasons);
            all.extend(
                reasons.map(|(r, n)| ("refused_requests", vec![("signal", name), ("reason", *r)], n.load(Relaxed))),
            );
            let sums = [
                ("rejected_items", &of.rejected),
                ("repaired_strings", &of.repaired),
                ("received_bytes", &of.received),
            ];
            all.extend(sums.map(|(what, n)| (what, vec![("signal", name)], n.load(Relaxed))));
        }
        let refusals = REFUSALS.iter().zip(&self.refusals);
        all.extend(refusals.map(|(r, n)| ("connections_refused", vec![("reason", *r)], n.load(Relaxed))));
        all.push(("connections_open", Vec::new(), self.connections_open.load(Relaxed)));
        all
    }
}
