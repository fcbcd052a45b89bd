//! How a connection ends: by its age, its idle time, half a header, too many resets, or with its server.

use std::future::Future;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::pin::Pin;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::time::{Instant, sleep_until};

use super::body::Reply;
use super::connection::Conn;
use super::counters::Refusal;
use super::options::Kind;
use super::stream::Stream;
use super::{Phase, Shared};

/// Both kinds of hyper's connections.
pub trait Closing: Future {
    fn graceful_shutdown(self: Pin<&mut Self>);
}

type Io = TokioIo<Stream>;

impl<S> Closing for http1::UpgradeableConnection<Io, S>
where
    S: hyper::service::HttpService<Incoming, ResBody = Reply>,
    S::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    fn graceful_shutdown(self: Pin<&mut Self>) {
        http1::UpgradeableConnection::graceful_shutdown(self);
    }
}

impl<S> Closing for http2::Connection<Io, S, TokioExecutor>
where
    S: hyper::service::HttpService<Incoming, ResBody = Reply>,
    S::Future: Send + 'static,
    S::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    fn graceful_shutdown(self: Pin<&mut Self>) {
        http2::Connection::graceful_shutdown(self);
    }
}

/// Runs a connection and watches its age, its idle time, its resets and the server's end.
pub async fn drive<C: Closing>(mut connection: Pin<&mut C>, shared: &Shared, conn: &Conn, is_http2: bool) {
    let mut phase = shared.phase.subscribe();
    let mut watch = Watch::new(shared, conn, is_http2);
    let mut sleep = std::pin::pin!(sleep_until(watch.next()));
    if *phase.borrow() != Phase::Serving {
        watch.leave(connection.as_mut(), None);
    }
    loop {
        tokio::select! {
            biased;
            _ = connection.as_mut() => return,
            () = conn.cut.notified() => return shared.counters.connection_refused(Refusal::TooManyResets),
            () = conn.leave.notified() => watch.leave(connection.as_mut(), Some(Duration::from_secs(1))),
            changed = phase.changed() => match *phase.borrow() {
                Phase::Serving if changed.is_ok() => {}
                Phase::Draining if changed.is_ok() => watch.leave(connection.as_mut(), None),
                _ => return,
            },
            () = sleep.as_mut() => match watch.due() {
                Due::Nothing => {}
                Due::Leave(grace) => watch.leave(connection.as_mut(), grace),
                Due::Cut(refusal) => {
                    refusal.into_iter().for_each(|r| shared.counters.connection_refused(r));
                    return;
                }
            },
        }
        sleep.as_mut().reset(watch.next());
    }
}

/// When a connection must go.
struct Watch<'a> {
    shared: &'a Shared,
    conn: &'a Conn,
    /// Whether headers are timed: HTTP/1.1 only, HTTP/2 bounds them otherwise.
    times_headers: bool,
    /// The end of the last request, if at the last look a part of the next had come.
    half_header: Option<Instant>,
    look: Instant,
    idle: Option<Duration>,
    age: Option<Instant>,
    leaving: bool,
    cut: Option<Instant>,
}

enum Due {
    Nothing,
    /// Ask the client to go; after that time, cut it off.
    Leave(Option<Duration>),
    Cut(Option<Refusal>),
}

/// tokio has no "never".
const NEVER: Duration = Duration::from_secs(365 * 86_400);

impl<'a> Watch<'a> {
    fn new(shared: &'a Shared, conn: &'a Conn, is_http2: bool) -> Watch<'a> {
        let (keepalive, limits) = (&shared.options.keepalive, &shared.options.limits);
        let grpc = shared.options.kind == Kind::Grpc;
        let idle = if grpc { keepalive.max_connection_idle_s } else { Some(limits.idle_timeout()) };
        let age = keepalive.max_connection_age_s.map(|age| conn.began + jittered(age));
        let mut watch = Watch {
            shared,
            conn,
            times_headers: !is_http2,
            half_header: None,
            look: conn.began,
            idle,
            age,
            leaving: false,
            cut: None,
        };
        watch.look_later();
        watch
    }

    fn look_later(&mut self) {
        let now = Instant::now();
        let idle_at = self.idle.map(|idle| (self.conn.idle_since() + idle).max(now + Duration::from_millis(50)));
        let header_at = self.times_headers.then(|| now + self.shared.options.limits.header_timeout());
        self.look = idle_at.into_iter().chain(header_at).min().unwrap_or(now + NEVER);
    }

    fn next(&self) -> Instant {
        let age = self.age.filter(|_| !self.leaving);
        std::iter::once(self.look).chain(age).chain(self.cut).min().unwrap_or(self.look)
    }

    fn due(&mut self) -> Due {
        let now = Instant::now();
        if self.cut.is_some_and(|cut| cut <= now) {
            return Due::Cut(None);
        }
        if !self.leaving && self.age.is_some_and(|age| age <= now) {
            return Due::Leave(self.shared.options.keepalive.max_connection_age_grace_s);
        }
        let busy = self.conn.active.load(Relaxed) > 0;
        let idle_since = self.conn.idle_since();
        let pending = self.conn.received.load(Relaxed) > self.conn.touched_received.load(Relaxed);
        let half_header = (self.times_headers && !busy && pending).then_some(idle_since);
        if half_header.is_some() && half_header == self.half_header {
            return Due::Cut(Some(Refusal::SlowHeaders));
        }
        self.half_header = half_header;
        if !busy && self.idle.is_some_and(|idle| idle_since + idle <= now) {
            self.look = now + NEVER;
            return Due::Leave(Some(Duration::from_secs(1)));
        }
        self.look_later();
        Due::Nothing
    }

    fn leave<C: Closing>(&mut self, connection: Pin<&mut C>, grace: Option<Duration>) {
        if !self.leaving {
            self.leaving = true;
            connection.graceful_shutdown();
        }
        let cut = grace.map(|grace| Instant::now() + grace);
        self.cut = self.cut.into_iter().chain(cut).min();
    }
}

/// Give or take a tenth, so that connections made together do not end together.
fn jittered(length: Duration) -> Duration {
    let random = RandomState::new().build_hasher().finish();
    length.mul_f64(0.9 + 0.2 * (random as f64 / u64::MAX as f64))
}
