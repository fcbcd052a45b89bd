//! OTLP/gRPC: the unary Export calls of three services, and `grpc.health.v1.Health/Check`.
//!
//! Protocol: gRPC over HTTP/2 (grpc/grpc, doc/PROTOCOL-HTTP2.md), compression.md, statuscodes.md.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ALLOW, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode};
use hyper::body::Incoming;
use otelier_wire::Signal;
use tokio::time::{Instant, timeout_at};

use super::Shared;
use super::body::{BodyError, Reply, collect};
use super::budget::Held;
use super::connection::Conn;
use super::counters::Reason;
use super::export::{Ending, Failure, export, metadata};
use super::http::text;
use super::inbox::Transport;
use crate::compress::{Algorithm, DecompressError, decompress, most_output};
use crate::status::{Status, code, percent_encode};

const STATUS: HeaderName = HeaderName::from_static("grpc-status");
const MESSAGE: HeaderName = HeaderName::from_static("grpc-message");
const DETAILS: HeaderName = HeaderName::from_static("grpc-status-details-bin");
const ENCODING: HeaderName = HeaderName::from_static("grpc-encoding");
const ACCEPT_ENCODING: HeaderName = HeaderName::from_static("grpc-accept-encoding");
const TIMEOUT: HeaderName = HeaderName::from_static("grpc-timeout");
const ACCEPTED: &str = "identity,gzip,zstd,deflate,snappy";
const GRPC: HeaderValue = HeaderValue::from_static("application/grpc");

const HEALTH_CHECK: &str = "/grpc.health.v1.Health/Check";
const SERVING: [u8; 2] = [0x08, 1];
const NOT_SERVING: [u8; 2] = [0x08, 2];
const NOT_FOUND: i32 = 5;
/// A HealthCheckRequest is a service's name.
const HEALTH_LIMIT: usize = 4 << 10;

/// Flag and length before each message.
const PREFIX: usize = 5;

fn service(signal: Signal) -> &'static str {
    match signal {
        Signal::Traces => "opentelemetry.proto.collector.trace.v1.TraceService",
        Signal::Metrics => "opentelemetry.proto.collector.metrics.v1.MetricsService",
        Signal::Logs => "opentelemetry.proto.collector.logs.v1.LogsService",
    }
}

pub async fn handle(shared: &Arc<Shared>, conn: &Conn, request: Request<Incoming>) -> Response<Reply> {
    if request.method() != Method::POST {
        let mut response = text(StatusCode::METHOD_NOT_ALLOWED, "gRPC is spoken here, by POST");
        response.headers_mut().insert(ALLOW, HeaderValue::from_static("POST"));
        return response;
    }
    if !is_grpc(request.headers()) {
        let message = "gRPC is spoken here (application/grpc); OTLP/HTTP has another port, usually 4318";
        return text(StatusCode::UNSUPPORTED_MEDIA_TYPE, message);
    }
    let path = request.uri().path();
    let signal = exported(path).filter(|s| shared.serves(*s));
    let headers = request.headers();
    let deadline = headers.get(TIMEOUT).and_then(|v| timeout(v.as_bytes())).map(|t| Instant::now() + t);
    if let Some(signal) = signal {
        let ending = Ending::new(shared, signal);
        let result = within(deadline, export_call(shared, conn, signal, request)).await;
        ending.of(&result);
        return match result {
            Ok(partial) => message(&partial.encode()),
            Err(failure) => error(&failure.status),
        };
    }
    if path == HEALTH_CHECK {
        return match within(deadline, health(shared, conn, request)).await {
            Ok(status) => message(status),
            Err(failure) => error(&failure.status),
        };
    }
    error(&Status::new(code::UNIMPLEMENTED, format!("there is no method {path} here")))
}

/// Of a call of Export.
fn exported(path: &str) -> Option<Signal> {
    let called = path.strip_prefix('/')?.strip_suffix("/Export")?;
    Signal::ALL.into_iter().find(|s| called == service(*s))
}

