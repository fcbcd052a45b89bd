"""`otelier data`: what is there, whether it is sound, less of it, a copy of it."""

import errno
import json
import os
import signal
import subprocess
import sys

import pytest
from click.testing import CliRunner

from otelier._core import Disk
from otelier.cli import main
from otelier.component import Duration, Meter, SystemClock
from otelier.storage.local import StoreSettings, close_store, open_store, read_state
from otelier.storage.segmented import backup
from otelier.testing import items, log_record, logs, span, trace_id, traces

from ..storage.reading import everything


def run(*words):
    return CliRunner().invoke(main, ["data", *map(str, words)])


@pytest.fixture
def data(tmp_path):
    return tmp_path / "data"


@pytest.fixture
def opened(data):
    engine = open_store(StoreSettings(data_dir=str(data)), SystemClock(), Meter())
    yield engine
    close_store(engine)


@pytest.fixture
def filled(data):
    """Two segments of traces, one of logs of another tenant; nobody has it open."""
    engine = open_store(StoreSettings(data_dir=str(data)), SystemClock(), Meter())
    for first in (0, 10):
        engine.append("default", items("traces", 5, first=first))
        engine.flush(everything=True)
    engine.append("acme", logs(*(log_record(f"{n}", trace=n) for n in range(3))))
    close_store(engine)
    return data


def rows(data) -> dict:
    found = {}
    for each in read_state(Disk.real(data)).segments.values():
        found[each.tenant, each.signal] = found.get((each.tenant, each.signal), 0) + each.rows
    return found


# -- info -----------------------------------------------------------------------------------------


def test_info_counts_per_tenant_and_signal(filled):
    said = json.loads(run("info", "--data-dir", filled).stdout)
    assert said["in_use_by"] is None
    assert said["unflushed_bytes"] == 0
    assert [(each["tenant"], each["signal"], each["items"], each["segments"]) for each in said["holdings"]] == [
        ("acme", "logs", 3, 1),
        ("default", "traces", 10, 2),
    ]
    traces_ = said["holdings"][1]
    assert traces_["bytes_per_item"] == round(traces_["bytes"] / 10, 1)
    assert traces_["from"] == "2023-11-14 22:13:20"


def test_info_works_while_it_is_in_use_and_says_by_whom(data, opened):
    opened.append("default", items("traces", 5))
    said = json.loads(run("info", "--data-dir", data).stdout)
    assert isinstance(said["in_use_by"], int)
    assert said["unflushed_bytes"] == opened.unflushed_bytes > 0
    (holding,) = said["holdings"]
    assert (holding["tenant"], holding["signal"]) == ("default", "traces")
    assert (holding["items"], holding["unflushed_items"], holding["segments"]) == (0, 5, 0)


def test_info_and_backup_count_what_is_in_the_log_alone_and_carried_items_once(data, opened, tmp_path):
    opened.flush(everything=True)
    opened.append("default", items("traces", 5))
    opened.flush()  # carries them, because their traces go on
    opened.append("default", items("traces", 2, first=50))
    opened.append("acme", logs(log_record("a"), log_record("b")))
    said = json.loads(run("info", "--data-dir", data).stdout)["holdings"]
    found = {(each["tenant"], each["signal"]): each["items"] + each["unflushed_items"] for each in said}
    assert found == {("acme", "logs"): 2, ("default", "traces"): 7}
    assert "the log with 9 items" in run("backup", "--data-dir", data, tmp_path / "copy").stderr


@pytest.mark.parametrize("verb", ["info", "verify", "prune --older-than 1d", "backup to"])
def test_where_there_is_none_it_says_so_and_makes_none(tmp_path, verb):
    missing = tmp_path / "none"
    done = run(*verb.split(), "--data-dir", missing)
    assert done.exit_code == 2
    assert f"there is no data directory at {missing}" in done.stderr
    assert not missing.exists()


def test_the_directory_can_be_named_by_the_environment(filled):
    done = CliRunner().invoke(main, ["data", "info"], env={"OTELIER_DATA_DIR": str(filled)})
    assert json.loads(done.stdout)["data_dir"] == str(filled)


def test_the_directory_may_stand_in_front_and_is_never_ignored(filled, tmp_path, monkeypatch):
    other = tmp_path / "other"
    close_store(open_store(StoreSettings(data_dir=str(other)), SystemClock(), Meter()))
    monkeypatch.setenv("OTELIER_DATA_DIR", str(filled))
    words = ["--data-dir", str(other), "data", "prune", "--older-than", "0s"]
    assert "0 segments" in CliRunner().invoke(main, words).stderr
    assert rows(filled) == {("default", "traces"): 10, ("acme", "logs"): 3}
    words = ["--data-dir", str(other), "data", "info", "--data-dir", str(filled)]
    assert json.loads(CliRunner().invoke(main, words).stdout)["data_dir"] == str(filled)


