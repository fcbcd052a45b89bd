//! Sends pre-encoded OTLP trace requests, each connection waiting for its answer, and counts what was accepted.
//!
//! usage: otelier-load grpc|http HOST:PORT CORPUS CONNECTIONS SECONDS [START [REQUESTS [unique [RATE]]]]
//! CORPUS: per request a u32 (little endian) length, a u32 number of items, the encoded request.
//! Requests go out in the corpus' order, over and over, starting with number START; a refusal that may be
//! repeated (gRPC 8 or 14, HTTP 429 or 503) is, after 10 ms. Prints one line of JSON; `accepted` says how
//! often each request was, so that the sink's sum can be checked. REQUESTS ends the load early (0: no end). With
//! `unique`, each round through the corpus has trace ids and times of its own, as a store must meet them (`same`
//! sends it as it is). RATE is in requests a second (0: as fast as answers come); latencies then count from when a
//! request was due, so that a backlog shows.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::{Duration, Instant};

use bytes::{BufMut, Bytes, BytesMut};
use http::{HeaderMap, Request};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::{http1, http2};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

mod unique;

use unique::Places;

const GRPC_PATH: &str = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";

struct Load {
    grpc: bool,
    address: String,
    corpus: Vec<(Bytes, u64)>,
    /// Where ids and times lie in each request; empty unless every round is to have its own.
    places: Vec<Places>,
    /// The next request's number, counted over all rounds.
    next: Cell<usize>,
    /// Where to end.
    end: usize,
    accepted: RefCell<Vec<u64>>,
    items: Cell<u64>,
    requests: Cell<u64>,
    repeated: Cell<u64>,
    failure: RefCell<Option<String>>,
    latencies_us: RefCell<Vec<u32>>,
    began: Instant,
    until: Instant,
    /// Seconds from one request to the next; 0: as fast as answers come.
    pause: f64,
    first: usize,
}

enum Sender {
    Grpc(http2::SendRequest<Full<Bytes>>),
    Http(http1::SendRequest<Full<Bytes>>),
}

#[derive(Clone)]
struct LocalExecutor;

