"""Metrics go out by the exporter prometheusremotewrite and come in by the receiver, names and values as they were."""

import json
import time
import urllib.parse
import urllib.request
from pathlib import Path

import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from ..peers.conftest import free_port

CONFIG = """yaml:
receivers:
  otlp: {{protocols: {{http: {{endpoint: "127.0.0.1:0"}}}}}}
  prometheusremotewrite: {{endpoint: "127.0.0.1:{port}"}}
exporters:
  prometheusremotewrite: {{endpoint: "http://127.0.0.1:{port}/api/v1/write", protobuf_message: "{message}"}}
  otelier: {{data_dir: "{directory}"}}
extensions:
  otelier_query: {{endpoint: "127.0.0.1:0", prometheus: {{endpoint: "127.0.0.1:0"}}}}
service:
  extensions: [otelier_query]
  telemetry: {{logs: {{encoding: json}}, metrics: {{level: none}}}}
  pipelines:
    metrics/out: {{receivers: [otlp], exporters: [prometheusremotewrite]}}
    metrics/in: {{receivers: [prometheusremotewrite], exporters: [otelier]}}
"""


def _request(now_ns: int) -> bytes:
    request = ExportMetricsServiceRequest()
    resource = request.resource_metrics.add()
    resource.resource.attributes.add(key="service.name").value.string_value = "shop"
    scope = resource.scope_metrics.add()
    counter = scope.metrics.add(name="visits")
    counter.sum.is_monotonic, counter.sum.aggregation_temporality = True, 2
    counter.sum.data_points.add(time_unix_nano=now_ns, as_double=7)
    fine = scope.metrics.add(name="latency", unit="s").exponential_histogram
    fine.aggregation_temporality = 2
    point = fine.data_points.add(time_unix_nano=now_ns, count=6, sum=4.5, scale=1)
    point.positive.offset = 0
    point.positive.bucket_counts.extend([1, 2, 3])
    return request.SerializeToString()


@pytest.mark.parametrize("message", ["prometheus.WriteRequest", "io.prometheus.write.v2.Request"])
def test_what_goes_out_comes_in(otelier, tmp_path: Path, message: str) -> None:
    config = CONFIG.format(port=free_port(), directory=tmp_path / "data", message=message)
    running = otelier("run", "--config", config).ready()
    api = running.until(r"Prometheus's API at (\S+)")[1]
    headers = {"content-type": "application/x-protobuf"}
    url = f"http://{running.address('http')}/v1/metrics"
    with urllib.request.urlopen(urllib.request.Request(url, _request(time.time_ns()), headers), timeout=10):
        pass
    until = time.monotonic() + 30
    while not (found := _found(api, "visits_total")) and time.monotonic() < until:
        time.sleep(0.1)
    assert found == [({"__name__": "visits_total", "job": "shop"}, 7.0)]
    assert _found(api, "histogram_count(latency_seconds)") == [({"job": "shop"}, 6.0)]
    assert _found(api, "histogram_sum(latency_seconds)") == [({"job": "shop"}, 4.5)]


def _found(api: str, query: str) -> list[tuple[dict[str, str], float]]:
    with urllib.request.urlopen(f"{api}/api/v1/query?{urllib.parse.urlencode({'query': query})}", timeout=10) as answer:
        result = json.load(answer)["data"]["result"]
    plain = (
        ({key: value for key, value in each["metric"].items() if not key.startswith("otel_scope")}, each["value"][1])
        for each in result
    )
    return [(labels, float(value)) for labels, value in plain]
