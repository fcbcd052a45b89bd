"""The core's column reads over decoded traces, in plain Python: docs/spec/filter.md once more."""

import json
import struct
from collections.abc import Callable, Sequence
from typing import Any

import re2

from . import oracle_values as values
from .decoded import Opaque, Span, Trace
from .oracle import ancestors, siblings


class Column:
    def __init__(self) -> None:
        self.tags = b""
        self.data = b""
        self.texts: list[str] = []
        self.raw = b""


class Table:
    def __init__(self, traces: list[tuple[Trace, list[Span]]], fields: list[Any], *, tree: bool) -> None:
        spans = [(trace, span) for trace, each in traces for span in each]
        self.rows = len(spans)
        self.trace_ids = b"".join(trace.trace_id for trace, _ in traces)
        codes = [code for code, (_, each) in enumerate(traces) for _ in each]
        self.trace_codes = struct.pack(f"<{len(codes)}I", *codes)
        place = {id(span): row for row, (_, span) in enumerate(spans)}
        parents = [place.get(id(span.parent), -1) if span.parent else -1 for _, span in spans]
        self.parents = struct.pack(f"<{len(parents)}i", *parents) if tree else b""
        below = [(span.right - span.left) // 2 for _, span in spans]
        self.descendants = struct.pack(f"<{len(below)}I", *below) if tree else b""
        self.partial = ""
        self.read = {"spans": len(spans), "bytes": 0}
        self._columns = [column(each, spans) for each in fields]

    def column(self, number: int) -> Column:
        return self._columns[number]


def column(field: Any, spans: list[tuple[Trace, Span]]) -> Column:
    made = Column()
    texts: dict[str, int] = {}
    if (size := {"trace_id": 32, "span_id": 16, "parent_span_id": 16}.get(field["key"])) and field[
        "scope"
    ] == "intrinsic":
        made.raw = b"".join(bytes.fromhex((of(field, *each) or ["0" * size])[0]) for each in spans)
    for trace, span in spans:
        found = of(field, trace, span)
        tag, data = cell(found, texts)
        made.tags += bytes([tag])
        made.data += data
    made.texts = list(texts)
    return made


def cell(found: list[Any], texts: dict[str, int]) -> tuple[int, bytes]:
    if not found:
        return 0, bytes(8)
    if len(found) > 1 or isinstance(found[0], list):
        flat = [each for value in found for each in (value if isinstance(value, list) else [value])]
        text = json.dumps([each.text if isinstance(each, Opaque) else each for each in flat])
        return 5, struct.pack("<q", texts.setdefault(text, len(texts)))
    (value,) = found
    match value:
        case str():
            return 1, struct.pack("<q", texts.setdefault(value, len(texts)))
        case bool():
            return 2, struct.pack("<q", value)
        case int():
            return 3, struct.pack("<q", value) if value < 2**63 else struct.pack("<Q", value)
        case float():
            return 4, struct.pack("<d", value)
        case _:
            return 6, struct.pack("<q", texts.setdefault(value.text, len(texts)))


def of(field: Any, trace: Trace, span: Span | None) -> list[Any]:
    if field.get("parent"):
        span = span.parent if span else None
    if span is None:
        return []
    key = field["key"]
    if field["scope"] == "intrinsic":
        return [each for each in [intrinsics[key](span, trace)] if each is not None]
    if field.get("intrinsic"):
        pick: Callable[[Any], Any] = {
            "name": lambda event: event.name,
            "time_since_start_ns": lambda event: event.since_start_ns,
            "trace_id": lambda link: link.trace_id,
            "span_id": lambda link: link.span_id,
        }[key]
        return [pick(each) for each in (span.events if field["scope"] == "event" else span.links)]
    maps = {
        "span": [span.attributes],
        "resource": [span.resource],
        "scope": [span.scope],
        "event": [each.attributes for each in span.events],
        "link": [each.attributes for each in span.links],
        "nearest": [span.attributes if key in span.attributes else span.resource],
    }[field["scope"]]
    return [each[key] for each in maps if key in each]


intrinsics: dict[str, Callable[[Span, Trace], Any]] = {
    "service": lambda span, _: values.service(span),
    "name": lambda span, _: span.name,
    "kind": lambda span, _: span.kind,
    "status": lambda span, _: span.status,
    "status_message": lambda span, _: span.status_message,
    "trace_state": lambda span, _: span.trace_state,
    "start_ns": lambda span, _: span.start_ns,
    "duration_ns": lambda span, _: span.end_ns - span.start_ns,
    "trace_id": lambda span, _: span.trace_id.hex(),
    "span_id": lambda span, _: span.span_id.hex(),
    "parent_span_id": lambda span, _: span.parent_id.hex() or None,
    "scope_name": lambda span, _: span.scope_name,
    "scope_version": lambda span, _: span.scope_version,
    "trace_duration_ns": lambda span, trace: int(values.intrinsic("traceDuration", span, trace)),
    "root_name": lambda span, trace: values.intrinsic("rootName", span, trace),
    "root_service": lambda span, trace: values.intrinsic("rootServiceName", span, trace),
    "nested_left": lambda span, _: span.left,
    "nested_right": lambda span, _: span.right,
    "nested_parent": lambda span, trace: values.intrinsic("nestedSetParent", span, trace),
    "child_count": lambda span, _: len(span.children),
}


def means(f: Any, trace: Trace, span: Span) -> bool:
    if "all" in f:
        return all(means(each, trace, span) for each in f["all"])
    if "any" in f:
        return any(means(each, trace, span) for each in f["any"])
    if "not" in f:
        return not means(f["not"], trace, span)
    if "has" in f:
        return any(means(f["filter"], trace, each) for each in relatives(f["has"], trace, span))
    found = of(f["field"], trace, span)
    if f["op"] == "exists":
        return bool(found)
    wanted = f["value"]
    if isinstance(wanted, dict):
        wanted = int(wanted["int"]) if "int" in wanted else float(wanted["double"])
    return any(holds(f["op"], each, wanted, arrays=f.get("arrays", False)) for each in found)


def holds(op: str, have: Any, wanted: Any, *, arrays: bool) -> bool:
    if isinstance(have, list) and not arrays:
        return False
    if op in ("=~", "!~"):
        elements = have if isinstance(have, list) else [have]
        return searched(op, [each for each in elements if isinstance(each, str)], wanted)
    return values.holds(op, values.Several(have) if isinstance(have, list) else have, wanted)


def searched(op: str, texts: list[str], pattern: str) -> bool:
    found = any(re2.search(pattern, each) for each in texts)
    return bool(texts) and (found if op == "=~" else not found)


def relatives(relation: str, trace: Trace, span: Span) -> list[Span]:
    match relation:
        case "parent":
            return [span.parent] if span.parent else []
        case "child":
            return span.children
        case "ancestor":
            return ancestors(span)
        case "descendant":
            return [each for each in trace.spans if span in ancestors(each)]
        case "sibling":
            return [each for each in trace.spans if siblings(each, span)]
    return trace.spans


class StandIn:
    """A `Reader` of decoded traces."""

    def __init__(self, traces: list[Trace]) -> None:
        self.traces = traces

    def gather(
        self,
        tenant: str,
        filter_json: bytes,
        fields_json: bytes,
        start_ns: int,
        end_ns: int,
        *,
        newest: int = 0,
        **_: Any,
    ) -> Table:
        condition = json.loads(filter_json)
        found = [(trace, _meant(trace, condition, start_ns, end_ns)) for trace in self.traces]
        found = [each for each in found if each[1]]
        if newest:
            found.sort(key=lambda each: (max(span.start_ns for span in each[1]), each[0].trace_id), reverse=True)
            found = found[:newest]
        return Table(found, json.loads(fields_json), tree=False)

    def search(
        self, tenant: str, filter_json: bytes, start_ns: int, end_ns: int, limit: int
    ) -> list[tuple[bytes, int]]:
        condition = json.loads(filter_json)
        newest = [
            (max((span.start_ns for span in _meant(trace, condition, start_ns, end_ns)), default=-1), trace.trace_id)
            for trace in self.traces
        ]
        return [(trace_id, start) for start, trace_id in sorted(newest, reverse=True) if start >= 0][:limit]

    def told(
        self,
        tenant: str,
        trace_ids: bytes,
        filter_json: bytes,
        fields_json: bytes,
        start_ns: int,
        end_ns: int,
        *,
        spans: int,
    ) -> "Told":
        condition = json.loads(filter_json)
        by_id = {trace.trace_id: trace for trace in self.traces}
        ids = [trace_ids[at : at + 16] for at in range(0, len(trace_ids), 16)]
        meant = [(by_id[each], _meant(by_id[each], condition, start_ns, end_ns)) for each in ids if each in by_id]
        meant = [(trace, sorted(some, key=lambda span: (span.start_ns, span.left))) for trace, some in meant if some]
        table = Table([(trace, some[: max(1, spans)]) for trace, some in meant], json.loads(fields_json), tree=False)
        return Told(table, [(trace.trace_id, len(some)) for trace, some in meant], self, max(1, spans))

    def spans_of(
        self, tenant: str, trace_ids: bytes, fields_json: bytes, *, max_rows: int = 10**7, max_bytes: int = 0
    ) -> Table:
        by_id = {trace.trace_id: trace for trace in self.traces}
        ids = [trace_ids[at : at + 16] for at in range(0, len(trace_ids), 16)]
        found = [(by_id[each], sorted(by_id[each].spans, key=lambda span: span.left)) for each in ids if each in by_id]
        table = Table(found, json.loads(fields_json), tree=True)
        table.partial = "rows" if table.rows > max_rows else ""
        return table

    def summaries(self, tenant: str, trace_ids: Sequence[bytes]) -> list[Any]:
        by_id = {trace.trace_id: trace for trace in self.traces}
        made = []
        for trace in (by_id[each] for each in trace_ids if each in by_id):
            services: dict[str, list[int]] = {}
            for span in trace.spans:
                counts = services.setdefault(values.service(span) or "", [0, 0])
                counts[0] += 1
                counts[1] += span.status == 2
            names = (values.intrinsic(each, trace.spans[0], trace) for each in ("rootServiceName", "rootName"))
            rows = [(name, *counts) for name, counts in sorted(services.items())]
            made.append((trace.trace_id, *names, trace.start_ns, trace.end_ns, len(trace.spans), 0, 0, rows))
        return made


def _meant(trace: Trace, condition: Any, start_ns: int, end_ns: int) -> list[Span]:
    return [each for each in trace.spans if start_ns <= each.start_ns <= end_ns and means(condition, trace, each)]


class Told:
    """The core's, of decoded traces."""

    def __init__(self, table: Table, matched: list[tuple[bytes, int]], stand_in: StandIn, spans: int) -> None:
        self.read = table.read
        self.column = table.column
        self._rows: list[Any] = []
        first = 0
        for trace_id, count in matched:
            [(_, _, _, start_ns, end_ns, *_, services)] = stand_in.summaries("", [trace_id])
            end = first + min(count, spans)
            self._rows.append((trace_id, start_ns, end_ns, services, count, first, end))
            first = end

    def __len__(self) -> int:
        return len(self._rows)

    def traces(self) -> list[Any]:
        return self._rows

    def tempo_json(self, *layout: Any, metrics: bytes) -> bytes:
        raise NotImplementedError

    def tempo_protobuf(self, *layout: Any, part_bytes: int) -> list[bytes]:
        raise NotImplementedError
