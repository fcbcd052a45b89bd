"""The metrics' engine: durable appends, flushes, windows, retention, deletions; a disk that fails costs no sample."""

import errno
from random import Random

import pytest

from otelier.component import Duration, Meter, Refused, Retryable
from otelier.storage.metrics import MetricsEngine
from otelier.storage.metrics.windows import DAY_MS, WINDOW_MS
from otelier.storage.settings import (
    MetricsFlushSettings,
    MetricsSettings,
    RetentionSettings,
    StoreSettings,
    TelemetryRetention,
)
from otelier.testing import FakeClock, losing_disk

from .series import readable, samples

HOUR_S = 3600
MINUTE_MS = 60_000


class World:
    """A disk, a clock, and an engine that may be opened again and again. Sample number n has the value n."""

    def __init__(self, clock: FakeClock | None = None) -> None:
        self.disk, self.clock, self.number = losing_disk(), clock or FakeClock(), 0
        self.sent: dict[tuple[str, int], float] = {}

    def open(self, **keys) -> MetricsEngine:
        self.meter = Meter()
        self.engine = MetricsEngine(self.disk, self.clock, StoreSettings(**keys), self.meter)
        return self.engine

    def again(self, seed: int = 0, **keys) -> None:
        self.disk.crash(seed)
        self.clock.forget_timers()
        self.open(**keys)

    @property
    def now_ms(self) -> int:
        return self.clock.time_ns() // 10**6

    def write(self, count: int = 3, name: str = "up", *, ago_ms: int = 0, tenant: str = "default") -> None:
        given = [(name, self.now_ms - ago_ms - n, float(self.number + n)) for n in range(count)]
        self.number += count
        self.engine.append(tenant, samples(*given))
        self.sent |= {(metric, time): value for metric, time, value in given}

    def delete(self, *selectors: list[tuple[str, str, str]], first_ms: int = 0, last_ms: int = 2**50) -> None:
        """Noted, and carried out by the upkeep that begins at once."""
        self.engine.delete("default", selectors, first_ms, last_ms)
        self.clock.advance(0)

    def counted(self, name: str, **labels: str) -> float:
        values = next((m.values for m in self.meter.collect() if m.name == f"otelier_metrics_store_{name}"), {})
        return sum(value for key, value in values.items() if labels.items() <= dict(key).items())

    def files(self, tenant: str = "default") -> list[str]:
        folder = f"segments/{tenant}"
        return self.disk.list(folder) if self.disk.exists(folder) else []


@pytest.fixture
def world():
    made = World()
    made.open()
    return made


# -- appends ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(5))
def test_what_was_appended_outlives_a_power_cut_at_once(world, seed):
    world.write(5)
    world.engine.append("acme", samples(("x", world.now_ms, 7.0)))
    world.disk.crash(seed)
    assert readable(world.disk) == world.sent
    assert readable(world.disk, "acme") == {("x", world.now_ms): 7.0}


@pytest.mark.parametrize(
    ("operation", "code", "text"),
    [("write log/", errno.ENOSPC, "disk of the store is full"), ("sync log/", errno.EIO, "fails")],
)
def test_a_disk_that_fails_is_told_as_retryable_and_the_next_append_is_safe(world, operation, code, text):
    world.write(1)
    world.disk.fail(operation, 1, code)
    with pytest.raises(Retryable, match=text):
        world.engine.append("default", samples(("lost", world.now_ms, 1.0)))
    world.write(2, "later")
    world.disk.crash(1)
    assert readable(world.disk) == world.sent


@pytest.mark.proves("otelier.metrics.max_unflushed_bytes")
def test_a_full_log_refuses_until_it_is_flushed():
    world = World()
    mib = 2**20
    world.open(metrics=MetricsSettings(max_unflushed_bytes=2 * mib, flush=MetricsFlushSettings(max_bytes=mib)))
    random = Random(1)

    def large():
        return samples(*((f"m{random.randbytes(2000).hex()}", world.now_ms, 1.0) for _ in range(600)))

    world.engine.append("default", large())
    world.engine.append("default", large())
    with pytest.raises(Refused, match="can't keep up") as refusal:
        world.engine.append("default", large())
    assert refusal.value.limit == "max_unflushed_bytes"
    world.clock.advance(1)
    world.engine.append("default", large())


