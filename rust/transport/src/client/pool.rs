//! Connections of an HTTP client, kept open between requests.
//!
//! An HTTP/1.1 connection serves one request at a time and waits in its origin's list between two; an HTTP/2
//! connection (chosen by ALPN) is shared by all requests to its origin.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::body::Payload;
use super::connect;
use super::options::{HttpOptions, TlsOptions, seconds};
use super::proxy::{Proxies, Proxy};
use super::tls::Tls;

const HOUR: Duration = Duration::from_secs(3600);
/// hyper's least buffer.
const LEAST_BUFFER: usize = 8192;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Origin {
    pub https: bool,
    pub host: String,
    pub port: u16,
}

pub enum Lane {
    One(http1::SendRequest<Payload>),
    Shared(http2::SendRequest<Payload>),
}

/// A connection for one request.
pub struct Lease {
    pub lane: Lane,
    /// It has served a request before, so the peer may have closed it unseen.
    pub reused: bool,
    _permit: Option<OwnedSemaphorePermit>,
}

pub struct Pool {
    options: HttpOptions,
    tls: OnceLock<Result<Option<Tls>, String>>,
    proxies: Proxies,
    origins: Mutex<HashMap<Origin, Kept>>,
    reaper: OnceLock<()>,
}

#[derive(Default)]
struct Kept {
    idle: Vec<(http1::SendRequest<Payload>, Instant)>,
    shared: Option<(http2::SendRequest<Payload>, Instant)>,
    gate: Option<Arc<Semaphore>>,
}

impl Pool {
    /// Errors are about TLS files and the proxy.
    pub fn new(options: HttpOptions) -> Result<Pool, String> {
        let proxies = match (&options.proxy_url, &options.no_proxy) {
            (Some(url), Some(direct)) => Proxies::new(None, |name| match name {
                "http_proxy" | "https_proxy" => Some(url.clone()),
                "no_proxy" => Some(direct.clone()),
                _ => None,
            })?,
            (url, _) => Proxies::new(url.as_deref(), |name| {
                if options.proxy_from_environment { std::env::var(name).ok() } else { None }
            })?,
        };
        let pool = Pool { options, tls: OnceLock::new(), proxies, origins: Mutex::default(), reaper: OnceLock::new() };
        if pool.options.tls != TlsOptions::default() {
            pool.tls()?; // say at once what is wrong with the files
        }
        Ok(pool)
    }

    fn tls(&self) -> Result<&Tls, String> {
        let new = || Tls::new(&self.options.tls, Some(true), &[b"h2", b"http/1.1"]);
        match self.tls.get_or_init(new) {
            Ok(Some(tls)) => Ok(tls),
            Ok(None) => Err("tls: it is switched off".into()),
            Err(error) => Err(error.clone()),
        }
    }

    /// The proxy that sees requests to this origin as they are (for https it sees only a tunnel).
    pub fn plain_proxy(&self, origin: &Origin) -> Result<Option<&Proxy>, String> {
        if origin.https { Ok(None) } else { self.proxies.for_origin(false, &origin.host, origin.port) }
    }

    /// A connection: one that waits, unless `fresh` is asked for, or a new one.
    pub async fn lease(&self, origin: &Origin, fresh: bool) -> Result<Lease, String> {
        let gate = self.gate(origin);
        let permit = match gate {
            Some(gate) => Some(gate.acquire_owned().await.map_err(|_| "the client is closed".to_owned())?),
            None => None,
        };
        if !fresh && let Some(lane) = self.waiting(origin) {
            return Ok(Lease { lane, reused: true, _permit: permit });
        }
        let limit = seconds(self.options.connect_timeout_s, HOUR);
        let late = || Err(format!("{} did not take a connection within {} s", name(origin), limit.as_secs_f64()));
        let lane = tokio::time::timeout(limit, self.connect(origin)).await.unwrap_or_else(|_| late())?;
        if let Lane::Shared(sender) = &lane {
            self.origins.lock().entry(origin.clone()).or_default().shared = Some((sender.clone(), Instant::now()));
        }
        Ok(Lease { lane, reused: false, _permit: permit })
    }

