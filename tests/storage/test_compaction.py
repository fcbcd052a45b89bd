"""Few segments, each item rewritten a few times in its life, and no merge without a bound."""

import math
import random

import msgspec

from otelier.storage.local.compaction import choose
from otelier.storage.local.manifest import Segment

HOUR = 3600 * 10**9


def segment(number: int, rows: int, *, tenant: str = "default", signal: str = "traces", written_ns: int = 0) -> Segment:
    return Segment(
        path=f"s{number:06}",
        tenant=tenant,
        signal=signal,
        rows=rows,
        bytes=rows * 80,
        min_start_ns=0,
        max_start_ns=0,
        generation=number,
        written_ns=written_ns,
    )


def paths(group):
    return [each.path for each in group]


def test_three_are_left_alone_and_four_are_merged_oldest_first():
    small = [segment(n, 100) for n in (3, 1, 2)]
    assert choose(small) == []
    assert paths(choose([*small, segment(4, 200)])) == ["s000001", "s000002", "s000003", "s000004"]


def test_tenants_signals_and_sizes_are_not_mixed():
    others = [segment(1, 10, tenant="acme"), segment(2, 10, signal="logs"), segment(3, 100_000)]
    assert choose([*others, *(segment(n, 10) for n in (4, 5, 6))]) == []


def test_small_ones_come_first():
    large = [segment(n, 50_000) for n in range(4)]
    assert paths(choose([*large, *(segment(n, 10) for n in range(4, 8))])) == [f"s{n:06}" for n in range(4, 8)]


def test_what_is_large_enough_is_left_alone():
    assert choose([segment(n, 190_000) for n in range(10)]) == []


def test_long_items_are_merged_in_bounded_memory():
    long = [msgspec.structs.replace(segment(n, 10_000), bytes=40 * 2**20) for n in range(10)]
    assert choose(long) == []
    assert len(choose([msgspec.structs.replace(each, bytes=30 * 2**20) for each in long])) == 4


def test_what_was_written_a_day_apart_is_left_apart():
    assert choose([segment(n, 10, written_ns=n * 9 * HOUR) for n in range(8)]) == []
    near = choose([segment(0, 10), *(segment(n, 10, written_ns=30 * HOUR + n) for n in range(1, 6))])
    assert paths(near) == [f"s{n:06}" for n in range(1, 6)]


def test_an_item_is_rewritten_a_few_times_and_few_segments_remain():
    random.seed(7)
    living, rewritten, written = [], 0, 0
    for number in range(3000):
        rows = random.randrange(1, 2000)
        written += rows
        living.append(segment(number, rows))
        while group := choose(living):
            rows = sum(each.rows for each in group)
            assert rows <= 262_144
            living = [each for each in living if each not in group] + [segment(group[-1].generation, rows)]
            rewritten += rows
    assert rewritten / written <= math.log(262_144 / 1000, 4) + 1
    assert len(living) < 40
