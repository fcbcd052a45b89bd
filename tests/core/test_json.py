"""OTLP/JSON in and out of the core, against protobuf's own JSON and the rules of the OTLP specification."""

import base64
import json
from random import Random
from typing import Any

import pytest
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message
from hypothesis import given, settings
from hypothesis import strategies as st

from otelier._core import Batch, DecodeError, Intake

from .otlp_messages import ID_SIZES, RANDOMS, REQUESTS, encodings, requests

SIGNALS = st.sampled_from(sorted(REQUESTS))
EXAMPLES = 200
JSON_IDS = {"traceId", "spanId", "parentSpanId"}
SPAN = {"traceId": "5b8efff798038103d269b633813fc60c", "spanId": "eee19b7ec3c1b174", "name": "checkout"}


def traces(*spans: dict[str, Any]) -> dict[str, Any]:
    return {"resourceSpans": [{"scopeSpans": [{"spans": list(spans)}]}]}


def read(signal: str, value: Any) -> Message:
    """What the core makes of a JSON value."""
    text = value if isinstance(value, bytes) else json.dumps(value).encode()
    return REQUESTS[signal].FromString(Batch.from_json(signal, text).to_otlp())


def canonical(message: Message) -> bytes:
    """Equal for equal messages, NaN or not."""
    return message.SerializeToString(deterministic=True)


def otlp_json(message: Message) -> Any:
    """The message as OTLP/JSON: protobuf's mapping, but ids in hex and enums as numbers."""

    def with_hex_ids(value: Any) -> Any:
        if isinstance(value, dict):
            return {k: base64.b64decode(v).hex() if k in JSON_IDS else with_hex_ids(v) for k, v in value.items()}
        return [with_hex_ids(v) for v in value] if isinstance(value, list) else value

    return with_hex_ids(MessageToDict(message, use_integers_for_enums=True))


# -- differential -------------------------------------------------------------------------------


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.data(), SIGNALS)
def test_json_written_is_protobufs_own_for_any_encoding(data: st.DataObject, signal: str) -> None:
    message, encoded = data.draw(encodings(signal))
    assert json.loads(Batch.from_otlp(signal, encoded).to_json()) == otlp_json(message)


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.data(), SIGNALS)
def test_json_written_is_read_back_the_same(data: st.DataObject, signal: str) -> None:
    message, encoded = data.draw(encodings(signal))
    text = Batch.from_otlp(signal, encoded).to_json()
    again = Batch.from_json(signal, text)
    assert canonical(REQUESTS[signal].FromString(again.to_otlp())) == canonical(message)
    assert json.loads(again.to_json()) == json.loads(text)


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.data(), SIGNALS)
def test_any_spelling_of_a_request_means_the_same(data: st.DataObject, signal: str) -> None:
    message = data.draw(requests(signal))
    random = data.draw(RANDOMS)
    assert canonical(read(signal, spelled(message, random).encode())) == canonical(message)


def spelled(message: Message, random: Random) -> str:
    """The message in JSON, with the liberties that writers take."""
    space = random.choice(["", "", " ", "\n\t"])
    members = []
    listed = {field.number for field, _ in message.ListFields()}  # with −0, which is none of the defaults
    for field in message.DESCRIPTOR.fields:
        value = getattr(message, field.name)
        names = [json_string(name, random) for name in (field.name, field.json_name)]
        absent = field.number not in listed
        if field.is_repeated:
            text = "[" + f"{space},".join(element(field, v, random) for v in value) + "]"
        elif not field.has_presence and random.random() < 0.5:
            absent, text = False, element(field, value, random)
        else:
            text = "" if absent else element(field, value, random)
        if absent:
            text = random.choice(["", "", "", "null"])
        elif random.random() < 0.1:
            members.append(f"{random.choice(names)}:null")
        if text:
            members.append(f"{random.choice(names)}{space}:{space}{text}")
        if random.random() < 0.05:
            members.append('"ofTomorrow": [{"a\\u0000\\"": [1.5e+300, {}, [], true]}, null, "\\ud800"]')
    return f"{space}{{{f'{space},{space}'.join(members)}}}{space}"


