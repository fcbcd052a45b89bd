//! What processors, connectors and routers do with encoded telemetry. No policy, no Python, and no I/O but what
//! the trace buffer spills.
//!
//! Every loop over spans that a component asks for is here, one job a file; what is to be done is data that Python made.

pub mod condition;
pub mod edit;
mod keys;
mod level;
mod message;
pub mod metrics;
pub mod pattern;
pub mod probability;
mod re2;
mod record;
pub mod remote_write;
pub mod route;
mod scene;
pub mod traces;

pub use condition::Condition;
pub use edit::Edit;
