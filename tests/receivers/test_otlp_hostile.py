"""The otlp receiver against broken and hostile senders: the good part is kept, and good senders notice nothing."""

import gzip
import json
import re
import socket
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf.json_format import Parse
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue

from otelier.testing import decode, items, log_record, logs, span, span_id, trace_id, traces

JSON = "application/json"
START_NS = 1_700_000_000 * 10**9
MIB = 2**20


def names(it) -> list[str]:
    """Names of all spans that the pipeline took, in order."""
    requests = [decode(batch) for batch in it.out.batches]
    return [s.name for r in requests for rs in r.resource_spans for scope in rs.scope_spans for s in scope.spans]


# -- ids ----------------------------------------------------------------------------------------------

BAD_IDS = [
    {"trace_id": b""},
    {"trace_id": b"\1" * 3},
    {"trace_id": b"\1" * 8},
    {"trace_id": b"\1" * 17},
    {"trace_id": bytes(16)},
    {"span_id": b""},
    {"span_id": b"\1" * 7},
    {"span_id": bytes(8)},
    {"parent_span_id": b"\1" * 3},
]


def with_bad_span(ids: dict[str, bytes]) -> ExportTraceServiceRequest:
    message = ExportTraceServiceRequest()
    spans = message.resource_spans.add().scope_spans.add().spans
    for name in ("first", "bad", "last"):
        one = spans.add(trace_id=trace_id(1), span_id=span_id(len(spans)), name=name)
        if name == "bad":
            for key, value in ids.items():
                setattr(one, key, value)
    return message


@pytest.mark.parametrize("ids", BAD_IDS, ids=repr)
@pytest.mark.parametrize("over_grpc", [True, False])
def test_a_span_with_a_bad_id_is_told_by_partial_success_and_the_others_are_kept(
    it, ids: dict[str, bytes], over_grpc: bool
):
    body = with_bad_span(ids).SerializeToString()
    rejected_before = it.counted("otelier_receiver_rejected_items", signal="traces")
    answer = it.grpc("traces", body) if over_grpc else it.post("traces", body).body
    partial = ExportTraceServiceResponse.FromString(answer).partial_success
    assert partial.rejected_spans == 1
    assert next(iter(ids)) in partial.error_message
    assert names(it) == ["first", "last"]
    assert it.counted("otelier_receiver_rejected_items", signal="traces") == rejected_before + 1


@pytest.mark.parametrize("ids", BAD_IDS, ids=repr)
def test_the_same_in_json(it, otlp_json: Callable[[Any], Any], ids: dict[str, bytes]):
    answer = it.post("traces", json.dumps(otlp_json(with_bad_span(ids))).encode(), JSON)
    partial = Parse(answer.body, ExportTraceServiceResponse()).partial_success
    assert (answer.status, partial.rejected_spans) == (200, 1)
    assert partial.error_message
    assert names(it) == ["first", "last"]


@pytest.mark.parametrize("text", ["abc", "W47/95gDgQPSabYzgT/GDA==", "zz" * 16, "ü" * 16, "0" * 31])
def test_an_id_in_json_that_is_no_hex_rejects_its_span_only(it, otlp_json: Callable[[Any], Any], text: str):
    body = otlp_json(with_bad_span({}))
    body["resourceSpans"][0]["scopeSpans"][0]["spans"][1]["traceId"] = text
    answer = it.post("traces", json.dumps(body).encode(), JSON)
    partial = Parse(answer.body, ExportTraceServiceResponse()).partial_success
    assert (answer.status, partial.rejected_spans, names(it)) == (200, 1, ["first", "last"])


def test_a_log_record_needs_no_ids_but_no_bad_ones(it):
    message = decode(logs(log_record("good"), log_record("bad", trace=1)))
    message.resource_logs[0].scope_logs[0].log_records[1].trace_id = b"\1\2\3"
    answer = it.grpc("logs", message.SerializeToString())
    assert ExportLogsServiceResponse.FromString(answer).partial_success.rejected_log_records == 1
    (got,) = decode(it.outputs["logs"].batches[0]).resource_logs[0].scope_logs[0].log_records
    assert got.body.string_value == "good"


