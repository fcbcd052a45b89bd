//! A connection that began as HTTP/1.1 and speaks something else now, as bytes both ways: for WebSockets.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use parking_lot::Mutex;
use tokio::io::{AsyncReadExt, AsyncWriteExt, ReadHalf, WriteHalf};
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;

use super::Phase;
use super::connection::Conn;
use crate::runtime;

/// A peer who takes nothing for so long has gone.
const STALLED: Duration = Duration::from_secs(60);
/// Pieces that wait in either direction; whoever makes more waits, too.
const PIECES: usize = 16;
const READ: usize = 16 << 10;

type Io = TokioIo<Upgraded>;

/// Both directions; dropped, the connection is closed once what was sent has gone out.
pub struct HttpSocket {
    out: mpsc::Sender<Bytes>,
    incoming: Mutex<mpsc::Receiver<Bytes>>,
}

impl HttpSocket {
    /// `conn` counts as open until the socket's end, which the server's brings about, too.
    pub(super) fn of(upgrade: OnUpgrade, conn: &Arc<Conn>, phase: watch::Receiver<Phase>) -> HttpSocket {
        let (out, outgoing) = mpsc::channel(PIECES);
        let (received, incoming) = mpsc::channel(PIECES);
        let task = runtime::handle().spawn(run(upgrade, outgoing, received, phase));
        conn.upgraded(task);
        HttpSocket { out, incoming: Mutex::new(incoming) }
    }

    /// Waits while too much waits to be sent; false if the peer has gone. Not to be called on a transport thread.
    pub fn send(&self, data: Bytes) -> bool {
        let sent = runtime::handle().block_on(async { timeout(STALLED, self.out.send(data)).await });
        matches!(sent, Ok(Ok(())))
    }

    /// What came, waiting for it up to `wait`; None: nothing; empty: nothing will. Not on a transport thread.
    pub fn receive(&self, wait: Duration) -> Option<Bytes> {
        let mut incoming = self.incoming.lock();
        let received = runtime::handle().block_on(async { timeout(wait, incoming.recv()).await });
        received.ok().map(Option::unwrap_or_default)
    }
}

async fn run(
    upgrade: OnUpgrade,
    outgoing: mpsc::Receiver<Bytes>,
    received: mpsc::Sender<Bytes>,
    mut phase: watch::Receiver<Phase>,
) {
    let Ok(Ok(upgraded)) = timeout(STALLED, upgrade).await else { return };
    let (reading, writing) = tokio::io::split(TokioIo::new(upgraded));
    tokio::select! {
        () = write(writing, outgoing) => {}
        () = read(reading, received) => {}
        _ = phase.wait_for(|phase| *phase != Phase::Serving) => {}
    }
}

/// Until nobody sends any more.
async fn write(mut writing: WriteHalf<Io>, mut outgoing: mpsc::Receiver<Bytes>) {
    while let Some(data) = outgoing.recv().await {
        if !matches!(timeout(STALLED, writing.write_all(&data)).await, Ok(Ok(()))) {
            return;
        }
    }
    let _ = timeout(STALLED, writing.shutdown()).await;
}

/// Until the peer has gone, or nobody wants it any more.
async fn read(mut reading: ReadHalf<Io>, received: mpsc::Sender<Bytes>) {
    let mut buffer = BytesMut::with_capacity(READ);
    while matches!(reading.read_buf(&mut buffer).await, Ok(size) if size > 0) {
        if received.send(buffer.split().freeze()).await.is_err() {
            return std::future::pending().await; // what waits to be sent goes out first
        }
        buffer.reserve(READ);
    }
}
