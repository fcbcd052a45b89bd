"""How the HTTP client keeps, loses and closes connections."""

import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from otelier._core import live_bytes

from ..peers import large, settled
from .backend import Answer, Seen, send, url


def test_connections_are_kept_and_shared_out(backend: Any, client: Any) -> None:
    server, sender = backend(), client()
    assert all(send(sender, url(server)).ok for _ in range(20))
    assert len({seen.client for seen in server.requests}) == 1
    with ThreadPoolExecutor(4) as pool:
        assert all(result.ok for result in pool.map(lambda _: send(sender, url(server)), range(80)))
    assert len({seen.client for seen in server.requests}) <= 4


def test_keep_alive_can_be_switched_off(backend: Any, client: Any) -> None:
    server, sender = backend(), client(disable_keep_alives=True)
    assert all(send(sender, url(server)).ok for _ in range(3))
    assert len({seen.client for seen in server.requests}) == 3


def test_no_more_connections_than_allowed(backend: Any, client: Any) -> None:
    busy, most, lock = 0, 0, threading.Lock()

    def answer(_: Seen) -> Answer:
        nonlocal busy, most
        with lock:
            busy, most = busy + 1, max(most, busy + 1)
        threading.Event().wait(0.005)
        with lock:
            busy -= 1
        return 200, {}, b""

    server, sender = backend(answer), client(max_conns_per_host=2)
    with ThreadPoolExecutor(8) as pool:
        assert all(result.ok for result in pool.map(lambda _: send(sender, url(server)), range(40)))
    assert most <= 2 and len({seen.client for seen in server.requests}) <= 2


def test_idle_connections_are_closed(peer: Any, client: Any) -> None:
    ended = threading.Event()

    def serve(connection: socket.socket) -> None:
        while connection.recv(65536):
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        ended.set()

    assert send(client(idle_conn_timeout_s=0.02), url(peer(serve))).ok
    assert ended.wait(10)


@pytest.mark.parametrize("how", ["close", "reset"])
def test_a_kept_connection_that_the_peer_has_closed_is_no_failure(peer: Any, client: Any, how: str) -> None:
    """The peer closes when the second request arrives: the worst moment."""
    served = []

    def serve(connection: socket.socket) -> None:
        connection.recv(65536)
        served.append(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        connection.recv(1)
        if how == "reset":
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
            connection.close()
        else:
            connection.shutdown(socket.SHUT_RDWR)

    sender, server = client(), peer(serve)
    assert all(send(sender, url(server)).ok for _ in range(4))
    assert len(served) == 4


def test_a_new_connection_that_breaks_is_not_tried_again(peer: Any, client: Any) -> None:
    served = []

    def serve(connection: socket.socket) -> None:
        connection.recv(65536)
        served.append(connection)
        connection.shutdown(socket.SHUT_RDWR)

    result = send(client(), url(peer(serve)))
    assert (result.ok, result.code, len(served)) == (False, 0, 1) and "lost" in result.message


def test_garbage_is_called_so(peer: Any, client: Any) -> None:
    def serve(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(b"220 mail.example ESMTP\r\n")

    result = send(client(), url(peer(serve)))
    assert (result.ok, result.code) == (False, 0) and "did not answer in HTTP" in result.message


def test_an_answer_before_the_whole_request_was_read_counts(peer: Any, client: Any) -> None:
    def serve(connection: socket.socket) -> None:
        connection.recv(1000)
        connection.sendall(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(65536):
            pass

    before = live_bytes()
    batch = large()
    assert send(client(), url(peer(serve)), batch).code == 413
    del batch
    settled(lambda: live_bytes() == before)


def test_a_refused_connection_says_by_whom(client: Any, dead_port: int) -> None:
    result = send(client(), url(dead_port))
    assert (result.ok, result.code, result.message) == (False, 0, f"connection refused by 127.0.0.1:{dead_port}")
    assert "no-such.invalid" in send(client(), "http://no-such.invalid/").message


def test_the_timeout_fires_in_a_black_hole_and_leaks_nothing(client: Any, black_hole: Any) -> None:
    sender, batch = client(), large(2)
    result = send(sender, url(black_hole), timeout_s=0.02)
    assert (result.code, result.message) == (0, f"no answer from 127.0.0.1:{black_hole.port} within 0.02 s")
    files, before = len(list(Path("/proc/self/fd").iterdir())), live_bytes()
    for _ in range(200):
        assert send(sender, url(black_hole), batch, timeout_s=0.001).code == 0
    settled(lambda: live_bytes() == before)
    for connection in black_hole.connections:
        connection.close()
    settled(lambda: len(list(Path("/proc/self/fd").iterdir())) <= files)


def test_a_server_that_comes_back_is_found_again(backend: Any, client: Any) -> None:
    sender, server = client(), backend()
    for _ in range(3):
        assert send(sender, url(server)).ok
        server.stop()
        result = send(sender, url(server))
        assert (result.ok, result.code) == (False, 0)
        server = backend(address=("127.0.0.1", server.port))
        assert send(sender, url(server)).ok


def test_close_ends_a_send_under_way(client: Any, black_hole: Any) -> None:
    sender = client()
    with ThreadPoolExecutor(1) as pool:
        under_way = pool.submit(send, sender, url(black_hole), timeout_s=60)
        settled(lambda: bool(black_hole.connections))
        sender.close()
        assert under_way.result().message == "the client was closed"
    assert send(sender, url(black_hole)).message == "the client was closed"
