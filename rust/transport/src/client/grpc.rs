//! OTLP over gRPC: one unary Export call for each send.
//!
//! Sources: "gRPC over HTTP/2" (messages, headers, trailers), "HTTP to gRPC Status Code Mapping", and
//! "gRPC Retry Design" (a request that was surely not processed is sent once more).

use std::cell::{Cell, RefCell};
use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, TE, USER_AGENT};
use http::{Method, Request, Response, StatusCode};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use otelier_wire::{Batch, Signal};
use tokio::sync::watch;
use tokio::time::timeout;

use super::SendResult;
use super::body::{Payload, Segments, one_segment, segments_of, size_of};
use super::channel::Channel;
use super::options::{GrpcOptions, seconds};
use crate::compress::{Algorithm, compress, decompress};
use crate::runtime;
use crate::status::{PartialSuccess, Status, base64_encode, code, percent_decode};

/// Of a message: one byte that says whether it is compressed, four of length.
const PREFIX: usize = 5;
const HEALTH_PATH: &str = "/grpc.health.v1.Health/Check";
const LONGEST_TIMEOUT: Duration = Duration::from_secs(24 * 3600);
/// Headers that are ours to set.
const OWN_HEADERS: [&str; 4] = ["te", "content-type", "user-agent", "content-length"];

pub struct GrpcClient {
    channel: Arc<Channel>,
    algorithm: Algorithm,
    options: GrpcOptions,
    closed: watch::Sender<bool>,
}

impl GrpcClient {
    /// Connects when first used. Errors are about the options and the files that they name.
    pub fn new(options: GrpcOptions) -> Result<GrpcClient, String> {
        let algorithm = match options.compression.as_str() {
            "" | "none" => Algorithm::Identity,
            "gzip" => Algorithm::Gzip,
            "zstd" => Algorithm::Zstd,
            "snappy" => Algorithm::SnappyFramed,
            "deflate" => Algorithm::Zlib,
            other => return Err(format!("compression {other:?}: use none, gzip, zstd, snappy or deflate")),
        };
        let closed = watch::Sender::new(false);
        let channel = Channel::new(options.clone(), runtime::handle().clone(), closed.subscribe())?;
        Ok(GrpcClient { channel, algorithm, options, closed })
    }

    /// Send one Export request and wait for the answer, on the calling thread.
    pub fn send(&self, batch: &Batch, headers: &[(String, String)], limit_s: f64) -> SendResult {
        let deadline = Instant::now() + seconds(limit_s, LONGEST_TIMEOUT);
        let segments = match self.segments(batch) {
            Ok(segments) => segments,
            Err(status) => return failure(status),
        };
        let sent_bytes = PREFIX + size_of(&segments);
        let result = self.call(service_path(batch.signal()), segments, headers, deadline, limit_s, success);
        SendResult { sent_bytes, ..result }
    }

    /// Ask for the server's health ("gRPC Health Checking Protocol"); a server without that service counts as healthy.
    pub fn check(&self, headers: &[(String, String)], limit_s: f64) -> SendResult {
        let deadline = Instant::now() + seconds(limit_s, LONGEST_TIMEOUT);
        let nothing = match self.algorithm {
            Algorithm::Identity => Ok(Bytes::new()),
            algorithm => compress(algorithm, self.options.compression_level, std::iter::empty()),
        };
        let body = one_segment(nothing.unwrap_or_default());
        let result = self.call(HEALTH_PATH, body, headers, deadline, limit_s, health);
        match result.code as i32 == code::UNIMPLEMENTED && result.answered {
            true => SendResult { ok: true, ..result },
            false => result,
        }
    }

    fn call(
        &self,
        path: &'static str,
        segments: Segments,
        headers: &[(String, String)],
        deadline: Instant,
        limit_s: f64,
        meaning: fn(&[u8], &HeaderMap, usize) -> SendResult,
    ) -> SendResult {
        let (peer, answered) = (RefCell::default(), Cell::new(false));
        let call = Call { client: self, segments, headers, path, deadline, meaning, peer, answered };
        let mut closed = self.closed.subscribe();
        let result = runtime::handle().block_on(async {
            tokio::select! {
                biased;
                _ = closed.wait_for(|closed| *closed) => Err(Status::new(code::CANCELLED, "the client was closed")),
                result = timeout(deadline.saturating_duration_since(Instant::now()), call.run()) => {
                    result.unwrap_or_else(|_| Err(call.too_late(limit_s)))
                }
            }
        });
        SendResult { answered: call.answered.get(), ..result.unwrap_or_else(failure) }
    }

