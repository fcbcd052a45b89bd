//! Connections of a gRPC client: one for each address of its target, opened when first needed.
//!
//! A send takes the next connection that is up, waits while one is being opened, and fails at once when all
//! are down. Names are looked up again when a connection breaks and from time to time; what is gone from the
//! answer finishes its requests and ends.

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use hyper::client::conn::http2;
use hyper::rt::Executor;
use hyper_util::rt::{TokioIo, TokioTimer};
use parking_lot::Mutex;
use tokio::runtime::Handle;
use tokio::sync::{Notify, watch};

use super::body::Payload;
use super::connect::{self, Io};
use super::endpoints::{Connection, Endpoints, Picked, Sender};
use super::options::{Balancer, GrpcOptions, seconds};
use super::resolve::{Address, Source, Target, split_port};
use super::tls::Tls;

/// Broken connections cause lookups, but not more often than this.
const LOOKUP_PAUSE: Duration = Duration::from_secs(5);
const HOUR: Duration = Duration::from_secs(3600);
const MAX_PING_INTERVAL_FACTOR: u32 = 1 << 10;

type Driver = http2::Connection<TokioIo<Io>, Payload, Tasks>;

/// Runs what a connection consists of, until it is done or the client is closed.
#[derive(Clone)]
struct Tasks(watch::Receiver<bool>);

impl<F: Future<Output = ()> + Send + 'static> Executor<F> for Tasks {
    fn execute(&self, task: F) {
        let mut closed = self.0.clone();
        tokio::spawn(async move {
            tokio::select! {
                () = task => {}
                _ = closed.wait_for(|closed| *closed) => {}
            }
        });
    }
}

pub struct Channel {
    target: Target,
    tls: Option<Tls>,
    options: GrpcOptions,
    runtime: Handle,
    closed: watch::Receiver<bool>,
    state: Mutex<State>,
    changed: Notify,
    turn: AtomicUsize,
    /// Doubles when a server complains about pings.
    ping_interval_factor: AtomicU32,
}

#[derive(Default)]
struct State {
    endpoints: Endpoints,
    looked_up: Option<Instant>,
    looking_up: bool,
    lookup_error: String,
    /// Something broke since the last lookup.
    broken: bool,
}

impl Channel {
    /// All connections end when `closed` becomes true.
    pub fn new(options: GrpcOptions, runtime: Handle, closed: watch::Receiver<bool>) -> Result<Arc<Channel>, String> {
        let target = Target::parse(&options.target)?;
        let tls = Tls::new(&options.tls, target.tls, &[b"h2"])?;
        let endpoints = match &target.source {
            Source::Fixed(addresses) => Endpoints::new(addresses),
            Source::Name { .. } => Endpoints::default(),
        };
        // Many clients that start together must not all begin with the first address.
        let turn = RandomState::new().hash_one(0) as usize >> 1;
        Ok(Arc::new(Channel {
            target,
            tls,
            options,
            runtime,
            closed,
            state: Mutex::new(State { endpoints, ..State::default() }),
            changed: Notify::new(),
            turn: AtomicUsize::new(turn),
            ping_interval_factor: AtomicU32::new(1),
        }))
    }

