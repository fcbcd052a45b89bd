//! Servers of kind "http": any request goes to Python, which answers.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::HOST;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode};
use hyper::body::Incoming;
use tokio::sync::oneshot;

use super::Shared;
use super::body::Reply;
use super::budget::Held;
use super::connection::Conn;
use super::http::{read_body, refused, text};

const ANSWER_TIMEOUT: Duration = Duration::from_secs(60);

/// One request to be answered; dropped, it is answered with 500.
pub struct HttpRequest {
    pub method: String,
    pub path: String,
    pub query: String,
    pub headers: HeaderMap,
    pub body: Bytes,
    reply: oneshot::Sender<Response<Reply>>,
    _held: Held,
}

impl HttpRequest {
    /// Err says which part of the answer is not valid.
    pub fn respond(self, status: u16, headers: &[(String, String)], body: Vec<u8>) -> Result<(), String> {
        let mut response = Response::new(Reply::of(body));
        *response.status_mut() = StatusCode::from_u16(status)
            .ok()
            .filter(|s| s.as_u16() >= 200)
            .ok_or_else(|| format!("{status} is no status of an answer"))?;
        for (name, value) in headers {
            let key = HeaderName::from_bytes(name.as_bytes()).map_err(|_| format!("{name:?} is no header name"))?;
            let value = HeaderValue::from_str(value).map_err(|_| format!("{name}: {value:?} is no header value"))?;
            response.headers_mut().append(key, value);
        }
        // An asker that has gone needs no answer.
        let _ = self.reply.send(response);
        Ok(())
    }
}

pub async fn handle(shared: &Arc<Shared>, conn: &Conn, request: Request<Incoming>) -> Response<Reply> {
    let (parts, body) = request.into_parts();
    let mut held = shared.hold();
    let body = match read_body(shared, conn, &parts.headers, parts.version, body, &mut held).await {
        Ok((body, _)) => body,
        Err(failure) => return refused(&failure),
    };
    held.shrink(body.len());
    let mut headers = parts.headers;
    // HTTP/2 says the name that was asked for elsewhere; those who check it look here.
    if !headers.contains_key(HOST)
        && let Some(name) = parts.uri.authority().and_then(|a| HeaderValue::from_str(a.as_str()).ok())
    {
        headers.insert(HOST, name);
    }
    let (reply, answer) = oneshot::channel();
    let request = HttpRequest {
        method: parts.method.as_str().to_owned(),
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or("").to_owned(),
        headers,
        body,
        reply,
        _held: held,
    };
    if !shared.inbox.push_http(request) {
        return text(StatusCode::SERVICE_UNAVAILABLE, "the server is stopping");
    }
    let wait = shared.options.limits.answer_timeout_s.unwrap_or(ANSWER_TIMEOUT);
    match tokio::time::timeout(wait, answer).await {
        Ok(Ok(response)) => response,
        Ok(Err(_)) => text(StatusCode::INTERNAL_SERVER_ERROR, "the request was not answered"),
        Err(_) => text(StatusCode::GATEWAY_TIMEOUT, "the answer took too long"),
    }
}
