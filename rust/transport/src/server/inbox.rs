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
        self.queue(signal).0.lock().waiting.len()
    }

    pub fn close(&self) {
        self.signals.iter().for_each(Queue::close);
        self.http.close();
    }

    pub fn is_closed(&self) -> bool {
        self.http.0.lock().closed
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

struct Queue<T>(Mutex<State<T>>);

struct State<T> {
    waiting: VecDeque<T>,
    closed: bool,
    /// Threads that sleep in `pop`; the last one is woken first: what it has in caches and its own heap is used again,
    /// and the heaps of those below it stay small.
    asleep: Vec<Arc<Condvar>>,
    /// One has been woken and has not looked yet: no need to wake another.
    woken: bool,
}

impl<T> Default for Queue<T> {
    fn default() -> Queue<T> {
        Queue(Mutex::new(State { waiting: VecDeque::new(), closed: false, asleep: Vec::new(), woken: false }))
    }
}

impl<T> Queue<T> {
    fn push(&self, item: T) -> bool {
        let mut state = self.0.lock();
        if !state.closed {
            state.waiting.push_back(item);
        }
        !state.closed
    }

    /// Wakes one thread if there is something for it.
    fn wake(&self) {
        wake_for(self.0.lock());
    }

    fn pop<R>(&self, timeout: Duration, mut take: impl FnMut(&mut VecDeque<T>) -> Option<R>) -> Option<R> {
        let until = Instant::now() + timeout;
        let mut state = self.0.lock();
        let mut late = false;
        loop {
            let taken = take(&mut state.waiting);
            if taken.is_some() || late || state.closed {
                wake_for(state); // what is left is for another thread
                return taken;
            }
            let called = Arc::new(Condvar::new());
            state.asleep.push(called.clone());
            late = called.wait_until(&mut state, until).timed_out();
            // Whoever woke it took it from the list.
            match state.asleep.iter().position(|each| Arc::ptr_eq(each, &called)) {
                Some(place) => drop(state.asleep.remove(place)),
                None => state.woken = false,
            }
        }
    }

    fn close(&self) {
        let mut state = self.0.lock();
        state.closed = true;
        for each in state.asleep.drain(..) {
            each.notify_one();
        }
    }
}

fn wake_for<T>(mut state: MutexGuard<'_, State<T>>) {
    if state.woken || state.waiting.is_empty() {
        return;
    }
    if let Some(last) = state.asleep.pop() {
        state.woken = true;
        drop(state);
        last.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sleeping(queue: &Arc<Queue<u32>>, asleep: usize) -> std::thread::JoinHandle<Option<u32>> {
        let own = queue.clone();
        let thread = std::thread::spawn(move || own.pop(Duration::from_secs(60), VecDeque::pop_front));
        while queue.0.lock().asleep.len() < asleep {
            std::thread::yield_now();
        }
        thread
    }

    #[test]
    fn who_fell_asleep_last_is_woken_first() {
        let queue = Arc::new(Queue::default());
        let (first, second) = (sleeping(&queue, 1), sleeping(&queue, 2));
        for (thread, item) in [(second, 1), (first, 2)] {
            assert!(queue.push(item));
            queue.wake();
            assert_eq!(thread.join().unwrap(), Some(item));
        }
    }

    #[test]
    fn one_that_is_woken_wakes_another_for_what_is_left() {
        let queue = Arc::new(Queue::default());
        let threads = [sleeping(&queue, 1), sleeping(&queue, 2), sleeping(&queue, 3)];
        assert!(queue.push(1) && queue.push(2) && queue.push(3));
        queue.wake();
        let mut taken: Vec<_> = threads.map(|each| each.join().unwrap()).into_iter().collect();
        taken.sort_unstable();
        assert_eq!(taken, [Some(1), Some(2), Some(3)]);
    }

    #[test]
    fn who_was_not_woken_in_time_leaves_no_trace_and_a_closed_queue_wakes_all() {
        let queue = Arc::new(Queue::<u32>::default());
        assert_eq!(queue.pop(Duration::ZERO, VecDeque::pop_front), None);
        assert!(queue.0.lock().asleep.is_empty());
        let threads = [sleeping(&queue, 1), sleeping(&queue, 2)];
        queue.close();
        assert_eq!(threads.map(|each| each.join().unwrap()), [None, None]);
        assert!(!queue.push(1));
    }
}
