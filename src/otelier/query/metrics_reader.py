"""What can be asked of the metrics of a tenant. The store answers it, and in tests memory does.

Selectors are lists of matchers that all have to fit; of several selectors a series has to fit one, and of none every
series does. Times are milliseconds since the epoch. `start_ms` and `end_ms` of look-ups belong to what is asked for.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Generic, Protocol, TypeAlias, TypeVar

from .promql.ast import Matcher
from .promql.labels import Labels
from .promql.storage import Storage

Selectors: TypeAlias = Sequence[Sequence[Matcher]]
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Found(Generic[_T]):
    """What was looked up. `truncated`: there is more than the limit allowed."""

    items: list[_T]
    truncated: bool = False
    warnings: tuple[str, ...] = ()
    """What makes the answer less than it could be, such as series that were folded into one."""


@dataclass(frozen=True, slots=True)
class Exemplar:
    """One measurement that stands for others; its labels name the trace."""

    labels: Labels
    value: float
    time_ms: int


@dataclass(frozen=True, slots=True)
class SeriesExemplars:
    """Of one series, oldest first."""

    series: Labels
    exemplars: list[Exemplar]


@dataclass(frozen=True, slots=True)
class Metadata:
    """What a family of metrics is, by who sends it. `type`: counter, gauge, histogram, summary, … or unknown."""

    metric: str
    type: str
    help: str
    unit: str


@dataclass(frozen=True, slots=True)
class Statistics:
    """Who has how many series; each list the largest first, names with counts."""

    series: int
    samples: int
    label_pairs: int
    min_ms: int
    max_ms: int
    by_metric: list[tuple[str, int]]
    """Series of each metric."""
    values_by_label: list[tuple[str, int]]
    """Distinct values of each label."""
    bytes_by_label: list[tuple[str, int]]
    """What the distinct values of each label take."""
    by_pair: list[tuple[str, int]]
    """Series with each `name=value`."""


class Source(Storage, Protocol):
    """Samples for one query."""

    @property
    def warnings(self) -> Sequence[str]:
        """About what was selected so far: series that were folded, files that can't be read."""
        ...


class MetricsReader(Protocol):
    """Any number of threads may ask. Everything raises BadQuery, TooLarge, StoreUnreadable (`query.errors`)."""

    def turn(self) -> AbstractContextManager[None]:
        """Hold one of the places for queries that run at once. Raises Busy."""
        ...

    def storage(self, tenant: str, text: str) -> Source:
        """For one query, whose text says which labels it names: those may be attributes of a series' resource. A text
        that is no PromQL names none."""
        ...

    def series(self, tenant: str, selectors: Selectors, start_ms: int, end_ms: int, limit: int) -> Found[Labels]:
        """Label sets with a sample in that time, sorted. `limit` here and below: 0 is none."""
        ...

    def label_names(self, tenant: str, selectors: Selectors, start_ms: int, end_ms: int, limit: int) -> Found[str]:
        """Sorted."""
        ...

    def label_values(
        self, tenant: str, name: str, selectors: Selectors, start_ms: int, end_ms: int, limit: int
    ) -> Found[str]:
        """Of one label, or of an attribute of resources, sorted."""
        ...

    def exemplars(
        self, tenant: str, selectors: Selectors, start_ms: int, end_ms: int, limit: int, naming: str = ""
    ) -> Found[SeriesExemplars]:
        """By series, sorted; `limit` counts exemplars; `naming`: only those with a label in whose value the text is."""
        ...

    def metadata(self, tenant: str, metric: str, limit: int) -> Found[Metadata]:
        """Of one family, or of all if `metric` is empty; `limit` counts families. Sorted by family."""
        ...

    def statistics(self, tenant: str, limit: int) -> Statistics:
        """Of series that are active now; `limit` is the length of each list."""
        ...