    /// End all connections; sends under way fail as cancelled.
    pub fn close(&self) {
        self.closed.send_replace(true);
    }

    fn segments(&self, batch: &Batch) -> Result<Segments, Status> {
        let segments = match self.algorithm {
            Algorithm::Identity => segments_of(batch),
            algorithm => {
                let input = batch.segments().iter().map(|s| s.bytes().clone());
                let small = compress(algorithm, self.options.compression_level, input);
                one_segment(small.map_err(|e| Status::new(code::INTERNAL, format!("compression failed: {e}")))?)
            }
        };
        let size = size_of(&segments);
        match u32::try_from(size) {
            Ok(_) => Ok(segments),
            Err(_) => Err(Status::new(code::RESOURCE_EXHAUSTED, format!("a gRPC message can't have {size} bytes"))),
        }
    }
}

impl Drop for GrpcClient {
    fn drop(&mut self) {
        self.close();
    }
}

struct Call<'a> {
    client: &'a GrpcClient,
    segments: Segments,
    headers: &'a [(String, String)],
    path: &'static str,
    deadline: Instant,
    /// Of a successful answer.
    meaning: fn(&[u8], &HeaderMap, usize) -> SendResult,
    /// Whom we have sent to; empty while there is no connection.
    peer: RefCell<String>,
    /// The peer has begun to answer.
    answered: Cell<bool>,
}

impl Call<'_> {
    async fn run(&self) -> Result<SendResult, Status> {
        let channel = &self.client.channel;
        let mut repeated = false;
        loop {
            let picked = channel.pick().await.map_err(|why| Status::new(code::UNAVAILABLE, why))?;
            let mut sender = picked.sender;
            *self.peer.borrow_mut() = picked.address.to_string();
            let (payload, _loan) = Payload::grpc(&self.segments, self.client.algorithm != Algorithm::Identity);
            match sender.try_send_request(self.request(payload)?).await {
                Ok(response) => {
                    channel.answered(picked.connection);
                    self.answered.set(true);
                    return self.read(response).await;
                }
                Err(mut error) => {
                    let unsent = error.take_message().is_some();
                    let error = error.into_error();
                    if unsent {
                        // The connection was about to end; the next pick takes another.
                        channel.ended(picked.connection, None);
                    } else if !repeated && surely_unprocessed(&error) {
                        repeated = true;
                        channel.answered(picked.connection); // refusing is an answer, too
                    } else {
                        return Err(self.broken(&error));
                    }
                }
            }
        }
    }

    fn request(&self, payload: Payload) -> Result<Request<Payload>, Status> {
        let channel = &self.client.channel;
        let path = self.path;
        let bad = |what: &str| Status::new(code::INTERNAL, format!("{what} can't be sent as a header"));
        let mut request = Request::builder()
            .method(Method::POST)
            .uri(format!("{}://{}{path}", channel.scheme(), channel.authority()))
            .body(payload)
            .map_err(|_| bad("the authority of the target"))?;
        let headers = request.headers_mut();
        for (key, value) in self.headers {
            let name: HeaderName = key.parse().map_err(|_| bad(&format!("header {key:?}")))?;
            if OWN_HEADERS.contains(&name.as_str()) || name.as_str().starts_with("grpc-") {
                continue;
            }
            let encoded = name.as_str().ends_with("-bin").then(|| base64_encode(value.as_bytes()));
            let value = HeaderValue::from_str(encoded.as_ref().unwrap_or(value));
            headers.append(name, value.map_err(|_| bad(&format!("the value of header {key:?}")))?);
        }
        headers.insert(TE, HeaderValue::from_static("trailers"));
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
        headers.insert(USER_AGENT, self.client.options.user_agent.parse().map_err(|_| bad("the user agent"))?);
        headers.insert("grpc-accept-encoding", HeaderValue::from_static("identity,gzip"));
        headers.insert("grpc-timeout", grpc_timeout(self.deadline.saturating_duration_since(Instant::now())));
        if self.client.algorithm != Algorithm::Identity {
            let name = HeaderValue::from_str(&self.client.options.compression);
            headers.insert("grpc-encoding", name.map_err(|_| bad("the compression"))?);
        }
        Ok(request)
    }

    async fn read(&self, response: Response<Incoming>) -> Result<SendResult, Status> {
        let (head, mut body) = response.into_parts();
        let is_grpc = head.headers.get(CONTENT_TYPE).is_some_and(|t| t.as_bytes().starts_with(b"application/grpc"));
        if let Some(status) = status_of(&head.headers).filter(|s| s.code != code::OK) {
            return Err(status); // "trailers only"
        }
        if head.status != StatusCode::OK || !is_grpc {
            let peer = self.peer.borrow();
            let message = format!("{peer} answered with HTTP status {}, not with gRPC", head.status);
            return Err(Status::new(code_of_http(head.status), message));
        }
        let limit = self.client.options.max_response_bytes;
        let (mut message, mut trailers) = (Vec::new(), head.headers);
        while let Some(frame) = body.frame().await {
            match frame.map_err(|e| self.broken(&e))?.into_data() {
                Ok(data) => message.extend_from_slice(&data),
                Err(frame) => trailers.extend(frame.into_trailers().unwrap_or_default()),
            }
            if message.len() > limit.saturating_add(PREFIX) {
                let text = format!("the answer has more than {limit} bytes");
                return Err(Status::new(code::RESOURCE_EXHAUSTED, text));
            }
        }
        match status_of(&trailers) {
            None => {
                Err(Status::new(code::INTERNAL, format!("{} ended its answer without a status", self.peer.borrow())))
            }
            Some(status) if status.code != code::OK => Err(status),
            Some(_) => Ok((self.meaning)(&message, &trailers, limit)),
        }
    }

    fn too_late(&self, limit_s: f64) -> Status {
        let peer = self.peer.borrow();
        let why = match peer.is_empty() {
            true => self.client.channel.trouble(),
            false => format!("no answer from {peer}"),
        };
        Status::new(code::DEADLINE_EXCEEDED, format!("{why} within {limit_s} s"))
    }

    /// What a broken stream or connection means.
    fn broken(&self, error: &hyper::Error) -> Status {
        let peer = self.peer.borrow();
        match h2_error(error).filter(|e| e.is_reset() && e.is_remote()).and_then(h2::Error::reason) {
            Some(reason) => Status::new(code_of_reset(reason), format!("{peer} reset the request: {reason}")),
            None => Status::new(code::UNAVAILABLE, format!("connection to {peer} lost: {}", innermost(error))),
        }
    }
}

