"""The columns that a statement names, from the store."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from .. import filter as f
from ..log_labels import Record, Scope
from .columns import LOGS, SPANS
from .limits import Limits

if TYPE_CHECKING:
    from ..._core import View

_MAX_NS = 2**63 - 1
_LOG_FORMS = {"TIMESTAMP_NS": "times listed", "BIGINT": "numbers listed", "VARCHAR": "listed"}


class Table(NamedTuple):
    """A view's part for one statement."""

    rows: int
    columns: list[dict[str, Any]]
    """Of each `name`, `form`, `type` and what `arrays` needs."""


class Window:
    """[start_ns, end_ns], of the starts of spans and the times of records; `end_ns` 0: no end."""

    def __init__(self, start_ns: int, end_ns: int) -> None:
        self.start_ns = min(max(start_ns, 0), _MAX_NS)
        self.end_ns = min(max(end_ns, 0), _MAX_NS) or _MAX_NS


def spans(view: "View", tenant: str, columns: Sequence[str], window: Window, limits: Limits) -> Table:
    """Raises TooLarge where a limit ends the reading, because an answer from a part would be wrong."""
    wanted = {name: _field(name) for name in columns}
    fields = [field for field in wanted.values() if field]
    found = view.gather(
        tenant,
        f.encoded(f.ALL),
        msgspec.json.encode(fields),
        window.start_ns,
        window.end_ns,
        max_rows=limits.spans,
        max_bytes=limits.bytes,
        timeout_ms=max(1, round(limits.time_s * 1000)),
    )
    if found.partial:
        raise limits.reached(found.partial)
    table, at = Table(found.rows, []), 0
    for name, field in wanted.items():
        fixed = SPANS.get(name)
        sent: dict[str, Any] = {
            "name": name,
            "form": fixed.form if fixed else "any",
            "type": fixed.type if fixed else "",
        }
        if field is None:
            sent |= {"codes": found.trace_codes, "ids": found.trace_ids}
        else:
            column, at = found.column(at), at + 1
            sent |= {"tags": column.tags, "data": column.data, "texts": column.texts, "raw": column.raw}
        table.columns.append(sent)
    return table


def logs(view: "View", tenant: str, columns: Sequence[str], window: Window, limits: Limits) -> Table:
    """Raises TooLarge as `spans` does."""
    records, resources, scopes, (_, _, _, partial) = view.search_logs(
        tenant, f.encoded(f.ALL), window.start_ns, window.end_ns, limits.records + 1
    )
    if partial or len(records) > limits.records:
        raise limits.reached("records")
    of_resource = [dict(reversed(each)) for each in resources]
    of_scope = [Scope(name, version, tuple(attributes)) for name, version, attributes in scopes]
    found = [Record(*each) for each in records]
    listed = [
        {
            "name": name,
            "form": _LOG_FORMS[LOGS.get(name, "VARCHAR")],
            "type": LOGS.get(name, "VARCHAR"),
            "values": list(map(_log_value(name, of_resource, of_scope), found)),
        }
        for name in columns
    ]
    return Table(len(found), listed)


def _field(column: str) -> Mapping[str, str] | None:
    fixed = SPANS.get(column)
    if fixed is None:
        scope, _, key = column.partition(".")
        return {"scope": scope, "key": key}
    return {"scope": "intrinsic", "key": fixed.key} if fixed.key else None


def _log_value(column: str, resources: Sequence[Mapping[str, str]], scopes: Sequence[Scope]) -> Callable[[Record], Any]:
    scope, _, key = column.partition(".")
    if key and scope == "log":
        return lambda record: next((text for name, text in record.attributes if name == key), None)
    if key and scope == "resource":
        return lambda record: resources[record.resource].get(key)
    if key:
        return lambda record: dict(scopes[record.scope].attributes).get(key)
    fixed: dict[str, Callable[[Record], Any]] = {
        "time": lambda record: min(record.time_ns, _MAX_NS),
        "observed_time": lambda record: min(record.observed_ns, _MAX_NS),
        "trace_id": lambda record: record.trace_id or None,
        "span_id": lambda record: record.span_id or None,
        "service": lambda record: resources[record.resource].get("service.name"),
        "scope_name": lambda record: scopes[record.scope].name,
        "scope_version": lambda record: scopes[record.scope].version,
    }
    return fixed.get(column) or (lambda record: getattr(record, column))
