//! What processors, connectors and routers do with encoded telemetry. No I/O, no policy, no Python.
//!
//! Every loop over spans that a component asks for is here, one job a file; what is to be done is data that Python made.

pub mod condition;
pub mod edit;
mod keys;
mod level;
pub mod pattern;
mod re2;
mod record;
mod scene;

pub use condition::Condition;
pub use edit::Edit;
