"""Metrics in memory that answer as the store does."""

from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TypeVar

from ..query.metrics_reader import Exemplar, Found, Metadata, Selectors, SeriesExemplars, Statistics
from ..query.promql.ast import NAME, Matcher
from ..query.promql.histograms import Histogram
from ..query.promql.labels import Labels, labels_of, value_of
from ..query.promql.matchers import predicate
from ..query.promql.memory import MemoryStorage
from ..query.promql.notation import parse_series
from ..query.promql.storage import Group

_T = TypeVar("_T")
_EVER = (-(2**62), 2**62)


class _Source:
    def __init__(self, storage: MemoryStorage, warnings: Sequence[str]) -> None:
        self._storage = storage
        self.warnings = warnings

    def select(self, matchers: Sequence[Matcher], start_ms: int, end_ms: int) -> list[Group]:
        return self._storage.select(matchers, start_ms, end_ms)


class MemoryMetrics:
    """Implements MetricsReader. `warnings` come with every answer from then on."""

    def __init__(self) -> None:
        self.warnings: tuple[str, ...] = ()
        self._storages: dict[str, MemoryStorage] = {}
        self._exemplars: list[tuple[str, Labels, Exemplar]] = []
        self._metadata: list[tuple[str, Metadata]] = []

    def append(self, labels: Labels, time_ms: int, value: float | Histogram, tenant: str = "default") -> None:
        """One sample."""
        self._storage(tenant).append(labels_of(labels), time_ms, value)

    def load(self, line: str, step_ms: int, start_ms: int = 0, tenant: str = "default") -> None:
        """`metric{a="b"} 1 2+3x10 _ stale`: values of one series, that far apart. Raises BadQuery."""
        labels, points = parse_series(line)
        for number, point in enumerate(points):
            value = point.histogram if point.histogram is not None else point.value
            if value is not None:
                self.append(labels, start_ms + number * step_ms, value, tenant)

    def add_exemplar(
        self, series: Labels, time_ms: int, value: float, labels: Labels, tenant: str = "default"
    ) -> None:  # fmt: skip
        """One exemplar of a series."""
        self._exemplars.append((tenant, labels_of(series), Exemplar(labels_of(labels), value, time_ms)))

    def describe(self, metric: str, type_: str, help_: str, unit: str = "", tenant: str = "default") -> None:
        """What a family of metrics is."""
        self._metadata.append((tenant, Metadata(metric, type_, help_, unit)))

    def turn(self) -> AbstractContextManager[None]:
        return nullcontext()

    def storage(self, tenant: str, text: str) -> _Source:
        return _Source(self._storage(tenant), self.warnings)

    def series(self, tenant: str, selectors: Selectors, start_ms: int, end_ms: int, limit: int) -> Found[Labels]:
        return self._found(sorted(self._series(tenant, selectors, start_ms, end_ms)), limit)

    def label_names(self, tenant: str, selectors: Selectors, start_ms: int, end_ms: int, limit: int) -> Found[str]:
        series = self._series(tenant, selectors, start_ms, end_ms)
        return self._found(sorted({name for labels in series for name, _ in labels}), limit)

    def label_values(
        self, tenant: str, name: str, selectors: Selectors, start_ms: int, end_ms: int, limit: int
    ) -> Found[str]:
        values = {value_of(labels, name) for labels in self._series(tenant, selectors, start_ms, end_ms)}
        return self._found(sorted(values - {""}), limit)

    def exemplars(
        self, tenant: str, selectors: Selectors, start_ms: int, end_ms: int, limit: int, naming: str = ""
    ) -> Found[SeriesExemplars]:
        here = [
            (series, each)
            for whose, series, each in self._exemplars
            if whose == tenant and start_ms <= each.time_ms <= end_ms and (not selectors or _fits(series, selectors))
            if any(naming in value for _, value in each.labels) or not naming
        ]
        here.sort(key=lambda each: (each[0], each[1].time_ms))
        found: dict[Labels, list[Exemplar]] = {}
        for series, each in here[: limit or None]:
            found.setdefault(series, []).append(each)
        return Found(
            [SeriesExemplars(*each) for each in found.items()], bool(limit) and len(here) > limit, self.warnings
        )

    def metadata(self, tenant: str, metric: str, limit: int) -> Found[Metadata]:
        known = [each for whose, each in self._metadata if whose == tenant and metric in ("", each.metric)]
        families = sorted({each.metric for each in known})
        kept = families[: limit or None]
        items = sorted((each for each in known if each.metric in kept), key=lambda each: each.metric)
        return Found(items, len(kept) < len(families), self.warnings)

    def statistics(self, tenant: str, limit: int) -> Statistics:
        groups = self._storage(tenant).select([], *_EVER)
        series = [labels for group in groups for labels in group.labels]
        times = [int(time) for group in groups for time in group.timestamps]
        pairs = {pair for labels in series for pair in labels}
        sizes: Counter[str] = Counter()
        for name, value in pairs:
            sizes[name] += len(value.encode())
        return Statistics(
            series=len(series),
            samples=sum(group.values.size for group in groups),
            label_pairs=len(pairs),
            min_ms=min(times, default=0),
            max_ms=max(times, default=0),
            by_metric=_most((value_of(labels, NAME) for labels in series), limit),
            values_by_label=_most((name for name, _ in pairs), limit),
            bytes_by_label=_most(sizes.elements(), limit),
            by_pair=_most((f"{name}={value}" for labels in series for name, value in labels), limit),
        )

    def _storage(self, tenant: str) -> MemoryStorage:
        return self._storages.setdefault(tenant, MemoryStorage())

    def _series(self, tenant: str, selectors: Selectors, start_ms: int, end_ms: int) -> set[Labels]:
        storage = self._storage(tenant)
        return {
            labels
            for matchers in selectors or [[]]
            for group in storage.select(matchers, start_ms - 1, end_ms)
            for labels in group.labels
        }

    def _found(self, items: list[_T], limit: int) -> Found[_T]:
        kept = items[: limit or None]
        return Found(kept, len(kept) < len(items), self.warnings)


def _fits(series: Labels, selectors: Selectors) -> bool:
    return any(
        all(predicate(each)(value_of(series, each.label)) for each in matchers) for matchers in selectors
    )  # fmt: skip


def _most(names: Iterable[str], limit: int) -> list[tuple[str, int]]:
    counted = sorted(Counter(names).items(), key=lambda each: (-each[1], each[0]))
    return counted[: limit or None]
