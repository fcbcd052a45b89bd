//! The addresses of a channel and how each is doing. No I/O: the channel says what happened.
//!
//! An address is idle, connecting, up, or down for a while after a failure.

use std::hash::{BuildHasher, RandomState};
use std::time::{Duration, Instant};

use hyper::client::conn::http2;

use super::body::Payload;
use super::resolve::Address;

/// Waits after failures to connect: the first, the growth and the longest. Shorter than gRPC's two minutes,
/// because an attempt costs little and the send path has a back-off of its own.
const FIRST_BACKOFF: Duration = Duration::from_millis(250);
const BACKOFF_GROWTH: f64 = 1.6;
const LONGEST_BACKOFF: Duration = Duration::from_secs(5);

pub type Sender = http2::SendRequest<Payload>;

/// A number for each attempt to connect, so that news of an earlier one are ignored.
pub type Connection = u64;

/// A connection to send on.
pub struct Picked {
    pub address: Address,
    pub sender: Sender,
    pub connection: Connection,
}

#[derive(Default)]
pub struct Endpoints {
    list: Vec<Endpoint>,
    connections: Connection,
}

struct Endpoint {
    address: Address,
    link: Link,
    connection: Connection,
    /// Attempts since the last answer.
    failures: u32,
    answered: bool,
    error: String,
}

enum Link {
    Idle,
    Connecting,
    Up(Sender),
    Down { until: Instant },
}

impl Endpoints {
    pub fn new(addresses: &[Address]) -> Endpoints {
        Endpoints { list: addresses.iter().map(Endpoint::new).collect(), connections: 0 }
    }

    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Keep what is still there, add what is new; the rest is dropped and ends when its requests have.
    pub fn adopt(&mut self, addresses: &[Address]) {
        let mut old = std::mem::take(&mut self.list);
        let kept = |address: &Address| match old.iter().position(|e| e.address == *address) {
            Some(known) => old.swap_remove(known),
            None => Endpoint::new(address),
        };
        self.list = addresses.iter().map(kept).collect();
    }

    /// Notice what time and peers have changed.
    pub fn settle(&mut self, now: Instant) {
        for endpoint in &mut self.list {
            match &endpoint.link {
                Link::Up(sender) if sender.is_closed() => endpoint.end(),
                Link::Down { until } if *until <= now => endpoint.link = Link::Idle,
                _ => {}
            }
        }
    }

    /// Up to `wanted` idle addresses, in order; they count as connecting from now on.
    pub fn begin(&mut self, wanted: usize) -> Vec<(Address, Connection)> {
        let idle = self.list.iter_mut().filter(|e| matches!(e.link, Link::Idle)).take(wanted);
        let mut begun = Vec::new();
        for endpoint in idle {
            self.connections += 1;
            (endpoint.connection, endpoint.link, endpoint.answered) = (self.connections, Link::Connecting, false);
            begun.push((endpoint.address.clone(), endpoint.connection));
        }
        begun
    }

    pub fn any_connecting(&self) -> bool {
        self.list.iter().any(|e| matches!(e.link, Link::Connecting))
    }

    /// One of those that are up.
    pub fn take(&self, turn: usize) -> Option<Picked> {
        let up = self.list.iter().filter_map(|e| match &e.link {
            Link::Up(sender) => Some((e, sender)),
            _ => None,
        });
        let count = up.clone().count();
        let (endpoint, sender) = up.cycle().nth(turn % count.max(1))?;
        Some(Picked { address: endpoint.address.clone(), sender: sender.clone(), connection: endpoint.connection })
    }

    pub fn up(&mut self, connection: Connection, sender: Sender) {
        if let Some(endpoint) = self.of(connection) {
            endpoint.link = Link::Up(sender);
        }
    }

    /// The peer has answered a request.
    pub fn answered(&mut self, connection: Connection) {
        if let Some(endpoint) = self.of(connection) {
            (endpoint.answered, endpoint.failures) = (true, 0);
            endpoint.error.clear();
            if matches!(endpoint.link, Link::Down { .. }) {
                endpoint.link = Link::Idle; // it ended before we learned that it had brought an answer
            }
        }
    }

