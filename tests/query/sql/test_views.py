"""Events, links and logs as rows are what plain Python makes of the same telemetry."""

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from opentelemetry.proto.trace.v1.trace_pb2 import Span as SentSpan

from otelier.testing import log_record, logs, span, span_id, trace_id
from otelier.testing import traces as sent_traces
from otelier.testing.telemetry import START_NS, key_values

from ..traceql.decoded import traces
from ..traceql.generate import batches
from ..traceql.stored import ARRANGEMENTS, Store
from .in_process import answered

SLOW = settings(suppress_health_check=list(HealthCheck), max_examples=15, deadline=None)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    store = Store(tmp_path_factory.mktemp("data"))
    yield store
    store.close()


def rows(store: Store, tenant: str, text: str) -> list[list[Any]]:
    return answered(store.snapshot, None, tenant, text).rows


@SLOW
@given(batches(), ARRANGEMENTS)
def test_events_are_those_of_the_spans(store, sent, arrangement):
    tenant = store.keep(sent, arrangement)
    found = rows(
        store,
        tenant,
        "SELECT trace_id, span_id, span_name, epoch_ns(start_time), epoch_ns(time), name, attributes, "
        'try_cast("event.e" AS VARCHAR) FROM events',
    )
    expected = [
        (
            each.trace_id.hex(),
            each.span_id.hex(),
            each.name,
            each.start_ns,
            each.start_ns + event.since_start_ns,
            event.name,
            json.dumps(event.attributes, separators=(",", ":")),
            _text(event.attributes.get("e")),
        )
        for trace in traces(sent)
        for each in trace.spans
        for event in each.events
    ]
    assert Counter(map(tuple, found)) == Counter(expected)


@pytest.mark.parametrize(
    ("where", "found"),
    [
        ("name = 'exception'", 2),
        ("name IN ('exception', 'pay')", 2),
        ("name LIKE 'exc%'", 2),
        ("contains(name, 'cept') AND span_name = 'pay'", 1),
        ("name = 'pay'", 0),
        ("span_name = 'pay'", 2),
        ("name = 'exception' AND span_name = 'pay' OR name = 'log'", 2),
    ],
)
def test_events_are_found_by_their_own_name_and_by_their_spans(store, where, found):
    one, other = span("pay", number=1), span("get", number=2)
    one.events.extend([SentSpan.Event(name="exception"), SentSpan.Event(name="log")])
    other.events.extend([SentSpan.Event(name="exception")])
    tenant = store.keep([sent_traces(one, other)], ([True], False))
    assert rows(store, tenant, f"SELECT count(*) FROM events WHERE {where}") == [[found]]


@SLOW
@given(batches(), ARRANGEMENTS)
def test_links_are_those_of_the_spans(store, sent, arrangement):
    tenant = store.keep(sent, arrangement)
    found = rows(
        store, tenant, 'SELECT trace_id, span_id, service, linked_trace_id, linked_span_id, "link.l" FROM links'
    )
    expected = []
    for trace in traces(sent):
        for each in trace.spans:
            service = each.resource.get("service.name")
            service = service if isinstance(service, str) else None
            expected += [
                (each.trace_id.hex(), each.span_id.hex(), service, link.trace_id, link.span_id, link.attributes["l"])
                for link in each.links
            ]
    assert Counter(map(tuple, found)) == Counter(expected)


def _text(value: Any) -> str | None:
    return None if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def test_all_that_a_link_says_is_a_column(store):
    linked = SentSpan.Link(
        trace_id=trace_id(7),
        span_id=span_id(8),
        trace_state="a=b",
        flags=257,
        dropped_attributes_count=3,
        attributes=key_values({"why": "batch", "n": [1, 2]}),
    )
    one = span("join", start_ns=START_NS)
    one.links.append(linked)
    tenant = store.keep([sent_traces(one)], ([True], False))
    assert rows(store, tenant, "SELECT * FROM links") == [
        [
            trace_id(1).hex(), span_id(1).hex(), "join", "2023-11-14T22:13:20.000000000Z", "shop",
            trace_id(7).hex(), span_id(8).hex(), "a=b", 257, 3, '{"n":[1,2],"why":"batch"}',
        ],
    ]  # fmt: skip


def test_events_have_the_attributes_of_their_span_and_resource(store):
    one = span("pay", attributes={"http.route": "/pay"})
    one.events.append(
        SentSpan.Event(name="exception", time_unix_nano=START_NS, attributes=key_values({"exception.type": "Timeout"}))
    )
    tenant = store.keep([sent_traces(one, span("other", number=2))], ([False], False))
    text = 'SELECT name, "event.exception.type", "span.http.route", "resource.service.name", "event.none" FROM events'
    assert rows(store, tenant, text) == [["exception", "Timeout", "/pay", "shop", None]]
    assert rows(store, tenant, "SELECT count(*) FROM events e JOIN spans s USING (trace_id, span_id)") == [[1]]


@pytest.mark.parametrize("flushed", [False, True])
def test_log_records_are_rows_wherever_they_lie(store, flushed):
    sent = logs(
        log_record("late", trace=1, number=17, severity="ERROR", time_ns=START_NS + 5, attributes={"code": 504}),
        log_record("alone", severity="", time_ns=START_NS + 6),
    )
    tenant = store.keep([sent], ([flushed], False))
    assert rows(store, tenant, 'SELECT * FROM logs ORDER BY "log.code", "resource.service.name"') == [
        [
            "2023-11-14T22:13:20.000000005Z", "1970-01-01T00:00:00.000000000Z", 17, "ERROR", "", "late",
            trace_id(1).hex(), span_id(1).hex(), 0, "shop", "test", "", "504", "shop",
        ],
        [
            "2023-11-14T22:13:20.000000006Z", "1970-01-01T00:00:00.000000000Z", 0, "", "", "alone",
            None, None, 0, "shop", "test", "", None, "shop",
        ],
    ]  # fmt: skip