fn failure(status: Status) -> SendResult {
    let code = u32::try_from(status.code).unwrap_or(code::UNKNOWN as u32);
    SendResult { code, message: status.message, retry_after: status.retry_after, ..SendResult::default() }
}

/// Whatever the message says, status OK means that the data is in safe hands.
fn success(message: &[u8], headers: &HeaderMap, limit: usize) -> SendResult {
    let partial = plain(message, headers, limit).and_then(|p| PartialSuccess::decode(&p)).unwrap_or_default();
    let rejected = u64::try_from(partial.rejected).unwrap_or(0);
    SendResult { ok: true, rejected, message: partial.message, ..SendResult::default() }
}

/// A HealthCheckResponse: field 1 is the status, 1 is SERVING.
fn health(message: &[u8], headers: &HeaderMap, limit: usize) -> SendResult {
    match plain(message, headers, limit).as_deref() {
        Some([0x08, 1]) => SendResult { ok: true, ..SendResult::default() },
        _ => failure(Status::new(code::UNAVAILABLE, "the server says that it is not serving")),
    }
}

fn plain(message: &[u8], headers: &HeaderMap, limit: usize) -> Option<Bytes> {
    match message.split_at_checked(PREFIX) {
        Some(([0, ..], body)) => Some(Bytes::copy_from_slice(body)),
        Some(([1, ..], body)) => {
            let name = headers.get("grpc-encoding").and_then(|e| e.to_str().ok()).unwrap_or_default();
            let algorithm = Algorithm::from_name(name);
            algorithm.and_then(|a| decompress(a, body, limit).ok()).map(Bytes::from)
        }
        _ => None,
    }
}

