//! OTLP over HTTP/1.1 and HTTP/2, and any other request. Redirects are not followed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::header::{
    ACCEPT_ENCODING, AUTHORIZATION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HOST, HeaderMap, HeaderName,
    HeaderValue, PROXY_AUTHORIZATION, TRANSFER_ENCODING, USER_AGENT,
};
use http::{Method, Request, Response, Uri};
use hyper::body::Incoming;
use otelier_wire::{Batch, Mapping, otlp_to_json};
use tokio::sync::watch;
use tokio::time::timeout;

use super::SendResult;
use super::answer::{self, Answer, Unread};
use super::body::{Loan, Payload, Segments, one_segment, segments_of, size_of};
use super::grpc::{innermost, surely_unprocessed};
use super::options::{HttpOptions, seconds};
use super::pool::{Lane, Origin, Pool, name};
use super::proxy::basic;
use crate::compress::{Algorithm, compress};
use crate::runtime;

const LONGEST_TIMEOUT: Duration = Duration::from_secs(24 * 3600);

/// How a batch is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    Protobuf,
    Json,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoAnswer {
    /// What was asked for can't be sent, to anybody.
    Unsendable(String),
    Failed(String),
    TimedOut(String),
}

pub struct HttpClient {
    pool: Arc<Pool>,
    algorithm: Algorithm,
    options: HttpOptions,
    closed: watch::Sender<bool>,
}

impl HttpClient {
    /// Connects when first used. Errors are about the options and the files that they name.
    pub fn new(options: HttpOptions) -> Result<HttpClient, String> {
        let usage =
            || format!("compression {:?}: use none, gzip, zstd, snappy, zlib, deflate or lz4", options.compression);
        let algorithm = Algorithm::from_name(&options.compression).ok_or_else(usage)?;
        let pool = Arc::new(Pool::new(options.clone())?);
        Ok(HttpClient { pool, algorithm, options, closed: watch::Sender::new(false) })
    }

    /// POST one Export request and wait for the answer, on the calling thread. An error is the caller's fault:
    /// a URL or header that can't be sent.
    pub fn send(
        &self,
        url: &str,
        batch: &Batch,
        encoding: Encoding,
        headers: &[(String, String)],
        limit_s: f64,
    ) -> Result<SendResult, String> {
        let deadline = Instant::now() + seconds(limit_s, LONGEST_TIMEOUT);
        let result = self.content(batch, encoding).and_then(|segments| {
            let mut own = HeaderMap::new();
            let content_type = match encoding {
                Encoding::Protobuf => "application/x-protobuf",
                Encoding::Json => "application/json",
            };
            own.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
            if self.algorithm != Algorithm::Identity {
                own.insert(CONTENT_ENCODING, header_value("compression", &self.options.compression)?);
            }
            let sent_bytes = size_of(&segments);
            let answer = self.answer(Method::POST, url, own, headers, segments, deadline, limit_s)?;
            Ok(SendResult { sent_bytes, ..answer::interpret(batch.signal(), &answer) })
        });
        match result {
            Err(NoAnswer::Failed(message) | NoAnswer::TimedOut(message)) => {
                Ok(SendResult { message, ..SendResult::default() })
            }
            Err(NoAnswer::Unsendable(why)) => Err(why),
            Ok(result) => Ok(result),
        }
    }

    /// Any request; asks for gzip unless `headers` say what to accept.
    pub fn request(
        &self,
        method: &str,
        url: &str,
        headers: &[(String, String)],
        body: Bytes,
        limit_s: f64,
    ) -> Result<Answer, NoAnswer> {
        let deadline = Instant::now() + seconds(limit_s, LONGEST_TIMEOUT);
        let method = method.parse().map_err(|_| NoAnswer::Unsendable(format!("{method:?} is no HTTP method")))?;
        let own = HeaderMap::from_iter([(ACCEPT_ENCODING, HeaderValue::from_static("gzip"))]);
        self.answer(method, url, own, headers, one_segment(body), deadline, limit_s)
    }

    /// End all connections; requests under way fail.
    pub fn close(&self) {
        self.closed.send_replace(true);
        self.pool.close();
    }

    fn content(&self, batch: &Batch, encoding: Encoding) -> Result<Segments, NoAnswer> {
        let segments = match encoding {
            Encoding::Protobuf => segments_of(batch),
            Encoding::Json => one_segment(otlp_to_json(batch.signal(), batch.segments(), Mapping::Otlp).into()),
        };
        if self.algorithm == Algorithm::Identity {
            return Ok(segments);
        }
        let input = segments.iter().map(|s| s.bytes().clone());
        let small = compress(self.algorithm, self.options.compression_level, input);
        Ok(one_segment(small.map_err(|e| NoAnswer::Failed(format!("compression failed: {e}")))?))
    }

