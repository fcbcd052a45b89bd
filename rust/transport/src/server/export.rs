//! What an Export request goes through, whatever protocol brought it: check, wait in the inbox, answer.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use otelier_wire::{self as wire, DecodeError, Metadata, Signal};
use tokio::sync::oneshot;

use super::Shared;
use super::body::BodyError;
use super::budget::Held;
use super::counters::{Outcome, Reason};
use super::inbox::{Answer, Request, Ticket, Transport};
use crate::status::{PartialSuccess, Status, code};

/// A request that was not taken: what the client is told, and why if it was decided here.
#[derive(Debug)]
pub struct Failure {
    pub status: Status,
    pub reason: Option<Reason>,
}

impl Failure {
    pub fn new(reason: Reason, code: i32, message: impl Into<String>) -> Failure {
        Failure { status: Status::new(code, message), reason: Some(reason) }
    }

    pub fn full() -> Failure {
        let mut failure = Failure::new(Reason::InboxFull, code::UNAVAILABLE, "too much is waiting; try again");
        failure.status.retry_after = Some(Duration::from_secs(1));
        failure
    }

    pub fn stopping() -> Failure {
        Failure::new(Reason::Stopping, code::UNAVAILABLE, "the server is stopping; connect anew")
    }

    pub fn too_large(limit: usize) -> Failure {
        let message = format!("larger than {limit} bytes; send smaller batches, or raise the limit of this receiver");
        Failure::new(Reason::TooLarge, code::RESOURCE_EXHAUSTED, message)
    }

    pub fn deadline() -> Failure {
        Failure::new(Reason::Deadline, code::DEADLINE_EXCEEDED, "the deadline passed before the request was answered")
    }

    pub fn body(error: BodyError, limit: usize) -> Failure {
        match error {
            BodyError::TooLarge => Failure::too_large(limit),
            BodyError::Full => Failure::full(),
            BodyError::Slow => Failure::new(Reason::SlowBody, code::DEADLINE_EXCEEDED, "the body came too slowly"),
            BodyError::Broken(why) => Failure::new(Reason::Cancelled, code::CANCELLED, format!("broken body: {why}")),
        }
    }

    pub fn decode(error: &DecodeError) -> Failure {
        match error {
            DecodeError::TooManyItems { .. } => {
                Failure::new(Reason::TooManyItems, code::RESOURCE_EXHAUSTED, error.to_string())
            }
            _ => Failure::new(Reason::Undecodable, code::INVALID_ARGUMENT, error.to_string()),
        }
    }
}

/// Checks a decompressed request and waits for its answer.
pub async fn export(
    shared: &Arc<Shared>,
    signal: Signal,
    bytes: Bytes,
    metadata: Option<Arc<Metadata>>,
    transport: Transport,
    mut held: Held,
) -> Result<PartialSuccess, Failure> {
    let limits = wire::Limits { max_items: shared.options.limits.max_items, ..wire::Limits::default() };
    let found = wire::intake(signal, bytes, &limits).map_err(|e| Failure::decode(&e))?;
    shared.counters.checked(signal, found.rejected, found.repaired);
    if found.segment.items() == 0 {
        return Ok(PartialSuccess { rejected: found.rejected as i64, message: found.reason });
    }
    held.stop_counting();
    held.shrink(found.segment.bytes().len());
    let (reply, answer) = oneshot::channel();
    let ticket = Ticket { reply, rejected: found.rejected, reason: found.reason, held };
    if !shared.inbox.push(signal, Request { segment: found.segment, metadata, transport, ticket }) {
        return Err(Failure::stopping());
    }
    shared.inbox.wake(signal).await;
    match answer.await {
        Ok(Answer::Accepted(partial)) => Ok(partial),
        Ok(Answer::Refused { message, retryable, invalid, retry_after }) => {
            let code = match (retryable, invalid) {
                (true, _) => code::UNAVAILABLE,
                (false, true) => code::INVALID_ARGUMENT,
                (false, false) => code::INTERNAL,
            };
            Err(Failure { status: Status { code, message, retry_after }, reason: None })
        }
        Err(_) => Err(Failure { status: Status::new(code::INTERNAL, "the request was not answered"), reason: None }),
    }
}

/// Counts how one request ended; a request that is dropped before was cancelled by its client.
pub struct Ending<'a> {
    shared: &'a Shared,
    signal: Signal,
    known: bool,
}

impl<'a> Ending<'a> {
    pub fn new(shared: &'a Shared, signal: Signal) -> Ending<'a> {
        Ending { shared, signal, known: false }
    }

    pub fn of(mut self, result: &Result<PartialSuccess, Failure>) {
        self.known = true;
        let outcome = match result {
            Ok(_) => Outcome::Accepted,
            Err(failure) => {
                if let Some(reason) = failure.reason {
                    self.shared.counters.refused(self.signal, reason);
                }
                if failure.status.code == code::UNAVAILABLE { Outcome::Refused } else { Outcome::Failed }
            }
        };
        self.shared.counters.ended(self.signal, outcome);
    }
}

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        if !self.known {
            self.shared.counters.refused(self.signal, Reason::Cancelled);
            self.shared.counters.ended(self.signal, Outcome::Failed);
        }
    }
}

/// The request's headers as client metadata, without those that only concern its transport.
pub fn metadata(headers: &HeaderMap) -> Option<Arc<Metadata>> {
    const TRANSPORT: [&str; 8] = [
        "connection",
        "content-encoding",
        "content-length",
        "expect",
        "keep-alive",
        "te",
        "transfer-encoding",
        "upgrade",
    ];
    let mut all = Metadata::new();
    for name in headers.keys().map(|k| k.as_str()) {
        if !TRANSPORT.contains(&name) && !name.starts_with("grpc-") {
            let values = headers.get_all(name).iter();
            let values = values.map(|v| String::from_utf8_lossy(v.as_bytes()).into_owned()).collect();
            all.push((name.to_owned(), values));
        }
    }
    all.sort();
    (!all.is_empty()).then(|| Arc::new(all))
}
