"""The otlp receiver: what leaves equals what came, and every answer is the one that OTLP asks for."""

import gzip
import json
import threading
import zlib
from collections.abc import Callable
from typing import Any

import grpc
import pytest
from google.protobuf.json_format import Parse
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceResponse

from otelier.component import Counter, Invalid, Permanent, Refused, Rejected, Retryable, StartError, fan_out
from otelier.receivers.otlp import Otlp, OtlpConfig, OtlpGrpcSettings, OtlpHttpSettings, OtlpProtocols
from otelier.telemetry import SIGNALS, Batch, Signal
from otelier.testing import (
    MemoryExporter,
    component_context,
    counter,
    decode,
    gauge,
    items,
    log_record,
    logs,
    metrics,
    span,
    traces,
)

JSON = "application/json"
PROTOBUF = "application/x-protobuf"

RICH: dict[Signal, Batch] = {
    "traces": traces(
        span("GET /주문", status="ERROR", attributes={"a": [1, 2.5, None, True, b"\0\xff", {"k": ["v"]}], "b": "ü"}),
        span("child", parent=1, number=2, kind="CLIENT", attributes={"a": "dup"}),
    ),
    "metrics": metrics(gauge("g", 1.5, -2.0), counter("c", 1, 2, 3, attributes={"k": 1})),
    "logs": logs(log_record({"nested": [1, {"deep": "yes"}]}, trace=3), log_record("plain")),
}
SUFFIX = {"traces": "spans", "metrics": "metric_points", "logs": "log_records"}


# -- what leaves equals what came -----------------------------------------------------------------


@pytest.mark.parametrize("signal", SIGNALS)
@pytest.mark.parametrize("way", ["grpc", "http protobuf", "http json"])
def test_what_leaves_equals_what_came(it, otlp_json: Callable[..., Any], signal: Signal, way: str):
    sent = decode(RICH[signal])
    if way == "grpc":
        assert it.grpc(signal, sent.SerializeToString()) == b""
    elif way == "http protobuf":
        answer = it.post(signal, sent.SerializeToString())
        assert (answer.status, answer.headers["content-type"], answer.body) == (200, PROTOBUF, b"")
    else:
        answer = it.post(signal, json.dumps(otlp_json(sent)).encode(), JSON)
        assert (answer.status, answer.headers["content-type"], answer.body) == (200, JSON, b"{}")
    assert [decode(batch) for batch in it.outputs[signal].batches] == [sent]


TEXT = st.text(st.characters(exclude_categories=["Cs"]))
NUMBERS = st.one_of(st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=False))
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), NUMBERS, st.binary(), TEXT),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXT, inner, max_size=3)),
    max_leaves=8,
)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    names=st.lists(TEXT, min_size=1, max_size=8),
    values=VALUES,
    over_grpc=st.booleans(),
)  # fmt: skip
def test_any_request_passes_unchanged(it, names: list[str], values: Any, over_grpc: bool):
    it.out.batches.clear()
    sent = decode(traces(*(span(name, number=n + 1, attributes={name: values}) for n, name in enumerate(names))))
    body = sent.SerializeToString()
    if over_grpc:
        it.grpc("traces", body)
    else:
        assert it.post("traces", body).status == 200
    assert [decode(batch) for batch in it.out.batches] == [sent]


@pytest.mark.parametrize(
    ("encoding", "compress"), [("gzip", gzip.compress), ("deflate", zlib.compress), ("zlib", zlib.compress)]
)
def test_compressed_requests_are_taken(it, encoding: str, compress: Callable[[bytes], bytes]):
    sent = items("traces", 50)
    answer = it.post("traces", compress(sent.to_otlp()), headers={"content-encoding": encoding})
    assert answer.status == 200
    assert [decode(batch) for batch in it.out.batches] == [decode(sent)]


def test_grpc_takes_gzip(it):
    sent = items("logs", 50)
    it.grpc("logs", sent.to_otlp(), compression=grpc.Compression.Gzip)
    assert [decode(batch) for batch in it.outputs["logs"].batches] == [decode(sent)]


@pytest.mark.parametrize("signal", SIGNALS)
def test_an_empty_request_is_a_success_and_goes_nowhere(it, signal: Signal):
    assert it.grpc(signal, b"") == b""
    assert it.post(signal, b"").status == 200
    assert it.post(signal, b"{}", JSON).status == 200
    assert it.outputs[signal].batches == []


