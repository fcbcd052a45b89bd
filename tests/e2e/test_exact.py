"""All three signals by every way in: what leaves equals what came, and is printed."""

import re
import urllib.request

import pytest

from otelier.telemetry import Batch
from otelier.testing import decode, gauge, log_record, logs, metrics, span, traces

CONFIG = """yaml:
receivers:
  otlp:
    protocols:
      http: {{endpoint: "127.0.0.1:0"}}
processors:
  batch: {{timeout: 20ms}}
exporters:
  otlp: {{endpoint: "{endpoint}", tls: {{insecure: true}}}}
  logging: {{loglevel: debug}}
service:
  telemetry: {{metrics: {{level: none}}, logs: {{encoding: json}}}}
  pipelines:
    traces: {{receivers: [otlp], processors: [batch], exporters: [otlp, logging]}}
    metrics: {{receivers: [otlp], processors: [batch], exporters: [otlp, logging]}}
    logs: {{receivers: [otlp], processors: [batch], exporters: [otlp, logging]}}
"""


def samples() -> dict[str, Batch]:
    shop = {"service.name": "상점", "nested": {"list": [1, 2.5, True, "é", b"\x00\xff"]}}
    return {
        "traces": traces(
            *(span(f"GET /{n}", trace=n, number=n, attributes={"n": n}) for n in range(1, 4)), resource=shop
        ),
        "metrics": metrics(gauge("queue.length", 2**53 + 1), resource=shop),
        "logs": logs(log_record("주문 accepted"), resource=shop),
    }


@pytest.mark.parametrize("encoding", ["json", "protobuf"])
def test_what_leaves_over_grpc_equals_what_came_over_http(otelier, backend, encoding):
    running = otelier("run", "--config", CONFIG.format(endpoint=backend.endpoint)).ready()
    sent = samples()
    for signal, batch in sent.items():
        body, kind = (batch.to_json(), "json") if encoding == "json" else (batch.to_otlp(), "x-protobuf")
        post = urllib.request.Request(
            f"http://{running.address('http')}/v1/{signal}", body, {"Content-Type": f"application/{kind}"}
        )
        with urllib.request.urlopen(post, timeout=30) as answer:
            assert answer.status == 200
    backend.until(lambda: len(backend.requests) == 3)
    arrived = {type(request).__name__: request for request in backend.requests}
    for batch in sent.values():
        wanted = decode(batch)
        assert arrived[type(wanted).__name__] == wanted
    assert running.end() == 0
    printed = running.out + "\n".join(line["msg"] for line in running.lines)
    for word in ("GET /3", "queue.length", "주문 accepted", "상점"):
        assert re.search(re.escape(word), printed), word
