"""groupbytrace: hold spans back until their trace is likely whole, then hand on whole traces.

A trace waits for `wait_duration` from its first span on; later spans don't prolong that, and those that come after its
release begin a new wait. What is due within a tenth of that time goes on together, as one batch in which each trace
stands in one piece, with its resources and scopes as they came.

Intended differences from the Collector: traces travel together, not one by one. None is evicted when `num_traces` is
exceeded: `budget_bytes` decides, what is beyond it goes to disk and then is refused. Nothing is lost at shutdown: what
waits is handed on. What the next component refuses for now is offered again.
With `storage` what waits is on disk, too; a kill repeats at most what was just on its way.
"""

from collections.abc import Callable

from ...component import Custody, Processor, processor
from ...telemetry import Batch
from ...whole_traces import FATE_SAMPLED, Limits, WaitingTraces
from .config import GroupByTraceConfig

__all__ = ["GroupByTrace", "GroupByTraceConfig"]

_LATENCY_MS = (5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000)
_LONGEST_TICK_S = 1.0
_SHORTEST_TICK_S = 0.01


@processor("groupbytrace", signals={"traces"}, stability="beta")
class GroupByTrace(Processor):
    cfg: GroupByTraceConfig

    def setup(self) -> None:
        cfg = self.cfg
        limits = Limits(cfg.num_traces, cfg.budget_bytes, cfg.spill_bytes, cfg.spill_directory)
        self._traces = WaitingTraces(self.ctx, cfg.wait_duration, limits, cfg.storage, {})
        self._forget: list[Callable[[], None]] = []
        self._make_instruments()

    def start(self) -> None:
        tick_s = min(max(self.cfg.wait_duration / 10, _SHORTEST_TICK_S), _LONGEST_TICK_S)
        self._traces.start(self.next, tick_s, self._release)
        self._forget = self._observe()

    def consume(self, batch: Batch) -> None:
        if batch:
            self._traces.add(batch)

    def prepare_stop(self, deadline: float) -> None:
        self._traces.give_up_waiting()

    def stop(self, deadline: float) -> None:
        self._traces.stop(deadline)
        while self._forget:
            self._forget.pop()()

    def custody(self) -> Custody:
        return self._traces.custody()

    def _release(self, all_of_them: bool) -> None:
        due = self._traces.due(all_of_them=all_of_them)
        if not len(due):
            return
        taken = self._traces.take(due, bytes((FATE_SAMPLED,)) * len(due))
        self._released_traces.add(len(due))
        self._released_spans.add(taken.batch.items if taken.batch else 0)

    # -- telemetry ----------------------------------------------------------------------------

    def _make_instruments(self) -> None:
        meter = self.ctx.meter
        self._labels = {"processor": str(self.ctx.id)}
        self._released_traces = meter.counter(
            "otelcol_processor_groupbytrace_traces_released", "{trace}", "Traces handed on."
        ).bind(**self._labels)
        self._released_spans = meter.counter(
            "otelcol_processor_groupbytrace_spans_released", "{span}", "Spans handed on."
        ).bind(**self._labels)
        # Always 0: what these count elsewhere doesn't happen here. Dashboards ask for them.
        for name, unit in (("traces_evicted", "{trace}"), ("incomplete_releases", "{release}")):
            about = "None is: see the differences from the Collector."
            meter.counter(f"otelcol_processor_groupbytrace_{name}", unit, about).bind(**self._labels)
        meter.histogram(
            "otelcol_processor_groupbytrace_event_latency", "ms", "Nothing waits for a worker here.", _LATENCY_MS
        )

    def _observe(self) -> list[Callable[[], None]]:
        observe, labels = self.ctx.meter.observe, self._labels
        prefix = "otelcol_processor_groupbytrace_"
        return [
            observe(
                f"{prefix}num_traces_in_memory", "gauge", "{trace}", "Traces that wait.",
                lambda: [(labels, self._traces.stats()["traces"])],
            ),
            observe(
                f"{prefix}conf_num_traces", "gauge", "{trace}", "As configured.",
                lambda: [(labels, self.cfg.num_traces)],
            ),
            observe(
                f"{prefix}num_events_in_queue", "gauge", "{event}", "Nothing waits for a worker here.",
                lambda: [(labels, 0)],
            ),
        ]  # fmt: skip
