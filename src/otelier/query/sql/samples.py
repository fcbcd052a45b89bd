"""The view `metrics`: samples of series as rows, from the store of metrics."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..._core import TooManySamples
from ..promql.arrays import stale
from ..promql.histograms.encoded import decoded
from ..promql.histograms.model import Histogram
from ..re2 import escaped
from .columns import VIEWS
from .conditions import Condition
from .filters import like
from .limits import Limits
from .narrowing import narrowed, parts_of
from .read import Sent, Table, Wanted

if TYPE_CHECKING:
    from ..._core import Labels, SeriesGroup, SeriesMatcher, SeriesView

_NAME = "__name__"
_MS = 10**6
_BYTES = 8


def metrics(view: "SeriesView", tenant: str, wanted: Wanted, limits: Limits) -> Table:
    """Raises TooLarge where a limit ends the reading."""
    window, rest = narrowed(wanted.where, "time", wanted.window)
    soft = [name.removeprefix("resource.") for name in wanted.columns if name.startswith("resource.")]
    start_ms, end_ms = -(-window.start_ns // _MS) - 1, window.end_ns // _MS
    try:
        groups = view.select(tenant, matchers(rest), start_ms, end_ms, soft, limits.samples)
    except TooManySamples as error:
        raise limits.reached("samples") from error
    return _table(wanted, groups, frozenset(soft))


def none(wanted: Wanted) -> Table:
    """Where no metrics are kept."""
    return _table(wanted, [], frozenset())


def _table(wanted: Wanted, groups: "Sequence[SeriesGroup]", soft: frozenset[str]) -> Table:
    rows = _Rows(groups)
    table = Table(len(rows.times), [], len(rows.times), 0)
    labels = [each for group, *_ in groups for each in group]
    for name in wanted.columns:
        fixed = VIEWS["metrics"].columns.get(name)
        if fixed is None or fixed.of == "series":
            table.series.append(_of_series(name, labels, soft))
        else:
            table.columns.append({"name": name, "type": fixed.type, **rows.column(name)})
    table.series_rows = len(labels)
    if table.series:
        table.columns.append({"name": "series", "type": "BIGINT", "form": "number", "data": rows.series.tobytes()})
    table.bytes = _BYTES * len(rows.times)
    return table


def matchers(where: Condition | None) -> "list[SeriesMatcher]":
    """What must hold of a series; further conditions are left to DuckDB."""
    return [one for part in parts_of(where) if (one := _matcher(part)) is not None]


def _matcher(part: Condition) -> "SeriesMatcher | None":
    several = part.get("any")
    if several is not None:
        names = {each.get("column") for each in several}
        equal = len(names) == 1 and all(each.get("op") == "=" and isinstance(each["value"], str) for each in several)
        label = _label(str(names.pop())) if equal else ""
        return (label, "=~", "|".join(escaped(each["value"]) for each in several)) if label else None
    label, op, value = _label(str(part.get("column"))), part.get("op"), part.get("value")
    if not label or not isinstance(value, str):
        return None
    if op == "=":
        return (label, "=", value)
    if op == "like":
        return (label, "=~", "(?s)" + like(value))
    return (label, "=~", f"(?s){escaped(value)}.*") if op == "prefix" else None


def _label(column: str) -> str:
    """Whose matcher says the same of a column; empty if none does."""
    scope, _, key = column.partition(".")
    return _NAME if column == "name" else key if scope in ("label", "resource") else ""


def _of_series(name: str, labels: "Sequence[Labels]", soft: frozenset[str]) -> Sent:
    sent: Sent = {"name": name, "type": "VARCHAR", "form": "listed"}
    if name == "labels":
        pairs = [[(key, value) for key, value in each if key != _NAME and key not in soft] for each in labels]
        keys, values = [[key for key, _ in each] for each in pairs], [[value for _, value in each] for each in pairs]
        return sent | {"form": "map", "keys": keys, "values": values, "type": "MAP(VARCHAR, VARCHAR)"}
    key = _label(name)
    return sent | {"values": [dict(each).get(key) for each in labels]}


class _Rows:
    """Samples of all groups, without stale markers."""

    def __init__(self, groups: "Sequence[SeriesGroup]") -> None:
        times, series, values = [np.empty(0, "<i8")], [np.empty(0, "<i8")], [np.empty(0, "<f8")]
        self._histograms: dict[int, Histogram] = {}
        first, row = 0, 0
        for labels, stamps, floats, encoded in groups:
            moments, count = np.frombuffer(stamps, "<i8"), len(labels)
            numbers = np.frombuffer(floats, "<f8").reshape(len(moments), count)
            there = ~stale(numbers)
            native = self._native(encoded, there)
            at = np.flatnonzero(there)
            self._histograms |= {row + place: native[each] for place, each in enumerate(at.tolist()) if each in native}
            times.append(moments[at // max(count, 1)])
            series.append(first + at % max(count, 1))
            values.append(numbers.reshape(-1)[at])
            first, row = first + count, row + len(at)
        self.times = np.concatenate(times)
        self.series = np.concatenate(series).astype("<i8")
        self._values = np.concatenate(values)

    def _native(self, encoded: Sequence[bytes | None] | None, there: np.ndarray) -> dict[int, Histogram]:
        """By place; those that end a series are taken out of `there`."""
        flat, found = there.reshape(-1), dict[int, Histogram]()
        for place, data in enumerate(encoded or ()):
            if data is not None:
                histogram = decoded(data)
                flat[place] = histogram is not None
                if histogram is not None:
                    found[place] = histogram
        return found

    def column(self, name: str) -> Sent:
        """As `arrays` takes it."""
        if name == "time":
            return {"form": "time", "data": (self.times * _MS).tobytes()}
        count = len(self.times)
        if name == "buckets":
            values: list[Any] = [None] * count
            for row, histogram in self._histograms.items():
                values[row] = [_bucket(*each) for each in histogram.ascending()]
            return {"form": "listed", "values": values if self._histograms else [None]}
        numbers, absent = self._values, np.zeros(count, "?")
        native = np.fromiter(self._histograms, np.intp, len(self._histograms))
        if name == "value":
            absent[native] = True
        else:
            numbers, absent = np.zeros(count), np.ones(count, "?")
            numbers[native] = [getattr(each, name) for each in self._histograms.values()]
            absent[native] = False
        return {"form": "double", "data": numbers.astype("<f8").tobytes(), "absent": absent.tobytes()}


def _bucket(lower: float, upper: float, count: float) -> Mapping[str, float]:
    return {"lower": lower, "upper": upper, "count": count}
