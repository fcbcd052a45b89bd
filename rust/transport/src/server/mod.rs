//! Servers of OTLP: they take requests in, check them, let them wait in an `Inbox`, and answer as Python decides.
//!
//! A request's way: `listen` → `connection` → `grpc`, `http` or `plain` → `body` → `export` → `inbox` and back; or `plain` →
//! `pass_on` → another server and back.

mod body;
mod budget;
mod connection;
mod connections;
mod cors;
pub mod counters;
mod export;
mod grpc;
mod http;
pub mod inbox;
mod listen;
pub mod options;
mod pass_on;
mod plain;
mod socket;
mod stream;
mod tls;
mod unread;
mod watch;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use ::http::{HeaderName, HeaderValue};
use hyper::server::conn::{http1, http2};
use hyper_util::rt::TokioExecutor;
use otelier_wire::Signal;
use parking_lot::Mutex;
use tokio::sync::watch::Sender;
use tokio::task::JoinHandle;

pub use inbox::{Delivery, Inbox, Transport};
pub use options::ServerOptions;
pub use plain::{HttpRequest, HttpStream};
pub use socket::HttpSocket;

use budget::Held;
use connections::Connections;
use counters::{Count, Counters};
use pass_on::PassOn;
use tls::Tls;

use crate::compress::Algorithm;
use crate::runtime;

/// What all connections and requests of one server share.
struct Shared {
    options: ServerOptions,
    max_message: usize,
    response_headers: Vec<(HeaderName, HeaderValue)>,
    /// Names of content encodings that are taken, for messages.
    taken: String,
    tls: Option<Tls>,
    pass_on: Option<PassOn>,
    inbox: Arc<Inbox>,
    counters: Counters,
    connections: Connections,
    phase: Sender<Phase>,
    http1: http1::Builder,
    http2: http2::Builder<TokioExecutor>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Serving,
    /// No new connections; clients are asked to go.
    Draining,
    Stopped,
}

impl Shared {
    fn path(&self, signal: Signal) -> Option<&str> {
        let paths = &self.options.paths;
        let path = match signal {
            Signal::Traces => &paths.traces,
            Signal::Metrics => &paths.metrics,
            Signal::Logs => &paths.logs,
        };
        path.as_deref()
    }

    fn serves(&self, signal: Signal) -> bool {
        self.path(signal).is_some()
    }

    fn is_ready(&self) -> bool {
        *self.phase.borrow() == Phase::Serving && !self.inbox.is_closed()
    }

    fn takes(&self, encoding: &str) -> bool {
        let only = self.options.compression_algorithms.as_ref();
        only.is_none_or(|only| only.iter().any(|name| name.eq_ignore_ascii_case(encoding)))
    }

    fn hold(&self) -> Held {
        self.inbox.hold(self.options.limits.inbox_wait())
    }
}

#[derive(Debug)]
pub enum StartError {
    /// Options or TLS files that can't be used.
    Options(String),
    /// The socket can't be opened.
    Io(io::Error),
}

/// One listening socket and everything behind it. Dropped, it stops at once.
pub struct Server {
    shared: Arc<Shared>,
    address: SocketAddr,
    accepting: Mutex<Option<JoinHandle<()>>>,
}

impl Server {
    pub fn start(options: &[u8], inbox: Arc<Inbox>) -> Result<Server, StartError> {
        let options = ServerOptions::parse(options).map_err(StartError::Options)?;
        let shared = Arc::new(share(options, inbox).map_err(StartError::Options)?);
        let listener = listen::bind(&shared.options).map_err(StartError::Io)?;
        let address = listener.local_addr().map_err(StartError::Io)?;
        let _inside = runtime::handle().enter();
        let listener = tokio::net::TcpListener::from_std(listener).map_err(StartError::Io)?;
        let accepting = Mutex::new(Some(tokio::spawn(listen::accept(listener, shared.clone()))));
        Ok(Server { shared, address, accepting })
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn counters(&self) -> Vec<Count> {
        self.shared.counters.read()
    }

    /// Accepts no more, asks clients to go, waits up to `grace` for answers under way, then closes.
    /// Not to be called on a transport thread.
    pub fn stop(&self, grace: Duration) {
        let shared = &self.shared;
        shared.phase.send_if_modified(|phase| {
            let serving = *phase == Phase::Serving;
            if serving {
                *phase = Phase::Draining;
            }
            serving
        });
        let accepting = self.accepting.lock().take();
        runtime::handle().block_on(async {
            if let Some(accepting) = accepting {
                let _ = accepting.await; // then the port is free
            }
            let _ = tokio::time::timeout(grace, shared.connections.all_gone()).await;
            shared.phase.send_replace(Phase::Stopped);
            shared.connections.all_gone().await;
            shared.pass_on.iter().for_each(PassOn::close);
        });
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shared.phase.send_replace(Phase::Stopped);
    }
}

fn share(mut options: ServerOptions, inbox: Arc<Inbox>) -> Result<Shared, String> {
    let header = |(name, value): (String, String)| {
        let wrong = || format!("response_headers: {name:?} is no header, or its value can't be sent");
        let key = HeaderName::from_bytes(name.as_bytes()).map_err(|_| wrong())?;
        Ok::<_, String>((key, HeaderValue::from_str(&value).map_err(|_| wrong())?))
    };
    let response_headers: Result<Vec<_>, _> =
        std::mem::take(&mut options.response_headers).into_iter().map(header).collect();
    let names = options.compression_algorithms.clone().unwrap_or_else(|| {
        ["gzip", "zstd", "zlib", "deflate", "snappy", "x-snappy-framed", "lz4"].map(str::to_owned).to_vec()
    });
    if let Some(unknown) = names.iter().find(|n| Algorithm::from_name(n).is_none()) {
        return Err(format!("compression_algorithms: {unknown:?} is unknown"));
    }
    let tls = options.tls.take().map(|tls| Tls::new(tls, options.kind)).transpose()?;
    let pass_on = options.passed_on.take().map(PassOn::new).transpose()?;
    Ok(Shared {
        max_message: options.max_message_bytes(),
        response_headers: response_headers?,
        taken: names.into_iter().filter(|n| !n.is_empty()).collect::<Vec<_>>().join(", "),
        tls,
        pass_on,
        inbox,
        counters: Counters::default(),
        connections: Connections::default(),
        phase: Sender::new(Phase::Serving),
        http1: connection::http1(&options),
        http2: connection::http2(&options),
        options,
    })
}
