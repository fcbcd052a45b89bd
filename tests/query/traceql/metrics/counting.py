"""The core's aggregates over decoded traces, in plain Python."""

import json
import math
import struct
from typing import Any

from ..decoded import Trace
from ..stand_in import Column, StandIn, column, means, of

OCTAVE = 64
LEAST = 1075


class Cells:
    def __init__(self) -> None:
        self.groups = 0
        self.group_columns: list[Column] = []
        self.cell_groups = self.cell_steps = self.counts = self.sums = self.mins = self.maxs = b""
        self.bucket_offsets, self.bucket_numbers, self.bucket_counts = struct.pack("<Q", 0), b"", b""
        self.partial = ""
        self.read = {"spans": 0, "bytes": 0}


class Counting(StandIn):
    """A `Reader` of decoded traces that counts, too."""

    def __init__(self, traces: list[Trace]) -> None:
        super().__init__(traces)
        self.asked = 0
        """How often for numbers."""

    def tag_names(self, tenant: str, start_ns: int, end_ns: int) -> list[tuple[str, str, str]]:
        spans = [span for trace in self.traces for span in trace.spans if start_ns <= span.start_ns <= end_ns]
        keys = {("span", key) for span in spans for key in span.attributes}
        keys |= {("resource", key) for span in spans for key in span.resource}
        keys |= {("scope", key) for span in spans for key in span.scope}
        return [(scope, key, "string") for scope, key in sorted(keys)]

    def tag_values(
        self, tenant: str, field_json: bytes, filter_json: bytes, start_ns: int, end_ns: int, limit: int = 1000
    ) -> Column:
        field, condition = json.loads(field_json), json.loads(filter_json)
        first = {}
        for trace in self.traces:
            for span in trace.spans:
                found = of(field, trace, span)
                if found and start_ns <= span.start_ns <= end_ns and means(condition, trace, span):
                    first.setdefault(repr(found), (trace, span))
        return column(field, [first[key] for key in sorted(first)][:limit])

    def aggregate(
        self,
        tenant: str,
        filter_json: bytes,
        group_json: bytes,
        start_ns: int,
        end_ns: int,
        step_ns: int,
        value_json: bytes | None = None,
        kind: str = "count",
        **_: Any,
    ) -> Cells:
        self.asked += 1
        condition, fields = json.loads(filter_json), json.loads(group_json)
        value = json.loads(value_json) if value_json else None
        groups: dict[str, int] = {}
        first, found = [], {}
        for trace in self.traces:
            for span in trace.spans:
                if not start_ns <= span.start_ns <= end_ns or not means(condition, trace, span):
                    continue
                numbers = of(value, trace, span) if value else [0]
                if len(numbers) != 1 or type(numbers[0]) not in (int, float):
                    continue
                key = repr([of(each, trace, span) for each in fields])
                group = groups.setdefault(key, len(groups))
                if group == len(first):
                    first.append((trace, span))
                found.setdefault((group, (span.start_ns - start_ns) // step_ns), []).append(float(numbers[0]))
        cells = Cells()
        cells.groups = len(groups)
        cells.group_columns = [column(each, first) for each in fields]
        offset = 0
        for (group, step), numbers in sorted(found.items()):
            cells.cell_groups += struct.pack("<I", group)
            cells.cell_steps += struct.pack("<I", step)
            cells.counts += struct.pack("<Q", len(numbers))
            if kind != "count":
                cells.sums += struct.pack("<d", sum(numbers))
                cells.mins += struct.pack("<d", min(numbers))
                cells.maxs += struct.pack("<d", max(numbers))
            if kind == "histogram":
                buckets = sorted(map(bucket, numbers))
                for each in sorted(set(buckets)):
                    cells.bucket_numbers += struct.pack("<i", each)
                    cells.bucket_counts += struct.pack("<Q", buckets.count(each))
                    offset += 1
                cells.bucket_offsets += struct.pack("<Q", offset)
        return cells

    def compare(
        self,
        tenant: str,
        filter_json: bytes,
        selection_json: bytes,
        fields_json: bytes,
        start_ns: int,
        end_ns: int,
        step_ns: int,
        top: int,
        **_: Any,
    ) -> "Comparison":
        self.asked += 1
        everything, selection = json.loads(filter_json), json.loads(selection_json)
        steps = (end_ns - start_ns) // step_ns + 1
        spans = [(trace, span) for trace in self.traces for span in trace.spans if start_ns <= span.start_ns <= end_ns]
        spans = [each for each in spans if means(everything, *each)]
        sides = [[], []]
        for each in spans:
            sides[means(selection, *each)].append(each)
        return Comparison([_compared(field, sides, start_ns, step_ns, steps, top) for field in json.loads(fields_json)])


class Comparison:
    def __init__(self, fields: list[Any]) -> None:
        self._fields = fields
        self.partial = ""
        self.read = {"spans": 0, "bytes": 0}

    def values(self, field: int) -> Column:
        return self._fields[field][0]

    def of_first(self, field: int) -> int:
        return self._fields[field][1]

    def counts(self, field: int) -> bytes:
        return self._fields[field][2]

    def totals(self, field: int) -> bytes:
        return self._fields[field][3]

    def cut(self, field: int) -> bool:
        return self._fields[field][4]


def _compared(field: Any, sides: list[list[Any]], start_ns: int, step_ns: int, steps: int, top: int) -> Any:
    told, of_first, counts, totals, cut = [], 0, b"", b"", False
    for number, spans in enumerate(sides):
        found: dict[str, list[Any]] = {}
        for trace, span in spans:
            if value := of(field, trace, span):
                found.setdefault(repr(value), []).append((trace, span))
        most = sorted(found.values(), key=lambda own: (-len(own), _order(of(field, *own[0]))))
        cut = cut or len(most) > top
        by_step = [0] * steps
        for own in most:
            line = [0] * steps
            for _, span in own:
                line[(span.start_ns - start_ns) // step_ns] += 1
            by_step = [a + b for a, b in zip(by_step, line, strict=True)]
            if len(told) - of_first < top:
                told.append(own[0])
                counts += struct.pack(f"<{steps}Q", *line)
        totals += struct.pack(f"<{steps}Q", *by_step)
        of_first = len(told) if number == 0 else of_first
    return column(field, told), of_first, counts, totals, cut


def _order(found: list[Any]) -> Any:
    (value,) = found if len(found) == 1 else ([found],)
    return (0, float(value), type(value).__name__) if isinstance(value, bool | int | float) else (1, 0.0, str(value))


def bucket(number: float) -> int:
    if number == 0:
        return 0
    exponent = math.floor((math.log2(abs(number)) + LEAST) * OCTAVE) + 1
    return exponent if number > 0 else -exponent
