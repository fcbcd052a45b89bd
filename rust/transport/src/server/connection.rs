//! One connection: its limits, its age, its end. And all connections of a server together.

use std::collections::HashMap;
use std::future::Future;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicU64, AtomicUsize};
use std::time::Duration;

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use parking_lot::Mutex;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_rustls::TlsAcceptor;

use super::body::Reply;
use super::counters::Refusal;
use super::options::Kind;
use super::stream::{Socket, Stream};
use super::{Phase, Shared, grpc, http as otlp_http};

/// What is known about one connection while it lasts.
pub struct Conn {
    pub peer: IpAddr,
    /// Bytes read from it.
    pub received: AtomicU64,
    /// Requests under way on it.
    pub active: AtomicUsize,
    began: Instant,
    /// When its last request ended, in ms since `began`.
    touched_ms: AtomicU64,
    /// What had been received then.
    touched_received: AtomicU64,
    /// The second that is counted (since `began`), and requests cancelled by the client in it.
    resets: Mutex<(u64, u32)>,
    cut: Notify,
    leave: Notify,
}

impl Conn {
    fn new(peer: IpAddr) -> Arc<Conn> {
        Arc::new(Conn {
            peer,
            received: AtomicU64::new(0),
            active: AtomicUsize::new(0),
            began: Instant::now(),
            touched_ms: AtomicU64::new(0),
            touched_received: AtomicU64::new(0),
            resets: Mutex::new((0, 0)),
            cut: Notify::new(),
            leave: Notify::new(),
        })
    }

    fn touch(&self) {
        self.touched_ms.store(self.began.elapsed().as_millis() as u64, Relaxed);
        self.touched_received.store(self.received.load(Relaxed), Relaxed);
    }

    fn idle_since(&self) -> Instant {
        self.began + Duration::from_millis(self.touched_ms.load(Relaxed))
    }
}

/// One request under way on a connection; dropped unfinished, the client has cancelled it.
struct UnderWay<'a> {
    conn: &'a Conn,
    max_resets_per_s: u32,
    finished: bool,
}

impl<'a> UnderWay<'a> {
    fn new(conn: &'a Conn, max_resets_per_s: u32) -> UnderWay<'a> {
        conn.active.fetch_add(1, Relaxed);
        UnderWay { conn, max_resets_per_s, finished: false }
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.conn.touch();
        self.conn.active.fetch_sub(1, Relaxed);
        if !self.finished {
            let second = self.conn.began.elapsed().as_secs();
            let mut resets = self.conn.resets.lock();
            *resets = if resets.0 == second { (second, resets.1 + 1) } else { (second, 1) };
            if resets.1 > self.max_resets_per_s {
                self.conn.cut.notify_one();
            }
        }
    }
}

async fn handle(shared: Arc<Shared>, conn: Arc<Conn>, request: Request<Incoming>) -> Response<Reply> {
    let mut under_way = UnderWay::new(&conn, shared.options.limits.max_resets_per_s);
    let response = match shared.options.kind {
        Kind::Grpc => grpc::handle(&shared, &conn, request).await,
        Kind::OtlpHttp | Kind::Http => otlp_http::handle(&shared, &conn, request).await,
    };
    under_way.finished = true;
    response
}

/// All connections of one server.
#[derive(Default)]
pub struct Connections {
    open: Mutex<Open>,
    changed: Notify,
}

#[derive(Default)]
struct Open {
    last: u64,
    by_number: HashMap<u64, Arc<Conn>>,
    by_peer: HashMap<IpAddr, usize>,
}

/// A place among the open connections, until dropped.
pub struct Place {
    shared: Arc<Shared>,
    number: u64,
    pub conn: Arc<Conn>,
}

impl Connections {
    /// A place for a new connection. At a limit, the one that has been idle longest is asked to leave instead of it.
    pub fn enter(shared: &Arc<Shared>, peer: IpAddr) -> Result<Place, Refusal> {
        let limits = &shared.options.limits;
        let mut open = shared.connections.open.lock();
        let from_peer = open.by_peer.get(&peer).copied().unwrap_or(0);
        if from_peer >= limits.max_connections_per_ip {
            open.ask_idle_to_leave(Some(peer));
            return Err(Refusal::TooManyFromOneAddress);
        }
        if open.by_number.len() >= limits.max_connections {
            open.ask_idle_to_leave(None);
            return Err(Refusal::TooMany);
        }
        let conn = Conn::new(peer);
        open.last += 1;
        let number = open.last;
        open.by_number.insert(number, conn.clone());
        *open.by_peer.entry(peer).or_default() += 1;
        shared.counters.connections_open.store(open.by_number.len() as u64, Relaxed);
        Ok(Place { shared: shared.clone(), number, conn })
    }

