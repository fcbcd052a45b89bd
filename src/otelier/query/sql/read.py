"""The rows and columns that a statement needs, from the store."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

import msgspec
import numpy as np

from .columns import VIEWS, Of
from .conditions import Condition
from .filters import of_records, of_spans
from .limits import Limits
from .narrowing import Window, narrowed, trace_ids

if TYPE_CHECKING:
    from ..._core import Column, LogTable, PartTable, SpanTable, View

Sent: TypeAlias = dict[str, Any]


@dataclass(slots=True)
class Table:
    """A view's part for one statement."""

    rows: int
    columns: list[Sent]
    """Of each `name`, `form`, `type` and what `arrays` needs."""
    looked: int = 0
    """Spans, log records or samples that were looked at."""
    bytes: int = 0
    """Of files."""
    series: list[Sent] = field(default_factory=list[Sent])
    """Columns of what rows point at by the column `series`."""
    series_rows: int = 0


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a statement needs of a view."""

    columns: Sequence[str]
    where: Condition | None
    window: Window
    """Of the whole query."""


def spans(view: "View", tenant: str, wanted: Wanted, limits: Limits) -> Table:
    """Raises TooLarge where a limit ends the reading, because an answer from a part would be wrong."""
    window, rest = narrowed(wanted.where, "start_time", wanted.window)
    places = _places("spans", wanted.columns)
    fields = msgspec.json.encode([_field(of, key) for _, of, key in places if key])
    ids = trace_ids(rest)
    if ids is not None and wanted.window.is_open:
        found = view.spans_of(tenant, ids, fields, max_rows=limits.spans, max_bytes=limits.bytes)
    else:
        found = view.gather(tenant, of_spans("spans", rest), fields, window.start_ns, window.end_ns, **_budget(limits))
    if found.partial:
        raise limits.reached(found.partial)
    at, table = 0, Table(found.rows, [], found.read["spans"], found.read["bytes"])
    for name, _, key in places:
        sent = _begun("spans", name)
        if key:
            sent |= _values(found.column(at))
            at += 1
        else:
            sent |= _trace_ids(found)
        table.columns.append(sent)
    return table


def parts(kind: str) -> "Read":
    """Reads events or links."""
    name = f"{kind}s"

    def read(view: "View", tenant: str, wanted: Wanted, limits: Limits) -> Table:
        window, rest = narrowed(wanted.where, "start_time", wanted.window)
        if (ids := trace_ids(rest)) is not None:
            window = _around(view, tenant, ids, window, limits)
        places = _places(name, wanted.columns)
        of_span = [_field(of, key) for _, of, key in places if of == "span" and key]
        of_part = [_field("part", key) for _, of, key in places if of == "part"]
        found: PartTable = view.gather_parts(
            tenant,
            "event" if kind == "event" else "link",
            of_spans(name, rest),
            msgspec.json.encode(of_span),
            msgspec.json.encode(of_part),
            window.start_ns,
            window.end_ns,
            **_budget(limits),
        )
        spans = found.spans
        if spans.partial:
            raise limits.reached(spans.partial)
        table = Table(found.rows, [], spans.read["spans"], spans.read["bytes"])
        rows, numbers = found.span_rows, {"span": 0, "part": 0}
        for column, of, key in places:
            sent = _begun(name, column)
            if of == "span" and not key:
                sent |= _trace_ids(spans)
            else:
                sent |= _values((spans if of == "span" else found).column(numbers[of]))
                numbers[of] += 1
            if of == "span":
                sent["rows"] = rows
            table.columns.append(sent)
        return table

    return read


def logs(view: "View", tenant: str, wanted: Wanted, limits: Limits) -> Table:
    """Raises TooLarge as `spans` does."""
    window, rest = narrowed(wanted.where, "time", wanted.window)
    places = _places("logs", wanted.columns)
    fields = msgspec.json.encode([_log_field(name, key) for name, _, key in places])
    found: LogTable = view.gather_logs(
        tenant,
        of_records(rest),
        fields,
        window.start_ns,
        window.end_ns,
        max_rows=limits.records,
        max_bytes=limits.bytes,
        timeout_ms=_timeout_ms(limits),
    )
    if found.partial:
        raise limits.reached(found.partial)
    columns = [_begun("logs", name) | _values(found.column(at)) for at, (name, _, _) in enumerate(places)]
    return Table(found.rows, columns, found.read["records"], found.read["bytes"])


def _around(view: "View", tenant: str, ids: bytes, window: Window, limits: Limits) -> Window:
    """As much of a window as the spans of these traces start in, whom an index finds."""
    field = [{"scope": "intrinsic", "key": "start_ns"}]
    found = view.spans_of(tenant, ids, msgspec.json.encode(field), max_rows=limits.spans, max_bytes=limits.bytes)
    if found.partial:
        return window
    starts = np.frombuffer(found.column(0).data, "<u8")
    if not len(starts):
        return Window(1, 0)
    return Window(max(window.start_ns, int(starts.min())), min(window.end_ns, int(starts.max())))


Read: TypeAlias = Callable[["View", str, Wanted, Limits], Table]
OF_SNAPSHOT: Mapping[str, Read] = {"spans": spans, "events": parts("event"), "links": parts("link"), "logs": logs}
"""The views whose rows are in the store of traces and logs."""


def _places(view: str, columns: Sequence[str]) -> list[tuple[str, Of, str]]:
    """Of each column its name, the table that has it, and its key there behind its scope; no key of trace ids."""
    known = VIEWS[view]
    places: list[tuple[str, Of, str]] = []
    for name in columns:
        if fixed := known.columns.get(name):
            places.append((name, fixed.of, fixed.key and f"intrinsic.{fixed.key}"))
        else:
            prefix = f"{name.partition('.')[0]}."
            places.append((name, known.attributes[prefix], name))
    return places


def _field(of: Of, place: str) -> dict[str, object]:
    scope, _, key = place.partition(".")
    if of == "part":
        return {"key": key, "intrinsic": scope == "intrinsic"}
    return {"scope": scope, "key": key}


def _log_field(name: str, place: str) -> dict[str, str]:
    scope, _, key = place.partition(".")
    return {"scope": "resource", "key": "service.name"} if name == "service" else {"scope": scope, "key": key}


def _begun(view: str, name: str) -> Sent:
    fixed = VIEWS[view].columns.get(name)
    return {"name": name, "form": fixed.form if fixed else "any", "type": fixed.type if fixed else ""}


def _values(column: "Column") -> Sent:
    return {"tags": column.tags, "data": column.data, "texts": column.texts, "raw": column.raw}


def _trace_ids(found: "SpanTable") -> Sent:
    return {"codes": found.trace_codes, "ids": found.trace_ids}


def _timeout_ms(limits: Limits) -> int:
    return max(1, round(limits.time_s * 1000))


def _budget(limits: Limits) -> dict[str, int]:
    return {"max_rows": limits.spans, "max_bytes": limits.bytes, "timeout_ms": _timeout_ms(limits)}
