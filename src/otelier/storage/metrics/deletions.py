"""What somebody wants deleted, until it is: a durable list, so that a crash in between changes nothing.

A deletion is about what was there when it was asked for: segments up to a generation of the log. While one of them
can't be read, it waits for that one alone.
"""

import threading
from collections.abc import Collection, Iterator, Sequence

import msgspec

from ..._core import Disk
from .segment import SeriesSegment

_FILE = "deletions"


class Deletion(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Samples of `start_ms <= time <= end_ms` of a tenant's series that fit all matchers."""

    tenant: str
    matchers: tuple[tuple[str, str, str], ...]
    """Name, one of `=`, `!=`, `=~`, `!~`, value."""
    start_ms: int
    end_ms: int
    generation: int
    left: tuple[str, ...] = ()
    """Paths of segments that could not be read, when it is carried out in all others; empty before that."""

    def asks_as(self, other: "Deletion") -> bool:
        """Whether it asks for the same, if perhaps at another moment."""
        return msgspec.structs.replace(self, generation=other.generation, left=other.left) == other

    def concerns(self, segment: SeriesSegment) -> bool:
        """Whether anything of it may be in the segment."""
        if self.left:
            return segment.path in self.left
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
        self._changed = threading.Condition()
        self._pending = _decode(disk.read(_FILE)) if disk.exists(_FILE) else ()

    @property
    def pending(self) -> Sequence[Deletion]:
        """What is still to be done, oldest first."""
        return self._pending

    def add(self, deletions: Sequence[Deletion]) -> None:
        """Durable when it returns; takes the place of what waits and asks for the same. Raises OSError."""
        with self._changed:
            pending = list(self._pending)
            for deletion in deletions:
                pending = [each for each in pending if not each.asks_as(deletion)]
                pending.append(deletion)
            self._write(tuple(pending))

    def tried(self, deletions: Sequence[Deletion], unread: Collection[SeriesSegment]) -> None:
        """They are carried out, but for what they say of these segments: for that they wait. Raises OSError."""

        def pending() -> Iterator[Deletion]:
            for each in self._pending:
                if not any(each is other for other in deletions):
                    yield each
                elif left := tuple(segment.path for segment in unread if each.concerns(segment)):
                    yield msgspec.structs.replace(each, left=left)

        with self._changed:
            if (after := tuple(pending())) != self._pending:
                self._write(after)

    def until_done(self, timeout_s: float) -> bool:
        """Wait until there is nothing to be done, at most so long in real time; whether that is so."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._pending, timeout_s)

    def _write(self, deletions: tuple[Deletion, ...]) -> None:
        self._disk.replace(_FILE, msgspec.json.encode(deletions))
        self._pending = deletions
        self._changed.notify_all()


def as_json(deletions: Sequence[Deletion]) -> bytes:
    """As the core takes them."""
    return msgspec.json.encode(
        [{"matchers": each.matchers, "start_ms": each.start_ms, "end_ms": each.end_ms} for each in deletions]
    )


_decode = msgspec.json.Decoder(tuple[Deletion, ...]).decode