def test_a_request_whose_items_are_all_bad_goes_nowhere(it):
    message = with_bad_span({"trace_id": b""})
    spans = message.resource_spans[0].scope_spans[0].spans
    del spans[2], spans[0]
    answer = it.post("traces", message.SerializeToString())
    assert ExportTraceServiceResponse.FromString(answer.body).partial_success.rejected_spans == 1
    assert it.out.batches == []


# -- text, times, sizes, depth --------------------------------------------------------------------------


def test_bad_utf8_is_repaired_and_counted_and_nothing_else_changes(it):
    sent = decode(traces(span("name~", attributes={"key": "val~ue", "bytes": b"\xff"}), span("fine", number=2)))
    before = it.counted("otelier_receiver_repaired_strings")
    assert it.grpc("traces", sent.SerializeToString().replace(b"~", b"\xff")) == b""
    expected = ExportTraceServiceRequest()
    expected.CopyFrom(sent)
    one = expected.resource_spans[0].scope_spans[0].spans[0]
    one.name = "name\ufffd"
    one.attributes[0].value.string_value = "val\ufffdue"
    assert decode(it.out.batches[0]) == expected
    assert it.counted("otelier_receiver_repaired_strings") == before + 2


YEAR_NS = 365 * 86_400 * 10**9


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (START_NS, START_NS - 1), (0, START_NS), (2**64 - 1, 2**64 - 1), (START_NS, 0),
        (START_NS + 10 * YEAR_NS, START_NS + 10 * YEAR_NS), (START_NS - 10 * YEAR_NS, START_NS),
    ],
)  # fmt: skip
def test_odd_times_pass_unchanged(it, otlp_json: Callable[[Any], Any], start: int, end: int):
    sent = decode(traces(span()))
    one = sent.resource_spans[0].scope_spans[0].spans[0]
    one.start_time_unix_nano, one.end_time_unix_nano = start, end
    it.grpc("traces", sent.SerializeToString())
    it.post("traces", json.dumps(otlp_json(sent)).encode(), JSON)
    assert [decode(batch) for batch in it.out.batches] == [sent, sent]


def test_many_attributes_large_values_and_duplicate_keys_pass_unchanged(it):
    sent = decode(traces(span("many"), span("large", number=2), span("twice", number=3)))
    many, large, twice = sent.resource_spans[0].scope_spans[0].spans
    many.attributes.extend(KeyValue(key=f"k{n}", value=AnyValue(int_value=n)) for n in range(100_000))
    large.attributes.add(key="body").value.string_value = "x" * (15 * MIB)
    twice.attributes.add(key="k").value.int_value = 1
    twice.attributes.add(key="k").value.int_value = 2
    assert it.post("traces", sent.SerializeToString()).status == 200
    assert decode(it.out.batches[0]) == sent


def nested_protobuf(depth: int) -> bytes:
    """A span whose attribute holds `depth` arrays inside each other; written by hand, as no library goes so deep."""

    def field(number: int, content: bytes) -> bytes:
        size, length = b"", len(content)
        while length > 127:
            size, length = size + bytes([length & 127 | 128]), length >> 7
        return bytes([number << 3 | 2]) + size + bytes([length]) + content

    # Outermost last; sizes must be known, so pieces are put in front of one another and joined once.
    value = AnyValue(string_value="leaf").SerializeToString()
    pieces, length = [value], len(value)
    for _ in range(depth):
        for tag in (0x0A, 0x2A):  # ArrayValue.values, AnyValue.array_value
            head, rest = bytes([tag]), length
            while rest > 127:
                head, rest = head + bytes([rest & 127 | 128]), rest >> 7
            head += bytes([rest])
            pieces.append(head)
            length += len(head)
    attribute = field(1, b"deep") + field(2, b"".join(reversed(pieces)))
    whole = field(1, trace_id(1)) + field(2, span_id(1)) + field(5, b"deep") + field(9, attribute)
    return field(1, field(2, field(2, whole)))


