"""The memory limiter: exact bytes decide at once, the process's memory is the hard stop."""

from collections.abc import Iterator
from typing import Any

import pytest

from otelier.component import Meter, Refused, StartError
from otelier.processors.memory_limiter import MemoryLimiter, MemoryLimiterConfig, checker
from otelier.telemetry import Batch, live_bytes
from otelier.testing import FakeClock, MemoryExporter, component_context, items, span, traces

MIB = 2**20


class Process:
    """What the limiter sees of this process; tests set it."""

    def __init__(self) -> None:
        self.resident = 0
        self.looks = 0
        self.released = 0
        self.after_release: int | None = None

    def look(self) -> int:
        self.looks += 1
        return self.resident

    def release(self) -> None:
        self.released += 1
        if self.after_release is not None:
            self.resident = self.after_release


@pytest.fixture
def process(monkeypatch: pytest.MonkeyPatch) -> Process:
    process = Process()
    monkeypatch.setattr(checker.memory, "resident_bytes", process.look)
    monkeypatch.setattr(checker.memory, "release", process.release)
    monkeypatch.setattr(checker.memory, "total_bytes", lambda: 1000 * MIB)
    return process


class Setup:
    """A started limiter in front of a memory exporter."""

    def __init__(self, clock: FakeClock | None = None, **config: Any) -> None:
        self.clock = clock or FakeClock()
        self.meter = Meter()
        self.out = MemoryExporter()
        cfg = MemoryLimiterConfig(**{"check_interval": 1, **config})
        assert not list(cfg.problems())
        self.limiter = MemoryLimiter(cfg, component_context("memory_limiter", clock=self.clock, meter=self.meter))
        self.limiter.next = self.out
        self.limiter.start()

    def counters(self, outcome: str) -> tuple[float, float]:
        names = (f"memory_limiter_{outcome}", outcome)
        return tuple(
            self.meter.counter(f"otelcol_processor_{name}_spans", "", "").value(processor="memory_limiter")
            for name in names
        )


def megabytes(count: int) -> Batch:
    return traces(*(span(attributes={"body": "x" * MIB}, number=n) for n in range(count)))


@pytest.fixture
def held() -> Iterator[list[Batch]]:
    """What the test keeps alive; nothing at first."""
    kept: list[Batch] = []
    yield kept
    kept.clear()


def test_while_there_is_room_data_passes_unchanged(process: Process):
    it = Setup(limit_mib=100)
    batch = items("traces", 3)
    it.limiter.consume(batch)
    assert it.out.batches == [batch]
    assert it.counters("accepted") == (3, 3)
    assert it.counters("refused") == (0, 0)


