//! Threads that wait to take a share of a question's work: to start one for a few milliseconds costs a good part of what
//! it spares, because it begins without a decompressor and without memory of its own.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, LazyLock};
use std::thread;

use parking_lot::Mutex;

type Job = Box<dyn FnOnce() + Send>;

/// As many as there are processors beside the one that asks.
static HELPERS: LazyLock<Helpers> = LazyLock::new(|| Helpers::new(threads() - 1));

struct Helpers {
    jobs: Sender<Job>,
    /// How many wait for work, and no job is on its way to them.
    idle: Arc<AtomicUsize>,
}

/// How many may share work: as many as there are processors.
pub fn threads() -> usize {
    static THREADS: LazyLock<usize> = LazyLock::new(|| thread::available_parallelism().map_or(1, usize::from));
    *THREADS
}

impl Helpers {
    fn new(count: usize) -> Helpers {
        let (sender, jobs) = channel();
        let (jobs, idle) = (Arc::new(Mutex::new(jobs)), Arc::new(AtomicUsize::new(0)));
        for _ in 0..count {
            let (jobs, idle) = (jobs.clone(), idle.clone());
            // Without it, who asks does everything.
            let _ = thread::Builder::new().name("otelier:helper".into()).spawn(move || help(&jobs, &idle));
        }
        Helpers { jobs: sender, idle }
    }

    /// False if none waits for work. Several jobs find one each, also before the first of them has woken up.
    fn take(&self, job: Job) -> bool {
        let one_less = self.idle.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |idle| idle.checked_sub(1));
        one_less.is_ok() && self.jobs.send(job).is_ok()
    }
}

fn help(jobs: &Mutex<Receiver<Job>>, idle: &AtomicUsize) {
    loop {
        idle.fetch_add(1, Ordering::Relaxed);
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
    HELPERS.take(job).then_some(share)
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

/// Pieces of work, numbered, which this thread and helpers take in turns.
pub struct Turns<T> {
    take: Arc<dyn Fn() -> Vec<(usize, T)> + Send + Sync>,
    others: Vec<Share<Vec<(usize, T)>>>,
}

impl<T: Send + 'static> Turns<T> {
    /// Helpers begin with `work` of each number below `count`; this thread may do something else before it finishes.
    pub fn offer(count: usize, work: impl Fn(usize) -> T + Send + Sync + 'static) -> Turns<T> {
        let next = AtomicUsize::new(0);
        let take = Arc::new(move || {
            let numbers = std::iter::from_fn(|| Some(next.fetch_add(1, Ordering::Relaxed)));
            numbers.take_while(|number| *number < count).map(|number| (number, work(number))).collect()
        });
        let helper = |_| {
            let take = take.clone();
            offer(move || take())
        };
        Turns { others: (1..count).map_while(helper).collect(), take }
    }

    /// What came of each, in order, whoever did it. Panics if some work did.
    pub fn finish(self) -> Vec<T> {
        let mut done = (self.take)();
        done.extend(self.others.into_iter().filter_map(Share::finish).flatten());
        done.sort_unstable_by_key(|(number, _)| *number);
        done.into_iter().map(|(_, done)| done).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;

    use super::*;

    #[test]
    fn all_helpers_that_wait_are_given_work_at_once() {
        let (helpers, all) = (Helpers::new(3), Arc::new(Barrier::new(4)));
        for _ in 0..100 {
            while helpers.idle.load(Ordering::Relaxed) < 3 {
                thread::yield_now();
            }
            let job = || {
                let all = all.clone();
                Box::new(move || {
                    all.wait();
                })
            };
            assert!((0..3).all(|_| helpers.take(job())) && !helpers.take(job()));
            all.wait();
        }
    }

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

    #[test]
    fn what_is_done_in_turns_is_done_once_and_in_order() {
        for count in [0, 1, 2, 3, 100] {
            for _ in 0..100 {
                let times = Arc::new(AtomicUsize::new(0));
                let counted = times.clone();
                let turns = Turns::offer(count, move |number| {
                    counted.fetch_add(1, Ordering::Relaxed);
                    number
                });
                assert_eq!(turns.finish(), (0..count).collect::<Vec<_>>());
                assert_eq!(times.load(Ordering::Relaxed), count);
            }
        }
    }

    #[test]
    fn a_panic_in_a_turn_reaches_who_asked() {
        for _ in 0..100 {
            let turns = Turns::offer(2, |number| assert!(number > 0, "as it must"));
            assert!(catch_unwind(AssertUnwindSafe(|| turns.finish())).is_err());
        }
    }
}
