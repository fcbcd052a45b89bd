//! One connection: TLS, which HTTP is spoken, and the requests on it.

use std::net::IpAddr;
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
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};
use tokio_rustls::TlsAcceptor;

use super::body::Reply;
use super::connections::Place;
use super::counters::Refusal;
use super::options::Kind;
use super::stream::{Socket, Stream};
use super::watch::drive;
use super::{Shared, grpc, http as otlp_http};

/// What is known about one connection while it lasts.
pub struct Conn {
    pub peer: IpAddr,
    /// Bytes read from it.
    pub received: AtomicU64,
    /// Requests under way on it.
    pub active: AtomicUsize,
    pub began: Instant,
    /// When its last request ended, in ms since `began`.
    touched_ms: AtomicU64,
    /// What had been received then.
    pub touched_received: AtomicU64,
    /// The second that is counted (since `began`), and requests cancelled by the client in it.
    resets: Mutex<(u64, u32)>,
    /// Ends it at once.
    pub cut: Notify,
    /// Asks the client to go.
    pub leave: Notify,
    /// What it became, if it no longer speaks HTTP.
    upgraded: Mutex<Option<JoinHandle<()>>>,
}

impl Conn {
    pub fn new(peer: IpAddr) -> Arc<Conn> {
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
            upgraded: Mutex::new(None),
        })
    }

    /// The connection lasts as long as this task, too.
    pub fn upgraded(&self, task: JoinHandle<()>) {
        *self.upgraded.lock() = Some(task);
    }

    fn touch(&self) {
        self.touched_ms.store(self.began.elapsed().as_millis() as u64, Relaxed);
        self.touched_received.store(self.received.load(Relaxed), Relaxed);
    }

    pub fn idle_since(&self) -> Instant {
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
        drive(std::pin::pin!(shared.http1.serve_connection(io, service).with_upgrades()), shared, conn, false).await;
    }
    let upgraded = conn.upgraded.lock().take();
    if let Some(upgraded) = upgraded {
        let _ = upgraded.await;
    }
}

/// TLS if wanted, and which HTTP the client speaks. Err(None): the client just left.
async fn open(shared: &Shared, conn: &Arc<Conn>, socket: TcpStream) -> Result<(Stream, bool), Option<Refusal>> {
    let most = shared.options.limits.max_header_bytes;
    let mut stream = match &shared.tls {
        None => Stream::new(Socket::Plain(socket), conn.clone(), most),
        Some(tls) => {
            let mut socket = socket;
            const HANDSHAKE: u8 = 0x16;
            let mut first = [0];
            if socket.peek(&mut first).await.map_err(|_| None)? > 0 && first != [HANDSHAKE] {
                return Err(say(&mut socket, "400 Bad Request", "TLS is spoken here: use https").await);
            }
            let accepted = TlsAcceptor::from(tls.config()).accept(socket).await;
            let socket = accepted.map_err(|_| Some(Refusal::TlsHandshake))?;
            Stream::new(Socket::Tls(Box::new(socket)), conn.clone(), most)
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
