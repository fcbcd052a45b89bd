//! How many bytes an inbox may hold, and how bodies wait for room.

use std::sync::Arc;
use std::time::Duration;

use otelier_wire::Live;
use tokio::sync::Semaphore;

/// Bytes that bodies under way and requests not answered may hold.
///
/// One body at a time may go beyond: the one that was first to find no room. So a body larger than the
/// budget passes, and bodies that hold it all between them can't wait for each other for ever.
pub struct Budget {
    max: usize,
    free: Semaphore,
    overdraft: Semaphore,
    waiters: Semaphore,
}

/// What a client of HTTP/2 has sent and nobody reads stays in the connection's window, outside the budget:
/// so no more than this many bodies may wait for room.
const MOST_WAITERS: usize = 256;

impl Budget {
    pub fn new(max: usize) -> Arc<Budget> {
        let max = max.clamp(1, Semaphore::MAX_PERMITS);
        let (overdraft, waiters) = (Semaphore::new(1), Semaphore::new(MOST_WAITERS));
        Arc::new(Budget { max, free: Semaphore::new(max), overdraft, waiters })
    }

    /// One request's share, of nothing yet; it waits for room at most this long each time.
    pub fn share(self: &Arc<Budget>, wait: Duration) -> Held {
        Held { budget: self.clone(), wait, bytes: 0, overdraft: false, live: Live::default() }
    }
}

/// No room in the inbox in time.
#[derive(Debug)]
pub struct Full;

/// A request's share of the inbox and of `live_bytes`; given back when dropped.
pub struct Held {
    budget: Arc<Budget>,
    wait: Duration,
    bytes: usize,
    overdraft: bool,
    live: Live,
}

impl Held {
    /// Counts `bytes` more that have arrived, maybe after waiting for room.
    pub async fn grow(&mut self, bytes: usize) -> Result<(), Full> {
        self.reserve(bytes).await?;
        self.live.add(bytes);
        Ok(())
    }

    /// Takes room for `bytes` more that do not exist yet.
    pub async fn reserve(&mut self, bytes: usize) -> Result<(), Full> {
        let budget = &self.budget;
        let Ok(wanted) = u32::try_from(bytes) else { return Err(Full) };
        if self.overdraft || bytes == 0 {
            return Ok(());
        }
        if let Ok(permits) = budget.free.try_acquire_many(wanted) {
            permits.forget();
            self.bytes += bytes;
            return Ok(());
        }
        let Ok(_waiting) = budget.waiters.try_acquire() else { return Err(Full) };
        tokio::select! {
            biased;
            permits = budget.free.acquire_many(wanted), if bytes <= budget.max => {
                permits.map_err(|_| Full)?.forget();
                self.bytes += bytes;
                Ok(())
            }
            permit = budget.overdraft.acquire() => {
                permit.map_err(|_| Full)?.forget();
                self.overdraft = true;
                Ok(())
            }
            () = tokio::time::sleep(self.wait) => Err(Full),
        }
    }

    /// Gives back what was reserved beyond `bytes`.
    pub fn shrink(&mut self, bytes: usize) {
        let more = self.bytes.saturating_sub(bytes);
        self.bytes -= more;
        self.budget.free.add_permits(more);
    }

    /// The bytes have become a segment, which counts itself.
    pub fn stop_counting(&mut self) {
        self.live = Live::default();
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.budget.free.add_permits(self.bytes);
        if self.overdraft {
            self.budget.overdraft.add_permits(1);
        }
    }
}
