//! From an address to a byte stream that HTTP can be spoken on: TCP or Unix, TLS, a proxy's CONNECT.
//!
//! Errors are sentences for people: what failed, with whom.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use socket2::{SockRef, TcpKeepalive};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpStream, UnixStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;

use super::resolve::{Address, lookup};

/// Before the next address of a name is tried beside the first (RFC 8305).
const HEAD_START: Duration = Duration::from_millis(250);
/// Finds a peer that is gone while nothing is sent.
const TCP_KEEPALIVE: Duration = Duration::from_secs(15);
const MAX_PROXY_ANSWER: usize = 8 << 10;

pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

pub type Io = Box<dyn Stream>;

/// Open a stream to one address.
pub async fn open(address: &Address) -> Result<Io, String> {
    let failed = |e: io::Error| describe(&e, address);
    match address {
        Address::Tcp(addr) => {
            let tcp = TcpStream::connect(addr).await.map_err(failed)?;
            tune(&tcp).map_err(failed)?;
            Ok(Box::new(tcp))
        }
        Address::Unix(path) => Ok(Box::new(UnixStream::connect(path).await.map_err(failed)?)),
    }
}

/// Open a stream to whichever address of a name answers first.
pub async fn open_name(host: &str, port: u16) -> Result<Io, String> {
    let mut waiting = lookup(host, port).await?.into_iter();
    let mut attempts: JoinSet<Result<TcpStream, String>> = JoinSet::new();
    let mut last = String::new();
    loop {
        if let Some(address) = waiting.next() {
            attempts.spawn(async move { TcpStream::connect(address).await.map_err(|e| describe(&e, address)) });
        } else if attempts.is_empty() {
            return Err(last);
        }
        let done = if waiting.len() == 0 {
            attempts.join_next().await
        } else {
            tokio::time::timeout(HEAD_START, attempts.join_next()).await.unwrap_or(None)
        };
        match done {
            Some(Ok(Ok(tcp))) => {
                tune(&tcp).map_err(|e| describe(&e, host))?;
                return Ok(Box::new(tcp));
            }
            Some(Ok(Err(error))) => last = error,
            Some(Err(error)) => last = format!("connecting to {host} was interrupted: {error}"),
            None => {}
        }
    }
}

fn tune(tcp: &TcpStream) -> io::Result<()> {
    tcp.set_nodelay(true)?;
    let keepalive = TcpKeepalive::new().with_time(TCP_KEEPALIVE).with_interval(TCP_KEEPALIVE);
    SockRef::from(tcp).set_tcp_keepalive(&keepalive)
}

fn describe(error: &io::Error, peer: impl fmt::Display) -> String {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => format!("connection refused by {peer}"),
        io::ErrorKind::NotFound => format!("nothing listens at {peer}: {error}"),
        _ => format!("can't connect to {peer}: {error}"),
    }
}

/// Speak TLS over a stream; gives the protocol that ALPN chose.
pub async fn encrypt(
    io: Io,
    config: Arc<ClientConfig>,
    name: ServerName<'static>,
    peer: impl fmt::Display,
) -> Result<(Io, Option<Vec<u8>>), String> {
    let stream = TlsConnector::from(config).connect(name, io).await;
    let stream = stream.map_err(|e| match e.kind() {
        io::ErrorKind::UnexpectedEof => format!("TLS with {peer} failed: it closed the connection; does it speak TLS?"),
        _ => format!("TLS with {peer} failed: {e}"),
    })?;
    let protocol = stream.get_ref().1.alpn_protocol().map(<[u8]>::to_vec);
    Ok((Box::new(stream), protocol))
}

/// Have a proxy connect the stream to `authority` (`host:port`), by CONNECT of RFC 9110.
pub async fn tunnel(io: &mut Io, authority: &str, credentials: Option<&str>, proxy: &str) -> Result<(), String> {
    let failed = |e: io::Error| format!("proxy {proxy} failed: {e}");
    let login = credentials.map(|c| format!("Proxy-Authorization: {c}\r\n")).unwrap_or_default();
    let request = format!("CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n{login}\r\n");
    io.write_all(request.as_bytes()).await.map_err(failed)?;
    io.flush().await.map_err(failed)?;
    // The server behind the proxy is silent until we speak, so reading may overshoot the header by nothing.
    let mut answer = Vec::with_capacity(512);
    while !answer.ends_with(b"\r\n\r\n") {
        let got = io.read_buf(&mut answer).await.map_err(failed)?;
        if got == 0 || answer.len() > MAX_PROXY_ANSWER {
            return Err(format!("proxy {proxy} did not answer CONNECT with an HTTP header"));
        }
    }
    let head = String::from_utf8_lossy(&answer);
    let line = head.lines().next().unwrap_or_default();
    let granted = line.starts_with("HTTP/1.") && line.split(' ').nth(1).is_some_and(|code| code.starts_with('2'));
    if granted { Ok(()) } else { Err(format!("proxy {proxy} refused to connect to {authority}: {line}")) }
}

/// The peer of a name, for messages.
pub fn host_port(host: &str, port: u16) -> String {
    match host.parse().map(|ip| SocketAddr::new(ip, port)) {
        Ok(addr) => addr.to_string(),
        Err(_) => format!("{host}:{port}"),
    }
}
