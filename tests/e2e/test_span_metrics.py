"""Span metrics with a storage, from outside: kill -9 under load, at any moment, and every span is counted once."""

import signal
import subprocess
import sys
from pathlib import Path

from .test_kept_queue import sending, until_acknowledged


def config(directory: Path, endpoint: str) -> str:
    return f"""yaml:
receivers:
  otlp: {{protocols: {{grpc: {{endpoint: "127.0.0.1:0"}}}}}}
extensions:
  file_storage: {{directory: "{directory}", create_directory: true}}
connectors:
  spanmetrics: {{storage: file_storage, metrics_flush_interval: 50ms, histogram: {{disable: true}}}}
exporters:
  otlp: {{endpoint: "{endpoint}", tls: {{insecure: true}}}}
service:
  extensions: [file_storage]
  telemetry: {{logs: {{encoding: json}}, metrics: {{level: none}}}}
  pipelines:
    traces: {{receivers: [otlp], exporters: [spanmetrics]}}
    metrics: {{receivers: [spanmetrics], exporters: [otlp]}}
"""


def newest(backend) -> dict[int, int]:
    """The last value of each span name's series, whatever came last; spans are named after their numbers."""
    points: dict[int, tuple[int, int]] = {}
    for request in list(backend.requests):
        for resource in request.resource_metrics:
            for metric in resource.scope_metrics[0].metrics:
                for point in metric.sum.data_points:
                    (name,) = [a.value.string_value for a in point.attributes if a.key == "span.name"]
                    known = (point.time_unix_nano, point.as_int)
                    points[int(name)] = max(known, points.get(int(name), known))
    return {name: value for name, (_, value) in points.items()}


def test_kill_9_counts_every_span_once(otelier, backend, tmp_path):
    text = config(tmp_path / "kept", backend.endpoint)
    acknowledged: set[int] = set()
    for round_ in range(3):
        running = otelier("run", "--config", text).ready()
        senders = sending(running, 2, first=10_000_000 * round_)
        until_acknowledged(senders, 400)
        running.end(signal.SIGKILL)
        for sender in senders:
            sender.join()
            acknowledged.update(sender.acknowledged)
    running = otelier("run", "--config", text).ready()
    assert running.end() == 0
    counts = newest(backend)
    assert acknowledged <= counts.keys()
    assert set(counts.values()) == {1}


def test_validate_says_what_a_kill_loses(tmp_path):
    checked = subprocess.run(
        [sys.executable, "-m", "otelier", "validate", "--config", config(tmp_path, "127.0.0.1:1")],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "spanmetrics buffers" in checked.stdout
    assert "nothing of what waits on disk" in checked.stdout
