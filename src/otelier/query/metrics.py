"""Questions about the metrics of a data directory: `MetricsReader` over its segments and log.

Attributes of resources are labels wherever a query names them, and invisible otherwise.
"""

import re
import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import msgspec
import numpy as np

from .._core import SeriesView, TooManySamples
from ..storage.directory import METRICS
from .errors import BadQuery
from .gate import Gate
from .metrics_reader import Exemplar, Found, Metadata, Selectors, SeriesExemplars, Statistics
from .metrics_snapshot import MetricsSnapshot
from .promql import errors
from .promql.arrays import STALE, Objects, no_objects
from .promql.ast import Matcher
from .promql.histograms.encoded import decoded
from .promql.labels import Labels, LabelSets
from .promql.named import named_in, named_labels
from .promql.query import Options
from .promql.storage import Asked, Group, Worth

if TYPE_CHECKING:
    from .._core import SeriesMatcher

T = TypeVar("T")
MAX_SAMPLES = Options().max_samples
_NOT_PLAIN = re.compile("[^A-Za-z0-9]")
_OVERFLOW = ("__overflow__", "true")
_FOLDED = (
    "series of {metric} are folded into one, because it has more than max_series_per_metric or its tenant more than "
    "max_series: only the newest of their values is known there"
)


class Metrics:
    """Implements `MetricsReader`. The directory need not have metrics yet."""

    def __init__(self, directory: Path, gate: Gate, max_samples: int = MAX_SAMPLES) -> None:
        """`max_samples`: most that one selector may read."""
        self._directory = directory
        self._gate = gate
        self._max_samples = max_samples
        self._guard = threading.Lock()
        self._follow_s = 0.0
        self._opened: MetricsSnapshot | None = None

    def turn(self) -> AbstractContextManager[None]:
        """Raises Busy."""
        return self._gate.one()

    def storage(self, tenant: str, text: str) -> "StoredSeries":
        """For one query with this text."""
        try:
            names = named_labels(text)
        except BadQuery:
            names = []
        return StoredSeries(self, tenant, names, self._max_samples)

    def series(self, tenant: str, selectors: Selectors, start_ms: int, end_ms: int, limit: int) -> Found[Labels]:
        """Label sets, sorted."""
        names = sorted({name for matchers in selectors for name in named_in(matchers)})
        items = self.ask(
            lambda view: view.series(tenant, _plain(selectors), start_ms, end_ms, names, _more(limit)),
            list[Labels](),
        )
        return self._found(sorted(items), limit, _folded(items))

    def label_names(self, tenant: str, selectors: Selectors, start_ms: int, end_ms: int, limit: int) -> Found[str]:
        """Sorted. Without selectors attributes of resources are among them, as queries name them: of chosen series that
        would take a look at each.
        """

        def ask(view: SeriesView) -> tuple[set[str], set[str]]:
            own, *more = (
                set(view.label_names(tenant, _plain(selectors), start_ms, end_ms, attributes))
                for attributes in ((False,) if selectors else (False, True))
            )
            return own, set[str]().union(*more) - own

        items, attributes = self.ask(ask, (set[str](), set[str]()))
        items |= {_NOT_PLAIN.sub("_", each) for each in attributes}
        return self._found(sorted(items), limit)

    def label_values(
        self, tenant: str, name: str, selectors: Selectors, start_ms: int, end_ms: int, limit: int
    ) -> Found[str]:
        """Sorted."""
        items = self.ask(
            lambda view: view.label_values(tenant, name, _plain(selectors), start_ms, end_ms, _more(limit)),
            list[str](),
        )
        return self._found(sorted(items), limit)

    def exemplars(
        self, tenant: str, selectors: Selectors, start_ms: int, end_ms: int, limit: int, naming: str = ""
    ) -> Found[SeriesExemplars]:
        """By series, sorted."""
        found = self.ask(
            lambda view: view.exemplars(tenant, _plain(selectors), start_ms, end_ms, _more(limit), naming),
            list[tuple[Labels, list[tuple[Labels, float, int]]]](),
        )
        items, left = list[SeriesExemplars](), limit or sum(len(each) for _, each in found)
        for labels, exemplars in sorted(found, key=lambda each: each[0]):
            if kept := [Exemplar(*each) for each in exemplars[:left]]:
                items.append(SeriesExemplars(labels, kept))
                left -= len(kept)
        truncated = bool(limit) and sum(len(each) for _, each in found) > limit
        return Found(items, truncated, self._left_out())

    def metadata(self, tenant: str, metric: str, limit: int) -> Found[Metadata]:
        """By family, sorted."""
        items = self.ask(lambda view: view.metadata(tenant, metric, _more(limit)), list[tuple[str, str, str, str]]())
        return self._found([Metadata(*each) for each in sorted(items)], limit)

    def statistics(self, tenant: str, limit: int) -> Statistics:
        """Of active series."""
        empty = Statistics(0, 0, 0, 0, 0, [], [], [], [])
        return self.ask(lambda view: msgspec.convert(view.statistics(tenant, limit), Statistics), empty)

    def keep_fresh(self, interval_s: float) -> None:
        """Follow the log in the background, as soon as there is one."""
        self._follow_s = interval_s
        self._snapshot()

    def close(self) -> None:
        """End the thread that follows."""
        if self._opened:
            self._opened.close()

    def ask(self, question: Callable[[SeriesView], T], empty: T) -> T:
        """The view's answer as of now, or `empty` where no metrics are kept. Raises BadQuery, StoreUnreadable."""
        snapshot = self._snapshot()
        if snapshot is None:
            return empty
        try:
            return snapshot.read(lambda view, _: question(view))
        except TooManySamples as error:
            raise errors.TooManySamples(
                f"query processing would load too many samples into memory in query execution: {error}; "
                "ask for fewer series, a shorter time or a larger step"
            ) from error
        except ValueError as error:
            raise BadQuery(str(error)) from error

    def warnings(self, series: Sequence[Labels]) -> tuple[str, ...]:
        """What makes an answer with these series less than it could be."""
        return (*_folded(series), *self._left_out())

    def _found(self, items: list[T], limit: int, warnings: tuple[str, ...] = ()) -> Found[T]:
        kept = items[: limit or None]
        return Found(kept, len(kept) < len(items), (*warnings, *self._left_out()))

    def _left_out(self) -> tuple[str, ...]:
        left = self._opened.left_out() if self._opened else ()
        return tuple(f"the answer is made without a damaged segment: {each}" for each in left)

    def _snapshot(self) -> MetricsSnapshot | None:
        with self._guard:
            if self._opened is None and (self._directory / METRICS).is_dir():
                self._opened = MetricsSnapshot(self._directory)
                if self._follow_s:
                    self._opened.keep_fresh(self._follow_s)
            return self._opened