    pub fn failed(&mut self, connection: Connection, error: String) {
        if let Some(endpoint) = self.of(connection) {
            endpoint.fail(error);
        }
    }

    /// A connection has ended.
    pub fn ended(&mut self, connection: Connection) {
        if let Some(endpoint) = self.of(connection).filter(|e| matches!(e.link, Link::Up(_))) {
            endpoint.end();
        }
    }

    /// What keeps us from having a connection; empty if nothing is known.
    pub fn trouble(&self) -> String {
        let errors: Vec<&str> = self.list.iter().map(|e| e.error.as_str()).filter(|e| !e.is_empty()).collect();
        match (errors.is_empty(), self.list.first()) {
            (true, Some(first)) => format!("not connected to {} yet", first.address),
            _ => errors.join("; "),
        }
    }

    fn of(&mut self, connection: Connection) -> Option<&mut Endpoint> {
        self.list.iter_mut().find(|e| e.connection == connection)
    }
}

impl Endpoint {
    fn new(address: &Address) -> Endpoint {
        Endpoint {
            address: address.clone(),
            link: Link::Idle,
            connection: 0,
            failures: 0,
            answered: false,
            error: String::new(),
        }
    }

    /// A connection that never brought an answer was no good.
    fn end(&mut self) {
        if self.answered {
            self.link = Link::Idle;
        } else {
            self.fail(format!("{} closed the connection without an answer; is it a gRPC server?", self.address));
        }
    }

    fn fail(&mut self, error: String) {
        let growth = BACKOFF_GROWTH.powi(self.failures.min(20) as i32);
        let wait = FIRST_BACKOFF.mul_f64(growth).min(LONGEST_BACKOFF);
        // Up to a fifth more or less, so that clients of one dead server do not come back together.
        let dice = RandomState::new().hash_one(self.connection) as f64 / u64::MAX as f64;
        self.link = Link::Down { until: Instant::now() + wait.mul_f64(0.8 + 0.4 * dice) };
        self.failures = self.failures.saturating_add(1);
        self.error = error;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tcp(text: &str) -> Address {
        Address::Tcp(text.parse().unwrap())
    }

    #[test]
    fn a_changed_address_list_keeps_what_stays() {
        let (a, b, c) = (tcp("10.0.0.1:1"), tcp("10.0.0.2:1"), tcp("10.0.0.3:1"));
        let mut endpoints = Endpoints::new(&[a.clone(), b.clone()]);
        let begun = endpoints.begin(usize::MAX);
        assert_eq!(begun, [(a, 1), (b.clone(), 2)]);
        endpoints.adopt(&[c.clone(), b]);
        endpoints.failed(1, "news of a dropped address".into());
        endpoints.failed(2, "b is down".into());
        assert_eq!(endpoints.trouble(), "b is down");
        assert_eq!(endpoints.begin(usize::MAX), [(c, 3)]);
    }

    #[test]
    fn an_address_that_is_down_is_left_alone_until_its_time() {
        let mut endpoints = Endpoints::new(&[tcp("10.0.0.1:1")]);
        let (_, connection) = endpoints.begin(1)[0].clone();
        assert!(endpoints.any_connecting() && endpoints.begin(1).is_empty());
        endpoints.failed(connection, "refused".into());
        endpoints.settle(Instant::now());
        assert!(endpoints.begin(1).is_empty() && endpoints.take(0).is_none());
        endpoints.settle(Instant::now() + FIRST_BACKOFF * 2);
        assert_eq!(endpoints.begin(1).len(), 1);
    }

    #[test]
    fn failures_wait_longer_and_never_too_long() {
        let mut endpoint = Endpoint::new(&tcp("10.0.0.1:1"));
        let mut wait_after = |failures| {
            endpoint.failures = failures;
            endpoint.fail("down".into());
            match endpoint.link {
                Link::Down { until } => until.duration_since(Instant::now()),
                _ => panic!("not down"),
            }
        };
        assert!(wait_after(0) <= FIRST_BACKOFF.mul_f64(1.2));
        assert!(wait_after(4) > FIRST_BACKOFF.mul_f64(1.2));
        assert!(wait_after(u32::MAX) <= LONGEST_BACKOFF.mul_f64(1.2));
    }
}
