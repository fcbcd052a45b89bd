"""Where things stand below the root of a store, and how files go: paths are relative to the root, with `/`."""

from collections.abc import Collection, Iterable
from contextlib import suppress

from ..._core import Disk

MANIFEST = "manifest"
DOUBT = "manifest.doubted"
"""There while a recovery of the manifest is not finished."""
REPLACING = "manifest.replacing"
"""The step that puts segments in the place of others, while it is being made."""
LOG = "log"
SEGMENTS = "segments"
QUARANTINE = "quarantine"


def generation_path(number: int) -> str:
    """The file of a generation of the log."""
    return f"{LOG}/{number:016d}.log"


def generations(disk: Disk) -> list[int]:
    """Numbers of those that are on disk, the oldest first."""
    names = names_in(disk, LOG)
    return sorted(int(name[:-4]) for name in names if name.endswith(".log") and name[:-4].isdigit())


def names_in(disk: Disk, folder: str) -> list[str]:
    """Names in a folder; none if it isn't there."""
    try:
        return disk.list(folder)
    except FileNotFoundError:
        return []


def unlink_all(disk: Disk, paths: Iterable[str]) -> None:
    """Unlink what is there of these. Raises OSError."""
    for path in paths:
        try:
            disk.unlink(path)
        except FileNotFoundError:
            continue


def quarantine(disk: Disk, path: str) -> str:
    """Copy a damaged file to where nothing is ever deleted; the copy's path. Raises OSError."""
    disk.create_dir(QUARANTINE)
    kept = f"{QUARANTINE}/{path.replace('/', '.')}"
    disk.replace(kept, disk.read(path))
    return kept


def quarantine_all(disk: Disk, paths: Iterable[str]) -> list[str]:
    """Copy what is there of these to the quarantine; the copies' paths. Raises OSError."""
    kept = list[str]()
    for path in paths:
        with suppress(FileNotFoundError):
            kept.append(quarantine(disk, path))
    return kept


def set_aside(disk: Disk, paths: Collection[str]) -> list[str]:
    """Move what is there of these to the quarantine; where it is now. Raises OSError."""
    kept = quarantine_all(disk, paths)
    unlink_all(disk, paths)
    return kept
