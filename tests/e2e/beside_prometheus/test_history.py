"""The history of a Prometheus is ours after an import: equal counts, equal answers; what is deleted stays so."""

import json
import random
import time
import urllib.parse
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from otelier._core import snappy
from otelier.testing.remote_write import message

from ..test_metrics import HEADERS, configuration, remote_write_request
from .queries import Grammar
from .test_promql import Both, _demo
from .theirs import PROMETHEUS, prometheus

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not PROMETHEUS.exists(), reason="Prometheus is not built: make conformance-promql builds it"),
]
SEED = 7
HOURS = 7
STEP_S = 30
QUERIES = 50
NATIVE_QUERIES = [
    'histogram_quantile(0.9, rate({__name__=~"demo_native_.*"}[5m]))',
    "histogram_count(demo_native_exponential)",
    "histogram_sum(rate(demo_native_floats[5m]))",
    "demo_native_exponential",
    "sum(demo_native_bounds)",
    "rate(demo_native_bounds[2m])",
    "histogram_fraction(0, 1, demo_native_floats)",
]
FLAGS = [
    "--web.enable-remote-write-receiver",
    "--web.enable-admin-api",
    "--storage.tsdb.retention.time=10y",
    "--storage.tsdb.min-block-duration=2h",
    "--storage.tsdb.max-block-duration=2h",
]
"""The last two: blocks are not merged."""


def _post(url: str, body: bytes = b"", headers: dict[str, str] | None = None) -> Any:
    with urllib.request.urlopen(urllib.request.Request(url, body, headers or {}, method="POST"), timeout=60) as answer:
        return json.loads(answer.read() or b"null")


def _exponential(to: Any, n: int) -> None:
    to.schema, to.zero_threshold, to.zero_count_int, to.sum, to.count_int = 3, 0.001, n, n * 2.5, 4 * n + 1
    to.positive_spans.add(offset=2, length=2)
    to.positive_spans.add(offset=3, length=1)
    to.positive_deltas.extend([n, 1, -1])


def _of_floats(to: Any, n: int) -> None:
    to.zero_threshold, to.zero_count_float, to.sum, to.count_float = 2**-128, n / 2, n * 1.5, n * 2.5
    to.positive_spans.add(offset=0, length=2)
    to.negative_spans.add(offset=1, length=1)
    to.positive_counts.extend([n * 1.25, n * 0.5])
    to.negative_counts.append(n * 0.25)


def _bounds(to: Any, n: int) -> None:
    to.schema, to.sum, to.count_int = -53, n * 3.0, 4 * n
    to.custom_values.extend([0.1, 1, 2.5])
    to.positive_spans.add(offset=0, length=4)
    to.positive_deltas.extend([n, 0, 0, 0])


def _natives(times: list[int]) -> bytes:
    kinds: dict[str, Callable[[Any, int], None]] = {
        "exponential": _exponential,
        "floats": _of_floats,
        "bounds": _bounds,
    }
    request = message("WriteRequest")
    for name, fill in kinds.items():
        one = request.timeseries.add()
        one.labels.add(name="__name__", value=f"demo_native_{name}")
        one.labels.add(name="job", value="a")
        for number, at in enumerate(times):
            # It begins anew in between, as after a restart.
            fill(one.histograms.add(timestamp=at), number % 400 + 1)
    return request.SerializeToString()


def _load(url: str, times: list[int]) -> None:
    """In the order of time: Prometheus takes nothing else."""
    series = list(_demo(random.Random(SEED), times).items())
    natives = message("WriteRequest")
    natives.ParseFromString(_natives(times))
    for first in range(0, len(times), 60):
        some = times[first : first + 60]
        part = {labels: [each for each in samples if some[0] <= each[0] <= some[-1]] for labels, samples in series}
        request = message("WriteRequest")
        request.ParseFromString(remote_write_request({key: samples for key, samples in part.items() if samples}, 1))
        for one in natives.timeseries:
            to = request.timeseries.add(labels=one.labels)
            to.histograms.extend(one.histograms[first : first + 60])
        _post(f"{url}/api/v1/write", snappy(request.SerializeToString()), HEADERS[1])


def _samples(snapshot: Path) -> int:
    return sum(json.loads(each.read_text())["stats"]["numSamples"] for each in snapshot.glob("*/meta.json"))


