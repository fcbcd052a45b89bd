"""All stores of a data directory, looked at from outside: by `otelier data`, also while another process writes them."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from .._core import Disk
from .contract import DataDirectoryError
from .directory import METRICS
from .local import contents as local
from .local.kind import TELEMETRY
from .metrics import contents as metrics
from .metrics.segment import SERIES
from .segmented import backup as segmented
from .segmented.bucket.attach import open_disk
from .segmented.contents import Contents
from .segmented.files import LOG, MANIFEST, SEGMENTS
from .segmented.inspect import manifest_problems, problems, unflushed
from .segmented.kind import Kind
from .segmented.manifest import read_state

_STORES: tuple[tuple[str, Kind[Any]], ...] = (("", TELEMETRY), (METRICS, SERIES))
"""Folder below the data directory, and what its segments are."""
_CONTENTS: Mapping[str, Callable[[Disk], Contents]] = {"": local.contents, METRICS: metrics.contents}


def present(root: Path) -> list[tuple[str, Disk, Kind[Any]]]:
    """Folder, disk and kind of each store that there is. Raises DataDirectoryError if there is none."""
    try:
        there = [each for each in _STORES if _is_store(root / each[0])]
        if not there:
            raise DataDirectoryError(f"there is no data directory at {root}; name another one (--data-dir)")
        return [(folder, open_disk(root / folder, kind), kind) for folder, kind in there]
    except OSError as error:
        raise DataDirectoryError(f"can't read the data directory {root}: {error.strerror or error}") from error


def is_data_directory(root: Path) -> bool:
    """Whether there is any store in it."""
    return any(_is_store(root / folder) for folder, _ in _STORES)


def contents(root: Path) -> Contents:
    """What is in all of them. Raises DataDirectoryError, OSError."""
    each = [_CONTENTS[folder](disk) for folder, disk, _ in present(root)]
    return Contents(
        tuple(holding for one in each for holding in one.holdings), sum(one.unflushed_bytes for one in each)
    )


def doubts(root: Path) -> Iterator[str]:
    """What is wrong with manifests: then they may have lost segments, until the next start. Raises OSError."""
    for folder, disk, kind in present(root):
        yield from (f"{folder}: {each}" if folder else each for each in manifest_problems(disk, kind))


def size(root: Path) -> int:
    """Bytes of all segments, and of the log. Raises DataDirectoryError, OSError."""
    states = [(disk, read_state(disk, kind.segment)) for _, disk, kind in present(root)]
    segments = sum(segment.bytes for _, state in states for segment in state.segments.values())
    return segments + sum(count for disk, state in states for _, count in unflushed(disk, state))


def damage(root: Path, read: Callable[[int], None] = lambda _: None) -> Iterator[tuple[Path, str]]:
    """(file, what is wrong with it), after every byte was read. Raises DataDirectoryError, OSError.

    `read` is told of so many bytes more that were read.
    """
    for folder, disk, kind in present(root):
        yield from ((root / folder / path, what) for path, what in problems(disk, kind, read))


def backup(root: Path, target: Path) -> None:
    """Copy all stores to `target`, a new or empty directory. Raises DataDirectoryError."""
    segmented.backup(root, target, present(root))


def _is_store(folder: Path) -> bool:
    if (folder / MANIFEST).is_file() or (folder / SEGMENTS).is_dir():
        return True
    # `log` alone is a name that others have, too.
    return any(path.stem.isdigit() for path in (folder / LOG).glob("*.log"))
