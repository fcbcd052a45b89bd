//! `Inbox`: where requests wait for a Python thread. Bounded in bytes, from a body's first byte to its answer.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use otelier_wire::{Batch, Metadata, Segment, Signal};
use parking_lot::{Condvar, Mutex, MutexGuard};
use tokio::sync::oneshot;

use super::budget::{Budget, Held};
use super::plain::HttpRequest;
use crate::status::PartialSuccess;

pub struct Inbox {
    budget: Arc<Budget>,
    signals: [Queue<Request>; 3],
    http: Queue<HttpRequest>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    Grpc,
    Http,
}

/// One checked request that waits for its answer.
pub struct Request {
    pub segment: Arc<Segment>,
    pub metadata: Option<Arc<Metadata>>,
    pub transport: Transport,
    pub ticket: Ticket,
}

/// Answers one request; dropped unanswered, the request fails as an internal error.
pub struct Ticket {
    pub reply: oneshot::Sender<Answer>,
    /// What the check on arrival left out.
    pub rejected: usize,
    pub reason: String,
    /// Room in the inbox, until answered.
    pub held: Held,
}

#[derive(Debug)]
pub enum Answer {
    Accepted(PartialSuccess),
    /// `invalid`: never to be taken, and the sender's own fault.
    Refused {
        message: String,
        retryable: bool,
        invalid: bool,
        retry_after: Option<Duration>,
    },
}

impl Inbox {
    pub fn new(max_bytes: usize) -> Arc<Inbox> {
        Arc::new(Inbox { budget: Budget::new(max_bytes), signals: Default::default(), http: Queue::default() })
    }

    fn queue(&self, signal: Signal) -> &Queue<Request> {
        let [traces, metrics, logs] = &self.signals;
        match signal {
            Signal::Traces => traces,
            Signal::Metrics => metrics,
            Signal::Logs => logs,
        }
    }

    /// Room for a request's bytes, none yet.
    pub fn hold(&self, wait: Duration) -> Held {
        self.budget.share(wait)
    }

    /// False when the inbox is closed. Nobody is woken yet.
    pub fn push(&self, signal: Signal, request: Request) -> bool {
        self.queue(signal).push(request)
    }

    /// Wakes a thread for what was pushed. Whatever else this transport thread has at hand goes first, so that
    /// requests that came together are taken together; a thread at rest does it at once.
    pub async fn wake(&self, signal: Signal) {
        tokio::task::yield_now().await;
        self.queue(signal).wake();
    }

    pub fn push_http(&self, request: HttpRequest) -> bool {
        let pushed = self.http.push(request);
        self.http.wake();
        pushed
    }

    /// The first request of a signal, and those right behind it with equal metadata, up to `max_bytes`.
    pub fn pop(&self, signal: Signal, max_bytes: usize, timeout: Duration) -> Option<Delivery> {
        self.queue(signal).pop(timeout, |waiting| {
            // Whoever gave up has been told so, and will send again.
            while waiting.front().is_some_and(|r| r.ticket.reply.is_closed()) {
                waiting.pop_front();
            }
            let first = waiting.pop_front()?;
            let mut delivery = Delivery::of(signal, first);
            let mut size = delivery.size();
            while let Some(next) = waiting.front() {
                size += next.segment.bytes().len();
                if size > max_bytes || !delivery.may_take(next) {
                    break;
                }
                delivery.requests.extend(waiting.pop_front().filter(|r| !r.ticket.reply.is_closed()));
            }
            Some(delivery)
        })
    }

    pub fn pop_http(&self, timeout: Duration) -> Option<HttpRequest> {
        self.http.pop(timeout, VecDeque::pop_front)
    }

    /// Requests of a signal that are queued now.
    pub fn waiting(&self, signal: Signal) -> usize {
        self.queue(signal).state.lock().waiting.len()
    }

    pub fn close(&self) {
        self.signals.iter().for_each(Queue::close);
        self.http.close();
    }

    pub fn is_closed(&self) -> bool {
        self.http.state.lock().closed
    }
}