def element(field: Any, value: Any, random: Random) -> str:
    if field.message_type is not None:
        return spelled(value, random)
    if field.name in ID_SIZES:
        return json.dumps(random.choice([value.hex(), value.hex().upper()]))
    if isinstance(value, bytes):
        text = random.choice([base64.b64encode, base64.urlsafe_b64encode])(value).decode()
        return json.dumps(random.choice([text, text.rstrip("=")]))
    if isinstance(value, str):
        return json_string(value, random)
    if isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, float):
        words = {"inf": "Infinity", "-inf": "-Infinity", "nan": "NaN"}
        text = repr(value)
        return f'"{words[text]}"' if text in words else random.choice([text, f'"{text}"'])
    if field.enum_type is not None and value in field.enum_type.values_by_number and random.random() < 0.5:
        return f'"{field.enum_type.values_by_number[value].name}"'
    texts = [str(value), f"{value}.000", f"{value}e0"] + ([f"{value}0E-1", f"{value}00.0e-2"] if value else [])
    text = random.choice(texts)
    return random.choice([text, f'"{text}"'])


def json_string(text: str, random: Random) -> str:
    if random.random() < 0.2:
        units = text.encode("utf-16-be")
        return '"' + "".join(f"\\u{units[i : i + 2].hex()}" for i in range(0, len(units), 2)) + '"'
    return json.dumps(text, ensure_ascii=random.random() < 0.5)


def test_a_joined_batch_is_one_object_with_all_resources() -> None:
    batches = [Batch.from_json("traces", json.dumps(traces({**SPAN, "name": name})).encode()) for name in "abc"]
    together = json.loads(Batch.join(batches).to_json())
    names = [r["scopeSpans"][0]["spans"][0]["name"] for r in together["resourceSpans"]]
    assert names == ["a", "b", "c"]
    assert Batch.from_otlp("logs", b"").to_json() == b"{}"


# -- the specification's kinds of bodies --------------------------------------------------------


def test_a_trace_body_as_sdks_send_it() -> None:
    body = {
        "resourceSpans": [
            {
                "resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "shop"}}]},
                "scopeSpans": [
                    {
                        "scope": {"name": "shop.http", "version": "1.0.0", "attributes": []},
                        "spans": [
                            {
                                "traceId": "5B8EFFF798038103D269B633813FC60C",
                                "spanId": "EEE19B7EC3C1B174",
                                "parentSpanId": "EEE19B7EC3C1B173",
                                "name": "GET /cart",
                                "startTimeUnixNano": "1544712660000000000",
                                "endTimeUnixNano": 1544712661000000000,
                                "kind": 2,
                                "attributes": [
                                    {"key": "http.status", "value": {"intValue": "200"}},
                                    {"key": "tags", "value": {"arrayValue": {"values": [{"stringValue": "a"}, {}]}}},
                                ],
                                "status": {"code": "STATUS_CODE_ERROR", "message": ""},
                                "flags": 257,
                            }
                        ],
                    }
                ],
            }
        ]
    }
    (resource,) = read("traces", body).resource_spans
    (span,) = resource.scope_spans[0].spans
    assert resource.resource.attributes[0].value.string_value == "shop"
    assert span.trace_id == bytes.fromhex("5b8efff798038103d269b633813fc60c")
    assert (span.span_id.hex(), span.parent_span_id.hex()) == ("eee19b7ec3c1b174", "eee19b7ec3c1b173")
    assert span.end_time_unix_nano - span.start_time_unix_nano == 10**9
    assert (span.kind, span.flags, span.status.code) == (2, 257, 2)
    assert span.attributes[0].value.int_value == 200
    assert [v.WhichOneof("value") for v in span.attributes[1].value.array_value.values] == ["string_value", None]


