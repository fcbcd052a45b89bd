"""The manifest is whole steps, in order, whatever happens between them."""

import errno

import pytest

from otelier._core import Disk, Records
from otelier.storage import DataDirectoryError
from otelier.storage.local.manifest import Manifest, Segment, State, Step, read_state
from otelier.testing import losing_disk


def segment(number: int, **keys) -> Segment:
    known = {"tenant": "default", "signal": "traces", "rows": 10, "bytes": 1000, "min_start_ns": 1, "max_start_ns": 9}
    return Segment(path=f"segments/default/traces/{number:020d}-0a.parquet", **{**known, **keys})


def filled(disk: Disk, count: int) -> Manifest:
    manifest = Manifest(disk)
    for number in range(count):
        manifest.apply(Step(add=(segment(number),), retired=number + 1))
    return manifest


def test_what_was_applied_is_read_back_by_the_next_writer_and_by_readers():
    disk = losing_disk()
    written = filled(disk, 3).apply(Step(remove=(segment(1).path,)))
    assert [*written.segments.values()] == [segment(0), segment(2)]
    assert written.retired == 3
    assert Manifest(disk).state == read_state(disk) == written


def test_without_a_file_the_state_is_empty():
    assert read_state(losing_disk()) == State()
    assert Manifest(losing_disk()).state == State()


def test_a_state_never_changes_under_its_readers():
    manifest = filled(losing_disk(), 1)
    before = manifest.state
    manifest.apply(Step(remove=(segment(0).path,)))
    assert list(before.segments) == [segment(0).path]


def test_retired_never_goes_back():
    manifest = Manifest(losing_disk())
    manifest.apply(Step(retired=7))
    assert manifest.apply(Step(add=(segment(1),))).retired == 7


@pytest.mark.parametrize("seed", range(20))
def test_a_crash_loses_no_step_that_was_applied(seed):
    disk = losing_disk()
    written = filled(disk, 5).state
    disk.crash(seed)
    assert Manifest(disk).state == written


@pytest.mark.parametrize("operation", ["write manifest", "sync manifest"])
@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO])
def test_a_step_that_fails_changes_nothing_and_the_next_one_is_durable(operation, code):
    disk = losing_disk()
    manifest = filled(disk, 2)
    before = manifest.state
    disk.fail(operation, 1, code)
    with pytest.raises(OSError):
        manifest.apply(Step(add=(segment(9),)))
    assert manifest.state == before
    after = manifest.apply(Step(add=(segment(3),)))
    disk.crash(1)
    assert Manifest(disk).state == after
    assert segment(9).path not in after.segments


def test_after_a_failed_step_settle_makes_the_file_say_what_is_true():
    disk = losing_disk()
    manifest = filled(disk, 2)
    disk.fail("sync manifest", 1, errno.EIO)
    with pytest.raises(OSError):
        manifest.apply(Step(add=(segment(9),)))
    manifest.settle()
    disk.crash(3)
    assert read_state(disk) == manifest.state


def test_it_is_written_anew_when_it_has_grown_and_says_the_same():
    disk = losing_disk()
    manifest = Manifest(disk)
    for number in range(2000):
        manifest.apply(Step(add=(segment(number),), remove=(segment(number - 1).path,), retired=number))
    assert len(Records(disk, "manifest").records) < 300
    assert Manifest(disk).state == manifest.state
    assert list(manifest.state.segments) == [segment(1999).path]


def test_a_rewrite_that_fails_costs_nothing():
    disk = losing_disk()
    manifest = filled(disk, 255)
    disk.fail("manifest.new", 1, errno.ENOSPC)
    state = manifest.apply(Step(add=(segment(255),)))
    assert len(state.segments) == 256
    disk.crash(5)
    assert Manifest(disk).state == state


def test_keys_of_later_versions_are_left_alone_but_steps_of_another_shape_are_refused():
    disk = losing_disk()
    records = Records(disk, "manifest")
    records.append(b'{"retired": 4, "colour": "red"}')
    assert read_state(disk).retired == 4
    records.append(b'["another shape"]')
    with pytest.raises(DataDirectoryError, match="newer"):
        Manifest(disk)
