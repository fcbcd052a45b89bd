"""Peers of both clients."""

import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from .peers import Authority, Peer


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
def dead_port() -> Iterator[int]:
    """A port of 127.0.0.1 that refuses connections, and that nobody else gets meanwhile."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()[1]


@pytest.fixture
def peer() -> Iterator[Callable[..., Peer]]:
    """Start peers that end with the test."""
    peers: list[Peer] = []

    def start(serve: Callable[[socket.socket], None], port: int = 0) -> Peer:
        peers.append(Peer(serve, port=port))
        return peers[-1]

    yield start
    for each in peers:
        each.close()


@pytest.fixture
def black_hole(peer: Callable[..., Peer]) -> Peer:
    """Takes connections, reads everything, never answers."""

    def swallow(connection: socket.socket) -> None:
        while connection.recv(65536):
            pass

    return peer(swallow)
