"""A store's files, looked at without the directory's lock: also while another process writes them."""

import time
from collections.abc import Callable, Iterator
from typing import TypeVar

from ..._core import Disk, damaged_bytes
from .files import DOUBT, LOG, MANIFEST, names_in
from .kind import Kind
from .manifest import State, Stored, look, read_state

S = TypeVar("S", bound=Stored)
_STEP_S = 0.2
"""Longer than a step of the manifest takes to be written."""


def unflushed(disk: Disk, state: State[S]) -> Iterator[tuple[str, int]]:
    """Path and bytes of the log's generations that are not retired."""
    for name in names_in(disk, LOG):
        if name.endswith(".log") and name[:-4].isdigit() and int(name[:-4]) > state.retired:
            path = f"{LOG}/{name}"
            try:
                yield path, disk.size(path)
            except FileNotFoundError:
                continue  # retired meanwhile


def problems(disk: Disk, kind: Kind[S], read: Callable[[int], None]) -> Iterator[tuple[str, str]]:
    """(path, what is wrong with it), after every byte was read. Raises DataDirectoryError, OSError.

    `read` is told of so many bytes more that were read.
    """
    doubted = list(manifest_problems(disk, kind))
    yield from ((MANIFEST, each) for each in doubted)
    state = read_state(disk, kind.segment)
    if doubted:
        # Else they are of work under way, or of work that a crash has cut short.
        for path in kind.leftovers(disk, state):
            if kind.is_segment(path):
                yield path, "the manifest does not name it: the next start takes it in if it is whole"
    for segment in state.segments.values():
        if (wrong := _wrong(disk, kind, segment.path)) and segment.path in read_state(disk, kind.segment).segments:
            yield segment.path, wrong
        read(segment.bytes)
    for path, count in unflushed(disk, state):
        try:
            damaged = damaged_bytes(disk, path)
        except FileNotFoundError:
            continue
        if damaged:
            yield path, f"{damaged} bytes are damaged"
        read(count)


def manifest_problems(disk: Disk, kind: Kind[S]) -> Iterator[str]:
    """What is wrong with the manifest: then it may have lost segments, until the next start. Raises OSError."""
    found = look(disk)
    if found.torn_bytes:
        time.sleep(_STEP_S)  # a step that is being written
        found = look(disk)
    if found.damaged_bytes:
        yield f"{found.damaged_bytes} bytes are damaged"
    if found.torn_bytes:
        yield f"{found.torn_bytes} bytes at its end can't be read"
    if not found.records and any(kind.files_on(disk)):
        yield "it is missing or empty, though there are segments"
    if disk.exists(DOUBT):
        yield "its recovery is not finished"


def _wrong(disk: Disk, kind: Kind[S], path: str) -> str:
    try:
        return kind.verify(disk, path)
    except (OSError, ValueError) as error:
        return str(error)
