//! Bodies: how one is read, bounded in size, time and room, and what is written as an answer.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::atomic::Ordering::Relaxed;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::HeaderMap;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use tokio::sync::mpsc;
use tokio::time::{Instant, Sleep, sleep_until};

use super::budget::Held;
use super::connection::Conn;
use super::options::Limits;

#[derive(Debug)]
pub enum BodyError {
    TooLarge,
    /// Slower than `min_body_rate`.
    Slow,
    /// No room in the inbox in time.
    Full,
    /// The client ended it too early, or spoke no HTTP.
    Broken(String),
}

/// A buffer grows no more than this ahead of what has arrived, or to twice that: a declared length is not trusted.
const AHEAD: usize = 1 << 20;

/// The whole body, of at most `limit` bytes. `expected` tells its size from what is there, as soon as it can.
pub async fn collect(
    body: &mut Incoming,
    limit: usize,
    limits: &Limits,
    conn: &Conn,
    held: &mut Held,
    expected: impl Fn(&[u8]) -> Option<u64>,
) -> Result<Vec<u8>, BodyError> {
    let mut out = Vec::new();
    let mut pace = Pace { limits, conn, sleep: None, seen: 0, conn_seen: 0 };
    while let Some(data) = pace.next(body, out.len()).await? {
        let size = out.len() + data.len();
        if size > limit {
            return Err(BodyError::TooLarge);
        }
        if held.grow(data.len()).await.is_err() {
            return Err(BodyError::Full);
        }
        if size > out.capacity() {
            let total = expected(if out.is_empty() { &data } else { &out });
            if total.is_some_and(|t| t > limit as u64) {
                return Err(BodyError::TooLarge);
            }
            let ahead = (size + AHEAD).max(2 * size);
            let capacity = total.map_or(2 * size, |t| (t as usize).min(ahead)).min(limit).max(size);
            // A body in one piece, such as a small request, gets exactly its size.
            let capacity = if body.is_end_stream() { size } else { capacity };
            out.reserve_exact(capacity - out.len());
        }
        out.extend_from_slice(&data);
    }
    Ok(out)
}

/// Notices a client that stops sending. Its clock runs only while we wait for the client.
struct Pace<'a> {
    limits: &'a Limits,
    conn: &'a Conn,
    sleep: Option<Pin<Box<Sleep>>>,
    seen: usize,
    conn_seen: u64,
}

impl Pace<'_> {
    async fn next(&mut self, body: &mut Incoming, so_far: usize) -> Result<Option<Bytes>, BodyError> {
        let mut waiting = false;
        loop {
            let frame = poll_fn(|cx| match Pin::new(&mut *body).poll_frame(cx) {
                Poll::Ready(frame) => Poll::Ready(Some(frame)),
                Poll::Pending => {
                    if !waiting {
                        self.start_waiting(so_far);
                        waiting = true;
                    }
                    self.poll_late(cx, so_far).map(|()| None)
                }
            });
            match frame.await {
                None => return Err(BodyError::Slow),
                Some(None) => return Ok(None),
                Some(Some(Err(error))) => return Err(BodyError::Broken(error.to_string())),
                Some(Some(Ok(frame))) => match frame.into_data() {
                    Ok(data) => return Ok(Some(data)),
                    Err(_trailers) => continue,
                },
            }
        }
    }

    fn start_waiting(&mut self, so_far: usize) {
        if self.sleep.is_none() {
            self.sleep = Some(Box::pin(sleep_until(Instant::now() + self.limits.body_idle())));
            self.mark(so_far);
        }
    }

    fn mark(&mut self, so_far: usize) {
        self.seen = so_far;
        self.conn_seen = self.conn.received.load(Relaxed);
    }

    /// Ready when too little came since the last look.
    fn poll_late(&mut self, cx: &mut Context<'_>, so_far: usize) -> Poll<()> {
        while let Some(sleep) = &mut self.sleep {
            if sleep.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
            let least = (self.limits.min_body_rate as f64 * self.limits.body_idle().as_secs_f64()).max(1.0) as u64;
            // A part of a large frame is not seen here yet, but on the connection.
            let on_connection = self.conn.received.load(Relaxed) - self.conn_seen;
            let share = on_connection / (self.conn.active.load(Relaxed).max(1) as u64);
            if ((so_far - self.seen) as u64).max(share) < least {
                return Poll::Ready(());
            }
            sleep.as_mut().reset(Instant::now() + self.limits.body_idle());
            self.mark(so_far);
        }
        Poll::Pending
    }
}

/// An answer's body: at most one piece of data, then maybe others as they come, then maybe trailers.
#[derive(Default)]
pub struct Reply {
    pub data: Option<Bytes>,
    pub later: Option<mpsc::Receiver<Piece>>,
    pub trailers: Option<HeaderMap>,
}

/// What comes later.
pub enum Piece {
    Data(Bytes),
    /// The last one: trailers, if there are any.
    End(HeaderMap),
}

/// Nobody is left to send the rest of an answer.
#[derive(Debug)]
pub struct BrokenOff;

impl std::fmt::Display for BrokenOff {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the answer breaks off")
    }
}

impl std::error::Error for BrokenOff {}

impl Reply {
    pub fn of(data: impl Into<Bytes>) -> Reply {
        Reply { data: Some(data.into()).filter(|d| !d.is_empty()), ..Reply::default() }
    }
}

impl Body for Reply {
    type Data = Bytes;
    type Error = BrokenOff;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        if let Some(data) = self.data.take() {
            return Poll::Ready(Some(Ok(Frame::data(data))));
        }
        if let Some(later) = &mut self.later {
            match ready!(later.poll_recv(cx)) {
                Some(Piece::Data(data)) => return Poll::Ready(Some(Ok(Frame::data(data)))),
                Some(Piece::End(trailers)) => self.trailers = Some(trailers).filter(|t| !t.is_empty()),
                None => return Poll::Ready(Some(Err(BrokenOff))),
            }
            self.later = None;
        }
        Poll::Ready(self.trailers.take().map(|trailers| Ok(Frame::trailers(trailers))))
    }

    fn is_end_stream(&self) -> bool {
        self.data.is_none() && self.later.is_none() && self.trailers.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        let size = self.data.as_ref().map_or(0, |d| d.len() as u64);
        if self.later.is_none() { SizeHint::with_exact(size) } else { SizeHint::default() }
    }
}