/// The answer to a call at the port of OTLP/HTTP, in the one form of which gRPC's clients show the text.
pub fn at_http_port(shared: &Shared, path: &str) -> Response<Reply> {
    if let Some(signal) = exported(path) {
        shared.counters.refused(signal, Reason::UnsupportedMediaType);
    }
    let message = "OTLP/HTTP is spoken here; OTLP/gRPC has another port, usually 4317";
    let mut response = error(&Status::new(code::UNIMPLEMENTED, message));
    response.headers_mut().remove(ACCEPT_ENCODING);
    response
}

pub fn is_grpc(headers: &HeaderMap) -> bool {
    let value = headers.get(CONTENT_TYPE).map_or(&b""[..], |v| v.as_bytes());
    let rest = value.strip_prefix(b"application/grpc");
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(b"+proto") || rest.starts_with(b";"))
}

async fn within<T>(deadline: Option<Instant>, call: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    match deadline {
        Some(deadline) => timeout_at(deadline, call).await.unwrap_or_else(|_| Err(Failure::deadline())),
        None => call.await,
    }
}

/// The value of `grpc-timeout`: at most eight digits and a unit.
fn timeout(value: &[u8]) -> Option<Duration> {
    let (unit, digits) = value.split_last()?;
    if digits.is_empty() || digits.len() > 8 || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let amount: u64 = std::str::from_utf8(digits).ok()?.parse().ok()?;
    Some(match unit {
        b'H' => Duration::from_secs(amount * 3600),
        b'M' => Duration::from_secs(amount * 60),
        b'S' => Duration::from_secs(amount),
        b'm' => Duration::from_millis(amount),
        b'u' => Duration::from_micros(amount),
        b'n' => Duration::from_nanos(amount),
        _ => return None,
    })
}

async fn export_call(
    shared: &Arc<Shared>,
    conn: &Conn,
    signal: Signal,
    request: Request<Incoming>,
) -> Result<crate::status::PartialSuccess, Failure> {
    let (parts, mut body) = request.into_parts();
    let mut held = shared.hold();
    let (framed, size) = read_call(shared, conn, &mut body, &mut held, shared.max_message).await?;
    shared.counters.received(signal, size);
    let bytes = unframe(framed, &parts.headers, shared.max_message, &mut held).await?;
    let metadata = if shared.options.include_metadata { metadata(&parts.headers) } else { None };
    export(shared, signal, bytes, metadata, Transport::Grpc, held).await
}

async fn health(shared: &Arc<Shared>, conn: &Conn, request: Request<Incoming>) -> Result<&'static [u8], Failure> {
    let (parts, mut body) = request.into_parts();
    let mut held = shared.hold();
    let (framed, _) = read_call(shared, conn, &mut body, &mut held, HEALTH_LIMIT).await?;
    let message = unframe(framed, &parts.headers, HEALTH_LIMIT, &mut held).await?;
    // Field 1 is the service; an empty message asks for the whole server.
    let service_asked = match message.as_ref() {
        [] => "",
        [0x0a, length, name @ ..] if usize::from(*length) == name.len() => std::str::from_utf8(name).unwrap_or("?"),
        _ => "?",
    };
    let known =
        service_asked.is_empty() || Signal::ALL.into_iter().any(|s| service(s) == service_asked && shared.serves(s));
    if !known {
        let status = Status::new(NOT_FOUND, format!("there is no service {service_asked} here"));
        return Err(Failure { status, reason: None });
    }
    Ok(if shared.is_ready() { &SERVING } else { &NOT_SERVING })
}

/// The body of one call with its prefix, and its size on the wire.
async fn read_call(
    shared: &Shared,
    conn: &Conn,
    body: &mut Incoming,
    held: &mut Held,
    limit: usize,
) -> Result<(Bytes, usize), Failure> {
    let expected = |start: &[u8]| match start {
        [_, a, b, c, d, ..] => Some(u64::from(u32::from_be_bytes([*a, *b, *c, *d])) + PREFIX as u64),
        _ => None,
    };
    let collected = collect(body, limit + PREFIX, &shared.options.limits, conn, held, expected).await;
    let framed = collected.map_err(|e| match e {
        BodyError::Broken(why) => Failure::new(Reason::Cancelled, code::CANCELLED, why),
        error => Failure::body(error, limit),
    })?;
    let size = framed.len();
    Ok((framed.into(), size))
}

