"""Waiting traces: one decides at a time, the stop among them, and nothing that was decided late is lost uncounted."""

import threading

from otelier.component import Duration
from otelier.testing import FakeClock, MemoryExporter, component_context, span, traces
from otelier.whole_traces import FATE_SAMPLED, Limits, WaitingTraces


class Deciding:
    """Samples all; while `held`, the decisions of ticks take long."""

    def __init__(self, *, auto_advance: bool = False) -> None:
        self.clock, self.out = FakeClock(auto_advance=auto_advance), MemoryExporter()
        self.ctx = component_context("groupbytrace", clock=self.clock, pipeline="traces")
        self.traces = WaitingTraces(self.ctx, Duration(1), Limits(10, 0, 0, ""), None, {})
        self.entered, self.held, self.said = threading.Event(), threading.Event(), []
        self.traces.start(self.out, 1, self.decide)

    def decide(self, all_of_them: bool) -> None:
        self.said.append((all_of_them, "begins"))
        due = self.traces.due(all_of_them=all_of_them)
        if not all_of_them:
            self.entered.set()
            assert self.held.wait(10)
        self.traces.take(due, bytes((FATE_SAMPLED,)) * len(due))
        self.said.append((all_of_them, "ends"))

    def dropped(self) -> dict[str, float]:
        found = [metric for metric in self.ctx.meter.collect() if metric.name == "otelcol_processor_dropped_spans"]
        return {dict(labels)["reason"]: value for metric in found for labels, value in metric.values.items()}


def test_a_stop_waits_for_the_decisions_of_a_tick():
    it = Deciding()
    it.traces.add(traces(span(trace=1)))
    ticking = threading.Thread(target=it.clock.advance, args=(1,))
    ticking.start()
    assert it.entered.wait(10)
    it.traces.add(traces(span(trace=2)))
    stopping = threading.Thread(target=it.traces.stop, args=(it.clock.monotonic() + 100,))
    stopping.start()
    while not any(thread.name.endswith(":stop") for thread in threading.enumerate()):
        it.entered.wait(0.001)
    it.held.set()
    stopping.join(10)
    ticking.join(10)
    assert it.said == [(False, "begins"), (False, "ends"), (True, "begins"), (True, "ends")]
    assert (it.out.items, it.dropped()) == (2, {})


def test_what_is_decided_after_the_deadline_is_counted():
    it = Deciding(auto_advance=True)
    it.traces.add(traces(span(trace=1)))
    ticking = threading.Thread(target=it.clock.advance, args=(1,))
    ticking.start()
    assert it.entered.wait(10)
    it.traces.stop(it.clock.monotonic())
    it.held.set()
    ticking.join(10)
    assert (it.out.items, it.dropped()) == (0, {"shutdown": 1})
