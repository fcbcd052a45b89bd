"""A reader without a writer beside it: the bucket's manifest is brought here again and again, as its own."""

import logging
import tempfile
import threading
from pathlib import Path
from typing import Generic

import msgspec

from ...._core import Disk, Records
from ....component import Clock
from ..files import MANIFEST
from ..kind import Kind
from ..manifest import S, Step
from . import published
from .bucket import Bucket
from .cache import Cache
from .place import put_in_place, read_place

_log = logging.getLogger("otelier.store")
_EVERY_S = 2.0
_SAY_S = 60.0


class Follower(Generic[S]):
    """Of one directory; does nothing where that is no reader's cache. For any number of threads."""

    def __init__(self, root: Path, kind: Kind[S], cache: Cache, clock: Clock) -> None:
        self._root = root
        self._segment = kind.segment
        self._cache = cache
        self._clock = clock
        self._lock = threading.Lock()
        self._next = self._say_again = clock.monotonic()
        self._seen: published.Published[S] | None = None

    def pull(self, *, now: bool = False) -> None:
        """Bring the newest manifest if some time has passed, or `now`. Without the bucket the last one stays.

        Raises OSError if there is none yet.
        """
        place = read_place(self._root)
        if place is None or place.writer:
            return
        with self._lock:
            if not now and self._clock.monotonic() < self._next:
                return
            try:
                bucket = self._cache.bucket()
                assert bucket
                self._bring(bucket)
            except (OSError, ValueError) as error:
                if not (self._root / MANIFEST).exists():
                    raise
                if self._clock.monotonic() >= self._say_again:
                    self._say_again = self._clock.monotonic() + _SAY_S
                    _log.warning("the bucket can't be asked, answers may be old: %s", error)
            self._next = self._clock.monotonic() + _EVERY_S

    def _bring(self, bucket: Bucket) -> None:
        found = published.read(bucket, self._segment) or published.Published(writer="", retired=0, segments=())
        if found != self._seen:
            put_in_place(self._root / MANIFEST, as_manifest(found))
            self._seen = found


def as_manifest(found: published.Published[S]) -> bytes:
    """A records file with one step."""
    with tempfile.TemporaryDirectory() as folder:
        step = msgspec.json.encode(Step(add=found.segments, retired=found.retired))
        Records(Disk.real(folder), MANIFEST).rewrite([step])
        return (Path(folder) / MANIFEST).read_bytes()