@pytest.mark.proves("memory_limiter.spike_limit_mib")
def test_telemetry_over_the_soft_limit_is_refused_at_once_and_taken_again_at_once(process: Process, held: list[Batch]):
    others = -(-live_bytes() // MIB)
    it = Setup(limit_mib=others + 8, spike_limit_mib=4)
    batch = items("traces", 3)
    it.limiter.consume(batch)
    held.append(megabytes(5))
    with pytest.raises(Refused, match="of telemetry wait in memory") as refusal:
        it.limiter.consume(batch)
    assert refusal.value.limit == "memory"
    assert refusal.value.after_s == 1
    held.clear()
    it.limiter.consume(batch)
    assert it.counters("accepted") == (6, 6)
    assert it.counters("refused") == (3, 3)
    assert it.out.items == 6


@pytest.mark.proves("memory_limiter.{check_interval,limit_mib}")
def test_a_process_over_the_hard_limit_takes_nothing_until_a_later_look(process: Process):
    it = Setup(limit_mib=100)
    process.resident = 100 * MIB
    it.limiter.consume(items("traces", 1))  # nobody has looked yet
    it.clock.advance(1)
    with pytest.raises(Refused, match=r"the process uses 100.0 MiB of memory, its limit is 100.0 MiB"):
        it.limiter.consume(items("traces", 1))
    process.resident = 99 * MIB
    with pytest.raises(Refused):
        it.limiter.consume(items("traces", 1))
    it.clock.advance(1)
    it.limiter.consume(items("traces", 1))
    assert it.out.items == 2


def test_at_the_hard_limit_unused_memory_is_given_back_first(process: Process):
    it = Setup(limit_mib=100)
    process.resident, process.after_release = 120 * MIB, 60 * MIB
    it.clock.advance(1)
    assert process.released == 1
    it.limiter.consume(items("traces", 1))


def test_a_limit_that_the_empty_process_passes_is_called_so(process: Process, caplog: pytest.LogCaptureFixture):
    process.resident = 200 * MIB
    it = Setup(limit_mib=100)
    it.clock.advance(5)
    assert caplog.text.count("refusing all data") == 1
    assert "raise the limit" in caplog.text


def test_limiters_of_equal_configuration_look_once_for_all(process: Process):
    clock = FakeClock()
    first, second = Setup(clock, limit_mib=100), Setup(clock, limit_mib=100)
    other = Setup(clock, limit_mib=200)
    before = process.looks
    clock.advance(1)
    assert process.looks == before + 2
    first.limiter.stop(0)
    process.resident = 150 * MIB
    clock.advance(1)
    with pytest.raises(Refused):
        second.limiter.consume(items("traces", 1))
    other.limiter.consume(items("traces", 1))


def test_after_the_last_stop_nobody_looks(process: Process):
    it = Setup(limit_mib=100)
    it.limiter.stop(0)
    before = process.looks
    it.clock.advance(10)
    assert process.looks == before
    assert it.clock.pending == []


@pytest.mark.proves("memory_limiter.{limit_percentage,spike_limit_percentage}")
@pytest.mark.parametrize(
    ("config", "hard", "soft"),
    [
        ({"limit_mib": 100}, 100, 80),
        ({"limit_mib": 100, "spike_limit_mib": 30}, 100, 70),
        ({"limit_percentage": 50}, 500, 400),
        ({"limit_percentage": 50, "spike_limit_percentage": 20}, 500, 300),
        ({"limit_mib": 100, "limit_percentage": 50, "spike_limit_percentage": 20}, 100, 80),
    ],
)
def test_limits_in_bytes(config: dict[str, int], hard: int, soft: int):
    assert MemoryLimiterConfig(check_interval=1, **config).limits(1000 * MIB) == (hard * MIB, soft * MIB)


def test_a_percentage_of_unknown_memory_is_a_start_error(process: Process, monkeypatch: pytest.MonkeyPatch):
    def unknown() -> int:
        raise OSError("nobody knows")

    monkeypatch.setattr(checker.memory, "total_bytes", unknown)
    with pytest.raises(StartError, match="set limit_mib: nobody knows"):
        Setup(limit_percentage=50)


@pytest.mark.parametrize(
    ("config", "path"),
    [
        ({"check_interval": 0, "limit_mib": 100}, "check_interval"),
        ({}, "limit_mib"),
        ({"limit_mib": 100, "spike_limit_mib": 100}, "spike_limit_mib"),
        ({"limit_percentage": 101}, "limit_percentage"),
        ({"limit_percentage": 50, "spike_limit_percentage": 101}, "spike_limit_percentage"),
        ({"limit_percentage": 50, "spike_limit_percentage": 50}, "spike_limit_percentage"),
    ],
)
def test_what_can_not_be_is_a_configuration_error(config: dict[str, Any], path: str):
    assert path in [found for found, _ in MemoryLimiterConfig(**{"check_interval": 1, **config}).problems()]


@pytest.mark.proves("memory_limiter.{min,max}_gc_interval_when_{soft,hard}_limited")
def test_the_keys_that_tune_gos_collector_are_taken():
    cfg = MemoryLimiterConfig(
        check_interval=1,
        limit_percentage=75,
        spike_limit_percentage=15,
        min_gc_interval_when_soft_limited=10,
        min_gc_interval_when_hard_limited=0,
        max_gc_interval_when_soft_limited=30,
        max_gc_interval_when_hard_limited=30,
    )
    assert not list(cfg.problems())