    /// GET, from within the runtime; asks for gzip unless `headers` say what to accept.
    pub async fn get(&self, url: &str, headers: &[(String, String)], limit_s: f64) -> Result<Answer, NoAnswer> {
        let deadline = Instant::now() + seconds(limit_s, LONGEST_TIMEOUT);
        let own = HeaderMap::from_iter([(ACCEPT_ENCODING, HeaderValue::from_static("gzip"))]);
        let nothing = one_segment(Bytes::new());
        let exchange = self.exchange(Method::GET, url, own, headers, nothing)?;
        self.within(exchange, deadline, limit_s).await
    }

    /// A request that somebody else has made, from within the runtime; nothing is added to its headers.
    pub async fn pass(
        &self,
        method: Method,
        url: &str,
        headers: HeaderMap,
        body: Bytes,
        limit: Duration,
    ) -> Result<Answer, NoAnswer> {
        let deadline = Instant::now() + limit;
        let url = Url::parse(url).map_err(NoAnswer::Unsendable)?;
        let (segments, connected) = (one_segment(body), AtomicBool::new(false));
        let exchange = Exchange { client: self, method, url, headers, segments, connected };
        self.within(exchange, deadline, limit.as_secs_f64()).await
    }

    #[allow(clippy::too_many_arguments)]
    fn answer(
        &self,
        method: Method,
        url: &str,
        headers: HeaderMap,
        more: &[(String, String)],
        segments: Segments,
        deadline: Instant,
        limit_s: f64,
    ) -> Result<Answer, NoAnswer> {
        let exchange = self.exchange(method, url, headers, more, segments)?;
        runtime::handle().block_on(self.within(exchange, deadline, limit_s))
    }

    fn exchange(
        &self,
        method: Method,
        url: &str,
        mut headers: HeaderMap,
        more: &[(String, String)],
        segments: Segments,
    ) -> Result<Exchange<'_>, NoAnswer> {
        let url = Url::parse(url).map_err(NoAnswer::Unsendable)?;
        headers.insert(USER_AGENT, header_value("user-agent", &self.options.user_agent)?);
        if let Some(login) = &url.login {
            headers.insert(AUTHORIZATION, header_value("authorization", &basic(login))?);
        }
        for (key, value) in more {
            let key: HeaderName =
                key.parse().map_err(|_| NoAnswer::Unsendable(format!("{key:?} is no header name")))?;
            // The length is the payload's, whatever is asked for.
            if key != CONTENT_LENGTH && key != TRANSFER_ENCODING {
                let value = header_value(key.as_str(), value)?;
                headers.insert(key, value);
            }
        }
        Ok(Exchange { client: self, method, url, headers, segments, connected: AtomicBool::new(false) })
    }

    async fn within(&self, exchange: Exchange<'_>, deadline: Instant, limit_s: f64) -> Result<Answer, NoAnswer> {
        let mut closed = self.closed.subscribe();
        tokio::select! {
            biased;
            _ = closed.wait_for(|closed| *closed) => Err(NoAnswer::Failed("the client was closed".into())),
            result = timeout(deadline.saturating_duration_since(Instant::now()), exchange.run()) => {
                result.unwrap_or_else(|_| Err(exchange.too_late(limit_s)))
            }
        }
    }
}

impl Drop for HttpClient {
    fn drop(&mut self) {
        self.close();
    }
}

struct Exchange<'a> {
    client: &'a HttpClient,
    method: Method,
    url: Url,
    headers: HeaderMap,
    segments: Segments,
    connected: AtomicBool,
}

