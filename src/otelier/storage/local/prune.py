"""Deleting by hand, while no engine has the directory open."""

from pathlib import Path

from ..._core import Disk
from ...component import Clock, Meter
from ..segmented.files import unlink_all
from ..segmented.lock import DirectoryLock
from ..settings import keep_all
from .bucket.attach import attach_by_hand, open_disk
from .catalogue import Catalogue
from .engine import Engine
from .kind import TELEMETRY
from .layout import CATALOGUE
from .manifest import Manifest, Segment, Step, read_state


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

    What is in the log alone is written into segments first, and so counts as new.
    Raises DataDirectoryError if the directory is in use, OSError.
    """
    lock = DirectoryLock(root, clock.time_ns())
    try:
        disk = open_disk(root)
        state, manifest = read_state(disk), None
        if not dry_run:
            _put_in_order(root, disk, clock)
            manifest = Manifest(disk)
            state = manifest.state
        mine = [each for each in state.segments.values() if tenant in (None, each.tenant)]
        total, due = 0, list[Segment]()
        for segment, age_ns in reversed(list(TELEMETRY.ages(mine, clock.time_ns()))):
            total += segment.bytes
            old = older_than_s is not None and age_ns >= older_than_s * 1e9
            if old or (max_bytes is not None and total > max_bytes):
                due.append(segment)
        due.reverse()
        if due and manifest:
            manifest.apply(Step(remove=tuple(each.path for each in due)))
            for each in due:
                unlink_all(disk, TELEMETRY.files(each.path))
        return due
    finally:
        lock.release()


def _put_in_order(root: Path, disk: Disk, clock: Clock) -> None:
    """Recover what an end without order has left, and write the log into segments."""
    catalogue = Catalogue(disk, root / CATALOGUE)
    Engine(
        disk, clock, keep_all(root), Meter(), catalogue, lambda counters: attach_by_hand(root, clock, counters)
    ).close()