def test_a_metrics_body_as_sdks_send_it() -> None:
    body = b"""{"resourceMetrics": [{"scopeMetrics": [{"metrics": [
        {"name": "requests", "unit": "1", "sum": {"aggregationTemporality": 1, "isMonotonic": true, "dataPoints": [
            {"asDouble": 5, "timeUnixNano": "1544712660300000000"}, {"asInt": "-7"}, {"asInt": 0}]}},
        {"name": "latency", "histogram": {"aggregationTemporality": 2, "dataPoints": [
            {"count": 2, "sum": 2, "bucketCounts": [1, "1"], "explicitBounds": [1], "min": 0, "max": "2"}]}},
        {"name": "size", "exponentialHistogram": {"dataPoints": [
            {"scale": -1, "zeroCount": 3, "positive": {"offset": 1, "bucketCounts": ["0", 2]},
             "zeroThreshold": 1e-9}]}},
        {"name": "quantiles", "summary": {"dataPoints": [{"quantileValues": [{"quantile": 0.5, "value": "NaN"}]}]}}
    ]}]}]}"""
    total, latency, size, quantiles = read("metrics", body).resource_metrics[0].scope_metrics[0].metrics
    assert [p.WhichOneof("value") for p in total.sum.data_points] == ["as_double", "as_int", "as_int"]
    assert [p.as_double or p.as_int for p in total.sum.data_points] == [5.0, -7, 0]
    (point,) = latency.histogram.data_points
    assert (list(point.bucket_counts), list(point.explicit_bounds), point.max) == ([1, 1], [1.0], 2.0)
    assert point.HasField("min")
    (point,) = size.exponential_histogram.data_points
    assert (point.scale, point.zero_count, list(point.positive.bucket_counts)) == (-1, 3, [0, 2])
    assert (
        quantiles.summary.data_points[0].quantile_values[0].value
        != quantiles.summary.data_points[0].quantile_values[0].value
    )


def test_a_logs_body_as_sdks_send_it() -> None:
    record = {
        "timeUnixNano": "1544712660300000000",
        "severityNumber": 10,
        "severityText": "Information",
        "eventName": "cart.emptied",
        "body": {"kvlistValue": {"values": [{"key": "blob", "value": {"bytesValue": "3q2+7w=="}}]}},
    }
    (read_record,) = (
        read("logs", {"resourceLogs": [{"scopeLogs": [{"logRecords": [record]}]}]})
        .resource_logs[0]
        .scope_logs[0]
        .log_records
    )
    assert (read_record.severity_number, read_record.event_name) == (10, "cart.emptied")
    assert read_record.body.kvlist_value.values[0].value.bytes_value == bytes.fromhex("deadbeef")


# -- what is wrong with one item costs that item, what is wrong with the text the request ---------


@pytest.mark.parametrize(
    "bad",
    [
        {"traceId": ""},
        {"traceId": "0" * 32},
        {"traceId": "abc"},
        {"traceId": "5b8efff798038103"},
        {"traceId": "5b8efff798038103d269b633813fc60c00"},
        {"traceId": "5b8efff798038103d269b633813fc60"},
        {"traceId": "5b8efff798038103d269b633813fc60g"},
        {"traceId": "W47/95gDgQPSabYzgT/GDA=="},
        {"traceId": "sixteen letters!"},
        {"spanId": "0" * 16},
        {"spanId": "7uGbfsPBsXQ="},
        {"spanId": "letters!"},
        {"parentSpanId": "letters!"},
        {"links": [{"traceId": SPAN["traceId"], "spanId": "7uGbfsPBsXQ="}]},
    ],
)
def test_a_span_with_a_bad_id_is_rejected_alone(bad: dict[str, Any]) -> None:
    intake = Intake.read("traces", json.dumps(traces(SPAN, {**SPAN, **bad}, SPAN)).encode(), encoding="json")
    assert (intake.rejected, intake.batch.items) == (1, 2)
    assert "id" in intake.reason
    assert json.loads(intake.batch.to_json()) == traces(SPAN, SPAN)


def test_invalid_utf_8_is_repaired_and_counted_and_half_surrogate_pairs_replaced() -> None:
    text = (
        json.dumps(traces({**SPAN, "name": "NAME", "traceState": "\ud800x"}))
        .encode()
        .replace(b"NAME", b"caf\xe9\xf0\x9f")
    )
    intake = Intake.read("traces", text, encoding="json")
    assert intake.repaired == 1
    (span,) = REQUESTS["traces"].FromString(intake.batch.to_otlp()).resource_spans[0].scope_spans[0].spans
    assert (span.name, span.trace_state) == ("caf\ufffd\ufffd", "\ufffdx")


