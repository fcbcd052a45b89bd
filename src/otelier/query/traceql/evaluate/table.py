"""Spans of whole traces as columns: what the core's `spans_of` gives, made ready for numpy."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from .. import ast
from ..fields import TYPES, CoreField, field_of
from .values import INT, NIL, Ints, Values, strings

START: CoreField = {"scope": "intrinsic", "key": "start_ns"}
SPAN_ID: CoreField = {"scope": "intrinsic", "key": "span_id"}
PARENT_ID: CoreField = {"scope": "intrinsic", "key": "parent_span_id"}
_IDS = frozenset({"span:id", "span:parentID", "parent", "trace:id"})


class Column(Protocol):
    """As in `_core.pyi`."""

    @property
    def tags(self) -> bytes: ...  # noqa: D102
    @property
    def data(self) -> bytes: ...  # noqa: D102
    @property
    def texts(self) -> list[str]: ...  # noqa: D102
    @property
    def raw(self) -> bytes: ...  # noqa: D102


class Spans(Protocol):
    """The core's SpanTable."""

    @property
    def rows(self) -> int: ...  # noqa: D102
    @property
    def trace_codes(self) -> bytes: ...  # noqa: D102
    @property
    def trace_ids(self) -> bytes: ...  # noqa: D102
    @property
    def parents(self) -> bytes: ...  # noqa: D102
    @property
    def descendants(self) -> bytes: ...  # noqa: D102
    @property
    def partial(self) -> str: ...  # noqa: D102
    @property
    def read(self) -> Mapping[str, int]: ...  # noqa: D102
    def column(self, number: int) -> Column: ...  # noqa: D102


class Table:
    """Rows in the order of the core: traces one behind the other, each in pre-order (parents before children)."""

    def __init__(self, spans: Spans, fields: Sequence[CoreField]) -> None:
        """`fields`: those that were asked for, in order."""
        self._spans = spans
        self._fields = fields
        self._columns: dict[int, Column] = {}
        self._values: dict[ast.Field, Values] = {}
        self.rows = spans.rows
        self.traces: Ints = np.frombuffer(spans.trace_codes, "<u4").astype(np.int64)
        """Per row."""
        ids = spans.trace_ids
        self.trace_ids = [ids[at : at + 16] for at in range(0, len(ids), 16)]
        """By the codes in `traces`."""

    @cached_property
    def parents(self) -> NDArray[np.intp]:
        """Rows; -1 where the parent isn't in the trace."""
        return np.frombuffer(self._spans.parents, "<i4").astype(np.intp)

    @cached_property
    def descendants(self) -> Ints:
        """So many of the next rows are below a row."""
        return np.frombuffer(self._spans.descendants, "<u4").astype(np.int64)

    @cached_property
    def starts(self) -> NDArray[np.uint64]:
        """Nanoseconds since 1970."""
        return np.frombuffer(self._column(START).data, "<u8")

    @cached_property
    def parent_ids(self) -> NDArray[np.uint64]:
        """0: names none."""
        return np.frombuffer(self._column(PARENT_ID).raw, "<u8")

    @cached_property
    def span_ids(self) -> list[bytes]:
        """8 bytes each."""
        raw = self._column(SPAN_ID).raw
        return [raw[at : at + 8] for at in range(0, len(raw), 8)]

    def values(self, field: ast.Field) -> Values:
        """One per row."""
        known = self._values.get(field)
        if known is None:
            known = self._values[field] = self._read(field)
        return known

    def column(self, field: CoreField) -> Values:
        """What TraceQL has no word for."""
        return _values(self._column(field))

    def _read(self, field: ast.Field) -> Values:
        name = field.name if isinstance(field, ast.Intrinsic) else ""
        if name == "trace:id":
            return strings([each.hex() for each in self.trace_ids], self.traces)
        return typed(field, self._column(field_of(field)))

    def _column(self, field: CoreField) -> Column:
        number = self._fields.index(field)
        if number not in self._columns:
            self._columns[number] = self._spans.column(number)
        return self._columns[number]


def typed(field: ast.Field, column: Column) -> Values:
    """A column of the core with the types of TraceQL."""
    name = field.name if isinstance(field, ast.Intrinsic) else ""
    if name in _IDS and not column.raw:  # of groups, whose ids are texts already
        return _values(column) if name == "parent" else _never_nil(_values(column))
    if name in ("span:id", "span:parentID", "parent"):
        ids = _ids(column.raw, 8)
        return ids.where(np.frombuffer(column.tags, np.uint8) != NIL) if name == "parent" else ids
    if name == "trace:id":
        return _ids(column.raw, 16)
    values = _values(column)
    if name in TYPES:
        return Values(np.where(values.tags == INT, np.uint8(TYPES[name]), values.tags), values.data, values.texts)
    return values


def _values(column: Column) -> Values:
    return Values(np.frombuffer(column.tags, np.uint8), np.frombuffer(column.data, "<i8"), column.texts)


def _never_nil(values: Values) -> Values:
    """Texts; an empty one where there is none."""
    return strings([*values.texts, ""], np.where(values.tags == NIL, len(values.texts), values.data))


def _ids(raw: bytes, size: int) -> Values:
    """Hexadecimal; empty for zeros."""
    distinct, codes = np.unique(np.frombuffer(raw, f"V{size}"), return_inverse=True)
    texts = [each.hex() if any(each) else "" for each in map(bytes, distinct)]
    return strings(texts, codes.reshape(-1).astype(np.int64))
