"""Whatever was written, flushed, merged and deleted in whatever order: the view answers as plain dictionaries do."""

import struct
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from otelier._core import Samples, TooManySamples

from .remote_write import Said, request
from .stores import FOREVER, TENANT, WINDOW_MS, Labels, SeriesMatcher, Store, arrays, fits

STALE = 0x7FF0_0000_0000_0002
SPECIAL = (
    STALE,
    0x7FF8_0000_0000_0001,
    0x7FF0_0000_0000_0001,
    0xFFF8_0000_0000_BEEF,
    0x7FF0 << 48,
    0xFFF0 << 48,
    1 << 63,
)
START_MS = 1000 * WINDOW_MS - 90_000


def bits(value: float) -> int:
    return struct.unpack("<Q", struct.pack("<d", value))[0]


@st.composite
def label_sets(draw: st.DrawFn) -> Labels:
    """Of few names and values, so that many are equal or nearly so; no label is empty."""
    found = {"__name__": draw(st.sampled_from(["up", "up_total", "http.größe"]))}
    for name, values in (("job", ["", "a", "ab", "b"]), ("instance", ["", "1", "2", "10"]), ("ünï", ["", "é"])):
        if value := draw(st.sampled_from(values)):
            found[name] = value
    return tuple(sorted(found.items()))


times = st.integers(-2, 12).map(lambda at: START_MS + at * 15_000)
odd_times = times.map(lambda ms: ms + 1)
values = st.one_of(
    st.integers(0, 9).map(lambda n: bits(float(n))),
    st.integers(-999, 10**9).map(lambda n: bits(n / 100)),
    st.floats().map(bits),
    st.sampled_from(SPECIAL),
)
traces: list[Labels] = [(("trace_id", "1"),), (("trace_id", "2"),), ()]
# Floats at even times and histograms at odd ones: which of them came last at one time is not kept.
said = st.builds(
    Said,
    label_sets(),
    st.lists(st.tuples(times, values), min_size=1, max_size=5),
    st.lists(st.tuples(odd_times, st.integers(1, 9)), max_size=2),
    st.lists(st.tuples(times, st.floats(0, 1), st.sampled_from(traces)), max_size=1),
)
NAMES: list[str] = ["__name__", "job", "instance", "ünï", "nowhere"]
OPERATORS: list[Literal["=", "!=", "=~", "!~"]] = ["=", "!=", "=~", "!~"]
PLAIN: list[str] = ["", "a", "1", "up", "http.größe", "é"]
PATTERNS: list[str] = ["", "a|1", ".+", "a.*", "up.*", "(up|2)?"]


@st.composite
def matcher(draw: st.DrawFn) -> SeriesMatcher:
    operator = draw(st.sampled_from(OPERATORS))
    wanted = draw(st.sampled_from(PATTERNS if "~" in operator else PLAIN))
    return draw(st.sampled_from(NAMES)), operator, wanted


matchers = st.lists(matcher(), max_size=3)
windows = st.tuples(times, times).map(lambda two: (min(two), max(two) + 1))


@dataclass
class Write:
    said: list[Said]


@dataclass
class Delete:
    matchers: list[SeriesMatcher]
    window: tuple[int, int]


Step: TypeAlias = Write | Delete | Literal["flush", "merge", "refresh"]
WORDS: list[Literal["flush", "merge", "refresh"]] = ["flush", "merge", "refresh"]
steps: st.SearchStrategy[list[Step]] = st.lists(
    st.one_of(
        st.builds(Write, st.lists(said, min_size=1, max_size=4)),
        st.sampled_from(WORDS),
        st.builds(Delete, matchers, windows),
    ),
    max_size=12,
)


