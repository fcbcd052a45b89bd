"""A search in slices finds what it would find at once, and ends when its time is over."""

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otelier.component import Meter
from otelier.query.gate import Gate
from otelier.query.names import Names
from otelier.query.search import TraceSearch
from otelier.query.slices import slices
from otelier.query.snapshot import Snapshot
from otelier.query.traces import Traces
from otelier.storage.local import StoreSettings, close_store, open_store
from otelier.storage.local.catalogue import CatalogueReader
from otelier.storage.local.manifest import Segment
from otelier.testing import FakeClock, span, trace_id, traces
from otelier.testing.telemetry import START_NS

SEGMENTS, TRACES = 12, 40


def segment(number: int, first: int, length: int, rows: int) -> Segment:
    return Segment(
        path=str(number),
        tenant="default",
        signal="traces",
        bytes=1,
        rows=rows,
        min_start_ns=first,
        max_start_ns=first + length,
    )


times = st.integers(0, 100)
segments = st.lists(st.tuples(times, times, st.integers(1, 9)), max_size=8)


@given(segments, times, times, st.integers(1, 20))
def test_slices_are_the_window_newest_first_each_moment_once(
    there: list[tuple[int, int, int]], start: int, length: int, rows: int
):
    found = list(slices([segment(n, *each) for n, each in enumerate(there)], start, start + length, rows))
    assert [moment for least, most in reversed(found) for moment in range(least, most + 1)] == list(
        range(start, start + length + 1)
    )


@given(st.lists(st.integers(1, 9), min_size=1, max_size=8), st.integers(1, 20))
def test_of_segments_one_behind_the_other_a_slice_has_few_more_spans_than_it_may(sizes: list[int], rows: int):
    there = [segment(number, 10 * number, 9, size) for number, size in enumerate(sizes)]
    for least, most in slices(there, 0, 10 * len(sizes), rows):
        inside = [each.rows for each in there if least <= each.min_start_ns and each.max_start_ns <= most]
        assert sum(inside[1:]) < rows


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Segments whose times overlap, with traces that lie in several of them, and spans that are in the log only."""
    root = tmp_path_factory.mktemp("data")
    engine = open_store(StoreSettings(data_dir=str(root)), FakeClock(), Meter())  # in whose time nothing is merged
    for part in range(SEGMENTS + 1):
        spans = [
            span("even" if n % 2 == 0 else "odd", trace=(7 * part + n) % TRACES, number=100 * part + n, start_ns=at)
            for n in range(9)
            for at in [START_NS + 5 * part + (n * n) % 17]
        ]
        engine.append("default", traces(*spans))
        if part < SEGMENTS:
            engine.flush(everything=True)
    yield root
    close_store(engine)


@contextmanager
def reader(directory: Path, **keys) -> Generator[Traces]:
    snapshot = Snapshot(directory)
    yield Traces(snapshot, Names(snapshot.disk, CatalogueReader(directory)), Gate(1, 1), **keys)
    snapshot.close()


@given(st.integers(0, 80), st.integers(0, 80), st.integers(1, TRACES + 2), st.sampled_from(["", "even"]))
def test_a_search_finds_the_same_whatever_its_slices_are(
    directory: Path, start: int, length: int, limit: int, operation: str
):
    search = TraceSearch(START_NS + start, START_NS + start + length, operation=operation, limit=limit)
    answers = []
    for rows in (1, 30, 10**9):
        with reader(directory, slice_rows=rows) as there:
            found, batches = there.find("default", search)
            summaries = there.summaries("default", search)
            assert summaries[0] == found
            assert [each.trace_id for each in summaries[1]] == found.trace_ids
            assert found.partial == ""
            answers.append((found.trace_ids, sum(batch.items for batch in batches)))
    assert answers[0] == answers[1] == answers[2]


def test_when_the_time_is_over_the_answer_is_what_was_found_and_says_so(directory: Path):
    search = TraceSearch(0, START_NS + 1000, limit=1000)
    with reader(directory, slice_rows=1) as there:
        whole, _ = there.find("default", search)
    clock = iter(range(100))
    with reader(directory, time_s=3, now=lambda: next(clock), slice_rows=1) as there:
        found, batches = there.find("default", search)
    assert "limit of 3 s" in found.partial
    assert 0 < len(found.trace_ids) < len(whole.trace_ids)
    assert found.trace_ids == whole.trace_ids[: len(found.trace_ids)]
    assert batches
    with reader(directory, time_s=0, slice_rows=1) as there:
        assert there.find("default", TraceSearch(0, START_NS + 1000, limit=1))[0].partial == "", "there was enough"


def test_one_slice_is_searched_to_its_end(directory: Path):
    with reader(directory, time_s=0, slice_rows=10**9) as there:
        found, _ = there.find("default", TraceSearch(0, START_NS + 1000, limit=1000))
    assert (len(found.trace_ids), found.partial) == (TRACES, "")
    assert trace_id(0) in found.trace_ids
