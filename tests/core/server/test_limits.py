"""Limits of servers: bombs, slow and greedy clients. A good client gets its answers all the while."""

import http.client
import resource
import struct
import time
import zlib
from collections.abc import Callable

import grpc
import pytest

from ..client.peers import settled
from .served import PATHS, Served, closed, connect, export, one_span, post

Serve = Callable[..., Served]
PROTOBUF = {"content-type": "application/x-protobuf"}
HEAD = b"POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-protobuf\r\n"
SHORT = {"body_idle_s": 0.2, "header_timeout_s": 0.2}


def peak_rss() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


# -- bombs --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def bomb() -> bytes:
    """256 MiB of zeros in 255 KiB."""
    packed = zlib.compressobj(9, wbits=31)
    parts = [packed.compress(bytes(1 << 20)) for _ in range(256)]
    return b"".join([*parts, packed.flush()])


def test_a_gzip_bomb_is_413_and_takes_little_memory(serve: Serve, bomb: bytes) -> None:
    served = serve("otlp_http")
    assert len(bomb) < 262_144
    before = peak_rss()
    assert [post(served, bomb, content_encoding="gzip") for _ in range(5)] == [413] * 5
    assert peak_rss() - before < 48 << 20
    assert served.count("refused_requests", reason="too_large") == 5


def test_a_gzip_bomb_over_grpc_is_resource_exhausted(serve: Serve) -> None:
    served = serve()
    channel = grpc.insecure_channel(served.target, compression=grpc.Compression.Gzip)
    with channel, pytest.raises(grpc.RpcError) as caught:
        channel.unary_unary(PATHS["traces"])(bytes(64 << 20), timeout=20)
    assert caught.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED


def test_a_ratio_above_a_thousand_is_refused_below_the_limit_too(serve: Serve, bomb: bytes) -> None:
    served = serve("otlp_http", limits={"max_message_bytes": 1 << 30}, inbox_bytes=1 << 31)
    assert post(served, bomb, content_encoding="gzip") == 413


@pytest.mark.parametrize("encoding", ["snappy", "lz4", "zstd"])
def test_declared_sizes_are_not_trusted(serve: Serve, encoding: str) -> None:
    served = serve("otlp_http")
    claims = {
        "snappy": b"\xff\xff\xff\xff\x0f\x00",
        "lz4": b"\x04\x22\x4d\x18\x68\x40" + struct.pack("<Q", 1 << 60) + b"\x00" + bytes(8),
        "zstd": b"\x28\xb5\x2f\xfd\xe0" + struct.pack("<Q", 1 << 60) + bytes(8),
    }
    before = peak_rss()
    assert post(served, claims[encoding], content_encoding=encoding) in (400, 413)
    assert peak_rss() - before < 16 << 20


def test_a_declared_length_takes_no_memory_until_bytes_come(serve: Serve, held: Callable[[], int]) -> None:
    served = serve("otlp_http")
    before = peak_rss()
    head = HEAD + b"Content-Length: 20000000\r\n\r\n"
    clients = [connect(served, head + b"x" * 1000) for _ in range(150)]
    settled(lambda: held() >= 150_000)
    assert held() == 150_000
    assert peak_rss() - before < 100 << 20
    for client in clients:
        client.close()
    settled(lambda: held() == 0)


# -- slow clients -------------------------------------------------------------------------------


def test_slow_clients_are_cut_off_while_a_good_one_is_served(serve: Serve) -> None:
    served = serve("otlp_http", limits=SHORT)
    head = (
        b"POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-protobuf\r\nContent-Length: 5000\r\n\r\n"
    )
    slow = {
        "nothing": [connect(served) for _ in range(20)],
        "half a head": [connect(served, head[:30]) for _ in range(20)],
        "half a body": [connect(served, head + b"half") for _ in range(20)],
    }
    for _ in range(20):
        assert post(served, one_span()) == 200
    answers = {what: {closed(client)[:13] for client in clients} for what, clients in slow.items()}
    assert answers == {"nothing": {b""}, "half a head": {b""}, "half a body": {b"HTTP/1.1 408 "}}
    settled(lambda: served.count("connections_open") == 0)
    served.until(lambda: served.count("connections_refused", reason="slow_headers") == 40)
    assert served.count("refused_requests", reason="slow_body") == 20
    assert served.items == 20


