//! OTLP over gRPC and HTTP, server and client, on tokio, hyper and rustls.

pub mod client;
pub mod compress;
pub mod runtime;
pub mod server;
pub mod status;
