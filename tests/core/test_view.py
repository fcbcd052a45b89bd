"""`View`: what was acknowledged is found, whole and once, whatever the flush is doing."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from otelier._core import Batch, Disk, Log, StaleView, View, flush, merge
from otelier.testing.telemetry import START_NS, decode, log_record, logs, span, span_id, trace_id, traces

from .otlp_messages import requests

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


def flush_all(disk: Disk, log: Log) -> tuple[int, list[str]]:
    """Writes segments of all that is sealed; answers the generation to retire and their paths."""
    sealed = log.rotate()
    numbers = [number for number, _ in log.generations() if number <= sealed]
    flushed = flush(disk, log, numbers, now_ns=START_NS, idle_ns=0, max_open_ns=0)
    return sealed, [json.loads(segment)["path"] for segment in flushed.segments]


def test_at_every_step_of_a_flush_each_item_is_there_once(disk: Disk, log_of: Log, view: View) -> None:
    spans = traces(*(span(number=n, parent=1 if n > 1 else None, start_ns=START_NS + n) for n in range(1, 30)))
    records = logs(*(log_record(f"step {n}", trace=1, attributes={"n": n}) for n in range(5)), log_record("of none"))
    fill(log_of, spans, records)
    late = traces(span(number=40, parent=2, start_ns=START_NS + 50))

    def check(*batches: Batch) -> None:
        assert view.traces("default", [trace_id(1), trace_id(1)]).digest() == Batch.join(batches).digest()
        assert view.logs("default", [trace_id(1)]).digest() == records.select(b"\1\1\1\1\1\0").digest()
        assert found(view, where("intrinsic", "service", "=", "shop")) == [trace_id(1)]
        (summary,) = view.summaries("default", [trace_id(1)])
        assert (summary[1], summary[5], summary[7]) == ("shop", sum(map(len, batches)), 0)

    view.refresh([], 0)
    check(spans)
    sealed, paths = flush_all(disk, log_of)
    view.refresh([], 0)
    check(spans)
    view.refresh(paths, sealed)
    check(spans)
    fill(log_of, late)
    log_of.retire(sealed)
    view.refresh(paths, sealed)
    check(spans, late)
    assert view.scanned["pages"] > 0


def test_a_segment_that_is_gone_makes_the_view_stale(disk: Disk, log_of: Log, view: View) -> None:
    fill(log_of, traces(span()))
    sealed, (path,) = flush_all(disk, log_of)
    view.refresh([path], sealed)
    (merged,) = [json.loads(each)["path"] for each in merge(disk, "default", "traces", [path]).segments]
    disk.unlink(path)
    disk.unlink(path.replace(".parquet", ".index"))
    with pytest.raises(StaleView, match="refresh"):
        view.traces("default", [trace_id(1)])
    view.refresh([merged], sealed)
    assert len(view.traces("default", [trace_id(1)])) == 1


@pytest.mark.parametrize("suffix", [".parquet", ".index"])
def test_a_damaged_segment_is_named_and_keeps_nobody_from_the_others(
    disk: Disk, log_of: Log, view: View, suffix: str
) -> None:
    fill(log_of, traces(span(trace=1)))
    retired, (bad,) = flush_all(disk, log_of)
    log_of.retire(retired)
    fill(log_of, traces(span(trace=2)))
    retired, (good,) = flush_all(disk, log_of)
    file = bad.replace(".parquet", suffix)
    data = disk.read(file)
    disk.replace(file, data[: len(data) // 2])
    view.refresh([bad, good], retired)
    assert found(view) == [trace_id(2)]
    assert len(view.traces("default", [trace_id(1), trace_id(2)])) == 1
    assert [summary[0] for summary in view.summaries("default", [trace_id(1), trace_id(2)])] == [trace_id(2)]
    (text,) = view.left_out()
    assert file in text
    view.refresh([good], retired)
    assert view.left_out() == []


@settings(max_examples=60, deadline=None)
@given(st.lists(requests("traces"), min_size=1, max_size=3), st.integers(0, 3))
def test_whatever_comes_in_goes_out_of_segments_and_log(messages: list[Any], flushed: int) -> None:
    disk = Disk.simulated()
    log, view = Log(disk, "log"), View(disk)
    batches = [Batch.from_otlp("traces", message.SerializeToString()) for message in messages]
    paths: list[str] = []
    sealed = 0
    for at, batch in enumerate(batches):
        log.append("default", batch, START_NS)
        if at < flushed:
            sealed, more = flush_all(disk, log)
            log.retire(sealed)
            paths += more
    view.refresh(paths, sealed)
    ids = Batch.join(batches).trace_ids()
    distinct = {ids[at : at + 16] for at in range(0, len(ids), 16)}
    out = view.traces("default", list(distinct))
    assert out.digest() == without_duplicates(Batch.join(batches)).digest()
    assert {summary[0] for summary in view.summaries("default", list(distinct))} == distinct
    assert {trace for trace, _ in view.search("default", EVERYTHING, *FOREVER, 10_000)} == distinct


def test_a_trace_with_very_many_attributes_comes_back_whole_each_time(disk: Disk, log_of: Log, view: View) -> None:
    """Two threads read them."""
    kinds: list[Any] = ["text", 5, 2.5, True]
    sent = {
        number: {f"key {key:03}": kinds[key % 4] for key in range(120) if (key + number) % 3} for number in range(1, 61)
    }
    fill(log_of, traces(*(span(number=number, attributes=attributes) for number, attributes in sent.items())))
    retired, segments = flush_all(disk, log_of)
    view.refresh(segments, retired)
    for _ in range(40):
        [of_resource] = decode(view.traces("default", [trace_id(1)])).resource_spans
        found = {
            each.span_id: {of.key: getattr(of.value, of.value.WhichOneof("value")) for of in each.attributes}
            for of_scope in of_resource.scope_spans
            for each in of_scope.spans
        }
        assert found == {span_id(number): attributes for number, attributes in sent.items()}


def without_duplicates(batch: Batch) -> Batch:
    """The first of spans that are equal in trace id, span id, start and kind."""
    seen: set[tuple[bytes, bytes, int, int]] = set()
    keep = bytearray()
    for resource in decode(batch).resource_spans:
        for scope in resource.scope_spans:
            for each in scope.spans:
                identity = (each.trace_id, each.span_id, each.start_time_unix_nano, each.kind)
                keep.append(identity not in seen)
                seen.add(identity)
    return batch.select(bytes(keep))


def test_threads_see_all_that_was_there_while_the_store_goes_on(disk: Disk, log_of: Log, view: View) -> None:
    written = 0
    done = threading.Event()

    def read() -> int:
        looks = 0
        while not done.is_set() or looks == 0:
            least = written
            try:
                ids = [trace for trace, _ in view.search("default", EVERYTHING, *FOREVER, 10_000)]
                assert len(ids) >= least
                assert len(view.traces("default", ids)) >= 3 * least
                looks += 1
            except StaleView:
                continue
        return looks

    with ThreadPoolExecutor(3) as readers:
        results = [readers.submit(read) for _ in range(3)]
        try:
            paths: list[str] = []
            retired = 0
            for trace in range(40):
                fill(log_of, traces(*(span(trace=trace, number=n) for n in range(3))))
                if trace % 4 == 3:
                    sealed, more = flush_all(disk, log_of)
                    paths += more
                    view.refresh(paths, sealed)
                    log_of.retire(sealed)
                    retired = sealed
                view.refresh(paths, retired)
                written = trace + 1
        finally:
            done.set()
        assert all(result.result() > 0 for result in results)


def test_a_traces_log_records_are_found_among_all_others(disk: Disk, log_of: Log, view: View) -> None:
    records = [
        log_record(f"record {n}", trace=n % 7 or None, attributes={"n": n, **({"odd": "yes"} if n % 2 else {})})
        for n in range(9000)
    ]
    batch = logs(*records)
    fill(log_of, batch)
    sealed, paths = flush_all(disk, log_of)
    fill(log_of, logs(*records[:50]))
    view.refresh(paths, sealed)
    for trace in range(1, 7):
        ids = [record.trace_id == trace_id(trace) for record in records]
        expected = Batch.join([batch.select(bytes(ids)), logs(*records[:50]).select(bytes(ids[:50]))])
        assert view.logs("default", [trace_id(trace)]).digest() == expected.digest()
    both = view.logs("default", [trace_id(1), trace_id(2)])
    assert len(both) == sum(len(view.logs("default", [trace_id(trace)])) for trace in (1, 2))
