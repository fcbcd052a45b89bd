"""One trace by its id: `/api/traces/{id}`, and `/api/v2/traces/{id}`, which says whether it is whole."""

from collections.abc import Iterable

import msgspec

from ...query.traceql.engine import TraceQL
from ...query.traces import Traces
from ...server.endpoint import Response
from ...server.request import HttpError, Request
from ...server.router import Group, Route
from ...storage.request_tenant import tenant
from ...telemetry import Batch
from ...wire.protobuf import integer, length_delimited, text
from . import parse
from .answer import as_errors, encoded, write_error

_RESOURCES = b'{"resourceSpans":'
_PARTIAL = 1
_ID_BYTES = 8


class TraceById:
    """Its routes over a reader of traces."""

    def __init__(self, reader: Traces, engine: TraceQL) -> None:
        self._reader = reader
        self._engine = engine

    def group(self) -> Group:
        """Both versions."""
        return Group(
            [Route("GET", "/api/traces/{id}", self.first), Route("GET", "/api/v2/traces/{id}", self.second)],
            write_error,
        )

    def first(self, request: Request) -> Response:
        """Its spans; 404 without a word if there are none."""
        with as_errors(), self._reader.turn():
            batch = self._read(request)
            if batch is None:
                raise HttpError(404, "")
            return encoded(request, lambda: _batches(batch), lambda: [batch.to_otlp()])

    def second(self, request: Request) -> Response:
        """The same in an envelope; 200 and an empty trace if there are no spans, which is what Grafana expects.

        `q`: only spans that a TraceQL query finds; `keep_hierarchy`: and what is above them.
        """
        with as_errors(), self._reader.turn():
            batch = self._read(request)
            left_out = self._reader.left_out(tenant(request))
            partial = f"spans may be missing: {'; '.join(left_out)}" if left_out else ""
            text = request.query.first("q")
            if batch and text:
                trace_id = parse.trace_id(request.parameters["id"])
                found = self._engine.matching(tenant(request), text, trace_id)
                batch = _selected(batch, found, ancestors=request.wants("keep_hierarchy"))
                partial = partial or "only the spans that q finds are shown"
            return encoded(request, lambda: _as_json(batch, partial), lambda: _as_protobuf(batch, partial))

    def _read(self, request: Request) -> Batch | None:
        """`start` and `end` are there to spare Tempo work; here an id needs no help, so they leave nothing out."""
        trace_id = parse.trace_id(request.parameters["id"])
        parse.window(request.query)
        found = self._reader.traces(tenant(request), [trace_id])
        return Batch.join(found) if found else None


def _selected(batch: Batch, wanted: Iterable[bytes], *, ancestors: bool) -> Batch | None:
    ids, parents = ([each[at : at + _ID_BYTES] for at in range(0, len(each), _ID_BYTES)] for each in batch.span_ids())
    kept = set(wanted)
    if ancestors:
        above = dict(zip(ids, parents, strict=True))
        for span_id in list(kept):
            while (span_id := above.get(span_id, b"")) in above and span_id not in kept:
                kept.add(span_id)
    selected = batch.select(bytes(each in kept for each in ids))
    return selected if selected.items else None


def _batches(batch: Batch) -> bytes:
    """`Trace`, as the first version names its member."""
    return b'{"batches":' + batch.to_json("protobuf").removeprefix(_RESOURCES)


def _as_json(batch: Batch | None, partial: str) -> bytes:
    """`TraceByIDResponse`; `partial`: why it may be."""
    if batch is None:
        return b'{"trace":{},"metrics":{}}'
    rest = {"metrics": {"inspectedBytes": str(batch.size_bytes)}}
    status = {"status": "PARTIAL", "message": partial} if partial else {}
    return b'{"trace":' + batch.to_json("protobuf") + b"," + msgspec.json.encode({**rest, **status})[1:]


def _as_protobuf(batch: Batch | None, partial: str) -> Iterable[bytes]:
    """The same in fields. The trace is always there, if empty: Grafana reads it without asking."""
    yield length_delimited(1, batch.to_otlp() if batch else b"")
    yield length_delimited(2, integer(1, batch.size_bytes) if batch else b"")
    if partial:
        yield integer(3, _PARTIAL) + text(4, partial)
