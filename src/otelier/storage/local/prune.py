"""Deleting by hand, while no engine has the directory open."""

from pathlib import Path

from ..._core import Disk
from ...component import Clock
from .layout import index_of
from .lock import DirectoryLock
from .manifest import Manifest, Segment, Step
from .recovery import unlink_all
from .retention import ages


def prune(
    root: Path,
    clock: Clock,
    *,
    older_than_s: float | None = None,
    max_bytes: int | None = None,
    tenant: str | None = None,
    dry_run: bool = False,
) -> list[Segment]:
    """Delete the segments that are older, or that make the rest larger; those of one tenant if given. What went.

    Raises DataDirectoryError if the directory is in use, OSError.
    """
    lock = DirectoryLock(root, clock.time_ns())
    try:
        disk = Disk.real(str(root))
        manifest = Manifest(disk)
        mine = [each for each in manifest.state.segments.values() if tenant in (None, each.tenant)]
        total, due = 0, list[Segment]()
        for segment, age_ns in reversed(list(ages(mine, clock.time_ns()))):
            total += segment.bytes
            old = older_than_s is not None and age_ns >= older_than_s * 1e9
            if old or (max_bytes is not None and total > max_bytes):
                due.append(segment)
        due.reverse()
        if due and not dry_run:
            manifest.apply(Step(remove=tuple(each.path for each in due)))
            for each in due:
                unlink_all(disk, (each.path, index_of(each.path)))
        return due
    finally:
        lock.release()
