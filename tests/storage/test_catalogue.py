"""The catalogue may be lost, damaged or behind at any time: it says what the living segments say."""

import pytest

from otelier._core import Log, flush
from otelier.storage.local.catalogue import Catalogue, CatalogueReader
from otelier.storage.local.kind import written
from otelier.storage.local.layout import CATALOGUE, index_of
from otelier.storage.local.manifest import Segment, State
from otelier.telemetry import Batch
from otelier.testing import log_record, logs, losing_disk, span, traces
from otelier.testing.telemetry import START_NS

EMPTY = State()


class World:
    """A disk with segments, and a catalogue of them."""

    def __init__(self, root) -> None:
        self.root = root
        self.disk = losing_disk()
        self.log = Log(self.disk, "log")
        self.catalogue = self.opened()
        self.reader = CatalogueReader(root)

    def opened(self) -> Catalogue:
        return Catalogue(self.disk, self.root / CATALOGUE)

    def segment(self, generation: int, *batches: Batch, tenant: str = "default") -> Segment:
        """One segment with these, written as if it were of that generation."""
        for batch in batches:
            self.log.append(tenant, batch, START_NS)
        number = self.log.rotate()
        done = flush(self.disk, self.log, [number], now_ns=START_NS, idle_ns=0, max_open_ns=0)
        self.log.retire(number)
        (body,) = done.segments
        return written(body, generation, START_NS)


def of(service: str, *names: str, **keys) -> Batch:
    """A span per name."""
    spans = (span(name, attributes={"http.route": "/"}, number=at, **keys) for at, name in enumerate(names))
    return traces(*spans, resource={"service.name": service})


@pytest.fixture
def world(tmp_path):
    made = World(tmp_path)
    yield made
    made.catalogue.close()


def state(*segments: Segment) -> State:
    return State({each.path: each for each in segments})


def test_lists_are_sorted_and_per_tenant_and_signal(world):
    world.catalogue.follow(
        state(
            world.segment(1, of("shop", "GET /", "DELETE /")),
            world.segment(2, of("bank", "pay")),
            world.segment(3, of("theirs", "x"), tenant="acme"),
            world.segment(4, logs(log_record("x"), resource={"service.name": "logger"})),
        )
    )
    assert world.reader.services("default") == ["bank", "shop"]
    assert world.reader.services("default", "logs") == ["logger"]
    assert world.reader.services("acme") == ["theirs"]
    assert world.reader.operations("default") == [("bank", "pay", 2), ("shop", "DELETE /", 2), ("shop", "GET /", 2)]
    assert world.reader.operations("default", "bank") == [("bank", "pay", 2)]
    assert world.reader.keys("default") == [("http.route", "string")]


def test_what_only_deleted_segments_had_is_forgotten(world):
    old, young = world.segment(1, of("old", "a")), world.segment(2, of("young", "b"))
    world.catalogue.follow(state(old, young))
    world.catalogue.follow(state(young))
    assert world.reader.services("default") == ["young"]
    assert world.reader.operations("default") == [("young", "b", 2)]
    world.catalogue.follow(EMPTY)
    assert world.reader.services("default") == world.reader.operations("default") == world.reader.keys("default") == []


def test_merging_forgets_nothing(world):
    parts = [world.segment(1, of("old", "a")), world.segment(2, of("young", "b"))]
    world.catalogue.follow(state(*parts))
    merged = world.segment(2, of("old", "a"), of("young", "b"))
    world.catalogue.follow(state(merged))
    assert world.reader.services("default") == ["old", "young"]


@pytest.mark.parametrize("loss", ["deleted", "garbage", "other version", "empty", "truncated"])
def test_it_is_made_anew_when_it_is_lost(world, loss):
    now = state(world.segment(1, of("shop", "GET /")))
    world.catalogue.follow(now)
    world.catalogue.close()
    path = world.root / CATALOGUE
    if loss == "deleted":
        path.unlink()
    elif loss == "garbage":
        path.write_bytes(b"garbage" * 1000)
    elif loss == "other version":
        import sqlite3

        with sqlite3.connect(path) as connection:
            connection.execute("PRAGMA user_version = 99")
        connection.close()
    elif loss == "empty":
        path.write_bytes(b"")
    else:
        path.write_bytes(path.read_bytes()[:5000])
    world.catalogue = world.opened()
    world.catalogue.follow(now)
    assert world.reader.operations("default") == [("shop", "GET /", 2)]


def test_deleted_while_it_is_open_it_is_made_anew_at_the_next_check(world):
    now = state(world.segment(1, of("shop", "GET /")))
    world.catalogue.follow(now)
    (world.root / CATALOGUE).unlink()
    assert world.reader.services("default") == []
    world.catalogue.check(now)
    assert world.reader.services("default") == ["shop"]


def test_one_that_is_behind_catches_up(world):
    first = world.segment(1, of("one", "a"))
    world.catalogue.follow(state(first))
    world.catalogue.close()
    world.catalogue = world.opened()
    world.catalogue.follow(state(world.segment(2, of("two", "b"))))
    assert world.reader.services("default") == ["two"]


def test_a_segment_whose_summary_is_lost_is_left_out_and_the_others_are_there(world, caplog):
    lost, kept = world.segment(1, of("lost", "a")), world.segment(2, of("kept", "b"))
    world.disk.unlink(index_of(lost.path))
    world.catalogue.follow(state(lost, kept))
    assert world.reader.services("default") == ["kept"]
    assert f"no summary of {lost.path}" in caplog.text


def test_times_beyond_sqlites_numbers_are_kept_as_the_largest(world):
    world.catalogue.follow(state(world.segment(1, of("shop", "x", start_ns=2**64 - 1, duration_ns=0))))
    assert world.reader.operations("default") == [("shop", "x", 2)]


def test_without_a_catalogue_lists_are_empty(tmp_path):
    assert CatalogueReader(tmp_path / "none").services("default") == []


def test_a_damaged_catalogue_reads_as_none(world):
    world.catalogue.follow(state(world.segment(1, of("shop", "buy"))))
    world.catalogue.close()
    file = world.root / CATALOGUE
    for content in (b"nonsense" * 1000, file.read_bytes()[:100] + b"nonsense" * 1000, b"x"):
        file.write_bytes(content)
        assert world.reader.services("default") == []
        assert world.reader.segments("default") == set()
        assert world.reader.operations("default") == []


@pytest.mark.parametrize("before", [None, 0o644])
def test_it_is_its_owners_alone(world, before):
    if before:
        (world.root / CATALOGUE).touch(before)
    world.catalogue.follow(state(world.segment(1, of("shop", "buy"))))
    files = list(world.root.glob(f"{CATALOGUE}*"))
    assert {each.stat().st_mode & 0o777 for each in files} == {0o600}
    assert world.reader.services("default") == ["shop"]
