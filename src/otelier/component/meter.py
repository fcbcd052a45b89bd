"""Otelier's own metrics: counters, gauges and histograms under the Collector's names.

Instruments are made once and are safe to use from any thread. Values are read by `Meter.collect`;
what counts elsewhere (the native core, a queue's length) is read by a callback at that moment.
"""

import threading
from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

Labels: TypeAlias = tuple[tuple[str, str], ...]
Reading: TypeAlias = tuple[Mapping[str, str], float]


@dataclass(frozen=True, slots=True)
class HistogramValue:
    bounds: tuple[float, ...]
    counts: tuple[int, ...]
    """One more than bounds; not cumulative."""
    sum: float


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric at the moment of `collect`."""

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    unit: str
    description: str
    values: dict[Labels, float | HistogramValue]


class Counter:
    """A sum that only grows."""

    kind: Literal["counter"] = "counter"

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._values: dict[Labels, float] = {}

    def add(self, amount: float, **labels: str) -> None:
        key = tuple(sorted(labels.items()))
        with self._lock:
            self._values[key] = self._values.get(key, 0) + amount

    def value(self, **labels: str) -> float:
        """For tests and summaries."""
        return self._values.get(tuple(sorted(labels.items())), 0)

    def read(self) -> dict[Labels, float]:
        with self._lock:
            return dict(self._values)


class Histogram:
    """Counts of values up to each bound."""

    kind: Literal["histogram"] = "histogram"

    def __init__(self, bounds: Iterable[float]) -> None:
        self._lock = threading.Lock()
        self._bounds = tuple(bounds)
        self._values: dict[Labels, tuple[list[int], list[float]]] = {}

    def record(self, value: float, **labels: str) -> None:
        key = tuple(sorted(labels.items()))
        with self._lock:
            counts, total = self._values.setdefault(key, ([0] * (len(self._bounds) + 1), [0.0]))
            counts[bisect_left(self._bounds, value)] += 1
            total[0] += value

    def read(self) -> dict[Labels, HistogramValue]:
        with self._lock:
            return {k: HistogramValue(self._bounds, tuple(c), t[0]) for k, (c, t) in self._values.items()}


class Meter:
    """Makes instruments; the same name gives the same instrument."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._instruments: dict[str, tuple[str, str, Counter | Histogram]] = {}
        self._callbacks: dict[
            str, tuple[Literal["counter", "gauge"], str, str, list[Callable[[], Iterable[Reading]]]]
        ] = {}

    def counter(self, name: str, unit: str, description: str) -> Counter:
        with self._lock:
            entry = self._instruments.setdefault(name, (unit, description, Counter()))
        if not isinstance(entry[2], Counter):
            raise TypeError(f"{name} is not a counter")
        return entry[2]

    def histogram(self, name: str, unit: str, description: str, bounds: Iterable[float]) -> Histogram:
        with self._lock:
            entry = self._instruments.setdefault(name, (unit, description, Histogram(bounds)))
        if not isinstance(entry[2], Histogram):
            raise TypeError(f"{name} is not a histogram")
        return entry[2]

    def observe(
        self,
        name: str,
        kind: Literal["counter", "gauge"],
        unit: str,
        description: str,
        read: Callable[[], Iterable[Reading]],
    ) -> Callable[[], None]:
        """Ask `read` for (labels, value) pairs at each collection; call what is returned to stop that."""
        with self._lock:
            readers = self._callbacks.setdefault(name, (kind, unit, description, []))[3]
            readers.append(read)

        def forget() -> None:
            with self._lock:
                readers.remove(read)

        return forget

    def collect(self) -> list[Metric]:
        """Every metric with its current values, by name."""
        with self._lock:
            instruments, callbacks = dict(self._instruments), dict(self._callbacks)
        metrics = [
            Metric(name, instrument.kind, unit, description, dict(instrument.read()))
            for name, (unit, description, instrument) in instruments.items()
        ]
        for name, (kind, unit, description, readers) in callbacks.items():
            values: dict[Labels, float | HistogramValue] = {}
            for read in list(readers):
                values.update({tuple(sorted(labels.items())): value for labels, value in read()})
            metrics.append(Metric(name, kind, unit, description, values))
        return sorted(metrics, key=lambda m: m.name)
