"""Traces, their logs, services and operations of one tenant, from segments and log alike."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from time import monotonic
from typing import TYPE_CHECKING, NamedTuple, Protocol

from .._core import Batch, View
from ..storage.local.layout import segment_folder
from ..storage.local.manifest import State, of_signal
from . import filter as f
from .errors import TooLarge
from .gate import Gate
from .search import NO_SERVICE, TraceSearch
from .slices import ROWS, searched, slices
from .snapshot import Snapshot

if TYPE_CHECKING:
    from .._core import TraceSummary as CoreSummary

_AT_ONCE = 64
"""Traces that are read in one go, so that an answer's size is known before it is too large."""
_MAX_BYTES = 256 * 2**20
_MAX_NS = 2**64 - 1
_TIME_S = 30.0


class Operation(NamedTuple):
    """What a service does."""

    name: str
    kind: int


class ServiceSummary(NamedTuple):
    """One service's part in a trace."""

    name: str
    spans: int
    errors: int


class TraceSummary(NamedTuple):
    """What a list of results shows of a trace."""

    trace_id: bytes
    root_service: str
    root_name: str
    start_ns: int
    end_ns: int
    spans: int
    errors: int
    orphans: int
    """Spans whose parent is not in the trace."""
    services: tuple[ServiceSummary, ...]


class Found(NamedTuple):
    """What a search found."""

    trace_ids: list[bytes]
    """Those with the newest matching spans, newest first."""
    partial: str = ""
    """Why there may be more, older ones; empty: there are none, or as many as the search asked for."""


class Catalogue(Protocol):
    """What the segments of a state say about themselves, without reading spans."""

    def services(self, state: State, tenant: str) -> Iterable[str]:
        """Names; an empty one for spans whose resource names none."""
        ...

    def operations(self, state: State, tenant: str, service: str) -> Iterable[tuple[str, int]]:
        """(name, kind) of a service."""
        ...


class Traces:
    """Answers questions; used from several threads. Each may raise Busy, TooLarge or StoreUnreadable."""

    def __init__(
        self,
        snapshot: Snapshot,
        catalogue: Catalogue,
        gate: Gate,
        time_s: float = _TIME_S,
        *,
        now: Callable[[], float] = monotonic,
        slice_rows: int = ROWS,
    ) -> None:
        """`time_s`: after it a search is answered with what was found until then; `slice_rows`: as in `slices`."""
        self._snapshot = snapshot
        self._catalogue = catalogue
        self._gate = gate
        self._time_s = time_s
        self._now = now
        self._slice_rows = slice_rows

    def turn(self) -> AbstractContextManager[None]:
        """Hold a place among the questions at work until the answer is written, too: it is what takes memory."""
        return self._gate.one()

    def services(self, tenant: str) -> list[str]:
        """Names of all services, sorted."""

        def ask(view: View, state: State) -> set[str]:
            return {*view.hot_services(tenant), *self._catalogue.services(state, tenant)}

        with self._gate.one():
            return sorted(name or NO_SERVICE for name in self._snapshot.read(ask, paired=True))

    def operations(self, tenant: str, service: str, kind: int | None = None) -> list[Operation]:
        """Distinct operations of a service, sorted; `kind`: only those of this number."""
        owner = "" if service == NO_SERVICE else service

        def ask(view: View, state: State) -> set[Operation]:
            found = [*view.hot_operations(tenant, owner), *self._catalogue.operations(state, tenant, owner)]
            return {Operation(*each) for each in found}

        with self._gate.one():
            return sorted(each for each in self._snapshot.read(ask, paired=True) if kind in (None, each.kind))

    def traces(self, tenant: str, trace_ids: Iterable[bytes]) -> list[Batch]:
        """Whole traces, several in a batch; nothing for ids that are not there."""
        ids = list(dict.fromkeys(trace_ids))
        with self._gate.one():
            return self._snapshot.read(lambda view, _: _whole(view, tenant, ids))

    def find(self, tenant: str, search: TraceSearch) -> tuple[Found, list[Batch]]:
        """What a search finds, and the whole traces in any order. Raises BadQuery."""

        def ask(view: View, state: State) -> tuple[Found, list[Batch]]:
            found = self._search(view, state, tenant, search)
            return found, _whole(view, tenant, found.trace_ids)

        with self._gate.one():
            return self._snapshot.read(ask)

    def left_out(self, tenant: str) -> list[str]:
        """What is wrong with each segment of traces that answers to this tenant are made without."""
        folder = segment_folder(tenant, "traces") + "/"
        return [text for text in self._snapshot.left_out() if text.startswith(folder)]

    def summaries(self, tenant: str, search: TraceSearch) -> tuple[Found, list[TraceSummary]]:
        """The same, and the traces in short, newest first. Raises BadQuery."""

        def ask(view: View, state: State) -> tuple[Found, list[TraceSummary]]:
            found = self._search(view, state, tenant, search)
            return found, [_summary(row) for row in view.summaries(tenant, found.trace_ids)]

        with self._gate.one():
            return self._snapshot.read(ask)

    def logs(self, tenant: str, trace_id: bytes) -> Batch:
        """The log records that name this trace."""
        with self._gate.one():
            return self._snapshot.read(lambda view, _: view.logs(tenant, [trace_id]))

    def _search(self, view: View, state: State, tenant: str, search: TraceSearch) -> Found:
        search.check()
        give_up = self._now() + self._time_s
        start_ns, end_ns = (min(max(each, 0), _MAX_NS) for each in (search.start_ns, search.end_ns))
        encoded = f.encoded(search.filter())
        found, over = searched(
            slices(of_signal(state, tenant, "traces"), start_ns, end_ns, self._slice_rows),
            lambda least, last: view.search(tenant, encoded, least, last, search.limit),
            search.limit,
            lambda: self._now() >= give_up,
        )
        why = f"the search reached its limit of {self._time_s:g} s and has not looked at older spans; "
        return Found([*found], f"{why}narrow its time or its conditions" if over else "")


def _whole(view: View, tenant: str, ids: Sequence[bytes]) -> list[Batch]:
    batches: list[Batch] = []
    size = 0
    for at in range(0, len(ids), _AT_ONCE):
        batch = view.traces(tenant, ids[at : at + _AT_ONCE])
        size += batch.size_bytes
        if size > _MAX_BYTES:
            raise TooLarge(
                f"the answer has more than {_MAX_BYTES >> 20} MiB after {at + _AT_ONCE} of {len(ids)} traces; "
                "ask for fewer traces at once"
            )
        if batch.items:
            batches.append(batch)
    return batches


def _summary(row: "CoreSummary") -> TraceSummary:
    return TraceSummary(*row[:8], tuple(ServiceSummary(name or NO_SERVICE, *counts) for name, *counts in row[8]))
