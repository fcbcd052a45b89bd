"""Keys of the memory limiter, and the limits in bytes that follow from them."""

from collections.abc import Iterable
from typing import Annotated

from msgspec import Meta

from ...component import Config, Duration

_MIB = 2**20
_DEFAULT_SPIKE = 0.2


class MemoryLimiterConfig(Config):
    check_interval: Duration = Duration(0)
    """Time between two looks at the process's memory; must be set, 1s is a good value."""
    limit_mib: Annotated[int, Meta(ge=0)] = 0
    """Hard limit in MiB; wins over `limit_percentage`."""
    spike_limit_mib: Annotated[int, Meta(ge=0)] = 0
    """The soft limit lies this much below the hard one; default: a fifth of it."""
    limit_percentage: Annotated[int, Meta(ge=0)] = 0
    """Hard limit in percent of the memory of the cgroup, or of the machine."""
    spike_limit_percentage: Annotated[int, Meta(ge=0)] = 0
    """The same as `spike_limit_mib`, in percent; default: a fifth of the hard limit."""
    min_gc_interval_when_soft_limited: Duration = Duration(10)
    """Accepted without effect: telemetry is freed when it is let go of, not by a collector."""
    min_gc_interval_when_hard_limited: Duration = Duration(0)
    """Accepted without effect: at the hard limit, each look gives unused memory back."""
    max_gc_interval_when_soft_limited: Duration = Duration(30)
    """Accepted without effect."""
    max_gc_interval_when_hard_limited: Duration = Duration(30)
    """Accepted without effect."""

    def problems(self) -> Iterable[tuple[str, str]]:
        """What must be set, and the order of limits."""
        if self.check_interval <= 0:
            yield "check_interval", "must be set and above 0, such as 1s"
        if not self.limit_mib and not self.limit_percentage:
            yield "limit_mib", "must be set and above 0 (or limit_percentage)"
        for key in ("limit_percentage", "spike_limit_percentage"):
            if getattr(self, key) > 100:
                yield key, "must be from 1 to 100"
        if self.limit_mib and self.spike_limit_mib >= self.limit_mib:
            yield "spike_limit_mib", f"must be less than limit_mib ({self.limit_mib})"
        if not self.limit_mib and 0 < self.limit_percentage <= self.spike_limit_percentage:
            yield "spike_limit_percentage", f"must be less than limit_percentage ({self.limit_percentage})"

    def limits(self, total: int) -> tuple[int, int]:
        """(hard, soft) in bytes, for a process that can use `total` bytes."""
        if self.limit_mib:
            hard, spike = self.limit_mib * _MIB, self.spike_limit_mib * _MIB
        else:
            hard, spike = total * self.limit_percentage // 100, total * self.spike_limit_percentage // 100
        return hard, hard - (spike or int(hard * _DEFAULT_SPIKE))
