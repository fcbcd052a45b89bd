"""One writer per data directory: a file lock that names its holder, and that ends with its process."""

import fcntl
import json
import os
from contextlib import suppress
from pathlib import Path

from ..contract import DataDirectoryError
from ..directory import LOCK


class DirectoryLock:
    """Held from construction to `release`; the kernel releases it when the process ends, however it ends."""

    def __init__(self, root: Path, now_ns: int) -> None:
        """Make the directory if it is missing, and lock it. Raises DataDirectoryError."""
        try:
            make_durably(root)
            descriptor = os.open(root / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise DataDirectoryError(_why_not(root, error)) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(descriptor)
            raise DataDirectoryError(_in_use(root)) from error
        self._descriptor = descriptor
        with suppress(OSError):  # a full disk: the lock holds all the same, only its holder's name is missing
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, json.dumps({"pid": os.getpid(), "started": now_ns}).encode() + b"\n", 0)

    def release(self) -> None:
        """Let others have the directory."""
        with suppress(OSError):
            os.ftruncate(self._descriptor, 0)
        os.close(self._descriptor)


def make_durably(root: Path) -> None:
    """The directory and those above it, so that a power cut does not take their names. Raises OSError."""
    missing = [each for each in (root, *root.parents) if not each.exists()]
    root.mkdir(0o700, parents=True, exist_ok=True)
    for each in missing:
        descriptor = os.open(each.parent, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def holder(root: Path) -> int | None:
    """Pid of the process that has the directory open now (0 if it is unknown); None if there is none."""
    try:
        descriptor = os.open(root / LOCK, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        named = _pid(os.pread(descriptor, 1000, 0))
        if named is None:
            return None  # released in good order; not to be locked even for a moment
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return named
        return None
    finally:
        os.close(descriptor)


def _pid(content: bytes) -> int | None:
    try:
        return int(json.loads(content)["pid"]) if content.strip() else None
    except (ValueError, KeyError, TypeError):
        return 0


def _in_use(root: Path) -> str:
    try:
        pid = _pid((root / LOCK).read_bytes())
    except OSError:
        pid = None
    who = f"pid {pid}" if pid else "another process"
    return f"{root} is in use by {who}: stop it, or choose another data directory (--data-dir, data_dir)"


def _why_not(root: Path, error: OSError) -> str:
    """What is wrong with the directory, and what to do."""
    what = error.strerror or str(error)
    try:
        status = root.stat()
    except OSError:
        return f"can't make the data directory {root}: {what}; choose another one (--data-dir, data_dir)"
    mine = os.geteuid()
    if isinstance(error, PermissionError) and status.st_uid != mine:
        what += f"; it belongs to user {status.st_uid}, this process runs as user {mine}"
    return f"can't write to the data directory {root}: {what}. Choose another one (--data-dir, data_dir)"
