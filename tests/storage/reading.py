"""What a data directory holds, read as a query process reads it: from the disk alone."""

from collections import Counter
from collections.abc import Iterable

from otelier._core import Disk, View
from otelier.storage.local.manifest import read_state
from otelier.telemetry import Batch
from otelier.testing import decode

Span = tuple[bytes, bytes]
"""Trace id and span id."""


def spans_of(batch: Batch) -> Counter[Span]:
    """How often each span is in it."""
    spans = (s for r in decode(batch).resource_spans for scope in r.scope_spans for s in scope.spans)
    return Counter((each.trace_id, each.span_id) for each in spans)


def bodies_of(batch: Batch) -> Counter[str]:
    """How often each log record is in it, by its body."""
    records = (s for r in decode(batch).resource_logs for scope in r.scope_logs for s in scope.log_records)
    return Counter(each.body.string_value for each in records)


def view_of(disk: Disk) -> View:
    """A new reader that has looked at the manifest and the log."""
    state, view = read_state(disk), View(disk)
    view.refresh(list(state.segments), state.retired)
    return view


def readable_spans(disk: Disk, tenant: str, trace_ids: Iterable[bytes]) -> Counter[Span]:
    return spans_of(view_of(disk).traces(tenant, sorted(set(trace_ids))))


def readable_logs(disk: Disk, tenant: str, trace_ids: Iterable[bytes]) -> Counter[str]:
    return bodies_of(view_of(disk).logs(tenant, sorted(set(trace_ids))))
