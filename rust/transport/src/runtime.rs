//! The one tokio runtime of this process. Its threads never hold the GIL (`docs/adr/0001-processes-and-threads.md`).

use std::sync::OnceLock;

use tokio::runtime::{Builder, Handle, Runtime};

static RUNTIME: OnceLock<Runtime> = OnceLock::new();
const MOST_THREADS: usize = 8;

fn build(threads: usize) -> std::io::Result<Runtime> {
    Builder::new_multi_thread().worker_threads(threads.max(1)).thread_name("otelier-io").enable_all().build()
}

/// Start the runtime with `threads` threads; an error if it runs already with another number.
pub fn start(threads: usize) -> Result<(), String> {
    let mut made = false;
    let runtime = match RUNTIME.get() {
        Some(running) => running,
        None => {
            let new = build(threads).map_err(|e| format!("can't start {threads} transport threads: {e}"))?;
            RUNTIME.get_or_init(|| {
                made = true;
                new
            })
        }
    };
    let running = runtime.metrics().num_workers();
    if made || running == threads.max(1) {
        return Ok(());
    }
    Err(format!("the transport already runs with {running} threads; set them before the first server or client"))
}

/// The running runtime; starts it with as many threads as there are cores, at most 8.
pub fn handle() -> &'static Handle {
    let runtime = RUNTIME.get_or_init(|| {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        build(cores.min(MOST_THREADS)).expect("the system refuses threads or an epoll descriptor")
    });
    runtime.handle()
}
