"""What a query says besides its answer: warnings and infos, each with the position of what it is about."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

from .ast import Expression
from .errors import place
from .numbers import general
from .strings import quoted

Level = Literal["warning", "info"]


@dataclass(slots=True)
class _Forced:
    """How much the counts of classic buckets had to be lifted."""

    low: float
    high: float
    difference: float
    first_ms: int
    last_ms: int
    samples: int = 1


@dataclass(slots=True)
class Annotations:
    """Everything said so far, each text once."""

    query: str
    _said: dict[tuple[Level, str, int], None] = field(default_factory=dict[tuple[Level, str, int], None])
    _forced: dict[tuple[str, int], _Forced] = field(default_factory=dict[tuple[str, int], _Forced])

    def warn(self, message: str, node: Expression) -> None:
        """The answer may be wrong."""
        self._said[("warning", message, node.at)] = None

    def inform(self, message: str, node: Expression) -> None:
        """The answer may not be what was wanted."""
        self._said[("info", message, node.at)] = None

    def force(self, metric: str, node: Expression, bounds: tuple[float, float, float], time_ms: int) -> None:
        """Classic buckets that were not monotonic; `bounds`: lowest and highest bucket, largest difference."""
        low, high, difference = bounds
        known = self._forced.get((metric, node.at))
        if known is None:
            self._forced[(metric, node.at)] = _Forced(low, high, difference, time_ms, time_ms)
            return
        known.low, known.high = min(known.low, low), max(known.high, high)
        known.difference = max(known.difference, difference)
        known.first_ms, known.last_ms = min(known.first_ms, time_ms), max(known.last_ms, time_ms)
        known.samples += 1

    def texts(self, level: Level) -> list[str]:
        """With their positions in the query, and in that order: series are not looked at in any order of their own."""
        said = [(at, message) for of, message, at in self._said if of == level]
        if level == "info":
            said += [(at, _monotonicity(metric, each)) for (metric, at), each in self._forced.items()]
        return [self._text(level, message, at) for at, message in sorted(said)]

    def _text(self, level: Level, message: str, at: int) -> str:
        return f"PromQL {level}: {message} ({place(self.query, at)})"


def named(message: str, metric: str) -> str:
    """About a metric, if it has a name."""
    return f"{message} for metric name {quoted(metric)}" if metric else message


def bad_quantile(value: float) -> str:
    """φ is out of its range."""
    return f"quantile value should be between 0 and 1, got {general(value)}"


def mixed_samples(metric: str) -> str:
    """Floats and histograms where only one of them can be."""
    return f"encountered a mix of histograms and floats for metric name {quoted(metric)}"


def mixed_schemas(metric: str) -> str:
    """Exponential and custom buckets can't be calculated with each other."""
    return (
        "vector contains a mix of histograms with exponential and custom buckets schemas "
        f"for metric name {quoted(metric)}"
    )


def ignored_in_range(metric: str) -> str:
    """A function of floats met histograms among them."""
    return f"ignored histograms in a range containing both floats and histograms for metric name {quoted(metric)}"


def reconciled(operation: str) -> str:
    """Custom buckets of different bounds met."""
    return f"mismatched custom buckets were reconciled during {operation}"


def collision(operation: str) -> str:
    """One histogram was reset, another was not."""
    return f"conflicting counter resets during histogram {operation}"


def _monotonicity(metric: str, forced: _Forced) -> str:
    first, last = (
        datetime.fromtimestamp(each // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        for each in (forced.first_ms, forced.last_ms)
    )
    message = named(
        "input to histogram_quantile needed to be fixed for monotonicity "
        "(see https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile)",
        metric,
    )
    return (
        f"{message}, from buckets {general(forced.low)} to {general(forced.high)}, with a max diff of "
        f"{forced.difference:.2g}, over {forced.samples} samples from {first} to {last}"
    )