def test_json_as_others_write_it(it):
    body = {
        "resourceSpans": [{
            "unknownField": {"x": [1]},
            "scopeSpans": [{"spans": [{
                "traceId": "5B8EFFF798038103D269B633813FC60C", "spanId": "eee19b7ec3c1b174", "name": "a", "kind": 2,
                "startTimeUnixNano": "1544712660000000000", "endTimeUnixNano": 1544712661000000000,
                "attributes": [{"key": "n", "value": {"intValue": "9007199254740993"}}],
            }]}],
        }]
    }  # fmt: skip
    assert it.post("traces", json.dumps(body).encode(), "application/json; charset=utf-8").status == 200
    (got,) = decode(it.out.batches[0]).resource_spans[0].scope_spans[0].spans
    assert got.trace_id.hex() == "5b8efff798038103d269b633813fc60c"
    assert (got.kind, got.start_time_unix_nano, got.end_time_unix_nano) == (2, 1544712660 * 10**9, 1544712661 * 10**9)
    assert got.attributes[0].value.int_value == 9007199254740993


# -- requests that are refused ----------------------------------------------------------------------


@pytest.mark.parametrize("content_type", ["", "text/plain", "application/xml", "application/grpc-web"])
def test_other_content_types_are_415_in_plain_text(it, content_type: str):
    answer = it.post("traces", b"x", content_type)
    assert answer.status == 415
    assert answer.headers["content-type"].startswith("text/plain")


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
def test_other_methods_are_405(it, method: str):
    assert it.post("traces", b"", method=method).status == 405


def test_other_paths_are_404_and_other_methods_unimplemented(it):
    assert it.post("traces", b"", path="/v1/profiles").status == 404
    with pytest.raises(grpc.RpcError) as refusal:
        it.grpc("traces", b"")
        it.channels[0].unary_unary("/opentelemetry.proto.collector.trace.v1.TraceService/Other")(b"", timeout=20)
    assert refusal.value.code() is grpc.StatusCode.UNIMPLEMENTED


def test_what_is_no_protobuf_is_400_with_a_status_in_protobuf(it):
    answer = it.post("traces", b"\x0a\xff")
    assert (answer.status, answer.headers["content-type"]) == (400, PROTOBUF)
    status = Status.FromString(answer.body)
    assert status.code == grpc.StatusCode.INVALID_ARGUMENT.value[0]
    assert status.message
    with pytest.raises(grpc.RpcError) as refusal:
        it.grpc("traces", b"\x0a\xff")
    assert refusal.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert it.out.batches == []


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"resourceSpans": 5}', b"\xff", b'{"resourceSpans":[{}]} x'])
def test_what_is_no_otlp_json_is_400_with_a_status_in_json(it, body: bytes):
    answer = it.post("traces", body, JSON)
    assert (answer.status, answer.headers["content-type"]) == (400, JSON)
    status = Parse(answer.body, Status())
    assert status.code == grpc.StatusCode.INVALID_ARGUMENT.value[0]
    assert status.message


def test_a_body_over_the_limit_is_413_and_resource_exhausted(run):
    it = run(http={"max_request_body_size": 1000}, grpc={"max_recv_msg_size_mib": 1})
    assert it.post("traces", items("traces", 30).to_otlp()).status == 413
    assert it.post("traces", gzip.compress(bytes(5000)), headers={"content-encoding": "gzip"}).status == 413
    assert it.post("traces", items("traces", 3).to_otlp()).status == 200
    with pytest.raises(grpc.RpcError) as refusal:
        it.grpc("traces", bytes(2**20 + 1))
    assert refusal.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


def test_signals_that_no_pipeline_wants_are_refused(run):
    it = run(outputs={"traces": MemoryExporter()})
    assert it.post("traces", items("traces", 1).to_otlp()).status == 200
    assert it.post("logs", items("logs", 1).to_otlp()).status == 404
    with pytest.raises(grpc.RpcError) as refusal:
        it.grpc("metrics", items("metrics", 1).to_otlp())
    assert refusal.value.code() is grpc.StatusCode.UNIMPLEMENTED


