//! All connections of one server: how many there may be, and who leaves when there are more.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::Notify;

use super::Shared;
use super::connection::Conn;
use super::counters::Refusal;

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
    pub shared: Arc<Shared>,
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
