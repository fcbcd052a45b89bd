"""What the gRPC client sends and what it makes of answers, against grpcio's server."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
import pytest
from google.protobuf import any_pb2
from google.rpc import error_details_pb2, status_pb2
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

from otelier._core import Batch, live_bytes
from otelier.testing import decode, gauge, log_record, logs, metrics, span, traces

from ..peers import large, settled
from .backend import OK, PATHS, RESOURCE_EXHAUSTED, send


@pytest.mark.parametrize(
    "batch", [traces(span()), metrics(gauge("m", 1, 2)), logs(log_record("hello"))], ids=list(PATHS)
)
def test_each_signal_arrives_at_its_service(backend: Any, client: Any, batch: Batch) -> None:
    server = backend()
    result = send(client(server.port), batch)
    assert (result.ok, result.code, result.message) == (True, OK, "")
    assert server.requests == [(PATHS[batch.signal], batch.to_otlp())]
    assert result.sent_bytes == 5 + batch.size_bytes


@pytest.mark.parametrize("compression", ["none", "gzip", "deflate"])
def test_many_segments_arrive_as_one_equal_message(backend: Any, client: Any, compression: str) -> None:
    server, batch = backend(), large()
    result = send(client(server.port, compression=compression), batch)
    assert result.ok, result.message
    assert ExportTraceServiceRequest.FromString(server.requests[0][1]) == decode(batch)
    assert (result.sent_bytes < batch.size_bytes / 2) == (compression != "none")


def test_an_empty_batch_is_a_valid_request(backend: Any, client: Any) -> None:
    server = backend()
    assert send(client(server.port), Batch.from_otlp("traces", b"")).ok
    assert server.requests == [(PATHS["traces"], b"")]


def test_headers_arrive_and_ours_win(backend: Any, client: Any) -> None:
    server = backend(
        lambda data, context: (
            b"" if 5 < context.time_remaining() <= 30 else context.abort(grpc.StatusCode.INTERNAL, "no deadline")
        )
    )
    headers = [
        ("X-Tenant", "blue"),
        ("x-tenant", "red"),
        ("token-bin", "\x01raw"),
        ("content-type", "text/html"),
        ("te", "gzip"),
    ]
    result = client(server.port, user_agent="otelier/test").send(traces(span()), headers, 30)
    assert result.ok, result.message
    sent = server.metadata[0]
    assert sent["x-tenant"] in ("red", "blue,red")
    assert sent["token-bin"] == b"\x01raw"
    assert sent["user-agent"] == "otelier/test"


def test_a_header_that_cannot_be_sent_is_named(client: Any, dead_port: int, backend: Any) -> None:
    result = client(backend().port).send(traces(span()), [("x-key", "line\nbreak")], 5)
    assert not result.ok and "x-key" in result.message


def test_nothing_of_a_batch_stays_behind(backend: Any, client: Any) -> None:
    server = backend()
    sender, batch = client(server.port), large(4)
    before = live_bytes()
    for _ in range(5):
        assert send(sender, batch).ok
    settled(lambda: live_bytes() == before)


def test_more_senders_than_streams_take_turns(backend: Any, client: Any) -> None:
    server = backend(options=[("grpc.max_concurrent_streams", 1)])
    with ThreadPoolExecutor(8) as pool:
        for sender in [client(server.port) for _ in range(10)]:
            results = list(pool.map(lambda _, sender=sender: send(sender), range(20)))
            assert {result.message for result in results} == {""}
    assert len(server.requests) == 200


def test_partial_success_is_counted(backend: Any, client: Any) -> None:
    answer = ExportTraceServiceResponse()
    answer.partial_success.rejected_spans = 3
    answer.partial_success.error_message = "bad ids"
    result = send(client(backend(lambda data, context: answer.SerializeToString()).port))
    assert (result.ok, result.code, result.rejected, result.message) == (True, OK, 3, "bad ids")


def test_a_compressed_answer_is_read(backend: Any, client: Any) -> None:
    answer = ExportTraceServiceResponse()
    answer.partial_success.error_message = "slow down " * 200

    def zipped(data: bytes, context: grpc.ServicerContext) -> bytes:
        context.set_compression(grpc.Compression.Gzip)
        return answer.SerializeToString()

    assert send(client(backend(zipped).port)).message == answer.partial_success.error_message


def test_every_status_code_and_text_comes_back(backend: Any, client: Any) -> None:
    codes = {code.value[0]: code for code in grpc.StatusCode if code is not grpc.StatusCode.OK}
    text = "100 % of Gerät 🚀\nis full"

    def refuse(data: bytes, context: grpc.ServicerContext) -> bytes:
        asked = ExportTraceServiceRequest.FromString(data).resource_spans[0].scope_spans[0].spans[0].flags
        return context.abort(codes[asked], text)

    server = backend(refuse)
    sender = client(server.port)
    for code in codes:
        one = span()
        one.flags = code
        result = send(sender, traces(one))
        assert (result.ok, result.code, result.message) == (False, code, text)


@pytest.mark.parametrize(("seconds", "nanos"), [(30, 0), (0, 250_000_000), (0, 0)])
def test_retry_info_says_when(backend: Any, client: Any, seconds: int, nanos: int) -> None:
    info = error_details_pb2.RetryInfo()
    info.retry_delay.seconds, info.retry_delay.nanos = seconds, nanos
    details = [any_pb2.Any(), any_pb2.Any()]
    details[0].Pack(error_details_pb2.ErrorInfo(reason="full"))
    details[1].Pack(info)
    status = status_pb2.Status(code=RESOURCE_EXHAUSTED, message="full", details=details)

    def refuse(data: bytes, context: grpc.ServicerContext) -> bytes:
        context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
        context.set_code(grpc.StatusCode.RESOURCE_EXHAUSTED)
        context.set_details("full")
        return b""

    result = send(client(backend(refuse).port))
    assert (result.code, result.message, result.retry_after_s) == (RESOURCE_EXHAUSTED, "full", seconds + nanos / 1e9)


def test_a_service_that_is_not_there_is_unimplemented(client: Any) -> None:
    server = grpc.server(ThreadPoolExecutor(1))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        assert send(client(port)).code == 12
    finally:
        server.stop(0)


def test_a_huge_answer_is_not_kept(backend: Any, client: Any) -> None:
    result = send(client(backend(lambda data, context: bytes(2_000_000)).port, max_response_bytes=1_000_000))
    assert result.code == RESOURCE_EXHAUSTED and "1000000 bytes" in result.message