# -- what pipelines answer --------------------------------------------------------------------------


def refusal_of(it, body: bytes) -> tuple[grpc.StatusCode, Status]:
    with pytest.raises(grpc.RpcError) as refusal:
        it.grpc("traces", body)
    details = dict(refusal.value.trailing_metadata()).get("grpc-status-details-bin", b"")
    return refusal.value.code(), Status.FromString(details)


@pytest.mark.parametrize("error", [Retryable("later"), Refused("no room", limit="memory")])
def test_a_pipeline_that_can_not_just_now_is_unavailable_and_503(it, error: Exception):
    it.out.fail_with(error, error, error)
    body = items("traces", 1).to_otlp()
    assert refusal_of(it, body)[0] is grpc.StatusCode.UNAVAILABLE
    answer = it.post("traces", body)
    assert (answer.status, Status.FromString(answer.body).message) == (503, str(error))
    answer = it.post("traces", RICH["traces"].to_json(), JSON)
    assert (answer.status, Parse(answer.body, Status()).message) == (503, str(error))


def test_when_to_come_back_is_told_as_retry_info_and_retry_after(it):
    it.out.fail_with(Retryable("later", after_s=2.5), Retryable("later", after_s=2.5))
    code, status = refusal_of(it, items("traces", 1).to_otlp())
    info = RetryInfo()
    assert code is grpc.StatusCode.UNAVAILABLE
    assert status.details[0].Unpack(info)
    assert info.retry_delay.ToMilliseconds() == 2500
    answer = it.post("traces", items("traces", 1).to_otlp())
    assert (answer.status, answer.headers["retry-after"]) == (503, "3")


def test_data_that_can_never_be_taken_is_internal_and_500(it):
    it.out.fail_with(Permanent("never"), Permanent("never"))
    assert refusal_of(it, items("traces", 1).to_otlp())[0] is grpc.StatusCode.INTERNAL
    answer = it.post("traces", items("traces", 1).to_otlp())
    assert (answer.status, Status.FromString(answer.body).message) == (500, "never")


def test_what_the_sender_did_wrong_is_invalid_argument_and_400(it):
    it.out.fail_with(Invalid("X-Scope-OrgID: no"), Invalid("X-Scope-OrgID: no"))
    assert refusal_of(it, items("traces", 1).to_otlp())[0] is grpc.StatusCode.INVALID_ARGUMENT
    answer = it.post("traces", items("traces", 1).to_otlp())
    assert (answer.status, Status.FromString(answer.body).message) == (400, "X-Scope-OrgID: no")


def test_what_is_not_kept_is_told_by_partial_success_and_counted_as_refused(run):
    it = run()
    it.outputs["metrics"].fail_with(*2 * [Rejected("no metrics here", items=3)])
    sent = metrics(gauge("g", *range(5))).to_otlp()
    answer = it.post("metrics", sent)
    assert answer.status == 200
    for body in (answer.body, it.grpc("metrics", sent)):
        partial = ExportMetricsServiceResponse.FromString(body).partial_success
        assert (partial.rejected_data_points, partial.error_message) == (3, "no metrics here")
    assert it.counted("otelcol_receiver_accepted_metric_points") == 4
    assert it.counted("otelcol_receiver_refused_metric_points") == 6


def test_a_bug_in_a_component_is_logged_with_its_traceback_and_not_shown_to_the_sender(
    it, caplog: pytest.LogCaptureFixture
):
    it.out.fail_with(ZeroDivisionError("secret detail"))
    answer = it.post("traces", items("traces", 1).to_otlp())
    assert answer.status == 500
    assert b"secret" not in answer.body
    assert "ZeroDivisionError: secret detail" in caplog.text
    assert it.post("traces", items("traces", 1).to_otlp()).status == 200


class Panic(BaseException):
    """As native code raises it."""


def test_a_panic_in_native_code_ends_no_thread(it, caplog: pytest.LogCaptureFixture):
    for _ in range(4):
        it.out.fail_with(Panic("secret detail"))
        answer = it.post("traces", items("traces", 1).to_otlp())
        assert (answer.status, b"secret" in answer.body) == (500, False)
    assert "secret detail" in caplog.text
    assert it.post("traces", items("traces", 1).to_otlp()).status == 200