    pub fn scheme(&self) -> &'static str {
        if self.tls.is_some() { "https" } else { "http" }
    }

    /// What `:authority` says.
    pub fn authority(&self) -> &str {
        let overrides = [&self.options.authority, &self.options.tls.server_name_override];
        overrides.into_iter().flatten().find(|a| !a.is_empty()).unwrap_or(&self.target.authority)
    }

    /// The next connection, opened if need be; the error says why there is none.
    pub async fn pick(self: &Arc<Self>) -> Result<Picked, String> {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            if let Some(result) = self.try_pick() {
                return result;
            }
            changed.await;
        }
    }

    /// Why there is no connection yet, for a send that ran out of time.
    pub fn trouble(&self) -> String {
        self.state.lock().trouble()
    }

    /// The peer has answered on this connection, so it is a good one.
    pub fn answered(&self, connection: Connection) {
        self.state.lock().endpoints.answered(connection);
    }

    /// None while there is something to wait for.
    fn try_pick(self: &Arc<Self>) -> Option<Result<Picked, String>> {
        let mut state = self.state.lock();
        self.look_up_if_due(&mut state);
        let endpoints = &mut state.endpoints;
        endpoints.settle(Instant::now());
        let one = self.options.balancer == Balancer::PickFirst || self.target.one_connection;
        let wanted = match one {
            false => usize::MAX,
            true => usize::from(endpoints.take(0).is_none() && !endpoints.any_connecting()),
        };
        for (address, connection) in endpoints.begin(wanted) {
            self.runtime.spawn(self.clone().connect(address, connection));
        }
        if let Some(picked) = endpoints.take(if one { 0 } else { self.turn.fetch_add(1, Ordering::Relaxed) }) {
            return Some(Ok(picked));
        }
        let hope = endpoints.any_connecting() || endpoints.is_empty() && state.looking_up;
        if hope { None } else { Some(Err(state.trouble())) }
    }

    async fn connect(self: Arc<Self>, address: Address, connection: Connection) {
        let limit = seconds(self.options.connect_timeout_s, HOUR);
        let opened = tokio::time::timeout(limit, self.open(&address)).await;
        let late = || Err(format!("{address} did not take a connection within {} s", limit.as_secs_f64()));
        match opened.unwrap_or_else(|_| late()) {
            Err(error) => {
                let mut state = self.state.lock();
                state.broken = true;
                state.endpoints.failed(connection, error);
                self.changed.notify_waiters();
            }
            Ok((sender, driver)) => {
                self.state.lock().endpoints.up(connection, sender);
                self.changed.notify_waiters();
                // A connection must not keep its own client alive.
                let channel = Arc::downgrade(&self);
                drop(self);
                let end = driver.await;
                if let Some(channel) = channel.upgrade() {
                    channel.ended(connection, end.err().as_ref());
                }
            }
        }
    }

    async fn open(&self, address: &Address) -> Result<(Sender, Driver), String> {
        let mut io = connect::open(address).await?;
        if let Some(tls) = &self.tls {
            let override_ = self.options.authority.as_deref().and_then(|a| split_port(a, 0));
            let name = tls.server_name(override_.as_ref().map_or(&self.target.host, |(host, _)| host))?;
            let protocol;
            (io, protocol) = connect::encrypt(io, tls.current(), name, address).await?;
            if protocol.is_none_or(|p| p != b"h2") {
                return Err(format!("{address} speaks TLS but not HTTP/2; is it a gRPC server?"));
            }
        }
        let mut builder = http2::Builder::new(Tasks(self.closed.clone()));
        builder
            .timer(TokioTimer::new())
            // Until the server has said how many streams it takes, some punish more than that.
            .initial_max_send_streams(1)
            .initial_stream_window_size(self.options.initial_stream_window_bytes)
            .initial_connection_window_size(self.options.initial_connection_window_bytes);
        if let Some(keepalive) = self.options.keepalive.as_ref().filter(|k| k.time_s > 0.0) {
            let interval = seconds(keepalive.time_s, HOUR) * self.ping_interval_factor.load(Ordering::Relaxed);
            builder
                .keep_alive_interval(interval)
                .keep_alive_timeout(seconds(keepalive.timeout_s, HOUR))
                .keep_alive_while_idle(keepalive.permit_without_stream);
        }
        builder.handshake(TokioIo::new(io)).await.map_err(|e| format!("HTTP/2 with {address} failed: {e}"))
    }

    /// A connection is of no more use.
    pub fn ended(&self, connection: Connection, error: Option<&hyper::Error>) {
        if error.and_then(super::grpc::h2_error).and_then(|e| e.reason()) == Some(h2::Reason::ENHANCE_YOUR_CALM) {
            let factor = self.ping_interval_factor.load(Ordering::Relaxed);
            self.ping_interval_factor.store((factor * 2).min(MAX_PING_INTERVAL_FACTOR), Ordering::Relaxed);
        }
        let mut state = self.state.lock();
        state.broken = true;
        state.endpoints.ended(connection);
        self.changed.notify_waiters();
    }

    fn look_up_if_due(self: &Arc<Self>, state: &mut State) {
        if matches!(self.target.source, Source::Fixed(_)) || state.looking_up {
            return;
        }
        let usual = seconds(self.options.resolve_interval_s, HOUR);
        let wait = if state.broken { usual.min(LOOKUP_PAUSE) } else { usual };
        if state.looked_up.is_some_and(|at| at.elapsed() < wait) {
            return;
        }
        (state.looking_up, state.broken) = (true, false);
        let channel = self.clone();
        self.runtime.spawn(async move {
            let found = channel.target.resolve().await;
            let mut state = channel.state.lock();
            (state.looking_up, state.looked_up) = (false, Some(Instant::now()));
            match found {
                Ok(addresses) => state.endpoints.adopt(&addresses),
                Err(error) => (state.lookup_error, state.broken) = (error, true),
            }
            channel.changed.notify_waiters();
        });
    }
}

impl State {
    fn trouble(&self) -> String {
        match self.endpoints.trouble() {
            nothing if nothing.is_empty() => self.lookup_error.clone(),
            trouble => trouble,
        }
    }
}
