"""OTLP to the JSON of the classic API, member by member."""

import base64
import json
import struct

import pytest

from otelier._core import Batch

START = 1_700_000_000_000_000_000
TRACE = "0123456789abcdef0123456789abcdef"
PARENT = "00000000000000aa"


def span(span_id: str = "00000000000000bb", **more) -> dict:
    return {
        "traceId": TRACE,
        "spanId": span_id,
        "name": "work",
        "startTimeUnixNano": str(START + 1999),
        "endTimeUnixNano": str(START + 7_000),
        **more,
    }


def otlp(*spans: dict, resource=(("service.name", "shop"),), scope=None) -> dict:
    return {
        "resource": {"attributes": [{"key": key, "value": {"stringValue": value}} for key, value in resource]},
        "scopeSpans": [{"scope": scope or {}, "spans": list(spans)}],
    }


def encoded(*groups: dict, raw: bool = False) -> list[dict]:
    batch = Batch.from_json("traces", json.dumps({"resourceSpans": list(groups)}).encode())
    return [json.loads(written) for _, written in batch.to_jaeger(raw=raw)]


def attribute(key: str, **value) -> dict:
    return {"key": key, "value": value}


def tags(of: list[dict]) -> dict[str, tuple[str, object]]:
    return {tag["key"]: (tag["type"], tag["value"]) for tag in of}


def test_a_bare_span_has_every_member_that_clients_rely_on():
    assert encoded(otlp(span())) == [
        {
            "traceID": TRACE,
            "spans": [
                {
                    "traceID": TRACE,
                    "spanID": "00000000000000bb",
                    "operationName": "work",
                    "references": [],
                    "startTime": START // 1000 + 1,
                    "duration": 5,
                    "tags": [],
                    "logs": [],
                    "processID": "p1",
                    "warnings": None,
                }
            ],
            "processes": {"p1": {"serviceName": "shop", "tags": []}},
            "warnings": None,
        }
    ]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"stringValue": "주문"}, ("string", "주문")),
        ({"stringValue": ""}, ("string", "")),
        ({"boolValue": False}, ("bool", False)),
        ({"intValue": "0"}, ("int64", 0)),
        ({"intValue": str(2**53 - 1)}, ("int64", 2**53 - 1)),
        ({"intValue": str(2**53)}, ("int64", str(2**53))),
        ({"intValue": str(-(2**63))}, ("int64", str(-(2**63)))),
        ({"doubleValue": 72.5}, ("float64", 72.5)),
        ({"doubleValue": "NaN"}, ("float64", "NaN")),
        ({"bytesValue": base64.b64encode(b"\0\xff").decode()}, ("binary", "AP8=")),
        ({"arrayValue": {"values": [{"stringValue": "a"}, {"intValue": "1"}, {}]}}, ("string", '["a",1,null]')),
        ({"arrayValue": {}}, ("string", "[]")),
        (
            {"kvlistValue": {"values": [attribute("k", arrayValue={"values": [{"boolValue": True}]})]}},
            ("string", '{"k":[true]}'),
        ),
        ({}, ("string", "")),
    ],
)
def test_attribute_values_keep_their_types(value: dict, expected: tuple[str, object]):
    [trace] = encoded(otlp(span(attributes=[{"key": "k", "value": value}])))
    assert tags(trace["spans"][0]["tags"]) == {"k": expected}


def test_fields_of_otlp_become_tags():
    [trace] = encoded(
        otlp(
            span(kind=3, status={"code": 2, "message": "boom"}, traceState="a=1", flags=0x101),
            scope={"name": "lib", "version": "2", "attributes": [attribute("scope.own", intValue="7")]},
        )
    )
    [made] = trace["spans"]
    assert tags(made["tags"]) == {
        "span.kind": ("string", "client"),
        "otel.status_code": ("string", "ERROR"),
        "otel.status_description": ("string", "boom"),
        "error": ("bool", True),
        "w3c.tracestate": ("string", "a=1"),
        "otel.scope.name": ("string", "lib"),
        "otel.scope.version": ("string", "2"),
        "scope.own": ("int64", 7),
    }
    assert made["flags"] == 1


def test_an_ok_is_no_error():
    [trace] = encoded(otlp(span(status={"code": 1})))
    assert tags(trace["spans"][0]["tags"]) == {"otel.status_code": ("string", "OK")}


def test_parents_and_links_are_references():
    links = [
        {"traceId": "00000000000000000000000000000abc", "spanId": "00000000000000cc"},
        {
            "traceId": TRACE,
            "spanId": "00000000000000dd",
            "attributes": [attribute("opentracing.ref_type", stringValue="child_of")],
        },
    ]
    [trace] = encoded(otlp(span(parentSpanId=PARENT, links=links)))
    assert [tuple(each.values()) for each in trace["spans"][0]["references"]] == [
        ("CHILD_OF", TRACE, PARENT),
        ("FOLLOWS_FROM", "0000000000000abc", "00000000000000cc"),
        ("CHILD_OF", TRACE, "00000000000000dd"),
    ]