def test_what_is_too_old_or_ahead_is_refused_counted_and_the_rest_is_kept():
    world = World()
    world.open(retention=TelemetryRetention(max_age=Duration(HOUR_S)))
    now = world.now_ms
    done = world.engine.append(
        "default",
        samples(("old", now - 61 * MINUTE_MS, 1.0), ("ahead", now + 11 * MINUTE_MS, 2.0), ("good", now, 3.0)),
    )
    assert done.samples == 1
    assert {reason: count for reason, _, count in done.rejected} == {"too_old": 1, "too_far_in_future": 1}
    assert readable(world.disk) == {("good", now): 3.0}
    assert world.counted("rejected_items", reason="too_old") == 1
    assert world.counted("appended_items", kind="samples") == 1


@pytest.mark.proves("otelier.metrics.max_series_per_metric")
def test_series_over_the_limit_are_folded_and_counted():
    world = World()
    world.open(metrics=MetricsSettings(max_series_per_metric=10))
    for number in range(15):
        world.engine.append("default", samples(("x", world.now_ms + number, 1.0), number=str(number)))
    assert world.counted("folded_samples") == 5
    assert len(readable(world.disk)) == 15


@pytest.mark.proves("otelier.metrics.max_label_names")
def test_a_series_with_a_label_name_over_the_limit_is_refused_and_counted():
    world = World()
    world.open(metrics=MetricsSettings(max_label_names=3))
    for name in ("a", "b", "c", "a"):
        done = world.engine.append("default", samples(("x", world.now_ms, 1.0), **{name: "1"}))
        wanted = [("label_name_limit", 'x{c="1"}', 1)] if name == "c" else []
        assert (done.rejected, done.folded) == (wanted, 0)
    assert world.engine.append("another", samples(("x", world.now_ms, 1.0), c="1")).rejected == []
    assert world.counted("rejected_items", reason="label_name_limit") == 1


@pytest.mark.proves("otelier.metrics.max_series")
def test_series_over_the_limit_of_a_tenant_are_folded_by_metric():
    world = World()
    world.open(metrics=MetricsSettings(max_series=10))
    for number in range(15):
        world.engine.append("default", samples((f"m{number % 3}", world.now_ms, 1.0), number=str(number)))
        world.engine.append("another", samples(("x", world.now_ms, 1.0), number=str(number % 5)))
    assert world.counted("folded_samples") == 5


# -- flushes ---------------------------------------------------------------------------------------


@pytest.mark.proves("otelier.metrics.flush.max_age")
def test_samples_are_in_segments_after_the_age_and_the_log_is_gone(world):
    world.write(5)
    world.clock.advance(298)
    assert world.files() == []
    world.clock.advance(4)
    assert world.files()
    assert world.disk.list("log") == []
    assert world.counted("flushed_items") == 5
    assert readable(world.disk) == world.sent


def test_a_segment_lies_within_one_window(world):
    for hours in (0, 1, 2, 3, 30):
        world.write(3, ago_ms=hours * 3_600_000)
    for each in world.engine.flush().segments.values():
        assert each.min_ms // WINDOW_MS == each.max_ms // WINDOW_MS
    assert readable(world.disk) == world.sent


@pytest.mark.parametrize(
    "operation", ["write segments/", "sync segments/", "write manifest", "sync manifest", "create"]
)
@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO])
def test_a_flush_that_fails_is_made_again_and_leaves_nothing_behind(world, operation, code):
    world.write(5)
    world.clock.advance(299.5)
    world.disk.fail(operation, 1, code)
    world.clock.advance(2)
    assert world.counted("retries", operation="flush", reason=errno.errorcode[code]) == 1
    assert readable(world.disk) == world.sent
    world.clock.advance(5)
    assert readable(world.disk) == world.sent
    (segment,) = world.engine.state.segments
    assert {name.split(".")[0] for name in world.files()} == {segment.split("/")[-1].split(".")[0]}
    world.again(3)
    assert readable(world.disk) == world.sent


