"""file_storage: keep the queues and the state of other components on disk, so that a restart or a kill loses nothing.

Name it under `service::extensions` and under `sending_queue::storage` of an exporter. Each queue has a folder of its
own in `directory`, used by one process at a time. What a queue took survives a killed process in any case; with
`fsync: true` a power cut, too. Files are never larger than about twice what waits, so there is nothing to compact.
"""

import re
import threading
from collections.abc import Iterable
from pathlib import Path

from .._core import Disk, QueueFile, Records
from ..component import Config, Duration, QueueStore, RecordStore, StartError, Storage, extension
from ..storage.contract import DataDirectoryError
from ..storage.segmented.lock import DirectoryLock, holder

_DEFAULT_DIRECTORY = "/var/lib/otelcol/file_storage"
_PLAIN = re.compile(r"[^A-Za-z0-9_.-]|^\.")
_LOCK_PAUSE_S = 0.02


class CompactionSettings(Config):
    """`compaction`: accepted without effect; what is done is removed as it goes."""

    directory: str = ""
    """Accepted without effect."""
    on_start: bool = False
    """Accepted without effect."""
    on_rebound: bool = False
    """Accepted without effect."""
    rebound_needed_threshold_mib: int = 100
    """Accepted without effect."""
    rebound_trigger_threshold_mib: int = 10
    """Accepted without effect."""
    max_transaction_size: int = 65536
    """Accepted without effect."""
    check_interval: Duration = Duration(5)
    """Accepted without effect."""
    cleanup_on_start: bool = False
    """Accepted without effect."""


class FileStorageConfig(Config):
    directory: str = _DEFAULT_DIRECTORY
    """Where the queues' folders are."""
    timeout: Duration = Duration(1)
    """How long to wait for another process to let go of a queue."""
    create_directory: bool = False
    """Make the directory if it isn't there."""
    directory_permissions: str = "0750"
    """Of a directory made so, in octal."""
    fsync: bool = False
    """Make what a queue takes durable before its sender is answered; otherwise a power cut may lose the newest."""
    recreate: bool = False
    """Accepted without effect: what is damaged is skipped and said so, the rest is kept."""
    compaction: CompactionSettings = CompactionSettings()
    """Accepted without effect."""

    def problems(self) -> Iterable[tuple[str, str]]:
        """Ranges."""
        if self.timeout < 0:
            yield "timeout", "must not be negative"
        if not self.directory:
            yield "directory", "must not be empty"
        if not re.fullmatch("0?[0-7]{3}", self.directory_permissions):
            yield "directory_permissions", "must be octal, such as 0750"


@extension("file_storage", stability="beta")
class FileStorage(Storage):
    cfg: FileStorageConfig

    def setup(self) -> None:
        self._root = Path(self.cfg.directory)
        self._open: list[_LockedQueue | _LockedRecords] = []

    def start(self) -> None:
        if self.cfg.create_directory and not self._root.is_dir():
            try:
                self._root.mkdir(parents=True)
                self._root.chmod(int(self.cfg.directory_permissions, 8))
            except OSError as error:
                raise StartError(f"can't make {self._root}: {error.strerror}", exit_code=2) from error
        if not self._root.is_dir():
            message = f"there is no directory {self._root}: make it, or set create_directory: true"
            raise StartError(message, exit_code=2)

    def stop(self, deadline: float) -> None:
        for each in self._open:
            each.close()

    def open_queue(self, name: str) -> QueueStore:
        folder = self._root / folder_name(name)
        lock = self._lock(folder)
        try:
            queue = QueueFile(Disk.real(folder), "queue", fsync=self.cfg.fsync)
        except OSError as error:
            lock.release()
            raise StartError(f"can't open the queue in {folder}: {error.strerror}", exit_code=2) from error
        if queue.damaged_bytes:
            self.ctx.log.error("%s: skipped %d damaged bytes; what they held is lost", folder, queue.damaged_bytes)
        self._open.append(opened := _LockedQueue(queue, lock))
        return opened

    def open_records(self, name: str) -> RecordStore:
        folder = self._root / folder_name(name)
        lock = self._lock(folder)
        try:
            records = Records(Disk.real(folder), "records")
        except OSError as error:
            lock.release()
            raise StartError(f"can't open the records in {folder}: {error.strerror}", exit_code=2) from error
        if records.damage:
            self.ctx.log.error("%s: skipped damaged records: %s", folder, records.damage)
        self._open.append(opened := _LockedRecords(records, lock))
        return opened

    def loss_window(self) -> str:
        if self.cfg.fsync:
            return ""
        return "nothing of what waits on disk; a power cut, what came in the last half minute or so (fsync: false)"

    def _lock(self, folder: Path) -> DirectoryLock:
        clock = self.ctx.clock
        until = clock.monotonic() + self.cfg.timeout
        while True:
            try:
                return DirectoryLock(folder, clock.time_ns())
            except DataDirectoryError as error:
                if (pid := holder(folder)) is None:
                    raise StartError(f"can't write to {folder}: {error.__cause__}", exit_code=2) from error
                if clock.monotonic() >= until:
                    who = f"pid {pid}" if pid else "another process"
                    message = f"{folder} is in use by {who}: stop it, or give each process a directory of its own"
                    raise StartError(message, exit_code=2) from error
            clock.wait(threading.Event(), _LOCK_PAUSE_S)


class _LockedQueue:
    """A queue that lets go of its folder when it is closed."""

    def __init__(self, queue: QueueFile, lock: DirectoryLock) -> None:
        self.restored = queue.restored
        self.put = queue.put
        self.load = queue.load
        self.done = queue.done
        self._queue = queue
        self._lock: DirectoryLock | None = lock

    def close(self) -> None:
        """Again does nothing."""
        if self._lock:
            self._queue.close()
            self._lock.release()
            self._lock = None


class _LockedRecords:
    """Records that let go of their folder when they are closed."""

    def __init__(self, records: Records, lock: DirectoryLock) -> None:
        self.append = records.append
        self.rewrite = records.rewrite
        self._records = records
        self._lock: DirectoryLock | None = lock

    @property
    def records(self) -> list[bytes]:
        """As they were at the opening."""
        return self._records.records

    @property
    def size_bytes(self) -> int:
        """On disk now."""
        return self._records.size_bytes

    def close(self) -> None:
        """Again does nothing."""
        if self._lock:
            self._lock.release()
            self._lock = None


def folder_name(name: str) -> str:
    """One folder's name for a queue's name: `exporter/otlp/b/traces` is `exporter~2fotlp~2fb~2ftraces`."""
    return _PLAIN.sub(lambda found: "".join(f"~{byte:02x}" for byte in found[0].encode()), name)
