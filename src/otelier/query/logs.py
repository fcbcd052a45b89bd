"""Log records of one tenant, from segments and log alike: found, counted, and the streams they are of."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import NamedTuple, Protocol

from . import filter as f
from .gate import Gate
from .log_labels import Record, Scope
from .snapshot import Snapshot

MAX_NS = 2**63 - 1
_MAX_LOOKED = 20_000_000
"""Records that one question may look at; what it found until then is its answer, marked as partial."""
_TIME_S = 30.0
_PAGE_BYTES = 2**26
"""About what the records of one answer take in memory, before they are Python's."""


class Looked(NamedTuple):
    """What was read for an answer."""

    records: int
    """Rows looked at: those in pages that no index ruled out."""
    row_groups: int
    skipped: int
    """Row groups in the time range that the filters of words and attributes ruled out."""
    partial: bool
    """There was more to look at than one question may, or than it had time for."""
    bytes: int = 0
    """Gone through for it, as files have them, whether they were read or kept in memory."""


class Found(NamedTuple):
    """Records in the order of the question."""

    records: list[Record]
    resources: list[list[tuple[str, str]]]
    scopes: list[Scope]
    more: bool
    """There are more, which would make the answer too large."""
    looked: Looked


class Count(NamedTuple):
    """How many records a group has in a part of the time."""

    group: int
    part: int
    records: int
    bytes: int
    """Of their bodies; 0 if not asked for."""


class Counted(NamedTuple):
    """Counts of groups; a group is told by its labels, empty ones left out."""

    groups: list[list[tuple[str, str]]]
    counts: list[Count]
    looked: Looked


class Streams(NamedTuple):
    """Which resources have records around a time, and about how much there is."""

    resources: list[list[tuple[str, str]]]
    records: int
    bytes: int
    row_groups: int


class Source(Protocol):
    """What LogQL asks. Times are ns since 1970, both ends belong to the range."""

    def search(
        self, filter_: f.Filter, start_ns: int, end_ns: int, limit: int, *, oldest_first: bool, room: int = 1
    ) -> Found:
        """Up to `limit` records, newest first or oldest first; fewer, but one, if they are large.

        `room`: so many times as much memory as is usual may be taken for them.
        """
        ...

    def count(
        self, filter_: f.Filter, start_ns: int, end_ns: int, part_ns: int, by: Sequence[str], *, sizes: bool
    ) -> Counted:
        """By parts of so many ns from `start_ns` on, and by these labels; `*`: all labels of the stream."""
        ...


class Logs:
    """Answers questions; used from several threads. Each may raise Busy, StoreUnreadable or ValueError."""

    def __init__(self, snapshot: Snapshot, gate: Gate, time_s: float = _TIME_S) -> None:
        """`time_s`: after it the answer is what was found until then, and says so."""
        self._snapshot = snapshot
        self._gate = gate
        self._time_s = time_s

    def turn(self) -> AbstractContextManager[None]:
        """Hold a place among the questions at work until the answer is written, too."""
        return self._gate.one()

    def of(self, tenant: str) -> "TenantLogs":
        """The logs of a tenant."""
        return TenantLogs(self._snapshot, self._gate, tenant, self._time_s)


class TenantLogs:
    """A Source."""

    def __init__(self, snapshot: Snapshot, gate: Gate, tenant: str, time_s: float = _TIME_S) -> None:
        self._snapshot = snapshot
        self._gate = gate
        self._tenant = tenant
        self._most: dict[str, int] = {"max_looked": _MAX_LOOKED, "timeout_ms": max(1, round(time_s * 1000))}

    def search(
        self, filter_: f.Filter, start_ns: int, end_ns: int, limit: int, *, oldest_first: bool, room: int = 1
    ) -> Found:
        """As in Source."""
        encoded, (start_ns, end_ns) = f.encoded(filter_), _bounded(start_ns, end_ns)
        with self._gate.one():
            records, resources, scopes, more, looked = self._snapshot.read(
                lambda view, _: view.search_logs(
                    self._tenant,
                    encoded,
                    start_ns,
                    end_ns,
                    limit,
                    oldest_first=oldest_first,
                    max_bytes=room * _PAGE_BYTES,
                    **self._most,
                )
            )
        return Found(
            [Record(*each) for each in records],
            resources,
            [Scope(name, version, tuple(attributes)) for name, version, attributes in scopes],
            more,
            Looked(*looked),
        )

    def count(
        self, filter_: f.Filter, start_ns: int, end_ns: int, part_ns: int, by: Sequence[str], *, sizes: bool
    ) -> Counted:
        """As in Source."""
        encoded, (start_ns, end_ns) = f.encoded(filter_), _bounded(start_ns, end_ns)
        with self._gate.one():
            groups, counts, looked = self._snapshot.read(
                lambda view, _: view.count_logs(
                    self._tenant, encoded, start_ns, end_ns, part_ns, list(by), sizes=sizes, **self._most
                )
            )
        return Counted(groups, [Count(*each) for each in counts], Looked(*looked))

    def streams(self, start_ns: int, end_ns: int) -> Streams:
        """By row groups: some of what is told may lie shortly before or behind the range."""
        start_ns, end_ns = _bounded(start_ns, end_ns)
        with self._gate.one():
            return Streams(*self._snapshot.read(lambda view, _: view.log_streams(self._tenant, start_ns, end_ns)))


def _bounded(start_ns: int, end_ns: int) -> tuple[int, int]:
    return min(max(start_ns, 0), MAX_NS), min(max(end_ns, 0), MAX_NS)
