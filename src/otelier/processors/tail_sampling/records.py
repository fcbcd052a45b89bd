"""What was decided about the last traces, and what each policy had said: to be asked why a trace is there, or isn't."""

import threading
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .decision import NOBODY, Decisions
from .rows import Rows
from .verdict import Verdict


@dataclass(frozen=True, slots=True)
class DecisionRecord:
    """One trace."""

    trace_id: bytes
    time_ns: int
    """When it was decided."""
    spans: int
    size_bytes: int
    duration_ns: int
    decision: Verdict
    """SAMPLED, NOT_SAMPLED or DROPPED."""
    decided_by: str
    """The policy's name; empty where no policy wanted the trace."""
    verdicts: dict[str, Verdict]
    """What each policy said."""


@dataclass(frozen=True, slots=True, eq=False)
class _Tick:
    """All that was decided at a time, as columns."""

    time_ns: int
    ids: NDArray[np.void]
    spans: NDArray[np.int64]
    size_bytes: NDArray[np.int64]
    duration_ns: NDArray[np.int64]
    decisions: Decisions


class DecisionRecords:
    """The newest, about so many; older ticks are forgotten as a whole. Safe for threads."""

    def __init__(self, policies: Sequence[str], most: int) -> None:
        self._policies = tuple(policies)
        self._most = most
        self._lock = threading.Lock()
        self._ticks: deque[_Tick] = deque()
        self._rows = 0

    def __len__(self) -> int:
        return self._rows

    def add(self, rows: Rows, decisions: Decisions, time_ns: int) -> None:
        """What a tick has decided; each row."""
        if not self._most or not len(rows):
            return
        duration = (rows.last_end_ns - rows.first_start_ns).astype(np.int64)
        ids = np.frombuffer(rows.trace_ids, "V16")
        with self._lock:
            self._ticks.append(_Tick(time_ns, ids, rows.spans, rows.size_bytes, duration, decisions))
            self._rows += len(rows)
            while self._rows > self._most and len(self._ticks) > 1:
                self._rows -= len(self._ticks.popleft().ids)

    def of_trace(self, trace_id: bytes) -> list[DecisionRecord]:
        """All that is known of a trace, newest first."""
        wanted = np.frombuffer(trace_id, "V16")[0]
        return [
            self._record(tick, int(row)) for tick in self._newest_first() for row in np.flatnonzero(tick.ids == wanted)
        ]

    def newest(
        self, limit: int, decision: Verdict | None = None, decided_by: str | None = None
    ) -> list[DecisionRecord]:
        """The last ones, newest first; only those with this decision, and by this policy, if they are given."""
        if decided_by is not None and decided_by not in self._policies:
            return []
        decider = None if decided_by is None else self._policies.index(decided_by)
        found: list[DecisionRecord] = []
        for tick in self._newest_first():
            wanted = np.ones(len(tick.ids), np.bool_)
            if decision is not None:
                wanted &= tick.decisions.verdicts == decision
            if decider is not None:
                wanted &= tick.decisions.deciders == decider
            rows = np.flatnonzero(wanted)
            found += [self._record(tick, int(row)) for row in rows[::-1][: limit - len(found)]]
            if len(found) >= limit:
                break
        return found

    def _newest_first(self) -> Iterator[_Tick]:
        with self._lock:
            return reversed(list(self._ticks))

    def _record(self, tick: _Tick, row: int) -> DecisionRecord:
        decider = int(tick.decisions.deciders[row])
        said = tick.decisions.matrix[:, row].tolist()
        return DecisionRecord(
            trace_id=tick.ids[row].tobytes(),
            time_ns=tick.time_ns,
            spans=int(tick.spans[row]),
            size_bytes=int(tick.size_bytes[row]),
            duration_ns=int(tick.duration_ns[row]),
            decision=Verdict(int(tick.decisions.verdicts[row])),
            decided_by="" if decider == NOBODY else self._policies[decider],
            verdicts={name: Verdict(verdict) for name, verdict in zip(self._policies, said, strict=True)},
        )
