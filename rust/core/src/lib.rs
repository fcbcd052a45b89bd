//! `otelier._core`: coarse calls over batches; every call that can wait or work releases the GIL.

use pyo3::prelude::*;

mod batch;
mod client;
mod disk;
mod edit;
mod fetching;
mod frames;
mod log;
mod logs;
mod metrics;
mod os_error;
mod pattern;
mod probability;
mod queue;
mod remote_write;
mod route;
mod segment;
mod server;
mod spans;
mod traces;
mod view;

#[pymodule]
fn _core(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add("__version__", env!("CARGO_PKG_VERSION"))?;
    batch::register(m)?;
    server::register(m)?;
    client::register(m)?;
    disk::register(m)?;
    edit::register(m)?;
    frames::register(m)?;
    log::register(m)?;
    logs::register(m)?;
    segment::register(m)?;
    view::register(m)?;
    spans::register(m)?;
    pattern::register(m)?;
    queue::register(m)?;
    remote_write::register(m)?;
    route::register(m)?;
    probability::register(m)?;
    traces::register(m)?;
    metrics::register(m)?;
    Ok(())
}
