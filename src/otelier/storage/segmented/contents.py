"""What a store holds, read without its directory's lock: also while another process writes it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

from ..._core import Disk
from .inspect import unflushed
from .manifest import State, Stored, read_state

S = TypeVar("S", bound=Stored)
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


class Part(NamedTuple):
    """What one segment has."""

    signal: str
    items: int
    min_start_ns: int
    max_start_ns: int


def contents(
    disk: Disk,
    segment: type[S],
    part: Callable[[S], Part],
    logged: Callable[[Disk, State[S]], Mapping[tuple[str, str], int]],
) -> Contents:
    """`logged`: items by tenant and signal that are in the log alone. Raises DataDirectoryError, OSError."""
    state, rounds = read_state(disk, segment), 0
    items, size = logged(disk, state), sum(size for _, size in unflushed(disk, state))
    while (after := read_state(disk, segment)).retired != state.retired and rounds < _ROUNDS:
        # A flush came in between.
        state, rounds = after, rounds + 1
        items, size = logged(disk, state), sum(size for _, size in unflushed(disk, state))
    groups: dict[tuple[str, str], list[tuple[S, Part]]] = {key: [] for key in items}
    for each in state.segments.values():
        found = part(each)
        groups.setdefault((each.tenant, found.signal), []).append((each, found))
    holdings = (
        Holding(
            tenant,
            signal,
            segments=len(group),
            items=sum(found.items for _, found in group),
            bytes=sum(each.bytes for each, _ in group),
            min_start_ns=min((found.min_start_ns for _, found in group), default=0),
            max_start_ns=max((found.max_start_ns for _, found in group), default=0),
            unflushed_items=items.get((tenant, signal), 0),
        )
        for (tenant, signal), group in sorted(groups.items())
    )
    return Contents(tuple(holdings), size)