class StoredSeries:
    """Samples for one query; a `Source` of `metrics_reader`."""

    def __init__(self, metrics: Metrics, tenant: str, names: list[str], max_samples: int) -> None:
        self._metrics = metrics
        self._tenant = tenant
        self._names = names
        self._max_samples = max_samples
        self._warnings: dict[str, None] = {}

    @property
    def warnings(self) -> Sequence[str]:
        """Each once."""
        return tuple(self._warnings)

    def select(self, matchers: Sequence[Matcher], start_ms: int, end_ms: int) -> list[Group]:
        """Samples of `start_ms < time <= end_ms`. Raises BadQuery, TooManySamples, StoreUnreadable."""
        wanted = _plain([matchers])[0]
        found = self._metrics.ask(
            lambda view: view.select(self._tenant, wanted, start_ms, end_ms, self._names, self._max_samples), []
        )
        self._warn(labels for labels, *_ in found)
        return [_group(*each) for each in found]

    def worth(self, asked: Asked) -> Worth | None:
        """What the core can work out. Raises as `select`."""
        wanted = _plain([asked.matchers])[0]
        steps = asked.first_ms, asked.step_ms, asked.count, asked.length_ms
        grouping = (asked.operator, list(asked.names), asked.without) if asked.operator else None
        found = self._metrics.ask(
            lambda view: view.range(
                self._tenant, wanted, self._names, asked.function, steps, grouping, self._max_samples
            ),
            None,
        )
        if found is None:
            return None
        labels, values, present, sources, samples = found
        self._warn([sources])
        shape = len(labels), asked.count
        floats = np.frombuffer(values, np.float64, shape[0] * shape[1]).reshape(shape)
        there = np.ones(shape, np.bool_) if present is None else np.frombuffer(present, np.bool_).reshape(shape)
        return Worth(labels, floats, there, sources, samples)

    def _warn(self, found: Iterable[LabelSets]) -> None:
        folded = [labels[at] for labels in found for at in labels.having(*_OVERFLOW)]
        self._warnings.update(dict.fromkeys(self._metrics.warnings(folded)))


def _group(labels: LabelSets, times: bytes, values: memoryview, histograms: list[bytes | None] | None) -> Group:
    timestamps = np.frombuffer(times, np.int64)
    shape = len(timestamps), len(labels)
    floats = np.frombuffer(values, np.float64).reshape(shape)
    if histograms is None:
        return Group(labels, timestamps, floats)
    floats = floats.copy()
    return Group(labels, timestamps, floats, _histograms(histograms, floats))


def _histograms(encoded: list[bytes | None], floats: np.ndarray) -> Objects:
    """As objects; stale markers go into `floats`."""
    found = no_objects(floats.shape)
    flat, numbers = found.reshape(-1), floats.reshape(-1)
    for at, data in enumerate(encoded):
        if data is not None:
            flat[at] = decoded(data)
            numbers[at] = STALE if flat[at] is None else np.nan
    return found


def _plain(selectors: Selectors) -> "list[list[SeriesMatcher]]":
    """As the core takes them; of none every series is meant."""
    return [[(each.label, each.operator, each.value) for each in matchers] for matchers in selectors or [[]]]


def _more(limit: int) -> int:
    """One more shows that there is more."""
    return limit + 1 if limit else 0


def _folded(series: Sequence[Labels]) -> tuple[str, ...]:
    metrics = dict.fromkeys(labels[0][1] for labels in series if len(labels) == 2 and labels[1] == _OVERFLOW)
    return tuple(_FOLDED.format(metric=each) for each in metrics)