def test_an_imported_history_has_equal_counts_and_gives_equal_answers(otelier, tmp_path: Path) -> None:
    now_s = int(time.time()) // STEP_S * STEP_S
    times = [1000 * (now_s - HOURS * 3600 + STEP_S * n) for n in range(HOURS * 3600 // STEP_S)]
    with prometheus(tmp_path / "first", "{}", *FLAGS, data=tmp_path / "theirs") as url:
        _load(url, times)
        name = _post(f"{url}/api/v1/admin/tsdb/snapshot")["data"]["name"]
    snapshot = tmp_path / "theirs" / "snapshots" / name
    count = _samples(snapshot)
    assert len(list(snapshot.glob("*/meta.json"))) > 2
    with prometheus(tmp_path / "second", "{}", *FLAGS, data=snapshot) as theirs:
        ours = otelier("run", "--config", configuration(tmp_path / "data")).ready()
        mine = ours.until(r"Prometheus's API at (\S+)")[1]
        # While both run.
        imported = otelier("data", "import-prometheus", str(snapshot), "--data-dir", str(tmp_path / "data"))
        assert imported.wait() == 0
        info = otelier("data", "info", "--json", "--data-dir", str(tmp_path / "data"))
        assert info.wait() == 0
        found = json.loads(info.out)["holdings"]
        natives = 3 * len(times)
        assert [each["items"] for each in found] == [count - natives]

        grammar = Grammar(SEED)
        asked = [grammar.query() for _ in range(QUERIES)] + NATIVE_QUERIES
        asked.append('sum by (__name__) (count_over_time({__name__=~"demo_.*"}[10h]))')
        ends = [now_s - 600, now_s - 2 * 3600 - 17, now_s - HOURS * 3600 + 900]
        differences = [
            difference for end in ends for query in asked if (difference := Both(theirs, mine, end).difference(query))
        ]
        assert not differences, "\n".join([f"{len(differences)}:", *differences[:10]])

        # What is deleted there, and imported again elsewhere, is not there.
        gone = urllib.parse.urlencode(
            {"match[]": 'demo_requests_total{job="a"}', "start": now_s - 3 * 3600, "end": now_s - 3600}
        )
        _post(f"{theirs}/api/v1/admin/tsdb/delete_series?{gone}")
        other = otelier("data", "import-prometheus", str(snapshot), "--data-dir", str(tmp_path / "other"))
        assert other.wait() == 0
        again = otelier("run", "--config", configuration(tmp_path / "other")).ready()
        both = Both(theirs, again.until(r"Prometheus's API at (\S+)")[1], now_s - 600)
        assert not both.difference("count by (job) (count_over_time(demo_requests_total[6h]))")
        assert not both.difference("sum by (job) (count_over_time(demo_requests_total[6h]))")


def test_what_is_in_the_write_ahead_log_alone_is_imported_too(otelier, tmp_path: Path) -> None:
    now_s = int(time.time()) // STEP_S * STEP_S
    times = [1000 * (now_s - 3600 + STEP_S * n) for n in range(3600 // STEP_S)]
    data = tmp_path / "theirs"
    config = "storage: {tsdb: {out_of_order_time_window: 2h}}"
    with prometheus(tmp_path / "first", config, *FLAGS, data=data) as theirs:
        _load(theirs, times)
        for number, at in reversed(list(enumerate(times))):
            body = remote_write_request({(("__name__", "demo_late"),): [(at, float(number))]}, 1)
            _post(f"{theirs}/api/v1/write", snappy(body), HEADERS[1])
        gone = urllib.parse.urlencode(
            {"match[]": 'demo_requests_total{job="a"}', "start": now_s - 2400, "end": now_s - 1200}
        )
        _post(f"{theirs}/api/v1/admin/tsdb/delete_series?{gone}")
        assert not list(data.glob("*/meta.json"))
        imported = otelier("data", "import-prometheus", str(data), "--data-dir", str(tmp_path / "data"))
        assert imported.wait() == 0, imported.lines
        ours = otelier("run", "--config", configuration(tmp_path / "data")).ready()
        both = Both(theirs, ours.until(r"Prometheus's API at (\S+)")[1], now_s - 300)
        grammar = Grammar(SEED + 1)
        asked = [*(grammar.query() for _ in range(QUERIES)), *NATIVE_QUERIES]
        asked.append('sum by (__name__, job) (count_over_time({__name__=~"demo_.*"}[2h]))')
        differences = [difference for query in asked if (difference := both.difference(query))]
        assert not differences, "\n".join([f"{len(differences)}:", *differences[:10]])
