//! CORS: which web pages may send from a browser. Nothing is answered to an origin that is not named.
//!
//! Protocol: https://fetch.spec.whatwg.org/#http-cors-protocol

use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS,
    ACCESS_CONTROL_REQUEST_METHOD, ORIGIN, VARY,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode};

use super::body::Reply;
use super::options::Cors;

/// What any allowed page may set besides the harmless headers: without a content type there is no OTLP.
const ALWAYS: [&str; 4] = ["accept", "content-type", "origin", "x-requested-with"];

/// The answer to a preflight, if this is one.
pub fn preflight(cors: &Cors, method: &Method, headers: &HeaderMap) -> Option<Response<Reply>> {
    let wanted = headers.get(ACCESS_CONTROL_REQUEST_METHOD)?;
    let origin = headers.get(ORIGIN).filter(|_| method == Method::OPTIONS)?;
    let mut response = Response::new(Reply::default());
    *response.status_mut() = StatusCode::NO_CONTENT;
    if allowed_origin(cors, origin) && headers_allowed(cors, headers) {
        let out = response.headers_mut();
        out.insert(ACCESS_CONTROL_ALLOW_METHODS, wanted.clone());
        if let Some(asked) = headers.get(ACCESS_CONTROL_REQUEST_HEADERS) {
            out.insert(ACCESS_CONTROL_ALLOW_HEADERS, asked.clone());
        }
        if cors.max_age > 0 {
            out.insert(ACCESS_CONTROL_MAX_AGE, cors.max_age.into());
        }
    }
    Some(response)
}

/// Adds what a browser must see to hand the answer to the page.
pub fn add(cors: &Cors, origin: Option<&HeaderValue>, out: &mut HeaderMap) {
    out.append(VARY, HeaderValue::from_name(ORIGIN));
    let Some(origin) = origin.filter(|o| allowed_origin(cors, o)) else { return };
    out.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
    match HeaderValue::from_str(&cors.exposed_headers.join(", ")) {
        Ok(names) if !names.is_empty() => drop(out.insert(ACCESS_CONTROL_EXPOSE_HEADERS, names)),
        _ => {}
    }
}

fn allowed_origin(cors: &Cors, origin: &HeaderValue) -> bool {
    let Ok(origin) = origin.to_str() else { return false };
    let origin = origin.to_ascii_lowercase();
    cors.allowed_origins.iter().any(|pattern| {
        let pattern = pattern.to_ascii_lowercase();
        match pattern.split_once('*') {
            None => pattern == origin,
            Some((start, end)) => {
                origin.len() >= start.len() + end.len() && origin.starts_with(start) && origin.ends_with(end)
            }
        }
    })
}

fn headers_allowed(cors: &Cors, headers: &HeaderMap) -> bool {
    let asked = headers.get_all(ACCESS_CONTROL_REQUEST_HEADERS).iter().filter_map(|v| v.to_str().ok());
    asked.flat_map(|v| v.split(',')).map(str::trim).filter(|name| !name.is_empty()).all(|name| {
        let known = HeaderName::from_bytes(name.as_bytes()).is_ok();
        let mut allowed = cors.allowed_headers.iter().map(String::as_str).chain(ALWAYS);
        known && allowed.any(|a| a == "*" || a.eq_ignore_ascii_case(name))
    })
}