class Gate(MemoryExporter):
    """Holds its first batch until it is opened; refuses for good whatever holds a span called bad."""

    def __init__(self) -> None:
        super().__init__()
        self.entered, self.opened = threading.Event(), threading.Event()

    def consume(self, batch: Batch) -> None:
        self.entered.set()
        assert self.opened.wait(20)
        names = {s.name for r in decode(batch).resource_spans for sc in r.scope_spans for s in sc.spans}
        if "bad" in names:
            raise Permanent("bad span")
        super().consume(batch)


def test_one_senders_bad_data_harms_no_other(run):
    gate = Gate()
    it = run(outputs={"traces": gate})
    answers: dict[int, int] = {}

    def send(number: int) -> None:
        answers[number] = it.post(
            "traces", traces(span("bad" if number % 5 == 0 else "good", number=number)).to_otlp()
        ).status

    threads = [threading.Thread(target=send, args=(number,)) for number in range(1, 21)]
    for thread in threads:
        thread.start()
    assert gate.entered.wait(20)
    gate.opened.set()
    for thread in threads:
        thread.join()
    assert {n for n, status in answers.items() if status == 500} == {5, 10, 15, 20}
    assert sum(status == 200 for status in answers.values()) == 16
    assert gate.items == 16
    assert it.counted("otelcol_receiver_accepted_spans") == 16
    assert it.counted("otelcol_receiver_refused_spans") == 4


def test_what_one_of_several_consumers_took_is_not_offered_to_it_again(run):
    gate, other = Gate(), MemoryExporter()
    both = fan_out("test", [("other", other), ("gate", gate)], Counter())
    it = run(outputs={"traces": both})
    statuses: list[int] = []

    def send(number: int) -> None:
        statuses.append(it.post("traces", traces(span("bad", number=number)).to_otlp()).status)

    threads = [threading.Thread(target=send, args=(number,)) for number in range(1, 21)]
    for thread in threads:
        thread.start()
    assert gate.entered.wait(20)
    gate.opened.set()
    for thread in threads:
        thread.join()
    assert statuses == [500] * 20
    assert other.items == 20


def test_a_pipeline_that_blocks_holds_back_its_own_signal_only(run):
    gate = Gate()
    it = run(outputs={"traces": gate, "logs": MemoryExporter()})
    threads = [threading.Thread(target=it.post, args=("traces", items("traces", 1).to_otlp())) for _ in range(5)]
    for thread in threads:
        thread.start()
    assert gate.entered.wait(20)
    assert it.post("logs", items("logs", 1).to_otlp()).status == 200
    gate.opened.set()
    for thread in threads:
        thread.join()
    assert gate.items == 5


# -- telemetry, settings, life ----------------------------------------------------------------------


@pytest.mark.parametrize("signal", SIGNALS)
def test_every_item_is_counted_once_by_what_became_of_it(run, signal: Signal):
    it = run()
    body = items(signal, 3).to_otlp()
    it.grpc(signal, body)
    it.post(signal, body)
    it.outputs[signal].fail_with(Retryable("x"), Permanent("x"), ZeroDivisionError())
    for _ in range(3):
        it.post(signal, body)
    name = "otelcol_receiver_{}_" + SUFFIX[signal]
    assert it.counted(name.format("accepted"), transport="grpc") == 3
    assert it.counted(name.format("accepted"), transport="http") == 3
    assert it.counted(name.format("refused"), transport="http") == 6
    assert it.counted(name.format("failed"), transport="http") == 3


def test_requests_are_counted_by_their_outcome(run):
    it = run()
    it.out.fail_with(Retryable("x"))
    assert it.post("traces", items("traces", 1).to_otlp()).status == 503
    assert it.post("traces", items("traces", 1).to_otlp()).status == 200
    assert it.post("traces", b"\xff").status == 400
    assert it.counted("otelcol_receiver_requests", transport="http", outcome="success") == 1
    assert it.counted("otelcol_receiver_requests", transport="http", outcome="refused") == 1
    assert it.counted("otelcol_receiver_requests", transport="http", outcome="failure") == 1


