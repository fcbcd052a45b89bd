//! Servers of kind "http": any request goes to Python, which answers, but for those that are passed on.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{HOST, UPGRADE};
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode, Version};
use hyper::body::Incoming;
use hyper::upgrade::OnUpgrade;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::timeout;

use super::body::{Piece, Reply};
use super::budget::Held;
use super::connection::Conn;
use super::http::{read_body, refused, text};
use super::socket::HttpSocket;
use super::{Phase, Shared};
use crate::runtime;

const ANSWER_TIMEOUT: Duration = Duration::from_secs(60);
/// An asker who takes nothing of an answer in pieces for so long has gone.
const STALLED: Duration = Duration::from_secs(60);
/// Pieces that wait for the asker; whoever makes them waits then, too.
const PIECES: usize = 4;

/// One request to be answered; dropped, it is answered with 500.
pub struct HttpRequest {
    pub method: String,
    pub path: String,
    pub query: String,
    pub headers: HeaderMap,
    pub body: Bytes,
    reply: oneshot::Sender<Response<Reply>>,
    /// The connection, where it may become something else than HTTP.
    upgrade: Option<(OnUpgrade, Arc<Conn>, watch::Receiver<Phase>)>,
    _held: Held,
}

impl HttpRequest {
    /// Err says which part of the answer is not valid.
    pub fn respond(self, status: u16, headers: &[(String, String)], body: Bytes) -> Result<(), String> {
        let response = answer(status, headers, Reply::of(body))?;
        // An asker that has gone needs no answer.
        let _ = self.reply.send(response);
        Ok(())
    }

    /// Answers with 101, after which the connection speaks what was agreed on. Err as above, or if it can't.
    pub fn upgrade(self, headers: &[(String, String)]) -> Result<HttpSocket, String> {
        let Some((upgrade, conn, phase)) = self.upgrade else {
            return Err("this request asks for no upgrade".to_owned());
        };
        let mut response = Response::new(Reply::default());
        *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        fill(response.headers_mut(), headers)?;
        let socket = HttpSocket::of(upgrade, &conn, phase);
        let _ = self.reply.send(response);
        Ok(socket)
    }

    /// Whether nobody waits for the answer any more: the asker has gone, or it took too long.
    pub fn is_abandoned(&self) -> bool {
        self.reply.is_closed()
    }

    /// Begins an answer whose body comes in pieces. Err as above.
    pub fn stream(self, status: u16, headers: &[(String, String)]) -> Result<HttpStream, String> {
        let (pieces, later) = mpsc::channel(PIECES);
        let response = answer(status, headers, Reply { later: Some(later), ..Reply::default() })?;
        let _ = self.reply.send(response);
        Ok(HttpStream { pieces })
    }
}

/// An answer under way; dropped unfinished, it breaks off.
pub struct HttpStream {
    pieces: mpsc::Sender<Piece>,
}

impl HttpStream {
    /// Waits for the asker to take what came before; false if it has gone. Not to be called on a transport thread.
    pub fn send(&self, data: Bytes) -> bool {
        self.push(Piece::Data(data))
    }

    /// Err says which trailer is not valid.
    pub fn finish(self, trailers: &[(String, String)]) -> Result<(), String> {
        let mut map = HeaderMap::new();
        fill(&mut map, trailers)?;
        self.push(Piece::End(map));
        Ok(())
    }

    fn push(&self, piece: Piece) -> bool {
        // The clock of a time-out is the runtime's, so it has to begin in there.
        let sent = runtime::handle().block_on(async { timeout(STALLED, self.pieces.send(piece)).await });
        matches!(sent, Ok(Ok(())))
    }
}

fn answer(status: u16, headers: &[(String, String)], body: Reply) -> Result<Response<Reply>, String> {
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(status)
        .ok()
        .filter(|s| s.as_u16() >= 200)
        .ok_or_else(|| format!("{status} is no status of an answer"))?;
    fill(response.headers_mut(), headers)?;
    Ok(response)
}

fn fill(map: &mut HeaderMap, headers: &[(String, String)]) -> Result<(), String> {
    for (name, value) in headers {
        let key = HeaderName::from_bytes(name.as_bytes()).map_err(|_| format!("{name:?} is no header name"))?;
        let value = HeaderValue::from_str(value).map_err(|_| format!("{name}: {value:?} is no header value"))?;
        map.append(key, value);
    }
    Ok(())
}

pub async fn handle(shared: &Arc<Shared>, conn: &Arc<Conn>, mut request: Request<Incoming>) -> Response<Reply> {
    if let Some(pass_on) = shared.pass_on.as_ref().filter(|pass_on| pass_on.takes(&request)) {
        return pass_on.handle(shared, conn, request).await;
    }
    let upgrades = request.version() == Version::HTTP_11 && request.headers().contains_key(UPGRADE);
    let upgrade = upgrades.then(|| (hyper::upgrade::on(&mut request), conn.clone(), shared.phase.subscribe()));
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
    let (reply, answered) = oneshot::channel();
    let request = HttpRequest {
        method: parts.method.as_str().to_owned(),
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or("").to_owned(),
        headers,
        body,
        reply,
        upgrade,
        _held: held,
    };
    if !shared.inbox.push_http(request) {
        return text(StatusCode::SERVICE_UNAVAILABLE, "the server is stopping");
    }
    let wait = shared.options.limits.answer_timeout_s.unwrap_or(ANSWER_TIMEOUT);
    match timeout(wait, answered).await {
        Ok(Ok(response)) => response,
        Ok(Err(_)) => text(StatusCode::INTERNAL_SERVER_ERROR, "the request was not answered"),
        Err(_) => text(StatusCode::GATEWAY_TIMEOUT, "the answer took too long"),
    }
}
