"""Otelier's own metrics: counters, gauges and histograms under the Collector's names.

Instruments are made once and are safe to use from any thread. Values are read by `Meter.collect`;
what counts elsewhere (the native core, a queue's length) is read by a callback at that moment.
A hot path binds its labels once: `counter.bind(receiver="otlp").add(512)` costs a lock and an addition.
"""

import logging
import threading
from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

Labels: TypeAlias = tuple[tuple[str, str], ...]
Reading: TypeAlias = tuple[Mapping[str, str], float]
Kind: TypeAlias = Literal["counter", "gauge", "histogram"]

_log = logging.getLogger(__name__)


def _key(labels: Mapping[str, str]) -> Labels:
    return tuple(sorted(labels.items()))


@dataclass(frozen=True, slots=True)
class HistogramValue:
    """One histogram at the moment of `collect`."""

    bounds: tuple[float, ...]
    counts: tuple[int, ...]
    """One more than bounds; not cumulative. A value equal to a bound counts below it."""
    sum: float


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric at the moment of `collect`."""

    name: str
    kind: Kind
    unit: str
    description: str
    values: dict[Labels, float | HistogramValue]


class BoundCounter:
    """A counter with its labels fixed."""

    __slots__ = ("_lock", "value")

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.value: float = 0

    def add(self, amount: float) -> None:
        """Raises ValueError for a negative amount."""
        if amount < 0:
            raise ValueError("a counter only grows")
        with self._lock:
            self.value += amount


class Counter:
    """A sum that only grows, per combination of labels."""

    kind: Literal["counter"] = "counter"

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._cells: dict[Labels, BoundCounter] = {}

    def bind(self, **labels: str) -> BoundCounter:
        """The counter of these labels; it shows as 0 from now on."""
        key = _key(labels)
        with self._lock:
            cell = self._cells.get(key)
            if cell is None:
                cell = self._cells[key] = BoundCounter()
            return cell

    def add(self, amount: float, **labels: str) -> None:
        """Raises ValueError for a negative amount."""
        self.bind(**labels).add(amount)

    def value(self, **labels: str) -> float:
        """For tests and summaries."""
        cell = self._cells.get(_key(labels))
        return cell.value if cell else 0

    def read(self) -> dict[Labels, float]:
        """All sums."""
        with self._lock:
            return {key: cell.value for key, cell in self._cells.items()}


class BoundHistogram:
    """A histogram with its labels fixed."""

    __slots__ = ("_bounds", "_counts", "_lock", "_sum")

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self._lock = threading.Lock()
        self._bounds = bounds
        self._counts = [0] * (len(bounds) + 1)
        self._sum: float = 0

    def record(self, value: float, times: int = 1) -> None:
        """Count one value, or so many equal ones."""
        at = bisect_left(self._bounds, value)
        with self._lock:
            self._counts[at] += times
            self._sum += value * times

    def read(self) -> HistogramValue:
        """What was counted."""
        with self._lock:
            return HistogramValue(self._bounds, tuple(self._counts), self._sum)


class Histogram:
    """Counts of values up to each bound, per combination of labels."""

    kind: Literal["histogram"] = "histogram"

    def __init__(self, bounds: Iterable[float]) -> None:
        self._lock = threading.Lock()
        self._bounds = tuple(sorted(bounds))
        self._cells: dict[Labels, BoundHistogram] = {}

    def bind(self, **labels: str) -> BoundHistogram:
        """The histogram of these labels; it shows as empty from now on."""
        key = _key(labels)
        with self._lock:
            cell = self._cells.get(key)
            if cell is None:
                cell = self._cells[key] = BoundHistogram(self._bounds)
            return cell

    def record(self, value: float, **labels: str) -> None:
        """Count one value."""
        self.bind(**labels).record(value)

    def read(self) -> dict[Labels, HistogramValue]:
        """What was counted."""
        with self._lock:
            cells = dict(self._cells)
        return {key: cell.read() for key, cell in cells.items()}


@dataclass(slots=True)
class _Entry:
    """All that feeds one metric: an instrument, callbacks, or both."""

    kind: Kind
    unit: str
    description: str
    instrument: Counter | Histogram | None = None
    readers: list[Callable[[], Iterable[Reading]]] = field(default_factory=list[Callable[[], Iterable[Reading]]])


class Meter:
    """Makes instruments; the same name gives the same instrument."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: dict[str, _Entry] = {}

    def counter(self, name: str, unit: str, description: str) -> Counter:
        """Raises TypeError if the name is taken by another kind of metric."""
        with self._lock:
            entry = self._entry(name, "counter", unit, description)
            if entry.instrument is None:
                entry.instrument = Counter()
            assert isinstance(entry.instrument, Counter)
            return entry.instrument

    def histogram(self, name: str, unit: str, description: str, bounds: Iterable[float]) -> Histogram:
        """Raises TypeError if the name is taken by another kind of metric; the first caller's bounds hold."""
        with self._lock:
            entry = self._entry(name, "histogram", unit, description)
            if entry.instrument is None:
                entry.instrument = Histogram(bounds)
            assert isinstance(entry.instrument, Histogram)
            return entry.instrument

    def observe(
        self,
        name: str,
        kind: Literal["counter", "gauge"],
        unit: str,
        description: str,
        read: Callable[[], Iterable[Reading]],
    ) -> Callable[[], None]:
        """Ask `read` for (labels, value) pairs at each collection; call what is returned to stop that.

        Values of equal labels are added up. Raises TypeError if the name is taken by another kind of metric.
        """
        with self._lock:
            entry = self._entry(name, kind, unit, description)
            entry.readers.append(read)

        def forget() -> None:
            with self._lock:
                if read in entry.readers:
                    entry.readers.remove(read)

        return forget

    def collect(self) -> list[Metric]:
        """Every metric with its current values, by name. A callback that raises is logged and left out."""
        with self._lock:
            entries = [(name, entry, entry.instrument, tuple(entry.readers)) for name, entry in self._entries.items()]
        metrics: list[Metric] = []
        for name, entry, instrument, readers in sorted(entries, key=lambda e: e[0]):
            values: dict[Labels, float | HistogramValue] = {}
            if isinstance(instrument, Histogram):
                values.update(instrument.read())
            else:
                values.update(_add_up(name, instrument, readers))
            metrics.append(Metric(name, entry.kind, entry.unit, entry.description, values))
        return metrics

    def _entry(self, name: str, kind: Kind, unit: str, description: str) -> _Entry:
        entry = self._entries.get(name)
        if entry is None:
            entry = self._entries[name] = _Entry(kind, unit, description)
        if entry.kind != kind:
            raise TypeError(f"{name} is a {entry.kind}, not a {kind}")
        return entry


def _add_up(
    name: str, counter: Counter | None, readers: Iterable[Callable[[], Iterable[Reading]]]
) -> dict[Labels, float]:
    values = counter.read() if counter else {}
    for read in readers:
        try:
            readings = [(_key(labels), value) for labels, value in read()]
        except Exception:  # noqa: BLE001 (one broken gauge must not take all metrics away)
            _log.exception("can't read the metric %s", name)
            continue
        for key, value in readings:
            values[key] = values.get(key, 0) + value
    return values
