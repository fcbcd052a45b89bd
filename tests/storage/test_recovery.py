"""A data directory with parts missing or damaged opens, and nothing is deleted that may be data."""

import errno
import logging
from contextlib import suppress

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


# -- the manifest, after an end in good order: nothing is in the log -----------------------------------


def flipped_last_record(data: bytes) -> bytes:
    at = data.rindex(b"OTR0") + 20
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


LOSSES = {
    "emptied": lambda _: b"",
    "last byte cut": lambda data: data[:-1],
    "garbage": lambda _: bytes(range(256)) * 3,
    "last record flipped": flipped_last_record,
}


def ended(world: World) -> None:
    world.engine.close()
    world.clock.forget_timers()
    assert world.generations() == []


@pytest.mark.parametrize("loss", ["deleted", *LOSSES])
@pytest.mark.parametrize("merged", [False, True])
def test_whatever_happens_to_the_manifest_after_a_stop_all_spans_stay_readable(world, loss, merged, caplog):
    if merged:
        flushed(world, 2)
        assert world.engine.compact()
    ended(world)
    if loss == "deleted":
        deleted(world, "manifest")
    else:
        world.disk.replace("manifest", LOSSES[loss](world.disk.read("manifest")))
    reopened(world)
    assert world.written() == world.number
    assert any(each.levelno == logging.ERROR and "the manifest" in each.message for each in caplog.records)
    flushed(world, 1)
    ended(world)
    reopened(world)
    assert world.written() == world.number


@pytest.mark.parametrize("loss", ["deleted", *LOSSES])
@pytest.mark.parametrize("operation", ["manifest", "write", "rename", "sync"])
def test_a_recovery_that_fails_is_made_again_by_the_next_start(world, loss, operation):
    ended(world)
    if loss == "deleted":
        deleted(world, "manifest")
    else:
        world.disk.replace("manifest", LOSSES[loss](world.disk.read("manifest")))
    for nth in range(1, 8):
        world.disk.fail(operation, nth, errno.EIO)
        with suppress(OSError):
            world.open()
        world.disk.crash(nth)
        world.clock.forget_timers()
    reopened(world)
    assert world.written() == world.number


@pytest.mark.parametrize("suffix", ["parquet", "index"])
def test_a_segment_with_a_missing_file_is_named_and_the_rest_is_merged(world, suffix, caplog):
    gone = list(world.engine.state.segments)[1]
    ended(world)
    deleted(world, gone.replace("parquet", suffix))
    reopened(world)
    assert [each.message for each in caplog.records if each.levelno == logging.ERROR and gone in each.message]
    assert gone not in world.engine.state.segments
    assert len(world.disk.list("quarantine")) == 2
    flushed(world, 2)
    world.clock.advance(1)
    assert len(world.engine.state.segments) == 1
    assert world.written() == 8


@pytest.mark.parametrize("suffix", ["parquet", "index"])
@pytest.mark.parametrize("how", ["gone", "damaged"])
@pytest.mark.parametrize("merging", [False, True])
def test_a_segment_lost_at_work_stops_neither_queries_nor_merges(world, suffix, how, merging, caplog):
    victim = list(world.engine.state.segments)[1]
    file = victim.replace("parquet", suffix)
    if how == "gone":
        deleted(world, file)
    else:
        world.disk.replace(file, world.disk.read(file)[: -world.disk.size(file) // 2] + b"damage")
    if merging:
        flushed(world, 1)
        assert world.engine.compact()
    elif (how, suffix) != ("damaged", "parquet"):  # that is found when it is merged
        world.clock.advance(3)
    else:
        return
    assert victim not in world.engine.state.segments
    assert [each for each in caplog.records if each.levelno == logging.ERROR and victim in each.message]
    assert world.counted("damaged_bytes", where="segments") > 0
    assert world.written() == world.number - 2
    flushed(world, 2)
    world.clock.advance(120)
    assert len(world.engine.state.segments) == 1
    assert world.written() == world.number - 2


def test_a_segment_that_the_disk_can_not_read_is_left_alone_and_the_others_are_merged(world):
    victim = list(world.engine.state.segments)[1]
    flushed(world, 2)
    for nth in range(1, 20):
        world.disk.fail(f"read {victim}", nth, errno.EIO)
    assert world.engine.compact()
    assert world.engine.compact()
    assert len(world.engine.state.segments) == 2
    assert victim in world.engine.state.segments
