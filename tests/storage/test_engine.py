"""The engine: durable appends, flushes when they are due, and a disk that fails costs time, never data."""

import errno

import pytest

from otelier._core import Records
from otelier.component import Duration, Meter, Refused, Retryable
from otelier.storage.local import Engine, FlushSettings, StoreSettings, TelemetryRetention, read_state
from otelier.storage.local.catalogue import Catalogue, CatalogueReader
from otelier.storage.local.layout import CATALOGUE, index_of
from otelier.testing import FakeClock, items, log_record, logs, losing_disk, span, trace_id, traces

from .reading import readable_logs, readable_spans

MIB = 2**20
HOUR_S = 3600


class World:
    """A disk, a clock, and an engine that may be opened again and again."""

    def __init__(self) -> None:
        self.disk = losing_disk()
        self.clock = FakeClock()
        self.meter = Meter()
        self.number = 0

    def open(self, **keys) -> Engine:
        self.meter = Meter()
        self.engine = Engine(self.disk, self.clock, StoreSettings(**keys), self.meter)
        return self.engine

    def write(self, count: int = 3, tenant: str = "default", trace: int = 1) -> None:
        numbers = range(self.number, self.number + count)
        self.number += count
        self.engine.append(tenant, traces(*(span(number=n, trace=trace) for n in numbers)))

    def written(self, tenant: str = "default", trace: int = 1) -> int:
        """Distinct spans that a reader finds of a trace; each is there once."""
        found = readable_spans(self.disk, tenant, [trace_id(trace)])
        assert max(found.values(), default=1) == 1
        return len(found)

    def counted(self, name: str, **labels: str) -> float:
        wanted = labels.items()
        values = next((m.values for m in self.meter.collect() if m.name == f"otelier_store_{name}"), {})
        return sum(value for key, value in values.items() if wanted <= dict(key).items())

    def files(self, folder: str = "segments/default/traces") -> list[str]:
        return [f"{folder}/{name}" for name in self.disk.list(folder)] if self.disk.exists(folder) else []

    def generations(self) -> list[str]:
        return self.disk.list("log")


@pytest.fixture
def world():
    return World()


# -- appends --------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(5))
def test_what_was_appended_outlives_a_power_cut_at_once(world, seed):
    world.open()
    world.write(5)
    world.engine.append("acme", logs(log_record("hello", trace=1)))
    world.disk.crash(seed)
    assert world.written() == 5
    assert dict(readable_logs(world.disk, "acme", [trace_id(1)])) == {"hello": 1}
    assert readable_logs(world.disk, "default", [trace_id(1)]) == {}


@pytest.mark.parametrize(
    ("operation", "code", "text"),
    [
        ("write log/", errno.ENOSPC, "disk of the store is full"),
        ("sync log/", errno.EIO, "fails"),
        ("create log/", errno.EDQUOT, "full"),
    ],
)
def test_a_disk_that_fails_is_told_as_retryable_and_the_next_append_is_safe(world, operation, code, text):
    world.open()
    if "create" not in operation:
        world.write(1)
    world.disk.fail(operation, 1, code)
    with pytest.raises(Retryable, match=text) as refusal:
        world.engine.append("default", items("traces", 2, first=100))
    assert refusal.value.after_s <= 5
    world.write(2)
    world.disk.crash(1)
    assert world.written() == world.number
    assert readable_spans(world.disk, "default", [trace_id(100), trace_id(101)]) == {}


def test_a_full_disk_is_said_once_and_its_end_once(world, caplog):
    world.open()
    for nth in range(1, 21):
        world.disk.fail("log/", nth, errno.ENOSPC)
    refused = 0
    for _ in range(60):
        try:
            world.write(1)
        except Retryable:
            refused += 1
        world.clock.advance(0.5)
    assert refused > 5
    said = [each.message for each in caplog.records if "disk" in each.message and "segments" not in each.message]
    assert said == [
        "disk full: refusing writes; senders are told to come back",
        "the disk has room again: writes are taken",
    ]


@pytest.mark.proves("otelier.max_unflushed_bytes")
def test_a_full_log_refuses_until_it_is_flushed():
    world = World()
    world.open(max_unflushed_bytes=2 * MIB, flush=FlushSettings(max_bytes=MIB))
    large = traces(span(attributes={"k": "v" * 1_100_000}))
    world.engine.append("default", large)
    world.engine.append("default", large)
    with pytest.raises(Refused, match="can't keep up") as refusal:
        world.engine.append("default", large)
    assert refusal.value.limit == "max_unflushed_bytes"
    world.clock.advance(1)
    world.engine.append("default", large)


# -- flushes --------------------------------------------------------------------------------------


@pytest.mark.proves("otelier.flush.max_age")
def test_what_is_idle_is_in_segments_after_the_age_and_the_log_is_gone(world):
    world.open()
    world.write(5)
    world.clock.advance(29)
    assert world.files() == []
    world.clock.advance(3)
    assert len(world.files()) == 2
    assert world.generations() == []
    assert world.counted("flushed_items", signal="traces") == 5
    assert world.counted("segment_items", signal="traces") == 5
    assert world.counted("unflushed_bytes") == 0
    assert world.written() == 5


@pytest.mark.proves("otelier.flush.max_bytes")
def test_much_is_flushed_before_its_time(world):
    world.open(flush=FlushSettings(max_bytes=MIB))
    for number in range(12):
        world.engine.append("default", traces(span(number=number, attributes={"k": "v" * 100_000})))
    world.clock.advance(0.1)
    assert len(world.files()) == 2


