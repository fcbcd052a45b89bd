"""When the log becomes segments, how long traces that go on may wait, and work that fails for no disk's fault."""

import pytest

from otelier._core import Log, flush
from otelier.component import Duration, Meter
from otelier.storage.local import FlushSettings, StoreSettings
from otelier.storage.local.counters import StoreCounters
from otelier.storage.local.flush import Flusher, patience
from otelier.storage.local.manifest import Manifest
from otelier.testing import FakeClock, items, losing_disk, span, traces

MIB = 2**20
SETTINGS = StoreSettings(
    max_unflushed_bytes=200 * MIB,
    flush=FlushSettings(max_bytes=100 * MIB, max_age=Duration(30), idle=Duration(5), max_open=Duration(60)),
)


@pytest.mark.parametrize(
    ("mib", "idle_s", "open_s"), [(0, 5, 60), (100, 5, 60), (101, 1, 12), (150, 1, 12), (151, 0, 0)]
)
def test_the_fuller_the_log_the_less_a_trace_that_goes_on_may_wait(mib, idle_s, open_s):
    wait = patience(SETTINGS, mib * MIB)
    assert (wait.idle_ns / 1e9, wait.max_open_ns / 1e9) == (idle_s, open_s)


ALL = -1


class World:
    """A flusher over a log with one batch per generation, whose work fails while a poisonous generation is in it."""

    def __init__(self, error: BaseException) -> None:
        self.error, self.poison, self.tries = error, 2, 0
        self.disk, self.clock, self.meter = losing_disk(), FakeClock(), Meter()
        self.manifest, self.log = Manifest(self.disk), Log(self.disk, "log")
        counters = StoreCounters(self.meter)
        self.flusher = Flusher(self.disk, self.log, self.manifest, self.clock, SETTINGS, counters, self.work)

    def work(self, disk, log, generations, **keys):
        self.tries += 1
        if self.poison in generations or self.poison == ALL:
            raise self.error
        return flush(disk, log, generations, **keys)

    def write(self, count: int) -> None:
        for number in range(count):
            self.log.append("default", items("traces", 1, first=number), self.clock.time_ns())
            self.log.rotate()

    def go_on(self, seconds: float) -> None:
        until = self.clock.monotonic() + seconds
        while self.clock.monotonic() < until:
            self.clock.advance(self.flusher.attempt(self.clock.time_ns()))

    def rows(self) -> int:
        return sum(each.rows for each in self.manifest.state.segments.values())


class Panic(BaseException):
    """As the native core's, which is no Exception."""


@pytest.mark.parametrize("error", [ValueError("a defect"), Panic("a defect")])
def test_a_generation_that_can_not_be_worked_on_is_set_aside_in_the_end_and_the_others_are_not(error):
    world = World(error)
    world.write(3)
    world.go_on(31)
    assert (world.rows(), world.manifest.state.retired) == (0, 0)
    world.go_on(20)
    assert (world.rows(), world.manifest.state.retired) == (2, 3)
    assert world.disk.list("quarantine") == ["log.0000000000000002.log"]
    assert world.log.generations() == []


def test_a_full_disk_never_costs_a_generation(caplog):
    world = World(OSError(28, "No space left on device"))
    world.write(3)
    world.go_on(600)
    assert (world.rows(), world.manifest.state.retired) == (0, 0)
    assert len(world.log.generations()) == 3
    assert len([each for each in caplog.records if "can't write segments" in each.message]) == 1
    assert 10 <= world.tries <= 24
    world.poison = 0
    world.go_on(30)
    assert (world.rows(), world.manifest.state.retired) == (3, 3)


def test_a_defect_that_meets_every_generation_costs_none():
    world = World(ValueError("a defect"))
    world.poison = ALL
    for _ in range(30):
        world.write(2)
        world.go_on(20)
    assert len(world.log.generations()) == 60
    assert not world.disk.exists("quarantine")
    assert world.tries < 200
    world.poison = 0
    world.go_on(31)
    assert world.manifest.state.retired == 60


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), ValueError("a defect")])
def test_what_comes_during_the_pause_after_a_failure_does_not_cut_it_short(error):
    world = World(error)
    world.poison = ALL
    large = traces(span(attributes={"k": "v" * MIB}))
    for number in range(101):
        world.log.append("default", large if number else items("traces", 1), world.clock.time_ns())
    for _ in range(1000):
        world.flusher.attempt(world.clock.time_ns())
        assert world.flusher.due_in() > 0
    assert world.tries == 1
    world.clock.advance(2)
    world.flusher.attempt(world.clock.time_ns())
    assert world.tries == 2


def test_while_the_manifest_fails_nothing_is_built():
    world = World(ValueError())
    world.poison = 0
    world.write(3)
    for nth in range(1, 10):
        world.disk.fail("manifest", nth, 28)
    world.go_on(50)
    assert world.tries == 1
    world.go_on(150)
    assert world.rows() == 3


def test_each_tenant_is_looked_up_in_its_own_newest_segments():
    world, seen = World(ValueError()), list[list[str]]()

    def noting(disk, log, generations, *, recent, **keys):
        seen.append(recent)
        return flush(disk, log, generations, recent=recent, **keys)

    settings, counters = SETTINGS, StoreCounters(Meter())
    flusher = Flusher(world.disk, world.log, world.manifest, world.clock, settings, counters, noting)
    for number in range(41):
        world.log.append("quiet" if number == 0 else "loud", items("traces", 1, first=number), world.clock.time_ns())
        flusher.flush(world.clock.time_ns(), everything=True)
    assert sum("/quiet/" in each for each in seen[-1]) == 1
    assert sum("/loud/" in each for each in seen[-1]) == 32


def test_what_a_kill_has_left_is_written_in_bites():
    disk, clock, bites = losing_disk(), FakeClock(), list[int]()
    settings = StoreSettings(flush=FlushSettings(max_bytes=MIB))
    log = Log(disk, "log")
    for number in range(6):
        log.append("default", traces(span(number=number, attributes={"k": "v" * (MIB // 2)})), clock.time_ns())
        log.rotate()

    def counting(disk, log, generations, **keys):
        bites.append(len(generations))
        return flush(disk, log, generations, **keys)

    manifest = Manifest(disk)
    Flusher(disk, log, manifest, clock, settings, StoreCounters(Meter()), counting).flush(clock.time_ns())
    assert bites == [2, 2, 2]
    assert sum(each.rows for each in manifest.state.segments.values()) == 6
    assert log.generations() == []


def test_a_rotten_last_record_is_counted_and_its_generation_kept():
    world = World(ValueError())
    world.poison = 0
    world.log.append("default", items("traces", 1), 1)
    world.log.append("default", items("traces", 1, first=1), 1)
    world.log.rotate()
    path = "log/0000000000000001.log"
    rotten = bytearray(world.disk.read(path))
    rotten[-1] ^= 1
    world.disk.replace(path, bytes(rotten))
    world.flusher.flush(world.clock.time_ns(), everything=True)
    assert world.rows() == 1
    assert world.disk.read("quarantine/log.0000000000000001.log") == bytes(rotten)
    values = next(each.values for each in world.meter.collect() if each.name == "otelier_store_damaged_bytes")
    assert [dict(labels) for labels in values] == [{"where": "log_tail"}]