impl Exchange<'_> {
    async fn run(&self) -> Result<Answer, NoAnswer> {
        let (pool, origin) = (&self.client.pool, &self.url.origin);
        let mut fresh = false;
        loop {
            let mut lease = pool.lease(origin, fresh).await.map_err(NoAnswer::Failed)?;
            self.connected.store(true, Ordering::Relaxed);
            match self.attempt(&mut lease.lane).await? {
                Ok((response, _loan)) => {
                    let answer = answer::read(response, self.client.options.max_response_bytes).await;
                    let answer = answer.map_err(|e| self.unread(e))?;
                    pool.give_back(origin, lease).await;
                    return Ok(answer);
                }
                // The peer closed a connection that had waited, before it saw this request: not its answer.
                Err((unsent, error)) if !fresh && (unsent || retriable(&error, lease.reused)) => fresh = true,
                Err((_, error)) => return Err(self.unread(Unread::Broken(error))),
            }
        }
    }

    /// The inner error says whether the request surely was not sent.
    async fn attempt(
        &self,
        lane: &mut Lane,
    ) -> Result<Result<(Response<Incoming>, Loan), (bool, hyper::Error)>, NoAnswer> {
        let (payload, loan) = Payload::http(&self.segments);
        let sent = match lane {
            Lane::One(sender) => sender.try_send_request(self.request(payload, false)?).await,
            Lane::Shared(sender) => sender.try_send_request(self.request(payload, true)?).await,
        };
        Ok(sent.map(|response| (response, loan)).map_err(|mut e| (e.take_message().is_some(), e.into_error())))
    }

    fn request(&self, payload: Payload, http2: bool) -> Result<Request<Payload>, NoAnswer> {
        let proxy = self.client.pool.plain_proxy(&self.url.origin).map_err(NoAnswer::Failed)?;
        let path = &self.url.path;
        let uri = match proxy.is_some() || http2 {
            true => format!("{}://{}{path}", self.url.scheme(), self.url.authority),
            false => path.clone(),
        };
        let request = Request::builder().method(self.method.clone()).uri(uri).body(payload);
        let mut request = request.map_err(|e| NoAnswer::Unsendable(format!("the URL can't be sent: {e}")))?;
        *request.headers_mut() = self.headers.clone();
        if !http2 && !self.headers.contains_key(HOST) {
            request.headers_mut().insert(HOST, header_value("host", &self.url.authority)?);
        }
        if let Some(credentials) = proxy.and_then(|p| p.credentials.as_ref()) {
            request.headers_mut().insert(PROXY_AUTHORIZATION, header_value("proxy-authorization", credentials)?);
        }
        Ok(request)
    }

    fn unread(&self, why: Unread) -> NoAnswer {
        let peer = name(&self.url.origin);
        NoAnswer::Failed(match why {
            Unread::Broken(error) if error.is_parse() => format!("{peer} did not answer in HTTP: {error}"),
            Unread::Broken(error) => format!("connection to {peer} lost: {}", innermost(&error)),
            Unread::TooLarge => {
                format!("the answer of {peer} has more than {} bytes", self.client.options.max_response_bytes)
            }
            Unread::Corrupt(why) => format!("the answer of {peer} can't be decompressed: {why}"),
        })
    }

    fn too_late(&self, limit_s: f64) -> NoAnswer {
        let what = if self.connected.load(Ordering::Relaxed) { "no answer from" } else { "no connection to" };
        NoAnswer::TimedOut(format!("{what} {} within {limit_s} s", name(&self.url.origin)))
    }
}

struct Url {
    origin: Origin,
    /// As it goes into `Host`.
    authority: String,
    path: String,
    login: Option<String>,
}

impl Url {
    fn parse(text: &str) -> Result<Url, String> {
        let wrong = |why: &str| format!("not a URL that can be sent to: {why}; write http://host:port/path");
        let uri: Uri = text.parse().map_err(|_| wrong("it has a wrong character"))?;
        let https = match uri.scheme_str() {
            Some("http") => false,
            Some("https") => true,
            _ => return Err(wrong("it begins with neither http:// nor https://")),
        };
        let authority = uri.authority().map(|a| a.as_str()).unwrap_or_default();
        let (login, authority) = authority.rsplit_once('@').map_or((None, authority), |(l, a)| (Some(l), a));
        let default = if https { 443 } else { 80 };
        let (host, port) = super::resolve::split_port(authority, default).ok_or_else(|| wrong("it has no host"))?;
        let path = uri.path_and_query().map_or("/", |p| p.as_str());
        Ok(Url {
            origin: Origin { https, host, port },
            authority: authority.to_owned(),
            path: if path.starts_with('/') { path.to_owned() } else { format!("/{path}") },
            login: login.map(str::to_owned),
        })
    }

    fn scheme(&self) -> &'static str {
        if self.origin.https { "https" } else { "http" }
    }
}

fn retriable(error: &hyper::Error, reused: bool) -> bool {
    surely_unprocessed(error) || reused && !error.is_parse() && !error.is_user()
}

fn header_value(name: &str, value: &str) -> Result<HeaderValue, NoAnswer> {
    HeaderValue::from_str(value)
        .map_err(|_| NoAnswer::Unsendable(format!("the value of header {name:?} can't be sent")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_taken_apart() {
        let url = Url::parse("https://me:pw@collector.example/v1/traces?a=b").unwrap();
        assert_eq!(url.origin, Origin { https: true, host: "collector.example".into(), port: 443 });
        assert_eq!((url.authority.as_str(), url.path.as_str()), ("collector.example", "/v1/traces?a=b"));
        assert_eq!(url.login.as_deref(), Some("me:pw"));
        let url = Url::parse("http://[::1]:4318").unwrap();
        assert_eq!((url.origin.host.as_str(), url.origin.port, url.path.as_str()), ("::1", 4318, "/"));
        for text in ["", "/v1/traces", "ftp://a/", "http://", "http://a:b/", "http://a b/"] {
            assert!(Url::parse(text).is_err_and(|e| e.contains("write http://")), "{text}");
        }
    }
}