def test_a_verb_that_has_no_use_for_the_directory_refuses_it(tmp_path):
    done = CliRunner().invoke(main, ["--data-dir", str(tmp_path), "run"])
    assert done.exit_code == 2
    assert "run takes no --data-dir" in done.stderr


@pytest.mark.parametrize("how", ["option", "environment"])
def test_a_tilde_is_the_home(filled, how, monkeypatch):
    monkeypatch.setenv("HOME", str(filled.parent))
    given = f"~/{filled.name}"
    if how == "environment":
        monkeypatch.setenv("OTELIER_DATA_DIR", given)
    done = run("info") if how == "environment" else run("info", f"--data-dir={given}")
    assert json.loads(done.stdout)["data_dir"] == str(filled)


def test_a_directory_without_a_name_is_refused():
    assert run("info", "--data-dir", "").exit_code == 2
    assert CliRunner().invoke(main, ["--data-dir", ""]).exit_code == 2


# -- verify ---------------------------------------------------------------------------------------


def test_a_sound_one_is_sound(filled):
    done = run("verify", "--data-dir", filled)
    assert (done.exit_code, done.stdout) == (0, "")
    assert "is sound" in done.stderr


def test_one_in_use_is_sound(data, opened):
    opened.append("default", items("traces", 5))
    opened.flush(everything=True)
    opened.append("default", items("traces", 5, first=9))
    assert run("verify", "--data-dir", data).exit_code == 0


