"""What the HTTP client sends and what it makes of answers, against the standard library's server."""

import gzip
import json
import time
import zlib
from email.utils import formatdate
from typing import Any

import pytest
from google.protobuf import json_format
from google.rpc import status_pb2
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from otelier._core import Batch, HttpClient
from otelier.testing import decode, span, traces

from ..peers import large
from .backend import JSON, PROTOBUF, Answer, Seen, send, url


def test_the_batch_arrives_as_its_own_bytes(backend: Any, client: Any) -> None:
    server, batch = backend(), large()
    result = send(client(user_agent="otelier/test"), url(server), batch)
    assert (result.ok, result.code, result.message, result.sent_bytes) == (True, 200, "", batch.size_bytes)
    seen = server.requests[0]
    assert (seen.method, seen.path, seen.body) == ("POST", "/v1/traces", batch.to_otlp())
    headers = {name.lower(): value for name, value in seen.headers.items()}
    assert headers == {
        "host": f"127.0.0.1:{server.port}",
        "content-type": PROTOBUF,
        "content-length": str(batch.size_bytes),
        "user-agent": "otelier/test",
    }


@pytest.mark.parametrize(
    ("compression", "decompress"), [("gzip", gzip.decompress), ("zlib", zlib.decompress), ("deflate", zlib.decompress)]
)
def test_compressed_content_is_equal(backend: Any, client: Any, compression: str, decompress: Any) -> None:
    server, batch = backend(), large()
    result = send(client(compression=compression), url(server), batch)
    seen = server.requests[0]
    assert result.ok and result.sent_bytes == len(seen.body) < batch.size_bytes / 2
    assert seen.headers["content-encoding"] == compression
    assert decompress(seen.body) == batch.to_otlp()


def test_gzip_is_the_default(backend: Any) -> None:
    server = backend()
    assert send(HttpClient(b"{}"), url(server)).ok
    assert server.requests[0].headers["content-encoding"] == "gzip"


def test_json_says_the_same(backend: Any, client: Any) -> None:
    server, batch = backend(), large(2)
    assert send(client(), url(server), batch, "json").ok
    seen = server.requests[0]
    assert seen.headers["content-type"] == JSON
    assert seen.body == batch.to_json()
    assert json.loads(seen.body)["resourceSpans"][1]["scopeSpans"][0]["spans"][3]["name"] == "GET /3"
    assert decode(Batch.from_json("traces", seen.body)) == decode(batch)


def test_headers_are_set_and_may_replace_ours(backend: Any, client: Any) -> None:
    server = backend()
    headers = [("X-Tenant", "blue"), ("User-Agent", "mine"), ("Content-Length", "3"), ("Host", "collector.example")]
    assert client().send(url(server), traces(span()), "proto", headers, 10).ok
    seen = {name.lower(): value for name, value in server.requests[0].headers.items()}
    assert (seen["x-tenant"], seen["user-agent"], seen["host"]) == ("blue", "mine", "collector.example")
    assert server.requests[0].body == traces(span()).to_otlp()


def test_a_login_in_the_url_becomes_basic_auth(backend: Any, client: Any) -> None:
    server = backend()
    assert send(client(), f"http://me:p%40ss@127.0.0.1:{server.port}/v1/traces").ok
    seen = server.requests[0].headers
    assert (seen["authorization"], seen["host"]) == ("Basic bWU6cEBzcw==", f"127.0.0.1:{server.port}")


@pytest.mark.parametrize(
    ("to", "word"), [("127.0.0.1:4318", "http://"), ("ftp://x/", "http://"), ("http://a b/", "character")]
)
def test_what_cannot_be_sent_is_an_error_of_the_caller(client: Any, to: str, word: str) -> None:
    with pytest.raises(ValueError, match=word):
        send(client(), to)
    with pytest.raises(ValueError, match="x-key"):
        client().send("http://127.0.0.1:1/", traces(span()), "proto", [("x-key", "a\nb")], 1)