def nested_json(depth: int) -> bytes:
    value = '{"arrayValue":{"values":[' * depth + '{"stringValue":"leaf"}' + "]}}" * depth
    ids = f'"traceId":"{trace_id(1).hex()}","spanId":"{span_id(1).hex()}"'
    one = f'{{{ids},"attributes":[{{"key":"deep","value":{value}}}]}}'
    return f'{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{one}]}}]}}]}}'.encode()


@pytest.mark.parametrize("depth", [16, 47])
def test_values_up_to_47_arrays_deep_pass_unchanged(it, depth: int):
    expected = AnyValue(string_value="leaf")
    for _ in range(depth):
        expected = AnyValue(array_value=ArrayValue(values=[expected]))
    it.grpc("traces", nested_protobuf(depth))
    for batch in it.out.batches:
        value = decode(batch).resource_spans[0].scope_spans[0].spans[0].attributes[0].value
        assert value == expected
    assert len(it.out.batches) == 1


@pytest.mark.parametrize("depth", [48, 1_000, 100_000])
def test_deeper_values_are_refused_and_harm_nothing(it, depth: int, caplog: pytest.LogCaptureFixture):
    with pytest.raises(grpc.RpcError) as refusal:
        it.grpc("traces", nested_protobuf(depth))
    assert refusal.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert "deep" in refusal.value.details()
    assert it.post("traces", nested_protobuf(depth)).status == 400
    assert it.out.batches == []
    assert caplog.text == ""


@pytest.mark.parametrize("depth", [1_000, 100_000])
def test_json_too_deep_is_400(it, depth: int):
    answer = it.post("traces", nested_json(depth), JSON)
    assert (answer.status, answer.headers["content-type"]) == (400, JSON)
    assert it.post("traces", b"[" * depth, JSON).status == 400
    assert it.out.batches == []


def test_json_16_arrays_deep_passes(it):
    assert it.post("traces", nested_json(16), JSON).status == 200
    assert decode(it.out.batches[0]) is not None


def test_a_gzip_bomb_is_413_and_costs_no_memory(it):
    bomb = gzip.compress(bytes(64 * MIB))
    bomb = bomb * 4  # members follow one another: 256 MiB from 255 KiB
    it.post("traces", items("traces", 1).to_otlp())
    before = start_of_peak()
    answer = it.post("traces", bomb, headers={"content-encoding": "gzip"})
    assert answer.status == 413
    assert memory_kib("VmHWM") - before <= 25 * 1024
    with pytest.raises(grpc.RpcError) as refusal:
        it.grpc("traces", bytes(64 * MIB), compression=grpc.Compression.Gzip)
    assert refusal.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


def memory_kib(key: str) -> int:
    return int(re.search(rf"^{key}:\s+(\d+) kB", Path("/proc/self/status").read_text(), re.MULTILINE)[1])


def start_of_peak() -> int:
    """Let the kernel forget the peak so far (`man 5 proc`, clear_refs); answers the memory in use now."""
    Path("/proc/self/clear_refs").write_text("5")
    return memory_kib("VmRSS")


def test_more_items_than_the_budget_are_refused(it):
    # 2 bytes an item: an empty log record each
    records = b"\x12\x00" * 200_001
    size = len(records)
    scope = b"\x12" + bytes([size & 127 | 128, size >> 7 & 127 | 128, size >> 14]) + records
    size = len(scope)
    body = b"\x0a" + bytes([size & 127 | 128, size >> 7 & 127 | 128, size >> 14]) + scope
    answer = it.post("logs", body)
    assert answer.status in (400, 413)
    assert it.outputs["logs"].batches == []


# -- HTTP ---------------------------------------------------------------------------------------------

HEAD = b"POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-protobuf\r\n"


def until_closed(connection: socket.socket) -> bytes:
    got = b""
    try:
        while data := connection.recv(65536):
            got += data
    except ConnectionError:
        pass
    finally:
        connection.close()
    return got


