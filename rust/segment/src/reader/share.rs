//! Threads that wait to take a share of a question's work: to start one for a few milliseconds costs a good part of what
//! it spares, because it begins without a decompressor and without memory of its own.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, channel, sync_channel};
use std::sync::{Arc, LazyLock};
use std::thread;

use parking_lot::Mutex;

type Job = Box<dyn FnOnce() + Send>;

/// As many as there are processors beside the one that asks.
static HELPERS: LazyLock<SyncSender<Job>> = LazyLock::new(|| {
    let (sender, jobs) = sync_channel::<Job>(0);
    let jobs = Arc::new(Mutex::new(jobs));
    let count = thread::available_parallelism().map_or(1, usize::from) - 1;
    for _ in 0..count {
        let jobs = jobs.clone();
        // Without it, who asks does everything.
        let _ = thread::Builder::new().name("otelier:helper".into()).spawn(move || help(&jobs));
    }
    sender
});

fn help(jobs: &Mutex<Receiver<Job>>) {
    loop {
        let job = jobs.lock().recv();
        match job {
            Ok(job) => job(),
            Err(_) => return,
        }
    }
}

/// Work that a helper has taken on.
pub struct Share<T> {
    begun: Arc<AtomicBool>,
    done: Receiver<thread::Result<T>>,
}

/// `None` if no helper waits for work.
pub fn offer<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Option<Share<T>> {
    let begun = Arc::new(AtomicBool::new(false));
    let (sender, done) = channel();
    let share = Share { begun: begun.clone(), done };
    let job: Job = Box::new(move || {
        if !begun.swap(true, Ordering::Relaxed) {
            // Nobody waits for it if who asked has panicked.
            let _ = sender.send(catch_unwind(AssertUnwindSafe(work)));
        }
    });
    match HELPERS.try_send(job) {
        Ok(()) => Some(share),
        Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => None,
    }
}

impl<T> Share<T> {
    /// `None` if it has not been begun, and now won't be. Panics if the work did.
    pub fn finish(self) -> Option<T> {
        if !self.begun.swap(true, Ordering::Relaxed) {
            return None;
        }
        self.done.recv().ok().map(|done| done.unwrap_or_else(|panic| resume_unwind(panic)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_done_once_or_left() {
        let count = Arc::new(AtomicBool::new(false));
        for _ in 0..1000 {
            let done = count.clone();
            let share = offer(move || done.swap(true, Ordering::Relaxed));
            match share.and_then(Share::finish) {
                Some(before) => assert!(!before),
                None => assert!(!count.load(Ordering::Relaxed)),
            }
            count.store(false, Ordering::Relaxed);
        }
    }

    #[test]
    fn a_panic_reaches_who_asked_and_leaves_the_helper() {
        for _ in 0..100 {
            let panicked = catch_unwind(|| offer(|| panic!("as it must")).and_then(Share::<()>::finish));
            assert!(!matches!(panicked, Ok(Some(()))));
        }
    }
}
