"""History is imported once, whole or with what is damaged named, whatever is cut short; and while the store is open."""

import io
from contextlib import suppress
from random import Random

import msgspec
import pytest

from otelier._core import Disk
from otelier.component import Duration, Meter, SystemClock
from otelier.storage.contract import DataDirectoryError
from otelier.storage.metrics import MetricsEngine, close_metrics, open_metrics
from otelier.storage.metrics.importing import session
from otelier.storage.metrics.incoming import INCOMING, OFFERS, Ready, imported
from otelier.storage.metrics.openmetrics import import_text
from otelier.storage.metrics.prometheus import find, import_blocks
from otelier.storage.metrics.segment import SeriesSegment
from otelier.storage.segmented.manifest import read_state
from otelier.storage.settings import MetricsSettings, RetentionSettings, StoreSettings, TelemetryRetention
from otelier.testing import FakeClock, losing_disk

from .blocks import write_block
from .series import readable, samples

DAY_MS = 86_400_000
START_MS = 19_000 * DAY_MS + 3_600_000


def labels(name, **others):
    return tuple(sorted({"__name__": name, **others}.items()))


def block(root, ulid="01A", start_ms=START_MS, parents=()):
    series = {
        labels("up", job="a"): [(start_ms + 1000 * n, float(n)) for n in range(5)],
        labels("down", Zone="z"): [(start_ms + DAY_MS, 0.5)],
    }
    return write_block(root, ulid, series, parents)


def expected(start_ms=START_MS):
    return {("up", start_ms + 1000 * n): float(n) for n in range(5)} | {("down", start_ms + DAY_MS): 0.5}


def taken(data, source, **options):
    with session(data, SystemClock()) as one:
        return list(import_blocks(one, find(source), "default", **{"again": False, **options}))


def kept(data):
    return readable(Disk.real(str(data / "metrics")))


def test_a_block_is_imported_once_and_again_only_if_asked(tmp_path):
    block(tmp_path / "theirs")
    (outcome,) = taken(tmp_path / "data", tmp_path / "theirs")
    assert (outcome.imported.samples, outcome.imported.segments, outcome.fault_count) == (6, 2, 0)
    assert kept(tmp_path / "data") == expected()
    assert [each.imported for each in taken(tmp_path / "data", tmp_path / "theirs")] == [None]
    (outcome,) = taken(tmp_path / "data", tmp_path / "theirs", again=True)
    assert outcome.imported.samples == 6
    assert kept(tmp_path / "data") == expected()
    assert Disk.real(str(tmp_path / "data/metrics")).list(f"{INCOMING}/default") == []


def test_blocks_that_are_in_another_one_and_unfinished_ones_are_left_alone(tmp_path):
    block(tmp_path, "01A")
    block(tmp_path, "01B", START_MS + 2 * DAY_MS)
    block(tmp_path, "01C", parents=["01A"])
    block(tmp_path, "01D").rename(tmp_path / "01D.tmp-for-creation")
    (tmp_path / "wal").mkdir()
    (tmp_path / "wal/00000000").touch()
    found = find(tmp_path)
    assert [each.ulid for each in found.blocks] == ["01C", "01B"]
    assert found.has_head


def test_what_is_no_data_directory_is_refused(tmp_path):
    with pytest.raises(DataDirectoryError, match="there is no directory"):
        find(tmp_path / "nowhere")
    with pytest.raises(DataDirectoryError, match="no blocks"):
        find(tmp_path)
    with pytest.raises(DataDirectoryError, match="name the directory above"):
        find(block(tmp_path))


def test_a_block_with_damage_is_imported_but_for_that_and_not_remembered(tmp_path):
    folder = block(tmp_path / "theirs")
    chunks = bytearray((folder / "chunks/000001").read_bytes())
    chunks[12] ^= 1
    (folder / "chunks/000001").write_bytes(chunks)
    (outcome,) = taken(tmp_path / "data", tmp_path / "theirs")
    assert outcome.faults == ["01A/chunks/000001 at byte 8: a chunk is damaged"]
    assert kept(tmp_path / "data") == {key: value for key, value in expected().items() if key[0] == "up"}
    assert imported(Disk.real(str(tmp_path / "data/metrics"))) == frozenset()


def test_a_block_of_which_nothing_can_be_read_is_named_and_others_follow(tmp_path):
    (block(tmp_path / "theirs", "01A") / "index").write_bytes(b"rubbish")
    block(tmp_path / "theirs", "01B", START_MS + 5 * DAY_MS)
    first, second = taken(tmp_path / "data", tmp_path / "theirs")
    assert "01A/index at byte 0" in first.faults[0]
    assert second.imported.samples == 6
    assert kept(tmp_path / "data") == expected(START_MS + 5 * DAY_MS)


def test_an_open_store_takes_it_in_and_later_samples_count_more(tmp_path):
    now_ms = SystemClock().time_ns() // 10**6
    block(tmp_path / "theirs", start_ms=now_ms - 2 * DAY_MS)
    settings = StoreSettings(data_dir=str(tmp_path / "data"))
    engine = open_metrics(settings, SystemClock(), Meter())
    try:
        (outcome,) = taken(tmp_path / "data", tmp_path / "theirs")
        assert (outcome.imported.samples, outcome.imported.expired) == (6, 0)
        assert kept(tmp_path / "data") == expected(now_ms - 2 * DAY_MS)
    finally:
        close_metrics(engine)


