"""What the segments of one store are: how they are named, read, checked, aged, and which of them are merged."""

import errno
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

from ..._core import Disk
from .files import SEGMENTS, names_in
from .manifest import State, Stored

S = TypeVar("S", bound=Stored)


@dataclass(frozen=True, slots=True)
class Built(Generic[S]):
    """What a flush or a merge has written; no manifest names it yet."""

    segments: tuple[S, ...]
    damaged_bytes: int = 0
    """Of the log: what could not be used."""
    torn_bytes: int = 0
    """Behind the last good record of a generation."""
    items: tuple[tuple[str, int], ...] = ()
    """How many, by signal."""
    duplicates: int = 0
    """Items that were left out because they are there already."""


class Kind(ABC, Generic[S]):
    """One store's."""

    segment: type[S]
    folders: int
    """Levels of folders between `segments/` and the files."""

    @abstractmethod
    def files(self, path: str) -> tuple[str, ...]:
        """All files that the segment with this path may have, that one first."""

    def needed(self, path: str) -> tuple[str, ...]:
        """Those of them that every segment has."""
        return self.files(path)

    @abstractmethod
    def is_segment(self, path: str) -> bool:
        """Whether this is the path of a segment, by its form."""

    @abstractmethod
    def described(self, disk: Disk, path: str) -> S:
        """A segment as it says of itself. Raises OSError, ValueError."""

    @abstractmethod
    def verify(self, disk: Disk, path: str) -> str:
        """What is wrong with it, after every byte was read; empty if nothing is. Raises OSError, ValueError."""

    @abstractmethod
    def glance(self, disk: Disk, path: str) -> None:
        """Look whether it can be read at all, at little cost. Raises OSError, ValueError.

        Of a format that is not known here: OSError with ENOTSUP, because it is not damaged.
        """

    def foreign(self, disk: Disk, path: str) -> str:
        """Of a segment whose format is not known here: what to do; else empty."""
        try:
            self.glance(disk, path)
        except OSError as error:
            return str(error.strerror) if error.errno == errno.ENOTSUP else ""
        except ValueError:
            return ""  # it is damaged
        return ""

    @abstractmethod
    def signal(self, segment: S) -> str:
        """Of what it is."""

    @abstractmethod
    def items(self, segment: S) -> int:
        """How many are in it."""

    @abstractmethod
    def ages(self, segments: Iterable[S], now_ns: int) -> Iterable[tuple[S, int]]:
        """Each segment, oldest first, with the ns that retention counts."""

    @abstractmethod
    def choose(self, segments: Iterable[S], now_ns: int) -> list[S]:
        """The next ones to merge, oldest first; empty if nothing is worth it."""

    def files_on(self, disk: Disk) -> Iterator[str]:
        """Every file where segments stand."""
        folders = [SEGMENTS]
        for _ in range(self.folders):
            folders = [f"{folder}/{name}" for folder in folders for name in names_in(disk, folder)]
        for folder in folders:
            yield from (f"{folder}/{name}" for name in names_in(disk, folder))

    def leftovers(self, disk: Disk, state: State[S], keep: Collection[str] = ()) -> list[str]:
        """Files that belong to no segment of the state, nor to those of `keep`."""
        wanted = {file for path in (*state.segments, *keep) for file in self.files(path)}
        return [path for path in self.files_on(disk) if path not in wanted]
