"""The shared configuration with processors that upstream removed, from outside: it runs, says so, and routes."""

import json
import re
import subprocess
import sys
from collections import Counter

import grpc
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc import TraceServiceStub

from otelier.telemetry import Batch
from otelier.testing import decode, span, traces

pytestmark = pytest.mark.shared
QUIET = "yaml:service: {telemetry: {logs: {encoding: json}, metrics: {level: none}}}"


def of(environment: str | None, *names: str) -> Batch:
    resource = {"service.name": "shop"} | ({"deployment.environment": environment} if environment else {})
    return traces(*(span(name) for name in names), resource=resource)


def test_the_removed_processors_run_and_nothing_is_lost_on_either_way(shared, otelier, backend):
    running = otelier(
        "run", "--config", str(shared / "configs" / "legacy-processors.yaml"), "--config", QUIET,
        "--set", "receivers.otlp.protocols.grpc.endpoint=127.0.0.1:0",
        "--set", f"exporters.otlp/production.endpoint={backend.endpoint}",
    ).ready()  # fmt: skip
    with grpc.insecure_channel(running.address("grpc")) as channel:
        stub = TraceServiceStub(channel)
        for number in range(20):
            mixed = [of("production", f"p{number}"), of("test", f"t{number}", f"u{number}"), of(None, f"n{number}")]
            stub.Export(decode(Batch.join(mixed)), timeout=30)
    backend.until(lambda: sum(names(backend).values()) >= 20)
    assert running.end() == 0
    assert names(backend) == Counter(f"p{number}" for number in range(20)), "each once, and no others"
    printed = [re.search(r"traces: (\d+) spans?", line["msg"]) for line in running.lines]
    assert sum(int(found[1]) for found in printed if found) == 60


def names(backend) -> Counter[str]:
    return Counter(
        each.name
        for request in list(backend.requests)
        for resource in request.resource_spans
        for scope in resource.scope_spans
        for each in scope.spans
    )


def test_each_removed_processor_is_told_once_with_what_replaces_it(shared):
    file = str(shared / "configs" / "legacy-processors.yaml")
    checked = subprocess.run(
        [sys.executable, "-m", "otelier", "validate", "--config", file], capture_output=True, text=True, check=True
    )
    warnings = json.loads(checked.stdout)["warnings"]
    assert len(warnings) == 2
    assert "`queued_retry`" in warnings[0]
    assert "sending_queue and retry_on_failure" in warnings[0]
    assert "`routing`" in warnings[1]
    assert "the routing connector" in warnings[1]
