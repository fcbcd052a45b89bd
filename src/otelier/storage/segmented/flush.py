"""From the log to segments: when, how much at once, and what happens when it fails.

The order of steps makes a crash at any moment harmless: segments are written and synced, then one step of the
manifest adds them and retires the generations of the log that they hold, then those are unlinked. Without the step
the files are leftovers, which `recovery` removes; with it, whatever is left of the generations is ignored.
"""

import errno
import logging
from abc import ABC, abstractmethod
from typing import Generic, Protocol, TypeVar

from ..._core import Disk
from ...component import Clock
from ..settings import FlushLimits
from .backoff import Backoff
from .counters import Counters
from .files import generation_path, quarantine
from .kind import Built
from .manifest import Manifest, State, Step, Stored

_log = logging.getLogger("otelier.store")
_MORE = 1.25
"""At most so many times `flush.max_bytes` are worked on at once, unless one generation is larger: bounds the memory."""
_AGAIN_S, _LONGEST_S = 2.0, 30.0
"""Pauses after a failure: the first, and the longest, so that space on the disk is noticed in time."""
_SUSPECT = 3
"""After so many failures in a row that no disk is to blame for, generations are taken one by one, the oldest first. One
that fails alone while another one doesn't is set aside."""
_PROBES = 4
"""So many other generations are tried, the newest first."""


S = TypeVar("S", bound=Stored)


class Sealable(Protocol):
    """A log, as far as a flush is concerned; the core's `Log` and `SeriesLog` are such."""

    @property
    def unflushed_bytes(self) -> int:
        """Bytes of all generations and of what waits to be written."""
        ...

    def rotate(self) -> int:
        """Seal the open generation; the youngest number there is or was."""
        ...

    def generations(self) -> list[tuple[int, int]]:
        """(number, bytes), oldest first."""
        ...

    def retire(self, generation: int) -> None:
        """Remove all generations up to this one. Raises OSError."""
        ...

    def close(self) -> None:
        """Make everything durable, and end. Raises OSError."""
        ...


