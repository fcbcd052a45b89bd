"""file writes every batch whole, once, and into a file that others can read back."""

import json
import os
import threading
import time

import pytest

from otelier.component import CustodyKind, Duration, Retryable, StartError
from otelier.exporters.file import File, FileConfig, GroupBySettings, RotationSettings
from otelier.exporters.file.writer import FileWriter, Rotation
from otelier.telemetry import Batch
from otelier.testing import FakeClock, component_context, items

AT_ONCE = Duration(0)


@pytest.fixture
def ctx():
    return component_context("file", clock=FakeClock())


@pytest.fixture
def path(tmp_path):
    return tmp_path / "telemetry.out"


def started(ctx, path, **keys):
    file = File(FileConfig(path=str(path), **keys), ctx)
    file.start()
    return file


def digests(batches):
    return [(batch.signal, batch.digest()) for batch in batches]


def read_proto(data: bytes, signal):
    while data:
        size = int.from_bytes(data[:4])
        yield Batch.from_otlp(signal, data[4 : 4 + size])
        data = data[4 + size :]


SENT = [items("traces", 3), items("metrics", 2), items("logs", 1), items("traces", 4, first=9)]


@pytest.mark.proves("file.{path,format}")
def test_json_is_a_line_of_otlp_json_per_batch_of_all_signals(ctx, path):
    file = started(ctx, path)
    for batch in SENT:
        file.consume(batch)
    file.stop(0)
    read = []
    for line in path.read_bytes().splitlines():
        (key,) = json.loads(line)
        signal = {"resourceSpans": "traces", "resourceMetrics": "metrics", "resourceLogs": "logs"}[key]
        read.append(Batch.from_json(signal, line))
    assert digests(read) == digests(SENT)


@pytest.mark.proves("file.format")
def test_proto_is_each_request_behind_its_length(ctx, path):
    file = started(ctx, path, format="proto")
    sent = [items("logs", n + 1, first=10 * n) for n in range(5)]
    for batch in sent:
        file.consume(batch)
    file.stop(0)
    assert digests(read_proto(path.read_bytes(), "logs")) == digests(sent)


@pytest.mark.proves("file.flush_interval")
def test_a_batch_is_in_the_file_after_the_flush_interval(ctx, path):
    file = started(ctx, path)
    file.consume(items("traces", 1))
    assert path.read_bytes() == b""
    ctx.clock.advance(1)
    assert path.read_bytes().endswith(b"\n")
    file.consume(items("traces", 1))
    ctx.clock.advance(1)
    assert path.read_bytes().count(b"\n") == 2
    file.stop(0)
    assert ctx.clock.pending == []


def test_with_flush_interval_0_it_is_there_at_once(ctx, path):
    file = started(ctx, path, flush_interval=AT_ONCE)
    file.consume(items("traces", 1))
    assert path.read_bytes().count(b"\n") == 1
    assert file.custody().loss_window == ""
    file.stop(0)


@pytest.mark.proves("file.append")
@pytest.mark.parametrize(("append", "lines"), [(True, 2), (False, 1)])
def test_append_keeps_what_was_there(ctx, path, append, lines):
    for _ in range(2):
        file = started(ctx, path, append=append)
        file.consume(items("traces", 1))
        file.stop(0)
    assert path.read_bytes().count(b"\n") == lines


def test_custody_is_here_and_says_what_may_be_lost(ctx, path):
    custody = File(FileConfig(path=str(path)), ctx).custody()
    assert custody.kind == CustodyKind.STORES
    assert "1s" in custody.loss_window


@pytest.mark.proves("file.{create_directory,directory_permissions}")
def test_a_directory_is_made_only_if_wanted(ctx, tmp_path):
    path = tmp_path / "a" / "b" / "c.json"
    with pytest.raises(StartError, match="path: can't write"):
        started(ctx, path)
    started(ctx, path, create_directory=True, directory_permissions="0700").stop(0)
    assert (path.parent.stat().st_mode & 0o777) == 0o700


