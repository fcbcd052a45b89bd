"""Few segments, each sample rewritten a few times in its life, no merge without a bound, and only of what is over."""

import random

import pytest

from otelier.storage.metrics import SeriesSegment
from otelier.storage.metrics.windows import DAY_MS, LATE_MS, MOST_SAMPLES, WINDOW_MS, choose

MINUTE_MS = 60_000


def segment(number: int, min_ms: int, length_ms: int = 0, *, samples: int = 1000, tenant: str = "a") -> SeriesSegment:
    return SeriesSegment(
        path=f"s{number:06}",
        tenant=tenant,
        bytes=samples,
        generation=number,
        samples=samples,
        series=1,
        min_ms=min_ms,
        max_ms=min_ms + length_ms,
    )


def paths(group):
    return [each.path for each in group]


def test_a_window_is_merged_when_it_is_over_and_not_before():
    two = [segment(1, 0, MINUTE_MS), segment(2, MINUTE_MS, MINUTE_MS)]
    assert choose(two, WINDOW_MS + LATE_MS - 1) == []
    assert paths(choose(two, WINDOW_MS + LATE_MS)) == ["s000001", "s000002"]


def test_windows_and_tenants_are_not_mixed():
    others = [segment(1, 0), segment(2, WINDOW_MS), segment(3, 0, tenant="b")]
    assert choose(others, 3 * WINDOW_MS) == []


def test_a_day_that_is_over_becomes_one():
    day = [segment(n, n * WINDOW_MS, WINDOW_MS - 1) for n in range(12)]
    assert choose(day, DAY_MS + LATE_MS - 1) == []
    assert len(choose(day, DAY_MS + LATE_MS)) == 12


def test_what_is_late_waits_until_rewriting_pays():
    large = segment(1, 0, WINDOW_MS - 1, samples=100_000)
    late = [segment(n, 5, samples=1000) for n in range(2, 5)]
    assert choose([large, *late], DAY_MS) == []
    late.append(segment(5, 5, samples=1000))
    assert paths(choose([large, *late], DAY_MS)) == [each.path for each in late]
    assert len(choose([large, segment(6, 5, samples=12_500)], DAY_MS)) == 2


def test_no_merge_is_too_large():
    half = [segment(n, n * WINDOW_MS, samples=MOST_SAMPLES // 2) for n in range(12)]
    assert len(choose(half, 2 * DAY_MS)) == 2
    assert choose([segment(n, n * WINDOW_MS, samples=MOST_SAMPLES - 1) for n in range(12)], 2 * DAY_MS) == []


def test_of_one_window_only_neighbours_in_the_order_of_writing_are_merged():
    order = [segment(n, 5, samples=size) for n, size in enumerate([900, 50_000, 900, 900, 900])]
    group = choose(order, MINUTE_MS)
    assert group == []
    group = choose([*order, segment(9, 5, samples=900)], MINUTE_MS)
    assert paths(group) == ["s000002", "s000003", "s000004", "s000009"]


@pytest.mark.parametrize("seed", range(3))
def test_three_days_are_few_segments_and_a_sample_is_rewritten_a_few_times(seed):
    chance, living, rewritten, written = random.Random(seed), list[SeriesSegment](), 0, 0
    for number in range(3 * 24 * 12):
        now = number * 5 * MINUTE_MS
        for first in {now // WINDOW_MS * WINDOW_MS, max(now - 5 * MINUTE_MS, 0)}:
            size = chance.randrange(1, 2000)
            living.append(segment(number, first, samples=size))
            written += size
        while group := choose(living, now):
            size = sum(each.samples for each in group)
            first, last = min(each.min_ms for each in group), max(each.max_ms for each in group)
            living = [each for each in living if each not in group]
            living.append(segment(group[-1].generation, first, last - first, samples=size))
            rewritten += size
    assert rewritten / written < 8
    assert len(living) < 40
