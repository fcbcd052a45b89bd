"""The catalogue may be lost, damaged or behind at any time: it says what the living segments say."""

import json

import pytest

from otelier._core import Records
from otelier.storage.local.catalogue import Catalogue, CatalogueReader
from otelier.storage.local.layout import CATALOGUE, index_of
from otelier.storage.local.manifest import Segment, State
from otelier.testing import losing_disk

EMPTY = State()


class World:
    """A disk with indexes, and a catalogue of them."""

    def __init__(self, root) -> None:
        self.root = root
        self.disk = losing_disk()
        self.catalogue = self.opened()
        self.reader = CatalogueReader(root)

    def opened(self) -> Catalogue:
        return Catalogue(self.disk, self.root / CATALOGUE)

    def segment(
        self, generation: int, service: str, *names: str, tenant="default", signal="traces", name="00", **summary
    ):
        path = f"segments/{tenant}/{signal}/{generation:020d}-{name}.parquet"
        known = {
            "rows": 5,
            "min_start_ns": 1,
            "max_start_ns": 2,
            "services": [service],
            "operations": [[service, name, 2, 5] for name in names],
            "keys": [["http.route", "string", 5, True]],
        }
        Records(self.disk, index_of(path)).append(json.dumps({**known, **summary}).encode())
        return Segment(
            path=path,
            tenant=tenant,
            signal=signal,
            rows=5,
            bytes=1,
            min_start_ns=1,
            max_start_ns=2,
            generation=generation,
        )


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
            world.segment(1, "shop", "GET /", "DELETE /"),
            world.segment(2, "bank", "pay"),
            world.segment(3, "theirs", "x", tenant="acme"),
            world.segment(4, "logger", signal="logs"),
        )
    )
    assert world.reader.services("default") == ["bank", "shop"]
    assert world.reader.services("default", "logs") == ["logger"]
    assert world.reader.services("acme") == ["theirs"]
    assert world.reader.operations("default") == [("bank", "pay", 2), ("shop", "DELETE /", 2), ("shop", "GET /", 2)]
    assert world.reader.operations("default", "bank") == [("bank", "pay", 2)]
    assert world.reader.keys("default") == [("http.route", "string")]


def test_what_only_deleted_segments_had_is_forgotten(world):
    old, young = world.segment(1, "old", "a"), world.segment(2, "young", "b")
    world.catalogue.follow(state(old, young))
    world.catalogue.follow(state(young))
    assert world.reader.services("default") == ["young"]
    assert world.reader.operations("default") == [("young", "b", 2)]
    world.catalogue.follow(EMPTY)
    assert world.reader.services("default") == world.reader.operations("default") == world.reader.keys("default") == []


def test_merging_forgets_nothing(world):
    parts = [world.segment(1, "old", "a"), world.segment(2, "young", "b")]
    world.catalogue.follow(state(*parts))
    merged = world.segment(2, "old", "a", "b", services=["old", "young"], name="01")
    world.catalogue.follow(state(merged))
    assert world.reader.services("default") == ["old", "young"]


@pytest.mark.parametrize("loss", ["deleted", "garbage", "other version", "empty", "truncated"])
def test_it_is_made_anew_when_it_is_lost(world, loss):
    now = state(world.segment(1, "shop", "GET /"))
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
    now = state(world.segment(1, "shop", "GET /"))
    world.catalogue.follow(now)
    (world.root / CATALOGUE).unlink()
    assert world.reader.services("default") == []
    world.catalogue.check(now)
    assert world.reader.services("default") == ["shop"]


def test_one_that_is_behind_catches_up(world):
    first = world.segment(1, "one", "a")
    world.catalogue.follow(state(first))
    world.catalogue.close()
    world.catalogue = world.opened()
    world.catalogue.follow(state(world.segment(2, "two", "b")))
    assert world.reader.services("default") == ["two"]


def test_a_segment_whose_summary_is_lost_is_left_out_and_the_others_are_there(world, caplog):
    lost, kept = world.segment(1, "lost", "a"), world.segment(2, "kept", "b")
    world.disk.unlink(index_of(lost.path))
    world.catalogue.follow(state(lost, kept))
    assert world.reader.services("default") == ["kept"]
    assert f"no summary of {lost.path}" in caplog.text


def test_times_beyond_sqlites_numbers_are_kept_as_the_largest(world):
    world.catalogue.follow(state(world.segment(1, "shop", "x", min_start_ns=0, max_start_ns=2**64 - 1)))
    assert world.reader.operations("default") == [("shop", "x", 2)]


def test_without_a_catalogue_lists_are_empty(tmp_path):
    assert CatalogueReader(tmp_path / "none").services("default") == []