def test_a_client_that_drips_is_cut_off(serve: Serve) -> None:
    served = serve("otlp_http", limits=SHORT)
    client = connect(served, b"POST /v1/traces HTTP/1.1\r\nHost: x\r\n")
    with pytest.raises((BrokenPipeError, ConnectionResetError)):
        for _ in range(2000):
            client.sendall(b"X: y\r\n")
            time.sleep(0.01)
    client.close()


def test_an_idle_connection_is_closed_after_its_time(serve: Serve) -> None:
    served = serve("otlp_http", limits={"idle_timeout_s": 0.2})
    connection = http.client.HTTPConnection(served.host, served.port, timeout=20)
    connection.request("POST", "/v1/traces", one_span(), PROTOBUF)
    assert connection.getresponse().read() == b""
    assert connection.sock
    assert closed(connection.sock) == b""


def test_connections_of_one_address_are_limited_and_an_idle_one_makes_room(serve: Serve) -> None:
    served = serve("otlp_http", limits={"max_connections_per_ip": 3, "header_timeout_s": 20})
    idle = [connect(served, b"POST /v1") for _ in range(3)]
    settled(lambda: served.count("connections_open") == 3)
    assert closed(connect(served)) == b""
    served.until(lambda: served.count("connections_refused", reason="too_many_from_one_address") == 1)

    def let_in() -> bool:  # one that has been idle for a second is asked to leave
        try:
            return post(served, one_span()) == 200
        except (ConnectionError, http.client.RemoteDisconnected):
            return False

    settled(let_in)
    for client in idle:
        client.close()


PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\x00\x00\x00\x04\x00\x00\x00\x00\x00"


def headers_frame(stream: int, path: str) -> bytes:
    """A gRPC call's header block, without compression (RFC 7541, 6.2.2)."""
    fields = [(":method", "POST"), (":scheme", "http"), (":path", path), ("content-type", "application/grpc")]
    block = b"".join(b"\x00" + bytes([len(n)]) + n.encode() + bytes([len(v)]) + v.encode() for n, v in fields)
    return struct.pack(">I", len(block))[1:] + b"\x01\x04" + struct.pack(">I", stream) + block


def test_a_flood_of_resets_ends_the_connection(serve: Serve) -> None:
    served = serve(limits={"max_resets_per_s": 50})
    client = connect(served, PREFACE)
    with pytest.raises((BrokenPipeError, ConnectionResetError)):
        for number in range(100_000):
            stream = 2 * number + 1
            client.sendall(
                headers_frame(stream, PATHS["traces"]) + b"\x00\x00\x04\x03\x00" + struct.pack(">II", stream, 8)
            )
            if number % 10 == 9:
                time.sleep(0.005)  # so that calls begin before they are cancelled
    client.close()
    settled(lambda: served.count("connections_open") == 0)
    assert export(served, one_span()) == b""


def test_a_flood_of_continuations_ends_the_connection(serve: Serve) -> None:
    served = serve()
    client = connect(served, PREFACE)
    head = bytearray(headers_frame(1, PATHS["traces"]))
    head[4] = 0  # more is to come
    client.sendall(head)
    field = b"\x00\x01x\x7f\x81\x1e" + b"y" * 4000
    with pytest.raises((BrokenPipeError, ConnectionResetError)):
        for _ in range(2000):
            client.sendall(struct.pack(">I", len(field))[1:] + b"\x09\x00" + struct.pack(">I", 1) + field)
            time.sleep(0.001)
    client.close()
    assert export(served, one_span()) == b""
