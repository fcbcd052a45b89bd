"""One query while it runs: what it asks, of whom, what it may use, and what it has said so far."""

from collections.abc import Callable
from dataclasses import dataclass, field

from .annotations import Annotations
from .ast import AtModifier, Expression
from .errors import QueryTimeout, TooManySamples
from .storage import Storage


@dataclass(frozen=True, slots=True)
class Options:
    """How queries are evaluated."""

    lookback_ms: int = 300_000
    """How old a sample may be to be a series' current value."""
    default_step_ms: int = 60_000
    """Step of a subquery that names none."""
    max_samples: int = 50_000_000
    """How many samples a query may read and make."""
    timeout_s: float = 120.0
    """How long a query may take."""
    delayed_names: bool = False
    """Names of calculated series go at the end of the query instead of at once."""
    start_timestamps: bool = False
    """Counters are read with the moments at which they began, where those are known."""


@dataclass(slots=True)
class Query:
    """`start_ms`, `end_ms` and `step_ms` are the whole query's, also inside of subqueries."""

    text: str
    storage: Storage
    options: Options
    clock: Callable[[], float]
    start_ms: int
    end_ms: int
    step_ms: int
    annotations: Annotations = field(init=False)
    statistics: frozenset[int] = frozenset()
    """Selectors, by `id`, of whose histograms only count and sum are asked."""
    series: int = 0
    samples: int = 0
    _deadline: float = field(init=False)

    def __post_init__(self) -> None:
        self.annotations = Annotations(self.text)
        self._deadline = self.clock() + self.options.timeout_s

    @property
    def instant(self) -> bool:
        """One moment is asked for."""
        return self.step_ms == 0

    @property
    def step_s(self) -> float:
        """0 for an instant."""
        return self.step_ms / 1000

    @property
    def range_s(self) -> float:
        """From start to end."""
        return (self.end_ms - self.start_ms) / 1000

    def pinned_ms(self, pinned: AtModifier) -> int | None:
        """What `@` means."""
        match pinned:
            case "start":
                return self.start_ms
            case "end":
                return self.end_ms
            case _:
                return pinned

    def use(self, samples: int) -> None:
        """Count samples that were read or made. Raises TooManySamples, QueryTimeout."""
        self.samples += samples
        if self.samples > self.options.max_samples:
            raise TooManySamples(
                "query processing would load too many samples into memory in query execution: more than "
                f"{self.options.max_samples}; ask for fewer series, a shorter time or a larger step"
            )
        self.check_time()

    def check_time(self) -> None:
        """Raises QueryTimeout."""
        if self.clock() > self._deadline:
            raise QueryTimeout(
                f"query timed out in expression evaluation: it took longer than {self.options.timeout_s:g} s"
            )


@dataclass(frozen=True, slots=True)
class Scope:
    """A query, seen from one expression in it that functions speak about."""

    query: Query
    node: Expression

    def warn(self, message: str) -> None:
        """The answer may be wrong."""
        self.query.annotations.warn(message, self.node)

    def inform(self, message: str) -> None:
        """The answer may not be what was wanted."""
        self.query.annotations.inform(message, self.node)
