"""otlphttp: what is taken arrives, what the backend can't take now is offered again, the rest is counted."""

import socket
import threading
import time
from pathlib import Path

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from otelier.component import CustodyKind, Duration, Permanent, Refused, Retryable, Secret, StartError, SystemClock
from otelier.exporters.otlphttp import OtlpHttp, OtlpHttpConfig
from otelier.sending import BatchSettings, QueueSettings, RetrySettings
from otelier.telemetry import SIGNALS
from otelier.testing import FakeClock, component_context, items

NO_QUEUE = QueueSettings(enabled=False)
QUICK = RetrySettings(initial_interval=Duration(0.1), randomization_factor=0)


@pytest.fixture
def started():
    """Starts an exporter (by default with a clock that leaps over waits and without a queue)."""
    running = []

    def start(endpoint="", *, signal="traces", clock=None, **keys):
        ctx = component_context("otlphttp", clock=clock or FakeClock(auto_advance=True), signal=signal)
        keys = {"sending_queue": NO_QUEUE, "retry_on_failure": QUICK, **keys}
        exporter = OtlpHttp(OtlpHttpConfig(endpoint=endpoint, **keys), ctx)
        exporter.start()
        running.append(exporter)
        return exporter

    yield start
    for exporter in running:
        exporter.stop(0)


def count(exporter, name, suffix="spans", **labels):
    counter = exporter.ctx.meter.counter(f"otelcol_exporter_{name}_{suffix}", "", "")
    return counter.value(exporter="otlphttp", **labels)


# -- what arrives -------------------------------------------------------------------------------


@pytest.mark.proves("collector.case_24", "otlphttp.{endpoint,encoding}", "sending.HttpClientSettings.compression")
@pytest.mark.parametrize("signal", SIGNALS)
@pytest.mark.parametrize("encoding", ["proto", "json"])
@pytest.mark.parametrize("compression", ["gzip", "none", "deflate"])
def test_what_arrives_is_what_was_given(http_backend, started, signal, encoding, compression):
    backend, url = http_backend()
    batch = items(signal, 20)
    started(url, signal=signal, encoding=encoding, compression=compression).consume(batch)
    (arrival,) = backend.arrivals
    assert arrival.path == f"/v1/{signal}"
    assert arrival.headers["content-type"] == {"proto": "application/x-protobuf", "json": "application/json"}[encoding]
    assert arrival.headers.get("content-encoding", "none") == compression
    assert arrival.batch.digest() == batch.digest()


@pytest.mark.proves("sending.HttpClientSettings.headers")
def test_headers_are_sent(http_backend, started):
    backend, url = http_backend()
    headers = {"Authorization": Secret("Bearer abc"), "X-Scope-OrgID": Secret("7")}
    started(url, headers=headers).consume(items("traces", 1))
    (arrival,) = backend.arrivals
    assert (arrival.headers["authorization"], arrival.headers["x-scope-orgid"]) == ("Bearer abc", "7")


@pytest.mark.proves("otlphttp.{traces,metrics,logs}_endpoint")
@pytest.mark.parametrize(
    ("keys", "url"),
    [
        ({"endpoint": "http://b:4318"}, "http://b:4318/v1/traces"),
        ({"endpoint": "http://b:4318/"}, "http://b:4318/v1/traces"),
        ({"endpoint": "https://b/otlp/"}, "https://b/otlp/v1/traces"),
        ({"endpoint": "https://b/otlp?key=1"}, "https://b/otlp/v1/traces?key=1"),
        ({"endpoint": "http://b:4318", "traces_endpoint": "http://t:1/in/"}, "http://t:1/in/"),
        ({"traces_endpoint": "http://t:1"}, "http://t:1"),
        ({"metrics_endpoint": "http://t:1"}, ""),
    ],
)
def test_the_signals_path_is_added_to_endpoint_only(keys, url):
    config = OtlpHttpConfig(**keys)
    assert config.url("traces") == url
    assert list(config.problems()) == []


@pytest.mark.parametrize("keys", [{}, {"endpoint": "b:4318"}, {"endpoint": "grpc://b:4317"}])
def test_an_endpoint_that_is_no_url_is_a_problem(keys):
    assert [key for key, _ in OtlpHttpConfig(**keys).problems()] == ["endpoint"]


def test_a_signal_without_a_url_stops_the_start(started):
    with pytest.raises(StartError, match="logs_endpoint"):
        started(traces_endpoint="http://127.0.0.1:1", signal="logs")


# -- the retry matrix (conformance case 24) -----------------------------------------------------


@pytest.mark.proves("collector.case_24")
def test_503_with_retry_after_2_is_offered_again_2_seconds_later(http_backend, started, reply):
    backend, url = http_backend(reply(503, {"Retry-After": "2"}))
    exporter = started(url)
    backend.now = exporter.ctx.clock.monotonic
    exporter.consume(items("traces", 1))
    assert backend.times == [0, 2.0]


@pytest.mark.proves("collector.case_24")
@pytest.mark.parametrize("status", [400, 401, 403, 404, 500, 501])
def test_other_errors_are_one_attempt_and_dropped(http_backend, started, status):
    backend, url = http_backend(status)
    exporter = started(url)
    with pytest.raises(Permanent, match=f"HTTP {status}"):
        exporter.consume(items("traces", 5))
    assert len(backend.arrivals) == 1
    assert count(exporter, "send_failed", reason="permanent") == 5


