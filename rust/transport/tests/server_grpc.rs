//! gRPC calls that no gRPC library makes, byte by byte: each gets the answer that the protocol asks for.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use otelier_transport::compress::{Algorithm, compress};
use otelier_transport::server::{Inbox, Server};
use otelier_wire::Signal;
use tokio::net::TcpStream;

const EXPORT: &str = "/opentelemetry.proto.collector.logs.v1.LogsService/Export";
const OPTIONS: &[u8] = br#"{"kind":"grpc","host":"127.0.0.1","port":0,"limits":{"max_message_bytes":1000}}"#;

/// One log record: `resource_logs { scope_logs { log_records { severity_number: 9 } } }`.
const RECORD: [u8; 8] = [0x0a, 6, 0x12, 4, 0x12, 2, 0x10, 9];

const OK: &str = "0";
const RESOURCE_EXHAUSTED: &str = "8";
const UNIMPLEMENTED: &str = "12";
const INTERNAL: &str = "13";

fn framed(flag: u8, message: &[u8]) -> Vec<u8> {
    [&[flag][..], &(message.len() as u32).to_be_bytes(), message].concat()
}

struct Answer {
    http: u16,
    /// From the trailers, or from the headers where there is no body.
    grpc: String,
    message: String,
}

/// A server that accepts everything, asked once.
fn ask(method: &str, headers: &[(&str, &str)], body: Vec<u8>) -> Answer {
    let inbox: Arc<Inbox> = Inbox::new(1 << 20);
    let server = Server::start(OPTIONS, inbox.clone()).ok().unwrap();
    let taker = std::thread::spawn({
        let inbox = inbox.clone();
        move || {
            while let Some(delivery) = inbox.pop(Signal::Logs, 1, Duration::from_secs(60)) {
                delivery.accept(0, "");
            }
        }
    });
    let mut request = Request::builder().method(method).uri(format!("http://localhost{EXPORT}"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Full::new(Bytes::from(body))).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let answer = runtime.block_on(async {
        let io = TokioIo::new(TcpStream::connect(server.address()).await.unwrap());
        let (mut sender, connection) = http2::handshake(TokioExecutor::new(), io).await.unwrap();
        tokio::spawn(connection);
        let (parts, body) = sender.send_request(request).await.unwrap().into_parts();
        let trailers = body.collect().await.unwrap().trailers().cloned().unwrap_or_default();
        let value = |name: &str| trailers.get(name).or(parts.headers.get(name)).map(|v| v.to_str().unwrap().to_owned());
        Answer {
            http: parts.status.as_u16(),
            grpc: value("grpc-status").unwrap_or_default(),
            message: value("grpc-message").unwrap_or_default(),
        }
    });
    server.stop(Duration::ZERO);
    inbox.close();
    taker.join().unwrap();
    answer
}

fn call(encoding: &str, body: Vec<u8>) -> Answer {
    ask("POST", &[("content-type", "application/grpc"), ("grpc-encoding", encoding)], body)
}

#[test]
fn one_message_is_one_call() {
    assert_eq!(call("identity", framed(0, &RECORD)).grpc, OK);
    assert_eq!(call("gzip", framed(0, &RECORD)).grpc, OK, "a message need not be compressed");
    assert_eq!(call("identity", framed(0, b"")).grpc, OK);
    for several in [vec![], [framed(0, &RECORD), framed(0, &RECORD)].concat()] {
        assert_eq!(call("identity", several).grpc, UNIMPLEMENTED);
    }
}

#[test]
fn every_encoding_of_go_and_python_exporters_is_read() {
    let encodings = [
        ("gzip", Algorithm::Gzip),
        ("deflate", Algorithm::Zlib),
        ("zstd", Algorithm::Zstd),
        ("snappy", Algorithm::SnappyFramed),
        ("snappy", Algorithm::Snappy),
    ];
    for (name, algorithm) in encodings {
        let small = compress(algorithm, None, std::iter::once(Bytes::from_static(&RECORD))).unwrap();
        assert_eq!(call(name, framed(1, &small)).grpc, OK, "{name}");
        let large = compress(algorithm, None, std::iter::once(vec![0; 100_000].into())).unwrap();
        assert_eq!(call(name, framed(1, &large)).grpc, RESOURCE_EXHAUSTED, "{name}");
        assert_eq!(call(name, framed(1, b"no such thing")).grpc, INTERNAL, "{name}");
    }
}

#[test]
fn an_unknown_encoding_is_unimplemented_and_told_what_is_known() {
    for name in ["br", "lz4", "GZIP2", ""] {
        let answer = call(name, framed(1, &RECORD));
        let empty = name.is_empty();
        assert_eq!(answer.grpc, if empty { INTERNAL } else { UNIMPLEMENTED });
        assert!(empty || answer.message.contains("gzip"), "{}", answer.message);
    }
}

#[test]
fn broken_framing_is_refused() {
    let whole = framed(0, &RECORD);
    for cut in [1, 4, 9] {
        assert_eq!(call("identity", whole[..cut].to_vec()).grpc, INTERNAL);
    }
    assert_eq!(call("identity", framed(2, &RECORD)).grpc, INTERNAL);
    assert_eq!(call("identity", framed(1, &RECORD)).grpc, INTERNAL, "compressed without an encoding");
    let huge = [&[0][..], &u32::MAX.to_be_bytes(), &RECORD].concat();
    assert_eq!(call("identity", huge).grpc, RESOURCE_EXHAUSTED, "refused by its declared length");
}

#[test]
fn what_is_not_grpc_gets_an_http_status() {
    let body = || framed(0, &RECORD);
    for accepted in ["application/grpc", "application/grpc+proto", "application/grpc;charset=utf-8"] {
        assert_eq!(ask("POST", &[("content-type", accepted)], body()).grpc, OK);
    }
    for other in ["application/json", "application/grpc-web", "application/grpc+json", "text/plain"] {
        let answer = ask("POST", &[("content-type", other)], body());
        assert_eq!((answer.http, answer.grpc.as_str()), (415, ""), "{other}");
    }
    assert_eq!(ask("POST", &[], body()).http, 415);
    assert_eq!(ask("GET", &[("content-type", "application/grpc")], vec![]).http, 405);
}
