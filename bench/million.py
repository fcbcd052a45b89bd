"""A million active series: what they take in memory, and how soon they are asked for again after a kill.

Twenty metrics of 50 000 series each, two samples of each, 2 000 series a request. Memory is the peak of all our
processes together. The start ends with the first answer that counts them all.
"""

import json
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .process import System
from .remote_write import post, request, series_field

METRICS, OF_EACH, SCRAPES, IN_REQUEST = 20, 50_000, 2, 2_000
STEP_MS = 15_000
MUST_MIB, MUST_START_S = 1_500e6 / 2**20, 10.0
_URL = "http://127.0.0.1:9090"
_COUNT = 'sum(count by (__name__) ({__name__=~"million_.*"}))'


def measure(command: list[str], folder: Path) -> int:
    """Write, ask, kill, start, ask."""
    now_ms = int(time.time()) // 15 * STEP_MS
    found: dict[str, Any] = {}
    with System(command, {}, folder / "million.log") as system:
        system.wait_until_healthy(f"{_URL}/-/ready")
        before = system.cpu_seconds()
        for body in _requests(now_ms):
            post(f"{_URL}/api/v1/write", body)
        found["write_cpu_s"] = system.cpu_seconds() - before
        found["rss_written_mib"] = system.peak_rss_mib()
        found["first_question"] = _asked(system, now_ms)
        found["second_question"] = _asked(system, now_ms)
        found["rss_mib"] = system.peak_rss_mib()
        system.kill()
    began = time.monotonic()
    with System(command, {}, folder / "million-again.log") as system:
        system.wait_until_healthy(f"{_URL}/-/ready", 60)
        found["ready_s"] = time.monotonic() - began
        _asked(system, now_ms)
        found["start_s"] = time.monotonic() - began
        found["rss_started_mib"] = system.peak_rss_mib()
    print(json.dumps(found, indent=1))
    memory = max(found["rss_mib"], found["rss_started_mib"])
    _say("memory of a million series, MiB", memory, MUST_MIB)
    _say("start after kill -9, s", found["start_s"], MUST_START_S)
    return 0


def _say(row: str, found: float, must: float) -> None:
    print(f"{row:<34} {found:8.1f} (must {must:.0f}): {'holds' if found <= must else 'MISSED'}")


def _requests(now_ms: int) -> Iterator[bytes]:
    for scrape in range(SCRAPES):
        at = now_ms - (SCRAPES - 1 - scrape) * STEP_MS
        for metric in range(METRICS):
            for first in range(0, OF_EACH, IN_REQUEST):
                yield request((_labels(metric, i), float(i + scrape), at) for i in range(first, first + IN_REQUEST))


def _labels(metric: int, i: int) -> bytes:
    instance, path = f"10.{i % 250}.{i // 250 % 4}.7:9100", f"/api/v{metric}/things/{i // 1000}"
    return series_field(f"million_{metric}_total", job=f"job-{i % 20}", instance=instance, path=path, code="200")


def _asked(system: System, now_ms: int) -> dict[str, float]:
    """CPU and wall of counting all of them. After a start until they are all there."""
    parameters = urllib.parse.urlencode({"query": _COUNT, "time": now_ms // 1000})
    before, began = system.cpu_seconds(), time.monotonic()
    while time.monotonic() - began < 120:
        try:
            with urllib.request.urlopen(f"{_URL}/api/v1/query?{parameters}", timeout=120) as got:
                result = json.load(got)["data"]["result"]
        except (urllib.error.URLError, OSError):
            result = []
        if result and float(result[0]["value"][1]) == METRICS * OF_EACH:
            return {"cpu_s": system.cpu_seconds() - before, "wall_s": time.monotonic() - began}
        time.sleep(0.05)
    raise RuntimeError(f"not all series are there after two minutes: {result}")
