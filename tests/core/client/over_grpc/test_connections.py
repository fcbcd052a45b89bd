"""How the gRPC client finds, balances, loses and closes connections."""

import json
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import pytest

from otelier._core import GrpcClient, live_bytes

from ..peers import large, settled
from .backend import CANCELLED, DEADLINE_EXCEEDED, UNAVAILABLE, send


def test_a_refused_connection_says_by_whom(client: Any, dead_port: int) -> None:
    result = send(client(dead_port))
    assert (result.code, result.message) == (UNAVAILABLE, f"connection refused by 127.0.0.1:{dead_port}")


def test_a_name_without_address_is_unavailable(client: Any) -> None:
    result = send(client("collector.invalid:4317"), timeout_s=30)
    assert result.code == UNAVAILABLE and "collector.invalid" in result.message


def test_a_name_is_looked_up(backend: Any, client: Any) -> None:
    server = backend()
    assert send(client(f"dns:///localhost:{server.port}")).ok


def test_a_peer_that_is_no_grpc_server_is_called_so(peer: Any, client: Any) -> None:
    def hang_up(connection: socket.socket) -> None:
        connection.recv(10)
        connection.shutdown(socket.SHUT_RDWR)

    result = send(client(peer(hang_up).port))
    assert result.code == UNAVAILABLE and result.message


def test_the_timeout_fires_in_a_black_hole(client: Any, black_hole: Any) -> None:
    result = send(client(black_hole.port), timeout_s=0.05)
    assert (result.code, result.message) == (
        DEADLINE_EXCEEDED,
        f"no answer from 127.0.0.1:{black_hole.port} within 0.05 s",
    )


def test_black_holes_leak_nothing(client: Any, black_hole: Any) -> None:
    batch, before = large(2), live_bytes()
    send(client(black_hole.port), batch, 0.01)
    threads, files = threading.active_count(), len(list(Path("/proc/self/fd").iterdir()))
    sender = client(black_hole.port)
    for _ in range(200):
        assert send(sender, batch, 0.001).code == DEADLINE_EXCEEDED
    assert threading.active_count() <= threads + 1  # the black hole's own
    assert len(list(Path("/proc/self/fd").iterdir())) <= files + 2  # one connection, both ends
    sender.close()
    settled(lambda: live_bytes() == before)


def test_a_server_that_comes_back_is_found_again(backend: Any, client: Any) -> None:
    server = backend()
    sender = client(server.port)
    for _ in range(3):
        assert send(sender).ok
        server.stop()
        assert send(sender).code == UNAVAILABLE
        server = backend(address=f"127.0.0.1:{server.port}")
        results = [send(sender)]
        while not results[-1].ok:
            assert results[-1].code == UNAVAILABLE
            threading.Event().wait(0.02)
            results.append(send(sender))
        assert len(server.requests) == 1


def test_a_server_that_ends_old_connections_loses_nothing(backend: Any, client: Any) -> None:
    server = backend(options=[("grpc.max_connection_age_ms", 40), ("grpc.max_connection_age_grace_ms", 1000)])
    sender = client(server.port)
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda _: [send(sender) for _ in range(150)], range(4)))
    assert {result.message for each in results for result in each} == {""}
    assert len(server.requests) == 600


@pytest.mark.proves("sending.GrpcClientSettings.balancer_name")
def test_requests_go_round_all_addresses_that_are_up(backend: Any, client: Any, dead_port: int) -> None:
    servers = [backend(), backend(address="127.0.0.2:0")]
    sender = client(f"ipv4:///127.0.0.1:{servers[0].port},127.0.0.2:{servers[1].port},127.0.0.1:{dead_port}")
    while not all(server.requests for server in servers):
        assert send(sender).ok
    counts = [len(server.requests) for server in servers]
    for _ in range(20):
        assert send(sender).ok
    assert [len(server.requests) - count for server, count in zip(servers, counts, strict=True)] == [10, 10]
    servers[0].stop()
    count = len(servers[1].requests)
    answered = sum(send(sender).ok for _ in range(20))
    assert answered >= 19  # one may have been under way to the server that stopped
    assert len(servers[1].requests) == count + answered


@pytest.mark.proves("sending.GrpcClientSettings.balancer_name")
def test_pick_first_stays_with_one_and_moves_on_when_it_is_gone(backend: Any, client: Any) -> None:
    servers = [backend(), backend()]
    target = f"ipv4:127.0.0.1:{servers[0].port},127.0.0.1:{servers[1].port}"
    sender = client(target, balancer="pick_first")
    assert all(send(sender).ok for _ in range(10))
    assert [len(server.requests) for server in servers] == [10, 0]
    servers[0].stop()
    while not send(sender).ok:
        pass
    assert len(servers[1].requests) == 1


def test_a_unix_socket_is_a_target(backend: Any, client: Any, tmp_path: Path) -> None:
    server = backend(address=f"unix:{tmp_path}/s")
    assert send(client(f"unix:{tmp_path}/s")).ok
    assert len(server.requests) == 1
    result = send(client(f"unix:{tmp_path}/nobody"))
    assert result.code == UNAVAILABLE and "nobody" in result.message


def test_pings_that_annoy_the_server_become_fewer(backend: Any, client: Any) -> None:
    def slow(data: bytes, context: grpc.ServicerContext) -> bytes:
        threading.Event().wait(0.5)
        return b""

    server = backend(
        slow,
        options=[("grpc.http2.min_recv_ping_interval_without_data_ms", 300), ("grpc.http2.max_ping_strikes", 1)],
    )
    sender = client(server.port, keepalive={"time_s": 0.02, "timeout_s": 5})
    for _ in range(20):
        if send(sender).ok:
            break
    else:
        pytest.fail("the client never learned to ping less")


def test_a_dead_connection_is_found_by_pings(client: Any, black_hole: Any) -> None:
    result = send(client(black_hole.port, keepalive={"time_s": 0.05, "timeout_s": 0.05}))
    assert result.code == UNAVAILABLE and "lost" in result.message


def test_close_ends_a_send_under_way(client: Any, black_hole: Any) -> None:
    sender = client(black_hole.port)
    with ThreadPoolExecutor(1) as pool:
        under_way = pool.submit(send, sender, None, 60)
        while not black_hole.connections:
            pass
        sender.close()
        # Whichever the send notices first: the close, or the loss of the connection that went with it.
        assert under_way.result().code in {CANCELLED, UNAVAILABLE}
    assert send(sender).code == CANCELLED


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"target": ""}, "host:port"),
        ({"target": "a:1", "colour": 1}, "colour"),
        ({"target": "a:1", "compression": "brotli"}, "gzip"),
        ({"target": "a:1", "balancer": "random"}, "round_robin"),
        ({"target": "a:1", "tls": {"ca_file": "/nowhere/ca.pem"}}, "/nowhere/ca.pem"),
    ],
)
def test_bad_options_are_named_at_once(options: dict[str, Any], word: str) -> None:
    with pytest.raises(ValueError, match=word):
        GrpcClient(json.dumps(options).encode())
