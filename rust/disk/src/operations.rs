//! Every change of a disk is an operation with a number and a name, such as `sync log/0000000000000001.log`.
//!
//! Tests list them, stop the process right after the n-th, or make one fail. Reads change nothing: they are not counted,
//! and fail only where a test names them (`read log/…`).

use std::io;
use std::process;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use parking_lot::Mutex;

#[derive(Debug, Default)]
pub struct Operations {
    trace: bool,
    die_after: u64,
    done: AtomicU64,
    names: Mutex<Vec<String>>,
    failures: Mutex<Vec<Failure>>,
    failing: AtomicBool,
}

/// The `nth` operation from now on, counted from 1, whose name contains `pattern`.
#[derive(Debug)]
struct Failure {
    pattern: String,
    nth: u64,
    errno: i32,
}

impl Operations {
    /// `trace`: keep the names. `die_after`: abort the process right after this operation; 0 never.
    pub fn new(trace: bool, die_after: u64) -> Operations {
        Operations { trace, die_after, ..Operations::default() }
    }

    /// Makes one operation fail, the `nth` from now on whose name contains `pattern`. The empty one means
    /// all but reads.
    pub fn fail(&self, pattern: &str, nth: u64, errno: i32) {
        self.failures.lock().push(Failure { pattern: pattern.to_owned(), nth, errno });
        self.failing.store(true, Ordering::Release);
    }

    /// Names so far, if they are kept.
    pub fn names(&self) -> Vec<String> {
        self.names.lock().clone()
    }

    pub(crate) fn run<T>(&self, verb: &str, path: &str, action: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
        self.begin(verb, path)?;
        let outcome = action();
        self.end(verb, path);
        outcome
    }

    /// Before an operation: the error that a test wants instead of it, if any.
    pub(crate) fn begin(&self, verb: &str, path: &str) -> io::Result<()> {
        if !self.failing.load(Ordering::Acquire) {
            return Ok(());
        }
        let name = format!("{verb} {path}");
        let mut failures = self.failures.lock();
        let meant = |f: &Failure| name.contains(&f.pattern) && (verb != "read" || f.pattern.starts_with("read"));
        for failure in failures.iter_mut().filter(|f| meant(f)) {
            failure.nth = failure.nth.saturating_sub(1);
        }
        let Some(due) = failures.iter().position(|f| f.nth == 0 && meant(f)) else { return Ok(()) };
        let errno = failures.swap_remove(due).errno;
        self.failing.store(!failures.is_empty(), Ordering::Release);
        Err(io::Error::from_raw_os_error(errno))
    }

    /// After an operation, successful or not.
    pub(crate) fn end(&self, verb: &str, path: &str) {
        if self.trace {
            self.names.lock().push(format!("{verb} {path}"));
        }
        if self.done.fetch_add(1, Ordering::AcqRel) + 1 == self.die_after {
            process::abort();
        }
    }
}