def check_vocabulary(store: Store, said: set[Labels]) -> None:
    """Without selectors nothing is asked about series: also words of those may come that have nothing but exemplars."""
    known = set(store.model.select([], *FOREVER))
    found = store.view.label_names(TENANT, [], *FOREVER, False)
    assert found == sorted(set(found))
    assert {name for each in known for name, _ in each} <= set(found) <= {name for each in said for name, _ in each}
    for name in NAMES:
        found = store.view.label_values(TENANT, name, [], *FOREVER, 0)
        assert found == sorted(set(found))
        values = ({dict(each)[name] for each in those if name in dict(each)} for those in (known, said))
        assert next(values) <= set(found) <= next(values)


def do(store: Store, step: Step) -> None:
    match step:
        case Write(said):
            store.append(Samples.of_remote_write(request(said), 1))
        case Delete(matchers, window):
            store.delete(matchers, *window)
        case "flush":
            store.flush()
        case "merge":
            store.merge()
        case "refresh":
            store.refresh()


def check(store: Store, asked: list[SeriesMatcher], window: tuple[int, int]) -> None:
    found = store.model.select(asked, *window)
    assert store.select(asked, *window) == found
    # Look-ups count both ends of their time.
    known = store.model.select(asked, window[0] - 1, window[1])
    closed = (TENANT, [asked], *window)
    assert store.view.series(*closed, [], 0) == sorted(known)
    assert store.view.label_names(*closed, False) == sorted({name for each in known for name, _ in each})
    for name in ("job", "__name__", "nowhere"):
        expected = sorted({dict(each)[name] for each in known if name in dict(each)})
        assert store.view.label_values(TENANT, name, [asked], *window, 0) == expected
        assert store.view.label_values(TENANT, name, [asked], *window, 1) == expected[:1]


@given(steps, matchers, windows)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_the_view_answers_as_dictionaries_do(
    done: list[Step], asked: list[SeriesMatcher], window: tuple[int, int]
) -> None:
    store = Store()
    for step in done:
        do(store, step)
    store.refresh()
    check(store, asked, window)
    check(store, [], FOREVER)
    check_vocabulary(store, {each.labels for step in done if isinstance(step, Write) for each in step.said})
    assert store.verify() == [] and store.view.left_out() == []
    exemplars = {
        each: sorted((ms, value, of) for ms, value, of in own)
        for each, own in store.model.exemplars.items()
        if own and fits(each, asked)
    }
    found = store.view.exemplars(TENANT, [asked], *FOREVER, 0, "")
    assert {each: sorted((ms, bits(value), of) for of, value, ms in own) for each, own in found} == exemplars


