//! What an HTTP answer to an Export request says. Sources: OTLP 1.x, "Response" and "Failures"; RFC 9110.

use std::time::{Duration, SystemTime};

use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, LOCATION, RETRY_AFTER};
use http::{Response, StatusCode};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use otelier_wire::Signal;

use super::SendResult;
use crate::compress::{Algorithm, DecompressError, decompress};
use crate::status::{PartialSuccess, Status};

/// Of a text that is not ours, in an error message.
const MAX_TEXT: usize = 300;

/// An answer, its body whole and plain.
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

/// Why there is no whole answer.
pub enum Unread {
    Broken(hyper::Error),
    TooLarge,
    Corrupt(String),
}

/// Read all, at most `limit` bytes before and after decompression.
pub async fn read(response: Response<Incoming>, limit: usize) -> Result<Answer, Unread> {
    let (head, mut incoming) = response.into_parts();
    let (status, mut headers, mut body) = (head.status, head.headers, Vec::new());
    while let Some(frame) = incoming.frame().await {
        if let Ok(data) = frame.map_err(Unread::Broken)?.into_data() {
            if body.len() + data.len() > limit {
                return Err(Unread::TooLarge);
            }
            body.extend_from_slice(&data);
        }
    }
    let encoding = headers.get(CONTENT_ENCODING).and_then(|e| e.to_str().ok());
    if let Some(algorithm) = encoding.and_then(Algorithm::from_name).filter(|a| *a != Algorithm::Identity) {
        body = decompress(algorithm, &body, limit).map_err(|e| match e {
            DecompressError::TooLarge => Unread::TooLarge,
            DecompressError::Corrupt(why) => Unread::Corrupt(why),
        })?;
        headers.remove(CONTENT_ENCODING);
        headers.remove(CONTENT_LENGTH);
    }
    Ok(Answer { status, headers, body })
}

/// The meaning of an answer to an Export request.
pub fn interpret(signal: Signal, answer: &Answer) -> SendResult {
    let code = u32::from(answer.status.as_u16());
    if answer.status.is_success() {
        let partial = match kind(&answer.headers) {
            Kind::Json => PartialSuccess::from_json(signal, &answer.body),
            Kind::Protobuf => PartialSuccess::decode(&answer.body),
            Kind::Other => None,
        };
        let partial = partial.unwrap_or_default();
        let rejected = u64::try_from(partial.rejected).unwrap_or(0);
        return SendResult { ok: true, code, rejected, message: partial.message, ..SendResult::default() };
    }
    let (detail, retry_info) = details(answer);
    let message = match (detail.is_empty(), answer.status.canonical_reason()) {
        (false, _) => detail,
        (true, Some(reason)) => reason.to_owned(),
        (true, None) => format!("HTTP status {code}"),
    };
    let retry_after = answer.headers.get(RETRY_AFTER).and_then(|v| retry_after(v.as_bytes(), SystemTime::now()));
    SendResult { code, message, retry_after: retry_after.or(retry_info), ..SendResult::default() }
}

fn details(answer: &Answer) -> (String, Option<Duration>) {
    if answer.status.is_redirection() {
        let to = answer.headers.get(LOCATION).map_or(String::new(), |l| String::from_utf8_lossy(l.as_bytes()).into());
        return (format!("redirects are not followed; it points to {to:?}"), None);
    }
    match kind(&answer.headers) {
        Kind::Protobuf => {
            Status::decode(&answer.body).map(|s| (shortened(&s.message), s.retry_after)).unwrap_or_default()
        }
        Kind::Json => {
            let value: serde_json::Value = serde_json::from_slice(&answer.body).unwrap_or_default();
            let message = value.get("message").or(value.get("error")).and_then(|m| m.as_str());
            (shortened(message.unwrap_or_default()), None)
        }
        Kind::Other => (shortened(std::str::from_utf8(&answer.body).unwrap_or_default()), None),
    }
}

enum Kind {
    Protobuf,
    Json,
    Other,
}

fn kind(headers: &HeaderMap) -> Kind {
    let text = headers.get(CONTENT_TYPE).and_then(|t| t.to_str().ok()).unwrap_or_default().to_ascii_lowercase();
    match text.split(';').next().unwrap_or_default().trim() {
        "application/x-protobuf" | "application/protobuf" => Kind::Protobuf,
        "application/json" => Kind::Json,
        _ => Kind::Other,
    }
}

/// Printable, on one line, and not long.
fn shortened(text: &str) -> String {
    let clean = text.trim().chars().map(|c| if c.is_control() { ' ' } else { c });
    let mut short: String = clean.take(MAX_TEXT).collect();
    if short.chars().count() == MAX_TEXT {
        short.push('…');
    }
    short
}

/// Seconds, or a date seen from `now`; one in the past means at once.
fn retry_after(value: &[u8], now: SystemTime) -> Option<Duration> {
    let text = std::str::from_utf8(value).ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = httpdate::parse_http_date(text).ok()?;
    Some(date.duration_since(now).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, content_type: &str, body: &[u8]) -> Answer {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, content_type.parse().unwrap());
        Answer { status: StatusCode::from_u16(status).unwrap(), headers, body: body.to_vec() }
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let date = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777);
        let text = b"Sun, 06 Nov 1994 08:49:37 GMT";
        assert_eq!(retry_after(text, date - Duration::from_secs(30)), Some(Duration::from_secs(30)));
        assert_eq!(retry_after(text, date + Duration::from_secs(30)), Some(Duration::ZERO));
        assert_eq!(retry_after(b" 7 ", date), Some(Duration::from_secs(7)));
        for junk in [&b"soon"[..], b"-1", b"\xff", b""] {
            assert_eq!(retry_after(junk, date), None);
        }
    }

    #[test]
    fn rejected_items_are_found_in_both_encodings() {
        let json = br#"{"partialSuccess": {"rejectedSpans": "3", "errorMessage": "bad ids"}}"#;
        let result = interpret(Signal::Traces, &answer(200, "application/json; charset=utf-8", json));
        assert_eq!((result.ok, result.rejected, result.message.as_str()), (true, 3, "bad ids"));
        let binary = PartialSuccess { rejected: 4, message: String::new() }.encode();
        assert_eq!(interpret(Signal::Logs, &answer(202, "application/x-protobuf", &binary)).rejected, 4);
        assert!(interpret(Signal::Logs, &answer(200, "text/html", b"<html>")).ok);
    }

    #[test]
    fn an_error_says_what_the_backend_said() {
        let status = Status { code: 14, message: "queue full".into(), retry_after: Some(Duration::from_secs(9)) };
        let result = interpret(Signal::Traces, &answer(503, "application/x-protobuf", &status.encode()));
        assert_eq!(result.message, "queue full");
        assert_eq!(result.retry_after, Some(Duration::from_secs(9)));
        let said = |content_type, body| interpret(Signal::Traces, &answer(400, content_type, body)).message;
        assert_eq!(said("application/json", br#"{"code": 3, "message": "no"}"#), "no");
        assert_eq!(said("text/plain", b"wrong\r\n\x1b[31m path\n"), "wrong   [31m path");
        assert_eq!(said("application/json", b"{"), "Bad Request");
        assert!(said("text/plain", "ä".repeat(10_000).as_bytes()).chars().count() < 400);
    }
}
