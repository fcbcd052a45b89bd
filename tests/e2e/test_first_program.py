"""The first program of a user: the SDK, one span, found through the API within a second, kill -9 or not."""

import json
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

CONFIG = """
receivers: {otlp: {protocols: {grpc: {endpoint: "127.0.0.1:0"}, http: {endpoint: "127.0.0.1:0"}}}}
exporters: {otelier: {data_dir: DATA}}
extensions: {otelier_query: {endpoint: "127.0.0.1:0", data_dir: DATA}}
service:
  extensions: [otelier_query]
  telemetry: {logs: {encoding: json}, metrics: {level: none}}
  pipelines:
    traces: {receivers: [otlp], exporters: [otelier]}
    logs: {receivers: [otlp], exporters: [otelier]}
"""
PROGRAM = """
import sys
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

provider = TracerProvider(resource=Resource.create({"service.name": "my-python-app"}))
provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=sys.argv[1], insecure=True)))
trace.set_tracer_provider(provider)
with trace.get_tracer(__name__).start_as_current_span("do_work") as span:
    span.set_attribute("answer", 42)
provider.shutdown()
"""


def start(otelier, directory: Path):
    config = CONFIG.replace("DATA", json.dumps(str(directory)))
    process = otelier("run", "--config", f"yaml:{config}").ready()
    url = None
    for line in process.lines:
        url = url or re.search(r"UI and queries at (\S+)", line["msg"])
    url = url or process.until(r"UI and queries at (\S+)")
    return process, url[1]


def traces(url: str) -> list[dict]:
    with urllib.request.urlopen(f"{url}/api/traces?service=my-python-app", timeout=20) as answer:
        return json.load(answer)["data"]


def test_the_span_is_found_within_a_second_and_after_kill_9(otelier, tmp_path: Path):
    process, url = start(otelier, tmp_path)
    subprocess.run([sys.executable, "-c", PROGRAM, process.address("grpc")], check=True, timeout=60)
    sent = time.monotonic()
    while not (found := traces(url)):
        assert time.monotonic() - sent < 1, "not there after a second"
        threading.Event().wait(0.01)
    [trace] = found
    [span] = trace["spans"]
    assert span["operationName"] == "do_work"
    assert {"key": "answer", "type": "int64", "value": 42} in span["tags"]
    assert [each["serviceName"] for each in trace["processes"].values()] == ["my-python-app"]

    process.end(signal.SIGKILL)
    _, url = start(otelier, tmp_path)
    assert traces(url) == found