@pytest.mark.proves("otelier.flush.idle")
def test_a_trace_that_goes_on_is_kept_together(world):
    world.open()
    world.write(1)
    world.clock.advance(40)  # the first flush after a start waits for nothing
    for _ in range(12):
        world.write(1)
        world.clock.advance(3)
    assert len(world.files()) == 2
    assert world.written() == 13
    world.clock.advance(60)
    assert len(world.files()) == 4
    assert world.written() == 13


@pytest.mark.proves("otelier.flush.max_open")
def test_a_trace_that_never_ends_is_written_after_max_open(world):
    world.open()
    world.write(1)
    world.clock.advance(40)
    for _ in range(60):
        world.write(1)
        world.clock.advance(3)
    assert len(world.files()) >= 4
    assert world.written() == 61


def test_a_span_sent_twice_counts_once_before_and_after_the_flush(world):
    world.open()
    world.write(3)
    world.number = 0
    world.write(3)
    assert world.written() == 3
    world.engine.flush(everything=True)
    assert world.written() == 3
    assert world.counted("duplicate_items") == 3
    world.number = 0
    world.write(3)
    world.engine.flush(everything=True)
    assert world.written() == 3


def test_a_stop_leaves_no_log(world):
    world.open()
    world.write(5)
    world.engine.close()
    assert world.generations() == []
    assert world.written() == 5
    assert world.clock.pending == []


@pytest.mark.parametrize(
    "operation", ["write segments/", "sync segments/", "write manifest", "sync manifest", "create"]
)
@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO])
def test_a_flush_that_fails_is_made_again_within_five_seconds_and_leaves_nothing_behind(world, operation, code):
    world.open()
    world.write(5)
    world.clock.advance(30.5)
    world.disk.fail(operation, 1, code)
    world.clock.advance(1)
    assert world.counted("retries", operation="flush", reason=errno.errorcode[code]) == 1
    assert world.written() == 5
    world.write(2)
    world.clock.advance(4)
    assert world.written() == 7
    assert sorted(world.files()) == sorted(
        path for each in world.engine.state.segments for path in (each, index_of(each))
    )
    world.disk.crash(3)
    world.clock.forget_timers()
    world.open()
    assert world.written() == 7


def test_telemetry_that_can_not_be_understood_is_kept_aside_and_the_rest_goes_on(world):
    # A record whose checksum is right and whose telemetry is none: no disk's fault.
    body = bytes([1, 0, 7, 0]) + (5).to_bytes(4, "little") + bytes(24) + b"default" + b"\xff\xff\xff no OTLP"
    Records(world.disk, "log/0000000000000001.log").append(body)
    world.open()
    world.write(5)
    world.clock.advance(60)
    assert world.generations() == []
    assert world.written() == 5
    assert world.counted("damaged_bytes", where="log") > 0
    assert "log.0000000000000001.log" in world.disk.list("quarantine")


def test_damage_in_the_log_is_counted_kept_and_costs_only_itself(world):
    world.open()
    for _ in range(3):
        world.write(1)
    (name,) = world.generations()
    data = bytearray(world.disk.read(f"log/{name}"))
    data[len(data) // 2] ^= 0xFF
    world.disk.crash(0)
    world.clock.forget_timers()
    world.disk.replace(f"log/{name}", bytes(data))
    world.open()
    world.clock.advance(60)
    assert world.written() == 2
    assert world.counted("damaged_bytes", where="log") > 0
    assert world.disk.read(f"quarantine/log.{name}") == bytes(data)


# -- upkeep ---------------------------------------------------------------------------------------


def flushed(world, times: int) -> None:
    for _ in range(times):
        world.write(2)
        world.engine.flush(everything=True)


def test_small_segments_become_one_and_their_files_go_when_readers_have_noticed(world):
    world.open()
    flushed(world, 4)
    before = world.files()
    world.clock.advance(1)
    assert len(world.engine.state.segments) == 1
    assert set(before) < set(world.files())
    assert world.written() == 8
    world.clock.advance(31)
    assert len(world.files()) == 2
    assert world.written() == 8


def test_what_was_forgotten_is_unlinked_by_the_next_start_if_not_before(world):
    world.open()
    flushed(world, 4)
    world.clock.advance(1)
    world.disk.crash(1)
    world.clock.forget_timers()
    world.open()
    assert len(world.files()) == 2
    assert world.written() == 8


@pytest.mark.proves("otelier.retention.max_age")
def test_retention_deletes_what_is_old_for_readers_at_once_and_its_files_after_the_grace(world):
    world.open(retention=TelemetryRetention(max_age=Duration(10 * HOUR_S)))
    flushed(world, 1)
    for _ in range(9):
        world.clock.advance(HOUR_S)
    world.write(1, trace=2)
    world.engine.flush(everything=True)
    world.clock.advance(2 * HOUR_S)
    assert (world.written(), world.written(trace=2)) == (0, 1)
    assert len(world.files()) == 2
    assert world.counted("deleted_segments", reason="age") == 1


def test_tenants_do_not_see_each_other(world):
    world.open()
    world.write(2, "default")
    world.write(3, "acme")
    world.engine.flush(everything=True)
    assert (world.written("default"), world.written("acme"), world.written("other")) == (2, 3, 0)
    assert {each.tenant for each in read_state(world.disk).segments.values()} == {"default", "acme"}


def test_a_start_reads_no_summaries_and_the_catalogue_is_there_soon_after(world, tmp_path):
    world.open()
    flushed(world, 3)
    world.engine.close()
    disk = world.disk
    before = len(disk.operations())
    catalogue = Catalogue(disk, tmp_path / CATALOGUE)
    Engine(disk, world.clock, StoreSettings(), Meter(), catalogue)
    assert not [each for each in disk.operations()[before:] if each.startswith("read segments/")]
    world.clock.advance(0)
    assert len(CatalogueReader(tmp_path).segments("default")) == 3
