"""A store whose segments go to a bucket: the bucket names only what it has, and reading needs nothing else."""

import json
import shutil
from functools import partial
from pathlib import Path

import pytest

from otelier._core import View
from otelier.component import Meter
from otelier.storage.contract import DataDirectoryError
from otelier.storage.local import Engine, StoreSettings
from otelier.storage.local.kind import TELEMETRY
from otelier.storage.local.manifest import read_state
from otelier.storage.segmented.bucket.attach import attach_writer, open_disk
from otelier.storage.segmented.bucket.cache import Cache
from otelier.storage.segmented.bucket.publisher import GRACE_S
from otelier.storage.settings import BucketSettings
from otelier.testing import FakeClock, span, trace_id, traces
from otelier.testing.bucket import MemoryBucket

from ..reading import spans_of
from . import elsewhere
from .elsewhere import named

URL = "s3://bucket/shop"


class Machine:
    """A data directory with an engine on it."""

    def __init__(self, root: Path, bucket: MemoryBucket, *, cache_bytes: int = 10**9, url: str = URL) -> None:
        root.mkdir(exist_ok=True)
        self.root, self.bucket, self.clock, self.meter = root, bucket, FakeClock(), Meter()
        settings = BucketSettings(cache_bytes=cache_bytes)

        def attach(counters):
            return attach_writer(root, TELEMETRY, url, settings, self.clock, counters, lambda _: bucket)

        self.engine = Engine(open_disk(root, TELEMETRY), self.clock, StoreSettings(), self.meter, None, attach)

    def store(self, *numbers: int) -> None:
        self.engine.append("default", traces(*(span(trace=number) for number in numbers)))
        self.engine.flush(everything=True)

    def spans(self, *numbers: int) -> int:
        return found(self.root, self.bucket, *numbers)

    def files(self) -> list[str]:
        return sorted(each.name for each in self.root.rglob("*.parquet"))


def found(root: Path, bucket: MemoryBucket, *numbers: int) -> int:
    """Spans of these traces, as a reader of the directory finds them."""
    disk = open_disk(root, TELEMETRY, Cache(root, TELEMETRY, lambda _: bucket))
    view, state = View(disk), read_state(disk)
    view.refresh(list(state.segments), state.retired)
    return sum(spans_of(view.traces("default", [trace_id(number) for number in numbers])).values())


reader = partial(elsewhere.reader, TELEMETRY, URL, found)
consistent = partial(elsewhere.consistent, lambda path: {path, path.replace(".parquet", ".index")})


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path / "a", MemoryBucket())


@pytest.mark.proves("otelier.storage")
def test_segments_go_to_the_bucket_and_another_machine_reads_them(machine, tmp_path):
    spans = reader(tmp_path / "b", machine.bucket)
    machine.store(1, 2)
    assert spans(1, 2) == 0
    machine.clock.advance(2)
    assert spans(1, 2) == 2
    machine.store(3)
    machine.clock.advance(2)
    assert spans(1, 2, 3) == 3
    assert machine.bucket.calls.index("put manifest.json") > 1


def test_it_is_uploaded_before_it_is_named_at_every_failure_and_nothing_is_lost(tmp_path):
    for calls in range(25):
        machine = Machine(tmp_path / f"{calls}", MemoryBucket())
        machine.bucket.fail_after = calls
        for number in range(1, 6):
            machine.store(number)
            machine.clock.advance(2)
            assert consistent(machine.bucket)
            assert machine.spans(*range(1, number + 1)) == number
        machine.bucket.fail_after = None
        machine.clock.advance(70)
        assert named(machine.bucket) == set(read_state(open_disk(machine.root, TELEMETRY)).segments)
        assert consistent(machine.bucket)


def test_what_was_merged_goes_from_the_bucket_when_readers_have_had_their_time(machine, tmp_path):
    spans = reader(tmp_path / "b", machine.bucket)
    for number in range(1, 7):
        machine.store(number)
        machine.clock.advance(2)
    assert spans(*range(1, 7)) == 6
    before = {key for key in machine.bucket.objects if key.endswith(".parquet")}
    machine.clock.advance(GRACE_S - 60)
    assert before <= machine.bucket.objects.keys()
    machine.clock.advance(120)
    assert {key for key in machine.bucket.objects if key.endswith(".parquet")} == named(machine.bucket)
    assert before - named(machine.bucket)
    assert spans(*range(1, 7)) == 6


def test_what_unfinished_work_has_left_in_the_bucket_goes(machine):
    stray = "segments/default/traces/00000000000000000001-ab.parquet"
    machine.bucket.objects[stray] = b"cut short"
    machine.store(1)
    machine.clock.advance(GRACE_S + 5)
    assert stray not in machine.bucket.objects
    assert consistent(machine.bucket)


