"""A trace by its id: both versions, JSON and protobuf, ids without their zeros, what is not there."""

import base64
import gzip

import pytest
from google.protobuf import json_format

from otelier.telemetry import Batch
from otelier.testing import decode, span, trace_id, traces
from otelier.testing.telemetry import START_NS
from otelier.testing.tempo import TEMPO_MESSAGES

ID = trace_id(1).hex()


@pytest.fixture
def stored(tempo) -> Batch:
    batch = traces(
        span("GET /", number=1, attributes={"bytes": 2**60, "ok": True, "ratio": 0.5, "raw": b"\xff\xfe"}),
        span("send", number=2, parent=1, kind="PRODUCER", status="ERROR", attributes={"list": ["a", 1]}),
    )
    tempo.store(batch)
    return batch


def test_protobuf_holds_what_was_sent(tempo, stored):
    first = tempo.read("Trace", f"/api/traces/{ID}")
    second = tempo.read("TraceByIDResponse", f"/api/v2/traces/{ID}")
    assert decode(Batch.from_otlp("traces", first.SerializeToString())) == decode(stored)
    assert second.trace == first
    assert (second.status, second.message) == (0, "")
    assert second.metrics.inspectedBytes > 0


def test_json_is_protobuf_s_own_mapping_with_ids_in_base64_and_enums_by_name(tempo, stored):
    answer = tempo.get(f"/api/v2/traces/{ID}")
    assert answer.headers["content-type"] == "application/json"
    shown = answer.json["trace"]
    assert shown == json_format.MessageToDict(tempo.read("Trace", f"/api/traces/{ID}"))
    [scope] = shown["resourceSpans"][0]["scopeSpans"]
    sent = next(each for each in scope["spans"] if each["name"] == "send")
    assert (sent["kind"], sent["status"]) == ("SPAN_KIND_PRODUCER", {"code": "STATUS_CODE_ERROR"})
    assert base64.b64decode(sent["traceId"]) == trace_id(1)
    assert int(answer.json["metrics"]["inspectedBytes"]) > 0
    assert "status" not in answer.json


def test_the_first_version_calls_its_member_batches(tempo, stored):
    assert tempo.get(f"/api/traces/{ID}").json == {
        "batches": tempo.get(f"/api/v2/traces/{ID}").json["trace"]["resourceSpans"]
    }


def test_an_unknown_id_is_an_empty_404_at_first_and_an_empty_trace_later(tempo):
    unknown = trace_id(2).hex()
    answer = tempo.get(f"/api/traces/{unknown}")
    assert (answer.status, answer.body) == (404, b"")
    answer = tempo.get(f"/api/v2/traces/{unknown}")
    assert (answer.status, answer.json) == (200, {"trace": {}, "metrics": {}})
    assert tempo.read("TraceByIDResponse", f"/api/v2/traces/{unknown}").HasField("trace")


@pytest.mark.parametrize("id_", ["xyz", "1" * 33, "%20", "0x1"])
@pytest.mark.parametrize("version", ["/api/traces", "/api/v2/traces"])
def test_what_is_no_id_is_a_400_in_words(tempo, version, id_):
    answer = tempo.get(f"{version}/{id_}")
    assert answer.status == 400
    assert answer.body.startswith(b"trace IDs can")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"


def test_leading_zeros_may_be_left_out(tempo):
    short = span("GET /")
    short.trace_id = bytes(15) + b"\x0f"
    tempo.store(traces(short))
    for shown in ("f", "0f", "F", "0" * 31 + "f"):
        assert len(tempo.read("Trace", f"/api/traces/{shown}").resourceSpans) == 1


def test_start_and_end_are_hints_that_leave_nothing_out(tempo, stored):
    seconds = START_NS // 10**9
    whole = tempo.read("TraceByIDResponse", f"/api/v2/traces/{ID}")
    for window in ({"start": 1, "end": 2}, {"start": seconds - 1800, "end": seconds + 1800}, {"start": seconds}):
        assert tempo.read("TraceByIDResponse", f"/api/v2/traces/{ID}", window) == whole
    answer = tempo.get(f"/api/v2/traces/{ID}", {"start": 2, "end": 1})
    assert (answer.status, b"start must be before end" in answer.body) == (400, True)


def test_a_tenant_sees_only_its_own(tempo, stored):
    assert tempo.get(f"/api/traces/{ID}", X_Scope_OrgID="other").status == 404
    tempo.store(stored, "other")
    assert tempo.get(f"/api/traces/{ID}", X_Scope_OrgID="other").status == 200
    assert tempo.get(f"/api/traces/{ID}", X_Scope_OrgID="no/name").status == 400


def test_a_large_answer_is_compressed_for_who_takes_it_from_elsewhere(tempo):
    tempo.store(traces(*(span(f"span {n}", number=n) for n in range(100))))
    answer = tempo.get(f"/api/traces/{ID}", Accept_Encoding="gzip", Host="tempo", Accept="application/protobuf")
    assert answer.headers["content-encoding"] == "gzip"
    assert len(TEMPO_MESSAGES["Trace"].FromString(gzip.decompress(answer.body)).resourceSpans) == 1
