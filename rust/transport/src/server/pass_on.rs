//! Requests that another server answers: they go to it as they came, compressed as they are, and its answers come back.
//!
//! A page of a browser may not send there, and only names of ours may be asked for; whatever does not pass is left to
//! Python, which knows what to say.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use http::header::{
    ACCEPT_ENCODING, CONNECTION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, EXPECT, HOST, ORIGIN,
    PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, RETRY_AFTER, TE, TRAILER, TRANSFER_ENCODING, UPGRADE,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode};
use hyper::body::Incoming;

use super::Shared;
use super::body::Reply;
use super::connection::Conn;
use super::http::{algorithms, read_encoded, refused, text};
use super::options::{Accepts, Hosts, PassedOn};
use crate::client::http::NoAnswer;
use crate::client::{HttpClient, HttpOptions};

/// Of one connection, not of the request.
const HOP: [HeaderName; 9] = [
    CONNECTION,
    CONTENT_LENGTH,
    HeaderName::from_static("keep-alive"),
    PROXY_AUTHENTICATE,
    PROXY_AUTHORIZATION,
    TE,
    TRAILER,
    TRANSFER_ENCODING,
    UPGRADE,
];
const LONGEST: Duration = Duration::from_secs(60);

pub struct PassOn {
    options: PassedOn,
    client: HttpClient,
    /// What is said besides, whatever the client says of it.
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl PassOn {
    pub fn new(mut options: PassedOn) -> Result<PassOn, String> {
        let header = |(name, value): (String, String)| {
            let wrong = || format!("passed_on.headers: {name:?} is no header, or its value can't be sent");
            let key = HeaderName::from_bytes(name.as_bytes()).map_err(|_| wrong())?;
            Ok::<_, String>((key, HeaderValue::from_str(&value).map_err(|_| wrong())?))
        };
        let headers = std::mem::take(&mut options.headers).into_iter().map(header).collect::<Result<_, _>>()?;
        let client = HttpClient::new(HttpOptions {
            compression: "none".to_owned(),
            proxy_from_environment: false,
            max_conns_per_host: options.max_connections,
            ..HttpOptions::default()
        })?;
        Ok(PassOn { options, client, headers })
    }

    /// Whether the request goes on from here.
    pub fn takes(&self, request: &Request<Incoming>) -> bool {
        let (uri, headers) = (request.uri(), request.headers());
        let named = headers.get(HOST).map(|host| host.to_str().ok());
        let host = named.unwrap_or_else(|| Some(uri.authority().map_or("", |all| all.as_str())));
        request.method() == Method::POST
            && self.options.paths.contains_key(uri.path())
            && !headers.contains_key(ORIGIN)
            && host.is_some_and(|host| admits(&self.options.hosts, host))
    }

    /// The answer of whom it went to; 503 if there is none.
    pub async fn handle(&self, shared: &Arc<Shared>, conn: &Conn, request: Request<Incoming>) -> Response<Reply> {
        let (parts, body) = request.into_parts();
        let mut held = shared.hold();
        let encoded = match algorithms(shared, &parts.headers) {
            Ok(_) => read_encoded(shared, conn, &parts.headers, parts.version, body, &mut held).await,
            Err(failure) => Err(failure),
        };
        let body = match encoded {
            Ok(body) => body,
            Err(failure) => return refused(&failure),
        };
        held.stop_counting();
        let accepts = self.options.paths.get(parts.uri.path());
        if let Some(why) = accepts.and_then(|accepts| unsupported(accepts, &parts.headers)) {
            return text(StatusCode::UNSUPPORTED_MEDIA_TYPE, &why);
        }
        let place = parts.uri.path_and_query().map_or("/", |place| place.as_str());
        let url = format!("http://{}{place}", self.options.endpoint);
        let mut headers = without_hop(parts.headers);
        for name in [HOST, EXPECT, ACCEPT_ENCODING] {
            headers.remove(name);
        }
        for (name, value) in &self.headers {
            headers.insert(name, value.clone());
        }
        let wait = self.options.timeout_s.unwrap_or(LONGEST);
        match self.client.pass(parts.method, &url, headers, body, wait).await {
            Ok(answer) => {
                let mut response = Response::new(Reply::of(answer.body));
                *response.status_mut() = answer.status;
                *response.headers_mut() = without_hop(answer.headers);
                response
            }
            Err(NoAnswer::Unsendable(why) | NoAnswer::Failed(why) | NoAnswer::TimedOut(why)) => {
                let message = format!("{} does not answer ({why}); try again later", self.options.name);
                let mut response = text(StatusCode::SERVICE_UNAVAILABLE, &message);
                response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
                response
            }
        }
    }

    pub fn close(&self) {
        self.client.close();
    }
}

/// Told before anybody looks into the body: a sender then tries another form, and does not give its data up.
fn unsupported(accepts: &Accepts, headers: &HeaderMap) -> Option<String> {
    for (name, allowed) in [(CONTENT_TYPE, &accepts.content_types), (CONTENT_ENCODING, &accepts.encodings)] {
        let given = headers.get(&name).map_or("", |value| value.to_str().unwrap_or("?"));
        let given = given.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        if !allowed.is_empty() && !allowed.contains(&given) {
            let known: Vec<&str> = allowed.iter().map(String::as_str).filter(|each| !each.is_empty()).collect();
            return Some(format!("{name} {given:?} is not taken here: use {}", known.join(" or ")));
        }
    }
    None
}

fn without_hop(mut headers: HeaderMap) -> HeaderMap {
    let listed = |value: &HeaderValue| value.to_str().map(str::to_owned).unwrap_or_default();
    let listed: Vec<String> = headers.get_all(CONNECTION).iter().map(listed).collect();
    for name in listed.iter().flat_map(|value| value.split(',')) {
        headers.remove(name.trim());
    }
    for name in HOP {
        headers.remove(name);
    }
    headers
}

/// Whether this `Host`, with or without a port, is a name that no stranger can own, or one that Python has named.
fn admits(hosts: &Hosts, header: &str) -> bool {
    let host = match header.strip_prefix('[') {
        Some(rest) => rest.split(']').next(),
        None => header.split(':').next(),
    };
    let host = host.unwrap_or_default().to_ascii_lowercase();
    let host = host.trim_end_matches('.');
    hosts.any
        || !host.contains('.')
        || host.parse::<IpAddr>().is_ok()
        || hosts.names.iter().any(|name| name == host)
        || hosts.below.iter().any(|end| host.ends_with(end.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_anybody_can_own_are_not_admitted() {
        let hosts = Hosts {
            any: false,
            names: vec!["otelier.example.com".into()],
            below: vec![".localhost".into(), ".lan.example".into()],
        };
        for host in ["", "localhost:9090", "10.0.0.7:9090", "[::1]:9090", "[::1]", "otelier", "a.localhost"] {
            assert!(admits(&hosts, host), "{host}");
        }
        for host in ["Otelier.Example.com.:9090", "a.lan.example"] {
            assert!(admits(&hosts, host), "{host}");
        }
        for host in ["evil.example.com", "lan.example", "10.0.0.7.example", "10.0.0.256"] {
            assert!(!admits(&hosts, host), "{host}");
        }
        assert!(admits(&Hosts { any: true, ..Hosts::default() }, "evil.example.com"));
    }

    #[test]
    fn what_is_not_taken_is_told_by_the_headers() {
        let list = |names: &[&str]| names.iter().map(|each| (*each).to_owned()).collect();
        let accepts =
            Accepts { content_types: list(&["", "application/x-protobuf"]), encodings: list(&["", "snappy"]) };
        let told = |kind: &'static str, encoding: &'static str| {
            let mut headers = HeaderMap::new();
            for (name, value) in [(CONTENT_TYPE, kind), (CONTENT_ENCODING, encoding)] {
                if !value.is_empty() {
                    headers.insert(name, HeaderValue::from_static(value));
                }
            }
            unsupported(&accepts, &headers)
        };
        for kind in ["", "application/x-protobuf", "Application/X-Protobuf;proto=prometheus.WriteRequest"] {
            assert_eq!(told(kind, "snappy").or(told(kind, "")), None, "{kind}");
        }
        let json = "content-type \"application/json\" is not taken here: use application/x-protobuf";
        assert_eq!(told("application/json", "snappy").as_deref(), Some(json));
        assert_eq!(told("", "gzip").as_deref(), Some("content-encoding \"gzip\" is not taken here: use snappy"));
        assert_eq!(unsupported(&Accepts::default(), &HeaderMap::new()), None);
    }

    #[test]
    fn headers_of_the_connection_stay_behind() {
        let mut headers = HeaderMap::new();
        for (name, value) in [("connection", "close, X-Mine"), ("x-mine", "1"), ("te", "trailers"), ("x-yours", "2")] {
            headers.append(name, HeaderValue::from_static(value));
        }
        let left = without_hop(headers);
        assert_eq!(left.keys().map(HeaderName::as_str).collect::<Vec<_>>(), ["x-yours"]);
    }
}
