"""The look at the process's memory: one for all limiters of equal configuration."""

import logging
import threading
from typing import ClassVar
from weakref import WeakValueDictionary

from ...component import Clock, Timer
from ...telemetry import live_bytes
from . import memory
from .config import MemoryLimiterConfig

_log = logging.getLogger(__name__)


class Checker:
    """The limits and the look at the process's memory; one for all instances of equal configuration and clock."""

    _shared: ClassVar["WeakValueDictionary[tuple[MemoryLimiterConfig, Clock], Checker]"] = WeakValueDictionary()
    _sharing = threading.Lock()

    def __init__(self, cfg: MemoryLimiterConfig, clock: Clock) -> None:
        self._interval_s = cfg.check_interval
        self._clock = clock
        self._hard, self._soft = cfg.limits(0 if cfg.limit_mib else memory.total_bytes())
        self._users = 0
        self._timer: Timer | None = None
        self._resident = 0
        self.stopped = False
        """Whether the last look found the process at or above the hard limit."""

    @classmethod
    def shared(cls, cfg: MemoryLimiterConfig, clock: Clock) -> "Checker":
        """The one checker of this configuration. Raises OSError where the memory's size is not known."""
        with cls._sharing:
            checker = cls._shared.get((cfg, clock))
            if checker is None:
                checker = cls._shared[cfg, clock] = cls(cfg, clock)
            return checker

    def open(self) -> None:
        """Look at once and then regularly, until every user has closed."""
        with self._sharing:
            self._users += 1
            if self._timer is None:
                self._timer = self._clock.timer(self._look, "otelier:memory_limiter")
                self._look()

    def close(self) -> None:
        with self._sharing:
            self._users -= 1
            timer = self._timer if self._users == 0 else None
            if timer:
                self._timer = None
        if timer:
            timer.close()

    def why_refused(self) -> str | None:
        """None if there is room."""
        if self.stopped:
            return f"the process uses {mib(self._resident)} of memory, its limit is {mib(self._hard)}"
        held = live_bytes()
        if held >= self._soft:
            return f"{mib(held)} of telemetry wait in memory, the soft limit is {mib(self._soft)}"
        return None

    def _look(self) -> None:
        resident = memory.resident_bytes()
        if resident >= self._hard:
            memory.release()
            resident = memory.resident_bytes()
        self._resident = resident
        stopped = resident >= self._hard
        if stopped and not self.stopped:
            _log.warning(
                "refusing all data: the process uses %s of memory, %s of it telemetry; its limit is %s%s",
                mib(resident), mib(live_bytes()), mib(self._hard),
                "; raise the limit, nothing else will help" if live_bytes() < self._soft / 10 else "",
            )  # fmt: skip
        elif self.stopped and not stopped:
            _log.info("taking data again: the process uses %s of memory", mib(resident))
        self.stopped = stopped
        timer = self._timer
        if timer:
            timer.start(self._interval_s)


def mib(size: int) -> str:
    """For people."""
    return f"{size / 2**20:.1f} MiB"
