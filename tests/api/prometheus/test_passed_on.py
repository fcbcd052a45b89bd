"""Writes go to the process that takes metrics in as they came, and its answers come back as they are."""

import gzip
import http.client
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest

from otelier._core import snappy
from otelier.api.prometheus.forward import Parent
from otelier.component import Duration, Secret
from otelier.server.endpoint import Response
from otelier.server.hosts import HostCheck

from .conftest import Internal, Prometheus

WRITE = "/api/v1/write"
OTLP = "/api/v1/otlp/v1/metrics"


@pytest.fixture
def child(internal: Internal) -> Iterator[Prometheus]:
    server = Prometheus(parent=internal.parent())
    yield server
    server.stop()


def test_a_write_arrives_with_the_token_and_its_answer_is_unchanged(child: Prometheus, internal: Internal):
    headers = {
        "content-encoding": "snappy", "content-type": "application/x-protobuf", "x-scope-orgid": "t",
        "x-prometheus-remote-write-version": "0.1.0", "x-otelier-token": "guess", "x-otelier-max-bytes": "1",
        "user-agent": "agent/1", "connection": "x-mine", "x-mine": "1",
    }  # fmt: skip
    answer = child.ask("POST", f"{WRITE}?x=%2F", snappy(b"body"), headers)
    assert (answer.status, answer.headers["x-prometheus-remote-write-samples-written"]) == (204, "3")
    [(method, path, query, body, seen)] = internal.asked
    assert (method, path, query, body) == ("POST", WRITE, "x=%2F", b"body")
    wanted = {"x-otelier-token": "s3cret", "x-otelier-max-bytes": str(20 * 2**20), "user-agent": "agent/1"}
    for name in ("x-scope-orgid", "x-prometheus-remote-write-version", "content-encoding"):
        wanted[name] = headers[name]
    assert wanted.items() <= seen.items()
    assert seen["host"] == internal.parent().endpoint
    assert "x-mine" not in seen


def test_it_goes_on_as_it_is_compressed(child: Prometheus, internal: Internal):
    zeros = bytes(10_000)
    encoded = (WRITE, "snappy", snappy(zeros)), (OTLP, "gzip", gzip.compress(zeros)), (WRITE, "", zeros)
    for path, encoding, body in encoded:
        headers = {"content-encoding": encoding} if encoding else {}
        assert child.ask("POST", path, body, headers).status == 204
        *_, (_, _, _, arrived, seen) = internal.asked
        assert (arrived, seen["content-length"]) == (zeros, str(len(body)))


def test_statuses_texts_and_types_come_back(child: Prometheus, internal: Internal):
    internal.answer = Response(400, (("content-type", "text/plain"),), b"out of bounds\n")
    answer = child.ask("POST", "/api/v1/otlp/v1/metrics", b"{}", {"content-type": "application/json"})
    assert (answer.status, answer.headers["content-type"], answer.body) == (400, "text/plain", b"out of bounds\n")


def test_a_body_without_a_length_arrives(child: Prometheus, internal: Internal):
    connection = http.client.HTTPConnection(*child.address, timeout=30)
    connection.request("POST", WRITE, iter([b"one ", b"two"]), encode_chunked=True)
    assert connection.getresponse().status == 204
    assert internal.asked[0][3] == b"one two"
    connection.close()


def test_one_connection_serves_many(child: Prometheus, internal: Internal):
    connection = http.client.HTTPConnection(*child.address, timeout=30)
    for number in range(20):
        connection.request("POST", WRITE, str(number).encode())
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 204
    connection.close()
    assert [int(each[3]) for each in internal.asked] == list(range(20))


def test_many_at_once_all_arrive(child: Prometheus, internal: Internal):
    with ThreadPoolExecutor(16) as threads:
        statuses = list(threads.map(lambda n: child.ask("POST", WRITE, str(n).encode()).status, range(200)))
    assert statuses == [204] * 200
    assert sorted(int(each[3]) for each in internal.asked) == list(range(200))


def test_http2_is_passed_on_too(child: Prometheus, internal: Internal):
    host, port = child.address
    with grpc.insecure_channel(f"{host}:{port}") as channel, pytest.raises(grpc.RpcError):
        # A gRPC client is one that speaks HTTP/2; the answer is none to it.
        channel.unary_unary(OTLP)(b"2", timeout=30)
    [(method, path, _, body, _)] = internal.asked
    assert (method, path, body[5:]) == ("POST", OTLP, b"2")


@pytest.mark.parametrize("encoding", ["br", "snappy, br", "gzip, gzip, gzip"])
def test_an_unknown_encoding_is_refused_here(child: Prometheus, internal: Internal, encoding: str):
    answer = child.ask("POST", WRITE, b"1", {"content-encoding": encoding})
    assert answer.status == 400
    assert b"use one of" in answer.body
    assert not internal.asked


