"""Errors and slow traces stay longer than the rest, as whole traces, and by size the rest goes first."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from otelier.component import ConfigError, Duration, Meter
from otelier.config import load
from otelier.pipeline.interpret import interpret
from otelier.storage.local import Engine, StoreSettings
from otelier.storage.local.manifest import read_state
from otelier.storage.settings import ImportantSettings, TelemetryRetention
from otelier.testing import FakeClock, log_record, logs, losing_disk, span, trace_id, traces
from otelier.testing.telemetry import START_NS

from .reading import bodies_of, readable_logs, readable_spans, view_of

S = 10**9
AGE_S, IMPORTANT_S = 200, 1000


def store(*, errors: bool = True, slower_than_s: float = 0, max_bytes: int = 0) -> StoreSettings:
    important = ImportantSettings(max_age=Duration(IMPORTANT_S), errors=errors, slower_than=Duration(slower_than_s))
    return StoreSettings(
        retention=TelemetryRetention(max_age=Duration(AGE_S), max_bytes=max_bytes, important=important)
    )


def spans(disk, *numbers: int) -> list[int]:
    """How many spans each trace has."""
    return [sum(readable_spans(disk, "default", [trace_id(number)]).values()) for number in numbers]


def error(**given) -> object:
    return span(status="ERROR", **given)


@pytest.mark.proves("otelier.retention.important.errors")
def test_traces_with_an_error_stay_whole_until_their_own_time_is_over():
    disk, clock, meter = losing_disk(), FakeClock(), Meter()
    engine = Engine(disk, clock, store(), meter)
    engine.append("default", traces(span(trace=1), span(trace=2, number=1), error(trace=2, number=2), span(trace=3)))
    engine.flush(everything=True)
    clock.advance(AGE_S - 20)
    assert spans(disk, 1, 2, 3) == [1, 2, 1]
    clock.advance(100)
    assert spans(disk, 1, 2, 3) == [0, 2, 0]
    deleted = meter.counter("otelier_store_deleted_items", "{item}", "")
    assert deleted.value(signal="traces", reason="age") == 2
    clock.advance(IMPORTANT_S)
    assert spans(disk, 1, 2, 3) == [0, 0, 0]
    assert read_state(disk).segments == {}


@pytest.mark.proves("otelier.retention.important.slower_than")
def test_traces_that_are_slow_as_a_whole_stay_though_none_of_their_spans_is():
    disk, clock = losing_disk(), FakeClock()
    engine = Engine(disk, clock, store(errors=False, slower_than_s=2), Meter())
    fast = traces(error(trace=1, duration_ns=S), span(trace=3, duration_ns=S))
    slow = [span(trace=2, number=n, start_ns=START_NS + n * S, duration_ns=S) for n in range(2)]
    engine.append("default", fast)
    for part in slow:  # in two segments
        engine.append("default", traces(part))
        engine.flush(everything=True)
    clock.advance(AGE_S + 100)
    assert spans(disk, 1, 2, 3) == [0, 2, 0]


def test_a_trace_whose_error_lies_in_another_segment_stays_whole_also_when_that_one_was_thinned_before():
    disk, clock = losing_disk(), FakeClock()
    engine = Engine(disk, clock, store(), Meter())
    engine.append("default", traces(span(trace=1, number=1), span(trace=2, number=1)))
    engine.flush(everything=True)
    clock.advance(100)
    engine.append("default", traces(error(trace=1, number=2), span(trace=3)))
    engine.flush(everything=True)
    clock.advance(AGE_S - 40)
    assert spans(disk, 1, 2, 3) == [2, 0, 1]
    clock.advance(120)
    assert spans(disk, 1, 2, 3) == [2, 0, 0]


@pytest.mark.parametrize("slower_than_s", [0, 60])
def test_a_trace_whose_error_or_end_is_in_the_log_only_stays_whole(slower_than_s: int):
    disk, clock = losing_disk(), FakeClock()
    kept = store(errors=not slower_than_s, slower_than_s=slower_than_s)
    engine = Engine(disk, clock, kept, Meter())
    engine.append("default", traces(span(trace=1, number=1), span(trace=2, number=1)))
    engine.flush(everything=True)
    engine.append("default", traces(error(trace=1, number=2, start_ns=START_NS + 60 * S)))
    clock.forget_timers()  # killed, and started again when the first part is old
    clock.advance(AGE_S + 100)
    Engine(disk, clock, kept, Meter())
    clock.advance(5)
    assert spans(disk, 1, 2) == [2, 0]


def test_of_logs_stay_those_of_important_traces_and_errors():
    disk, clock = losing_disk(), FakeClock()
    engine = Engine(disk, clock, store(), Meter())
    engine.append("default", traces(error(trace=1), span(trace=2)))
    engine.append(
        "default",
        logs(
            log_record("of the error", trace=1),
            log_record("of none"),
            log_record("bad", trace=2, number=17),
            log_record("fine", trace=2, number=16),
        ),
    )
    engine.flush(everything=True)
    clock.advance(AGE_S + 100)
    assert readable_logs(disk, "default", [trace_id(1), trace_id(2)]) == Counter(["of the error", "bad"])


def test_thinned_segments_are_merged_with_their_like_alone():
    disk, clock = losing_disk(), FakeClock()
    engine = Engine(disk, clock, store(), Meter())
    for number in range(1, 7):
        engine.append("default", traces(error(trace=number), span(trace=100 + number)))
        engine.flush(everything=True)
        clock.advance(35)
    clock.advance(AGE_S + 100)
    state = read_state(disk)
    assert spans(disk, *range(1, 7)) == [1] * 6
    assert {each.important for each in state.segments.values()} == {True}
    for number in range(10, 14):
        engine.append("default", traces(span(trace=number)))
        engine.flush(everything=True)
    clock.advance(30)
    assert {each.important for each in read_state(disk).segments.values()} == {True, False}


@pytest.mark.proves("otelier.retention.max_bytes")
def test_by_size_the_unimportant_go_first_and_the_important_stay():
    disk, clock = losing_disk(), FakeClock()
    engine = Engine(disk, clock, store(max_bytes=60_000), Meter())
    for number in range(6):
        bulk = [
            span(trace=1000 * number + n, number=n, attributes={"x": f"{n * 7919 % 10007}"}) for n in range(100, 700)
        ]
        engine.append("default", traces(error(trace=number), *bulk))
        engine.flush(everything=True)
    before = sum(each.bytes for each in read_state(disk).segments.values())
    assert before > 60_000
    clock.advance(125)
    assert sum(each.bytes for each in read_state(disk).segments.values()) <= 60_000
    assert spans(disk, *range(6)) == [1] * 6
    assert spans(disk, 150, 5150) == [0, 1]


Part = tuple[int, bool, int]


@settings(deadline=None, max_examples=40)
@given(
    segments=st.lists(
        st.lists(st.tuples(st.integers(0, 6), st.booleans(), st.integers(0, 3)), min_size=1, max_size=6),
        min_size=1,
        max_size=5,
    ),
    slower_than_s=st.sampled_from([0, 1, 2]),
)
def test_what_stays_is_what_a_plain_reading_of_the_rule_says(segments: list[list[Part]], slower_than_s: int):
    disk, clock = losing_disk(), FakeClock()
    engine = Engine(disk, clock, store(slower_than_s=slower_than_s), Meter())
    sent: dict[int, list[tuple[bool, int]]] = {}
    number = 0
    for parts in segments:
        batch = []
        for trace, failed, second in parts:
            number += 1
            sent.setdefault(trace, []).append((failed, second))
            # A tenth of a second longer than it must be, or far too short.
            batch.append(
                span(
                    trace=trace,
                    number=number,
                    start_ns=START_NS + second * S,
                    duration_ns=S // 10,
                    status="ERROR" if failed else "OK",
                )
            )
        engine.append("default", traces(*batch))
        engine.flush(everything=True)
    clock.advance(AGE_S + 120)
    for trace, parts in sent.items():
        lasted_ns = max(s for _, s in parts) * S + S // 10 - min(s for _, s in parts) * S
        important = any(failed for failed, _ in parts) or bool(slower_than_s and lasted_ns >= slower_than_s * S)
        assert spans(disk, trace) == [len(parts) if important else 0]


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("{max_age: 1h}", "must not be shorter than retention.max_age"),
        ("{errors: false}", "nothing is important"),
        ("{slower_than: -1s}", "must not be negative"),
    ],
)
def test_settings_that_make_no_sense_are_refused(key: str, said: str):
    text = (
        "{receivers: {otlp: {protocols: {grpc: }}}, exporters: {otelier: {retention: {important: KEY}}},"
        " service: {pipelines: {traces: {receivers: [otlp], exporters: [otelier]}}}}"
    ).replace("KEY", key)
    with pytest.raises(ConfigError, match=said):
        interpret(load([f"yaml:{text}"]))


def test_a_crash_at_any_operation_of_thinning_keeps_what_is_important_once():
    def thinned(fail_at: int, seed: int) -> tuple[int, object]:
        disk, clock = losing_disk(), FakeClock()
        engine = Engine(disk, clock, store(), Meter())
        for number in (1, 2):
            engine.append("default", traces(error(trace=number), span(trace=10 + number)))
            engine.append("default", logs(log_record(f"bad {number}", trace=number), log_record("fine", trace=11)))
            engine.flush(everything=True)
        clock.advance(AGE_S - 30)
        first = len(disk.operations())
        if fail_at:
            disk.fail("", fail_at, 5)
        clock.advance(90)
        count = len(disk.operations()) - first
        disk.crash(seed)
        again = FakeClock()
        again.advance(AGE_S + 60)
        Engine(disk, again, store(), Meter())
        return count, disk

    count, _ = thinned(0, 0)
    assert count > 30
    for seed, at in enumerate(range(1, count, 4)):
        _, disk = thinned(at, seed)
        assert spans(disk, 1, 2) == [1, 1]
        found = view_of(disk).logs("default", [trace_id(1), trace_id(2)])
        assert bodies_of(found) == Counter(["bad 1", "bad 2"])
