"""Metrics whose segments go to a bucket: the same rules as for traces and logs, for segments of several files."""

from functools import partial
from pathlib import Path

import pytest

from otelier.component import Meter
from otelier.storage.directory import METRICS
from otelier.storage.metrics import MetricsEngine, SeriesSegment
from otelier.storage.metrics.segment import SERIES
from otelier.storage.segmented.bucket.attach import attach_writer, of_store, open_disk, read_only
from otelier.storage.segmented.bucket.cache import Cache
from otelier.storage.segmented.bucket.place import read_place
from otelier.storage.segmented.bucket.publisher import GRACE_S
from otelier.storage.segmented.manifest import read_state
from otelier.storage.settings import BucketSettings, StoreSettings
from otelier.testing import FakeClock
from otelier.testing.bucket import MemoryBucket

from ..metrics.series import readable, samples
from . import elsewhere
from .elsewhere import named

URL = of_store("s3://bucket/shop", METRICS)


class Machine:
    """A directory of metrics with an engine on it. Sample number n has the value n."""

    def __init__(self, root: Path, bucket: MemoryBucket, *, cache_bytes: int = 10**9) -> None:
        root.mkdir(exist_ok=True)
        self.root, self.bucket, self.clock = root, bucket, FakeClock()
        settings = BucketSettings(cache_bytes=cache_bytes)

        def attach(counters):
            return attach_writer(root, SERIES, URL, settings, self.clock, counters, lambda _: bucket)

        disk = open_disk(root, SERIES)
        self.engine = MetricsEngine(disk, self.clock, StoreSettings(), Meter(), attach)

    def store(self, *numbers: int) -> None:
        now_ms = self.clock.time_ns() // 10**6
        self.engine.append("default", samples(*((f"m{number}", now_ms - number, float(number)) for number in numbers)))
        self.engine.flush()

    def found(self) -> set[float]:
        return found(self.root, self.bucket)

    def files(self) -> list[Path]:
        return [each for each in (self.root / "segments").rglob("*") if each.is_file()]


def found(root: Path, bucket: MemoryBucket) -> set[float]:
    """Values of all samples, as a reader of the directory finds them."""
    return set(readable(open_disk(root, SERIES, Cache(root, SERIES, lambda _: bucket))).values())


reader = partial(elsewhere.reader, SERIES, URL, found)
consistent = partial(elsewhere.consistent, SERIES.needed)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path / "a", MemoryBucket())


def test_segments_go_to_the_bucket_and_another_machine_reads_them(machine, tmp_path):
    values = reader(tmp_path / "b", machine.bucket)
    machine.store(1, 2)
    assert values() == set()
    machine.clock.advance(2)
    assert values() == {1, 2}
    machine.store(3)
    machine.clock.advance(2)
    assert values() == {1, 2, 3}


def test_it_is_uploaded_before_it_is_named_at_every_failure_and_nothing_is_lost(tmp_path):
    for calls in range(0, 40, 3):
        machine = Machine(tmp_path / f"{calls}", MemoryBucket())
        machine.bucket.fail_after = calls
        for number in range(1, 5):
            machine.store(number)
            machine.clock.advance(2)
            assert consistent(machine.bucket)
            assert machine.found() == set(map(float, range(1, number + 1)))
        machine.bucket.fail_after = None
        machine.clock.advance(70)
        state = read_state(open_disk(machine.root, SERIES), SeriesSegment)
        assert named(machine.bucket) == set(state.segments)
        assert consistent(machine.bucket)


def test_a_small_cache_keeps_little_and_what_went_is_fetched(tmp_path):
    machine = Machine(tmp_path / "a", MemoryBucket(), cache_bytes=0)
    for number in range(1, 4):
        machine.store(number)
        machine.clock.advance(2)
    assert machine.files() == []
    assert machine.found() == {1, 2, 3}


def test_what_was_merged_goes_from_the_bucket_when_readers_have_had_their_time(machine, tmp_path):
    values = reader(tmp_path / "b", machine.bucket)
    for number in range(1, 8):
        machine.store(number)
        machine.clock.advance(2)
    while machine.engine.compact():
        pass
    machine.clock.advance(GRACE_S + 70)
    assert {key for key in machine.bucket.objects if key.endswith(".index")} == named(machine.bucket)
    assert values() == set(map(float, range(1, 8)))


def test_a_directory_that_was_lost_begins_with_what_the_bucket_has(machine, tmp_path):
    machine.store(1, 2)
    machine.clock.advance(2)
    again = Machine(tmp_path / "b", machine.bucket)
    assert again.found() == {1, 2}
    again.store(3)
    again.clock.advance(2)
    assert consistent(machine.bucket)
    assert len(named(machine.bucket)) == 2


def test_a_restart_keeps_segments_that_are_in_the_bucket_only(tmp_path):
    bucket = MemoryBucket()
    machine = Machine(tmp_path / "a", bucket, cache_bytes=0)
    machine.store(1)
    machine.clock.advance(2)
    machine.engine.close()
    assert machine.files() == []
    again = Machine(tmp_path / "a", bucket, cache_bytes=0)
    again.clock.advance(2)
    assert again.found() == {1}
    assert len(named(bucket)) == 1


def test_a_reader_of_a_bucket_reads_its_metrics_too(tmp_path):
    root = read_only("s3://bucket/shop", BucketSettings(cache_bytes=7), tmp_path / "cache")
    place = read_place(root / METRICS)
    assert place
    assert (place.url, place.cache_bytes, place.writer) == ("s3://bucket/shop/metrics", 7, "")
