"""Retention by importance: of segments past the ordinary time, what errors and slow traces have is written anew.

A trace is judged as a whole: by all its spans in segments that were written within a day of the one at hand, also those
that are thinned already, and in the log, which at a start may hold what came just after them. Of logs stay those of
such traces and, where errors count, records of severity ERROR and above.
"""

import threading
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any

import msgspec

from ..._core import Disk, View, merge
from ..settings import ImportantSettings
from .counters import StoreCounters
from .deletion import Forget, UnreadableError
from .kind import built
from .manifest import Segment, State, of_signal

_AT_ONCE = 16
"""Segments that are judged by one look at their neighbours."""
_NEAR_NS = 24 * 3600 * 10**9
_ALL_NS = 2**64 - 1
_MOST_TRACES = 2**40
_ERROR_SEVERITY = 17
_NO_SEVERITY = 2**31 - 1
_STATUS_ERROR = 2


def filter_of(important: ImportantSettings) -> bytes:
    """A filter (docs/spec/filter.md) about spans of important traces."""
    kinds = list[dict[str, Any]]()
    if important.errors:
        kinds.append(_test("status", "=", _STATUS_ERROR))
    if important.slower_than:
        kinds.append(_test("trace_duration_ns", ">=", round(important.slower_than * 1e9)))
    return msgspec.json.encode({"any": kinds})


def _test(key: str, op: str, value: int) -> dict[str, Any]:
    return {"field": {"scope": "intrinsic", "key": key}, "op": op, "value": {"int": str(value)}}


def batch_of(due: Iterable[Segment]) -> list[Segment]:
    """The next ones to be thinned together: a tenant's, the oldest."""
    ordered = sorted(due, key=lambda each: (each.generation, each.path))
    return [each for each in ordered if each.tenant == ordered[0].tenant][:_AT_ONCE]


class Thinning:
    """Called by one thread at a time, while nobody merges."""

    def __init__(
        self,
        disk: Disk,
        state: Callable[[], State],
        building: threading.Lock,
        counters: StoreCounters,
        forget: Forget,
    ) -> None:
        """`building`: who has it flushes. `forget`: the manifest forgets segments and adds others in one step."""
        self._disk = disk
        self._state = state
        self._building = building
        self._counters = counters
        self._forget = forget

    def thin(self, batch: Sequence[Segment], important: ImportantSettings, reasons: dict[str, str]) -> None:
        """Leave in these segments of one tenant what is important. `reasons`: by path. Raises OSError."""
        ids = b"".join(self._important_traces(batch, important))
        severity = _ERROR_SEVERITY if important.errors else _NO_SEVERITY
        for segment in batch:
            try:
                done = merge(
                    self._disk, segment.tenant, segment.signal, [segment.path], only=ids, least_severity=severity
                )
            except (OSError, ValueError) as error:
                raise UnreadableError(segment, error) from error
            left = built(done, segment.generation, segment.written_ns, important=True)
            self._forget([segment.path], left.segments)
            self._counters.deleted_items.add(done.left_out, signal=segment.signal, reason=reasons[segment.path])

    def _important_traces(self, batch: Sequence[Segment], important: ImportantSettings) -> Collection[bytes]:
        tenant = batch[0].tenant
        first, last = min(each.written_ns for each in batch), max(each.written_ns for each in batch)
        view = View(self._disk)
        with self._building:  # What the log holds must not move into segments meanwhile.
            state = self._state()
            near = [
                each
                for each in of_signal(state, tenant, "traces")
                if first - _NEAR_NS <= each.written_ns <= last + _NEAR_NS
            ]
            starts = [(each.min_start_ns, each.max_start_ns) for each in near]
            view.refresh([each.path for each in near], state.retired, starts)
        # The view has the log open, and nobody but this thread unlinks segments: a flush need not wait for it.
        found = view.search(tenant, filter_of(important), 0, _ALL_NS, _MOST_TRACES)
        return [trace_id for trace_id, _ in found]
