"""What a reader sees of a store that another one writes."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from otelier._core import View
from otelier.component import Meter, SystemClock
from otelier.query.errors import StoreUnreadable
from otelier.query.snapshot import Snapshot
from otelier.storage.local import Engine, StoreSettings, close_store, open_store
from otelier.storage.local.manifest import State
from otelier.testing import span, trace_id, traces
from otelier.testing.telemetry import START_NS


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = open_store(StoreSettings(data_dir=str(tmp_path)), SystemClock(), Meter())
    yield engine
    close_store(engine)


def spans(snapshot: Snapshot, number: int = 1) -> int:
    return snapshot.read(lambda view, _: view.traces("default", [trace_id(number)]).items)


def test_a_directory_that_does_not_exist_yet_is_an_empty_store(tmp_path: Path):
    directory = tmp_path / "later"
    snapshot = Snapshot(directory)
    assert spans(snapshot) == 0
    engine = open_store(StoreSettings(data_dir=str(directory)), SystemClock(), Meter())
    engine.append("default", traces(span()))
    assert spans(snapshot) == 1
    close_store(engine)
    assert spans(snapshot) == 1


def test_what_is_acknowledged_is_read_at_once(engine: Engine, tmp_path: Path):
    snapshot = Snapshot(tmp_path)
    for number in range(1, 20):
        engine.append("default", traces(span(trace=number)))
        assert spans(snapshot, number) == 1


def test_a_flush_and_a_merge_change_nothing_for_readers(engine: Engine, tmp_path: Path):
    snapshot = Snapshot(tmp_path)
    for number in range(1, 9):
        engine.append("default", traces(span(trace=number), span(trace=number, number=2, parent=1)))
        engine.flush(everything=True)
        assert [spans(snapshot, each) for each in range(1, number + 1)] == [2] * number
    while engine.compact():
        assert [spans(snapshot, each) for each in range(1, 9)] == [2] * 8


def test_questions_during_flushes_and_merges_are_answered_from_what_is_there(engine: Engine, tmp_path: Path):
    snapshot = Snapshot(tmp_path)
    snapshot.keep_fresh(0.001)
    try:
        for number in range(1, 40):
            engine.append("default", traces(span(trace=number)))
            if number % 3 == 0:
                engine.flush(everything=True)
            if number % 8 == 0:
                engine.compact()
            assert spans(snapshot, number) == 1
            assert spans(snapshot, number // 2 + 1) == 1
    finally:
        snapshot.close()


def test_segments_are_opened_before_somebody_asks(engine: Engine, tmp_path: Path):
    for number in (1, 2):
        engine.append("default", traces(span(trace=number)))
        engine.flush(everything=True)
    snapshot = Snapshot(tmp_path)
    snapshot.keep_fresh(60)
    snapshot.close()
    assert snapshot.read(lambda view, _: view.scanned["files"]) == 2


def test_an_answer_that_joins_view_and_state_is_asked_again_if_another_thread_moved_them(
    engine: Engine, tmp_path: Path
):
    snapshot = Snapshot(tmp_path)
    engine.append("default", traces(span()))
    asked: list[int] = []

    def ask(view: View, state: State) -> int:
        asked.append(len(state.segments))
        if len(asked) == 1:
            engine.flush(everything=True)
            snapshot.refresh()  # as the thread that follows the store does
        return len(view.hot_services("default")) + len(state.segments)

    assert snapshot.read(ask, paired=True) == 1
    assert asked == [0, 1]


def test_a_segment_that_somebody_deleted_is_named(engine: Engine, tmp_path: Path):
    engine.append("default", traces(span()))
    [segment] = engine.flush(everything=True).segments
    (tmp_path / segment).unlink()
    with pytest.raises(StoreUnreadable, match="otelier data verify"):
        spans(Snapshot(tmp_path))


def test_a_search_opens_only_the_segments_whose_times_can_matter(engine: Engine, tmp_path: Path):
    hour_ns = 3600 * 10**9
    # Those who search beside one another may each open one before the first of them has found anything.
    searching = len(os.sched_getaffinity(0))
    count = searching + 4
    for number in range(1, count + 1):
        engine.append("default", traces(span(trace=number, start_ns=START_NS + number * hour_ns)))
        engine.flush(everything=True)
    snapshot = Snapshot(tmp_path)

    def opened(first: int, last: int, limit: int = 1000) -> tuple[list[bytes], int]:
        window = (START_NS + first * hour_ns, START_NS + last * hour_ns)
        found = snapshot.read(lambda view, _: view.search("default", b'{"all":[]}', *window, limit))
        files = snapshot.read(lambda view, _: view.scanned["files"])
        return [trace_id for trace_id, _ in found], files

    assert opened(count + 3, count + 4) == ([], 0)
    assert opened(2, 2) == ([trace_id(2)], 1)
    found, files = opened(0, count, limit=1)
    assert found == [trace_id(count)]
    assert 2 <= files <= 1 + searching
    assert opened(0, count) == ([trace_id(number) for number in range(count, 0, -1)], count)