class Flusher(ABC, Generic[S]):
    """Turns the log into segments; one thread at a time."""

    def __init__(
        self, disk: Disk, log: Sealable, manifest: Manifest[S], clock: Clock, limits: FlushLimits, counters: Counters
    ) -> None:
        self._disk = disk
        self._log = log
        self._manifest = manifest
        self._clock = clock
        self._limits = limits
        self._counters = counters
        self._since: float | None = None
        self._failures = 0
        self._backoff = Backoff(clock, _AGAIN_S, _LONGEST_S)
        self._one_went = False
        """Whether a generation alone became segments while one is suspected."""
        self.untidy = False
        """Whether a flush has failed and may have left files."""

    @abstractmethod
    def build(self, generations: list[int], now_ns: int, *, everything: bool) -> Built[S]:
        """Write what these sealed generations hold into segments, durable on return; nothing else changes.

        Raises OSError; what is written then is thrown away.
        """

    def due_in(self) -> float:
        """Seconds until the next flush should be made; at most a second, to look again."""
        unflushed = self._log.unflushed_bytes
        if not unflushed:
            self._since = None
            return 1.0
        now = self._clock.monotonic()
        if self._since is None:
            self._since = now
        due = now if unflushed >= self._limits.max_bytes else self._since + self._limits.max_age
        return min(max(max(due, self._backoff.until) - now, 0.0), 1.0)

    def attempt(self, now_ns: int) -> float:
        """Flush if it is due; seconds until the next look. Never raises."""
        wait_s = self.due_in()
        if wait_s > 0:
            return wait_s
        try:
            self.flush(now_ns)
        except OSError as error:
            reason = errno.errorcode.get(error.errno or 0, "error")
            self._counters.retries.add(1, operation="flush", reason=reason)
            if self._failed(reason):
                _log.error("can't write segments: %s; what was acknowledged stays in the log, trying again", error)
        except BaseException:  # noqa: BLE001 (a panic, too: the store goes on)
            self._counters.retries.add(1, operation="flush", reason="defect")
            self._failures += 1
            if self._failed("defect"):
                _log.exception("can't turn the log into segments; what was acknowledged stays in it, trying again")
            if self._failures > _SUSPECT:
                self._set_aside_oldest(now_ns)
        return self.due_in()

    def _failed(self, reason: str) -> bool:
        """A pause begins that nobody may cut short, however much waits; whether this is to be told."""
        self.untidy = True
        return self._backoff.failed(reason)

    def flush(self, now_ns: int, *, everything: bool = False) -> State[S]:
        """Write all that is in the log now, but for what should wait unless `everything`. Raises OSError.

        A little more than `flush.max_bytes` at once: what a kill has left may be several times that.
        """
        # If the manifest can't be written, whatever is built is in vain and only fills the disk.
        self._manifest.settle()
        newest = self._log.rotate()
        while generations := self._next(newest):
            self._write(generations, now_ns, everything=everything)
            self._one_went = self._failures >= _SUSPECT
        # What is retired may still be there, if it could not be unlinked.
        self._retire(self._manifest.state.retired)
        self._since = None
        self._failures = 0
        self._one_went = False
        if self._backoff.succeeded():
            _log.warning("segments can be written again")
        return self._manifest.state

    def _next(self, newest: int) -> list[int]:
        """The oldest generations that are not in segments, up to the newest; one if one of them is suspected."""
        most = 0 if self._failures >= _SUSPECT else _MORE * self._limits.max_bytes
        numbers, total = list[int](), 0
        for number, size in self._waiting():
            total += size
            if number > newest or (numbers and total > most):
                break
            numbers.append(number)
        return numbers

    def _waiting(self) -> list[tuple[int, int]]:
        """(number, bytes) of the generations that are not in segments, the oldest first."""
        retired = self._manifest.state.retired
        return [each for each in self._log.generations() if each[0] > retired]

    def _write(self, generations: list[int], now_ns: int, *, everything: bool) -> None:
        began = self._clock.monotonic()
        done = self.build(generations, now_ns, everything=everything)
        if done.damaged_bytes:
            self._keep_damaged(generations, done.damaged_bytes, "log")
        if done.torn_bytes:
            # A kill leaves such, of what it had not acknowledged; bit rot in the last record looks the same.
            self._keep_damaged(generations, done.torn_bytes, "log_tail")
        self._manifest.apply(Step(add=done.segments, retired=generations[-1]))
        self._retire(generations[-1])
        self._counters.took(done)
        self._counters.flush_seconds.record(self._clock.monotonic() - began)

    def _retire(self, generation: int) -> None:
        try:
            self._log.retire(generation)
        except OSError as error:
            # They are retired all the same: the manifest says so. The next flush unlinks them, too.
            _log.warning("can't unlink what is flushed of the log: %s", error)

    def _keep_damaged(self, generations: list[int], damaged_bytes: int, where: str) -> None:
        self._counters.damaged_bytes.add(damaged_bytes, where=where)
        kept = [quarantine(self._disk, generation_path(number)) for number in generations]
        place = "the log is damaged" if where == "log" else "the log ends within a record"
        _log.error("%s: %d bytes can't be read; the files are kept as %s", place, damaged_bytes, kept)

    def _set_aside_oldest(self, now_ns: int) -> None:
        """A generation that can't be turned into segments must not hold up all that come after it.

        If the others can't either, it is not to blame: then all stay where they are.
        """
        if not (self._one_went or self._another_goes(now_ns)):
            if self._failures == _SUSPECT + 1:
                _log.error("no generation of the log can be turned into segments; all are kept and tried again")
            return
        number, size = self._waiting()[0]
        try:
            kept = quarantine(self._disk, generation_path(number))
            self._manifest.apply(Step(retired=number))
        except OSError as error:
            _log.error("can't set generation %d of the log aside: %s", number, error)
            return
        self._failures = _SUSPECT
        self._one_went = False
        self._backoff.succeeded()
        self._counters.damaged_bytes.add(size, where="log")
        self._retire(number)
        _log.error("generation %d of the log (%d bytes) can't be turned into segments; kept as %s", number, size, kept)

    def _another_goes(self, now_ns: int) -> bool:
        """Whether any other generation can be worked on. What is written then is thrown away as leftovers."""
        others = [number for number, _ in self._waiting()[1:]]
        for number in reversed(others[-_PROBES:]):
            try:
                self.build([number], now_ns, everything=True)
            except BaseException as error:  # noqa: BLE001 (a panic, too)
                _log.debug("generation %d of the log fails, too: %s", number, error)
                continue
            return True
        return False
