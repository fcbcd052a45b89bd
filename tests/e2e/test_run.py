"""`otelier run` from outside: what comes in goes out equal, signals and exit codes are kept."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from pathlib import Path

import grpc
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc import TraceServiceStub

from otelier.testing import decode, span, traces

SHARED = Path(os.environ.get("OTELIER_SHARED", "../shared"))


def config(
    endpoint: str, *, grpc_endpoint: str = "127.0.0.1:0", processors: str = "batch", metrics: str = "none"
) -> str:
    return f"""yaml:
receivers:
  otlp:
    protocols:
      grpc: {{endpoint: "{grpc_endpoint}"}}
      http: {{endpoint: "127.0.0.1:0"}}
processors:
  batch: {{timeout: 50ms}}
  batch/slow: {{timeout: 1h}}
exporters:
  otlp: {{endpoint: "{endpoint}", tls: {{insecure: true}}}}
service:
  telemetry:
    logs: {{encoding: json}}
    metrics: {{level: {metrics}, readers: [{{pull: {{exporter: {{prometheus: {{host: 127.0.0.1, port: 0}}}}}}}}]}}
  pipelines:
    traces: {{receivers: [otlp], processors: [{processors}], exporters: [otlp]}}
    metrics: {{receivers: [otlp], processors: [{processors}], exporters: [otlp]}}
    logs: {{receivers: [otlp], processors: [{processors}], exporters: [otlp]}}
"""


def send(address: str, *requests: ExportTraceServiceRequest) -> None:
    with grpc.insecure_channel(address) as channel:
        stub = TraceServiceStub(channel)
        for request in requests:
            stub.Export(request, timeout=30)


def spans(requests) -> list[str]:
    """Every span with its resource and scope, as sorted text: equal for equal contents in any order."""
    found = []
    for request in requests:
        for under_resource in getattr(request, "resource_spans", ()):
            for under_scope in under_resource.scope_spans:
                context = (
                    under_resource.resource,
                    under_resource.schema_url,
                    under_scope.scope,
                    under_scope.schema_url,
                )
                found += [repr((*map(str, context), str(each))) for each in under_scope.spans]
    return sorted(found)


def request(first: int, count: int = 20) -> ExportTraceServiceRequest:
    each = (
        span(f"GET /{n}", trace=n % 7, number=n, parent=n - 1, attributes={"n": n, "in": {"list": [1, "é", b"\0"]}})
        for n in range(first, first + count)
    )
    return decode(traces(*each, resource={"service.name": f"shop {first % 3}"}))


def test_what_leaves_equals_what_came(otelier, backend):
    running = otelier("run", "--config", config(backend.endpoint)).ready()
    sent = [request(n * 20) for n in range(10)]
    send(running.address("grpc"), *sent)
    backend.until(lambda: len(spans(backend.requests)) == 200)
    assert spans(backend.requests) == spans(sent)
    assert running.end() == 0


def test_sigterm_lets_out_what_a_buffer_still_holds(otelier, backend):
    running = otelier("run", "--config", config(backend.endpoint, processors="batch/slow")).ready()
    sent = request(0)
    send(running.address("grpc"), sent)
    assert backend.requests == []
    assert running.end(signal.SIGTERM) == 0
    assert spans(backend.requests) == spans([sent])


@pytest.mark.parametrize("protocol", ["grpc", "http/protobuf"])
def test_the_sdk_sends_all_three_signals(otelier, backend, protocol, tmp_path):
    program = tmp_path / "shop.py"
    program.write_text("""
import logging, os
from opentelemetry.sdk._logs import LoggerProvider, LoggingHandler
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
if os.environ["OTEL_EXPORTER_OTLP_PROTOCOL"] == "grpc":
    from opentelemetry.exporter.otlp.proto.grpc._log_exporter import OTLPLogExporter
    from opentelemetry.exporter.otlp.proto.grpc.metric_exporter import OTLPMetricExporter
    from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
else:
    from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
    from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
tracers, loggers = TracerProvider(), LoggerProvider()
tracers.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
loggers.add_log_record_processor(BatchLogRecordProcessor(OTLPLogExporter()))
meters = MeterProvider([PeriodicExportingMetricReader(OTLPMetricExporter())])
with tracers.get_tracer("shop").start_as_current_span("checkout") as span:
    span.set_attribute("items", 3)
    log = logging.getLogger("till")
    log.addHandler(LoggingHandler(logger_provider=loggers))
    log.warning("paid")
meters.get_meter("shop").create_counter("orders").add(2)
for provider in (tracers, loggers, meters):
    provider.shutdown()
