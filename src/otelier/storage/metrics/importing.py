"""An import by hand: segments are written beside the store, and taken in by whoever has the directory open."""

from collections.abc import Generator, Iterable
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec

from ..._core import Disk
from ...component import Clock
from ..contract import DataDirectoryError
from ..directory import METRICS
from ..segmented.files import SEGMENTS
from ..segmented.lock import DirectoryLock, holder, make_durably
from ..settings import RetentionSettings
from . import incoming
from .open import open_metrics_by_hand
from .segment import SeriesSegment

DEFAULT_MAX_AGE = RetentionSettings().max_age
"""What retention keeps unless somebody says otherwise."""


class Made(SeriesSegment, frozen=True, kw_only=True, omit_defaults=True):
    """A segment as the core describes it, floats and histograms apart."""

    histograms: int = 0


made_of = msgspec.json.Decoder(Made).decode
"""What the core has written. Raises msgspec.MsgspecError."""


@dataclass(slots=True)
class Imported:
    """What came of it."""

    samples: int = 0
    histograms: int = 0
    segments: int = 0
    bytes: int = 0
    expired: int = 0
    """Segments that were left out because retention would delete them at once."""
    max_age_s: float = 0
    """Of that retention."""
    oldest_ms: int | None = None
    newest_ms: int | None = None

    def add(self, segment: Made) -> None:
        """Count one."""
        self.samples += segment.samples
        self.histograms += segment.histograms
        self.segments += 1
        self.bytes += segment.bytes
        self.oldest_ms = segment.min_ms if self.oldest_ms is None else min(self.oldest_ms, segment.min_ms)
        self.newest_ms = segment.max_ms if self.newest_ms is None else max(self.newest_ms, segment.max_ms)

    def join(self, other: "Imported") -> None:
        """Count what another has counted."""
        for name in ("samples", "histograms", "segments", "bytes", "expired"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.max_age_s = max(self.max_age_s, other.max_age_s)
        for name, choose in (("oldest_ms", min), ("newest_ms", max)):
            known = [each for each in (getattr(self, name), getattr(other, name)) if each is not None]
            setattr(self, name, choose(known, default=None))


class Session:
    """One import at a time into a data directory."""

    def __init__(self, root: Path, clock: Clock) -> None:
        self._root = root
        self.clock = clock
        self.root = root / METRICS
        self.disk = Disk.real(str(self.root))

    def imported(self) -> frozenset[str]:
        """Names of what was imported before. Raises OSError."""
        return incoming.imported(self.disk)

    def hand_over(self, made: Iterable[Made], sources: Iterable[str]) -> Imported:
        """Have segments taken in, and wait until they are. Raises DataDirectoryError, OSError."""
        paths = {SEGMENTS + each.path.removeprefix(incoming.INCOMING): each for each in made}
        if not paths:
            return Imported()
        segments = (
            msgspec.convert(msgspec.structs.asdict(each) | {"path": path}, SeriesSegment)
            for path, each in paths.items()
        )
        ready = incoming.Ready(segments=tuple(segments), sources=tuple(sources))
        answer = self._answered(incoming.OFFERS.ask(self.disk, self.clock, ready))
        found = Imported(expired=len(answer.expired), max_age_s=answer.max_age_s)
        for path, each in paths.items():
            if path not in answer.expired:
                found.add(each)
        return found

    def _answered(self, name: str) -> incoming.Answer:
        while True:
            if holder(self._root) is not None and (answer := incoming.wait_for(self._root, self.disk, name)):
                return answer
            try:
                lock = DirectoryLock(self._root, self.clock.time_ns())
            except DataDirectoryError:
                if holder(self._root) is None:
                    raise
                continue  # somebody has just started, who will do it
            try:
                engine = open_metrics_by_hand(self._root, self.clock)
                try:
                    engine.take_in()
                finally:
                    engine.close()
            finally:
                lock.release()
            if answer := incoming.OFFERS.answer_to(self.disk, name):
                return answer
            raise DataDirectoryError(f"{self._root} has not taken in what was imported; see what is logged above")


@contextmanager
def session(root: Path, clock: Clock) -> Generator[Session]:
    """Raises DataDirectoryError if another import is running, or the directory can't be written."""
    try:
        make_durably(root / METRICS / incoming.INCOMING)
        lock = DirectoryLock(root / METRICS / incoming.INCOMING, clock.time_ns())
        try:
            one = Session(root, clock)
            incoming.clear(one.disk, clock)
            yield one
            incoming.clear(one.disk, clock)
        finally:
            lock.release()
    except OSError as error:
        raise DataDirectoryError(f"can't import into {root}: {error}") from error
