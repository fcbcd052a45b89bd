"""Queues in folders: each used by one process, made as told, kept apart."""

import os
import stat

import pytest

from otelier.component import Duration, StartError, SystemClock
from otelier.extensions.file_storage import CompactionSettings, FileStorage, FileStorageConfig, folder_name
from otelier.testing import component_context, items


def storage(directory, **keys):
    made = FileStorage(FileStorageConfig(directory=str(directory), **keys), component_context(clock=SystemClock()))
    made.start()
    return made


@pytest.mark.proves("file_storage.directory")
def test_a_queue_is_found_again_under_its_name_and_under_no_other(tmp_path):
    first = storage(tmp_path)
    queue = first.open_queue("exporter/otlp/traces")
    queue.put(items("traces", 3), 1)
    first.stop(0)
    again = storage(tmp_path)
    assert again.open_queue("exporter/otlp/logs").restored() == []
    assert [(signal, count) for _, signal, count, *_ in again.open_queue("exporter/otlp/traces").restored()] == [
        ("traces", 3)
    ]
    again.stop(0)


def test_records_are_found_again_and_belong_to_one_process(tmp_path):
    first = storage(tmp_path)
    records = first.open_records("processor/tail_sampling/traces")
    records.append(b"one")
    records.rewrite([b"two", b"three"])
    with pytest.raises(StartError, match=f"in use by pid {os.getpid()}"):
        storage(tmp_path, timeout=Duration(0)).open_records("processor/tail_sampling/traces")
    first.stop(0)
    assert storage(tmp_path).open_records("processor/tail_sampling/traces").records == [b"two", b"three"]


@pytest.mark.proves("file_storage.timeout")
def test_a_queue_in_use_is_refused_with_the_holder_s_pid_until_it_is_let_go(tmp_path):
    first = storage(tmp_path)
    queue = first.open_queue("a")
    with pytest.raises(StartError, match=f"in use by pid {os.getpid()}") as refused:
        storage(tmp_path, timeout=Duration(0)).open_queue("a")
    assert refused.value.exit_code == 2
    storage(tmp_path).open_queue("b").close()
    queue.close()
    queue.close()
    storage(tmp_path, timeout=Duration(0)).open_queue("a").close()


@pytest.mark.proves("file_storage.{create_directory,directory_permissions}")
def test_a_directory_that_is_missing_is_made_only_if_told(tmp_path):
    with pytest.raises(StartError, match="create_directory: true"):
        storage(tmp_path / "no")
    storage(tmp_path / "a" / "b", create_directory=True, directory_permissions="0710")
    assert stat.S_IMODE((tmp_path / "a" / "b").stat().st_mode) == 0o710


def test_a_directory_that_can_t_be_written_says_so(tmp_path):
    (tmp_path / "a").write_text("a file")
    with pytest.raises(StartError, match="can't write to"):
        storage(tmp_path).open_queue("a")
    with pytest.raises(StartError, match="can't make"):
        storage(tmp_path / "a" / "b", create_directory=True)


def test_damage_is_told_and_the_rest_is_kept(tmp_path, caplog):
    first = storage(tmp_path)
    queue = first.open_queue("a")
    for number in range(3):
        queue.put(items("traces", 1, first=number), 1)
    first.stop(0)
    (file,) = (tmp_path / "a" / "queue").iterdir()
    image = bytearray(file.read_bytes())
    image[len(image) // 2] ^= 1
    file.write_bytes(image)
    assert len(storage(tmp_path).open_queue("a").restored()) == 2
    assert "damaged bytes" in caplog.text


@pytest.mark.parametrize(
    ("name", "folder"),
    [
        ("exporter/otlp/traces", "exporter~2fotlp~2ftraces"),
        ("..", "~2e."),
        ("é~/", "~c3~a9~7e~2f"),
        ("a_b.c-d", "a_b.c-d"),
    ],
)
def test_a_name_is_one_folder(name, folder):
    assert folder_name(name) == folder


@pytest.mark.parametrize(
    ("keys", "key"),
    [
        ({"timeout": Duration(-1)}, "timeout"),
        ({"directory": ""}, "directory"),
        ({"directory_permissions": "rwx"}, "directory_permissions"),
    ],
)
def test_a_mistake_names_its_key(keys, key):
    assert [path for path, _ in FileStorageConfig(**keys).problems()] == [key]


@pytest.mark.proves("file_storage.fsync")
def test_the_loss_window_is_that_of_a_power_cut_without_fsync(tmp_path):
    assert "power cut" in storage(tmp_path).loss_window()
    assert storage(tmp_path, fsync=True).loss_window() == ""
    assert FileStorageConfig().compaction == CompactionSettings()


@pytest.mark.proves(
    "file_storage.recreate",
    "file_storage.compaction.{directory,on_start,on_rebound,rebound_needed_threshold_mib}",
    "file_storage.compaction.{rebound_trigger_threshold_mib,max_transaction_size}",
    "file_storage.compaction.{check_interval,cleanup_on_start}",
)
def test_keys_of_the_collectors_file_change_nothing(tmp_path):
    compaction = CompactionSettings(
        directory="none",
        on_start=True,
        on_rebound=True,
        rebound_needed_threshold_mib=0,
        rebound_trigger_threshold_mib=0,
        max_transaction_size=1,
        check_interval=Duration(0.001),
        cleanup_on_start=True,
    )
    for run in range(3):
        it = storage(tmp_path, compaction=compaction, recreate=True)
        queue = it.open_queue("a")
        assert len(queue.restored()) == run
        queue.put(items("traces", 1, first=run), 1)
        it.stop(0)
