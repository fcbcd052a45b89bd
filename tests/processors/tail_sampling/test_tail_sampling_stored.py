"""`tail_sampling` with a storage: a kill at any time changes nothing about what is kept."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from otelier.component import Retryable
from otelier.testing import SimulatedStorage, span

from .sampler import Sampler

ERROR = {"name": "error", "type": "status_code", "status_code": {"status_codes": ["ERROR"]}}
MANY = {"name": "many", "type": "span_count", "span_count": {"min_spans": 3}}


def left(storage: SimulatedStorage) -> int:
    """Spans that the next process would find."""
    queue = storage.open_queue("processor/tail_sampling/traces")
    found = sum(count for _, _, count, *_ in queue.restored())
    queue.close()
    return found


@pytest.fixture
def storage() -> SimulatedStorage:
    return SimulatedStorage()


@pytest.mark.proves("key:tail_sampling.storage")
def test_what_waits_is_decided_by_the_next_process(storage):
    it = Sampler(ERROR, storage=storage)
    it.consume(span("a", trace=1), span("b", trace=2))
    it.consume(span("a2", trace=1, status="ERROR"))
    storage.disk.crash(7)
    it = Sampler(ERROR, storage=storage)
    it.clock.advance(4)
    assert it.names == ["a", "a2"]
    it.stop()
    assert left(storage) == 0


def test_a_decision_stands_over_a_kill_for_late_spans_and_for_what_is_still_there(storage):
    it = Sampler(MANY, storage=storage)
    it.consume(span("a1", trace=1), span("a2", trace=1), span("b", trace=2))
    it.clock.advance(1)
    it.consume(span("a3", trace=1), span("b2", trace=2), span("c", trace=3))
    it.clock.advance(1)
    assert it.names == ["a1", "a2", "a3"]
    storage.disk.crash(7)
    it = Sampler(MANY, storage=storage)
    it.consume(span("a late", trace=1), span("b late", trace=2))
    it.clock.advance(4)
    assert it.names == ["a late"]
    it.stop()


def test_what_was_decided_and_not_handed_on_is_handed_on_by_the_next_process(storage):
    it = Sampler(ERROR, storage=storage, answers=[Retryable("not now")] * 100)
    it.consume(span("a", trace=1, status="ERROR"), span("b", trace=2))
    it.clock.advance(1)
    it.consume(span("a2", trace=1), span("c", trace=3))
    it.clock.advance(1)
    it.consume(span("a late", trace=1))
    storage.disk.crash(7)
    it = Sampler(ERROR, storage=storage)
    it.clock.advance(1)
    assert sorted(it.names) == ["a", "a late", "a2"]
    it.stop()
    assert left(storage) == 0


def test_conditions_are_asked_again_about_what_is_restored(storage):
    named = {"name": "x", "type": "ottl_condition", "ottl_condition": {"error_mode": "ignore", "span": ['name == "x"']}}
    it = Sampler(named, storage=storage)
    it.consume(span("x", trace=1), span("y", trace=2))
    storage.disk.crash(7)
    it = Sampler(named, storage=storage)
    it.clock.advance(3)
    assert it.names == ["x"]
    it.stop()


STEPS = st.lists(
    st.tuples(
        st.lists(st.tuples(st.integers(0, 6), st.booleans()), min_size=1, max_size=6), st.sampled_from([0, 0.5, 1, 3])
    ),
    max_size=12,
)


def run(steps, storage, crashes=(), seed=0) -> tuple[list[str], Sampler]:
    it = Sampler(ERROR, MANY, storage=storage, num_traces=4)
    seen, number = [], 0
    for at, (request, pause) in enumerate(steps):
        if at in crashes:
            it.clock.advance(1)  # late spans that were handed on after the last tick may repeat
            seen += it.names
            now = it.clock.monotonic()
            storage.disk.crash(seed)
            it = Sampler(ERROR, MANY, storage=storage, num_traces=4)
            it.clock.advance(now % 1)
        spans = []
        for trace, failed in request:
            number += 1
            spans.append(span(str(number), trace=trace, number=number, status="ERROR" if failed else "UNSET"))
        it.consume(*spans)
        it.clock.advance(pause)
    it.stop()
    return seen + it.names, it


@settings(max_examples=80)
@given(STEPS, st.sets(st.integers(0, 12), max_size=3), st.integers(0, 2**32 - 1))
def test_kills_repeat_nothing_that_was_handed_on(steps, crashes, seed):
    """Waits begin anew after a kill, so what is kept may have become more whole; nothing leaves twice."""
    storage = SimulatedStorage()
    names, _ = run(steps, storage, crashes, seed)
    assert len(names) == len(set(names))
    assert left(storage) == 0


@settings(max_examples=80)
@given(STEPS, st.integers(0, 2**32 - 1), st.data())
def test_the_kept_set_is_the_same_as_without_the_kill(steps, seed, data):
    """All of a trace comes within its wait here, whenever the kill is, so that the waits' new beginning has no say."""
    steps = [(request, 0) for request, _ in steps]
    crashes = data.draw(st.sets(st.integers(0, len(steps)), max_size=1))
    without, _ = run(steps, SimulatedStorage())
    names, _ = run(steps, SimulatedStorage(), crashes, seed)
    assert sorted(names) == sorted(without)
