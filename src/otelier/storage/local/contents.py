"""What a data directory holds, read without its lock: also while another process writes it."""

from collections import Counter
from dataclasses import dataclass

from ..._core import Disk, read_generation
from ..segmented.inspect import unflushed
from .manifest import Segment, State, read_state

_ROUNDS = 5


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
