//! Clients of OTLP backends. They send once and say what came of it; whether to try again is Python's policy.

mod answer;
mod body;
mod channel;
mod connect;
mod endpoints;
pub mod fetch;
pub mod grpc;
pub mod http;
pub mod options;
mod pool;
mod proxy;
mod resolve;
mod tls;

use std::time::Duration;

pub use answer::Answer;
pub use fetch::Fetches;
pub use grpc::GrpcClient;
pub use http::HttpClient;
pub use options::{GrpcOptions, HttpOptions};

/// What came of one send.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SendResult {
    pub ok: bool,
    /// gRPC status code, or HTTP status (0: no answer).
    pub code: u32,
    pub message: String,
    /// From RetryInfo or Retry-After.
    pub retry_after: Option<Duration>,
    /// Items that the backend rejected by partial success.
    pub rejected: u64,
    /// Body bytes, after compression.
    pub sent_bytes: usize,
    /// gRPC only: the peer has answered, well or not.
    pub answered: bool,
}
