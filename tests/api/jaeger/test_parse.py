"""Parameters of both Jaeger APIs: what they mean, and the texts of what is wrong with them."""

import json
from urllib.parse import urlencode

import pytest

from otelier.api.jaeger import classic_parse, v3_parse
from otelier.query.search import TraceSearch
from otelier.server.request import HttpError, Query

NOW = 1_700_000_000_123_456_789
TWO_DAYS = 2 * 24 * 3600 * 10**9


def query(*pairs: tuple[str, str]) -> Query:
    return Query(urlencode(pairs))


def test_a_classic_search_with_everything():
    asked = classic_parse.traces(
        query(
            ("service", "shop"),
            ("operation", "GET /"),
            ("start", "1000"),
            ("end", "2000"),
            ("limit", "7"),
            ("minDuration", "4500ns"),
            ("maxDuration", "1.5ms"),
            ("tag", "http.url:http://x"),
            ("tags", json.dumps({"a": "1", "b": "72.5"})),
            ("tags", json.dumps({"c": ""})),
            ("raw", "true"),
        ),
        NOW,
    )
    tags = (("http.url", "http://x"), ("a", "1"), ("b", "72.5"), ("c", ""))
    assert asked.search == TraceSearch(1_000_000, 2_000_999, "shop", "GET /", tags, 4500, 1_500_000, 7)
    assert (asked.raw, asked.trace_ids) == (True, ())


def test_a_classic_search_with_the_service_alone_looks_back_two_days_for_a_hundred():
    search = classic_parse.traces(query(("service", "shop")), NOW).search
    assert search == TraceSearch(NOW - TWO_DAYS, NOW, "shop", limit=100)


def test_with_trace_ids_no_service_is_needed():
    assert classic_parse.traces(query(("traceID", "a"), ("traceID", "b")), NOW).trace_ids == (
        bytes(15) + b"\x0a",
        bytes(15) + b"\x0b",
    )


@pytest.mark.parametrize(
    ("pairs", "status", "message"),
    [
        ([], 400, "parameter 'service' is required"),
        ([("service", "")], 400, "parameter 'service' is required"),
        ([("start", "x")], 400, "unable to parse param 'start': strconv.ParseInt: parsing \"x\": invalid syntax"),
        ([("end", "1.5")], 400, "unable to parse param 'end': strconv.ParseInt: parsing \"1.5\": invalid syntax"),
        ([("limit", "z")], 400, 'strconv.ParseInt: parsing "z": invalid syntax'),
        ([("limit", "2147483648")], 400, 'strconv.ParseInt: parsing "2147483648": value out of range'),
        ([("limit", "0")], 500, "search depth must be greater than 0 and less than max traces"),
        ([("limit", "-1")], 500, "search depth must be greater than 0 and less than max traces"),
        ([("limit", "10001")], 500, "search depth must be greater than 0 and less than max traces"),
        (
            [("minDuration", "5")],
            400,
            "unable to parse param 'minDuration': time: missing unit in duration \"5\"",
        ),
        (
            [("maxDuration", "5x")],
            400,
            'unable to parse param \'maxDuration\': time: unknown unit "x" in duration "5x"',
        ),
        (
            [("minDuration", "2s"), ("maxDuration", "1s")],
            400,
            "'maxDuration' should be greater than 'minDuration'",
        ),
        ([("tag", "a")], 400, "malformed 'tag' parameter, expecting key:value, received: a"),
        ([("tags", "{")], 400, "malformed 'tags' parameter, cannot unmarshal JSON: "),
        ([("tags", '{"a":1}')], 400, "malformed 'tags' parameter, cannot unmarshal JSON: "),
        ([("raw", "zz")], 400, "unable to parse param 'raw': strconv.ParseBool: parsing \"zz\": invalid syntax"),
        ([("traceID", "zz")], 400, "cannot parse traceID param: invalid length for TraceID"),
    ],
)
def test_what_is_wrong_with_a_classic_search(pairs: list[tuple[str, str]], status: int, message: str):
    given = pairs if ("service", "") in pairs or not pairs else [("service", "s"), *pairs]
    with pytest.raises(HttpError) as error:
        classic_parse.traces(query(*given), NOW)
    assert error.value.status == status
    assert error.value.message == message or (message.endswith(": ") and error.value.message.startswith(message))


def test_operations_of_a_kind():
    assert classic_parse.operations(query(("service", "s"))) == ("s", None)
    assert classic_parse.operations(query(("service", "s"), ("spanKind", "server"))) == ("s", 2)
    with pytest.raises(HttpError, match=r"^unable to parse param 'spanKind': unsupported span kind: 'zz'$"):
        classic_parse.operations(query(("service", "s"), ("spanKind", "zz")))
    with pytest.raises(HttpError, match=r"^parameter 'service' is required$"):
        classic_parse.operations(query(("spanKind", "server")))


TIMES = [("query.startTimeMin", "1970-01-01T00:00:01Z"), ("query.startTimeMax", "1970-01-01T00:00:02.5Z")]


@pytest.mark.parametrize("older", [False, True], ids=["camelCase", "snake_case"])
def test_a_v3_search_with_everything(older: bool):
    pairs = [
        *TIMES,
        ("query.serviceName", "shop"),
        ("query.operationName", "GET /"),
        ("query.durationMin", "4500ns"),
        ("query.durationMax", "1.5ms"),
        ("query.searchDepth", "7"),
        ("query.attributes", '{"a":"1"}'),
    ]
    if older:
        pairs = [("".join(f"_{c.lower()}" if c.isupper() else c for c in name), value) for name, value in pairs]
    expected = TraceSearch(10**9, 2_500_000_000, "shop", "GET /", (("a", "1"),), 4500, 1_500_000, 7)
    assert v3_parse.search(query(*pairs)) == expected


def test_v3_needs_times_only_and_knows_num_traces():
    assert v3_parse.search(query(*TIMES)) == TraceSearch(10**9, 2_500_000_000, limit=100)
    assert v3_parse.search(query(*TIMES, ("query.num_traces", "3"))).limit == 3


@pytest.mark.parametrize(
    ("pairs", "status", "message"),
    [
        ([], 400, "query.startTimeMin and query.startTimeMax are required"),
        (TIMES[:1], 400, "query.startTimeMin and query.startTimeMax are required"),
        ([("query.startTimeMin", "x"), TIMES[1]], 400, "malformed parameter query.startTimeMin: "),
        (
            [(TIMES[1][0], TIMES[0][1]), (TIMES[0][0], TIMES[1][1])],
            400,
            "query.startTimeMin must be before query.startTimeMax",
        ),
        ([*TIMES, ("query.durationMin", "5")], 400, "malformed parameter query.durationMin: "),
        ([*TIMES, ("query.searchDepth", "z")], 400, "malformed parameter query.searchDepth: "),
        ([*TIMES, ("query.attributes", "[]")], 400, "malformed parameter query.attributes: "),
        (
            [*TIMES, ("query.durationMin", "2s"), ("query.durationMax", "1s")],
            400,
            "query.durationMin must not be longer than query.durationMax",
        ),
        ([*TIMES, ("query.filter", "{}")], 501, "query.filter is not supported yet"),
    ],
)
def test_what_is_wrong_with_a_v3_search(pairs: list[tuple[str, str]], status: int, message: str):
    with pytest.raises(HttpError) as error:
        v3_parse.search(query(*pairs))
    assert error.value.status == status
    assert error.value.message.startswith(message)