""")
    running = otelier("run", "--config", config(backend.endpoint)).ready()
    address = f"http://{running.address(protocol[:4])}"
    environment = {"OTEL_EXPORTER_OTLP_PROTOCOL": protocol}
    os_environment = os.environ | environment
    child = otelier_exec(address, program, os_environment)
    assert child.returncode == 0, child.stderr
    backend.until(lambda: len({type(request) for request in backend.requests}) == 3)
    by_type = {type(request).__name__: request for request in backend.requests}
    trace = by_type["ExportTraceServiceRequest"].resource_spans[0]
    assert [a.value.string_value for a in trace.resource.attributes if a.key == "service.name"] == ["shop"]
    assert trace.scope_spans[0].spans[0].name == "checkout"
    metric = by_type["ExportMetricsServiceRequest"].resource_metrics[0].scope_metrics[0].metrics[0]
    assert (metric.name, metric.sum.data_points[0].as_int) == ("orders", 2)
    record = by_type["ExportLogsServiceRequest"].resource_logs[0].scope_logs[0].log_records[0]
    assert record.body.string_value == "paid"
    assert record.trace_id == trace.scope_spans[0].spans[0].trace_id


def otelier_exec(address: str, program: Path, environment):
    command = [sys.executable, "-m", "otelier", "exec", "--endpoint", address, "--", sys.executable, str(program)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def test_own_metrics_count_what_came_what_went_and_what_passed_each_processor(otelier, backend):
    running = otelier("run", "--config", config(backend.endpoint, metrics="normal"))
    page = running.until(r"own metrics at (\S+)")[1]
    running.ready()
    send(running.address("grpc"), request(0), request(20))
    backend.until(lambda: len(spans(backend.requests)) == 40)

    def values():
        text = urllib.request.urlopen(page).read().decode()
        lines = [line for line in text.splitlines() if line and not line.startswith("#")]
        found = Counter()
        for line in lines:
            found[re.split("[{ ]", line)[0]] += float(line.rpartition(" ")[2])
        return found

    seen = values()
    assert seen["otelcol_receiver_accepted_spans"] == 40
    assert seen["otelcol_processor_incoming_items"] == 40
    assert seen["otelcol_processor_outgoing_items"] == 40
    assert seen["otelcol_process_memory_rss"] > 10 * 2**20
    assert running.end() == 0


def test_sighup_with_a_broken_file_keeps_serving_and_with_a_good_one_changes(otelier, backend, tmp_path):
    file = tmp_path / "c.yaml"
    file.write_text(config(backend.endpoint).removeprefix("yaml:"))
    running = otelier("run", "--config", str(file)).ready()
    address = running.address("grpc")
    file.write_text("recievers:")
    running.send_signal(signal.SIGHUP)
    running.until(r"c\.yaml:1:1: unknown key `recievers`")
    running.until("the old one goes on")
    send(address, request(0))
    backend.until(lambda: len(spans(backend.requests)) == 20)
    file.write_text(config(backend.endpoint, grpc_endpoint=address).removeprefix("yaml:"))
    running.send_signal(signal.SIGHUP)
    running.until("stopped")
    running.ready()
    send(address, request(20))
    backend.until(lambda: len(spans(backend.requests)) == 40)
    assert running.end() == 0


def test_a_stop_ends_in_time_though_the_backend_is_down_and_nothing_queues(otelier):
    text = (
        config("127.0.0.1:1", processors="batch/slow")
        .replace("insecure: true}}", "insecure: true}, sending_queue: {enabled: false}}")
        .replace("service:\n", "service:\n  shutdown_timeout: 1s\n")
    )
    running = otelier("run", "--config", text).ready()
    send(running.address("grpc"), request(0))
    began = time.monotonic()
    assert running.end(signal.SIGTERM) == 0
    assert time.monotonic() - began < 4  # the first retry alone would come after 5 s
    assert [line for line in running.lines if "shutdown, dropped_items=20" in line["msg"]]


def test_a_second_signal_ends_at_once_even_if_a_buffer_cannot_be_emptied(otelier):
    with socket.create_server(("127.0.0.1", 0)) as silent:  # takes connections and never answers
        endpoint = f"127.0.0.1:{silent.getsockname()[1]}"
        text = config(endpoint).replace("service:\n", "service:\n  shutdown_timeout: 1h\n")
        running = otelier("run", "--config", text).ready()
        send(running.address("grpc"), request(0))
        running.send_signal(signal.SIGTERM)
        running.until("stopping")
        assert running.end(signal.SIGTERM) == -signal.SIGTERM


def test_a_port_in_use_is_exit_code_one_and_names_its_owner(otelier, backend):
    text = config("127.0.0.1:1", grpc_endpoint=backend.endpoint)
    second = otelier("run", "--config", text)
    assert second.wait() == 1
    (error,) = [line["msg"] for line in second.lines if line["msg"].startswith("error:")]
    assert f"{backend.endpoint} is already in use by pid {os.getpid()} (" in error


def test_all_problems_of_a_file_are_exit_code_two_with_file_line_and_column(otelier, tmp_path):
    file = tmp_path / "c.yaml"
    file.write_text("receivers:\n  otpl:\nexporters:\n  otlp: {endpoint: '<host>'}\nservice: {pipelines: {}}\n")
    running = otelier("run", "--config", str(file))
    assert running.wait() == 2
    places = [line["msg"].split(": ")[0].removeprefix(str(file)) for line in running.lines]
    assert places == [":2:3", ":4:20", ":5:11"]


@pytest.mark.shared
def test_a_collectors_file_with_what_upstream_removed_runs_and_prints(otelier):
    file = SHARED / "configs" / "behind-load-balancer.yaml"
    if not file.is_file():
        pytest.skip("OTELIER_SHARED names no folder with configs")
    # Ports that are free here; the file itself is as users have it.
    sets = [
        *("--set", "receivers.otlp.protocols.grpc.endpoint=127.0.0.1:0"),
        *("--set", "receivers.otlp.protocols.http.endpoint=127.0.0.1:0"),
        *("--set", "service.telemetry.logs.encoding=json"),
        *("--set", "service.telemetry.metrics.level=none"),
    ]
    running = otelier("run", "--config", str(file), *sets).ready()
    assert [line for line in running.lines if line["level"] == "warn" and "logging" in line["msg"]]
    send(running.address("grpc"), request(0))
    assert running.end() == 0
    printed = next(line["msg"] for line in running.lines if line["msg"].startswith("traces: 20 spans"))
    assert "GET /19" in printed
