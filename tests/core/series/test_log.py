"""The log of series as Python has it: outcomes, errors, and what is durable."""

import errno
from array import array

import pytest

from otelier._core import Disk, Samples, SeriesLog, read_generation
from otelier.testing import losing_disk

EVER = (-(2**63), 2**63 - 1)


def _samples(*names: str, ms: int = 1) -> Samples:
    labels = [(("__name__", name),) for name in names]
    return Samples.of_arrays(labels, array("q", [ms] * len(names)).tobytes(), array("d", [1.0] * len(names)).tobytes())


def _records(disk: Disk) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for name in disk.list("log"):
        records, damaged, torn = read_generation(disk, f"log/{name}")
        assert (damaged, torn) == (0, 0)
        found += [(kind, tenant) for kind, tenant, *_ in records]
    return found


def test_what_is_taken_and_what_is_not_is_told() -> None:
    log = SeriesLog(losing_disk(), "log", max_series_per_metric=2)
    appended = log.append("a", Samples.joined([_samples("up", "down"), _samples("up", ms=9)]), 5, 0, 8)
    assert (appended.samples, appended.histograms, appended.exemplars, appended.folded) == (2, 0, 0, 0)
    assert appended.rejected == [("too_far_in_future", "up", 1)]
    assert log.active("a", 1) == [("down", 1)]
    assert (log.active_series("a"), log.active_series("b")) == (2, 0)


def test_what_was_refused_when_it_was_read_is_told_again() -> None:
    nameless = b"\x0a\x15\x0a\x06\x0a\x01a\x12\x01b\x12\x0b\x09" + bytes(8) + b"\x10\x01"
    samples = Samples.of_remote_write(nameless, 1)
    appended = SeriesLog(losing_disk(), "log").append("a", samples, 5, *EVER)
    assert appended.rejected == samples.refused == [("missing_name", '{a="b"}', 1)]


def test_nothing_to_write_writes_nothing() -> None:
    disk = losing_disk()
    log = SeriesLog(disk, "log")
    log.append("a", _samples("up"), 5, 2, 8)
    log.append("a", Samples.joined([]), 5, *EVER)
    assert disk.list("log") == []


def test_a_failed_append_raises_and_keeps_nothing() -> None:
    disk = losing_disk()
    log = SeriesLog(disk, "log")
    disk.fail("write", 1, errno.ENOSPC)
    with pytest.raises(OSError, match="space") as raised:
        log.append("a", _samples("up"), 5, *EVER)
    assert raised.value.errno == errno.ENOSPC
    log.append("a", _samples("up"), 5, *EVER)
    disk.crash(0)
    assert _records(disk) == [("series", "a")]


def test_a_full_log_says_try_again_until_something_is_retired() -> None:
    log = SeriesLog(losing_disk(), "log", max_unflushed_bytes=1, max_wait_s=0)
    log.append("a", _samples("up"), 5, *EVER)
    with pytest.raises(BlockingIOError):
        log.append("a", _samples("up"), 5, *EVER)
    assert log.counters()["refused"] == 1
    log.retire(log.rotate())
    assert (log.generations(), log.unflushed_bytes, log.oldest_ns) == ([], 0, 0)
    log.append("a", _samples("up"), 5, *EVER)


def test_a_bad_tenant_raises() -> None:
    with pytest.raises(ValueError, match="tenant"):
        SeriesLog(losing_disk(), "log").append("../a", _samples("up"), 5, *EVER)


def test_a_closed_log_takes_nothing() -> None:
    log = SeriesLog(losing_disk(), "log")
    log.close()
    with pytest.raises(OSError, match="closed"):
        log.append("a", _samples("up"), 5, *EVER)
