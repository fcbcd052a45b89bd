//! Durable bytes: disks real and simulated, checksummed frames, the log, queues. No Python.
//!
//! Everything that must survive a crash goes through [`Disk`], so that tests can list every operation, stop the process
//! after any of them, fail any of them, and lose what a power cut may lose.

mod commit;
pub mod disk;
pub mod frame;
pub mod generation;
pub mod log;
pub mod log_options;
pub mod operations;
pub mod queue;
mod queue_record;
pub mod real;
pub mod records;
pub mod simulated;
mod writer;

pub use disk::{Disk, File, Over, ReadAt, ensure_dir, replace};
pub use frame::{Frame, Frames};
pub use generation::{Kind, LogRecord, Tail};
pub use log::Log;
pub use log_options::{Carried, Counters, LogOptions, Sync};
pub use operations::Operations;
pub use queue::QueueFile;
pub use real::RealDisk;
pub use records::Records;
pub use simulated::SimulatedDisk;