/// From trailers, or from headers that stand for them. None: there is no status.
fn status_of(headers: &HeaderMap) -> Option<Status> {
    let number = headers.get("grpc-status")?.to_str().ok().and_then(|s| s.parse().ok());
    let message = headers.get("grpc-message").map(|m| percent_decode(m.as_bytes())).unwrap_or_default();
    let details = headers.get("grpc-status-details-bin").and_then(|d| Status::from_details_bin(d.as_bytes()));
    Some(Status { code: number.unwrap_or(code::UNKNOWN), message, retry_after: details.and_then(|d| d.retry_after) })
}

fn service_path(signal: Signal) -> &'static str {
    match signal {
        Signal::Traces => "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
        Signal::Metrics => "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
        Signal::Logs => "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
    }
}

/// At most eight digits and a unit.
fn grpc_timeout(left: Duration) -> HeaderValue {
    let text = match left.as_millis() {
        millis @ 1..=99_999_999 => format!("{millis}m"),
        0 => format!("{}u", left.as_micros()),
        _ => format!("{}S", left.as_secs().min(99_999_999)),
    };
    HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static("99999999S"))
}

fn code_of_http(status: StatusCode) -> i32 {
    match status.as_u16() {
        400 => code::INTERNAL,
        401 => code::UNAUTHENTICATED,
        403 => code::PERMISSION_DENIED,
        404 => code::UNIMPLEMENTED,
        429 | 502 | 503 | 504 => code::UNAVAILABLE,
        _ => code::UNKNOWN,
    }
}

fn code_of_reset(reason: h2::Reason) -> i32 {
    match reason {
        h2::Reason::REFUSED_STREAM => code::UNAVAILABLE,
        h2::Reason::CANCEL => code::CANCELLED,
        h2::Reason::ENHANCE_YOUR_CALM => code::RESOURCE_EXHAUSTED,
        h2::Reason::INADEQUATE_SECURITY => code::PERMISSION_DENIED,
        _ => code::INTERNAL,
    }
}

/// The peer said so: it refused the stream, or went away without having looked at it.
pub fn surely_unprocessed(error: &hyper::Error) -> bool {
    let Some(error) = h2_error(error).filter(|e| e.is_remote()) else { return false };
    error.is_go_away() || error.reason() == Some(h2::Reason::REFUSED_STREAM)
}

pub fn h2_error(error: &hyper::Error) -> Option<&h2::Error> {
    error.source()?.downcast_ref()
}

pub fn innermost(error: &dyn Error) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(k, v)| (HeaderName::from_static(k), v.parse().unwrap())).collect()
    }

    #[test]
    fn a_timeout_has_at_most_eight_digits() {
        let cases = [(0, "0u"), (1, "1000u"), (10, "10m"), (99_999_999, "99999999m"), (100_000_000, "100000S")];
        for (millis, text) in &cases[2..] {
            assert_eq!(grpc_timeout(Duration::from_millis(*millis)), text);
        }
        assert_eq!(grpc_timeout(Duration::from_micros(900)), "900u");
        assert_eq!(grpc_timeout(Duration::MAX), "99999999S");
    }

    #[test]
    fn a_status_keeps_its_retry_info_and_text() {
        let details = Status { code: 14, message: String::new(), retry_after: Some(Duration::from_secs(3)) };
        let bin = details.to_details_bin();
        let found = status_of(&headers(&[
            ("grpc-status", "14"),
            ("grpc-message", "za%C5%BE"),
            ("grpc-status-details-bin", &bin),
        ]));
        assert_eq!(found, Some(Status { code: 14, message: "zaž".into(), retry_after: Some(Duration::from_secs(3)) }));
        assert_eq!(status_of(&headers(&[])), None);
        assert_eq!(status_of(&headers(&[("grpc-status", "many")])).map(|s| s.code), Some(code::UNKNOWN));
    }

    #[test]
    fn success_stays_success_whatever_the_message_holds() {
        let partial = PartialSuccess { rejected: 3, message: "bad ids".into() }.encode();
        let mut message = vec![0, 0, 0, 0, partial.len() as u8];
        message.extend_from_slice(&partial);
        let result = success(&message, &headers(&[]), 100);
        assert_eq!((result.ok, result.rejected, result.message.as_str()), (true, 3, "bad ids"));
        for junk in [&[][..], &[0, 0], &[1, 0, 0, 0, 1, 9], &[0, 0, 0, 0, 1, 0xff], &[7; 20]] {
            assert!(success(junk, &headers(&[("grpc-encoding", "gzip")]), 100).ok);
        }
    }
}
