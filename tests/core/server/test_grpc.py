"""OTLP/gRPC and gRPC health, with grpcio as the client."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2, status_pb2
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2, logs_service_pb2_grpc
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2, metrics_service_pb2_grpc
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2, trace_service_pb2_grpc

from otelier._core import Delivery
from otelier.testing import decode, gauge, log_record, logs, metrics, span, traces

from .served import PATHS, Served, one_span

Serve = Callable[..., Served]
HEALTH = "/grpc.health.v1.Health/Check"
EMPTY_ANSWER = b""


@pytest.fixture
def connect() -> Iterator[Callable[..., grpc.Channel]]:
    """Open channels that close with the test."""
    channels: list[grpc.Channel] = []

    def open_(served: Served, *options: tuple[str, Any], **arguments: Any) -> grpc.Channel:
        options = (("grpc.use_local_subchannel_pool", 1), *options)
        channels.append(grpc.insecure_channel(served.target, options=options, **arguments))
        return channels[-1]

    yield open_
    for channel in channels:
        channel.close()


def call(
    channel: grpc.Channel, data: bytes, path: str = PATHS["traces"], timeout: float = 20, **arguments: Any
) -> bytes:
    return channel.unary_unary(path)(data, timeout=timeout, **arguments)


def failure(channel: grpc.Channel, data: bytes, path: str = PATHS["traces"], **arguments: Any) -> grpc.RpcError:
    with pytest.raises(grpc.RpcError) as caught:
        call(channel, data, path, **arguments)
    return caught.value


# -- what is taken ------------------------------------------------------------------------------


def test_each_signal_arrives_exactly_as_it_was_sent(serve: Serve, connect: Callable[..., grpc.Channel]) -> None:
    served = serve()
    channel = connect(served)
    sent = {
        "traces": decode(traces(span("a", attributes={"키": "값"}), span("b", number=2))),
        "metrics": decode(metrics(gauge("g", 1, 2, 3))),
        "logs": decode(logs(log_record("hello"))),
    }
    stubs = {
        "traces": trace_service_pb2_grpc.TraceServiceStub(channel),
        "metrics": metrics_service_pb2_grpc.MetricsServiceStub(channel),
        "logs": logs_service_pb2_grpc.LogsServiceStub(channel),
    }
    answers = [stubs[signal].Export(request, timeout=20) for signal, request in sent.items()]
    assert answers == [
        trace_service_pb2.ExportTraceServiceResponse(),
        metrics_service_pb2.ExportMetricsServiceResponse(),
        logs_service_pb2.ExportLogsServiceResponse(),
    ]
    assert {batch.signal: decode(batch) for batch in served.batches} == sent
    assert served.count("requests", outcome="accepted") == 3
    assert served.count("received_bytes", signal="logs") == len(sent["logs"].SerializeToString()) + 5


@pytest.mark.parametrize("size", [1, 5_000, 20_000, 300_000, 1_100_000, 3_900_000])
def test_requests_of_any_size_arrive_whole(serve: Serve, connect: Callable[..., grpc.Channel], size: int) -> None:
    served = serve()
    data = traces(span(attributes={"filler": "x" * size})).to_otlp()
    channel = connect(served)
    for _ in range(3):
        assert call(channel, data) == EMPTY_ANSWER
    assert [batch.to_otlp() for batch in served.batches] == [data] * 3


@pytest.mark.parametrize("compression", [grpc.Compression.Gzip, grpc.Compression.Deflate])
def test_compressed_requests_are_read(serve: Serve, connect: Callable[..., grpc.Channel], compression: Any) -> None:
    served = serve()
    data = traces(span(attributes={"filler": "x" * 200_000})).to_otlp()
    assert call(connect(served, compression=compression), data) == EMPTY_ANSWER
    assert served.batches[0].to_otlp() == data
    assert served.count("received_bytes") < len(data) / 10


def test_an_empty_request_succeeds_and_wakes_nobody(serve: Serve, connect: Callable[..., grpc.Channel]) -> None:
    served = serve()
    assert call(connect(served), b"") == EMPTY_ANSWER
    assert served.batches == []


def test_metadata_travels_only_where_it_is_asked_for(serve: Serve, connect: Callable[..., grpc.Channel]) -> None:
    for included in (True, False):
        served = serve(include_metadata=included)
        call(connect(served), one_span(), metadata=[("x-scope-orgid", "shop"), ("x-many", "1"), ("x-many", "2")])
        have = served.batches[0].metadata
        if included:
            assert have["x-scope-orgid"] == ("shop",)
            assert have["x-many"] == ("1", "2")
            assert not any(key.startswith("grpc-") for key in have)
        else:
            assert have == {}


def test_nothing_is_held_once_answered(
    serve: Serve, connect: Callable[..., grpc.Channel], held: Callable[[], int]
) -> None:
    served = serve()
    channel = connect(served)
    for _ in range(5):
        call(channel, one_span())
    failure(channel, b"\xff" * 1000)
    served.batches.clear()
    assert held() == 0


# -- what is refused ----------------------------------------------------------------------------


def test_an_item_with_a_bad_id_is_left_out_and_told(serve: Serve, connect: Callable[..., grpc.Channel]) -> None:
    served = serve()
    request = decode(traces(span("good"), span("bad", number=2)))
    request.resource_spans[0].scope_spans[0].spans[1].span_id = b"\x01"
    answer = trace_service_pb2.ExportTraceServiceResponse.FromString(call(connect(served), request.SerializeToString()))
    assert answer.partial_success.rejected_spans == 1
    assert "span_id" in answer.partial_success.error_message
    assert served.items == 1
    assert served.count("rejected_items", signal="traces") == 1


def test_a_request_with_nothing_good_in_it_is_a_partial_success(
    serve: Serve, connect: Callable[..., grpc.Channel]
) -> None:
    served = serve()
    request = decode(traces(span()))
    request.resource_spans[0].scope_spans[0].spans[0].trace_id = b""
    answer = trace_service_pb2.ExportTraceServiceResponse.FromString(call(connect(served), request.SerializeToString()))
    assert answer.partial_success.rejected_spans == 1
    assert served.batches == []


def test_undecodable_bytes_are_an_invalid_argument(serve: Serve, connect: Callable[..., grpc.Channel]) -> None:
    served = serve()
    error = failure(connect(served), b"\x0a\xff\xff\xff\xff\x0f")
    assert error.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert "byte" in error.details()
    assert served.count("refused_requests", reason="undecodable", signal="traces") == 1


def test_an_unknown_method_is_unimplemented(serve: Serve, connect: Callable[..., grpc.Channel]) -> None:
    channel = connect(serve(paths={"metrics": None}))
    for path in ("/otelier.No/Such", PATHS["traces"].replace("Export", "Import"), PATHS["metrics"]):
        assert failure(channel, b"", path).code() == grpc.StatusCode.UNIMPLEMENTED


def test_a_message_over_the_limit_is_resource_exhausted(serve: Serve, connect: Callable[..., grpc.Channel]) -> None:
    served = serve(limits={"max_message_bytes": 100_000})
    fits = traces(span(attributes={"filler": "x" * 99_000})).to_otlp()
    large = traces(span(attributes={"filler": "x" * 101_000})).to_otlp()
    for compression in (grpc.Compression.NoCompression, grpc.Compression.Gzip):
        channel = connect(served, compression=compression)
        assert call(channel, fits) == EMPTY_ANSWER
        error = failure(channel, large)
        assert error.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
        assert "100000 bytes" in error.details()
        assert call(channel, fits) == EMPTY_ANSWER
    assert served.count("refused_requests", reason="too_large") == 2


def test_too_many_items_are_resource_exhausted(serve: Serve, connect: Callable[..., grpc.Channel]) -> None:
    served = serve(limits={"max_items": 10})
    data = traces(*(span(number=n) for n in range(11))).to_otlp()
    assert failure(connect(served), data).code() == grpc.StatusCode.RESOURCE_EXHAUSTED
    assert served.count("refused_requests", reason="too_many_items") == 1


# -- what Python answers ------------------------------------------------------------------------


def test_a_retryable_refusal_says_when_to_try_again(serve: Serve, connect: Callable[..., grpc.Channel]) -> None:
    def refuse(delivery: Delivery) -> None:
        delivery.refuse("queue is full: 100 % é", retryable=True, retry_after_s=1.5)

    error = failure(connect(serve(answer=refuse)), one_span())
    assert error.code() == grpc.StatusCode.UNAVAILABLE
    assert error.details() == "queue is full: 100 % é"
    details = dict(error.trailing_metadata() or ())["grpc-status-details-bin"]
    status = status_pb2.Status.FromString(details)
    info = error_details_pb2.RetryInfo()
    assert status.details[0].Unpack(info)
    assert info.retry_delay.ToMilliseconds() == 1500
    assert (status.code, status.message) == (14, "queue is full: 100 % é")


def test_a_permanent_refusal_is_internal(serve: Serve, connect: Callable[..., grpc.Channel]) -> None:
    def refuse(delivery: Delivery) -> None:
        delivery.refuse("broken for good", retryable=False)

    served = serve(answer=refuse)
    error = failure(connect(served), one_span())
    assert (error.code(), error.details()) == (grpc.StatusCode.INTERNAL, "broken for good")
    assert served.count("requests", outcome="failed") == 1


def test_a_delivery_that_is_dropped_is_an_internal_error(serve: Serve, connect: Callable[..., grpc.Channel]) -> None:
    error = failure(connect(serve(answer=lambda delivery: None)), one_span())
    assert error.code() == grpc.StatusCode.INTERNAL


def test_items_rejected_downstream_are_told_with_those_of_the_check(
    serve: Serve, connect: Callable[..., grpc.Channel]
) -> None:
    served = serve(answer=lambda delivery: delivery.accept(2, "too old"))
    request = decode(traces(*(span(number=n) for n in range(1, 5))))
    request.resource_spans[0].scope_spans[0].spans[0].span_id = b""
    answer = trace_service_pb2.ExportTraceServiceResponse.FromString(call(connect(served), request.SerializeToString()))
    assert answer.partial_success.rejected_spans == 3
    assert answer.partial_success.error_message.endswith("; too old")


def test_a_deadline_is_kept_and_the_late_answer_ignored(serve: Serve, connect: Callable[..., grpc.Channel]) -> None:
    release = threading.Event()

    def answer(delivery: Delivery) -> None:
        release.wait(20)
        delivery.accept()

    served = serve(answer=answer)
    channel = connect(served)
    assert failure(channel, one_span(), timeout=0.2).code() == grpc.StatusCode.DEADLINE_EXCEEDED
    waiting = channel.unary_unary(PATHS["traces"]).future(one_span(), timeout=20)
    release.set()
    assert waiting.result() == EMPTY_ANSWER


def test_requests_on_one_connection_are_answered_in_any_order(
    serve: Serve, connect: Callable[..., grpc.Channel]
) -> None:
    served = serve(threads=False)
    channel = connect(served)
    export = channel.unary_unary(PATHS["traces"])
    calls = [export.future(traces(span(f"{n}")).to_otlp(), timeout=20) for n in range(5)]
    deliveries = [served.inbox.receive("traces", 1, 20) for _ in calls]
    for delivery in reversed(deliveries):
        assert delivery
        delivery.refuse(decode(delivery.batch).resource_spans[0].scope_spans[0].spans[0].name, retryable=True)
    assert [each.exception().details() for each in calls] == ["0", "1", "2", "3", "4"]


# -- health -------------------------------------------------------------------------------------


def test_health_is_told_for_the_server_and_each_service(serve: Serve, connect: Callable[..., grpc.Channel]) -> None:
    served = serve(paths={"metrics": None})
    channel = connect(served)
    serving, not_serving = b"\x08\x01", b"\x08\x02"

    def check(service: str) -> bytes:
        return call(channel, b"\x0a" + bytes([len(service)]) + service.encode() if service else b"", HEALTH)

    assert check("") == serving
    assert check("opentelemetry.proto.collector.trace.v1.TraceService") == serving
    with pytest.raises(grpc.RpcError) as caught:
        check("opentelemetry.proto.collector.metrics.v1.MetricsService")
    assert caught.value.code() == grpc.StatusCode.NOT_FOUND
    served.inbox.close()
    assert check("") == not_serving


# -- the life of a connection -------------------------------------------------------------------


def test_old_connections_are_replaced_so_that_both_backends_of_one_address_get_calls_and_none_is_lost(
    serve: Serve, connect: Callable[..., grpc.Channel]
) -> None:
    old = {"max_connection_age_s": 0.05, "max_connection_age_grace_s": 5}
    first = serve(reuse_port=True, keepalive=old)
    second = serve(reuse_port=True, keepalive=old, port=first.port)
    channel = connect(first, ("grpc.initial_reconnect_backoff_ms", 10), ("grpc.min_reconnect_backoff_ms", 10))
    sent, until = 0, time.monotonic() + 20
    while not (first.batches and second.batches) and time.monotonic() < until:
        assert call(channel, one_span(), wait_for_ready=True) == EMPTY_ANSWER
        sent += 1
    assert first.batches and second.batches
    assert first.items + second.items == sent


def test_stop_answers_what_is_under_way(serve: Serve, connect: Callable[..., grpc.Channel]) -> None:
    served = serve(threads=False)
    waiting = connect(served).unary_unary(PATHS["traces"]).future(one_span(), timeout=20)
    delivery = served.inbox.receive("traces", 1, 20)
    assert delivery
    stopping = threading.Thread(target=served.server.stop, args=(20,))
    stopping.start()
    with pytest.raises(grpc.RpcError):  # no new connection is taken
        while call(connect(served), b"") == EMPTY_ANSWER:
            pass
    delivery.accept()
    assert waiting.result() == EMPTY_ANSWER
    stopping.join()


def test_stop_cuts_off_what_is_not_answered_in_time(serve: Serve, connect: Callable[..., grpc.Channel]) -> None:
    served = serve(threads=False)
    waiting = connect(served).unary_unary(PATHS["traces"]).future(one_span(), timeout=20)
    delivery = served.inbox.receive("traces", 1, 20)
    served.server.stop(0.05)
    assert waiting.exception().code() == grpc.StatusCode.UNAVAILABLE
    assert delivery
    delivery.accept()  # too late, and harmless
    assert served.count("connections_open") == 0


def test_a_port_can_be_used_again_at_once(serve: Serve, connect: Callable[..., grpc.Channel]) -> None:
    first = serve()
    call(connect(first), one_span())
    first.stop()
    second = serve(port=first.port)
    assert call(connect(second), one_span()) == EMPTY_ANSWER


def test_many_clients_at_once_get_all_their_answers(serve: Serve, connect: Callable[..., grpc.Channel]) -> None:
    served = serve()
    channels = [connect(served) for _ in range(4)]

    def send(number: int) -> bytes:
        return call(channels[number % 4], traces(span(number=number + 1)).to_otlp())

    with ThreadPoolExecutor(16) as pool:
        assert set(pool.map(send, range(400))) == {EMPTY_ANSWER}
    assert served.items == 400
    assert sum(served.requests) == 400


def test_a_client_of_otlp_http_is_told_the_right_port(serve: Serve) -> None:
    served = serve()
    with socket.create_connection((served.host, served.port)) as client:
        client.sendall(b"POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
        answer = client.makefile("rb").read()
    assert answer.startswith(b"HTTP/1.1 505 ")
    assert b"4318" in answer
    # The client may have its answer before the server has written it down.
    served.until(lambda: served.count("connections_refused", reason="wrong_protocol") == 1)
    assert b"OTLP/HTTP has another port, usually 4318" in answer


def test_a_client_of_grpc_at_the_port_of_otlp_http_is_told_the_right_one(
    serve: Serve, connect: Callable[..., grpc.Channel]
) -> None:
    served = serve("otlp_http")
    for path in (*PATHS.values(), HEALTH, "/v1/traces"):
        error = failure(connect(served), one_span(), path)
        assert error.code() is grpc.StatusCode.UNIMPLEMENTED
        assert "OTLP/gRPC has another port, usually 4317" in error.details()
    assert served.batches == []
    for signal in PATHS:
        assert served.count("refused_requests", signal=signal, reason="unsupported_media_type") == 1
