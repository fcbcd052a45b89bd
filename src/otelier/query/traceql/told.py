"""Traces that the core found and tells of alone: they become objects only where somebody looks at them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, Protocol, overload

import numpy as np

from . import ast
from .answer import AnyValue, Attribute, ServiceStats, SpanResult, Spanset, TraceResult
from .evaluate.present import any_values
from .evaluate.table import SPAN_ID, START, Column, typed
from .evaluate.values import DURATION, KIND, STATUS
from .fields import TYPES, CoreField, field_of

Trace = tuple[bytes, int, int, Sequence[tuple[str, int, int]], int, int, int]
"""Id, start, end, services with spans and errors, spans that matched, first row of those told and the row behind."""
Fixed = tuple[int, int, int, int, int, int]
"""Columns of start, duration, name, span id, and of service and name of the root."""
Shown = list[tuple[str, int, str]]
"""What is told as attributes: key, column and the kind of its values."""
Layout = tuple[Fixed, Shown, int]
"""For the core; and how many spans of a spanset are told."""

_FIXED: Final[tuple[ast.Field, ...]] = tuple(map(ast.Intrinsic, ("duration", "name", "rootServiceName", "rootName")))
_KINDS: Mapping[int, str] = {DURATION: "duration", KIND: "kind", STATUS: "status"}
_IDS: Mapping[str, str] = {"span:parentID": "id", "parent": "optional id"}


class Told(Protocol):
    """As in `_core.pyi`."""

    @property
    def read(self) -> Mapping[str, int]: ...  # noqa: D102
    def __len__(self) -> int: ...
    def traces(self) -> Sequence[Trace]: ...  # noqa: D102
    def column(self, number: int) -> Column: ...  # noqa: D102
    def tempo_json(self, fixed: Fixed, shown: Shown, spans: int, /, *, metrics: bytes) -> bytes: ...  # noqa: D102
    def tempo_protobuf(self, fixed: Fixed, shown: Shown, spans: int, /, *, part_bytes: int) -> Sequence[bytes]: ...  # noqa: D102


class Telling:
    """Which fields of a span are asked for, and where they stand."""

    def __init__(self, shown: Sequence[tuple[str, ast.Field]]) -> None:
        """`shown`: what is told as attributes, by key."""
        self.shown = shown
        self.asked: list[CoreField] = [START, SPAN_ID]
        for field in (*_FIXED, *(field for _, field in shown)):
            if field_of(field) not in self.asked:
                self.asked.append(field_of(field))

    def place(self, field: ast.Field) -> int:
        """Of its column."""
        return self.asked.index(field_of(field))

    def layout(self, spans: int) -> Layout:
        """For the core."""
        duration, name, root_service, root_name = map(self.place, _FIXED)
        shown = [(key, self.place(field), _kind(field)) for key, field in self.shown]
        return (0, duration, name, 1, root_service, root_name), shown, spans


def _kind(field: ast.Field) -> str:
    name = field.name if isinstance(field, ast.Intrinsic) else ""
    return _IDS.get(name) or _KINDS.get(TYPES.get(name, -1), "")


class ToldTraces(Sequence[TraceResult]):
    """In the order of the answer, one spanset each."""

    def __init__(self, told: Told, telling: Telling, spans: int) -> None:
        """`spans`: told of each at most; 0: no spansets are told."""
        self.told = told
        self.layout = telling.layout(spans)
        self._telling = telling
        self._results: list[TraceResult] | None = None

    def __len__(self) -> int:
        return len(self.told)

    @overload
    def __getitem__(self, at: int) -> TraceResult: ...
    @overload
    def __getitem__(self, at: slice) -> list[TraceResult]: ...
    def __getitem__(self, at: int | slice) -> TraceResult | list[TraceResult]:
        return self._made()[at]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and list(self) == list(other)  # pyright: ignore[reportUnknownArgumentType]

    __hash__ = None  # pyright: ignore[reportAssignmentType]

    def without_spansets(self) -> "ToldTraces":
        """The same without what matched in them."""
        return ToldTraces(self.told, self._telling, 0)

    def _made(self) -> list[TraceResult]:
        if self._results is None:
            spans, spans_each = list(self._spans()), self.layout[-1]
            services, names = (self._texts(each) for each in _FIXED[2:])
            self._results = [
                TraceResult(
                    trace_id,
                    services[first],
                    names[first],
                    start_ns,
                    max(0, end_ns - start_ns),
                    tuple(ServiceStats(*each) for each in stats),
                    (Spanset(matched, tuple(spans[first:end][:spans_each]), ()),) if spans_each else (),
                )
                for trace_id, start_ns, end_ns, stats, matched, first, end in self.told.traces()
            ]
        return self._results

    def _column(self, field: ast.Field) -> Column:
        return self.told.column(self._telling.place(field))

    def _values(self, field: ast.Field) -> list[AnyValue]:
        values = typed(field, self._column(field))
        return any_values(values, np.arange(len(values)))

    def _texts(self, field: ast.Field) -> list[str]:
        return list(map(str, self._values(field)))

    def _spans(self) -> Iterator[SpanResult]:
        starts = np.frombuffer(self.told.column(0).data, "<u8").tolist()
        ids = self.told.column(1).raw
        durations = np.frombuffer(self._column(_FIXED[0]).data, "<i8").tolist()
        shown = [(key, self._values(field)) for key, field in self._telling.shown]
        for row, (start_ns, duration_ns, name) in enumerate(
            zip(starts, durations, self._texts(_FIXED[1]), strict=True)
        ):
            told = tuple(Attribute(key, of[row]) for key, of in shown if of[row] is not None)
            yield SpanResult(ids[8 * row : 8 * row + 8], name, start_ns, duration_ns, told)
