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
/// Answers that are taken together.
const TOGETHER: usize = 64;

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
    /// One is there, and nobody gathers.
    first: Condvar,
    /// Whoever gathers has enough.
    enough: Condvar,
}

#[derive(Default)]
struct State {
    done: VecDeque<Fetched>,
    /// Somebody has seen the first, and waits for more.
    gathering: bool,
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
                if !state.gathering {
                    queue.first.notify_one();
                } else if state.done.len() >= TOGETHER {
                    queue.enough.notify_one();
                }
            }
        });
    }

    /// What is done: waits for the first as long as `wait`, then as long as `gather` for more, so that answers that come
    /// at about the same time wake one thread once. None if there is nothing in time, or no more.
    pub fn take(&self, wait: Duration, gather: Duration) -> Vec<Fetched> {
        let until = Instant::now() + wait;
        let mut state = self.0.done.lock();
        while (state.done.is_empty() || state.gathering) && !state.closed {
            if self.0.first.wait_until(&mut state, until).timed_out() {
                return Vec::new();
            }
        }
        state.gathering = true;
        let until = Instant::now() + gather;
        while state.done.len() < TOGETHER && !state.closed {
            if self.0.enough.wait_until(&mut state, until).timed_out() {
                break;
            }
        }
        state.gathering = false;
        let count = state.done.len().min(TOGETHER);
        let taken = state.done.drain(..count).collect();
        if !state.done.is_empty() {
            self.0.first.notify_one();
        }
        taken
    }

    /// Whoever waits in `take` gets nothing; answers that still come are forgotten.
    pub fn close(&self) {
        let mut state = self.0.done.lock();
        state.closed = true;
        state.done.clear();
        self.0.first.notify_all();
        self.0.enough.notify_all();
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

    fn some(fetches: &Fetches, count: usize) {
        let nothing = || Fetched { token: 0, took: Duration::ZERO, result: Err(NoAnswer::TimedOut(String::new())) };
        fetches.0.done.lock().done.extend((0..count).map(|_| nothing()));
    }

    #[test]
    fn what_is_there_is_taken_together_up_to_a_number() {
        let fetches = Fetches::default();
        some(&fetches, TOGETHER + 1);
        assert_eq!(fetches.take(Duration::ZERO, Duration::ZERO).len(), TOGETHER);
        assert_eq!(fetches.take(Duration::ZERO, Duration::ZERO).len(), 1);
    }

    #[test]
    fn whoever_waits_is_told_of_the_end() {
        let fetches = Fetches::default();
        assert!(fetches.take(Duration::ZERO, Duration::ZERO).is_empty());
        let wait = Duration::from_secs(60);
        let other = fetches.clone();
        let waiting = std::thread::spawn(move || other.take(wait, Duration::ZERO).is_empty());
        fetches.close();
        assert!(waiting.join().unwrap());
        assert!(fetches.take(wait, wait).is_empty());
    }
}
