"""Rules over metrics in memory, whose clock the test turns."""

from collections.abc import Callable, Sequence

from otelier.query.promql.histograms import Histogram
from otelier.query.promql.labels import Labels, labels_of
from otelier.rules.alerts import Notice
from otelier.rules.definitions import RuleGroup
from otelier.rules.files import read_rules
from otelier.rules.group import Surroundings
from otelier.rules.schedule import Rules, offset
from otelier.rules.sources import StoreSources
from otelier.testing import FakeClock
from otelier.testing.memory_metrics import MemoryMetrics

START_MS = 1_700_000_000_000


class Evaluation:
    """`at` is minutes since the first evaluation of the first group, which is at 0."""

    def __init__(self, text: str, **options: object) -> None:
        self.clock = FakeClock()
        self.metrics = MemoryMetrics()
        self.told: list[tuple[int, Notice]] = []
        self.refused: list[str] = []
        self.while_writing: list[Callable[[], None]] = []
        self.around = Surroundings(
            self.clock,
            lambda tenant: StoreSources(self.metrics, self.clock, tenant),
            self._append,
            self._notify,
            external_url="http://here:9090",
            **options,  # type: ignore[arg-type]
        )
        self.groups = read_rules(text.encode(), "rules.yml")
        self.first_ms = first_evaluation(self.groups[0]) if self.groups else START_MS
        self.rules = Rules(self.groups, self.around)

    def start(self) -> "Evaluation":
        self.rules.start()
        return self

    def restarted(self) -> "Evaluation":
        """Another life over the same metrics."""
        self.rules.stop()
        self.rules = Rules(self.groups, self.around)
        return self.start()

    def load(self, line: str, step_s: int = 60, *, at: float = 0) -> None:
        self.metrics.load(line, step_s * 1000, self.ms(at))

    def ms(self, minutes: float) -> int:
        return self.first_ms + round(minutes * 60_000)

    def until(self, minutes: float) -> None:
        """Up to and with that moment."""
        self.clock.advance((self.ms(minutes) - self.clock.time_ns() // 1_000_000) / 1000)

    def value(self, query: str, at: float | None = None) -> dict[Labels, float]:
        time_ms = self.clock.time_ns() // 1_000_000 if at is None else self.ms(at)
        answer = StoreSources(self.metrics, self.clock).ask("promql", query, time_ms, 0)
        return {labels: value for labels, value in answer if isinstance(value, float)}

    def states(self, name: str = "") -> list[str]:
        """Of all alerts, or those of one rule."""
        return sorted(
            alert.state
            for group in self.rules.groups("default")
            for rule in group.rules
            for alert in rule.alerts
            if name in ("", rule.name)
        )

    def _append(self, tenant: str, samples: Sequence[tuple[Labels, int, float | Histogram]]) -> None:
        if self.while_writing:
            self.while_writing.pop()()
        if self.refused:
            raise OSError(self.refused.pop())
        for labels, time_ms, value in samples:
            self.metrics.append(labels, time_ms, value, tenant)

    def _notify(self, _: str, notices: Sequence[Notice]) -> None:
        now = self.clock.time_ns() // 1_000_000
        self.told += [(now - self.first_ms, each) for each in notices]


def first_evaluation(group: RuleGroup) -> int:
    place = offset(group)
    return (START_MS - place) // group.interval_ms * group.interval_ms + place + group.interval_ms


def labels(**pairs: str) -> Labels:
    return labels_of(pairs.items())
