"""What has come since the last look: lines of logs, and traces once they rest.

Telemetry comes late and out of order, so each look goes back some time, and what was told before is told by what it
says. Knows neither where telemetry is nor how it is shown.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, TypeAlias

from .log_labels import LEVEL, SERVICE

MOST = 1_000
"""Lines, or traces, that one look takes."""
_BACK_NS = 30 * 10**9
_AHEAD_NS = 300 * 10**9
"""Clocks of senders may be ahead."""


class TailedLine(NamedTuple):
    """A log record as it is shown."""

    time_ns: int
    service: str
    level: str
    line: str
    labels: tuple[tuple[str, str], ...]
    """All others, sorted."""


def tailed(time_ns: int, text: str, labels: Mapping[str, str]) -> TailedLine:
    """Of a line with all its labels."""
    others = sorted((name, each) for name, each in labels.items() if each and name not in (SERVICE, LEVEL))
    return TailedLine(time_ns, labels.get(SERVICE, ""), labels.get(LEVEL, "unknown"), text, tuple(others))


class TailedTrace(NamedTuple):
    """A trace in short."""

    trace_id: str
    start_ns: int
    end_ns: int
    service: str
    name: str
    """Of the root; empty while there is none."""
    spans: int
    errors: int


class News(NamedTuple):
    """In the order of time."""

    lines: list[TailedLine]
    traces: list[TailedTrace]
    more: bool
    """There was more than a look takes; the oldest are left out."""


AskLines: TypeAlias = Callable[[int, int], Sequence[TailedLine]]
AskTraces: TypeAlias = Callable[[int, int], Sequence[TailedTrace]]
"""The newest `MOST` of a time range in ns."""


class Tail:
    """Looks again and again."""

    def __init__(self, since_ns: int, lines: AskLines | None, traces: AskTraces | None) -> None:
        """`since_ns`: nothing older is told."""
        self._since_ns = self._next_ns = since_ns
        self._lines = lines
        self._traces = traces
        self._told = Counter[TailedLine]()
        self._resting: dict[str, TailedTrace] = {}
        self._told_traces: dict[str, int] = {}
        """By trace id, where the last look that saw it began."""

    def look(self, now_ns: int, *, all_traces: bool = False) -> News:
        """What is new. `all_traces`: also those that were not seen before, for the last look."""
        start_ns, end_ns = self._next_ns, now_ns + _AHEAD_NS
        self._next_ns = max(self._since_ns, now_ns - _BACK_NS)
        lines = list(self._lines(start_ns, end_ns)) if self._lines else []
        traces = list(self._traces(start_ns, end_ns)) if self._traces else []
        more = len(lines) >= MOST or len(traces) >= MOST
        return News(self._new_lines(lines, start_ns), self._rested(traces, start_ns, all_traces), more)

    def _new_lines(self, lines: list[TailedLine], start_ns: int) -> list[TailedLine]:
        there = Counter(lines)
        new = sorted((there - self._told).elements())
        kept = Counter({line: count for line, count in self._told.items() if line.time_ns >= start_ns})
        self._told = kept | there
        return new

    def _rested(self, traces: list[TailedTrace], start_ns: int, all_: bool) -> list[TailedTrace]:
        """Told once: when nothing has come to it since the last look."""
        open_ = [trace for trace in traces if trace.trace_id not in self._told_traces]
        new = [trace for trace in open_ if all_ or self._resting.get(trace.trace_id) == trace]
        self._told_traces |= {trace.trace_id: start_ns for trace in new}
        self._told_traces |= {each.trace_id: start_ns for each in traces if each.trace_id in self._told_traces}
        self._told_traces = {id_: seen for id_, seen in self._told_traces.items() if seen >= start_ns - _BACK_NS}
        self._resting = {trace.trace_id: trace for trace in open_ if trace.trace_id not in self._told_traces}
        return sorted(new, key=_start)


def _start(trace: TailedTrace) -> int:
    return trace.start_ns
