"""Logs are found and counted as by a plain scan, wherever they lie."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from otelier.query import filter as f
from otelier.query import log_filter
from otelier.query.log_labels import Record
from otelier.query.logs import Found
from otelier.testing import log_record, logs, trace_id
from otelier.testing.telemetry import START_NS

from .plain_logs import Logged, PlainLogs, Store, StoredLogs, filters, logged, records

ALL_NS = (0, 2**63 - 1)


def shown(record: Record, resource: Sequence[tuple[str, str]]) -> Any:
    return (*record[:9], tuple(sorted(record.attributes)), tuple(sorted(resource)))


def content(found: Found) -> Counter[Any]:
    return Counter(shown(each, found.resources[each.resource]) for each in found.records)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(records, min_size=1, max_size=3),
    st.lists(filters, min_size=1, max_size=4),
    st.integers(0, 3),
    st.booleans(),
    st.integers(1, 50),
    st.booleans(),
    st.tuples(st.integers(-1, 51), st.integers(-1, 51)),
)
def test_a_search_finds_what_a_scan_finds(
    parts: list[list[Logged]],
    asked: list[f.Filter],
    flushed: int,
    merged: bool,
    limit: int,
    oldest_first: bool,
    window: tuple[int, int],
) -> None:
    store = Store()
    for at, part in enumerate(parts):
        store.put(part)
        if at < flushed:
            store.flush()
    if merged:
        store.merge()
    plain, stored = PlainLogs(each for part in parts for each in part), StoredLogs(store.view)
    start_ns, end_ns = (START_NS + each * 10**8 for each in sorted(window))
    for filter_ in asked:
        expected = plain.search(filter_, start_ns, end_ns, 10_000, oldest_first=oldest_first)
        found = stored.search(filter_, start_ns, end_ns, 10_000, oldest_first=oldest_first)
        assert content(found) == content(expected), filter_
        times = [each.time_ns for each in expected.records]
        assert [each.time_ns for each in found.records] == times
        some = stored.search(filter_, start_ns, end_ns, limit, oldest_first=oldest_first)
        assert [each.time_ns for each in some.records] == times[:limit]
        assert content(some) <= content(expected)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(records, min_size=1, max_size=2),
    filters,
    st.integers(0, 2),
    st.integers(1, 30),
    st.lists(
        st.sampled_from(["*", "level", "detected_level", "code", "http_method", "service_name", "trace_id"]),
        max_size=3,
        unique=True,
    ),
    st.booleans(),
)
def test_counts_are_those_of_a_scan(
    parts: list[list[Logged]], filter_: f.Filter, flushed: int, tenths: int, by: list[str], sizes: bool
) -> None:
    store = Store()
    for at, part in enumerate(parts):
        store.put(part)
        if at < flushed:
            store.flush()
    plain, stored = PlainLogs(each for part in parts for each in part), StoredLogs(store.view)
    start_ns, end_ns, part_ns = START_NS + 5 * 10**8, START_NS + 45 * 10**8, tenths * 10**8

    def counts(source: PlainLogs | StoredLogs) -> Counter[Any]:
        counted = source.count(filter_, start_ns, end_ns, part_ns, by, sizes=sizes)
        groups = [tuple(sorted(dict(group).items())) for group in counted.groups]
        total: Counter[Any] = Counter()
        for each in counted.counts:
            total[groups[each.group], each.part, "records"] += each.records
            total[groups[each.group], each.part, "bytes"] += each.bytes
        return +total

    assert counts(stored) == counts(plain)


def lines(store: Store, *filters_: f.Filter, limit: int = 10) -> list[str]:
    found = StoredLogs(store.view).search(f.every(filters_), *ALL_NS, limit, oldest_first=False)
    return [each.body for each in found.records]


@pytest.mark.parametrize("flushed", [False, True])
def test_parts_of_korean_chinese_and_japanese_words_are_found(flushed: bool) -> None:
    texts = ["작업을 시작합니다", "결제가 실패했습니다: timeout", "订单已取消", "注文エラーが発生"]
    store = Store()
    store.put([logged(log_record(each, time_ns=START_NS + at), {}) for at, each in enumerate(texts)])
    if flushed:
        store.flush()
    for part, text in [("작업", 0), ("결제 TIMEOUT", 1), ("실패", 1), ("取消", 2), ("エラー", 3), ("発", 3)]:
        assert lines(store, log_filter.line("words", part)) == [texts[text]]
        if " " not in part:
            assert lines(store, log_filter.line("contains", part)) == [texts[text]]
    assert lines(store, log_filter.line("words", "업작")) == []
    assert lines(store, log_filter.line("words", "time")) == [], "other words are found as a whole"
    assert lines(store, log_filter.line("contains", "time")) == [texts[1]]


@pytest.mark.parametrize("flushed", [False, True])
def test_a_line_that_is_no_text_is_searched_as_it_is_shown(flushed: bool) -> None:
    store = Store()
    store.put(
        [logged(log_record(body), {}) for body in ({"status": 500, "ok": False}, [1, "작업을"], 2.5, "text", None)]
    )
    if flushed:
        store.flush()
    for needle, line in [
        ('"status":500', '{"ok":false,"status":500}'),
        ('[1,"작', '[1,"작업을"]'),
        ("2.5", "2.5"),
        ("tex", "text"),
    ]:
        assert lines(store, log_filter.line("contains", needle)) == [line]
    assert lines(store, log_filter.line("words", "false STATUS")) == ['{"ok":false,"status":500}']
    assert lines(store, log_filter.line("=~", "^$")) == [""]


def test_what_no_row_group_has_is_not_looked_for_in_rows() -> None:
    store = Store()
    each = [
        logged(log_record(f"order {n} paid 결제", time_ns=START_NS + n), {"service.name": "shop"}) for n in range(3000)
    ]
    store.put_batch(logs(*(one.message for one in each), resource={"service.name": "shop"}))
    store.flush()
    stored = StoredLogs(store.view)
    for nothing in (
        log_filter.line("words", "refunded"),
        log_filter.line("words", "제결"),
        log_filter.line("contains", " was refunded by "),
        log_filter.line("contains", "환불"),
        log_filter.label("service_name", "=", "cart"),
        log_filter.label("trace_id", "=", trace_id(9).hex()),
        log_filter.label("http_method", "=", "GET"),
    ):
        found = stored.search(nothing, *ALL_NS, 10, oldest_first=False)
        assert (found.records, found.looked[:4]) == ([], (0, 1, 1, False)), nothing
    found = stored.search(log_filter.line("words", "2999"), *ALL_NS, 10, oldest_first=False)
    assert [each.body for each in found.records] == ["order 2999 paid 결제"]


def test_the_newest_are_found_without_a_look_at_the_others() -> None:
    store = Store()
    store.put_batch(logs(*(log_record(f"paid {n}", time_ns=START_NS + n) for n in range(10_000))))
    store.flush()
    stored = StoredLogs(store.view)
    found = stored.search(log_filter.line("words", "paid"), *ALL_NS, 100, oldest_first=False)
    assert [each.body for each in found.records] == [f"paid {n}" for n in range(9_999, 9_899, -1)]
    assert found.looked.records <= 2 * 2048
    found = stored.search(log_filter.line("words", "paid"), *ALL_NS, 100, oldest_first=True)
    assert [each.body for each in found.records] == [f"paid {n}" for n in range(100)]
    assert found.looked.records <= 2 * 2048


def test_a_search_ends_where_it_has_looked_at_as_much_as_it_may() -> None:
    store = Store()
    store.put_batch(logs(*(log_record(f"paid {n}", time_ns=START_NS + n) for n in range(10_000))))
    store.flush()
    filter_ = f.encoded(log_filter.line("contains", "paid 5"))
    records_, *_, looked = store.view.search_logs("default", filter_, *ALL_NS, 10_000, max_looked=3_000)
    assert looked[3]
    assert 0 <= len(records_) < 1_111
    *_, looked = store.view.search_logs("default", filter_, *ALL_NS, 10_000)
    assert not looked[3]


@pytest.mark.parametrize("flushed", [0, 1, 2])
@pytest.mark.parametrize("oldest_first", [False, True])
def test_large_records_end_an_answer_before_they_fill_memory(flushed: int, oldest_first: bool) -> None:
    store, large = Store(), "x" * 10_000
    for part in range(2):
        times = range(part, 100, 2)
        store.put_batch(logs(*(log_record(f"{n:03} {large}", time_ns=START_NS + n) for n in times)))
        if part < flushed:
            store.flush()
    order = range(100) if oldest_first else range(99, -1, -1)
    for page_bytes, least, most in [(1, 1, 1), (15_000, 1, 1), (105_000, 9, 10), (10**9, 100, 100)]:
        stored = StoredLogs(store.view, page_bytes)
        found = stored.search(log_filter.line("contains", "x"), *ALL_NS, 1000, oldest_first=oldest_first)
        count = len(found.records)
        assert least <= count <= most
        assert [int(each.body[:3]) for each in found.records] == list(order[:count])
        assert found.more == (count < 100)
    assert len(stored.search(log_filter.line("contains", "x"), *ALL_NS, 7, oldest_first=oldest_first).records) == 7


@pytest.mark.parametrize("flushed", [False, True])
def test_an_answer_tells_the_bytes_that_were_read_for_it(flushed: bool) -> None:
    store = Store()
    store.put_batch(logs(*(log_record(f"{n} {n * 'x'}", time_ns=START_NS + n) for n in range(1000))))
    if flushed:
        store.flush()
    stored = StoredLogs(store.view)
    found = stored.search(log_filter.line("contains", "7 x"), *ALL_NS, 1000, oldest_first=False)
    few = stored.search(log_filter.line("contains", "7 x"), START_NS + 10**9, ALL_NS[1], 10, oldest_first=False)
    assert found.looked.bytes > 1000
    assert few.looked.bytes == 0
    counted = stored.count(log_filter.line("contains", "7 x"), *ALL_NS, 10**9, [], sizes=True)
    assert counted.looked.bytes > 1000


def test_streams_are_told_from_dictionaries() -> None:
    store = Store()
    store.put([logged(log_record("x"), {"service.name": name}) for name in ("shop", "cart")])
    assert store.view.log_streams("default", *ALL_NS)[:2] == (
        [[("service.name", "cart")], [("service.name", "shop")]],
        2,
    )
    store.flush()
    resources, count, size, row_groups = store.view.log_streams("default", *ALL_NS)
    assert (resources, count, row_groups) == ([[("service.name", "cart")], [("service.name", "shop")]], 2, 1)
    assert size > 0
    assert store.view.log_streams("default", 0, 1) == ([], 0, 0, 0)


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (b"", "not JSON"),
        (b"{}", "all, any, not"),
        (b'{"field":{"scope":"span","key":"a"},"op":"=","value":"x"}', "label"),
        (b'{"field":{"scope":"label","key":"a"},"op":"contains","value":"x"}', "op is one of"),
        (b'{"field":{"scope":"intrinsic","key":"line"},"op":"=~","value":"("}', "regular expression"),
    ],
)
def test_a_bad_filter_is_refused(bad: bytes, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        Store().view.search_logs("default", bad, *ALL_NS, 10)
