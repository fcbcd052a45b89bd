"""`View`: what was acknowledged is found, whole and once, whatever the flush is doing."""

import json
from typing import Any

import pytest

from otelier._core import Batch, Disk, Log, View
from otelier.testing.telemetry import START_NS, log_record, logs, span, span_id, trace_id, traces

EVERYTHING = b'{"all":[]}'
FOREVER = (0, 2**64 - 1)


def where(scope: str, key: str, op: str, value: Any = None) -> dict[str, Any]:
    return {"field": {"scope": scope, "key": key}, "op": op, "value": value}


def found(view: View, *tests: dict[str, Any], limit: int = 20) -> list[bytes]:
    hits = view.search("default", json.dumps({"all": tests}).encode(), *FOREVER, limit)
    assert [start for _, start in hits] == sorted((start for _, start in hits), reverse=True)
    return [trace for trace, _ in hits]


@pytest.fixture
def disk() -> Disk:
    return Disk.simulated()


@pytest.fixture
def log_of(disk: Disk) -> Log:
    return Log(disk, "log")


@pytest.fixture
def view(disk: Disk) -> View:
    return View(disk)


def fill(log: Log, *batches: Batch) -> None:
    for batch in batches:
        log.append("default", batch, START_NS)


def test_an_acknowledged_span_is_found_after_the_next_refresh(log_of: Log, view: View) -> None:
    batch = traces(span("GET /cart", attributes={"http.status": 200}), resource={"service.name": "shop"})
    fill(log_of, batch)
    assert found(view) == []
    view.refresh([], 0)
    assert found(view) == [trace_id(1)]
    assert found(view, where("intrinsic", "service", "=", "shop"), where("any", "http.status", "text=", "200")) == [
        trace_id(1)
    ]
    assert found(view, where("any", "http.status", "text=", "404")) == []
    assert view.traces("default", [trace_id(1)]).digest() == batch.digest()
    assert view.hot_services("default") == ["shop"]
    assert view.hot_operations("default", "shop") == [("GET /cart", 2)]
    assert view.hot_operations("default", "") == []
    assert view.hot_items() == 1


def test_a_trace_strewn_over_requests_is_one_and_a_span_sent_twice_counts_once(log_of: Log, view: View) -> None:
    parts = [traces(span(number=n, parent=n - 1 if n > 1 else None, start_ns=START_NS + n)) for n in range(1, 6)]
    fill(log_of, *parts, parts[2])
    view.refresh([], 0)
    assert view.traces("default", [trace_id(1)]).digest() == Batch.join(parts).digest()
    (summary,) = view.summaries("default", [trace_id(1), trace_id(2)])
    assert summary == (
        trace_id(1), "shop", "GET /", START_NS + 1, START_NS + 5 + 10**6, 5, 0, 0, [("shop", 5, 0)]
    )  # fmt: skip


def test_the_newest_traces_come_first_and_only_as_many_as_wanted(log_of: Log, view: View) -> None:
    order = [(trace * 7919) % 1000 for trace in range(1000)]
    for first in range(0, 1000, 100):
        fill(log_of, traces(*(span(trace=t, start_ns=START_NS + t) for t in order[first : first + 100])))
    view.refresh([], 0)
    assert found(view, limit=30) == [trace_id(t) for t in range(999, 969, -1)]
    assert view.search("default", EVERYTHING, START_NS + 10, START_NS + 12, 20) == [
        (trace_id(t), START_NS + t) for t in (12, 11, 10)
    ]


def test_tenants_and_signals_do_not_see_each_other(log_of: Log, view: View) -> None:
    log_of.append("other", traces(span(trace=2)), START_NS)
    records = logs(log_record("paid", trace=1), log_record("paid", trace=1))
    fill(log_of, traces(span(trace=1)), records)
    view.refresh([], 0)
    assert found(view) == [trace_id(1)]
    assert len(view.traces("default", [trace_id(2)])) == 0
    assert view.logs("default", [trace_id(1)]).digest() == records.digest()
    assert len(view.logs("other", [trace_id(1)])) == 0


def test_what_is_retired_is_gone_and_what_came_later_stays(log_of: Log, view: View) -> None:
    fill(log_of, traces(span(trace=1)))
    sealed = log_of.rotate()
    fill(log_of, traces(span(trace=2)))
    view.refresh([], 0)
    assert found(view) == [trace_id(2), trace_id(1)]
    log_of.retire(sealed)
    assert found(view) == [trace_id(2), trace_id(1)], "the files are gone, the state of the refresh is not"
    view.refresh([], sealed)
    assert found(view) == [trace_id(2)]


def test_orphans_and_errors_are_counted(log_of: Log, view: View) -> None:
    spans = [span(number=1), span(number=2, parent=1, status="ERROR"), span(number=3, parent=9, status="ERROR")]
    fill(log_of, traces(*spans[:2], resource={"service.name": "a"}), traces(spans[2], resource={}))
    view.refresh([], 0)
    (summary,) = view.summaries("default", [trace_id(1)])
    assert summary[5:] == (3, 2, 1, [("", 1, 1), ("a", 2, 1)])


@pytest.mark.parametrize("bad", [b"", b"[]", b'{"all": 1}', b'{"field":{"scope":"span","key":"a"},"op":"like"}'])
def test_a_bad_filter_is_refused(view: View, bad: bytes) -> None:
    with pytest.raises(ValueError, match=r"filter|all|op"):
        view.search("default", bad, *FOREVER, 20)


def test_a_bad_trace_id_is_refused(view: View) -> None:
    with pytest.raises(ValueError, match="16 bytes"):
        view.traces("default", [span_id(1)])