def test_what_is_too_large_for_the_backend_goes_in_parts(http_backend, started):
    backend, url = http_backend(413, 413)
    exporter = started(url)
    exporter.consume(items("traces", 5))
    assert len(backend.arrivals) == 5, "5 items, the first 3 of them, then 2, 1 and 2"
    assert count(exporter, "sent") == 5


@pytest.mark.proves("collector.case_24")
def test_429_502_504_then_200_is_four_attempts_with_growing_waits(http_backend, started):
    backend, url = http_backend(429, 502, 504)
    exporter = started(url)
    backend.now = exporter.ctx.clock.monotonic
    batch = items("traces", 5)
    exporter.consume(batch)
    assert backend.times == pytest.approx([0, 0.1, 0.25, 0.475])
    assert {arrival.batch.digest() for arrival in backend.arrivals} == {batch.digest()}
    assert count(exporter, "sent") == 5


def test_429_with_retry_after_30_waits_30_seconds(http_backend, started, reply):
    backend, url = http_backend(reply(429, {"Retry-After": "30"}))
    exporter = started(url)
    backend.now = exporter.ctx.clock.monotonic
    exporter.consume(items("traces", 1))
    assert backend.times == [0, 30.0]


def test_partial_success_is_not_sent_again_and_the_rejected_are_counted(http_backend, started, reply, caplog):
    answer = ExportTraceServiceResponse()
    answer.partial_success.rejected_spans = 3
    answer.partial_success.error_message = "three were odd"
    headers = {"Content-Type": "application/x-protobuf"}
    backend, url = http_backend(reply(200, headers, answer.SerializeToString()))
    exporter = started(url)
    exporter.consume(items("traces", 10))
    assert len(backend.arrivals) == 1
    assert (count(exporter, "sent"), count(exporter, "send_failed", reason="rejected")) == (7, 3)
    assert "three were odd" in caplog.text


def test_nobody_listening_is_offered_again_until_given_up(started):
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    exporter = started(f"http://127.0.0.1:{port}")
    with pytest.raises(Retryable):
        exporter.consume(items("traces", 2))
    assert len(exporter.ctx.clock.waited) > 10
    assert count(exporter, "send_failed", reason="retries_exhausted") == 2


# -- trouble stays behind the queue -------------------------------------------------------------


def test_a_black_hole_runs_into_the_timeout_and_leaks_nothing(started):
    with socket.create_server(("127.0.0.1", 0), backlog=512) as silent:
        exporter = started(
            f"http://127.0.0.1:{silent.getsockname()[1]}",
            timeout=Duration(0.02),
            retry_on_failure=RetrySettings(enabled=False),
        )

        def rounds(count):
            for _ in range(count):
                with pytest.raises(Retryable):
                    exporter.consume(items("traces", 1))
            return threading.active_count(), len(list(Path("/proc/self/fd").iterdir()))

        threads, files = rounds(5)
        threads_later, files_later = rounds(40)
    assert threads_later <= threads
    assert files_later <= files + 5


def test_a_flapping_backend_gets_everything_without_a_storm(http_backend, started, reply):
    backend, url = http_backend()
    begin = time.monotonic()
    backend.decide = lambda: reply(503 if int((time.monotonic() - begin) / 0.05) % 2 else 200)
    consumers, shortest_s = 10, 0.005
    exporter = started(
        url,
        clock=SystemClock(),
        sending_queue=QueueSettings(num_consumers=consumers),
        retry_on_failure=RetrySettings(initial_interval=Duration(2 * shortest_s), max_interval=Duration(0.04)),
    )
    sent = [items("traces", 3, first=3 * n) for n in range(300)]
    for batch in sent:
        exporter.consume(batch)
    exporter.stop(time.monotonic() + 30)
    took_s = time.monotonic() - begin
    assert count(exporter, "sent") == 900
    arrived = {arrival.batch.digest() for arrival in backend.arrivals}
    assert arrived == {batch.digest() for batch in sent}
    failures = len(backend.arrivals) - len(sent)
    assert failures <= consumers * (took_s / shortest_s + 1)


def test_a_full_queue_refuses_and_a_stop_counts_what_is_left(started):
    clock = FakeClock()
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    exporter = started(
        f"http://127.0.0.1:{port}", clock=clock, sending_queue=QueueSettings(queue_size=3, num_consumers=1)
    )
    assert exporter.custody().kind == CustodyKind.BUFFERS
    for _ in range(3):
        exporter.consume(items("traces", 2))
    with pytest.raises(Refused):
        exporter.consume(items("traces", 2))
    clock.until_waiting()
    exporter.stop(clock.monotonic() + 0.01)
    assert count(exporter, "enqueue_failed", reason="queue") == 2
    assert count(exporter, "send_failed", reason="shutdown") == 6


def test_a_stop_sends_what_still_waits_for_its_batch(http_backend, started):
    backend, url = http_backend()
    batching = QueueSettings(batch=BatchSettings(flush_timeout=Duration(3600)))
    exporter = started(url, clock=SystemClock(), sending_queue=batching)
    for n in range(5):
        exporter.consume(items("traces", 2, first=2 * n))
    exporter.stop(time.monotonic() + 30)
    assert sum(arrival.batch.items for arrival in backend.arrivals) == 10
    assert len(backend.arrivals) == 1