@pytest.mark.parametrize("content_type", [PROTOBUF, JSON])
def test_partial_success_is_counted(backend: Any, client: Any, content_type: str) -> None:
    answer = ExportTraceServiceResponse()
    answer.partial_success.rejected_spans = 3
    answer.partial_success.error_message = "bad ids"
    body = answer.SerializeToString() if content_type == PROTOBUF else json_format.MessageToJson(answer).encode()
    result = send(client(), url(backend((200, {"Content-Type": content_type}, body))))
    assert (result.ok, result.rejected, result.message) == (True, 3, "bad ids")


@pytest.mark.parametrize("code", [400, 401, 403, 404, 413, 429, 500, 502, 503, 504])
def test_every_status_comes_back_with_what_the_backend_said(backend: Any, client: Any, code: int) -> None:
    status = status_pb2.Status(code=3, message="the queue is full")
    for content_type, body in [
        (PROTOBUF, status.SerializeToString()),
        (JSON, json_format.MessageToJson(status).encode()),
        ("text/plain", b"the queue is full\n"),
    ]:
        result = send(client(), url(backend((code, {"Content-Type": content_type}, body))))
        assert (result.ok, result.code, result.message) == (False, code, "the queue is full")
        assert result.retry_after_s is None


def test_retry_after_is_seconds_or_a_date(backend: Any, client: Any) -> None:
    assert send(client(), url(backend((503, {"Retry-After": "30"}, b"")))).retry_after_s == 30
    assert send(client(), url(backend((503, {"Retry-After": "soon"}, b"")))).retry_after_s is None

    def in_a_minute(_: Seen) -> Answer:
        return 429, {"Retry-After": formatdate(time.time() + 60, usegmt=True)}, b""

    after = send(client(), url(backend(in_a_minute))).retry_after_s
    assert after is not None and 0 < after <= 60


def test_redirects_are_not_followed(backend: Any, client: Any) -> None:
    elsewhere = backend()
    result = send(client(), url(backend((307, {"Location": url(elsewhere)}, b""))))
    assert (result.ok, result.code, elsewhere.requests) == (False, 307, [])
    assert url(elsewhere) in result.message


def test_a_huge_answer_is_not_kept(backend: Any, client: Any) -> None:
    server = backend((200, {"Content-Type": PROTOBUF}, bytes(2_000_000)))
    result = send(client(max_response_bytes=1_000_000), url(server))
    assert (result.ok, result.code) == (False, 0) and "1000000 bytes" in result.message


def test_any_request_comes_back_whole(backend: Any, client: Any) -> None:
    server = backend(lambda seen: (201, {"X-A": "1", "x-a ".strip(): "2"}, seen.body * 2))
    status, headers, body = client().request("PUT", url(server) + "?a=b", [("X-Key", "k")], b"abc", 10)
    assert (status, body, headers["x-a"]) == (201, b"abcabc", "1, 2")
    assert (server.requests[0].method, server.requests[0].path) == ("PUT", "/v1/traces?a=b")
    assert server.requests[0].headers["X-Key".lower()] == "k"


def test_a_compressed_answer_is_unpacked_within_bounds(backend: Any, client: Any) -> None:
    def zipped(seen: Seen) -> Answer:
        assert seen.headers["accept-encoding"] == "gzip"
        return 200, {"Content-Encoding": "gzip"}, gzip.compress(bytes(500_000))

    status, headers, body = client().request("GET", url(backend(zipped)), [], b"", 10)
    assert (status, body) == (200, bytes(500_000)) and "content-encoding" not in headers
    with pytest.raises(OSError, match="more than 1000 bytes"):
        client(max_response_bytes=1000).request("GET", url(backend(zipped)), [], b"", 10)


def test_no_answer_is_an_oserror(client: Any, dead_port: int, black_hole: Any) -> None:
    with pytest.raises(ConnectionError, match="refused"):
        client().request("GET", url(dead_port), [], b"", 10)
    with pytest.raises(TimeoutError, match="no answer"):
        client().request("GET", url(black_hole), [], b"", 0.02)
    with pytest.raises(ValueError, match="method"):
        client().request("GE T", url(dead_port), [], b"", 10)