impl<F: Future + 'static> hyper::rt::Executor<F> for LocalExecutor {
    fn execute(&self, future: F) {
        tokio::task::spawn_local(future);
    }
}

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let [_, protocol, address, corpus, connections, seconds, start @ ..] = args.as_slice() else {
        eprintln!("usage: otelier-load grpc|http HOST:PORT CORPUS CONNECTIONS SECONDS [START [REQUESTS [unique [RATE]]]]");
        std::process::exit(2);
    };
    let corpus = read_corpus(corpus, protocol == "grpc");
    let grpc_prefix = if protocol == "grpc" { 5 } else { 0 };
    let seconds: f64 = seconds.parse().expect("SECONDS is a number");
    let (unique, numbers) = (start.get(2).is_some_and(|word| word == "unique"), start);
    let number = |at: usize| numbers.get(at).map_or(0, |s| s.parse().expect("START and REQUESTS are numbers"));
    let (start, requests): (usize, usize) = (number(0), number(1));
    let rate: f64 = numbers.get(3).map_or(0.0, |s| s.parse().expect("RATE is a number"));
    let began = Instant::now();
    let load = Rc::new(Load {
        grpc: protocol == "grpc",
        address: address.clone(),
        accepted: RefCell::new(vec![0; corpus.len()]),
        places: if unique { corpus.iter().map(|(body, _)| Places::find(body, grpc_prefix)).collect() } else { vec![] },
        next: Cell::new(start),
        end: if requests > 0 { start + requests } else { usize::MAX },
        corpus,
        items: Cell::new(0),
        requests: Cell::new(0),
        repeated: Cell::new(0),
        failure: RefCell::new(None),
        latencies_us: RefCell::new(Vec::new()),
        began,
        until: began + Duration::from_secs_f64(seconds),
        pause: if rate > 0.0 { 1.0 / rate } else { 0.0 },
        first: start,
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("runtime");
    let local = tokio::task::LocalSet::new();
    local.block_on(&runtime, run(load.clone(), connections.parse().expect("CONNECTIONS is a number")));
    report(&load, began.elapsed());
}

fn read_corpus(path: &str, grpc: bool) -> Vec<(Bytes, u64)> {
    let data = Bytes::from(std::fs::read(path).expect("corpus"));
    let mut requests = Vec::new();
    let mut at = 0;
    while at < data.len() {
        let word = |at: usize| u32::from_le_bytes(data[at..at + 4].try_into().expect("four bytes"));
        let (length, items) = (word(at) as usize, u64::from(word(at + 4)));
        let body = data.slice(at + 8..at + 8 + length);
        at += 8 + length;
        if grpc {
            let mut framed = BytesMut::with_capacity(length + 5);
            framed.put_u8(0);
            framed.put_u32(length as u32);
            framed.extend_from_slice(&body);
            requests.push((framed.freeze(), items));
        } else {
            requests.push((body, items));
        }
    }
    requests
}

async fn run(load: Rc<Load>, connections: usize) {
    let tasks: Vec<_> = (0..connections).map(|_| tokio::task::spawn_local(connection(load.clone()))).collect();
    for task in tasks {
        if let Err(error) = task.await.expect("task") {
            *load.failure.borrow_mut() = Some(error);
        }
    }
}

async fn connection(load: Rc<Load>) -> Result<(), String> {
    let text = |e: &dyn std::fmt::Display| e.to_string();
    let mut sender = connect(&load).await?;
    while Instant::now() < load.until && load.next.get() < load.end && load.failure.borrow().is_none() {
        let next = load.next.get();
        let (round, number) = (next / load.corpus.len(), next % load.corpus.len());
        load.next.set(next + 1);
        let due = load.began + Duration::from_secs_f64(load.pause * (next - load.first) as f64);
        if load.pause > 0.0 {
            tokio::time::sleep_until(due.into()).await;
        }
        let (body, items) = &load.corpus[number];
        let body = load.places.get(number).map_or_else(|| body.clone(), |places| places.rewrite(body, round as u64));
        let sent = if load.pause > 0.0 { due } else { Instant::now() };
        loop {
            match exchange(&load, &mut sender, body.clone()).await.map_err(|e| text(&e))? {
                Answer::Accepted => break,
                Answer::Again => {
                    load.repeated.set(load.repeated.get() + 1);
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
            }
        }
        load.latencies_us.borrow_mut().push(sent.elapsed().as_micros() as u32);
        load.accepted.borrow_mut()[number] += 1;
        load.items.set(load.items.get() + items);
        load.requests.set(load.requests.get() + 1);
    }
    Ok(())
}

async fn connect(load: &Load) -> Result<Sender, String> {
    let stream = TcpStream::connect(&load.address).await.map_err(|e| format!("{}: {e}", load.address))?;
    stream.set_nodelay(true).map_err(|e| e.to_string())?;
    if load.grpc {
        let (sender, connection) = http2::Builder::new(LocalExecutor)
            .initial_stream_window_size(1 << 20)
            .handshake(TokioIo::new(stream))
            .await
            .map_err(|e| e.to_string())?;
        tokio::task::spawn_local(connection);
        Ok(Sender::Grpc(sender))
    } else {
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(|e| e.to_string())?;
        tokio::task::spawn_local(connection);
        Ok(Sender::Http(sender))
    }
}

enum Answer {
    Accepted,
    Again,
}

async fn exchange(load: &Load, sender: &mut Sender, body: Bytes) -> Result<Answer, String> {
    let request = |path: &str, content_type: &str, version| {
        let mut request = Request::post(path).version(version).header("content-type", content_type);
        request = if load.grpc { request.header("te", "trailers") } else { request.header("host", &load.address) };
        request.body(Full::new(body)).map_err(|e| e.to_string())
    };
    let response = match sender {
        Sender::Grpc(sender) => {
            sender.ready().await.map_err(|e| e.to_string())?;
            let uri = format!("http://{}{GRPC_PATH}", load.address);
            sender.send_request(request(&uri, "application/grpc", http::Version::HTTP_2)?).await
        }
        Sender::Http(sender) => {
            sender.ready().await.map_err(|e| e.to_string())?;
            let request = request("/v1/traces", "application/x-protobuf", http::Version::HTTP_11)?;
            sender.send_request(request).await
        }
    };
    let (head, body) = response.map_err(|e| e.to_string())?.into_parts();
    let collected = body.collect().await.map_err(|e| e.to_string())?;
    let status = if load.grpc {
        let header = |map: &HeaderMap| map.get("grpc-status").map(|v| v.to_str().unwrap_or("?").to_owned());
        header(&head.headers).or_else(|| collected.trailers().and_then(header)).unwrap_or("none".into())
    } else {
        head.status.as_str().to_owned()
    };
    match status.as_str() {
        "0" | "200" => Ok(Answer::Accepted),
        "8" | "14" | "429" | "503" => Ok(Answer::Again),
        other => Err(format!("answered with status {other}: {:?}", head.headers.get("grpc-message"))),
    }
}

fn report(load: &Load, took: Duration) {
    let mut latencies = load.latencies_us.borrow_mut();
    latencies.sort_unstable();
    let quantile = |q: f64| latencies.get(((latencies.len().max(1) - 1) as f64 * q) as usize).copied().unwrap_or(0);
    let counts: Vec<String> = load.accepted.borrow().iter().map(u64::to_string).collect();
    println!(
        "{{\"items\":{},\"requests\":{},\"repeated\":{},\"seconds\":{:.3},\"p50_ms\":{:.3},\"p99_ms\":{:.3},\"failure\":{:?},\"accepted\":[{}]}}",
        load.items.get(),
        load.requests.get(),
        load.repeated.get(),
        took.as_secs_f64(),
        f64::from(quantile(0.5)) / 1e3,
        f64::from(quantile(0.99)) / 1e3,
        load.failure.borrow().clone().unwrap_or_default(),
        counts.join(",")
    );
}
