"""kill -9 in the middle of a sampler's wait, from outside: what is kept is the same as without it."""

import signal
import threading
import time
from collections import Counter
from pathlib import Path

import grpc
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc import TraceServiceStub

from otelier.testing import decode, span, traces

TRACES_A_REQUEST = 10
PARTS = 3
"""Each trace comes in so many requests, one after the other."""


def config(directory: Path, endpoint: str, processors: str) -> str:
    return f"""yaml:
receivers:
  otlp: {{protocols: {{grpc: {{endpoint: "127.0.0.1:0"}}}}}}
extensions:
  file_storage: {{directory: "{directory}", create_directory: true}}
processors:
  groupbytrace: {{wait_duration: 1s, storage: file_storage}}
  tail_sampling:
    decision_wait: 2s
    storage: file_storage
    policies:
      - {{name: errors, type: status_code, status_code: {{status_codes: [ERROR]}}}}
exporters:
  otlp:
    endpoint: "{endpoint}"
    tls: {{insecure: true}}
    sending_queue: {{storage: file_storage}}
service:
  extensions: [file_storage]
  telemetry: {{logs: {{encoding: json}}, metrics: {{level: none}}}}
  pipelines:
    traces: {{receivers: [otlp], processors: [{processors}], exporters: [otlp]}}
"""


def request(number: int):
    """The first part of the newest traces, the next part of those before them, and so on."""
    spans = []
    for part in range(PARTS):
        for at in range(TRACES_A_REQUEST):
            trace = (number - part) * TRACES_A_REQUEST + at
            status = "ERROR" if part == PARTS - 1 and is_kept(trace) else "UNSET"
            spans.append(span(f"{trace} {part}", trace=trace, number=trace * PARTS + part, status=status))
    return decode(traces(*spans))


def is_kept(trace: int) -> bool:
    return trace % 3 == 0


class Sender(threading.Thread):
    """One request after the other until the server is gone; `acknowledged` are the numbers of those it took."""

    def __init__(self, address: str, first: int) -> None:
        super().__init__()
        self.acknowledged: list[int] = []
        self._address, self._first = address, first

    def run(self) -> None:
        with grpc.insecure_channel(self._address) as channel:
            stub = TraceServiceStub(channel)
            for number in range(self._first, self._first + 1_000_000):
                try:
                    stub.Export(request(number), timeout=10)
                except grpc.RpcError:
                    return
                self.acknowledged.append(number)
                threading.Event().wait(0.005)


def arrived(backend) -> Counter[tuple[int, int]]:
    """(trace, part), and how often."""
    return Counter(
        tuple(map(int, each.name.split()))
        for request in list(backend.requests)
        for resource in request.resource_spans
        for scope in resource.scope_spans
        for each in scope.spans
    )


@pytest.mark.slow
@pytest.mark.parametrize("processors", ["tail_sampling", "groupbytrace, tail_sampling"])
def test_the_kept_set_is_the_same_as_without_the_kills(otelier, backend, tmp_path, processors):
    text = config(tmp_path / "kept", backend.endpoint, processors)
    whole: set[int] = set()
    for round_ in range(3):
        running = otelier("run", "--config", text).ready()
        sender = Sender(running.address("grpc"), first=1_000_000 * (round_ + 1))
        sender.start()
        until = time.monotonic() + 3.5
        while time.monotonic() < until or len(sender.acknowledged) < 50:
            assert time.monotonic() < until + 30, "the sender is stuck"
            threading.Event().wait(0.05)
        running.end(signal.SIGKILL)
        sender.join()
        acknowledged = set(sender.acknowledged)
        for number in acknowledged:
            if all(number + part in acknowledged for part in range(PARTS)):
                whole.update(range(number * TRACES_A_REQUEST, (number + 1) * TRACES_A_REQUEST))
    running = otelier("run", "--config", text).ready()
    expected = {(trace, part) for trace in whole if is_kept(trace) for part in range(PARTS)}
    backend.until(lambda: expected <= arrived(backend).keys())
    assert running.end() == 0
    found = arrived(backend)
    dropped = {trace for trace in whole if not is_kept(trace)}
    assert not {trace for trace, _ in found} & dropped
    # What was on its way at a kill may come again, not what came before.
    repeated = sum(count - 1 for count in found.values())
    assert repeated <= 3 * 2 * TRACES_A_REQUEST * 250, repeated
