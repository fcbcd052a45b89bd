"""Backends and clients that end with the test."""

import json
import ssl
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from otelier._core import HttpClient

from .backend import PROTOBUF, Answer, Backend, Seen


@pytest.fixture
def backend() -> Iterator[Callable[..., Backend]]:
    """Start backends that end with the test."""
    started: list[Backend] = []

    def start(
        answer: Callable[[Seen], Answer] | Answer = (200, {"Content-Type": PROTOBUF}, b""),
        address: tuple[str, int] = ("127.0.0.1", 0),
        context: ssl.SSLContext | None = None,
    ) -> Backend:
        started.append(Backend(answer if callable(answer) else lambda _: answer, address, context))
        return started[-1]

    yield start
    for each in started:
        each.stop()


@pytest.fixture
def client() -> Iterator[Callable[..., HttpClient]]:
    """Make clients that are closed after the test."""
    made: list[HttpClient] = []

    def make(**options: Any) -> HttpClient:
        made.append(HttpClient(json.dumps({"compression": "none", **options}).encode()))
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.fixture(autouse=True)
def no_proxy_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