def test_a_stop_leaves_no_log_and_of_two_samples_at_one_moment_the_later_counts(world):
    now = world.now_ms
    for value in (1.0, 2.0):
        world.engine.append("default", samples(("x", now, value)))
        world.engine.flush()
    world.engine.append("default", samples(("x", now, 3.0)))
    assert readable(world.disk) == {("x", now): 3.0}
    world.engine.close()
    assert world.disk.list("log") == []
    assert readable(world.disk) == {("x", now): 3.0}
    assert world.clock.pending == []


# -- windows and retention -------------------------------------------------------------------------


def test_small_segments_become_one_while_their_window_goes_on(world):
    for _ in range(4):
        world.write(3)
        world.clock.advance(1)
        world.engine.flush()
    world.clock.advance(40)
    assert len(world.engine.state.segments) == 1
    assert len({name.split(".")[0] for name in world.files()}) == 1
    assert readable(world.disk) == world.sent


def test_windows_that_are_over_become_one_segment_each_and_then_a_day(world):
    for hours in range(60, 30, -1):
        world.write(20, ago_ms=hours * 3_600_000)
        world.engine.flush()
    while world.engine.compact():
        assert readable(world.disk) == world.sent
    found = world.engine.state.segments.values()
    days = {each.min_ms // DAY_MS for each in found}
    assert len(found) == len(days)
    assert all(each.min_ms // DAY_MS == each.max_ms // DAY_MS for each in found)


@pytest.mark.proves("otelier.metrics.flush.max_bytes")
def test_samples_are_in_segments_when_they_are_many(world):
    world.again(metrics=MetricsSettings(flush=MetricsFlushSettings(max_bytes=2**20)))
    while world.engine.unflushed_bytes < 2**20:
        world.write(10_000, f"m{world.number}")
    world.clock.advance(2)
    assert world.files()
    assert world.engine.unflushed_bytes == 0


@pytest.mark.proves("otelier.metrics.retention.max_bytes")
def test_the_oldest_go_when_there_are_too_many_bytes(world):
    world.again(metrics=MetricsSettings(retention=RetentionSettings(max_bytes=1)))
    world.write(1, "old", ago_ms=5 * 3_600_000)
    world.engine.flush()
    world.clock.advance(HOUR_S)
    assert world.counted("deleted_segments", reason="size") == 1


@pytest.mark.proves("otelier.metrics.retention.max_age")
def test_retention_goes_by_the_newest_sample(world):
    world.again(metrics=MetricsSettings(retention=RetentionSettings(max_age=Duration(10 * HOUR_S))))
    world.write(1, "old", ago_ms=9 * 3_600_000)
    world.write(1, "new")
    world.engine.flush()
    for _ in range(2):
        world.clock.advance(HOUR_S)
    assert set(readable(world.disk)) == {key for key in world.sent if key[0] == "new"}
    assert world.counted("deleted_segments", reason="age") == 1


# -- deletions -------------------------------------------------------------------------------------


def test_a_deletion_takes_what_was_there_and_not_what_comes_later(world):
    world.write(3, "a", ago_ms=1000)
    world.write(3, "b")
    world.delete([("__name__", "=", "a")])
    assert set(readable(world.disk)) == {key for key in world.sent if key[0] == "b"}
    assert world.engine.pending_deletions == 0
    world.write(2, "a")
    world.engine.flush()
    assert len(readable(world.disk, metrics=["a"])) == 2
    world.again(1)
    assert len(readable(world.disk)) == 5


def test_a_deletion_of_a_time_leaves_the_rest_and_other_tenants(world):
    world.write(5)
    world.write(5, tenant="acme")
    mine = sorted(key for key in readable(world.disk))
    world.delete([("__name__", "=~", "u.*")], first_ms=mine[1][1], last_ms=mine[2][1])
    assert sorted(readable(world.disk)) == [mine[0], *mine[3:]]
    assert len(readable(world.disk, "acme")) == 5


@pytest.mark.parametrize("operation", ["write segments/", "manifest", "sync_dir", "deletions"])
@pytest.mark.parametrize("nth", [1, 2, 3])
def test_a_deletion_that_fails_is_made_in_the_end_or_was_never_noted(world, operation, nth):
    world.write(3, "a")
    world.write(3, "b")
    world.engine.flush()
    world.disk.fail(operation, nth, errno.EIO)
    try:
        world.delete([("__name__", "=", "a")])
    except OSError:
        noted = world.engine.pending_deletions
    else:
        noted = 1
    world.again(nth)
    world.clock.advance(10)
    left = {name for name, _ in readable(world.disk)}
    assert left == {"b"} or (not noted and left == {"a", "b"})


def test_segments_without_such_a_series_are_left_alone_and_the_others_are_written_once_for_all_deletions(world):
    for hours in (4, 2, 0):
        world.write(2, f"old{hours}", ago_ms=hours * HOUR_S * 1000)
        world.engine.flush()
    before = set(world.files())
    world.delete([("__name__", "=", "old2"), ("job", "=", "x")], [("other", "=~", ".+")])
    assert set(world.files()) == before
    world.delete([("__name__", "=", "old2")], [("__name__", "=~", ".*2")], [("__name__", "=", "none")])
    assert world.counted("deleted_segments", reason="deletion") == 1
    assert {name for name, _ in readable(world.disk)} == {"old4", "old0"}
    assert world.engine.pending_deletions == 0


def test_a_deletion_is_durable_when_it_is_accepted_and_the_same_asked_again_waits_once(world):
    world.write(3, "a")
    world.write(3, "b")
    for _ in range(3):
        world.engine.delete("default", [[("__name__", "=", "a")], [("__name__", "=", "a")]], 0, 2**50)
        world.write(1, "a")
    assert (world.engine.pending_deletions, world.engine.until_deleted(0)) == (1, False)
    world.again(1)
    assert world.engine.pending_deletions == 1
    world.clock.advance(1)
    assert world.engine.until_deleted(0)
    world.engine.flush()
    assert sorted(name for name, _ in readable(world.disk)) == ["a", "b", "b", "b"]


class InterruptedClock(FakeClock):
    """Somebody comes between when the time is asked for as often as that."""

    def __init__(self) -> None:
        super().__init__()
        self.left, self.come = 0, lambda: None

    def time_ns(self) -> int:
        self.left -= 1
        if self.left == 0:
            self.come()
        return super().time_ns()


@pytest.mark.parametrize("nth", range(1, 8))
def test_a_deletion_that_comes_while_segments_are_merged_is_made_and_spares_what_came_after_it(nth):
    clock = InterruptedClock()
    world = World(clock)
    engine = world.open()
    for _ in range(5):
        world.write(3, "a")
        engine.flush()

    def come() -> None:
        engine.delete("default", [[("__name__", "=", "a")]], 0, 2**50)
        world.write(2, "a")
        world.write(2, "b")
        engine.flush()

    clock.come, clock.left = come, nth
    for _ in range(5):
        engine.compact()
    if clock.left > 0:
        clock.left = 0
        come()
    clock.advance(60)
    assert engine.pending_deletions == 0
    assert sorted(name for name, _ in readable(world.disk)) == ["a", "a", "b", "b"]


def test_upkeep_that_fails_is_tried_ever_more_rarely_told_once_and_at_its_pace_again_after_a_success(world, caplog):
    world.write(3, "a")
    world.write(3, "b")
    world.engine.flush()
    for nth in range(1, 9):
        world.disk.fail("write segments/", nth, errno.EIO)
    world.delete([("__name__", "=", "a")])
    tried = [world.counted("retries", operation="upkeep", reason="EIO")]
    for pause in (2, 4, 8, 16, 32, 60, 60):
        world.clock.advance(pause - 1)
        tried.append(world.counted("retries", operation="upkeep"))
        world.clock.advance(1)
        tried.append(world.counted("retries", operation="upkeep"))
    assert tried == [1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8]
    assert len([each for each in caplog.records if "upkeep" in each.message]) == 1
    world.clock.advance(60)
    assert world.engine.pending_deletions == 0
    assert [each.message for each in caplog.records][-1] == "upkeep of the store succeeds again"
    world.write(3, "c")
    world.write(3, "d")
    world.engine.delete("default", [[("__name__", "=", "c")]], 0, 2**50)
    world.disk.fail("write segments/", 1, errno.EIO)
    world.clock.advance(0)
    assert world.engine.pending_deletions == 1
    world.clock.advance(2)
    assert world.engine.pending_deletions == 0


A = [[("__name__", "=", "a")]]


def two_segments_of_a_and_one_of_b(world: World) -> list[str]:
    """The oldest first."""
    for name, hours in (("a", 4), ("a", 2), ("b", 0)):
        world.write(2, name, ago_ms=hours * HOUR_S * 1000)
        world.engine.flush()
    return list(world.engine.state.segments)


def fail_to_read(world: World, path: str, times: int) -> None:
    for nth in range(1, times + 1):
        world.disk.fail(f"read {path.removesuffix('.index')}.samples", nth, errno.EIO)


def test_a_deletion_waits_for_a_segment_that_can_not_be_read_and_for_no_other(world, caplog):
    first, second, third = two_segments_of_a_and_one_of_b(world)
    fail_to_read(world, first, 4)
    world.delete(*A)
    for tried, wait in ((1, 2), (2, 4)):
        assert (world.engine.pending_deletions, world.engine.until_deleted(0)) == (1, False)
        assert world.counted("pending_deletions") == 1
        assert world.counted("retries", operation="deletion", reason="unreadable") == tried
        assert {first, third} <= set(world.engine.state.segments)
        assert second not in world.engine.state.segments
        assert world.counted("deleted_segments", reason="deletion") == 1
        world.clock.advance(wait)
    assert world.engine.until_deleted(0)
    assert {name for name, _ in readable(world.disk)} == {"b"}
    told = [each.message for each in caplog.records]
    assert sum(first in each and "a deletion waits" in each for each in told) == 1
    assert sum("no deletion waits any more" in each for each in told) == 1


def test_while_a_deletion_waits_for_a_segment_others_are_merged_and_what_comes_is_spared(world):
    first, *_ = two_segments_of_a_and_one_of_b(world)
    fail_to_read(world, first, 2)
    world.delete(*A)
    assert world.engine.pending_deletions == 1
    for n in range(4):
        world.write(2, "a", ago_ms=4 * HOUR_S * 1000 - 5000 - 10 * n)
        world.engine.flush()
    assert world.engine.compact()
    assert first in world.engine.state.segments
    world.again(1)
    assert world.engine.pending_deletions == 1
    world.clock.advance(0)
    assert world.engine.until_deleted(0)
    assert len(readable(world.disk, metrics=["a"])) == 8
    assert first not in world.engine.state.segments


def test_a_deletion_does_not_wait_for_a_segment_that_retention_takes(world, caplog):
    world.again(metrics=MetricsSettings(retention=RetentionSettings(max_age=Duration(5 * HOUR_S))))
    first, *_ = two_segments_of_a_and_one_of_b(world)
    fail_to_read(world, first, 1000)
    world.delete(*A)
    assert world.engine.pending_deletions == 1
    world.clock.advance(1.2 * HOUR_S)
    assert world.engine.until_deleted(0)
    assert [each for each in caplog.records if first in each.message and "is no longer there" in each.message]


@pytest.mark.parametrize("waited", [False, True])
def test_a_deletion_that_meets_a_damaged_segment_is_done_and_says_where_it_is(world, caplog, waited):
    first, *_ = two_segments_of_a_and_one_of_b(world)
    if waited:
        fail_to_read(world, first, 2)
        world.delete(*A)
        assert world.engine.pending_deletions == 1
    table = first.replace(".index", ".samples.parquet")
    world.disk.replace(table, world.disk.read(table)[:-20] + bytes(20))
    if waited:
        world.clock.advance(2)
    else:
        world.delete(*A)
    assert world.engine.until_deleted(0)
    assert {name for name, _ in readable(world.disk)} == {"b"}
    assert [each for each in caplog.records if first in each.message and "in the quarantine" in each.message]
