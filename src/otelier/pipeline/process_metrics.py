"""The process as the Collector reports its own: uptime, CPU time, resident memory; and the telemetry it holds.

Resident memory is read from `/proc/self/statm` (proc(5)), or, where there is none, is the peak of getrusage(2).
"""

import os
import resource
import sys
from pathlib import Path

from ..component import Clock, Meter
from ..telemetry import live_bytes

_STATM = Path("/proc/self/statm")


def observe_process(meter: Meter, clock: Clock) -> None:
    """Add the metrics of this process to `meter`; uptime counts from now."""
    started = clock.monotonic()
    meter.observe(
        "otelcol_process_uptime", "counter", "s", "Uptime of the process", lambda: [({}, clock.monotonic() - started)]
    )
    meter.observe(
        "otelcol_process_cpu_seconds",
        "counter",
        "s",
        "Total CPU user and system time in seconds",
        lambda: [({}, cpu_seconds())],
    )
    meter.observe(
        "otelcol_process_memory_rss",
        "gauge",
        "By",
        "Total physical memory (resident set size)",
        lambda: [({}, rss_bytes())],
    )
    meter.observe(
        "otelier_live_bytes", "gauge", "By", "Encoded telemetry that is held in memory", lambda: [({}, live_bytes())]
    )


def cpu_seconds() -> float:
    """User and system time of this process so far."""
    used = os.times()
    return used.user + used.system


def rss_bytes() -> int:
    """Resident set size of this process."""
    try:
        return int(_STATM.read_text("ascii").split()[1]) * resource.getpagesize()
    except OSError:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak * 1024
