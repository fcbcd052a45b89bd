"""What somebody wants deleted, until it is: a durable list, so that a crash in between changes nothing.

A deletion is about what was there when it was asked for: segments up to a generation of the log.
"""

import threading
from collections.abc import Sequence

import msgspec

from ..._core import Disk
from .segment import SeriesSegment

_FILE = "deletions"


class Deletion(msgspec.Struct, frozen=True, kw_only=True):
    """Samples of `start_ms <= time <= end_ms` of a tenant's series that fit all matchers."""

    tenant: str
    matchers: tuple[tuple[str, str, str], ...]
    """Name, one of `=`, `!=`, `=~`, `!~`, value."""
    start_ms: int
    end_ms: int
    generation: int

    def concerns(self, segment: SeriesSegment) -> bool:
        """Whether anything of it may be in the segment."""
        return (
            segment.tenant == self.tenant
            and segment.generation <= self.generation
            and segment.min_ms <= self.end_ms
            and self.start_ms <= segment.max_ms
        )


class Deletions:
    """The list. Any number of threads."""

    def __init__(self, disk: Disk) -> None:
        """Raises OSError; ValueError if the list can't be read."""
        self._disk = disk
        self._lock = threading.Lock()
        self._pending = _decode(disk.read(_FILE)) if disk.exists(_FILE) else ()

    @property
    def pending(self) -> Sequence[Deletion]:
        """What is still to be done, oldest first."""
        return self._pending

    def add(self, deletions: Sequence[Deletion]) -> None:
        """Durable when it returns. Raises OSError."""
        with self._lock:
            self._write((*self._pending, *deletions))

    def done(self, deletion: Deletion) -> None:
        """It is carried out. Raises OSError."""
        with self._lock:
            self._write(tuple(each for each in self._pending if each is not deletion))

    def _write(self, deletions: tuple[Deletion, ...]) -> None:
        self._disk.replace(_FILE, msgspec.json.encode(deletions))
        self._pending = deletions


def as_json(deletion: Deletion) -> bytes:
    """As the core's merge takes it."""
    return msgspec.json.encode(
        [{"matchers": deletion.matchers, "start_ms": deletion.start_ms, "end_ms": deletion.end_ms}]
    )


_decode = msgspec.json.Decoder(tuple[Deletion, ...]).decode
