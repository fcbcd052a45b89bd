"""A spanmetrics connector at work, with a clock turned by hand."""

from typing import Any

from otelier.component import ComponentID
from otelier.config import decode, load
from otelier.connectors.spanmetrics import SpanMetricsConnector
from otelier.connectors.spanmetrics.config import SpanMetricsConfig
from otelier.testing import FakeClock, MemoryExporter, SimulatedStorage, component_context

from ..metric_points import Point, points

KEPT = ComponentID("kept")


def config(text: str) -> SpanMetricsConfig:
    """As a configuration file has it."""
    document = load([f"yaml:{text}"])
    return decode(SpanMetricsConfig, document.tree, (), document)


class Running:
    """Started. A second one on the same storage stands for the next process."""

    def __init__(self, text: str = "{}", storage: SimulatedStorage | None = None, answers: Any = ()) -> None:
        self.clock = FakeClock()
        self.ctx = component_context(
            "spanmetrics",
            clock=self.clock,
            signal="traces",
            output_signal="metrics",
            instance_id="this-one",
            extensions={KEPT: storage} if storage else {},
        )
        self.out = MemoryExporter()
        self.out.fail_with(*answers)
        self.connector = SpanMetricsConnector(config(text), self.ctx)
        self.connector.next = self.out
        self.connector.start()
        self.consume = self.connector.consume

    def advance(self, seconds: float) -> None:
        """Turn the clock."""
        self.clock.advance(seconds)

    def stop(self, within_s: float = 10) -> None:
        """As the service does."""
        self.connector.stop(self.clock.monotonic() + within_s)

    def flushes(self, metric: str) -> list[list[Point]]:
        """The points of a metric, per batch handed on."""
        name = f"traces.span.metrics.{metric}"
        return [points(batch).get(name, []) for batch in self.out.batches]

    def last(self, metric: str) -> list[Point]:
        """Those of the newest batch."""
        return self.flushes(metric)[-1]

    def own(self, name: str) -> dict[str, float]:
        """An own metric by its labels' values without the connector's."""
        found = [metric for metric in self.ctx.meter.collect() if metric.name == name]
        values = found[0].values if found else {}
        return {" ".join(v for k, v in labels if k != "connector"): value for labels, value in values.items()}