@pytest.mark.proves("server.ServerSettings.include_metadata")
def test_metadata_travels_only_where_it_is_asked_for(run):
    it = run(http={"include_metadata": True}, grpc={"include_metadata": True})
    it.post("traces", items("traces", 1).to_otlp(), headers={"X-Tenant": "a"})
    it.grpc("traces", items("traces", 1).to_otlp(), metadata=(("x-tenant", "b"), ("x-tenant", "c")))
    assert [batch.metadata["x-tenant"] for batch in it.out.batches] == [("a",), ("b", "c")]
    bare = run()
    bare.post("traces", items("traces", 1).to_otlp(), headers={"X-Tenant": "a"})
    assert dict(bare.out.batches[0].metadata) == {}


@pytest.mark.proves(
    "receivers.otlp.protocols.http.{traces,logs}_url_path", "receivers.otlp.protocols.http.metrics_url_path"
)
def test_paths_of_signals_can_be_chosen(run):
    it = run(http={"traces_url_path": "/a/b", "metrics_url_path": "/m", "logs_url_path": "/l"})
    assert it.post("metrics", items("metrics", 1).to_otlp(), path="/m").status == 200
    assert it.post("traces", items("traces", 1).to_otlp(), path="/a/b").status == 200
    assert it.post("logs", items("logs", 1).to_otlp(), path="/l").status == 200
    assert it.post("traces", items("traces", 1).to_otlp()).status == 404


@pytest.mark.proves("server.CorsSettings.allowed_origins")
def test_web_pages_may_send_only_from_allowed_origins(run):
    it = run(http={"cors": {"allowed_origins": ("https://*.example.com",), "allowed_headers": ("x-a",), "max_age": 60}})
    asks = {"access-control-request-method": "POST", "access-control-request-headers": "content-type,x-a"}
    answer = it.post("traces", b"", "", method="OPTIONS", headers={**asks, "origin": "https://app.example.com"})
    assert answer.status in (200, 204)
    assert answer.headers["access-control-allow-origin"] == "https://app.example.com"
    answer = it.post("traces", b"", "", method="OPTIONS", headers={**asks, "origin": "https://evil.example.org"})
    assert "access-control-allow-origin" not in answer.headers


def test_without_cors_no_origin_is_allowed(it):
    asks = {"access-control-request-method": "POST", "origin": "https://app.example.com"}
    assert "access-control-allow-origin" not in it.post("traces", b"", "", method="OPTIONS", headers=asks).headers


@pytest.mark.proves("server.ServerSettings.endpoint")
def test_a_port_in_use_is_a_start_error_that_names_the_owner(run):
    first = run(grpc=None)
    with pytest.raises(StartError, match=r"127\.0\.0\.1:\d+ is already in use by pid \d+"):
        run(http={"endpoint": first.address("http")})


def test_stop_answers_what_is_under_way_and_refuses_what_comes_later(run):
    gate = Gate()
    it = run(outputs={"traces": gate})
    answers: list[int] = []
    sender = threading.Thread(target=lambda: answers.append(it.post("traces", items("traces", 1).to_otlp()).status))
    sender.start()
    assert gate.entered.wait(20)
    stopper = threading.Thread(target=it.stop)
    stopper.start()
    gate.opened.set()
    sender.join()
    stopper.join()
    assert (answers, gate.items) == ([200], 1)
    with pytest.raises(OSError):
        it.post("traces", b"")


def test_stop_without_start_and_stop_twice_are_allowed(run):
    Otlp(OtlpConfig(protocols=OtlpProtocols(grpc=OtlpGrpcSettings())), component_context("otlp")).stop(0)
    run().stop()


def test_only_the_protocols_that_are_named_are_on(run):
    it = run(grpc=None)
    with pytest.raises(KeyError):
        it.receiver.address("grpc")


def test_the_defaults_are_the_collectors():
    assert OtlpGrpcSettings().endpoint == "localhost:4317"
    http = OtlpHttpSettings()
    assert (http.endpoint, *http.paths.values()) == ("localhost:4318", "/v1/traces", "/v1/metrics", "/v1/logs")


def test_at_least_one_protocol_is_needed():
    ((_, text),) = OtlpProtocols().problems()
    assert "at least one protocol" in text


def test_two_signals_at_one_path_are_a_configuration_error():
    assert list(OtlpHttpSettings(traces_url_path="/x", logs_url_path="x").problems())