def test_many_threads_tear_no_line(ctx, path):
    file = started(ctx, path)
    sent = [items("traces", 5, first=10 * n) for n in range(40)]
    threads = [threading.Thread(target=lambda n=n: [file.consume(b) for b in sent[n::4]]) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    file.stop(0)
    read = [Batch.from_json("traces", line) for line in path.read_bytes().splitlines()]
    assert sorted(digests(read)) == sorted(digests(sent))


def test_a_full_disk_refuses_the_batch_tears_nothing_and_goes_on_later(ctx, path, monkeypatch):
    file = started(ctx, path, flush_interval=AT_ONCE)
    file.consume(items("traces", 1))
    real = os.write

    def full(fd, data):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(Retryable, match="No space left"):
        file.consume(items("traces", 2))
    monkeypatch.setattr(os, "write", real)
    file.consume(items("traces", 3))
    file.stop(0)
    assert [Batch.from_json("traces", line).items for line in path.read_bytes().splitlines()] == [1, 3]
    assert ctx.meter.counter("otelcol_exporter_sent_spans", "", "").value(exporter="file") == 4


def test_a_record_whose_beginning_is_written_is_kept_whole(path, monkeypatch):
    writer = FileWriter(path, FakeClock())
    real, left = os.write, [b"halfway", OSError(28, "full")]

    def short(fd, data):
        if not left:
            return real(fd, data)
        answer = left.pop(0)
        if isinstance(answer, OSError):
            raise answer
        return real(fd, data[:4])

    monkeypatch.setattr(os, "write", short)
    writer.write(b"12345678\n", flush=True)
    writer.write(b"next\n", flush=True)
    writer.close()
    assert path.read_bytes() == b"12345678\nnext\n"


# -- rotation -----------------------------------------------------------------------------------


def backups(path):
    return sorted(each for each in path.parent.iterdir() if each != path)


@pytest.mark.proves("file.rotation.max_megabytes")
def test_a_large_file_is_set_aside_under_its_time_and_nothing_is_lost(path):
    clock = FakeClock()
    writer = FileWriter(path, clock, rotation=Rotation(max_bytes=10, max_days=0, max_backups=0, localtime=False))
    for n in range(4):
        writer.write(b"12345 %d\n" % n)
        clock.advance(1.5)
    writer.close()
    assert [each.name for each in backups(path)] == [
        "telemetry-2023-11-14T22-13-21.500.out",
        "telemetry-2023-11-14T22-13-23.000.out",
        "telemetry-2023-11-14T22-13-24.500.out",
    ]
    assert b"".join(each.read_bytes() for each in [*backups(path), path]) == b"12345 0\n12345 1\n12345 2\n12345 3\n"


@pytest.mark.proves("file.rotation.localtime")
@pytest.mark.parametrize(("localtime", "hour"), [(False, "22-13-21"), (True, "00-13-21")])
def test_names_of_old_files_are_in_utc_or_local_time(path, monkeypatch, localtime, hour):
    monkeypatch.setenv("TZ", "UTC-2")
    time.tzset()
    clock = FakeClock()
    writer = FileWriter(path, clock, rotation=Rotation(max_bytes=1, max_days=0, max_backups=0, localtime=localtime))
    for _ in range(2):
        writer.write(b"a")
        clock.advance(1.5)
    writer.close()
    monkeypatch.undo()
    time.tzset()
    assert [hour in each.name for each in backups(path)] == [True]


@pytest.mark.proves("file.rotation.max_backups")
def test_only_so_many_old_files_are_kept_and_strangers_are_left_alone(path):
    clock = FakeClock()
    stranger = path.with_name("telemetry-notes.out")
    stranger.write_text("mine")
    writer = FileWriter(path, clock, rotation=Rotation(max_bytes=1, max_days=0, max_backups=2, localtime=False))
    for n in range(6):
        writer.write(b"%d\n" % n)
        clock.advance(1)
    writer.close()
    kept = [each for each in backups(path) if each != stranger]
    assert [each.read_bytes() for each in [*kept, path]] == [b"3\n", b"4\n", b"5\n"]
    assert stranger.exists()


@pytest.mark.proves("file.rotation.max_days")
def test_old_files_go_after_max_days(path):
    clock = FakeClock()
    writer = FileWriter(path, clock, rotation=Rotation(max_bytes=1, max_days=7, max_backups=0, localtime=False))
    writer.write(b"a")
    writer.write(b"b")
    (first,) = backups(path)
    now_s = clock.time_ns() / 1e9
    os.utime(first, (now_s, now_s))
    clock.advance(8 * 86_400)
    writer.write(b"c")
    writer.close()
    assert [each.read_bytes() for each in backups(path)] == [b"b"]


def test_rotation_goes_on_with_the_file_that_is_there(ctx, path):
    for _ in range(2):
        file = started(ctx, path, rotation=RotationSettings())
        file.consume(items("traces", 1))
        file.stop(0)
    assert path.read_bytes().count(b"\n") == 2


# -- configuration ------------------------------------------------------------------------------


@pytest.mark.proves("file.compression", "file.group_by.enabled", "file.group_by.{resource_attribute,max_open_files}")
@pytest.mark.parametrize(
    ("keys", "key"),
    [
        ({"path": ""}, "path"),
        ({"append": True, "rotation": RotationSettings()}, "append"),
        ({"compression": "zstd"}, "compression"),
        ({"group_by": GroupBySettings(enabled=True, resource_attribute="a", max_open_files=1)}, "group_by.enabled"),
        ({"flush_interval": Duration(-1)}, "flush_interval"),
        ({"directory_permissions": "rwx"}, "directory_permissions"),
    ],
)
def test_a_mistake_names_its_key(keys, key):
    assert [found for found, _ in FileConfig(**{"path": "x", **keys}).problems()] == [key]
