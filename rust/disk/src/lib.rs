//! Durable bytes: disks real and simulated, checksummed frames, the log, queues. No Python.