@pytest.mark.parametrize(
    "request_",
    [
        HEAD + b"Content-Length: 0\r\nContent-Length: 30\r\n\r\nGET /x HTTP/1.1\r\nHost: x\r\n\r\n",
        HEAD + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\nGET /x HTTP/1.1\r\nHost: x\r\n\r\n",
        HEAD + b"Content-Length: -1\r\n\r\n",
        HEAD + b"Content-Length: 1e3\r\n\r\n",
        HEAD + b"Bad Name: x\r\nContent-Length: 0\r\n\r\n",
        HEAD + b"Bad\0: x\r\nContent-Length: 0\r\n\r\n",
        b"NONSENSE\r\n\r\n",
    ],
    ids=["two CL", "TE not last", "negative CL", "CL no number", "space in name", "NUL", "no request"],
)
def test_requests_whose_end_is_unclear_are_refused_and_the_connection_closed(it, request_: bytes):
    got = until_closed(it.raw(request_))
    assert got.count(b"HTTP/1.1") <= 1, "what follows must not be read as a second request"
    assert not got or got.startswith(b"HTTP/1.1 400")


@pytest.mark.parametrize(
    "lengths", [b"Content-Length: 4\r\nTransfer-Encoding: chunked", b"Transfer-Encoding: chunked\r\nContent-Length: 4"]
)
def test_two_kinds_of_length_are_never_read_two_ways(it, lengths: bytes):
    # RFC 9112, 6.3: such a request is refused, or read by its chunks alone; the connection ends with it.
    got = until_closed(it.raw(HEAD + lengths + b"\r\n\r\n0\r\n\r\nGET /x HTTP/1.1\r\nHost: x\r\n\r\n"))
    assert got.count(b"HTTP/1.1") == 1
    assert b"connection: close" in got


def test_headers_of_a_mebibyte_are_431_and_the_connection_closed(it):
    connection = it.raw(HEAD)
    # It may be closed before all of them are sent.
    with suppress(ConnectionError):
        connection.sendall(b"X: " + b"a" * MIB + b"\r\nContent-Length: 0\r\n\r\n")
    got = until_closed(connection)
    assert not got or got.startswith((b"HTTP/1.1 431", b"HTTP/1.1 400"))


@pytest.mark.proves("server.HttpServerSettings.{read_header_timeout,read_timeout}")
def test_half_requests_are_closed_and_good_senders_notice_nothing(run):
    it = run(http={"read_header_timeout": 0.3, "read_timeout": 0.3})
    half = [it.raw(HEAD) for _ in range(60)]
    half += [it.raw(HEAD + b"Content-Length: 1000\r\n\r\nabc") for _ in range(60)]
    for _ in range(5):
        assert it.post("traces", items("traces", 1).to_otlp()).status == 200
    for connection in half:
        got = until_closed(connection)
        assert not got or got.startswith(b"HTTP/1.1 408")
    assert it.out.items == 5


def test_idle_http2_connections_do_not_keep_good_senders_out(it):
    host, port = it.receiver.address("grpc")
    preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0"
    idle = [socket.create_connection((host, port), timeout=20) for _ in range(100)]
    for connection in idle:
        connection.sendall(preface)
    assert it.grpc("traces", items("traces", 1).to_otlp()) == b""
    for connection in idle:
        connection.close()


def test_more_connections_than_allowed_from_one_address_are_closed(run):
    it = run(grpc=None)
    host, port = it.receiver.address("http")
    held = [socket.create_connection((host, port), timeout=20) for _ in range(200)]
    more = socket.create_connection((host, port), timeout=20)
    assert until_closed(more) == b""
    for connection in held:
        connection.close()


def test_a_sender_that_leaves_in_the_middle_costs_nothing(it):
    for _ in range(20):
        it.raw(HEAD + b"Content-Length: 1000\r\n\r\nabc").close()
    assert it.post("traces", items("traces", 1).to_otlp()).status == 200
