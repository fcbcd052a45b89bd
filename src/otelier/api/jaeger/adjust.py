"""What makes a stored trace easier to read; none of it is done where `raw` spans are wanted.

In this order: equal spans once; a span id that client and server share (Zipkin's way) becomes two; links to nowhere
go; logs and spans in order. Clocks are not adjusted.
"""

from collections.abc import Iterable
from operator import attrgetter

from .tagged import read_tags
from .ui_model import Reference, Span, Trace

_timestamp = attrgetter("timestamp")
_start = attrgetter("startTime")


def adjust(trace: Trace) -> None:
    """Change the trace in place."""
    if len({span.spanID for span in trace.spans}) < len(trace.spans):
        trace.spans = _once(trace.spans)
        _unshare(trace.spans)
    for span in trace.spans:
        if len(span.logs) > 1:
            span.logs.sort(key=_timestamp)
        if len(span.references) > 1:
            _drop_nowhere(span)
    trace.spans.sort(key=_start)


def _once(spans: Iterable[Span]) -> list[Span]:
    kept: dict[str, list[Span]] = {}
    for span in spans:
        same_id = kept.setdefault(span.spanID, [])
        if span not in same_id:
            same_id.append(span)
    return [span for same_id in kept.values() for span in same_id]


def _unshare(spans: Iterable[Span]) -> None:
    by_id: dict[str, list[Span]] = {}
    for span in spans:
        by_id.setdefault(span.spanID, []).append(span)
    renamed: dict[str, str] = {}
    free = 0
    for span_id, same_id in list(by_id.items()):
        servers = [span for span in same_id if _kind(span) == "server"] if len(same_id) > 1 else []
        if not servers or not any(_kind(span) == "client" for span in same_id):
            continue
        for server in servers:
            free += 1
            while (name := f"{free:016x}") in by_id:
                free += 1
            by_id[name] = [server]
            server.spanID = name
            others = [each for each in server.references if each.refType != "CHILD_OF"]
            server.references = [Reference("CHILD_OF", server.traceID, span_id), *others]
            renamed[span_id] = name
    for span in spans:
        for reference in span.references:
            if reference.refType == "CHILD_OF" and renamed.get(reference.spanID, span.spanID) != span.spanID:
                reference.spanID = renamed[reference.spanID]


def _kind(span: Span) -> object:
    return next((tag.value for tag in read_tags(span.tags) if tag.key == "span.kind"), None)


def _drop_nowhere(span: Span) -> None:
    kept = [each for each in span.references if each.traceID.strip("0")]
    if len(kept) < len(span.references):
        lost = len(span.references) - len(kept)
        span.warnings = [*(span.warnings or ()), f"{lost} links without a trace id are not shown"]
        span.references = kept