def test_a_body_that_is_too_large_is_refused_here(internal: Internal):
    child = Prometheus(parent=internal.parent(), max_request_body_size=1000)
    try:
        assert child.ask("POST", WRITE, bytes(1000)).status == 204
        for sized in (True, False):
            connection = http.client.HTTPConnection(*child.address, timeout=30)
            connection.request("POST", WRITE, bytes(1001) if sized else iter([bytes(1001)]), encode_chunked=not sized)
            assert connection.getresponse().status == 413
            connection.close()
    finally:
        child.stop()
    assert len(internal.asked) == 1


def test_a_connection_that_was_closed_meanwhile_is_replaced(child: Prometheus, internal: Internal):
    assert child.ask("POST", WRITE, b"1").status == 204
    internal.restart()
    assert child.ask("POST", WRITE, b"2").status == 204
    assert [each[3] for each in internal.asked] == [b"1", b"2"]


def test_a_parent_that_is_gone_is_a_503_until_it_is_back(child: Prometheus, internal: Internal):
    host, port = internal.endpoint.address
    internal.endpoint.stop(0.1)
    answer = child.ask("POST", WRITE, b"1")
    assert (answer.status, answer.headers["retry-after"]) == (503, "1")
    assert b"try again later" in answer.body
    internal.start(f"{host}:{port}")
    assert child.ask("POST", WRITE, b"2").status == 204


def test_a_parent_that_does_not_answer_is_a_503(internal: Internal):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        host, port = silent.getsockname()
        parent = Parent(endpoint=f"{host}:{port}", token=Secret("s3cret"), timeout=Duration(0.05))
        child = Prometheus(parent=parent)
        try:
            answer = child.ask("POST", WRITE, b"1")
        finally:
            child.stop()
    assert answer.status == 503
    assert b"within 0.05 s" in answer.body


def test_pages_of_a_browser_and_names_of_strangers_are_not_passed_on(child: Prometheus, internal: Internal):
    assert child.ask("POST", WRITE, b"1", {"origin": "http://elsewhere.example"}).status == 403
    assert child.ask("POST", WRITE, b"1", {"host": "elsewhere.example.com"}).status == 421
    assert not internal.asked
    own = {"origin": "http://localhost:9090", "host": "localhost:9090"}
    assert child.ask("POST", WRITE, b"1", own).status == 204
    assert child.ask("POST", WRITE, b"1", {"host": "known.example.com:9090"}).status == 204


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_other_methods_are_told_what_is_possible(child: Prometheus, internal: Internal, method: str):
    answer = child.ask(method, WRITE, b"1")
    assert (answer.status, answer.headers["allow"]) == (405, "POST")
    assert not internal.asked


def test_a_client_that_leaves_does_not_hold_up_others(child: Prometheus, internal: Internal):
    release = threading.Event()
    internal.hold = release
    with socket.create_connection(child.address) as leaving:
        leaving.sendall(f"POST {WRITE} HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1\r\n\r\n1".encode())
        assert internal.arrived.wait(30)
    internal.hold = None
    assert child.ask("POST", WRITE, b"2").status == 204
    release.set()


@pytest.mark.parametrize(
    "host",
    ["", "localhost", "a.localhost:1", "[::1]:9090", "[fe80::1%25eth0]", "10.0.0.1:80", "otelier", "x.example.com",
     "example.com", "a.b.lan", "lan", "10.0.0.256", "1.2.3", "Known.Example.com.", "0x7f.1", "[::1", "::1"],
)  # fmt: skip
def test_what_is_passed_on_names_a_host_that_is_admitted(child: Prometheus, internal: Internal, host: str):
    """A name that the native server lets through and Python does not would be a hole."""
    child.ask("POST", WRITE, b"1", {"host": host})
    if internal.asked:
        assert HostCheck("127.0.0.1", ["known.example.com"]).admits(host)


@pytest.mark.parametrize(
    "headers",
    [
        {"content-type": "application/json"}, {"content-type": "image/png", "content-encoding": "snappy"},
        {"content-encoding": "gzip"}, {"content-encoding": "deflate", "content-type": "application/x-protobuf"},
    ],
)  # fmt: skip
def test_what_is_no_remote_write_by_its_headers_is_a_415_whatever_its_body_is(
    child: Prometheus, internal: Internal, headers: dict[str, str]
):
    answer = child.ask("POST", "/api/v1/write", b"no protobuf, and not compressed", headers)
    assert answer.status == 415
    assert b"is not taken here: use " in answer.body
    assert internal.asked == []
