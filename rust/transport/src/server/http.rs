//! OTLP/HTTP: POST of protobuf or JSON to one path per signal.
//!
//! Protocol: OTLP 1.x, "OTLP/HTTP"; answers as the Collector's otlp receiver gives them.

use std::sync::Arc;

use bytes::Bytes;
use http::header::{ACCEPT_ENCODING, ALLOW, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, ORIGIN, RETRY_AFTER};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Version};
use hyper::body::{Body, Incoming};
use otelier_wire::{Signal, json_to_otlp};

use super::Shared;
use super::body::{Reply, collect};
use super::budget::Held;
use super::connection::Conn;
use super::counters::Reason;
use super::export::{Ending, Failure, export, metadata};
use super::inbox::Transport;
use super::options::Kind;
use super::{cors, grpc, plain};
use crate::compress::{Algorithm, DecompressError, decompress, most_output};
use crate::status::{PartialSuccess, Status, code};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Encoding {
    Protobuf,
    Json,
}

impl Encoding {
    fn of(headers: &HeaderMap) -> Option<Encoding> {
        let value = headers.get(CONTENT_TYPE)?.to_str().ok()?;
        match value.split(';').next()?.trim().to_ascii_lowercase().as_str() {
            "application/x-protobuf" => Some(Encoding::Protobuf),
            "application/json" => Some(Encoding::Json),
            _ => None,
        }
    }

    fn content_type(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Encoding::Protobuf => "application/x-protobuf",
            Encoding::Json => "application/json",
        })
    }
}

/// Any request to a server of kind "otlp_http" or "http".
pub async fn handle(shared: &Arc<Shared>, conn: &Arc<Conn>, request: Request<Incoming>) -> Response<Reply> {
    let origin = request.headers().get(ORIGIN).cloned();
    let cors = shared.options.cors.as_ref();
    let preflight = cors.and_then(|c| cors::preflight(c, request.method(), request.headers()));
    let mut response = match preflight {
        Some(response) => response,
        None if shared.options.kind == Kind::Http => plain::handle(shared, conn, request).await,
        None => otlp(shared, conn, request).await,
    };
    if let Some(cors) = cors {
        cors::add(cors, origin.as_ref(), response.headers_mut());
    }
    for (name, value) in &shared.response_headers {
        response.headers_mut().insert(name, value.clone());
    }
    response
}

async fn otlp(shared: &Arc<Shared>, conn: &Conn, request: Request<Incoming>) -> Response<Reply> {
    let path = request.uri().path();
    if request.version() == Version::HTTP_2 && grpc::is_grpc(request.headers()) {
        return grpc::at_http_port(shared, path);
    }
    let Some(signal) = Signal::ALL.into_iter().find(|s| shared.path(*s) == Some(path)) else {
        return nothing_at(shared, path);
    };
    if request.method() != Method::POST {
        let mut response = text(StatusCode::METHOD_NOT_ALLOWED, "OTLP is sent by POST");
        response.headers_mut().insert(ALLOW, HeaderValue::from_static("POST"));
        return response;
    }
    let Some(encoding) = Encoding::of(request.headers()) else {
        shared.counters.refused(signal, Reason::UnsupportedMediaType);
        let message = "OTLP comes as application/x-protobuf or application/json";
        return text(StatusCode::UNSUPPORTED_MEDIA_TYPE, message);
    };
    let ending = Ending::new(shared, signal);
    let call = post(shared, conn, signal, encoding, request);
    let result = match shared.options.limits.answer_timeout_s {
        Some(limit) => tokio::time::timeout(limit, call).await.unwrap_or_else(|_| {
            Err(Failure::new(Reason::Deadline, code::UNAVAILABLE, "the answer took too long; try again"))
        }),
        None => call.await,
    };
    ending.of(&result);
    answer(signal, encoding, result)
}

fn nothing_at(shared: &Shared, path: &str) -> Response<Reply> {
    let last = path.trim_end_matches('/').rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
    let meant = Signal::ALL.into_iter().find(|s| last.starts_with(s.name().trim_end_matches('s')));
    let advice = match meant.and_then(|s| shared.path(s)) {
        Some(known) => format!("did you mean {known}?"),
        None => {
            let known: Vec<_> = Signal::ALL.into_iter().filter_map(|s| shared.path(s)).collect();
            format!("OTLP is sent by POST to {}", known.join(", "))
        }
    };
    text(StatusCode::NOT_FOUND, &format!("there is nothing at this path; {advice}"))
}

async fn post(
    shared: &Arc<Shared>,
    conn: &Conn,
    signal: Signal,
    encoding: Encoding,
    request: Request<Incoming>,
) -> Result<PartialSuccess, Failure> {
    let (parts, body) = request.into_parts();
    let mut held = shared.hold();
    let (mut body, size) = read_body(shared, conn, &parts.headers, parts.version, body, &mut held).await?;
    shared.counters.received(signal, size);
    if encoding == Encoding::Json && !body.is_empty() {
        held.reserve(body.len()).await.map_err(|_| Failure::full())?;
        body = json_to_otlp(signal, &body).map_err(|e| Failure::decode(&e))?.into();
    }
    let metadata = if shared.options.include_metadata { metadata(&parts.headers) } else { None };
    export(shared, signal, body, metadata, Transport::Http, held).await
}