    /// Until there are none.
    pub async fn all_gone(&self) {
        loop {
            let changed = self.changed.notified();
            if self.open.lock().by_number.is_empty() {
                return;
            }
            changed.await;
        }
    }
}

impl Open {
    fn ask_idle_to_leave(&self, peer: Option<IpAddr>) {
        const IDLE: Duration = Duration::from_secs(1);
        let idle = self.by_number.values().filter(|c| {
            c.active.load(Relaxed) == 0 && peer.is_none_or(|p| p == c.peer) && c.idle_since().elapsed() > IDLE
        });
        if let Some(conn) = idle.min_by_key(|c| c.idle_since()) {
            conn.leave.notify_one();
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.shared.connections.open.lock();
        open.by_number.remove(&self.number);
        if let Some(count) = open.by_peer.get_mut(&self.conn.peer) {
            *count -= 1;
            if *count == 0 {
                open.by_peer.remove(&self.conn.peer);
            }
        }
        self.shared.counters.connections_open.store(open.by_number.len() as u64, Relaxed);
        drop(open);
        self.shared.connections.changed.notify_waiters();
    }
}

/// Serves one accepted socket until its end.
pub async fn serve(place: Place, socket: TcpStream) {
    let (shared, conn) = (&place.shared, &place.conn);
    let opened = timeout(shared.options.limits.header_timeout(), open(shared, conn, socket)).await;
    let (stream, is_http2) = match opened {
        Ok(Ok(opened)) => opened,
        Ok(Err(refusal)) => {
            refusal.into_iter().for_each(|r| shared.counters.connection_refused(r));
            return;
        }
        Err(_) => return shared.counters.connection_refused(Refusal::SlowHeaders),
    };
    let service = service_fn(|request| {
        // Boxed here, or its kilobytes are copied at each step on its way into a task.
        let call = Box::pin(handle(shared.clone(), conn.clone(), request));
        async move { Ok::<_, std::convert::Infallible>(call.await) }
    });
    let io = TokioIo::new(stream);
    if is_http2 {
        drive(std::pin::pin!(shared.http2.serve_connection(io, service)), shared, conn, true).await;
    } else {
        drive(std::pin::pin!(shared.http1.serve_connection(io, service)), shared, conn, false).await;
    }
}

/// TLS if wanted, and which HTTP the client speaks. Err(None): the client just left.
async fn open(shared: &Shared, conn: &Arc<Conn>, socket: TcpStream) -> Result<(Stream, bool), Option<Refusal>> {
    let mut stream = match &shared.tls {
        None => Stream::new(Socket::Plain(socket), conn.clone()),
        Some(tls) => {
            let mut socket = socket;
            const HANDSHAKE: u8 = 0x16;
            let mut first = [0];
            if socket.peek(&mut first).await.map_err(|_| None)? > 0 && first != [HANDSHAKE] {
                return Err(say(&mut socket, "400 Bad Request", "TLS is spoken here: use https").await);
            }
            let accepted = TlsAcceptor::from(tls.config()).accept(socket).await;
            let socket = accepted.map_err(|_| Some(Refusal::TlsHandshake))?;
            Stream::new(Socket::Tls(Box::new(socket)), conn.clone())
        }
    };
    let is_http2 = stream.is_http2().await.map_err(|_| None)?;
    if shared.options.kind == Kind::Grpc && !is_http2 {
        let message = "gRPC is spoken here (HTTP/2); OTLP/HTTP has another port, usually 4318";
        return Err(say(&mut stream, "505 HTTP Version Not Supported", message).await);
    }
    Ok((stream, is_http2))
}

/// Tells a client that knocked at the wrong door.
async fn say(stream: &mut (impl AsyncWriteExt + Unpin), status: &str, message: &str) -> Option<Refusal> {
    let length = message.len() + 1;
    let head =
        format!("HTTP/1.1 {status}\r\nContent-Type: text/plain\r\nConnection: close\r\nContent-Length: {length}");
    let _ = stream.write_all(format!("{head}\r\n\r\n{message}\n").as_bytes()).await;
    let _ = stream.shutdown().await;
    Some(Refusal::WrongProtocol)
}

/// Both kinds of hyper's connections.
trait Closing: Future {
    fn graceful_shutdown(self: Pin<&mut Self>);
}

type Io = TokioIo<Stream>;

impl<S> Closing for http1::Connection<Io, S>
where
    S: hyper::service::HttpService<Incoming, ResBody = Reply>,
    S::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    fn graceful_shutdown(self: Pin<&mut Self>) {
        http1::Connection::graceful_shutdown(self);
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
async fn drive<C: Closing>(mut connection: Pin<&mut C>, shared: &Shared, conn: &Conn, is_http2: bool) {
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

/// HTTP/1.1 as this server speaks it. Its timeouts are ours (`Watch`).
pub fn http1(shared: &super::ServerOptions) -> http1::Builder {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .keep_alive(shared.keep_alives_enabled)
        .header_read_timeout(None)
        .max_header_size(shared.limits.max_header_bytes as usize);
    http
}

/// Frames and windows that let a batch of some hundred KiB come in one piece. A window is also what a client may
/// send before anyone reads it.
const FRAME: u32 = 1 << 20;
const STREAM_WINDOW: u32 = 1 << 20;
const CONNECTION_WINDOW: u32 = 2 << 20;

pub fn http2(options: &super::ServerOptions) -> http2::Builder<TokioExecutor> {
    let mut http = http2::Builder::new(TokioExecutor::new());
    http.timer(TokioTimer::new())
        .max_frame_size(FRAME)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_concurrent_streams(options.limits.max_concurrent_streams())
        .max_header_list_size(options.limits.max_header_bytes)
        .auto_date_header(options.kind != Kind::Grpc)
        .keep_alive_interval(options.keepalive.time_s)
        .keep_alive_timeout(options.keepalive.timeout_s.unwrap_or(Duration::from_secs(20)));
    http
}
