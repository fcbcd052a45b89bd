//! `otelier._core`: coarse calls over batches; every call that can wait or work releases the GIL.

use pyo3::prelude::*;

mod batch;
mod client;
mod comparison;
mod disk;
mod edit;
mod fetching;
mod frames;
mod label_sets;
mod log;
mod logs;
mod metrics;
mod os_error;
mod pattern;
mod probability;
mod prometheus_block;
mod prometheus_json;
mod queue;
mod remote_write;
mod route;
mod scrape;
mod segment;
mod series_read;
mod series_segments;
mod series_translate;
mod series_write;
mod server;
mod spans;
mod sql;
mod told;
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
    label_sets::register(m)?;
    log::register(m)?;
    logs::register(m)?;
    segment::register(m)?;
    series_read::register(m)?;
    series_translate::register(m)?;
    series_segments::register(m)?;
    series_write::register(m)?;
    view::register(m)?;
    spans::register(m)?;
    comparison::register(m)?;
    sql::register(m)?;
    told::register(m)?;
    pattern::register(m)?;
    queue::register(m)?;
    remote_write::register(m)?;
    route::register(m)?;
    scrape::register(m)?;
    probability::register(m)?;
    prometheus_block::register(m)?;
    prometheus_json::register(m)?;
    traces::register(m)?;
    metrics::register(m)?;
    Ok(())
}