def test_events_are_logs_in_the_order_of_time_with_their_name_as_a_field():
    events = [
        {"timeUnixNano": str(START + 5000), "name": "late"},
        {"timeUnixNano": str(START + 2000), "attributes": [attribute("a", boolValue=True)]},
    ]
    [trace] = encoded(otlp(span(events=events)))
    assert trace["spans"][0]["logs"] == [
        {"timestamp": START // 1000 + 2, "fields": [{"key": "a", "type": "bool", "value": True}]},
        {"timestamp": START // 1000 + 5, "fields": [{"key": "event", "type": "string", "value": "late"}]},
    ]


def test_each_distinct_resource_is_one_process():
    shop, other = (("service.name", "shop"), ("host.name", "a")), (("service.name", "shop"), ("host.name", "b"))
    [trace] = encoded(
        otlp(span("0000000000000001"), resource=shop),
        otlp(span("0000000000000002"), resource=other),
        otlp(span("0000000000000003"), resource=shop),
        otlp(span("0000000000000004"), resource=()),
    )
    hosts = {name: tags(process["tags"]) for name, process in trace["processes"].items()}
    assert hosts == {"p1": {"host.name": ("string", "a")}, "p2": {"host.name": ("string", "b")}, "p3": {}}
    assert [each["processID"] for each in trace["spans"]] == ["p1", "p2", "p1", "p3"]
    assert trace["processes"]["p3"]["serviceName"] == "OTLPResourceNoServiceName"


def test_traces_of_a_batch_are_told_apart_and_short_ids_are_short():
    other = {**span(), "traceId": "0000000000000000000000000000ffff"}
    assert [trace["traceID"] for trace in encoded(otlp(span(), other))] == [TRACE, "000000000000ffff"]


def test_a_span_that_ends_before_it_starts_says_so():
    [trace] = encoded(otlp(span(endTimeUnixNano=str(START))))
    [made] = trace["spans"]
    assert made["duration"] == 0
    assert made["warnings"] == ["the span ends 1999 ns before it starts; its duration is shown as 0"]


def test_tags_and_spans_are_sorted_unless_raw_is_wanted():
    late = span("0000000000000002", attributes=[attribute("b", intValue="1"), attribute("a", intValue="2")])
    early = span("0000000000000001", startTimeUnixNano=str(START))
    [tidy] = encoded(otlp(late, early))
    assert [each["spanID"][-1] for each in tidy["spans"]] == ["1", "2"]
    assert [tag["key"] for tag in tidy["spans"][1]["tags"]] == ["a", "b"]
    [raw] = encoded(otlp(late, early), raw=True)
    assert [each["spanID"][-1] for each in raw["spans"]] == ["2", "1"]
    assert [tag["key"] for tag in raw["spans"][0]["tags"]] == ["b", "a"]


def test_equal_spans_are_shown_once_unless_raw_is_wanted():
    different = span(attributes=[attribute("a", intValue="2")])
    [tidy] = encoded(otlp(span(), span(), different))
    assert len(tidy["spans"]) == 2
    [raw] = encoded(otlp(span(), span(), different), raw=True)
    assert len(raw["spans"]) == 3


def test_a_span_id_that_client_and_server_share_becomes_two():
    client, server = span("0000000000000001", kind=3), span("0000000000000001", kind=2)
    child = span("0000000000000009", parentSpanId="0000000000000001")
    [trace] = encoded(otlp(client, server, child))
    parents = {each["spanID"]: [reference["spanID"] for reference in each["references"]] for each in trace["spans"]}
    assert parents == {
        "0000000000000001": [],
        "0000000000000002": ["0000000000000001"],
        "0000000000000009": ["0000000000000002"],
    }


def test_addresses_that_are_integers_become_dotted():
    signed = struct.unpack(">i", bytes([192, 168, 0, 1]))[0]
    group = otlp(span(attributes=[attribute("peer.ipv4", intValue=str(signed)), attribute("ip", stringValue="as is")]))
    group["resource"]["attributes"].append(attribute("ip", intValue=str(10 << 24 | 7)))
    [trace] = encoded(group)
    assert tags(trace["spans"][0]["tags"]) == {"peer.ipv4": ("string", "192.168.0.1"), "ip": ("string", "as is")}
    assert tags(trace["processes"]["p1"]["tags"]) == {"ip": ("string", "10.0.0.7")}


def test_links_to_nowhere_go_with_a_warning_unless_raw_is_wanted():
    nowhere = {"traceId": "0" * 32, "spanId": "00000000000000cc"}
    [tidy] = encoded(otlp(span(links=[nowhere])))
    assert tidy["spans"][0]["references"] == []
    assert tidy["spans"][0]["warnings"] == ["1 links without a trace id are not shown"]


def test_a_kind_told_by_a_tag_counts_like_the_field():
    halves = [
        span("0000000000000001", attributes=[attribute("span.kind", stringValue=kind)]) for kind in ("client", "server")
    ]
    [trace] = encoded(otlp(*halves))
    assert [each["spanID"][-1] for each in trace["spans"]] == ["1", "2"]


def test_a_name_that_is_no_text_stays_a_tag():
    group = otlp(span(), resource=())
    group["resource"]["attributes"] = [attribute("service.name", intValue="7"), attribute("host.name", stringValue="a")]
    [trace] = encoded(group)
    process = trace["processes"]["p1"]
    assert process["serviceName"] == "OTLPResourceNoServiceName"
    assert tags(process["tags"]) == {"service.name": ("int64", 7), "host.name": ("string", "a")}


def test_only_traces_have_this_form():
    with pytest.raises(ValueError, match="only traces"):
        Batch.from_json("logs", b"{}").to_jaeger(raw=True)
