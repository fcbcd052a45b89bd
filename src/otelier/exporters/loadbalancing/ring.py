"""The ring of hashes, bit for bit as the Collector makes it: who owns which key.

Each endpoint has many points on the ring, at the CRC-32 of its name and a number. A key belongs to the first point at
or after its own CRC-32, so that a backend that comes or goes moves only its own share of the keys.
"""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

RingVersion: TypeAlias = Literal["v1", "v2"]

_PROBES = 10
"""A point whose place is taken looks at so many places behind it, then stays where it was."""


@dataclass(frozen=True, slots=True)
class Layout:
    """What versions of the Collector differ in."""

    positions: int
    points: int
    """Of each endpoint."""
    placed_by_position: bool
    """Points take their places in the order of their positions, not endpoint by endpoint."""


LAYOUTS: dict[RingVersion, Layout] = {"v1": Layout(36_000, 100, False), "v2": Layout(131_071, 200, True)}


@dataclass(frozen=True, slots=True)
class RingTable:
    """Points in order of their positions; `owners` are places in the list of endpoints."""

    modulus: int
    positions: tuple[int, ...]
    owners: tuple[int, ...]


def ring_table(endpoints: Sequence[str], version: RingVersion) -> RingTable:
    """The ring of these endpoints, spelled as they were resolved, without repetitions."""
    layout = LAYOUTS[version]
    points: list[tuple[int, int, str, int]] = []
    """Position, hash, endpoint, owner."""
    for owner, endpoint in sorted(enumerate(endpoints), key=lambda each: each[1]):
        for number in range(layout.points):
            hashed = zlib.crc32(endpoint.encode() + number.to_bytes(4, "little"))
            points.append((hashed % layout.positions, hashed, endpoint, owner))
    if layout.placed_by_position:
        points.sort()
    taken: set[int] = set()
    for at, (position, hashed, endpoint, owner) in enumerate(points):
        place = _free(position, taken, layout.positions)
        taken.add(place)
        points[at] = (place, hashed, endpoint, owner)
    points.sort()
    return RingTable(layout.positions, tuple(point[0] for point in points), tuple(point[3] for point in points))


def _free(position: int, taken: set[int], positions: int) -> int:
    for step in range(_PROBES):
        if (place := (position + step) % positions) not in taken:
            return place
    return position
