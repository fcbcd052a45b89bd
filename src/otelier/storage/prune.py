"""Deleting by hand, while no engine has the directory open."""

from pathlib import Path
from typing import Any, TypeAlias

from .._core import Disk
from ..component import Clock
from .directory import METRICS
from .local.open import open_by_hand
from .metrics.open import open_metrics_by_hand
from .segmented.files import unlink_all
from .segmented.kind import Kind
from .segmented.lock import DirectoryLock
from .segmented.manifest import Manifest, Step, Stored, read_state
from .stores import present

Store: TypeAlias = tuple[str, Disk, Kind[Any]]


def prune(
    root: Path,
    clock: Clock,
    *,
    older_than_s: float | None = None,
    max_bytes: int | None = None,
    tenant: str | None = None,
    dry_run: bool = False,
) -> list[tuple[str, Stored, int]]:
    """Delete the segments that are older, or that make the rest larger; those of one tenant if given.

    What went: path below the directory, segment, items. What is in the log alone is written into segments first, and so
    counts as new. Raises DataDirectoryError if the directory is in use, OSError.
    """
    lock = DirectoryLock(root, clock.time_ns())
    try:
        stores = present(root)
        if not dry_run:
            for folder, _, _ in stores:
                _put_in_order(root, folder, clock)
        due = _due(stores, clock.time_ns(), older_than_s, max_bytes, tenant)
        if not dry_run:
            for store, segments in due:
                _delete(store, segments)
        return [
            (f"{folder}/{each.path}" if folder else each.path, each, kind.items(each))
            for (folder, _, kind), segments in due
            for each in segments
        ]
    finally:
        lock.release()


def _due(
    stores: list[Store], now_ns: int, older_than_s: float | None, max_bytes: int | None, tenant: str | None
) -> list[tuple[Store, list[Any]]]:
    """Of each store, oldest first. The bytes are those of all stores."""
    aged = list[tuple[int, int, int, Any]]()
    for number, (_, disk, kind) in enumerate(stores):
        mine = [each for each in read_state(disk, kind.segment).segments.values() if tenant in (None, each.tenant)]
        # Of equal ages the first in the store's own order is the older one.
        aged += [(age_ns, -place, number, each) for place, (each, age_ns) in enumerate(kind.ages(mine, now_ns))]
    due: list[tuple[Store, list[Any]]] = [(store, []) for store in stores]
    total = 0
    for age_ns, _, number, segment in sorted(aged, key=lambda each: each[:2]):
        total += segment.bytes
        old = older_than_s is not None and age_ns >= older_than_s * 1e9
        if old or (max_bytes is not None and total > max_bytes):
            due[number][1].insert(0, segment)
    return due


def _delete(store: Store, segments: list[Any]) -> None:
    _, disk, kind = store
    if segments:
        Manifest(disk, kind.segment).apply(Step(remove=tuple(each.path for each in segments)))
        for each in segments:
            unlink_all(disk, kind.files(each.path))


def _put_in_order(root: Path, folder: str, clock: Clock) -> None:
    """Recover what an end without order has left, and write the log into segments."""
    (open_metrics_by_hand if folder == METRICS else open_by_hand)(root, clock).close()