    /// Keep a connection whose answer has been read, if it is still good for another request.
    pub async fn give_back(self: &Arc<Self>, origin: &Origin, lease: Lease) {
        let Lane::One(mut sender) = lease.lane else { return };
        if self.options.disable_keep_alives {
            return;
        }
        // Not ready means that the peer has answered before it had read all: such a connection is lost.
        if !matches!(tokio::time::timeout(Duration::from_millis(100), sender.ready()).await, Ok(Ok(()))) {
            return;
        }
        let mut origins = self.origins.lock();
        let bound = |limit: usize| if limit == 0 { usize::MAX } else { limit };
        if origins.values().map(|k| k.idle.len()).sum::<usize>() >= bound(self.options.max_idle_conns) {
            let oldest = origins.values_mut().filter(|k| !k.idle.is_empty()).min_by_key(|k| k.idle[0].1);
            oldest.into_iter().for_each(|kept| drop(kept.idle.remove(0)));
        }
        let kept = origins.entry(origin.clone()).or_default();
        if kept.idle.len() < bound(self.options.max_idle_conns_per_host) {
            kept.idle.push((sender, Instant::now()));
            self.reaper.get_or_init(|| self.reap_from_time_to_time());
        }
    }

    /// Close what is idle; connections in use end with their requests.
    pub fn close(&self) {
        for (_, kept) in self.origins.lock().drain() {
            kept.gate.into_iter().for_each(|gate| gate.close());
        }
    }

    fn gate(&self, origin: &Origin) -> Option<Arc<Semaphore>> {
        let most = self.options.max_conns_per_host;
        let mut origins = (most > 0).then(|| self.origins.lock())?;
        let kept = origins.entry(origin.clone()).or_default();
        Some(kept.gate.get_or_insert_with(|| Arc::new(Semaphore::new(most))).clone())
    }

    fn waiting(&self, origin: &Origin) -> Option<Lane> {
        let mut origins = self.origins.lock();
        let kept = origins.get_mut(origin)?;
        kept.drop_stale(self.idle_limit());
        if let Some((sender, used)) = &mut kept.shared {
            *used = Instant::now();
            return Some(Lane::Shared(sender.clone()));
        }
        kept.idle.pop().map(|(sender, _)| Lane::One(sender))
    }

    fn idle_limit(&self) -> Duration {
        match self.options.idle_conn_timeout_s {
            0.0 => Duration::MAX,
            limit => seconds(limit, HOUR),
        }
    }

    /// So that connections of a client that has nothing to send are closed, too.
    fn reap_from_time_to_time(self: &Arc<Self>) {
        let limit = self.idle_limit();
        if limit == Duration::MAX {
            return;
        }
        let pool = Arc::downgrade(self);
        tokio::spawn(async move {
            loop {
                tokio::time::sleep((limit / 2).max(Duration::from_millis(10))).await;
                let Some(pool) = pool.upgrade() else { return };
                pool.origins.lock().values_mut().for_each(|kept| kept.drop_stale(limit));
            }
        });
    }

    async fn connect(&self, origin: &Origin) -> Result<Lane, String> {
        let proxy = self.proxies.for_origin(origin.https, &origin.host, origin.port)?;
        let (host, port) = proxy.map_or((&origin.host, origin.port), |p| (&p.host, p.port));
        let mut io = connect::open_name(host, port).await?;
        let mut protocol = None;
        if origin.https {
            if let Some(proxy) = proxy {
                let via = connect::host_port(&proxy.host, proxy.port);
                connect::tunnel(&mut io, &name(origin), proxy.credentials.as_deref(), &via).await?;
            }
            let tls = self.tls()?;
            (io, protocol) = connect::encrypt(io, tls.current(), tls.server_name(&origin.host)?, name(origin)).await?;
        }
        let failed = |e: hyper::Error| format!("HTTP with {} failed: {e}", name(origin));
        if protocol.is_some_and(|p| p == b"h2") {
            let mut builder = http2::Builder::new(TokioExecutor::new());
            let (sender, driver) =
                builder.timer(TokioTimer::new()).handshake(TokioIo::new(io)).await.map_err(failed)?;
            tokio::spawn(driver);
            return Ok(Lane::Shared(sender));
        }
        let mut builder = http1::Builder::new();
        builder.max_buf_size(self.options.read_buffer_bytes.max(LEAST_BUFFER));
        let (sender, driver) = builder.handshake(TokioIo::new(io)).await.map_err(failed)?;
        tokio::spawn(driver);
        Ok(Lane::One(sender))
    }
}

impl Kept {
    fn drop_stale(&mut self, limit: Duration) {
        self.idle.retain(|(sender, since)| sender.is_ready() && since.elapsed() < limit);
        self.shared.take_if(|(sender, used)| sender.is_closed() || used.elapsed() >= limit);
    }
}

/// An origin for people, and for CONNECT.
pub fn name(origin: &Origin) -> String {
    connect::host_port(&origin.host, origin.port)
}