def test_what_retention_would_delete_is_not_taken_in(tmp_path):
    block(tmp_path / "theirs")
    engine = open_metrics(StoreSettings(data_dir=str(tmp_path / "data")), SystemClock(), Meter())
    try:
        (outcome,) = taken(tmp_path / "data", tmp_path / "theirs")
    finally:
        close_metrics(engine)
    assert (outcome.imported.expired, outcome.imported.max_age_s) == (2, 7 * 86_400)
    assert kept(tmp_path / "data") == {}
    assert [each.imported.samples for each in taken(tmp_path / "data", tmp_path / "theirs")] == [6]


def test_two_imports_at_once_are_refused(tmp_path):
    with (
        session(tmp_path, SystemClock()),
        pytest.raises(DataDirectoryError, match="in use"),
        session(tmp_path, SystemClock()),
    ):
        pass


def opened(disk, clock, settings):
    """Again, if the disk fails once more."""
    try:
        return MetricsEngine(disk, clock, settings, Meter())
    except OSError:
        return MetricsEngine(disk, clock, settings, Meter())


@pytest.mark.parametrize("seed", range(30))
def test_whenever_the_power_goes_what_is_ready_is_taken_in_whole(seed):
    """The segment is made elsewhere, by a store of its own, and put where an import puts it."""
    random, disk, clock = Random(seed), losing_disk(), FakeClock()
    keep = StoreSettings(
        retention=TelemetryRetention(max_age=Duration(0)),
        metrics=MetricsSettings(retention=RetentionSettings(max_age=Duration(0))),
    )
    made = losing_disk()
    source = MetricsEngine(made, clock, keep, Meter())
    source.append("default", samples(("old", START_MS, 1.0), ("old", START_MS + 1, 2.0)))
    source.close()
    (segment,) = read_state(made, SeriesSegment).segments.values()
    engine = MetricsEngine(disk, clock, keep, Meter())
    engine.append("default", samples(("new", START_MS, 3.0)))
    disk.create_dir(f"{INCOMING}/default")
    for name in made.list("segments/default"):
        disk.replace(f"{INCOMING}/default/{name}", made.read(f"segments/default/{name}"))
    OFFERS.ask(disk, clock, Ready(segments=(segment,), sources=("default/01A",)))
    for _ in range(random.randrange(1, 4)):
        pattern = random.choice(["rename", "sync_dir", "write manifest", "sync manifest", "unlink", "write"])
        disk.fail(pattern, random.randrange(1, 6), 5)
        with suppress(OSError):
            engine.take_in()
        disk.crash(random.randrange(100))
        clock.forget_timers()
        engine = opened(disk, clock, keep)
    with suppress(OSError):  # the failure that was not met yet
        engine.take_in()
    engine.take_in()
    assert readable(disk) == {("old", START_MS): 1.0, ("old", START_MS + 1): 2.0, ("new", START_MS): 3.0}
    assert imported(disk) == {"default/01A"}
    assert not [name for name in disk.list(INCOMING) if name.endswith(".ready")]


# -- OpenMetrics ------------------------------------------------------------------------------------


def text(*lines):
    return io.BytesIO("\n".join([*lines, ""]).encode())


def test_samples_of_openmetrics_text_are_imported(tmp_path):
    given = text("# TYPE a counter", 'a_total{x="1"} 3 1700000000', 'a_total{x="1"} 4 1700100000.5', "# EOF")
    with session(tmp_path, SystemClock()) as one:
        found = import_text(one, given, "default")
    assert (found.samples, found.segments) == (2, 2)
    assert kept(tmp_path) == {("a_total", 1_700_000_000_000): 3.0, ("a_total", 1_700_100_000_500): 4.0}


@pytest.mark.parametrize(
    ("lines", "wrong"),
    [
        (["a 1 1700000000", "a 2", "# EOF"], "line 2: a sample without a timestamp"),
        (["a 1 1700000000"], "does not end with `# EOF`"),
        (["a 1 1700000000", "# EOF", "a 2 1700000001"], "line 3: there is more behind"),
    ],
)
def test_of_text_with_a_fault_nothing_is_imported(tmp_path, lines, wrong):
    with session(tmp_path, SystemClock()) as one, pytest.raises(ValueError, match=wrong):
        import_text(one, text(*lines), "default")
    assert [name for name in (tmp_path / "metrics" / INCOMING).iterdir() if name.name != "LOCK"] == []


def test_the_list_of_what_was_imported_may_be_lost(tmp_path):
    block(tmp_path / "theirs")
    taken(tmp_path / "data", tmp_path / "theirs")
    (tmp_path / "data/metrics/imported").write_bytes(msgspec.json.encode(7))
    (outcome,) = taken(tmp_path / "data", tmp_path / "theirs")
    assert outcome.imported.samples == 6
    assert kept(tmp_path / "data") == expected()