/// The one message of a unary call, decompressed.
async fn unframe(framed: Bytes, headers: &HeaderMap, limit: usize, held: &mut Held) -> Result<Bytes, Failure> {
    let wrong = |what: &str| Failure::new(Reason::Undecodable, code::UNIMPLEMENTED, what);
    let (flag, length) = match framed.as_ref() {
        [] => return Err(wrong("a call needs one message; there is none")),
        [flag, a, b, c, d, ..] => (*flag, u32::from_be_bytes([*a, *b, *c, *d]) as usize),
        _ => return Err(Failure::new(Reason::Undecodable, code::INTERNAL, "the message's prefix is cut off")),
    };
    if length > limit {
        return Err(Failure::too_large(limit));
    }
    let message = framed.slice(PREFIX..);
    if message.len() > length {
        return Err(wrong("a call has one message; there are more"));
    }
    if message.len() < length {
        return Err(Failure::new(Reason::Undecodable, code::INTERNAL, "the message is cut off"));
    }
    let name = headers.get(ENCODING).map_or(Ok("identity"), |v| v.to_str()).unwrap_or("?");
    match flag {
        0 => Ok(message),
        1 => {
            // HTTP calls Snappy's block format by this name, gRPC its stream format; both are read.
            let known = Algorithm::from_name(name).filter(|a| *a != Algorithm::Lz4);
            let algorithm = known.ok_or_else(|| {
                let message = format!("can't read grpc-encoding {name}; use one of {ACCEPTED}");
                Failure::new(Reason::UnsupportedEncoding, code::UNIMPLEMENTED, message)
            })?;
            if algorithm == Algorithm::Identity {
                let what = "a message is marked as compressed, but there is no grpc-encoding";
                return Err(Failure::new(Reason::Undecodable, code::INTERNAL, what));
            }
            held.reserve(most_output(message.len(), limit)).await.map_err(|_| Failure::full())?;
            decompressed(algorithm, &message, limit)
        }
        _ => Err(Failure::new(Reason::Undecodable, code::INTERNAL, format!("{flag} is no flag of a message"))),
    }
}

fn decompressed(algorithm: Algorithm, message: &[u8], limit: usize) -> Result<Bytes, Failure> {
    decompress(algorithm, message, limit).map(Bytes::from).map_err(|e| match e {
        DecompressError::TooLarge => Failure::too_large(limit),
        DecompressError::Corrupt(why) => {
            Failure::new(Reason::Undecodable, code::INTERNAL, format!("can't decompress: {why}"))
        }
    })
}

fn message(content: &[u8]) -> Response<Reply> {
    let mut framed = Vec::with_capacity(PREFIX + content.len());
    framed.push(0);
    framed.extend_from_slice(&(content.len() as u32).to_be_bytes());
    framed.extend_from_slice(content);
    let mut trailers = HeaderMap::with_capacity(1);
    trailers.insert(STATUS, HeaderValue::from_static("0"));
    let mut response = Response::new(Reply { trailers: Some(trailers), ..Reply::of(framed) });
    response.headers_mut().insert(CONTENT_TYPE, GRPC);
    response
}

fn error(status: &Status) -> Response<Reply> {
    let mut response = Response::new(Reply::default());
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, GRPC);
    headers.insert(STATUS, status.code.into());
    if let Ok(message) = HeaderValue::from_str(&percent_encode(&status.message)) {
        headers.insert(MESSAGE, message);
    }
    if status.code == code::UNIMPLEMENTED {
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static(ACCEPTED));
    }
    let details = status.retry_after.and_then(|_| HeaderValue::try_from(status.to_details_bin()).ok());
    headers.extend(details.map(|details| (DETAILS, details)));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timeouts_are_read_in_every_unit() {
        assert_eq!(timeout(b"5S"), Some(Duration::from_secs(5)));
        assert_eq!(timeout(b"4999m"), Some(Duration::from_millis(4999)));
        assert_eq!(timeout(b"99999999H"), Some(Duration::from_secs(99_999_999 * 3600)));
        for wrong in [&b""[..], b"S", b"5", b"123456789S", b"-5S", b"5x"] {
            assert_eq!(timeout(wrong), None);
        }
    }
}
