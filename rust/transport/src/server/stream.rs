//! One accepted socket, plain or TLS, with a look ahead at its first bytes and a count of what came.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;

use super::connection::Conn;
use super::unread::in_place_of;

pub enum Socket {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

pub struct Stream {
    socket: Socket,
    ahead: Bytes,
    conn: Arc<Conn>,
    max_header_bytes: u32,
    /// What is left of an answer that is sent in the place of hyper's own.
    instead: Option<Bytes>,
}

const HTTP2_PREFACE: &[u8] = b"PRI";

impl Stream {
    pub fn new(socket: Socket, conn: Arc<Conn>, max_header_bytes: u32) -> Stream {
        Stream { socket, ahead: Bytes::new(), conn, max_header_bytes, instead: None }
    }

    /// Whether the client begins as HTTP/2 does. An error if it sends nothing and goes.
    pub async fn is_http2(&mut self) -> io::Result<bool> {
        let mut seen = BytesMut::with_capacity(16 << 10);
        while HTTP2_PREFACE.starts_with(&seen) && seen.len() < HTTP2_PREFACE.len() {
            if self.read_buf(&mut seen).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        let http2 = seen.starts_with(HTTP2_PREFACE);
        self.ahead = seen.freeze();
        Ok(http2)
    }
}

impl AsyncRead for Stream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let me = &mut *self;
        if me.ahead.is_empty() {
            let before = buf.filled().len();
            ready!(match &mut me.socket {
                Socket::Plain(socket) => Pin::new(socket).poll_read(cx, buf),
                Socket::Tls(socket) => Pin::new(socket).poll_read(cx, buf),
            })?;
            me.conn.received.fetch_add((buf.filled().len() - before) as u64, Relaxed);
        } else {
            let taken = me.ahead.len().min(buf.remaining());
            buf.put_slice(me.ahead.get(..taken).unwrap_or(&[]));
            me.ahead.advance(taken);
        }
        Poll::Ready(Ok(()))
    }
}

impl Socket {
    fn poll_write(&mut self, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        match self {
            Socket::Plain(socket) => Pin::new(socket).poll_write(cx, buf),
            Socket::Tls(socket) => Pin::new(socket).poll_write(cx, buf),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let me = &mut *self;
        if me.instead.is_none() {
            me.instead = in_place_of(buf, me.max_header_bytes);
        }
        let Some(instead) = &mut me.instead else { return me.socket.poll_write(cx, buf) };
        // Until it is written hyper comes with the same bytes again.
        while !instead.is_empty() {
            let written = ready!(me.socket.poll_write(cx, instead))?;
            if written == 0 {
                return Poll::Ready(Ok(0));
            }
            instead.advance(written);
        }
        me.instead = None;
        Poll::Ready(Ok(buf.len()))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if let [only] = bufs {
            return self.poll_write(cx, only);
        }
        match &mut self.socket {
            Socket::Plain(socket) => Pin::new(socket).poll_write_vectored(cx, bufs),
            Socket::Tls(socket) => Pin::new(socket).poll_write_vectored(cx, bufs),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match &self.socket {
            Socket::Plain(socket) => socket.is_write_vectored(),
            Socket::Tls(socket) => socket.is_write_vectored(),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.socket {
            Socket::Plain(socket) => Pin::new(socket).poll_flush(cx),
            Socket::Tls(socket) => Pin::new(socket).poll_flush(cx),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.socket {
            Socket::Plain(socket) => Pin::new(socket).poll_shutdown(cx),
            Socket::Tls(socket) => Pin::new(socket).poll_shutdown(cx),
        }
    }
}
