"""`otelier run` with zpages: what flows and what was decided is told while it runs."""

import json
import urllib.request

import grpc
from opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc import TraceServiceStub

from otelier.testing import decode, span, trace_id, traces

CONFIG = """yaml:
receivers:
  otlp: {protocols: {grpc: {endpoint: "127.0.0.1:0"}}}
processors:
  memory_limiter: {check_interval: 1s, limit_mib: 4000}
  tail_sampling:
    decision_wait: 100ms
    policies:
    - {name: error, type: status_code, status_code: {status_codes: [ERROR]}}
    - {name: slow, type: latency, latency: {threshold_ms: 500}}
exporters:
  otlp: {endpoint: "ENDPOINT", tls: {insecure: true}}
extensions:
  zpages: {endpoint: "127.0.0.1:0"}
service:
  extensions: [zpages]
  telemetry:
    logs: {encoding: json}
    metrics: {readers: [{pull: {exporter: {prometheus: {host: 127.0.0.1, port: 0}}}}]}
  pipelines:
    traces: {receivers: [otlp], processors: [memory_limiter, tail_sampling], exporters: [otlp]}
"""


def test_a_running_service_tells_what_it_does_and_why_a_trace_was_kept(otelier, backend):
    it = otelier("run", "--config", CONFIG.replace("ENDPOINT", backend.endpoint))
    pages = it.until(r"pages at (http://\S+)/debug")[1]
    it.ready()

    def ask(path: str):
        with urllib.request.urlopen(f"{pages}/debug/{path}", timeout=30) as answer:
            return json.load(answer)

    with grpc.insecure_channel(it.address("grpc")) as channel:
        failed, fine = span("failed", trace=1, status="ERROR"), span("fine", trace=2)
        TraceServiceStub(channel).Export(decode(traces(failed, fine)), timeout=30)
    backend.until(lambda: backend.requests)
    told = ask(f"samplingz?format=json&trace_id={trace_id(1).hex()}")["tail_sampling in traces"]
    assert [(r["decision"], r["decided_by"], r["verdicts"]) for r in told["records"]] == [
        ("sampled", "error", {"error": "sampled", "slow": "not_sampled"})
    ]
    flow = ask("pipelinez?format=json")["flow"]["pipelines"]["traces"]
    assert [(row["component"], row["incoming_items"], row["outgoing_items"]) for row in flow[:3]] == [
        ("receiver otlp", None, 2),
        ("processor memory_limiter", 2, 2),
        ("processor tail_sampling", 2, 1),
    ]
    assert ask("servicez?format=json")["process"]["pid"] == it.process.pid
    assert [each["extension"] for each in ask("extensionz?format=json")["extensions"]] == ["zpages"]
    assert it.end() == 0
