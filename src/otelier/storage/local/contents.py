"""What a data directory holds, read without its lock: also while another process writes it."""

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ..._core import Disk, damaged_bytes, read_generation, verify_segment
from ..contract import DataDirectoryError
from .bucket.attach import open_disk
from .layout import DOUBT, LOG, MANIFEST, SEGMENTS, parse_segment
from .manifest import Segment, State, look, read_state
from .recovery import leftovers, names_in, segment_files

_ROUNDS = 5
_STEP_S = 0.2
"""Longer than a step of the manifest takes to be written."""


@dataclass(frozen=True, slots=True)
class Holding:
    """What one tenant has of one signal; sizes and times are of the segments."""

    tenant: str
    signal: str
    segments: int
    items: int
    bytes: int
    min_start_ns: int
    max_start_ns: int
    unflushed_items: int
    """In the log, besides `items`."""


@dataclass(frozen=True, slots=True)
class Contents:
    """All of a data directory."""

    holdings: tuple[Holding, ...]
    """By tenant and signal."""
    unflushed_bytes: int
    """Of the log: what no segment holds yet."""


def open_existing(root: Path) -> Disk:
    """The disk of a data directory. Raises DataDirectoryError if there is none."""
    if not any((root / each).exists() for each in (MANIFEST, LOG, SEGMENTS)):
        raise DataDirectoryError(f"there is no data directory at {root}; name another one (--data-dir)")
    try:
        return open_disk(root)
    except OSError as error:
        raise DataDirectoryError(f"can't read the data directory {root}: {error.strerror or error}") from error


def contents(disk: Disk) -> Contents:
    """Raises DataDirectoryError, OSError."""
    state, rounds = read_state(disk), 0
    logged, size = _logged(disk, state), sum(size for _, size in unflushed(disk, state))
    while (after := read_state(disk)).retired != state.retired and rounds < _ROUNDS:
        # A flush came in between.
        state, rounds = after, rounds + 1
        logged, size = _logged(disk, state), sum(size for _, size in unflushed(disk, state))
    groups: dict[tuple[str, str], list[Segment]] = {key: [] for key in logged}
    for segment in state.segments.values():
        groups.setdefault((segment.tenant, segment.signal), []).append(segment)
    holdings = (_holding(*key, group, logged[key]) for key, group in sorted(groups.items()))
    return Contents(tuple(holdings), size)


def _logged(disk: Disk, state: State) -> Counter[tuple[str, str]]:
    """Items by tenant and signal that are in the log alone."""
    found = Counter[tuple[str, str]]()
    for path, _ in unflushed(disk, state):
        try:
            records, _, _ = read_generation(disk, path)
        except FileNotFoundError:
            continue
        for _, tenant, batch, _, _, carried_from in records:
            if carried_from <= state.retired:
                found[tenant, batch.signal] += batch.items
    return found


def unflushed(disk: Disk, state: State) -> Iterator[tuple[str, int]]:
    """Path and bytes of the log's generations that are not retired."""
    for name in names_in(disk, LOG):
        if name.endswith(".log") and name[:-4].isdigit() and int(name[:-4]) > state.retired:
            path = f"{LOG}/{name}"
            try:
                yield path, disk.size(path)
            except FileNotFoundError:
                continue  # retired meanwhile


def problems(disk: Disk) -> Iterator[tuple[str, str]]:
    """(path, what is wrong with it), after every byte was read. Raises DataDirectoryError, OSError."""
    doubted = list(manifest_problems(disk))
    yield from ((MANIFEST, each) for each in doubted)
    state = read_state(disk)
    if doubted:
        # Else they are of work under way, or of work that a crash has cut short.
        for path in leftovers(disk, state):
            if parse_segment(path):
                yield path, "the manifest does not name it: the next start takes it in if it is whole"
    for segment in state.segments.values():
        if (wrong := _wrong(disk, segment.path)) and segment.path in read_state(disk).segments:
            yield segment.path, wrong
    for path, _ in unflushed(disk, state):
        try:
            damaged = damaged_bytes(disk, path)
        except FileNotFoundError:
            continue
        if damaged:
            yield path, f"{damaged} bytes are damaged"


def manifest_problems(disk: Disk) -> Iterator[str]:
    """What is wrong with the manifest: then it may have lost segments, until the next start. Raises OSError."""
    found = look(disk)
    if found.torn_bytes:
        time.sleep(_STEP_S)  # a step that is being written
        found = look(disk)
    if found.damaged_bytes:
        yield f"{found.damaged_bytes} bytes are damaged"
    if found.torn_bytes:
        yield f"{found.torn_bytes} bytes at its end can't be read"
    if not found.records and any(segment_files(disk)):
        yield "it is missing or empty, though there are segments"
    if disk.exists(DOUBT):
        yield "its recovery is not finished"


def _wrong(disk: Disk, path: str) -> str:
    try:
        return verify_segment(disk, path)
    except (OSError, ValueError) as error:
        return str(error)


def _holding(tenant: str, signal: str, group: list[Segment], unflushed_items: int) -> Holding:
    return Holding(
        tenant,
        signal,
        segments=len(group),
        items=sum(each.rows for each in group),
        bytes=sum(each.bytes for each in group),
        min_start_ns=min((each.min_start_ns for each in group), default=0),
        max_start_ns=max((each.max_start_ns for each in group), default=0),
        unflushed_items=unflushed_items,
    )
