"""The gRPC client against peers that speak HTTP/2 by hand."""

import socket
import struct
from collections.abc import Iterator
from typing import Any

import pytest

from otelier._core import live_bytes

from ..peers import large, settled
from .backend import RESOURCE_EXHAUSTED, UNAVAILABLE, send

DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY = 0, 1, 3, 4, 6, 7
END_STREAM, END_HEADERS, ACK = 1, 4, 1
REFUSED_STREAM = 7


class Http2:
    """The server's end of a connection."""

    def __init__(self, connection: socket.socket, settings: bytes = b"") -> None:
        self._connection = connection
        self._read = connection.makefile("rb")
        assert self._read.read(24).startswith(b"PRI * HTTP/2.0")
        self.frame(SETTINGS, 0, 0, settings)

    def frame(self, kind: int, flags: int, stream: int, payload: bytes = b"") -> None:
        self._connection.sendall(
            struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload
        )

    def headers(self, stream: int, flags: int, **pairs: str) -> None:
        """Names have `_` for `-`; `status` is the pseudo header."""
        block = b""
        for name, value in pairs.items():
            name = ":status" if name == "status" else name.replace("_", "-")
            block += bytes([0, len(name)]) + name.encode() + bytes([len(value)]) + value.encode()
        self.frame(HEADERS, END_HEADERS | flags, stream, block)

    def answer(self, stream: int) -> None:
        self.headers(stream, END_STREAM, status="200", content_type="application/grpc", grpc_status="0")

    def requests(self, ended: bool = True) -> Iterator[int]:
        """Streams of requests, when they end (or when they begin)."""
        while head := self._read.read(9):
            length, kind, flags, stream = int.from_bytes(head[:3]), head[3], head[4], int.from_bytes(head[5:])
            payload = self._read.read(length)
            if kind == SETTINGS and not flags & ACK:
                self.frame(SETTINGS, ACK, 0)
            elif kind == PING and not flags & ACK:
                self.frame(PING, ACK, 0, payload)
            elif (kind in (HEADERS, DATA) and flags & END_STREAM) if ended else kind == HEADERS:
                yield stream


@pytest.mark.parametrize(
    ("status", "code"),
    [("400", 13), ("401", 16), ("403", 7), ("404", 12), ("429", 14), ("503", 14), ("500", 2), ("200", 2)],
)
def test_an_answer_that_is_not_grpc_becomes_a_code(peer: Any, client: Any, status: str, code: int) -> None:
    def serve(connection: socket.socket) -> None:
        http2 = Http2(connection)
        for stream in http2.requests():
            http2.headers(stream, END_STREAM, status=status, content_type="text/html")

    result = send(client(peer(serve).port))
    assert (result.code, status in result.message) == (code, True)


def test_a_refused_stream_is_sent_once_more_and_only_once(peer: Any, client: Any) -> None:
    refusals, seen = [1], []

    def serve(connection: socket.socket) -> None:
        http2 = Http2(connection)
        for stream in http2.requests():
            seen.append(stream)
            if refusals[0]:
                refusals[0] -= 1
                http2.frame(RST_STREAM, 0, stream, struct.pack(">I", REFUSED_STREAM))
            else:
                http2.answer(stream)

    sender = client(peer(serve).port)
    assert send(sender).ok
    assert len(seen) == 2
    refusals[0] = 2
    result = send(sender)
    assert (result.code, len(seen)) == (UNAVAILABLE, 4)


def test_a_request_that_may_have_been_processed_is_not_repeated(peer: Any, client: Any) -> None:
    seen = []

    def serve(connection: socket.socket) -> None:
        for stream in Http2(connection).requests():
            seen.append(stream)
            connection.shutdown(socket.SHUT_RDWR)
            return

    result = send(client(peer(serve).port))
    assert (result.code, len(seen)) == (UNAVAILABLE, 1)
    assert "lost" in result.message


def test_a_goaway_before_the_request_was_seen_moves_it_to_a_new_connection(peer: Any, client: Any) -> None:
    connections = []

    def serve(connection: socket.socket) -> None:
        http2 = Http2(connection)
        connections.append(connection)
        first = len(connections) == 1
        for stream in http2.requests():
            if first:
                http2.frame(GOAWAY, 0, 0, struct.pack(">II", 0, 0))  # the last stream looked at is 0
            else:
                http2.answer(stream)

    assert send(client(peer(serve).port)).ok
    assert len(connections) == 2


@pytest.mark.parametrize("reset", [True, False])
def test_an_answer_before_the_whole_request_was_read_counts(peer: Any, client: Any, reset: bool) -> None:
    def serve(connection: socket.socket) -> None:
        http2 = Http2(connection)
        for stream in http2.requests(ended=False):
            http2.headers(
                stream, END_STREAM, status="200", content_type="application/grpc", grpc_status="8", grpc_message="full"
            )
            if reset:
                http2.frame(RST_STREAM, 0, stream, struct.pack(">I", 0))

    sender, before = client(peer(serve).port), live_bytes()
    batch = large()  # does not fit the window, so most of it is never sent
    for _ in range(3):
        result = send(sender, batch)
        assert (result.code, result.message) == (RESOURCE_EXHAUSTED, "full")
    size = batch.size_bytes
    del batch
    settled(lambda: live_bytes() <= before + (0 if reset else size // 2))  # a peer that takes no rest holds a piece
    sender.close()
    settled(lambda: live_bytes() == before)
