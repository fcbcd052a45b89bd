"""The writer's side: upload what the manifest names, then say so in the bucket, then delete what nobody names.

In this order a crash at any moment leaves a bucket whose manifest names only what is there. What is uploaded in vain is
found at the next start. Nothing waits for the bucket: as long as it can't be reached, segments gather in the directory.
"""

import logging
from collections.abc import Iterable
from pathlib import Path
from typing import Generic

from ....component import Clock
from ..counters import Counters
from ..files import SEGMENTS
from ..kind import Kind
from ..manifest import S, State
from . import published
from .bucket import Bucket
from .cache import Cache, note_uploaded, uploaded

_log = logging.getLogger("otelier.store")
EVERY_S = 1.0
GRACE_S = 300.0
"""Readers elsewhere look at the bucket's manifest every two seconds; a question may go on for a while."""
_AGAIN_S, _LONGEST_S, _SAY_S = 2.0, 60.0, 60.0


class Publisher(Generic[S]):
    """Called every `EVERY_S` seconds by one thread."""

    def __init__(
        self,
        root: Path,
        kind: Kind[S],
        writer: str,
        bucket: Bucket,
        cache: Cache,
        clock: Clock,
        counters: Counters,
    ) -> None:
        """`writer`: names this directory."""
        self._kind = kind
        self._root = root
        self._writer = writer
        self._bucket = bucket
        self._cache = cache
        self._clock = clock
        self._counters = counters
        self._uploaded = set(uploaded(root))
        self._state: State[S] | None = None
        """What was published last; None: not yet in this life."""
        self._due: dict[str, float] = {}
        """Keys that nobody names, and when they go."""
        self._not_before = self._say_again = clock.monotonic()
        self._pause_s = _AGAIN_S
        self.taken_over = False
        """Whether another directory writes to the bucket now."""

    def has(self, path: str) -> bool:
        """Whether the bucket has this segment."""
        return path in self._uploaded

    def attempt(self, state: State[S]) -> None:
        """Do what is to be done. Never raises."""
        if self.taken_over or self._clock.monotonic() < self._not_before:
            return
        try:
            self.publish(state)
            self._pause_s = _AGAIN_S
        except FileNotFoundError as error:
            _log.debug("merged while it was to be uploaded: %s", error)
        except (OSError, ValueError) as error:
            self._counters.retries.add(1, operation="upload", reason="error")
            now = self._clock.monotonic()
            self._not_before, self._pause_s = now + self._pause_s, min(2 * self._pause_s, _LONGEST_S)
            if now >= self._say_again:
                self._say_again = now + _SAY_S
                _log.error("the bucket can't be brought up to date, trying again: %s", error)

    def publish(self, state: State[S]) -> None:
        """Raises OSError; FileNotFoundError if a segment is gone because a newer state does not have it."""
        if state is not self._state:
            self._upload(each for each in state.segments if each not in self._uploaded)
            if self._is_taken_over():
                return
            news = published.Published(
                writer=self._writer, retired=state.retired, segments=tuple(state.segments.values())
            )
            published.write(self._bucket, news)
            self._forget_others(state)
            self._cache.shrink()
        self._delete_due()

    def _upload(self, paths: Iterable[str]) -> None:
        for path in paths:
            needed = self._kind.needed(path)
            for file in self._kind.files(path):
                if file in needed or (self._root / file).exists():
                    self._bucket.upload(file, self._root / file)
            self._uploaded.add(path)

    def _is_taken_over(self) -> bool:
        there = published.read(self._bucket, self._kind.segment)
        if there is None or there.writer == self._writer:
            return False
        self.taken_over = True
        _log.error(
            "another data directory (%s) writes to the bucket now: nothing is uploaded any more; all that is taken in "
            "from now on stays here",
            there.writer,
        )
        return True

    def _forget_others(self, state: State[S]) -> None:
        gone = self._uploaded - state.segments.keys()
        files = [file for path in gone for file in self._kind.files(path)]
        if self._state is None:  # what earlier lives have left
            named = {file for path in state.segments for file in self._kind.files(path)}
            files += [key for key in self._bucket.list(f"{SEGMENTS}/") if key not in named]
        # Before they go: nobody may rely on the bucket for them.
        self._uploaded -= gone
        note_uploaded(self._root, self._uploaded)
        due = self._clock.monotonic() + GRACE_S
        self._due |= {file: due for file in files if file not in self._due}
        self._state = state

    def _delete_due(self) -> None:
        now = self._clock.monotonic()
        for key in [key for key, due in self._due.items() if due <= now]:
            self._bucket.delete(key)
            del self._due[key]