@pytest.mark.proves("otelier.s3.cache_bytes")
def test_the_directory_keeps_no_more_than_it_may_and_finds_all(tmp_path):
    machine = Machine(tmp_path / "a", MemoryBucket(), cache_bytes=0)
    for number in range(1, 4):
        machine.store(number)
        assert machine.spans(number) == 1
    machine.clock.advance(2)
    assert machine.files() == []
    assert machine.spans(1, 2, 3) == 3
    assert len(machine.files()) <= 1
    machine.clock.advance(100)  # looks at segments, merges
    machine.store(*range(4, 10))
    assert machine.spans(*range(1, 10)) == 9


def test_what_is_not_uploaded_yet_stays_whatever_the_bound_is(tmp_path):
    machine = Machine(tmp_path / "a", MemoryBucket(), cache_bytes=0)
    machine.bucket.fail_after = 0
    machine.store(1)
    machine.clock.advance(100)
    assert len(machine.files()) == 1
    assert machine.spans(1) == 1


def test_what_was_used_longest_ago_goes_first(tmp_path):
    machine = Machine(tmp_path / "a", MemoryBucket())
    spans = reader(tmp_path / "b", machine.bucket, cache_bytes=1)
    machine.store(1)
    machine.store(2)
    machine.clock.advance(2)
    assert spans(1) == spans(2) == 1
    assert len(list((tmp_path / "b").rglob("*.parquet"))) <= 1


def test_a_start_after_a_kill_goes_on_and_misses_nothing_that_is_only_in_the_bucket(tmp_path):
    bucket = MemoryBucket()
    machine = Machine(tmp_path / "a", bucket, cache_bytes=0)
    for number in range(1, 4):
        machine.store(number)
    machine.clock.advance(2)
    machine.store(4)
    shutil.copytree(tmp_path / "a", tmp_path / "killed")
    again = Machine(tmp_path / "killed", bucket, cache_bytes=0)
    assert again.spans(1, 2, 3, 4) == 4
    assert not (again.root / "quarantine").exists()
    again.clock.advance(3)
    assert consistent(bucket)
    assert len(named(bucket)) == len(read_state(open_disk(again.root, TELEMETRY)).segments)


def test_a_start_without_the_note_of_what_is_uploaded_asks_the_bucket(tmp_path):
    bucket = MemoryBucket()
    machine = Machine(tmp_path / "a", bucket, cache_bytes=0)
    machine.store(1)
    machine.clock.advance(2)
    (machine.root / "bucket.uploaded").unlink()
    bucket.fail_after = 0
    with pytest.raises(OSError, match="told to fail"):
        Machine(machine.root, bucket, cache_bytes=0)
    bucket.fail_after = None
    again = Machine(machine.root, bucket, cache_bytes=0)
    assert again.spans(1) == 1


def test_a_new_machine_takes_over_and_the_old_one_stops_uploading(tmp_path):
    bucket = MemoryBucket()
    old = Machine(tmp_path / "old", bucket)
    old.store(1, 2)
    old.clock.advance(2)
    new = Machine(tmp_path / "new", bucket)
    assert new.spans(1, 2) == 2
    new.store(3)
    new.clock.advance(2)
    old.store(4)
    old.clock.advance(5)
    assert reader(tmp_path / "c", bucket)(1, 2, 3, 4) == 3
    assert old.spans(4) == 1


def test_deleting_a_trace_reaches_the_bucket(machine, tmp_path):
    machine.store(1, 2)
    machine.clock.advance(2)
    machine.engine.delete("default", [trace_id(1)])
    machine.clock.advance(2)
    assert reader(tmp_path / "b", machine.bucket)(1, 2) == 1
    machine.clock.advance(GRACE_S + 5)
    assert len([key for key in machine.bucket.objects if key.endswith(".parquet")]) == 1


def test_a_reader_keeps_its_last_state_while_the_bucket_is_away(machine, tmp_path):
    spans = reader(tmp_path / "b", machine.bucket)
    machine.store(1)
    machine.clock.advance(2)
    assert spans(1) == 1
    machine.bucket.fail_after = 0
    assert spans(1) == 1


def test_a_directory_stays_with_its_bucket(tmp_path):
    machine = Machine(tmp_path / "a", MemoryBucket())
    machine.store(1)
    for url in ("", "s3://other"):
        with pytest.raises(DataDirectoryError, match="must stay"):
            Machine(tmp_path / "a", MemoryBucket(), url=url)
    reader(tmp_path / "b", machine.bucket)(1)
    with pytest.raises(DataDirectoryError, match="reader's cache"):
        Machine(tmp_path / "b", machine.bucket)


def test_the_directory_names_no_secret(machine, monkeypatch):
    assert set(json.loads((machine.root / "bucket.json").read_bytes())) == {
        "url", "endpoint", "region", "cache_bytes", "writer",
    }  # fmt: skip
