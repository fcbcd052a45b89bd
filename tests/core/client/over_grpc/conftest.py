"""Backends and clients that end with the test."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from otelier._core import GrpcClient

from .backend import Answer, Backend


@pytest.fixture
def backend() -> Iterator[Callable[..., Backend]]:
    """Start backends that end with the test."""
    started: list[Backend] = []

    def start(
        answer: Answer = lambda data, context: b"",
        address: str = "127.0.0.1:0",
        credentials: Any = None,
        options: list[tuple[str, Any]] = [],  # noqa: B006
    ) -> Backend:
        started.append(Backend(answer, address, credentials, options))
        return started[-1]

    yield start
    for each in started:
        each.stop()


@pytest.fixture
def client() -> Iterator[Callable[..., GrpcClient]]:
    """Make clients, plaintext unless `tls` says otherwise, that are closed after the test."""
    made: list[GrpcClient] = []

    def make(target: str | int, **options: Any) -> GrpcClient:
        target = f"127.0.0.1:{target}" if isinstance(target, int) else target
        made.append(GrpcClient(json.dumps({"target": target, "tls": {"insecure": True}, **options}).encode()))
        return made[-1]

    yield make
    for each in made:
        each.close()
