"""kill -9 under load, again and again on the same directory: whatever was acknowledged is there, once."""

import json
import random
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from otelier._core import Disk

from ..e2e.conftest import Otelier
from ..storage.reading import everything, readable_spans
from .sender import PER_TRACE, SPANS, span_id, trace_ids

SENDER = Path(__file__).with_name("sender.py")
RATE = 25_000
"""Spans a second that are offered."""
LAST_SECOND = 1_000
"""Spans acknowledged in the last second before each kill, at least."""
KILLS = 20


def configuration(data_dir: Path) -> str:
    # Small and frequent flushes, so that kills meet them.
    store = {"data_dir": str(data_dir), "flush": {"max_bytes": 4 * 2**20, "max_age": "1s", "idle": "500ms"}}
    pipeline = {"receivers": ["otlp"], "exporters": ["otelier"]}
    return json.dumps(
        {
            "receivers": {"otlp": {"protocols": {"grpc": {"endpoint": "127.0.0.1:0"}}}},
            "exporters": {"otelier": store},
            "service": {
                "telemetry": {"logs": {"encoding": "json"}, "metrics": {"level": "none"}},
                "pipelines": {"traces": pipeline},
            },
        }
    )


def acknowledged(file: Path) -> list[tuple[int, float]]:
    """(request, when) of every whole line."""
    text = file.read_text() if file.exists() else ""
    lines = text[: text.rfind("\n") + 1].splitlines()
    return [(int(number), float(when)) for number, when in map(str.split, lines)]


def killed_under_load(data_dir: Path, first: int, file: Path, rng: random.Random) -> list[int]:
    """One life: start, load, kill at a random time. The requests that were acknowledged."""
    it = Otelier("run", "--config", f"yaml:{configuration(data_dir)}")
    try:
        words = [sys.executable, SENDER, it.ready().address("grpc"), str(first), str(file), str(RATE)]
        with subprocess.Popen(words) as sender:
            try:
                until = time.monotonic() + rng.uniform(1.5, 4)
                while time.monotonic() < until or in_last_second(file) <= LAST_SECOND:
                    time.sleep(0.02)
                    assert time.monotonic() < until + 60, f"only {in_last_second(file)} spans in the last second"
            finally:
                it.process.kill()
                sender.kill()
    finally:
        it.process.kill()
        it.wait()
    return [number for number, _ in acknowledged(file)]


def in_last_second(file: Path) -> int:
    since = time.monotonic() - 1
    return SPANS * sum(when >= since for _, when in acknowledged(file))


def missing_or_doubled(data_dir: Path, requests: list[int]) -> Counter[str]:
    """Looks at every span that lies there, and at some traces as a query process finds them."""
    disk, found = Disk.real(str(data_dir)), Counter[str]()
    there = Counter[bytes]()
    for batch in everything(disk, "default", "traces"):
        ids = batch.trace_ids()
        there.update(ids[at : at + 16] for at in range(0, len(ids), 16))
    for number in requests:
        for each in trace_ids(number):
            found["missing"] += max(PER_TRACE - there[each], 0)
            found["doubled"] += max(there[each] - PER_TRACE, 0)
    sample = random.Random(1).sample(requests, 5)
    read = readable_spans(disk, "default", [each for number in sample for each in trace_ids(number)])
    wanted = Counter(
        (trace_ids(number)[place // PER_TRACE], span_id(number, place)) for number in sample for place in range(SPANS)
    )
    found["unreadable"] = (wanted - read).total() + (read - wanted).total()
    return +found


@pytest.mark.slow
def test_nothing_acknowledged_is_lost_or_doubled_by_twenty_kills(tmp_path):
    seed = random.SystemRandom().randrange(2**32)
    rng, sent, everything = random.Random(seed), 0, list[int]()
    print(f"seed {seed}")
    for kill in range(KILLS):
        taken = killed_under_load(tmp_path / "data", sent, tmp_path / f"acknowledged-{kill}", rng)
        assert missing_or_doubled(tmp_path / "data", taken) == {}, f"kill {kill}"
        everything += taken
        sent = max(taken) + 1000
    assert missing_or_doubled(tmp_path / "data", everything) == {}
    it = Otelier("run", "--config", f"yaml:{configuration(tmp_path / 'data')}").ready()
    assert it.end() == 0
    assert missing_or_doubled(tmp_path / "data", everything) == {}
    done = subprocess.run(
        [sys.executable, "-m", "otelier", "data", "verify", "--data-dir", str(tmp_path / "data")], check=False
    )
    assert done.returncode == 0
