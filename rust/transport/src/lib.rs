//! OTLP over gRPC and HTTP, server and client, on tokio, hyper and rustls.