/// Requests of one signal, transport and metadata, to be answered together.
pub struct Delivery {
    signal: Signal,
    transport: Transport,
    metadata: Option<Arc<Metadata>>,
    requests: Vec<Request>,
}

impl Delivery {
    fn of(signal: Signal, request: Request) -> Delivery {
        let (transport, metadata) = (request.transport, request.metadata.clone());
        Delivery { signal, transport, metadata, requests: vec![request] }
    }

    fn may_take(&self, next: &Request) -> bool {
        next.transport == self.transport && next.metadata == self.metadata
    }

    fn size(&self) -> usize {
        self.requests.iter().map(|r| r.segment.bytes().len()).sum()
    }

    pub fn batch(&self) -> Batch {
        let segments = self.requests.iter().map(|r| r.segment.clone()).collect();
        Batch::new(self.signal, segments, self.metadata.clone())
    }

    pub fn requests(&self) -> usize {
        self.requests.len()
    }

    pub fn transport(&self) -> Transport {
        self.transport
    }

    /// Success. `rejected` items are told to the requests in order, to each at most as many as it has.
    pub fn accept(self, rejected: usize, message: &str) {
        let mut left = rejected;
        let mut told = false;
        for Request { segment, ticket, .. } in self.requests {
            let here = left.min(segment.items());
            left -= here;
            let tell = here > 0 || (rejected == 0 && !message.is_empty() && !told);
            told |= tell;
            let mut partial = PartialSuccess { rejected: (ticket.rejected + here) as i64, message: ticket.reason };
            if tell && !message.is_empty() {
                if !partial.message.is_empty() {
                    partial.message.push_str("; ");
                }
                partial.message.push_str(message);
            }
            // An asker that has gone needs no answer.
            let _ = ticket.reply.send(Answer::Accepted(partial));
        }
    }

    pub fn refuse(self, message: &str, retryable: bool, invalid: bool, retry_after: Option<Duration>) {
        for request in self.requests {
            let answer = Answer::Refused { message: message.to_owned(), retryable, invalid, retry_after };
            let _ = request.ticket.reply.send(answer);
        }
    }

    /// One delivery per request.
    pub fn parts(self) -> Vec<Delivery> {
        self.requests.into_iter().map(|r| Delivery::of(self.signal, r)).collect()
    }
}

struct Queue<T> {
    state: Mutex<State<T>>,
    arrived: Condvar,
}

struct State<T> {
    waiting: VecDeque<T>,
    closed: bool,
    /// Threads that sleep in `pop`.
    asleep: usize,
    /// One of them has been woken and has not looked yet: no need to wake another.
    woken: bool,
}

impl<T> Default for Queue<T> {
    fn default() -> Queue<T> {
        let state = State { waiting: VecDeque::new(), closed: false, asleep: 0, woken: false };
        Queue { state: Mutex::new(state), arrived: Condvar::new() }
    }
}

impl<T> Queue<T> {
    fn push(&self, item: T) -> bool {
        let mut state = self.state.lock();
        if !state.closed {
            state.waiting.push_back(item);
        }
        !state.closed
    }

    /// Wakes one thread if there is something for it.
    fn wake(&self) {
        self.wake_for(self.state.lock());
    }

    fn wake_for(&self, mut state: MutexGuard<'_, State<T>>) {
        if state.asleep > 0 && !state.woken && !state.waiting.is_empty() {
            state.woken = true;
            drop(state);
            self.arrived.notify_one();
        }
    }

    fn pop<R>(&self, timeout: Duration, mut take: impl FnMut(&mut VecDeque<T>) -> Option<R>) -> Option<R> {
        let until = Instant::now() + timeout;
        let mut state = self.state.lock();
        let mut late = false;
        loop {
            let taken = take(&mut state.waiting);
            if taken.is_some() || late || state.closed {
                self.wake_for(state); // what is left is for another thread
                return taken;
            }
            state.asleep += 1;
            late = self.arrived.wait_until(&mut state, until).timed_out();
            state.asleep -= 1;
            state.woken = false;
        }
    }

    fn close(&self) {
        self.state.lock().closed = true;
        self.arrived.notify_all();
    }
}
