"""A data directory with parts missing or damaged opens, and nothing is deleted that may be data."""

import pytest

from otelier.storage.local.layout import index_of

from .test_engine import World, flushed


@pytest.fixture
def world():
    made = World()
    made.open()
    flushed(made, 3)
    return made


def reopened(world: World) -> World:
    world.disk.crash(0)
    world.clock.forget_timers()
    world.open()
    return world


def deleted(world: World, path: str) -> None:
    world.disk.unlink(path)
    world.disk.sync_dir(path.rpartition("/")[0])


def test_leftovers_of_unfinished_work_are_removed(world):
    (first, *_) = world.engine.state.segments
    stranger = first.replace(".parquet", "ff.parquet")
    world.disk.replace(stranger, world.disk.read(first))
    world.disk.replace(index_of(stranger), world.disk.read(index_of(first)))
    reopened(world)
    assert stranger not in world.files()
    assert world.written() == 6


def test_a_deleted_manifest_is_made_anew_from_the_segments(world):
    before = world.engine.state
    deleted(world, "manifest")
    world.write(2)
    reopened(world)
    assert set(world.engine.state.segments) == set(before.segments)
    assert sum(each.rows for each in world.engine.state.segments.values()) == 6
    assert world.written() == 8


@pytest.mark.parametrize("lost", [1, 10, 200])
def test_a_manifest_that_lost_its_end_takes_in_what_it_no_longer_names(world, lost):
    world.write(2)
    manifest = world.disk.read("manifest")
    world.disk.replace("manifest", manifest[:-lost])
    reopened(world)
    assert world.written() == 8
    assert any(name.startswith("manifest-") for name in world.disk.list("quarantine"))
    reopened(world)
    assert world.written() == 8


def test_a_manifest_damaged_in_the_middle_loses_nothing(world):
    manifest = bytearray(world.disk.read("manifest"))
    manifest[len(manifest) // 2] ^= 0xFF
    world.disk.replace("manifest", bytes(manifest))
    reopened(world)
    assert world.written() == 6


def test_a_segment_that_is_gone_is_counted_and_the_rest_is_there(world):
    gone = list(world.engine.state.segments)[1]
    deleted(world, gone)
    reopened(world)
    assert world.written() == 4
    assert world.counted("damaged_bytes", where="segments") > 0
    assert gone not in world.engine.state.segments


def test_a_damaged_segment_is_set_aside_when_it_is_met_and_the_others_are_merged(world):
    victim = list(world.engine.state.segments)[1]
    data = world.disk.read(victim)
    damaged = data[: len(data) // 2] + bytes(len(data) // 4)
    world.disk.replace(victim, damaged)
    flushed(world, 1)
    world.clock.advance(1)
    assert victim not in world.engine.state.segments
    assert world.disk.read("quarantine/" + victim.replace("/", ".")) == damaged
    flushed(world, 1)
    world.clock.advance(120)
    assert len(world.engine.state.segments) == 1
    assert world.written() == 8


def test_damaged_strangers_are_kept_in_quarantine(world):
    victim = list(world.engine.state.segments)[1]
    world.disk.replace(victim, b"nonsense")
    deleted(world, "manifest")
    reopened(world)
    assert world.written() == 4
    assert "segments.default.traces." + victim.rpartition("/")[2] in world.disk.list("quarantine")
