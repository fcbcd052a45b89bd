"""Servers under test, and whom they believe."""

import gc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from otelier._core import live_bytes

from ..client.peers import Authority
from .served import Served


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
def held() -> Callable[[], int]:
    """Live bytes of telemetry, without those of earlier tests."""
    gc.collect()
    before = live_bytes()
    return lambda: live_bytes() - before


@pytest.fixture
def serve() -> Iterator[Callable[..., Served]]:
    """Start servers that end with the test."""
    started: list[Served] = []

    def start(*args: Any, **options: Any) -> Served:
        started.append(Served(*args, **options))
        return started[-1]

    yield start
    for each in started:
        each.stop()
