"""The same spans through a Collector built from its own sources, if the bench has built one."""

import json
import os
import random
import socket
import subprocess
import threading
import time
import urllib.request
from pathlib import Path

import pytest

from otelier.telemetry import Batch
from otelier.testing import span, traces

from ..metric_points import points
from .running import Running

CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
COLLECTOR = CACHE / "otelier" / "bench" / "peers" / "otelcol"
WAIT_S = 30

KEYS = {
    "explicit": "dimensions: [{name: http.method}, {name: code, default: none}], exemplars: {enabled: true}",
    "exponential": "histogram: {unit: s, exponential: {max_size: 20}}, dimensions: [{name: code}]",
    "patterns and events": (
        "dimensions: [{glob: 'http.*'}, {name: code}], exclude_dimensions: [span.kind],"
        " events: {enabled: true, dimensions: [{name: exception.type}, {name: host}]}"
    ),
    "dimensions of one metric, limit": (
        "calls_dimensions: [{name: code}], histogram: {dimensions: [{name: http.method}]},"
        " aggregation_cardinality_limit: 5, enable_metrics_sampling_method: true"
    ),
    "scope and keys": "include_instrumentation_scope: [test], resource_metrics_key_attributes: [service.name]",
}


def spans(rng: random.Random):
    for number in range(60):
        one = span(
            rng.choice(["GET /a", "POST /b", ""]),
            trace=number,
            number=number,
            duration_ns=rng.choice([0, -5, 10**6, 2 * 10**6 + 1, 10**9, rng.randrange(10**10)]),
            kind=rng.choice(["SERVER", "CLIENT", "UNSPECIFIED"]),
            status=rng.choice(["UNSET", "OK", "ERROR"]),
            attributes={
                key: value
                for key, value in (
                    ("http.method", rng.choice(["GET", "PUT"])),
                    ("code", rng.choice([200, "200", 500, 1.5, True])),
                    ("http.route", "/a"),
                )
                if rng.random() < 0.6
            },
        )
        one.trace_state = rng.choice(["", "", "ot=th:8", "a=b,ot=rv:00000000000000;th:c"])
        for _ in range(rng.randrange(3)):
            event = one.events.add(name="exception")
            if rng.random() < 0.7:
                event.attributes.extend(span(attributes={"exception.type": "E", "host": "event"}).attributes)
        yield one


def batches() -> list[Batch]:
    rng = random.Random(7)
    resources = [
        {"service.name": "shop", "host": "a"},
        {"host": "a", "service.name": "shop"},
        {"service.name": "shop", "host": "b"},
        {"service.name": 5},
        {"host": "c"},
    ]
    return [traces(*spans(rng), resource=resource) for resource in resources]


def collected(keys: str, folder: Path) -> Batch:
    """What the Collector hands on at its second flush or a later one."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    out = folder / "metrics.json"
    config = folder / "config.yaml"
    config.write_text(f"""
receivers: {{otlp: {{protocols: {{http: {{endpoint: "127.0.0.1:{port}"}}}}}}}}
connectors: {{span_metrics: {{metrics_flush_interval: 500ms, {keys}}}}}
exporters: {{file: {{path: {out}, flush_interval: 50ms}}}}
service:
  telemetry: {{metrics: {{level: none}}, logs: {{level: error}}}}
  pipelines:
    traces: {{receivers: [otlp], exporters: [span_metrics]}}
    metrics: {{receivers: [span_metrics], exporters: [file]}}
""")
    running = subprocess.Popen([COLLECTOR, "--config", config])
    try:
        for batch in batches():
            post(f"http://127.0.0.1:{port}/v1/traces", batch.to_otlp())
        sent = time.time_ns()
        until = time.monotonic() + WAIT_S
        while time.monotonic() < until:
            lines = out.read_text().splitlines() if out.exists() else []
            complete = [Batch.from_json("metrics", line.encode()) for line in lines if is_json(line)]
            # The first flush after the last span has zeros, the second one the counts.
            if len([b for b in complete if point_time(b) > sent]) >= 2:
                return complete[-1]
            threading.Event().wait(0.05)
        raise AssertionError("the Collector wrote no metrics")
    finally:
        running.terminate()
        running.wait(WAIT_S)


def post(url: str, body: bytes) -> None:
    until = time.monotonic() + WAIT_S
    while True:
        try:
            request = urllib.request.Request(url, body, {"Content-Type": "application/x-protobuf"})
            urllib.request.urlopen(request).read()
        except OSError:
            assert time.monotonic() < until, "the Collector does not answer"
            threading.Event().wait(0.05)
        else:
            return


def is_json(line: str) -> bool:
    try:
        return bool(json.loads(line))
    except ValueError:
        return False


def point_time(batch: Batch) -> int:
    return max(point.time_ns for found in points(batch).values() for point in found)


def comparable(batch: Batch):
    """Every point without times, ids of collectors and exemplars, sums to 12 digits."""
    found = []
    for metric, all_ in points(batch).items():
        for point in all_:
            own = tuple((k, v) for k, v in point.attributes if k != "collector.instance.id")
            numbers = (point.value, point.count, float(f"{point.sum:.12g}"), point.buckets, point.bounds)
            found.append(repr((metric, own, *numbers, point.scale, point.offset, point.zeros)))
    return sorted(found)


@pytest.mark.skipif(not COLLECTOR.exists(), reason="no Collector: run `make peers`")
@pytest.mark.parametrize("name", KEYS)
def test_metrics_are_those_of_the_collector(name, tmp_path):
    it = Running(f"{{{KEYS[name]}}}")
    for batch in batches():
        it.consume(batch)
    it.advance(120)
    theirs, ours = comparable(collected(KEYS[name], tmp_path)), comparable(it.out.batches[-1])
    assert ours == theirs
