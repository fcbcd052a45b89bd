//! Metrics made of spans: what is aggregated, how it is written as OTLP, and its state as bytes.
//!
//! `spans` counts and times the spans themselves, `graph` the calls between services.

pub(crate) mod attribute;
mod encode;
mod exponential;
mod histogram;
mod state;

pub mod graph;
pub mod spans;