def made(count: int, series: int, rng: np.random.Generator) -> tuple[list[Labels], np.ndarray, np.ndarray]:
    """Labels, times, and bits (count × series) of counters, constants, decimals and floats."""
    all_labels: list[Labels] = [
        (("__name__", f"m{at % 3}"), ("instance", f"i{at}"), ("job", f"j{at % 5}")) for at in range(series)
    ]
    ms = START_MS + np.arange(count, dtype=np.int64) * 15_000
    kinds = np.arange(series) % 5
    counters = np.cumsum(rng.integers(0, 30, (count, series)), axis=0).astype(np.float64)
    found = np.select(
        [kinds == 0, kinds == 1, kinds == 2, kinds == 3],
        [counters, counters[:1], counters / 100, rng.normal(size=(count, series))],
        np.where(counters > 500, counters - 500, counters),
    ).view(np.uint64)
    found[-1, ::7] = STALE
    found[count // 2, ::11] = SPECIAL[3]
    return all_labels, ms, found


def test_many_series_with_many_samples_over_flushes_and_merges() -> None:
    """More than a block of series and a chunk of samples; half of the log is still hot."""
    rng = np.random.default_rng(3)
    all_labels, ms, values_ = made(500, 150, rng)
    store = Store()
    for at, time in enumerate(ms):
        # Some series miss a scrape, some begin late.
        rows = [
            (each, int(time), int(values_[at, n]))
            for n, each in enumerate(all_labels)
            if rng.random() > 0.001 and (n % 13 or at > 200)
        ]
        store.append(arrays(rows))
        if at % 90 == 89 and at < 400:
            store.flush()
        if at == 300:
            store.merge()
    store.refresh()
    for _ in range(12):
        start = START_MS + int(rng.integers(-10, 480)) * 15_000
        window = (start, start + int(rng.integers(1, 400)) * 15_000)
        check(store, [("__name__", "=", "m1"), ("job", "=~", "j[0-3]")], window)
    check(store, [], FOREVER)
    store.flush()
    store.merge()
    store.refresh()
    check(store, [("job", "!=", "j2")], FOREVER)
    assert store.verify() == []


def test_series_of_one_scrape_are_one_group_wherever_their_samples_lie() -> None:
    all_labels, ms, values_ = made(20, 70, np.random.default_rng(5))
    store = Store()
    for at, time in enumerate(ms):
        store.append(arrays([(each, int(time), int(values_[at, n])) for n, each in enumerate(all_labels)]))
        if at in (3, 9):
            store.flush()
    store.refresh()
    groups = store.view.select(TENANT, [("job", "!=", "")], *FOREVER, [], 20 * 70)
    assert [(len(group[0]), len(group[1]) // 8) for group in groups] == [(70, 20)]
    with pytest.raises(TooManySamples):
        store.view.select(TENANT, [("job", "!=", "")], *FOREVER, [], 20 * 70 - 1)


def test_a_sample_that_comes_again_counts_as_it_came_last() -> None:
    store, of = Store(), (("__name__", "up"),)
    for value in (1, 2, 3, 4):
        store.append(arrays([(of, START_MS, bits(float(value)))]))
        store.refresh()
        assert store.select([], *FOREVER) == {of: {START_MS: bits(float(value))}}
        if value != 2:
            store.flush()
    store.merge()
    store.refresh()
    assert store.select([], *FOREVER) == {of: {START_MS: bits(4.0)}}


def test_the_newest_word_about_a_family_counts() -> None:
    store, series = Store(), Said((("__name__", "up"),), [(START_MS, bits(1.0))])
    store.append(Samples.of_remote_write(request([series], [(1, "a", "old", "s"), (2, "b", "", "")]), 1))
    store.flush()
    store.append(Samples.of_remote_write(request([series], [(1, "a", "new", "s")]), 1))
    store.refresh()
    expected = [("a", "counter", "new", "s"), ("b", "gauge", "", "")]
    assert store.view.metadata(TENANT, "", 0) == expected
    assert store.view.metadata(TENANT, "b", 0) == expected[1:]
    store.flush()
    store.merge()
    store.refresh()
    assert store.view.metadata(TENANT, "", 0) == expected


def test_an_expression_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match=r"\(a"):
        Store().view.select(TENANT, [("job", "=~", "(a")], 0, 1, [], 1)


def test_a_damaged_segment_is_left_out_and_said_so() -> None:
    store, of = Store(), (("__name__", "up"),)
    for value in (1, 2):
        store.append(arrays([(of, START_MS + value, bits(float(value)))]))
        store.flush()
    path = str(store.segments[0]["path"]).replace(".index", ".samples.parquet")
    store.disk.replace(path, store.disk.read(path)[:-9])
    store.refresh()
    assert store.select([], *FOREVER) == {of: {START_MS + 2: bits(2.0)}}
    assert len(store.view.left_out()) == 1 and "samples.parquet" in store.view.left_out()[0]
    assert len(store.verify()) == 1


def test_statistics_say_who_has_how_many_series() -> None:
    all_labels, ms, values_ = made(2, 30, np.random.default_rng(1))
    store = Store()
    for at, time in enumerate(ms):
        store.append(arrays([(each, int(time), int(values_[at, n])) for n, each in enumerate(all_labels)]))
    store.flush()
    store.append(arrays([((("__name__", "up"),), int(ms[1]), 0)]))
    store.refresh()
    found = store.view.statistics(TENANT, 2)
    assert (found["series"], found["samples"], found["min_ms"], found["max_ms"]) == (31, 61, ms[0], ms[1])
    assert found["by_metric"] == [("m0", 10), ("m1", 10)]
    assert found["values_by_label"] == [("instance", 30), ("job", 5)]
