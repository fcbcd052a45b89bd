//! Many GET requests at once without a thread for each: begun here, answered by the runtime, taken from one queue.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use http::header::LOCATION;
use http::uri::{PathAndQuery, Uri};
use parking_lot::{Condvar, Mutex};

use super::HttpClient;
use super::answer::Answer;
use super::http::NoAnswer;
use crate::runtime;

/// Headers that another host must not see.
const PRIVATE: [&str; 3] = ["authorization", "cookie", "www-authenticate"];
const MOST_REDIRECTS: usize = 10;

/// What came of one request.
pub struct Fetched {
    /// As it was begun with.
    pub token: u64,
    pub took: Duration,
    pub result: Result<Answer, NoAnswer>,
}

#[derive(Clone, Default)]
pub struct Fetches(Arc<Queue>);

#[derive(Default)]
struct Queue {
    done: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    done: VecDeque<Fetched>,
    closed: bool,
}

impl Fetches {
    /// Returns at once.
    pub fn begin(
        &self,
        client: Arc<HttpClient>,
        token: u64,
        url: String,
        headers: Vec<(String, String)>,
        limit_s: f64,
        redirects: bool,
    ) {
        let queue = self.0.clone();
        runtime::handle().spawn(async move {
            let began = Instant::now();
            let result = followed(&client, url, headers, limit_s, redirects, began).await;
            let mut state = queue.done.lock();
            if !state.closed {
                state.done.push_back(Fetched { token, took: began.elapsed(), result });
                queue.changed.notify_one();
            }
        });
    }

    /// The next that is done; None if there is none in time, or no more.
    pub fn next(&self, wait: Duration) -> Option<Fetched> {
        let until = Instant::now() + wait;
        let mut state = self.0.done.lock();
        while state.done.is_empty() && !state.closed {
            if self.0.changed.wait_until(&mut state, until).timed_out() {
                break;
            }
        }
        state.done.pop_front()
    }

    /// Whoever waits in `next` gets None; answers that still come are forgotten.
    pub fn close(&self) {
        let mut state = self.0.done.lock();
        state.closed = true;
        state.done.clear();
        self.0.changed.notify_all();
    }
}

async fn followed(
    client: &HttpClient,
    mut url: String,
    mut headers: Vec<(String, String)>,
    limit_s: f64,
    redirects: bool,
    began: Instant,
) -> Result<Answer, NoAnswer> {
    for _ in 0..=MOST_REDIRECTS {
        let left = (limit_s - began.elapsed().as_secs_f64()).max(0.0);
        let answer = client.get(&url, &headers, left).await?;
        let to = answer.headers.get(LOCATION).and_then(|to| to.to_str().ok());
        let Some(to) = to.filter(|_| redirects && matches!(answer.status.as_u16(), 301 | 302 | 303 | 307 | 308)) else {
            return Ok(answer);
        };
        let next = joined(&url, to)
            .ok_or_else(|| NoAnswer::Failed(format!("{url} points to {to:?}, which is no place to go to")))?;
        if origin(&next) != origin(&url) {
            headers.retain(|(name, _)| !PRIVATE.contains(&name.to_ascii_lowercase().as_str()));
        }
        url = next;
    }
    Err(NoAnswer::Failed(format!("stopped after {MOST_REDIRECTS} redirects")))
}

/// Where `to` leads, seen from `url`.
fn joined(url: &str, to: &str) -> Option<String> {
    if to.starts_with("http://") || to.starts_with("https://") {
        return Some(to.to_owned());
    }
    let from: Uri = url.parse().ok()?;
    let (scheme, authority) = (from.scheme_str()?, from.authority()?);
    let place = if let Some(rest) = to.strip_prefix("//") {
        return Some(format!("{scheme}://{rest}"));
    } else if to.starts_with('/') {
        to.to_owned()
    } else {
        let folder = from.path().rsplit_once('/').map_or("", |(folder, _)| folder);
        format!("{folder}/{to}")
    };
    place.parse::<PathAndQuery>().ok()?;
    Some(format!("{scheme}://{authority}{place}"))
}

fn origin(url: &str) -> &str {
    let start = url.find("://").map_or(0, |at| at + 3);
    let end = url[start..].find(['/', '?']).map_or(url.len(), |at| start + at);
    &url[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn redirects_are_seen_from_where_they_are_found() {
        let from = "http://a:1/x/y?z=1";
        assert_eq!(joined(from, "https://b/c").unwrap(), "https://b/c");
        assert_eq!(joined(from, "/c?d").unwrap(), "http://a:1/c?d");
        assert_eq!(joined(from, "c").unwrap(), "http://a:1/x/c");
        assert_eq!(joined(from, "//b/c").unwrap(), "http://b/c");
        assert_eq!((origin(from), origin("http://a:1")), ("http://a:1", "http://a:1"));
    }

    #[test]
    fn whoever_waits_is_told_of_the_end() {
        let fetches = Fetches::default();
        assert!(fetches.next(Duration::ZERO).is_none());
        let other = fetches.clone();
        let waiting = std::thread::spawn(move || other.next(Duration::from_secs(60)).is_none());
        fetches.close();
        assert!(waiting.join().unwrap());
    }
}
