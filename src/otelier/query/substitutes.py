"""A kept trace in the place of one that sampling dropped: a span of the same service, name, kind and status.

Of all such spans that start within a day of the measurement, the best is the one that took about as long, then one
that started within ten minutes, then the one nearest in duration, by powers of two, then the one nearest in time.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import msgspec
import numpy as np

from . import filter as f
from .gate import Gate
from .search import service
from .snapshot import Snapshot

if TYPE_CHECKING:
    from .._core import View

NEAR_NS = 600 * 10**9
FAR_NS = 86_400 * 10**9
_LATEST_NS = 2**63 - 1
_ROWS = 1_000_000
"""Most spans that are compared; of more, any of them."""
_FIELDS = msgspec.json.encode([{"scope": "intrinsic", "key": key} for key in ("start_ns", "duration_ns", "span_id")])


@dataclass(frozen=True, slots=True)
class Measured:
    """What is known of a span that may be gone. Empty texts and None ask nothing."""

    service: str
    name: str = ""
    kind: int | None = None
    """OTLP's number, as is the status."""
    status: int | None = None
    duration_ns: int | None = None
    time_ns: int = 0
    """When it was measured, about."""
    span_id: str = ""

    def filter(self) -> f.Filter:
        """Spans that have the same attributes."""
        parts = [service(self.service)]
        if self.name:
            parts.append(f.intrinsic("name", "=", self.name))
        if self.kind is not None:
            parts.append(f.intrinsic("kind", "=", self.kind))
        if self.status is not None:
            parts.append(f.intrinsic("status", "=", self.status))
        return f.every(parts)


class Substitute(NamedTuple):
    """A span that is kept."""

    trace_id: bytes
    span_id: bytes
    start_ns: int
    duration_ns: int


class Substitutes:
    """Answers questions; used from several threads. Each may raise Busy or StoreUnreadable."""

    def __init__(self, snapshot: Snapshot, gate: Gate) -> None:
        self._snapshot = snapshot
        self._gate = gate

    def is_kept(self, tenant: str, trace_id: bytes) -> bool:
        """Whether anything of the trace is stored."""
        with self._gate.one():
            return self._snapshot.read(lambda view, _: bool(view.summaries(tenant, [trace_id])))

    def nearest(self, tenant: str, measured: Measured) -> Substitute | None:
        """None if no span with these attributes is stored."""

        def ask(view: "View", _: object) -> Substitute | None:
            for alike in (True, False) if measured.duration_ns is not None else (False,):
                for reach_ns in (NEAR_NS, FAR_NS):
                    if found := _best(view, tenant, measured, reach_ns, alike=alike):
                        return found
            return None

        with self._gate.one():
            return self._snapshot.read(ask)


def buckets_apart(durations_ns: np.ndarray, duration_ns: int) -> np.ndarray:
    """How many powers of two lie between lengths of time; 0: about as long."""
    return np.rint(np.abs(np.log2(np.maximum(durations_ns, 1.0)) - np.log2(max(duration_ns, 1))))


def _best(view: "View", tenant: str, measured: Measured, reach_ns: int, *, alike: bool) -> Substitute | None:
    """`alike`: only spans that took about as long."""
    filter_, length = measured.filter(), measured.duration_ns
    if alike and length is not None:
        # A little wider than a power of two: which spans are in it only `buckets_apart` decides.
        low = f.intrinsic("duration_ns", ">=", int(length / 1.5))
        filter_ = f.every([filter_, low, f.intrinsic("duration_ns", "<=", int(length * 1.5) + 1)])
    start_ns, end_ns = max(measured.time_ns - reach_ns, 0), min(measured.time_ns + reach_ns, _LATEST_NS)
    table = view.gather(tenant, f.encoded(filter_), _FIELDS, start_ns, end_ns, max_rows=_ROWS)
    starts, durations = (np.frombuffer(table.column(number).data, "<i8") for number in (0, 1))
    buckets = np.zeros(len(starts)) if length is None else buckets_apart(durations, length)
    apart_ns = np.abs(starts - measured.time_ns)
    order = np.lexsort((apart_ns, buckets))
    if not len(order) or (alike and buckets[order[0]]):
        return None
    at = int(order[0])
    code = int(np.frombuffer(table.trace_codes, "<u4")[at])
    trace_id = table.trace_ids[16 * code : 16 * code + 16]
    return Substitute(trace_id, table.column(2).raw[8 * at : 8 * at + 8], int(starts[at]), int(durations[at]))
