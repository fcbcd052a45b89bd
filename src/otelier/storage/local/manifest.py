"""Segments of traces and logs, as the manifest names them (docs/spec/manifest.md)."""

from typing import Literal, TypeAlias

from ..._core import Disk
from ..segmented import manifest as segmented
from ..segmented.manifest import Stored


class Segment(Stored, frozen=True, kw_only=True, omit_defaults=True):
    """One immutable segment. Times are ns since 1970, as the telemetry says them."""

    signal: Literal["traces", "logs"]
    rows: int
    min_start_ns: int
    max_start_ns: int
    important: bool = False
    """Only what retention keeps longer is left of it."""


Step: TypeAlias = segmented.Step[Segment]
State: TypeAlias = segmented.State[Segment]


class Manifest(segmented.Manifest[Segment]):
    """The writer's manifest; only under the directory's lock."""

    def __init__(self, disk: Disk) -> None:
        """Open it or make it. Raises DataDirectoryError, OSError."""
        super().__init__(disk, Segment)


def read_state(disk: Disk) -> State:
    """The state as it is on disk, for those who don't hold the lock; empty if there is no manifest.

    Raises DataDirectoryError, OSError.
    """
    return segmented.read_state(disk, Segment)


def of_signal(state: State, tenant: str, signal: str) -> list[Segment]:
    """The segments of a tenant's signal, in the order in which they were added."""
    return [each for each in state.segments.values() if (each.tenant, each.signal) == (tenant, signal)]
