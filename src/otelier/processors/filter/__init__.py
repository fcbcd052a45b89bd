"""filter: drop telemetry for which conditions in OTTL hold.

Any condition that is true drops: a resource or scope with all it has, a metric with its data points, a span, an event
of a span, a data point, a log record. Metrics, scopes and resources that have nothing left go as well, and a batch of
nothing goes nowhere. With `error_mode: propagate` a condition that fails for one item refuses the whole batch;
otherwise the item is kept, and `otelcol_processor_filter_errors` counts it.
"""

from collections.abc import Iterable

from ...component import BoundCounter, Permanent, Processor, processor
from ...ottl import Conditions, Faults, StatementError, masks
from ...telemetry import Batch, Signal
from ...telemetry.mask import inverse
from .config import ConditionsConfig, FilterConfig

__all__ = ["ConditionsConfig", "Filter", "FilterConfig"]

_COUNTED: dict[Signal, str] = {"traces": "spans", "metrics": "datapoints", "logs": "logs"}
_ONE = b"\1"


@processor("filter", signals={"traces", "metrics", "logs"}, stability="beta")
class Filter(Processor):
    cfg: FilterConfig

    def setup(self) -> None:
        groups = self.cfg.groups(self.ctx.signal) if self.ctx.signal else []
        native = masks(self.ctx.signal) if self.ctx.signal else None
        of_events = [group for group in groups if group.context.name == "spanevent"]
        of_items = [group for group in groups if group.context.name != "spanevent"]
        self._items = Conditions(of_items, self.ctx.clock, native) if of_items else None
        self._events = Conditions(of_events, self.ctx.clock) if of_events else None
        self._faults = Faults(
            self.ctx, "otelcol_processor_filter_errors", "Conditions that failed for an item, which was kept."
        )
        self._filtered = self._counter(self.ctx.signal) if self.ctx.signal else None

    def explain(self) -> Iterable[tuple[str, str]]:
        asked = [conditions for conditions in (self._items, self._events) if conditions]
        return (line for each in asked for explanation in each.explanations for line in explanation.lines())

    def process(self, batch: Batch) -> Batch | None:
        try:
            if self._items:
                batch = self._kept(batch, self._items.matches(batch, self._faults))
            if self._events and batch:
                batch = self._events.without_events(batch, self._faults)
        except StatementError as error:
            raise Permanent(f"{self.ctx.id}: {error}; error_mode `ignore` would keep the item") from error
        return batch

    def _kept(self, batch: Batch, dropped: bytes) -> Batch:
        count = dropped.count(_ONE)
        if not count:
            return batch
        if self._filtered:
            self._filtered.add(count)
        return batch.select(inverse(dropped))

    def _counter(self, signal: Signal) -> BoundCounter:
        items = _COUNTED[signal]
        counter = self.ctx.meter.counter(
            f"otelcol_processor_filter_{items}.filtered", f"{{{items}}}", f"{items} dropped by filters."
        )
        return counter.bind(processor=str(self.ctx.id))
