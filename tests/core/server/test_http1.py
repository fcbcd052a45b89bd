"""HTTP/1.1 by the byte: broken and ambiguous requests, and bodies that must arrive as they were sent."""

import http.client
import socket
from collections.abc import Callable

import pytest

from otelier.testing import span, traces

from .served import PROTOBUF, Served, one_span, post

Serve = Callable[..., Served]


def raw(served: Served, data: bytes) -> bytes:
    """Everything the server says until it closes."""
    with socket.create_connection((served.host, served.port), timeout=20) as client:
        client.sendall(data)
        return client.makefile("rb").read()


HEAD = b"POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-protobuf\r\n"


@pytest.mark.parametrize(
    "request_",
    [
        HEAD + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        HEAD + b"Content-Length: 5, 6\r\n\r\nhello",
        HEAD + b"Content-Length: -5\r\n\r\nhello",
        HEAD + b"Content-Length: +5\r\n\r\nhello",
        HEAD + b"Transfer-Encoding: gzip\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        HEAD + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
        HEAD + b"X Y: z\r\n\r\n",
        b"POST /v1/traces HTTP/1.1\r\nHost: x\r\n folded: x\r\n\r\n",
        b"POST /v1/traces HTTP/3.0\r\nHost: x\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00",
        b"GARBAGE\r\n\r\n",
    ],
)
def test_ambiguous_or_broken_requests_are_400_and_the_connection_ends(serve: Serve, request_: bytes) -> None:
    served = serve("otlp_http")
    smuggled = HEAD + b"Content-Length: %d\r\n\r\n" % len(one_span()) + one_span()
    answer = raw(served, request_ + smuggled)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert answer.count(b"HTTP/1.1") == 1
    assert served.batches == []


@pytest.mark.parametrize(
    "lengths", [b"Content-Length: 5\r\nTransfer-Encoding: chunked", b"Transfer-Encoding: chunked\r\nContent-Length: 5"]
)
@pytest.mark.parametrize("before", [0, 1], ids=["alone", "behind a good request"])
def test_of_two_kinds_of_length_chunks_win_and_the_connection_ends(serve: Serve, lengths: bytes, before: int) -> None:
    served = serve("otlp_http")
    good = HEAD + b"Content-Length: %d\r\n\r\n" % len(one_span()) + one_span()
    answer = raw(served, good * before + HEAD + lengths + b"\r\n\r\n0\r\n\r\n" + good)
    assert answer.count(b"HTTP/1.1 ") == before + 1
    assert b"connection: close" in answer
    assert served.items == before, "what follows must not be read as a request"


def test_lines_may_end_without_cr(serve: Serve) -> None:
    # RFC 9112, 2.2 allows it. The length that such a line gives holds, so what is inside the body stays there.
    served = serve("otlp_http")
    hidden = HEAD + b"Content-Length: 0\r\n\r\n"
    data = traces(span(attributes={"text": hidden.decode()})).to_otlp()
    head = HEAD + b"Connection: close\r\nContent-Length: %d\r\n\r\n" % len(data)
    answer = raw(served, head.replace(b"\r\n", b"\n") + data)
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert answer.count(b"HTTP/1.1 ") == 1
    assert [batch.to_otlp() for batch in served.batches] == [data]


@pytest.mark.parametrize("chunk", [b"5\nhello\r\n0\r\n\r\n", b"zz\r\nhello\r\n0\r\n\r\n", b"5\r\nhelloXX0\r\n\r\n"])
def test_broken_chunks_are_400(serve: Serve, chunk: bytes) -> None:
    served = serve("otlp_http")
    assert raw(served, HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + chunk).startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize(
    "head", [b"X-Large: " + b"x" * (1 << 20) + b"\r\n", b"".join(b"X%d: y\r\n" % n for n in range(200))]
)
def test_too_many_headers_are_431(serve: Serve, head: bytes) -> None:
    served = serve("otlp_http")
    with socket.create_connection((served.host, served.port), timeout=20) as client:
        try:
            client.sendall(HEAD + head + b"\r\n")
            answer = client.recv(100)
        except ConnectionResetError:
            answer = b"HTTP/1.1 431 "  # closed so fast that the answer was lost
        assert answer.startswith(b"HTTP/1.1 431 ")


def test_bodies_may_hold_anything_that_looks_like_a_head(serve: Serve) -> None:
    served = serve("otlp_http")
    text = "\nContent-Length: 5\nTransfer-Encoding: chunked\n\nPOST / HTTP/1.1\n\n" * 5000
    data = traces(span(attributes={"text": text})).to_otlp()
    connection = http.client.HTTPConnection(served.host, served.port, timeout=20)
    for _ in range(3):
        connection.request("POST", "/v1/traces", data, PROTOBUF)
        assert connection.getresponse().read() == b""
    connection.close()
    assert [batch.to_otlp() for batch in served.batches] == [data] * 3


LINES = "\n\r\n\n" * 2000


def head_of(size: int, data: bytes) -> bytes:
    """A head of so many bytes, or the shortest."""
    head = HEAD + b"Content-Length: %d\r\nX: " % len(data)
    return head + b"x" * (size - len(head) - 4) + b"\r\n\r\n"


def exchange(client: socket.socket, *parts: bytes) -> bytes:
    """The beginning of the answer to one request, written in parts."""
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for part in parts:
        client.sendall(part)
    return client.recv(65536)


# hyper reads 8 KiB first, then twice as much: such a read can end exactly where the head does.
@pytest.mark.parametrize("size", [8191, 8192, 8193, 12288, 16384])
def test_bodies_arrive_unchanged_behind_heads_of_any_size(serve: Serve, size: int) -> None:
    served = serve("otlp_http")
    data = traces(span(attributes={"text": LINES})).to_otlp()
    head = head_of(size, data)
    assert len(head) == size
    with socket.create_connection((served.host, served.port), timeout=20) as client:
        for parts in ((head + data,), (head, data)):
            assert exchange(client, *parts).startswith(b"HTTP/1.1 200 ")
    assert [batch.to_otlp() for batch in served.batches] == [data] * 2


def test_heads_and_bodies_in_two_writes_arrive_unchanged(serve: Serve) -> None:
    served = serve("otlp_http")
    data = traces(span(attributes={"text": "\n" * 100})).to_otlp()
    with socket.create_connection((served.host, served.port), timeout=20) as client:
        for _ in range(2000):
            assert exchange(client, head_of(0, data), data).startswith(b"HTTP/1.1 200 ")
    assert {batch.to_otlp() for batch in served.batches} == {data}
    assert len(served.batches) == 2000


def test_pipelined_requests_are_each_answered_and_arrive_unchanged(serve: Serve) -> None:
    served = serve("otlp_http")
    sent = [traces(span(name=f"{n}", attributes={"text": LINES[: n * 400]})).to_otlp() for n in range(20)]
    last = HEAD + b"Connection: close\r\nContent-Length: 0\r\n\r\n"
    answer = raw(served, b"".join(head_of(0, data) + data for data in sent) + last)
    assert answer.count(b"HTTP/1.1 200 ") == len(sent) + 1
    assert [batch.to_otlp() for batch in served.batches][: len(sent)] == sent


def test_a_client_that_goes_away_in_its_body_harms_nobody(serve: Serve) -> None:
    served = serve("otlp_http")
    with socket.create_connection((served.host, served.port), timeout=20) as client:
        client.sendall(HEAD + b"Content-Length: 1000\r\n\r\nhalf")
    assert post(served, one_span()) == 200
    assert served.items == 1
