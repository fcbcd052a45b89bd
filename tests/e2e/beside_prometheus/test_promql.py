"""PromQL beside Prometheus itself: both get the same samples by remote write and are asked the same through HTTP.

`make conformance-promql` builds Prometheus and runs this. Compared are status and kind of error, labels, timestamps,
and values to one part in 10⁹.
"""

import json
import math
import random
import struct
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from otelier._core import snappy
from otelier.query.promql.labels import Labels, labels_of

from ..test_metrics import HEADERS, configuration, remote_write_request
from .queries import Grammar, expressions, series_for
from .theirs import PROMETHEUS, prometheus

pytestmark = pytest.mark.slow
STEP_S = 10
MOMENTS = 180
SEED = 20261126
RANDOM_QUERIES = 2_000
STALE = struct.unpack("<d", struct.pack("<Q", 0x7FF0000000000002))[0]


class Both:
    """Prometheus and Otelier with the same samples."""

    def __init__(self, peer: str, ours: str, end_s: int) -> None:
        self.peer, self.ours, self.end_s = peer, ours, end_s

    def write(self, series: dict[Labels, list[tuple[int, float]]]) -> None:
        items = list(series.items())
        for first in range(0, len(items), 500):
            body = snappy(remote_write_request(dict(items[first : first + 500]), 1))
            for url in (self.peer, self.ours):
                request = urllib.request.Request(f"{url}/api/v1/write", body, HEADERS[1])
                with urllib.request.urlopen(request, timeout=60):
                    pass

    def difference(self, query: str) -> str:
        """In what the answers differ; empty if they don't."""
        span = {"start": self.end_s - 600, "end": self.end_s, "step": 15}
        theirs, mine = (_asked(url, "query_range", query, span) for url in (self.peer, self.ours))
        found = _difference(theirs, mine)
        if not found:
            at = {"time": self.end_s - 7}
            theirs, mine = (_asked(url, "query", query, at) for url in (self.peer, self.ours))
            found = _difference(theirs, mine)
        return found and f"{query}\n    {found}"


def _asked(url: str, path: str, query: str, parameters: dict[str, Any]) -> dict[str, Any]:
    asked = urllib.parse.urlencode({"query": query, **parameters})
    try:
        with urllib.request.urlopen(f"{url}/api/v1/{path}?{asked}", timeout=60) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        return {"code": error.code, **json.loads(error.read())}


def _difference(theirs: dict[str, Any], mine: dict[str, Any]) -> str:
    for key in ("code", "status", "errorType"):
        if theirs.get(key) != mine.get(key):
            return f"{key}: {theirs.get(key)} ({theirs.get('error')}), here {mine.get(key)} ({mine.get('error')})"
    if theirs["status"] != "success":
        return ""
    data = theirs["data"], mine["data"]
    if data[0]["resultType"] != data[1]["resultType"]:
        return f"types: {data[0]['resultType']}, here {data[1]['resultType']}"
    if data[0]["resultType"] in ("scalar", "string"):
        return _of_points([data[0]["result"]], [data[1]["result"]])
    both = [{labels_of(each["metric"].items()): each for each in one["result"]} for one in data]
    if both[0].keys() != both[1].keys():
        missing, more = list(both[0].keys() - both[1].keys()), list(both[1].keys() - both[0].keys())
        return f"{len(missing)} series missing, such as {missing[:1]}, {len(more)} too many, such as {more[:1]}"
    for labels, each in both[0].items():
        other = both[1][labels]
        found = _of_points(_floats(each), _floats(other)) or _of_natives(_natives(each), _natives(other))
        if found:
            return f"{labels}: {found}"
    return ""


def _floats(series: dict[str, Any]) -> list[Any]:
    return series.get("values") or [series[key] for key in ("value",) if key in series]


def _natives(series: dict[str, Any]) -> list[Any]:
    return series.get("histograms") or [series[key] for key in ("histogram",) if key in series]


def _of_natives(theirs: list[Any], mine: list[Any]) -> str:
    numbers: list[list[Any]] = [[], []]
    for which, histograms in zip(numbers, (theirs, mine), strict=True):
        for at, each in histograms:
            buckets = [number for bucket in each.get("buckets", ()) for number in bucket]
            which.extend([at, number] for number in (each["count"], each["sum"], *buckets))
    return _of_points(*numbers)


