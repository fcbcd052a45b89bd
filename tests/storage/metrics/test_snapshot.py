"""A snapshot is a data directory of its own: what was there at one moment, whatever happens to the store later."""

import shutil

import pytest

from otelier._core import Disk
from otelier.component import Duration, Meter
from otelier.storage.metrics import close_metrics, open_metrics
from otelier.storage.metrics.snapshot import take_snapshot
from otelier.storage.settings import StoreSettings, TelemetryRetention
from otelier.storage.stores import contents, damage
from otelier.testing import FakeClock

from .series import readable, samples


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def engine(tmp_path, clock):
    settings = StoreSettings(data_dir=str(tmp_path), retention=TelemetryRetention(max_age=Duration(0)))
    engine = open_metrics(settings, clock, Meter())
    yield engine
    close_metrics(engine)


def kept(root):
    return readable(Disk.real(str(root / "metrics")))


def test_it_has_what_was_there_and_nothing_of_later(tmp_path, engine, clock):
    now_ms = clock.time_ns() // 10**6
    engine.append("default", samples(("a", now_ms, 1.0)))
    name = take_snapshot(tmp_path, engine, clock, skip_log=False)
    engine.append("default", samples(("a", now_ms + 1, 2.0)))
    engine.delete("default", [[("__name__", "=", "a")]], 0, now_ms)
    clock.advance(0)
    copy = tmp_path / "snapshots" / name
    assert kept(copy) == {("a", now_ms): 1.0}
    assert list(damage(copy)) == []
    assert sum(each.items for each in contents(copy).holdings) == 1
    assert kept(tmp_path) == {("a", now_ms + 1): 2.0}


def test_without_the_log_it_has_segments_alone_and_writes_none(tmp_path, engine, clock):
    now_ms = clock.time_ns() // 10**6
    engine.append("default", samples(("a", now_ms, 1.0)))
    engine.flush()
    engine.append("default", samples(("b", now_ms, 2.0)))
    name = take_snapshot(tmp_path, engine, clock, skip_log=True)
    assert kept(tmp_path / "snapshots" / name) == {("a", now_ms): 1.0}
    assert engine.unflushed_bytes > 0


def test_a_store_can_be_opened_from_it_where_it_was_moved_to(tmp_path, engine, clock):
    now_ms = clock.time_ns() // 10**6
    engine.append("default", samples(("a", now_ms, 1.0)))
    name = take_snapshot(tmp_path, engine, clock, skip_log=False)
    shutil.move(tmp_path / "snapshots" / name, tmp_path / "elsewhere")
    settings = StoreSettings(data_dir=str(tmp_path / "elsewhere"), retention=TelemetryRetention(max_age=Duration(0)))
    other = open_metrics(settings, clock, Meter())
    try:
        other.append("default", samples(("b", now_ms, 2.0)))
        other.flush()
        assert kept(tmp_path / "elsewhere") == {("a", now_ms): 1.0, ("b", now_ms): 2.0}
    finally:
        close_metrics(other)
