"""A file that records are added to, whole or not at all, and that is set aside when it is large."""

import os
import threading
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from glob import escape
from pathlib import Path

from ...component import Clock

_BUFFER_BYTES = 256 * 1024
_DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class Rotation:
    """When a file is set aside as `<name>-<time>.<suffix>`, and how long it is kept then."""

    max_bytes: int
    max_days: int
    """0: for ever."""
    max_backups: int
    """0: all."""
    localtime: bool


class FileWriter:
    """Adds records to a file; safe for any number of threads. Every method raises OSError."""

    def __init__(self, path: Path, clock: Clock, *, keep: bool = False, rotation: Rotation | None = None) -> None:
        """Opens the file; without `keep` or `rotation` what it holds is lost."""
        self._path = path
        self._clock = clock
        self._rotation = rotation
        self._lock = threading.Lock()
        self._waiting = bytearray()
        self._open(empty=not keep and rotation is None)

    def write(self, record: bytes, *, flush: bool = False) -> None:
        """Take a record, and write it now if `flush` or much waits. If it raises, it took nothing."""
        with self._lock:
            if self._rotation and self._size and self._size + len(record) > self._rotation.max_bytes:
                self._rotate(self._rotation)
            self._waiting += record
            self._size += len(record)
            if flush or len(self._waiting) >= _BUFFER_BYTES:
                try:
                    self._write_out()
                except OSError:
                    if len(self._waiting) < len(record):
                        return  # its beginning is in the file: the rest must follow, so it is taken
                    del self._waiting[-len(record) :]
                    self._size -= len(record)
                    raise

    def flush(self) -> None:
        """Hand all that waits to the operating system."""
        with self._lock:
            self._write_out()

    def close(self) -> None:
        """Flush, wait until all is on disk, close."""
        with self._lock:
            try:
                self._write_out()
                os.fsync(self._file)
            finally:
                os.close(self._file)

    # -- under the lock -----------------------------------------------------------------------

    def _open(self, *, empty: bool = False) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | (os.O_TRUNC if empty else 0)
        self._file = os.open(self._path, flags, 0o600)
        self._size = os.fstat(self._file).st_size

    def _write_out(self) -> None:
        while self._waiting:
            del self._waiting[: os.write(self._file, self._waiting)]

    def _rotate(self, rotation: Rotation) -> None:
        self._write_out()
        os.fsync(self._file)
        with suppress(FileNotFoundError):  # set aside before, but then no new one could be opened
            self._path.rename(self._backup_path(rotation))
        old = self._file
        self._open()
        os.close(old)
        self._prune(rotation)

    def _backup_path(self, rotation: Rotation) -> Path:
        now = datetime.fromtimestamp(self._clock.time_ns() / 1e9, UTC)
        stamp = (now.astimezone() if rotation.localtime else now).strftime("%Y-%m-%dT%H-%M-%S.%f")[:-3]
        path = self._path.with_name(f"{self._path.stem}-{stamp}{self._path.suffix}")
        number = 1
        while path.exists():  # two within a millisecond
            number += 1
            path = self._path.with_name(f"{self._path.stem}-{stamp}-{number}{self._path.suffix}")
        return path

    def _prune(self, rotation: Rotation) -> None:
        day = "[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]"
        pattern = f"{escape(self._path.stem)}-{day}T*{escape(self._path.suffix)}"
        backups = sorted(self._path.parent.glob(pattern), key=lambda path: path.stat().st_mtime_ns, reverse=True)
        oldest_s = self._clock.time_ns() / 1e9 - rotation.max_days * _DAY_S
        for at, path in enumerate(backups):
            too_many = 0 < rotation.max_backups <= at
            too_old = rotation.max_days > 0 and path.stat().st_mtime < oldest_s
            if too_many or too_old:
                path.unlink(missing_ok=True)