@pytest.mark.parametrize("suffix", ["parquet", "index"])
def test_a_changed_byte_is_found_wherever_it_is(filled, suffix):
    victim = sorted(filled.rglob(f"*.{suffix}"))[0]
    sound = victim.read_bytes()
    for at in range(0, len(sound), max(1, len(sound) // 20)):
        victim.write_bytes(sound[:at] + bytes([sound[at] ^ 0x55]) + sound[at + 1 :])
        done = run("verify", "--data-dir", filled)
        assert done.exit_code == 1, at
        assert str(victim.with_suffix(".parquet")) in done.stdout
    victim.write_bytes(sound)
    assert run("verify", "--data-dir", filled).exit_code == 0


def test_a_missing_segment_is_found(filled):
    victim = sorted(filled.rglob("*.parquet"))[0]
    victim.unlink()
    done = run("verify", "--data-dir", filled)
    assert done.exit_code == 1
    assert str(victim) in done.stdout


def test_damage_in_manifest_and_log_is_found(data, opened):
    for first in range(4):
        opened.append("default", items("traces", 1, first=first))
    for path in (data / "log").iterdir():
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.write_bytes(content)
    done = run("verify", "--data-dir", data)
    assert done.exit_code == 1
    assert "bytes are damaged" in done.stdout


def test_a_long_run_says_how_far_it_is_and_ctrl_c_ends_it_at_once(filled):
    victim = sorted(filled.rglob("*.parquet"))[-1]
    victim.unlink()
    os.mkfifo(victim)  # whoever reads it waits for ever
    terminal, end = os.openpty()
    command = [sys.executable, "-m", "otelier", "data", "verify", "--data-dir", str(filled)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=end) as process:
        os.close(end)
        said = b""
        while b"bytes read" not in said:
            said += os.read(terminal, 1000)
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 130
    while b"interrupted" not in said:
        said += os.read(terminal, 1000)
    os.close(terminal)


# -- prune ----------------------------------------------------------------------------------------


def test_prune_deletes_what_is_older_and_only_that(filled):
    assert run("prune", "--data-dir", filled, "--older-than", "7d").exit_code == 0
    assert rows(filled) == {("default", "traces"): 10, ("acme", "logs"): 3}
    done = run("prune", "--data-dir", filled, "--older-than", "0s")
    assert "3 segments, 13 items" in done.stderr
    assert rows(filled) == {}
    assert list(filled.rglob("*.parquet")) == list(filled.rglob("*.index")) == []


def test_prune_of_one_tenant_leaves_the_others(filled):
    run("prune", "--data-dir", filled, "--older-than", "0s", "--tenant", "acme")
    assert rows(filled) == {("default", "traces"): 10}


def test_prune_by_size_keeps_the_youngest(filled):
    largest = max(each.bytes for each in read_state(Disk.real(filled)).segments.values())
    run("prune", "--data-dir", filled, "--max-bytes", largest)
    assert rows(filled) == {("acme", "logs"): 3}


@pytest.mark.parametrize(("size", "kept"), [("1kB", 0), ("1000 B", 0), ("1MiB", 13), ("0.5GB", 13)])
def test_a_size_may_have_a_unit(filled, size, kept):
    assert run("prune", "--data-dir", filled, "--max-bytes", size).exit_code == 0
    assert sum(rows(filled).values()) == kept


@pytest.mark.parametrize("size", ["0", "-1", "MB", "1XB", "1Ki", "", "0.1B"])
def test_what_is_no_size_is_refused(filled, size):
    assert run("prune", "--data-dir", filled, f"--max-bytes={size}").exit_code == 2


def test_a_dry_run_changes_nothing(filled):
    done = run("prune", "--data-dir", filled, "--older-than", "0s", "--dry-run")
    assert "would be deleted" in done.stderr
    assert done.stdout.count("\n") == 3
    assert rows(filled) == {("default", "traces"): 10, ("acme", "logs"): 3}


def test_prune_wants_to_be_told_what(filled):
    assert run("prune", "--data-dir", filled).exit_code == 2


@pytest.mark.parametrize("age", ["-1d", "-1s", "nand", "infd"])
def test_a_negative_age_deletes_nothing(filled, age):
    assert run("prune", "--data-dir", filled, f"--older-than={age}").exit_code == 2
    assert rows(filled) == {("default", "traces"): 10, ("acme", "logs"): 3}


def test_prune_of_all_takes_the_log_too(data, opened, tmp_path):
    opened.append("default", items("traces", 5))
    run("backup", "--data-dir", data, tmp_path / "copy")  # with a log, as after a kill
    done = run("prune", "--data-dir", tmp_path / "copy", "--older-than", "0s")
    assert "1 segments, 5 items" in done.stderr
    assert total(tmp_path / "copy") == 0


@pytest.mark.parametrize("loss", ["deleted", "emptied", "cut"])
def test_prune_of_one_whose_manifest_is_lost_keeps_what_is_young(filled, loss):
    manifest = filled / "manifest"
    content = manifest.read_bytes()
    manifest.unlink()
    if loss != "deleted":
        manifest.write_bytes(b"" if loss == "emptied" else content[:-1])
    done = run("verify", "--data-dir", filled)
    assert done.exit_code == 1
    assert str(manifest) in done.stdout
    assert done.stdout.count("does not name it") == (1 if loss == "cut" else 3)
    assert run("prune", "--data-dir", filled, "--older-than", "7d").exit_code == 0
    assert rows(filled) == {("default", "traces"): 10, ("acme", "logs"): 3}
    assert run("verify", "--data-dir", filled).exit_code == 0


def test_without_its_manifest_it_is_not_copied_and_info_says_so(filled, tmp_path):
    (filled / "manifest").unlink()
    assert "missing or empty" in run("info", "--data-dir", filled).stderr
    done = run("backup", "--data-dir", filled, tmp_path / "copy")
    assert done.exit_code == 2
    assert "must be made anew first" in done.stderr
    assert not (tmp_path / "copy").exists()


@pytest.mark.parametrize("age", ["7", "d", "1.5x", ""])
def test_what_is_no_age_is_refused(filled, age):
    assert run("prune", "--data-dir", filled, "--older-than", age).exit_code == 2


def test_prune_is_refused_while_it_is_in_use(data, opened):
    opened.append("default", items("traces", 5))
    done = run("prune", "--data-dir", data, "--older-than", "0s")
    assert done.exit_code == 2
    assert "in use by pid" in done.stderr


# -- backup ---------------------------------------------------------------------------------------


def total(root, tenant="default") -> int:
    return sum(batch.items for batch in everything(Disk.real(root), tenant, "traces"))


def test_a_backup_is_a_data_directory_with_the_same_items(filled, tmp_path):
    assert run("backup", "--data-dir", filled, tmp_path / "copy").exit_code == 0
    assert run("verify", "--data-dir", tmp_path / "copy").exit_code == 0
    assert rows(tmp_path / "copy") == rows(filled)
    run("prune", "--data-dir", filled, "--older-than", "0s")
    assert total(tmp_path / "copy") == 10


def test_a_backup_of_one_in_use_has_all_that_was_acknowledged_and_lives_on_its_own(data, opened, tmp_path):
    opened.append("default", items("traces", 5))
    opened.flush(everything=True)
    opened.append("default", items("traces", 4, first=100))
    assert run("backup", "--data-dir", data, tmp_path / "copy").exit_code == 0
    opened.append("default", items("traces", 3, first=200))
    copy = open_store(StoreSettings(data_dir=str(tmp_path / "copy")), SystemClock(), Meter())
    copy.append("default", traces(span(trace=999)))
    close_store(copy)
    assert (total(tmp_path / "copy"), total(data)) == (10, 12)


def test_a_backup_wants_an_empty_place(filled, tmp_path):
    (tmp_path / "copy").mkdir()
    (tmp_path / "copy" / "mine").write_text("x")
    done = run("backup", "--data-dir", filled, tmp_path / "copy")
    assert done.exit_code == 2
    assert "is not empty" in done.stderr
    assert (tmp_path / "copy" / "mine").read_text() == "x"


@pytest.mark.parametrize("place", [".", "segments/copy", "copy"])
def test_a_backup_into_the_data_directory_itself_is_refused(filled, place):
    before = sorted(filled.rglob("*"))
    done = run("backup", "--data-dir", filled, filled / place)
    assert done.exit_code == 2
    assert "in the data directory itself" in done.stderr
    assert sorted(filled.rglob("*")) == before


@pytest.mark.parametrize("place", ["file", "file/copy"])
def test_a_backup_where_a_file_is_fails_in_one_line(filled, tmp_path, place):
    (tmp_path / "file").write_text("x")
    done = run("backup", "--data-dir", filled, tmp_path / place)
    assert done.exit_code == 2
    assert len(done.stderr.splitlines()) == 1
    assert (tmp_path / "file").read_text() == "x"


@pytest.mark.parametrize("existed", [False, True])
@pytest.mark.parametrize("call", ["link", "fsync"])
def test_a_backup_that_fails_leaves_nothing(filled, tmp_path, monkeypatch, existed, call):
    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(backup.os, call, full)
    if call == "link":
        monkeypatch.setattr(backup.shutil, "copyfile", full)
    if existed:
        (tmp_path / "copy").mkdir()
    done = run("backup", "--data-dir", filled, tmp_path / "copy")
    assert done.exit_code == 2
    assert "No space left on device" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert (tmp_path / "copy").exists() == existed
    assert not list(tmp_path.glob("copy/*"))
    assert total(filled) == 10


def test_settings_of_a_copy_are_its_own(filled, tmp_path):
    run("backup", "--data-dir", filled, tmp_path / "copy")
    settings = StoreSettings(data_dir=str(tmp_path / "copy"), interval=Duration(9))
    close_store(open_store(settings, SystemClock(), Meter()))


# -- delete-trace ----------------------------------------------------------------------------------


def test_delete_trace_takes_out_what_is_there_and_says_how_much(filled):
    done = run("delete-trace", "--data-dir", filled, trace_id(3).hex(), trace_id(12).hex().upper(), trace_id(99).hex())
    assert (done.exit_code, done.stderr) == (0, "2 spans deleted\n")
    assert rows(filled) == {("default", "traces"): 8, ("acme", "logs"): 3}


def test_delete_trace_of_a_tenant_with_its_logs(filled):
    done = run("delete-trace", "--data-dir", filled, trace_id(1).hex(), "--tenant", "acme", "--logs")
    assert done.stderr == "0 spans and 1 log records deleted\n"
    assert rows(filled) == {("default", "traces"): 10, ("acme", "logs"): 2}


def test_delete_trace_has_the_writer_do_it_where_there_is_one(data, opened):
    opened.append("default", items("traces", 5))
    assert run("delete-trace", "--data-dir", data, trace_id(3).hex()).stderr == "1 spans deleted\n"
    assert rows(data) == {("default", "traces"): 4}


@pytest.mark.parametrize("words", [("xyz",), ("00",), (), ("ab", "--tenant", "../x")])
def test_delete_trace_refuses_what_makes_no_sense(filled, words):
    assert run("delete-trace", "--data-dir", filled, *words).exit_code == 2
    assert rows(filled) == {("default", "traces"): 10, ("acme", "logs"): 3}


# -- import-openmetrics -----------------------------------------------------------------------------


def test_an_error_names_a_file_once(data, tmp_path):
    done = run("import-openmetrics", "--data-dir", data, tmp_path / "none")
    assert (done.exit_code, done.stderr.count(str(tmp_path / "none"))) == (1, 1)
    (tmp_path / "wrong").write_text("nonsense {\n")
    done = run("import-openmetrics", "--data-dir", data, tmp_path / "wrong")
    assert (done.exit_code, done.stderr.count(str(tmp_path / "wrong"))) == (1, 1)