def _of_points(theirs: list[Any], mine: list[Any]) -> str:
    if [each[0] for each in theirs] != [each[0] for each in mine]:
        return f"timestamps: {len(theirs)}, here {len(mine)}"
    for (at, a), (_, b) in zip(theirs, mine, strict=True):
        x, y = float(a), float(b)
        if not _alike(x, y):
            return f"at {at}: {a}, here {b}"
    return ""


def _alike(theirs: float, mine: float) -> bool:
    if theirs == mine or (math.isnan(theirs) and math.isnan(mine)):
        return True
    if math.isinf(theirs) and mine > 1e308:
        return True  # Go's exp on this processor overflows from 709.5 on; doubles end at 709.78
    return math.isclose(theirs, mine, rel_tol=1e-9, abs_tol=1e-12)


@pytest.fixture
def both(otelier, tmp_path: Path) -> Iterator[Both]:
    if not PROMETHEUS.exists():
        pytest.skip("Prometheus is not built: make conformance-promql builds it (needs Go, some minutes once)")
    config = "storage: {tsdb: {out_of_order_time_window: 2h}}\n"
    with prometheus(tmp_path / "theirs", config, "--web.enable-remote-write-receiver") as peer:
        ours = otelier("run", "--config", configuration(tmp_path / "data")).ready()
        yield Both(peer, ours.until(r"Prometheus's API at (\S+)")[1], int(time.time()) - 60)


def _times(end_s: int) -> list[int]:
    return [1000 * (end_s - STEP_S * (MOMENTS - 1 - moment)) for moment in range(MOMENTS)]


def test_every_expression_of_the_dashboards_is_answered_alike(both: Both, shared: Path) -> None:
    chance = random.Random(SEED)
    asked = expressions(shared / "conformance" / "dashboards")
    assert len(asked) > 100
    series = {}
    for labels in series_for(asked, chance):
        total, samples = 0.0, list[tuple[int, float]]()
        for at in _times(both.end_s):
            total += chance.randrange(0, 50)
            samples.append((at, total))
        series[labels] = samples
    both.write(series)

    differences = [found for query in asked if (found := both.difference(query))]

    assert not differences, "\n".join([f"{len(differences)} of {len(asked)}:", *differences[:20]])


def test_random_queries_are_answered_alike(both: Both) -> None:
    chance = random.Random(SEED)
    both.write(_demo(chance, _times(both.end_s)))
    grammar = Grammar(SEED)
    asked = [grammar.query() for _ in range(RANDOM_QUERIES)]

    differences = [found for query in asked if (found := both.difference(query))]

    assert not differences, "\n".join([f"{len(differences)} of {len(asked)}:", *differences[:20]])


def _demo(chance: random.Random, times: list[int]) -> dict[Labels, list[tuple[int, float]]]:
    """Counters with a reset, gauges, buckets, and series that come and go."""
    series: dict[Labels, list[tuple[int, float]]] = {}
    for number in range(4):
        target = {"job": "ab"[number % 2], "instance": f"i{number}"}
        for method in ("get", "post"):
            count, samples = 0.0, list[tuple[int, float]]()
            for moment, at in enumerate(times):
                count = 0.0 if moment == 120 and number == 1 else count + chance.randrange(0, 9)
                samples.append((at, count))
            series[labels_of({"__name__": "demo_requests_total", "method": method, **target}.items())] = samples
        gauge = [(at, round(chance.gauss(1e6, 1e5), 2)) for at in times]
        series[labels_of({"__name__": "demo_memory_bytes", **target}.items())] = gauge
        series[labels_of({"__name__": "demo_up", **target}.items())] = [(at, 1.0) for at in times]
        flapping = [
            (at, STALE if moment % 12 == 9 else float(moment)) for moment, at in enumerate(times) if moment % 12 < 10
        ]
        series[labels_of({"__name__": "demo_flapping", **target}.items())] = flapping
        counts = [0.0] * 4
        buckets: list[list[tuple[int, float]]] = [[], [], [], []]
        for at in times:
            new = chance.randrange(0, 5)
            for which in range(4):
                counts[which] += new
                new += chance.randrange(0, 5)
                buckets[which].append((at, counts[which]))
        for bound, samples in zip(("0.1", "0.5", "2.5", "+Inf"), buckets, strict=True):
            series[labels_of({"__name__": "demo_latency_bucket", "le": bound, **target}.items())] = samples
    return series