/// The decompressed body, and its size on the wire.
pub async fn read_body(
    shared: &Shared,
    conn: &Conn,
    headers: &HeaderMap,
    version: Version,
    body: Incoming,
    held: &mut Held,
) -> Result<(Bytes, usize), Failure> {
    let limit = shared.max_message;
    let algorithms = algorithms(shared, headers)?;
    let mut bytes = read_encoded(shared, conn, headers, version, body, held).await?;
    let size = bytes.len();
    for algorithm in algorithms {
        held.reserve(most_output(bytes.len(), limit)).await.map_err(|_| Failure::full())?;
        bytes = decompress(algorithm, &bytes, limit).map(Bytes::from).map_err(|e| match e {
            DecompressError::TooLarge => Failure::too_large(limit),
            DecompressError::Corrupt(why) => {
                Failure::new(Reason::Undecodable, code::INVALID_ARGUMENT, format!("can't decompress: {why}"))
            }
        })?;
    }
    Ok((bytes, size))
}

/// The body as it is on the wire.
pub async fn read_encoded(
    shared: &Shared,
    conn: &Conn,
    headers: &HeaderMap,
    version: Version,
    mut body: Incoming,
    held: &mut Held,
) -> Result<Bytes, Failure> {
    let limit = shared.max_message;
    let declared = headers.get(CONTENT_LENGTH).and_then(|v| v.to_str().ok()?.parse::<u64>().ok());
    let reading = async {
        if declared.is_some_and(|d| d > limit as u64) {
            return Err(Failure::too_large(limit));
        }
        let collected = collect(&mut body, limit, &shared.options.limits, conn, held, |_| declared).await;
        collected.map_err(|e| Failure::body(e, limit))
    };
    let read = match shared.options.limits.read_timeout_s {
        Some(most) => tokio::time::timeout(most, reading).await.unwrap_or_else(|_| {
            Err(Failure::new(Reason::SlowBody, code::DEADLINE_EXCEEDED, "the body came too slowly"))
        }),
        None => reading.await,
    };
    if read.is_err() && version < Version::HTTP_2 && !body.is_end_stream() {
        tokio::spawn(discard(body));
    }
    read.map(Bytes::from)
}

/// Lets a client that is still sending its refused body see the answer, instead of a reset connection.
async fn discard(mut body: Incoming) {
    const MOST: usize = 64 << 20;
    const LONGEST: std::time::Duration = std::time::Duration::from_secs(2);
    let read = async {
        let mut size = 0;
        while let Some(Ok(frame)) = std::future::poll_fn(|cx| std::pin::Pin::new(&mut body).poll_frame(cx)).await {
            size += frame.data_ref().map_or(0, Bytes::len);
            if size > MOST {
                break;
            }
        }
    };
    let _ = tokio::time::timeout(LONGEST, read).await;
}

/// The algorithms to undo, in that order.
pub fn algorithms(shared: &Shared, headers: &HeaderMap) -> Result<Vec<Algorithm>, Failure> {
    let mut found = Vec::new();
    let values = headers.get_all(CONTENT_ENCODING).iter().map(|v| v.to_str().unwrap_or("?"));
    for name in values.flat_map(|v| v.split(',')).map(str::trim) {
        match Algorithm::from_name(name) {
            Some(Algorithm::Identity) => {}
            // Two are enough for any honest sender, and each costs up to the limit.
            Some(algorithm) if shared.takes(name) && found.len() < 2 => found.push(algorithm),
            _ => {
                let message = format!("can't read Content-Encoding {name}; use one of {}", shared.taken);
                return Err(Failure::new(Reason::UnsupportedEncoding, code::INVALID_ARGUMENT, message));
            }
        }
    }
    found.reverse();
    Ok(found)
}

fn answer(signal: Signal, encoding: Encoding, result: Result<PartialSuccess, Failure>) -> Response<Reply> {
    let mut response = match result {
        Ok(partial) => Response::new(Reply::of(match encoding {
            Encoding::Protobuf => partial.encode(),
            Encoding::Json => partial.to_json(signal),
        })),
        Err(failure) => {
            let mut response = Response::new(Reply::of(match encoding {
                Encoding::Protobuf => failure.status.encode(),
                Encoding::Json => failure.status.to_json(),
            }));
            *response.status_mut() = http_status(&failure);
            mark(&failure, response.headers_mut());
            response
        }
    };
    response.headers_mut().insert(CONTENT_TYPE, encoding.content_type());
    response
}

/// The answer to a request of kind "http" whose body was not taken.
pub fn refused(failure: &Failure) -> Response<Reply> {
    let mut response = text(http_status(failure), &failure.status.message);
    mark(failure, response.headers_mut());
    response
}

fn mark(failure: &Failure, headers: &mut HeaderMap) {
    if let Some(after) = failure.status.retry_after {
        headers.insert(RETRY_AFTER, (after.as_secs_f64().ceil() as u64).into());
    }
    if failure.reason == Some(Reason::UnsupportedEncoding) {
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("gzip, zstd, zlib, deflate, snappy, lz4"));
    }
}

fn http_status(failure: &Failure) -> StatusCode {
    let Failure { status: Status { code, .. }, reason } = failure;
    match (*code, reason) {
        (_, Some(Reason::TooLarge | Reason::TooManyItems)) => StatusCode::PAYLOAD_TOO_LARGE,
        (_, Some(Reason::SlowBody)) => StatusCode::REQUEST_TIMEOUT,
        (code::INVALID_ARGUMENT | code::CANCELLED, _) => StatusCode::BAD_REQUEST,
        (code::UNAVAILABLE, _) => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

pub fn text(status: StatusCode, message: &str) -> Response<Reply> {
    let mut response = Response::new(Reply::of(format!("{message}\n")));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}
