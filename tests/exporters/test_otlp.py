"""otlp: what is taken arrives, what the backend can't take now is offered again, the rest is counted."""

import select
import socket
import time
from contextlib import ExitStack

import pytest
from google.protobuf.any_pb2 import Any
from google.protobuf.duration_pb2 import Duration as ProtoDuration
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from otelier.component import Duration, Permanent, Retryable, Secret, StartError, SystemClock
from otelier.exporters.otlp import Otlp, OtlpConfig
from otelier.sending import QueueSettings, RetrySettings, TlsClientSettings
from otelier.telemetry import SIGNALS
from otelier.testing import FakeClock, component_context, items

NO_QUEUE = QueueSettings(enabled=False)
QUICK = RetrySettings(initial_interval=Duration(0.1), randomization_factor=0)
PLAIN = TlsClientSettings(insecure=True)
RESOURCE_EXHAUSTED, UNAVAILABLE = 8, 14


@pytest.fixture
def started():
    """Starts an exporter with a clock that leaps over waits and without a queue."""
    running = []

    def start(endpoint, *, signal="traces", clock=None, **keys):
        ctx = component_context("otlp", clock=clock or FakeClock(auto_advance=True), signal=signal)
        keys = {"sending_queue": NO_QUEUE, "retry_on_failure": QUICK, "tls": PLAIN, **keys}
        exporter = Otlp(OtlpConfig(endpoint=endpoint, **keys), ctx)
        exporter.start()
        running.append(exporter)
        return exporter

    yield start
    for exporter in running:
        exporter.stop(0)


def count(exporter, name, **labels):
    return exporter.ctx.meter.counter(f"otelcol_exporter_{name}_spans", "", "").value(exporter="otlp", **labels)


def retry_info(seconds, code):
    info = Any()
    info.Pack(RetryInfo(retry_delay=ProtoDuration(seconds=seconds)))
    return (("grpc-status-details-bin", Status(code=code, message="later", details=[info]).SerializeToString()),)


@pytest.mark.proves("sending.GrpcClientSettings.{endpoint,compression}")
@pytest.mark.parametrize("signal", SIGNALS)
@pytest.mark.parametrize("compression", ["gzip", "none"])
def test_what_arrives_is_what_was_given(grpc_backend, started, signal, compression):
    backend, endpoint = grpc_backend()
    batch = items(signal, 20)
    started(endpoint, signal=signal, compression=compression, headers={"X-Token": Secret("abc")}).consume(batch)
    (arrival,) = backend.arrivals
    assert arrival.batch.digest() == batch.digest()
    assert arrival.headers["x-token"] == "abc"


@pytest.mark.parametrize("code", [1, 4, 10, 11, 14, 15])
def test_what_may_pass_is_offered_again(grpc_backend, started, code):
    backend, endpoint = grpc_backend(code, code)
    exporter = started(endpoint)
    backend.now = exporter.ctx.clock.monotonic
    exporter.consume(items("traces", 5))
    assert backend.times == pytest.approx([0, 0.1, 0.25])
    assert count(exporter, "sent") == 5


@pytest.mark.parametrize("code", [2, 3, 5, 6, 7, 8, 9, 12, 13, 16])
def test_everything_else_is_one_attempt_and_dropped(grpc_backend, started, code):
    backend, endpoint = grpc_backend(code)
    exporter = started(endpoint)
    with pytest.raises(Permanent):
        exporter.consume(items("traces", 5))
    assert len(backend.arrivals) == 1
    assert count(exporter, "send_failed", reason="permanent") == 5


@pytest.mark.parametrize("code", [RESOURCE_EXHAUSTED, UNAVAILABLE])
def test_retry_info_is_honoured(grpc_backend, started, reply, code):
    backend, endpoint = grpc_backend(reply(code, metadata=retry_info(7, code)))
    exporter = started(endpoint)
    backend.now = exporter.ctx.clock.monotonic
    exporter.consume(items("traces", 1))
    assert backend.times == [0, 7.0]


def test_partial_success_is_not_sent_again_and_the_rejected_are_counted(grpc_backend, started, reply, caplog):
    answer = ExportTraceServiceResponse()
    answer.partial_success.rejected_spans = 3
    answer.partial_success.error_message = "three were odd"
    backend, endpoint = grpc_backend(reply(body=answer.SerializeToString()))
    exporter = started(endpoint)
    exporter.consume(items("traces", 10))
    assert len(backend.arrivals) == 1
    assert (count(exporter, "sent"), count(exporter, "send_failed", reason="rejected")) == (7, 3)
    assert "three were odd" in caplog.text


@pytest.mark.proves("sending.SendSettings.timeout")
def test_a_black_hole_runs_into_the_timeout(started):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        exporter = started(
            f"127.0.0.1:{silent.getsockname()[1]}",
            timeout=Duration(0.05),
            retry_on_failure=RetrySettings(enabled=False),
        )
        with pytest.raises(Retryable):
            exporter.consume(items("traces", 1))


def test_the_timeout_is_for_all_endpoints_of_an_attempt_together(started):
    with ExitStack() as stack:
        silent = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(3)]
        exporter = started(
            ", ".join(f"127.0.0.1:{each.getsockname()[1]}" for each in silent),
            clock=SystemClock(),
            timeout=Duration(0.2),
            retry_on_failure=RetrySettings(enabled=False),
        )
        with pytest.raises(Retryable):
            exporter.consume(items("traces", 1))
        # The first had all of the time, so nobody knocked at the others.
        assert select.select(silent, [], [], 0)[0] == silent[:1]


@pytest.mark.proves("sending.GrpcClientSettings.endpoint")
def test_the_next_endpoint_takes_over_and_gives_back(grpc_backend, started):
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    second, endpoint = grpc_backend()
    exporter = started(f"127.0.0.1:{port}, {endpoint}")
    for _ in range(3):
        exporter.consume(items("traces", 1))
    assert len(second.arrivals) == 3
    assert exporter.ctx.clock.waited == []  # nobody had to wait for that
    first, _ = grpc_backend(port=port)
    give_up = time.monotonic() + 20  # the connection's own back-off runs in real time
    while not first.arrivals and time.monotonic() < give_up:
        exporter.ctx.clock.advance(30)
        exporter.consume(items("traces", 1))
        time.sleep(0.05)
    assert first.arrivals
    before = len(second.arrivals)
    exporter.consume(items("traces", 1))
    assert (len(first.arrivals), len(second.arrivals)) == (2, before)


def test_when_all_endpoints_fail_it_waits_and_tries_them_again(grpc_backend, started):
    first, one = grpc_backend(UNAVAILABLE, UNAVAILABLE)
    second, two = grpc_backend(UNAVAILABLE)
    exporter = started(f"{one},{two}")
    exporter.consume(items("traces", 1))
    assert (len(first.arrivals), len(second.arrivals)) == (1, 2)
    assert count(exporter, "sent") == 1
    assert exporter.ctx.clock.waited == pytest.approx([0.1])


def test_a_missing_certificate_stops_the_start(started):
    with pytest.raises(StartError, match="no-such"):
        started("127.0.0.1:1", tls=TlsClientSettings(ca_file="/no-such.pem"))
