"""What a data directory holds, read as a query process reads it: from the disk alone."""

from collections import Counter
from collections.abc import Iterable, Iterator

from otelier._core import Disk, View, read_generation, read_segment
from otelier.storage.local.manifest import of_signal, read_state
from otelier.telemetry import Batch, Signal
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
    """The spans of these traces, as a query finds them."""
    return spans_of(view_of(disk).traces(tenant, sorted(set(trace_ids))))


def readable_logs(disk: Disk, tenant: str, trace_ids: Iterable[bytes]) -> Counter[str]:
    """The log records of these traces, as a query finds them."""
    return bodies_of(view_of(disk).logs(tenant, sorted(set(trace_ids))))


def everything(disk: Disk, tenant: str, signal: Signal) -> Iterator[Batch]:
    """All that counts in segments and log, as it lies there, duplicates too."""
    state = read_state(disk)
    for each in of_signal(state, tenant, signal):
        yield read_segment(disk, each.path, signal)
    for name in disk.list("log"):
        if int(name[:-4]) > state.retired:
            for _, whose, batch, _, _, before in read_generation(disk, f"log/{name}")[0]:
                if (whose, batch.signal) == (tenant, signal) and before <= state.retired:
                    yield batch
