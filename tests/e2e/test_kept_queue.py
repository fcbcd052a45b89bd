"""A queue on disk, from outside: kill -9 while the backend is down, full speed, or stopped in the middle."""

import json
import signal
import threading
import time
from collections import Counter
from pathlib import Path

import grpc
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc import TraceServiceStub

from otelier.testing import decode, span, traces


def config(directory: Path, endpoint: str, *, fsync: bool = False, batch: str = "", processors: str = "") -> str:
    return f"""yaml:
receivers:
  otlp: {{protocols: {{grpc: {{endpoint: "127.0.0.1:0"}}}}}}
extensions:
  file_storage: {{directory: "{directory}", create_directory: true, fsync: {str(fsync).lower()}}}
processors:
  batch: {{timeout: 100ms, send_batch_size: 1000, storage: file_storage}}
exporters:
  otlp:
    endpoint: "{endpoint}"
    tls: {{insecure: true}}
    retry_on_failure: {{initial_interval: 100ms, max_interval: 100ms, max_elapsed_time: 0}}
    sending_queue: {{storage: file_storage, queue_size: 100000{batch}}}
service:
  extensions: [file_storage]
  telemetry: {{logs: {{encoding: json}}, metrics: {{level: none}}}}
  pipelines:
    traces: {{receivers: [otlp], processors: [{processors}], exporters: [otlp]}}
"""


def request(first: int, count: int):
    return decode(traces(*(span(str(number), trace=number, number=number) for number in range(first, first + count))))


def arrived(backend) -> Counter[int]:
    return Counter(
        int(each.name)
        for request in list(backend.requests)
        for resource in request.resource_spans
        for scope in resource.scope_spans
        for each in scope.spans
    )


class Sender(threading.Thread):
    """Sends until the server is gone; `acknowledged` are the numbers that it was told are in safe hands."""

    def __init__(self, address: str, first: int, size: int = 20) -> None:
        super().__init__()
        self.acknowledged: list[int] = []
        self._address, self._first, self._size = address, first, size

    def run(self) -> None:
        with grpc.insecure_channel(self._address) as channel:
            stub = TraceServiceStub(channel)
            for first in range(self._first, self._first + 1_000_000, self._size):
                try:
                    stub.Export(request(first, self._size), timeout=10)
                except grpc.RpcError:
                    return
                self.acknowledged += range(first, first + self._size)


def sending(running, count: int = 3, first: int = 0) -> list[Sender]:
    senders = [Sender(running.address("grpc"), first + n * 1_000_000) for n in range(1, count + 1)]
    for sender in senders:
        sender.start()
    return senders


def until_acknowledged(senders: list[Sender], items: int) -> None:
    until = time.monotonic() + 30
    while sum(len(sender.acknowledged) for sender in senders) < items:
        assert time.monotonic() < until, "the senders are stuck"
        threading.Event().wait(0.01)


@pytest.mark.parametrize(
    "keys",
    [
        {},
        {"fsync": True},
        {"batch": ", batch: {min_size: 500, flush_timeout: 50ms}"},
        {"processors": "batch"},
    ],
    ids=["written", "fsync", "batching in the queue", "batch processor"],
)
def test_kill_9_loses_nothing_that_was_accepted(otelier, backend, tmp_path, keys):
    text = config(tmp_path / "kept", backend.endpoint, **keys)
    acknowledged: set[int] = set()
    for round_ in range(3):
        running = otelier("run", "--config", text).ready()
        senders = sending(running, first=10_000_000 * round_)
        until_acknowledged(senders, 1000)
        running.end(signal.SIGKILL)
        for sender in senders:
            sender.join()
            acknowledged.update(sender.acknowledged)
    running = otelier("run", "--config", text).ready()
    backend.until(lambda: acknowledged <= arrived(backend).keys())
    assert running.end() == 0


def test_what_waits_for_a_backend_that_is_down_survives_kill_and_stop(otelier, backend, tmp_path):
    directory = tmp_path / "kept"
    running = otelier("run", "--config", config(directory, "127.0.0.1:1")).ready()
    senders = sending(running, 1)
    until_acknowledged(senders, 200)
    running.end(signal.SIGKILL)
    senders[0].join()
    sent = set(senders[0].acknowledged)

    running = otelier("run", "--config", config(directory, "127.0.0.1:1")).ready()
    assert any("sending what waited at the last stop" in line["msg"] for line in running.lines)
    started = time.monotonic()
    assert running.end(signal.SIGTERM) == 0
    assert time.monotonic() - started < 8, "a stop does not wait for a backend that is down"
    assert any("stay on disk" in line["msg"] for line in running.lines)

    running = otelier("run", "--config", config(directory, backend.endpoint)).ready()
    backend.until(lambda: sent <= arrived(backend).keys())
    assert running.end() == 0
    assert set(arrived(backend).values()) == {1}

    count = sum(arrived(backend).values())
    assert otelier("run", "--config", config(directory, backend.endpoint)).ready().end() == 0
    assert sum(arrived(backend).values()) == count, "what was sent is not sent again"


def test_a_second_process_on_the_same_queue_is_refused_with_the_first_ones_pid(otelier, tmp_path):
    text = config(tmp_path / "kept", "127.0.0.1:1")
    first = otelier("run", "--config", text).ready()
    second = otelier("run", "--config", text)
    assert second.wait() == 2
    assert any(f"in use by pid {first.process.pid}" in line["msg"] for line in second.lines)
    assert first.end() == 0


def test_validate_tells_who_answers_and_what_can_be_lost(otelier, tmp_path):
    for fsync, losses in ((False, 1), (True, 0)):
        checked = otelier("validate", "--json", "--config", config(tmp_path, "127.0.0.1:1", fsync=fsync))
        assert checked.wait() == 0
        (custody,) = json.loads(checked.out)["pipelines"][0]["custody"]
        assert custody["with"] == "otlp buffers"
        assert len(custody["a kill loses"]) == losses
        assert all("nothing" in loss and "a power cut" in loss for loss in custody["a kill loses"])
    assert list(tmp_path.iterdir()) == []
