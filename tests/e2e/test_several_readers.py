"""One process writes, flushes, merges and deletes files; others read the same directory, and always find all of it."""

import json
import random
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

import otelier as package
from otelier.query.opened import Opened

from ..faults.sender import PER_TRACE, trace_ids

SENDER = Path(__file__).parents[1] / "faults" / "sender.py"
RATE = 4000
"""Spans a second."""


def writer(data_dir: Path) -> str:
    store = {"data_dir": str(data_dir), "flush": {"max_bytes": 2**20, "max_age": "300ms", "idle": "100ms"}}
    return "yaml:" + json.dumps(
        {
            "receivers": {"otlp": {"protocols": {"grpc": {"endpoint": "127.0.0.1:0"}}}},
            "exporters": {"otelier": store},
            "service": {
                "telemetry": {"logs": {"encoding": "json"}, "metrics": {"level": "none"}},
                "pipelines": {"traces": {"receivers": ["otlp"], "exporters": ["otelier"]}},
            },
        }
    )


def reader(data_dir: Path) -> str:
    """As docs/how-to/data.md shows it: the extension alone."""
    return "yaml:" + json.dumps(
        {
            "extensions": {"otelier_query": {"endpoint": "127.0.0.1:0", "data_dir": str(data_dir)}},
            "service": {
                "telemetry": {"logs": {"encoding": "json"}, "metrics": {"level": "none"}},
                "extensions": ["otelier_query"],
            },
        }
    )


def by_http(address: str) -> Callable[[bytes], int]:
    def spans(trace_id: bytes) -> int:
        with urllib.request.urlopen(f"{address}/api/traces/{trace_id.hex()}", timeout=30) as answer:
            return len(json.loads(answer.read())["data"][0]["spans"])

    return spans


def by_traceql(opened: Opened) -> Callable[[bytes], int]:
    def spans(trace_id: bytes) -> int:
        found = opened.traceql(f'{{ trace:id = "{trace_id.hex()}" }}', limit=1)
        return len(found)

    return spans


def acknowledged(file: Path) -> list[int]:
    text = file.read_text() if file.exists() else ""
    return [int(line.split()[0]) for line in text[: text.rfind("\n") + 1].splitlines()]


def keep_asking(ask: Callable[[bytes], int], file: Path, until: threading.Event, wrong: list[str]) -> None:
    rng, asked = random.Random(1), 0
    while not until.is_set():
        if requests := acknowledged(file):
            for number in {requests[-1], rng.choice(requests)}:
                asked += 1
                try:
                    if (found := ask(rng.choice(trace_ids(number)))) != PER_TRACE:
                        wrong.append(f"{found} spans of a trace of request {number}")
                except Exception as error:
                    wrong.append(repr(error))
    if asked < 20:
        wrong.append(f"only {asked} questions")


def files(data_dir: Path) -> set[str]:
    return {each.name for each in (data_dir / "segments").rglob("*.parquet")}


def watch(otelier, tmp_path: Path, *, lives: int, enough: Callable[[set[str]], bool]) -> None:
    """`enough` is given the names of all segment files that were seen and are gone."""
    data_dir, file = tmp_path / "data", tmp_path / "acknowledged"
    wrong, ended, seen = list[str](), threading.Event(), set[str]()
    first = otelier("run", "--config", writer(data_dir))
    first.ready()
    beside = otelier("run", "--config", reader(data_dir))
    address = beside.until(r"UI and queries at (\S+)")[1]
    with package.open(data_dir) as opened:
        asks = [by_http(address), by_traceql(opened)]
        threads = [threading.Thread(target=keep_asking, args=(ask, file, ended, wrong)) for ask in asks]
        for each in threads:
            each.start()
        for life in range(lives):
            it = first if life == 0 else otelier("run", "--config", writer(data_dir)).ready()
            words = [sys.executable, SENDER, it.address("grpc"), str(life * 10**6), str(file), str(RATE)]
            with subprocess.Popen(words) as sender:
                until = time.monotonic() + 120
                while not enough(seen - files(data_dir)) and not wrong and time.monotonic() < until:
                    seen |= files(data_dir)
                    time.sleep(0.05)
                sender.kill()
            assert it.end() == 0
        gone = seen - files(data_dir)
        time.sleep(1)
        ended.set()
        for each in threads:
            each.join()
    assert wrong == []
    assert enough(gone)
    assert beside.end() == 0


def test_readers_beside_a_writer_that_flushes_merges_stops_and_starts_miss_nothing(otelier, tmp_path):
    counted = [0]

    def enough(_: set[str]) -> bool:
        counted[0] += 1
        return counted[0] > 80

    watch(otelier, tmp_path, lives=2, enough=enough)


@pytest.mark.slow
def test_readers_beside_a_writer_that_unlinks_what_it_has_merged_miss_nothing(otelier, tmp_path):
    watch(otelier, tmp_path, lives=1, enough=lambda gone: len(gone) > 12)