@pytest.mark.parametrize(
    ("text", "error"),
    [
        (b"", "line 1, column 1: expected {"),
        (b"null", "line 1, column 1: expected {"),
        (b"{} {}", "line 1, column 4: expected nothing behind the object"),
        (b'{"resourceSpans": [{}, ]}', "line 1, column 24: expected { for resourceSpans"),
        ('{\n  "é": 1,\n  "resourceSpans": 7}'.encode(), "line 3, column 20: expected [ for resourceSpans"),
        (b'{"resourceSpans": [{"schemaUrl": 7}]}', "line 1, column 34: expected a string for schemaUrl"),
        (b'{"a": NaN}', "line 1, column 7: expected a value"),
    ],
)
def test_errors_say_line_and_column_and_what_was_expected(text: bytes, error: str) -> None:
    with pytest.raises(DecodeError, match=r"^JSON, ") as caught:
        Batch.from_json("traces", text)
    assert error in str(caught.value)


NESTED = {
    "array": ('{"arrayValue":{"values":[', "]}}"),
    "kvlist": ('{"kvlistValue":{"values":[{"value":', "}]}}"),
    "unknown": ('{"later":[', "]}"),
}


def nested(kind: str, depth: int) -> bytes:
    head, tail = NESTED[kind]
    attribute = f'{{"key":"k","value":{head * depth}{{}}{tail * depth}}}'
    span = json.dumps(SPAN, separators=(",", ":"))[:-1] + f',"attributes":[{attribute}]}}'
    return f'{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{span}]}}]}}]}}'.encode()


@pytest.mark.parametrize(("kind", "deepest"), [("array", 47), ("kvlist", 31)])
def test_values_are_read_as_deep_as_protobuf_reads_them(kind: str, deepest: int) -> None:
    batch = Batch.from_json("traces", nested(kind, deepest))
    assert batch.to_json() == nested(kind, deepest)
    REQUESTS["traces"].FromString(batch.to_otlp())
    for depth in (deepest + 1, 1_000, 100_000):
        with pytest.raises(DecodeError, match="nested"):
            Batch.from_json("traces", nested(kind, depth))


def test_unknown_nesting_bombs_are_refused() -> None:
    assert Batch.from_json("traces", nested("unknown", 47)).items == 1
    for depth in (1_000, 100_000):
        with pytest.raises(DecodeError, match="nested"):
            Batch.from_json("traces", nested("unknown", depth))


def test_too_many_items_are_refused() -> None:
    text = json.dumps(traces(*[SPAN] * 11)).encode()
    assert Batch.from_json("traces", text, max_items=11).items == 11
    with pytest.raises(DecodeError, match="more than 10 items"):
        Batch.from_json("traces", text, max_items=10)


# -- hostile text -------------------------------------------------------------------------------


def test_a_text_cut_anywhere_is_refused() -> None:
    text = json.dumps(
        traces({**SPAN, "name": 'é"\\\n', "kind": 2, "startTimeUnixNano": "15e1"}), ensure_ascii=False
    ).encode()
    assert Batch.from_json("traces", text).items == 1
    for end in range(len(text)):
        with pytest.raises(DecodeError):
            Batch.from_json("traces", text[:end])


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.data(), SIGNALS, st.integers(0), st.binary(min_size=1, max_size=3))
def test_a_damaged_text_is_read_or_refused_and_what_is_read_is_good(
    data: st.DataObject, signal: str, at: int, damage: bytes
) -> None:
    text = spelled(data.draw(requests(signal)), data.draw(RANDOMS)).encode()
    at %= len(text)
    text = text[:at] + damage + text[at + data.draw(st.integers(0, 3)) :]
    try:
        batch = Batch.from_json(signal, text)
    except DecodeError:
        return
    assert canonical(read(signal, batch.to_json())) == canonical(REQUESTS[signal].FromString(batch.to_otlp()))


JSON_PIECES = st.sampled_from(
    [
        b"{",
        b"}",
        b"[",
        b"]",
        b":",
        b",",
        b'"',
        b"\\",
        b"null",
        b"-1",
        b"1e5",
        b"0.",
        b'"resourceSpans"',
        b'"scopeSpans"',
    ]
)


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.lists(JSON_PIECES | st.binary(max_size=4), max_size=30), SIGNALS)
def test_any_bytes_are_read_or_refused(pieces: list[bytes], signal: str) -> None:
    for text in (b"".join(pieces), b'{"resourceSpans":[' + b"".join(pieces)):
        try:
            Batch.from_json(signal, text)
        except DecodeError as error:
            assert str(error)
