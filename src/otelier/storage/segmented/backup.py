"""A consistent copy of a data directory, while another process writes it.

Segments never change, so they are linked where the file system can, else copied, in rounds: what was merged or written
meanwhile is caught up with. The last round is short: manifest, log, manifest again. If it is the same one, no flush
came in between, and what the copy holds is the state of one moment. Everything acknowledged before it is in it.
"""

import os
import shutil
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from ..._core import Disk
from ..contract import DataDirectoryError
from .files import LOG, MANIFEST, SEGMENTS
from .inspect import manifest_problems, unflushed
from .kind import Kind
from .manifest import Manifest, State, Step, Stored, read_state

S = TypeVar("S", bound=Stored)
_ROUNDS = 50


def backup(root: Path, target: Path, stores: Sequence[tuple[str, Disk, Kind[Any]]]) -> None:
    """Copy these stores (folder below `root`, kind) to `target`, a new or empty directory. All, or nothing stays.

    Raises DataDirectoryError.
    """
    for folder, disk, kind in stores:
        if wrong := list(manifest_problems(disk, kind)):
            raise DataDirectoryError(
                f"the manifest of {root / folder} must be made anew first, by a start: {'; '.join(wrong)}"
            )
    try:
        existed = _may_be(target, root)
        try:
            for folder, disk, kind in stores:
                _copy(root / folder, disk, target / folder, kind)
            _sync_tree(target)
        except BaseException:
            _remove_all(target, itself=not existed)
            raise
    except OSError as error:
        raise DataDirectoryError(f"can't copy {root} to {target}: {error.strerror or error}") from error


def copy_state(root: Path, disk: Disk, target: Path, kind: Kind[S], state: State[S]) -> bool:
    """Copy the segments of a state of the store in `root` to `target`, as a store of its own without a log.

    False if one of them has gone meanwhile. Raises DataDirectoryError, OSError.
    """
    target.mkdir(0o700, parents=True, exist_ok=True)
    if not _copy_segments(disk, root, target, kind, state):
        return False
    manifest = Manifest(Disk.real(str(target)), kind.segment)
    manifest.apply(Step(add=tuple(state.segments.values()), retired=state.retired))
    manifest.close()
    _sync_tree(target)
    return True


def _may_be(target: Path, root: Path) -> bool:
    """Whether the target is there already. Raises DataDirectoryError if it can't be one, OSError."""
    if target.resolve().is_relative_to(root.resolve()):
        raise DataDirectoryError(f"{target} is in the data directory itself: a backup needs a place outside")
    if not target.exists():
        return False
    if not target.is_dir():
        raise DataDirectoryError(f"{target} is no directory")
    if any(target.iterdir()):
        raise DataDirectoryError(f"{target} is not empty: a backup needs a directory of its own")
    return True


def _remove_all(target: Path, *, itself: bool) -> None:
    """What a copy that failed has left. It can't be told from a whole one by those who look later."""
    for path in target.iterdir() if target.is_dir() else ():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
    if itself:
        with suppress(OSError):
            target.rmdir()


def _copy(root: Path, disk: Disk, target: Path, kind: Kind[S]) -> None:
    target.mkdir(0o700, parents=True, exist_ok=True)
    for _ in range(_ROUNDS):
        state = read_state(disk, kind.segment)
        if (
            _copy_segments(disk, root, target, kind, state)
            and (manifest := _copy_log(disk, root, target, kind)) is not None
        ):
            _remove_others(target, kind, state)
            # Last, so that what was not finished is no data directory.
            _write(target / MANIFEST, manifest)
            return
    raise DataDirectoryError(f"{root} changes faster than it can be copied: try again, or stop its writer")


def _copy_segments(disk: Disk, root: Path, target: Path, kind: Kind[S], state: State[S]) -> bool:
    """Whether all were still there."""
    for segment in state.segments:
        for path in kind.files(segment):
            to = target / path
            if to.exists():
                continue
            to.parent.mkdir(0o700, parents=True, exist_ok=True)
            try:
                disk.size(path)  # brings it here, if it is only in a bucket
                _link_or_copy(root / path, to)
            except FileNotFoundError:
                if path in kind.needed(segment):
                    return False
    return True


def _copy_log(disk: Disk, root: Path, target: Path, kind: Kind[S]) -> bytes | None:
    """The manifest that fits the log and the segments copied; None if they don't belong together."""
    before = read_state(disk, kind.segment)
    manifest = disk.read(MANIFEST) if disk.exists(MANIFEST) else b""
    folder = target / LOG
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(0o700)
    for path, _ in unflushed(disk, before):
        with suppress(FileNotFoundError):
            shutil.copyfile(root / path, target / path)
    after = read_state(disk, kind.segment)
    copied = all((target / each).exists() for each in before.segments)
    return manifest if copied and after == before else None


def _link_or_copy(source: Path, to: Path) -> None:
    try:
        os.link(source, to)
    except FileNotFoundError:
        raise
    except OSError:  # another file system, or one without links
        partial = to.with_name(to.name + ".partial")
        shutil.copyfile(source, partial)
        partial.rename(to)


def _remove_others(target: Path, kind: Kind[S], state: State[S]) -> None:
    wanted = {target / each for path in state.segments for each in kind.files(path)}
    for path in (target / SEGMENTS).rglob("*"):
        if path.is_file() and path not in wanted:
            path.unlink()


def _write(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _sync_tree(root: Path) -> None:
    """Linked files are synced already, but copies and names are not."""
    for folder, _, names in os.walk(root):
        for path in (Path(folder), *(Path(folder, name) for name in names)):
            descriptor = os.open(path, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
